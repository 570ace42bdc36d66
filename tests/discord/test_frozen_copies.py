"""A frozen recording, uploaded again by any member, changed so that its bytes differ."""

from collections.abc import Callable

import numpy as np
import pytest

from bot.locales.catalog import text
from sandbox import Member, Upload
from tests.discord.conftest import Start
from tests.discord.running import Running
from tests.discord.scene import Scene
from tests.discord.test_voice_admin import admin
from tests.discord.uploading import ask, give
from tests.process.recorded import converted, rate, speech, wav

OTHER_TEXT = (
    "Seven patient gardeners carried a yellow lantern across the narrow river, while the children "
    "of the village watched them from a window."
)


def one_sample() -> bytes:
    samples = np.array(speech())
    samples[5000] += 0.01
    return wav(samples)


CHANGED: dict[str, Callable[[], Upload]] = {
    "one sample": lambda: Upload("a.wav", one_sample()),
    "another level": lambda: Upload("a.wav", wav(speech() * 0.3)),
    "cut by a second": lambda: Upload("a.wav", wav(speech()[rate() :])),
    "as MP3": lambda: Upload("a.mp3", converted("mp3", "-b:a", "64k")),
    "resampled": lambda: Upload("a.wav", converted("wav", "-ar", "16000")),
}
OTHERS: dict[str, Callable[[], Upload]] = {
    "the same words, another speaker": lambda: Upload("a.wav", wav(speech(voice="gmw/de"))),
    "other words, the same speaker": lambda: Upload("a.wav", wav(speech(OTHER_TEXT))),
}


@pytest.fixture
async def bot(scene: Scene, start: Start) -> Running:
    return await start(mynah_max_voices=20, mynah_max_uploads=20)


async def says(scene: Scene, name: str, by: Member) -> str:
    """The private answer to a text in a voice of this member's that may not be spoken."""
    return await scene.told("say", {"text": "Hi.", "voice": name}, by=by)


async def test_frozen_recording_is_frozen_however_it_comes_back(bot: Running, scene: Scene) -> None:
    first = await give(scene, Upload("a.wav", wav(speech())), name="Morning", scope="server")
    assert text("voice-frozen-here") not in first.content
    assert "Frozen" in await admin(scene, "freeze", {"voice": "Morning"})
    for number, (how, file) in enumerate(CHANGED.items()):
        by = scene.ada if number == 0 else scene.bob
        card = await give(scene, file(), name=how, by=by)
        assert text("voice-frozen-here") in card.content, how
        assert "There is no such voice" in await says(scene, how, by), how
    for how, file in OTHERS.items():
        card = await give(scene, file(), name=how, by=scene.bob)
        assert text("voice-frozen-here") not in card.content, how
        await scene.say("Hi.", voice=how, by=scene.bob)
    # What is shared with the server later is frozen there as well, and its owner is told.
    told = await scene.told("voice share", {"voice": "as MP3", "scope": "server"}, by=scene.bob)
    assert text("voice-frozen-here") in told
    assert "There is no such voice" in await says(scene, "as MP3", scene.bob)

    assert "may be spoken here again" in await admin(scene, "release", {"voice": "as MP3"})
    for how in CHANGED:
        by = scene.ada if how == "one sample" else scene.bob
        await scene.say("Hi.", voice=how, by=by)
    await scene.say("Hi.", voice="Morning")


async def test_freeze_tells_of_the_copies_that_others_have_given(
    bot: Running, scene: Scene
) -> None:
    await give(scene, Upload("a.wav", wav(speech())), name="Morning", scope="server")
    await give(scene, CHANGED["one sample"](), name="Copy", by=scene.bob)
    await scene.told("join")
    await scene.told("pause")
    await scene.say("Hi.", voice="Morning")
    await scene.say("Hi.", voice="Copy", by=scene.bob)
    told = await admin(scene, "freeze", {"voice": "Morning"})
    assert "1 other voice is the same recording, and frozen too." in told
    assert told.endswith("2 waiting texts ended.")


async def test_admin_bars_a_member_from_giving_voices(bot: Running, scene: Scene) -> None:
    await give(scene, name="Morning", scope="server")
    await scene.told("join")
    await scene.told("pause")
    await scene.say("Hi.", voice="Morning", by=scene.bob)
    told = await admin(scene, "bar", {"member": scene.ada})
    assert told.startswith(f"Blocked: {scene.ada.mention}")
    assert told.endswith("1 waiting text ended.")
    for by in (scene.ada, scene.bob):
        assert "There is no such voice" in await says(scene, "Morning", by)
    refused = await ask(scene, name="Evening")
    assert "blocked you from adding voices" in refused.content
    sharing = {"voice": "Morning", "scope": "server"}
    assert "blocked you from adding voices" in await scene.told("voice share", sharing)
    assert f"Blocked from adding voices: {scene.ada.mention}." in await admin(scene, "list")
    assert f"blocked {scene.ada.mention} from adding voices" in await admin(scene, "audit")

    assert "can add voices" in await admin(scene, "unbar", {"member": scene.ada})
    await scene.say("Hi.", voice="Morning", by=scene.bob)
    again = await admin(scene, "unbar", {"member": scene.ada})
    assert "is not blocked" in again


async def test_only_who_manages_the_server_bars_members(bot: Running, scene: Scene) -> None:
    registered = scene.discord.commands.find(scene.guild.id, "voice-admin")
    assert registered is not None
    registered["default_member_permissions"] = None  # an override in the server's settings
    for word in ("bar", "unbar"):
        told = await scene.told(f"voice-admin {word}", {"member": scene.bob})
        assert "Manage Server" in told
    assert await bot.registry.moderation.blocked_members(str(scene.guild.id)) == frozenset()


async def test_barred_member_stays_barred_after_deleting_all_their_data(
    bot: Running, scene: Scene
) -> None:
    await admin(scene, "bar", {"member": scene.ada})
    question = await (await scene.command("mydata delete")).original()
    assert "blocked you from adding voices" in question.content
    await bot.registry.erasure.erase(str(scene.ada.id))
    refused = await ask(scene, name="Evening")
    assert "blocked you from adding voices" in refused.content
    assert f"Blocked from adding voices: {scene.ada.mention}." in await admin(scene, "list")
    assert "an erased member" in await admin(scene, "audit")
