"""Members cannot use, list, hear, or read the name of a voice that they may not use."""

import io
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.model.voices import Scope, Voice
from sandbox.model.interaction import Kind
from tests.discord.given import give_voice, requester
from tests.discord.running import Running
from tests.discord.scene import LONG, Scene, job_of, over, private
from tests.discord.test_voice_commands import offered

Give = Callable[..., Coroutine[Any, Any, Voice]]
SECRET = "Zanzibar"


@pytest.fixture
def give(bot: Running, scene: Scene, tmp_path: Path) -> Give:
    """A voice of Ada's: `await give(scope=…)`."""

    async def give(scope: Scope = Scope.PRIVATE) -> Voice:
        return await give_voice(bot, scene.ada, SECRET, folder=tmp_path, scope=scope)

    return give


async def test_no_command_or_option_lets_another_at_a_private_voice(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give()
    for typed in (voice.key, SECRET):
        for path, values in (
            ("say", {"text": "Hello."}),
            ("voice use", {}),
            ("voice preview", {}),
            ("voice rename", {"name": "Mine"}),
            ("voice share", {"scope": "server"}),
            ("voice style", {"setting": "speed", "value": "1.5"}),
            ("voice delete", {}),
        ):
            told = await scene.told(path, {**values, "voice": typed}, by=scene.bob)
            nobody = await scene.told(path, {**values, "voice": "@999"}, by=scene.bob)
            assert SECRET not in told
            if typed == voice.key:  # the same words as where there is no such voice
                assert told == nobody, path
    assert SECRET not in await scene.told("voice list", by=scene.bob)
    for path, others in (
        ("say", {"text": "x"}),
        ("voice use", {}),
        ("voice preview", {}),
        ("voice rename", {"name": "x"}),
        ("voice delete", {}),
    ):
        assert await offered(scene.bob, path, SECRET, **others) == {}
    assert await bot.speech.queue(str(scene.guild.id)) == []
    assert (await bot.registry.selection.get(voice.key)) == voice


async def test_nothing_that_others_are_shown_or_handed_names_a_voice_that_was_lent_to_one(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give()
    await scene.told("voice share", {"voice": SECRET, "add": scene.eve})
    await scene.eve.join(scene.lounge)
    message = await scene.say("Hi.", voice=SECRET, by=scene.eve)
    await message.wait_for(over, 10.0)
    seen = [
        message.content,
        await scene.told("voice list", by=scene.bob),
        await scene.told("queue view", by=scene.bob),
        await scene.told("voice report", {"voice": voice.key, "reason": "No."}, by=scene.bob),
    ]
    admin = scene.guild.owner
    for path, values in (
        ("freeze", {"voice": voice.key}),
        ("list", {}),
        ("release", {"voice": voice.key}),
        ("default", {"voice": voice.key}),
        ("audit", {}),
        ("audit", {"voice": voice.key}),
    ):
        seen.append(await scene.told(f"voice-admin {path}", values, by=admin))
    for path in ("freeze", "default", "audit", "release", "remove"):
        seen.append(str(await admin.complete(f"voice-admin {path}", "voice", "")))
        assert await admin.complete(f"voice-admin {path}", "voice", SECRET) == []
    seen.append((await admin.dm.wait_for(lambda each: each.content)).content)
    assert any(f"(#{voice.id})" in each for each in seen)
    assert not any(SECRET in each for each in seen)
    for member in (scene.bob, scene.eve):
        export = await (await scene.command("mydata export", by=member)).original()
        for part in await member.download(export):
            with zipfile.ZipFile(io.BytesIO(part)) as file:
                assert not any(SECRET.encode() in file.read(each) for each in file.namelist())
    assert f"**{SECRET}** · {scene.ada.mention}" in await scene.told("voice list", by=scene.eve)


@pytest.mark.parametrize("what", ["use", "delete"])
async def test_no_button_lets_another_at_a_private_voice(
    bot: Running, scene: Scene, give: Give, what: str
) -> None:
    voice = await give()
    question = await (await scene.command("voice delete", {"voice": SECRET})).original()
    data = {"component_type": 2, "custom_id": f"mynah:voice:{what}:{voice.key}"}
    forged = scene.bob.interact(Kind.COMPONENT, scene.text, data, pressed=question)
    assert "There is no such voice" in await private(forged)
    assert await bot.registry.selection.get(voice.key) == voice


async def test_status_message_names_a_voice_only_where_everyone_may_use_it(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give()
    message = await scene.say(LONG, voice=voice.key)
    assert "says, in a private voice:" in message.content
    await scene.told("voice share", {"voice": voice.key, "scope": "server"})
    await message.wait_for(lambda each: f"in the voice {SECRET}" in each.content, 10.0)
    await scene.told("voice share", {"voice": voice.key, "add": scene.bob})
    await message.wait_for(lambda each: "in a private voice" in each.content, 10.0)
    assert SECRET not in await scene.told("queue view")


async def test_unsharing_ends_what_waits_and_replay_and_download(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give(Scope.SERVER)
    done = await scene.say("Hi.", voice=voice.key, by=scene.bob)
    await done.wait_for(over, 10.0)
    waits = await scene.say(LONG, voice=voice.key, by=scene.bob)
    owners = await scene.say("The owner's goes on.", voice=voice.key)
    await scene.told("voice share", {"voice": voice.key, "scope": "private"})
    await waits.wait_for(lambda each: "no longer shared" in each.content)
    for by in (scene.ada, scene.bob):
        for button in ("Replay", "Download"):
            assert "no longer shared" in await scene.press(done, button, by=by)
    await owners.wait_for(lambda each: "Spoken in" in each.content, 15.0)


async def test_replay_needs_the_right_to_the_voice(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give()
    message = await scene.say("Hi.", voice=voice.key)
    await message.wait_for(over, 10.0)
    assert "There is no such voice" in await scene.press(message, "Replay", by=scene.bob)
    assert await bot.speech.queue(str(scene.guild.id)) == []
    again = await (await (await scene.ada.press(message, "Replay")).answered()).original()
    assert (await bot.speech.view(job_of(again))).job.voice == voice.key


async def test_freezing_ends_a_voice_on_that_server(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give(Scope.SERVER)
    message = await scene.say(LONG, voice=voice.key)
    await bot.registry.moderation.freeze(requester(scene.guild.owner), voice.key)
    await message.wait_for(lambda each: "frozen" in each.content)
    assert "There is no such voice" in await scene.told("say", {"text": "x", "voice": voice.key})
    assert "frozen" in await scene.press(message, "Replay")
    assert await offered(scene.ada, "voice use", SECRET) == {}
    assert "cannot be used here at present" in await scene.told("voice list")
    await scene.told("voice rename", {"voice": SECRET, "name": "Still mine"})


async def test_choice_that_may_not_be_used_any_more_is_passed_over(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give(Scope.SERVER)
    await scene.told("voice use", {"voice": voice.key}, by=scene.bob)
    await scene.told("voice share", {"voice": voice.key, "scope": "private"})
    message = await scene.say("Hello.", by=scene.bob)
    assert (await bot.speech.view(job_of(message))).job.voice == ""
