"""/voice: what a member does with existing voices."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import av
import pytest

from engine.model.jobs import EndReason
from engine.model.voices import Requester, Scope, Voice
from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from sandbox import Member, Sandbox
from tests.discord.conftest import Start
from tests.discord.given import give_voice
from tests.discord.running import Running, RunningClock
from tests.discord.scene import LONG, Scene, job_of, over
from tests.process.recorded import converted

Give = Callable[..., Coroutine[Any, Any, Voice]]


@pytest.fixture
def give(bot: Running, scene: Scene, tmp_path: Path) -> Give:
    """A private voice of Ada's: `await give("Morning")`."""

    async def give(name: str, **how: Any) -> Voice:
        owner = how.pop("owner", scene.ada)
        return await give_voice(bot, owner, name, folder=tmp_path, **{"scope": Scope.PRIVATE} | how)

    return give


async def offered(member: Member, path: str, typed: str = "", **others: Any) -> dict[str, str]:
    """The completions for `voice`: labels by value."""
    found = await member.complete(path, "voice", typed, others=others)
    return {each["value"]: each["name"] for each in found}


async def styled(scene: Scene, setting: str, value: str) -> str:
    """What Ada is told when she sets this for her voice Morning."""
    return await scene.told("voice style", {"voice": "Morning", "setting": setting, "value": value})


# List, and what completes


async def test_list_names_voices_and_their_owners(bot: Running, scene: Scene, give: Give) -> None:
    assert "no voice of your own yet" in await scene.told("voice list")
    await give("Morning")
    await give("Evening", owner=scene.bob, scope=Scope.SERVER, hertz=300)
    await give("Secret", owner=scene.bob, hertz=400)
    words = await scene.told("voice list")
    assert "**Morning** · yours, private" in words
    assert f"**Evening** · {scene.bob.mention}" in words
    assert "Secret" not in words


async def test_completion_shows_name_and_owner_and_gives_an_id(
    bot: Running, scene: Scene, give: Give
) -> None:
    mine = await give("Morning")
    theirs = await give("Evening", owner=scene.eve, scope=Scope.SERVER, hertz=300)
    found = await offered(scene.ada, "say", text="x")
    assert found[mine.key] == "Morning · yours"
    assert found[theirs.key] == "Evening · Eve"
    assert list(found)[:2] == [theirs.key, mine.key]  # registered ones first, then the engine's
    assert len(found) == 25
    assert next(iter(await offered(scene.ada, "say", "eve", text="x"))) == theirs.key


async def test_completion_of_what_an_owner_does_shows_their_own_only(
    bot: Running, scene: Scene, give: Give
) -> None:
    mine = await give("Morning")
    await give("Evening", owner=scene.bob, scope=Scope.SERVER, hertz=300)
    for path, others in (
        ("voice rename", {"name": "x"}),
        ("voice share", {}),
        ("voice style", {}),
        ("voice delete", {}),
    ):
        assert list(await offered(scene.ada, path, **others)) == [mine.key]


async def test_voices_that_the_operator_dropped_in_are_public(
    scene: Scene, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "references").mkdir()
    (tmp_path / "references" / "narrator.mp3").write_bytes(converted("mp3"))
    bot = await start()
    changes = bot.registry.subscribe()
    async with asyncio.timeout(20.0):
        while not await bot.registry.operator_voices.published():
            await anext(changes)
    assert list((await offered(scene.ada, "voice preview", "narr")).values()) == [
        "narrator · public"
    ]
    assert "**narrator** · public" in await scene.told("voice list", by=scene.bob)


# Use


async def test_choice_is_for_here_or_for_everywhere(
    bot: Running, scene: Scene, discord: Sandbox, give: Give
) -> None:
    voice = await give("Morning")
    other = Scene(discord)
    there = Requester(member=str(scene.ada.id), place=str(other.guild.id))
    told = await scene.told("voice use", {"voice": voice.key})
    assert told == "`/say` now speaks in **Morning** for you on this server."
    assert "`/say` speaks in **Morning**." in await scene.told("voice list")
    assert (await bot.registry.selection.chosen(there, None)).voice == ""
    await scene.told("voice use", {"voice": voice.key, "where": "everywhere"})
    assert (await bot.registry.selection.chosen(there, None)).voice == voice.key


async def test_none_takes_the_choice_back(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give("Morning")
    await scene.told("voice use", {"voice": voice.key})
    assert "took back your choice" in await scene.told("voice use", {"voice": "none"})
    assert "the engine's own voice" in await scene.told("voice list")


async def test_voice_of_the_engine_can_be_chosen(bot: Running, scene: Scene) -> None:
    assert "in **German**" in await scene.told("voice use", {"voice": "german"})
    message = await scene.say("Ja.")
    assert "in the voice German" in message.content


async def test_typed_voice_goes_before_the_chosen_one(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await scene.told("voice use", {"voice": "de"})
    message = await scene.say("Hello.", voice="Morning")
    assert (await bot.speech.view(job_of(message))).job.voice == voice.key


async def test_ambiguous_name_lists_who_owns_which(bot: Running, scene: Scene, give: Give) -> None:
    first = await give("Morning", owner=scene.bob, scope=Scope.SERVER)
    second = await give("Morning", owner=scene.eve, scope=Scope.SERVER, hertz=300)
    for told in (
        await scene.told("say", {"text": "Hello.", "voice": "morning"}),
        await scene.told("voice use", {"voice": "morning"}),
        await scene.told("voice preview", {"voice": "morning"}),
    ):
        assert f"`{first.key}` **Morning** · {scene.bob.mention}" in told
        assert f"`{second.key}` **Morning** · {scene.eve.mention}" in told
    assert await bot.speech.queue(str(scene.guild.id)) == []


# What an owner does


async def test_preview_is_the_recording_as_it_is_kept(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    answer = await (await scene.command("voice preview", {"voice": "Morning"})).original(15.0)
    assert answer.ephemeral
    (ogg,) = await scene.ada.download(answer)
    with av.open(io.BytesIO(ogg), mode="r") as sound:
        seconds = sum(float(frame.samples) / frame.sample_rate for frame in sound.decode(audio=0))
    assert seconds == pytest.approx(6.0, abs=0.2)


async def test_renamed_voice_is_called_otherwise_at_once(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning", scope=Scope.SERVER)
    message = await scene.say(LONG, voice="Morning")
    assert "in the voice Morning" in message.content
    told = await scene.told("voice rename", {"voice": "Morning", "name": "Noon"})
    assert told == "**Morning** is now called **Noon**."
    await message.wait_for(lambda each: "in the voice Noon" in each.content, 10.0)


async def test_shared_voice_can_be_used_by_those_it_is_shared_with(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    assert "is shared with this server" in await scene.told(
        "voice share", {"voice": voice.key, "scope": "server"}
    )
    assert voice.key in await offered(scene.bob, "voice preview")
    told = await scene.told("voice share", {"voice": voice.key, "add": scene.eve})
    assert told == f"**Morning** is shared with the members on its list: {scene.eve.mention}."
    assert voice.key not in await offered(scene.bob, "voice preview")
    assert voice.key in await offered(scene.eve, "voice preview")
    await scene.told("voice share", {"voice": voice.key, "remove": scene.eve})
    assert await offered(scene.eve, "voice preview") == {}


async def test_share_says_what_it_needs(bot: Running, scene: Scene, give: Give) -> None:
    await give("Morning")
    assert "Say with whom" in await scene.told("voice share", {"voice": "Morning"})
    mixed = {"voice": "Morning", "scope": "server", "add": scene.eve}
    assert "Only a list has members" in await scene.told("voice share", mixed)


async def test_style_is_within_what_the_engine_takes(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    told = await scene.told("voice style", {"voice": "Morning"})
    assert "`speed`: as the engine does (0.5 to 2; usually 1)" in told
    assert "`speed`: **1.5**" in await styled(scene, "speed", "1.5")
    for value in ("9", "fast", "on", "nan", "-1", "1e400"):
        refused = await styled(scene, "speed", value)
        assert refused == "**speed** takes a number from 0.5 to 2; without it, 1.", value
    message = await scene.say("Hello.", voice="Morning")
    assert (await bot.speech.view(job_of(message))).job.style == {"speed": 1.5}
    assert "`speed`: as the engine does" in await styled(scene, "speed", "reset")
    await styled(scene, "speed", "0,75")
    assert "`speed`: as the engine does" in await styled(scene, "all", "reset")


async def test_style_says_what_it_needs(bot: Running, scene: Scene, give: Give) -> None:
    await give("Morning")
    assert "no such setting" in await styled(scene, "warmth", "1")
    assert "no such setting" in await styled(scene, "all", "1")
    for given, needs in (({"setting": "speed"}, "`value`"), ({"value": "1"}, "`setting`")):
        assert needs in await scene.told("voice style", {"voice": "Morning"} | given)


async def test_settings_complete_from_the_engine_and_from_what_the_voice_has(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")

    async def settings(typed: str) -> dict[str, str]:
        found = await scene.ada.complete(
            "voice style", "setting", typed, others={"voice": voice.key}
        )
        return {each["value"]: each["name"] for each in found}

    assert (await settings("spe")) == {"speed": "speed · 0.5 to 2; usually 1"}
    assert "all" not in await settings("")
    await styled(scene, "speed", "1.5")
    assert (await settings("spe")) == {"speed": "speed · 1.5 now, 0.5 to 2; usually 1"}
    assert "all" in await settings("")
    others = {"voice": voice.key, "setting": "speed"}
    values = await scene.ada.complete("voice style", "value", "", others=others)
    assert [each["value"] for each in values] == ["reset", "0.5", "1", "2"]


async def test_style_reaches_the_engine_that_clones(
    scene: Scene, start: Start, clock: RunningClock, tmp_path: Path
) -> None:
    engine = FakeEngine(clock, seconds=lambda _: 0.1, info=CLONING_INFO)
    bot = await start(engine=engine)
    await give_voice(bot, scene.ada, "Morning", folder=tmp_path)
    await styled(scene, "temperature", "0.5")
    message = await scene.say("Hello.", voice="Morning")
    await message.wait_for(over)
    assert engine.asked[-1].request.style == {"temperature": 0.5}
    assert engine.asked[-1].request.reference is not None


async def test_deleting_asks_first_and_ends_what_waits_in_it(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    message = await scene.say(LONG, voice=voice.key)
    question = await (await scene.command("voice delete", {"voice": voice.key})).original()
    assert "Delete **Morning** permanently?" in question.content
    assert await bot.registry.selection.get(voice.key) is not None
    await scene.ada.press(question, "Delete")
    await question.wait_for(lambda each: "**Morning** is deleted" in each.content)
    assert question.buttons == []
    await message.wait_for(over)
    assert "its voice was deleted" in message.content
    job = (await bot.speech.view(job_of(message))).job
    assert job.ended_by is EndReason.VOICE_GONE
    assert list(bot.settings.mynah_references_dir.glob("*.wav")) == []


async def test_commands_below_one_name_do_what_they_do(
    scene: Scene, start: Start, tmp_path: Path
) -> None:
    bot = await start(mynah_command_group="talk")
    voice = await give_voice(bot, scene.ada, "Morning", folder=tmp_path)
    assert voice.key in await offered(scene.ada, "talk voice use")
    assert "`/talk say` now speaks in **Morning**" in await scene.told(
        "talk voice use", {"voice": voice.key}
    )
