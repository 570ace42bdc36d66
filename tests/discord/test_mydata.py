"""/mydata: everything that is kept about a member, exported to them or permanently deleted."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.jobs import EndReason
from engine.model.voices import Scope
from sandbox import Sandbox
from tests.discord.erased import SAID, ask, delete, outcome, quiet, redacted
from tests.discord.given import Give, recording, requester
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, job_of, over, private


def files_of(bot: Running) -> Iterator[Path]:
    """Every file that the bot has on disk."""
    settings = bot.settings
    for folder in (settings.mynah_data_dir, settings.mynah_references_dir):
        yield from (file for file in folder.rglob("*") if file.is_file())


def found(bot: Running) -> bytes:
    """Everything in these files."""
    return b"".join(file.read_bytes() for file in files_of(bot))


# Before anything is deleted


async def test_question_says_what_will_go(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give("Morning")
    await give("Other", owner=scene.bob, hertz=300)
    await scene.told("voice use", {"voice": voice.key})
    await (await scene.say(SAID)).wait_for(over)
    await scene.told("pause")
    await scene.say("This waits.")
    question = await ask(scene)
    assert question.ephemeral
    for words in (
        "Your voice (**Morning**)",
        "2 texts that you had spoken",
        "1 of them not spoken yet",
        "Your choice of a voice, 1 time",
    ):
        assert words in question.content
    assert "Other" not in question.content
    assert await bot.registry.owners.own(str(scene.ada.id)) != []


async def test_question_says_so_where_nothing_is_kept(bot: Running, scene: Scene) -> None:
    assert "Nothing of yours is stored" in (await ask(scene, scene.eve)).content


async def test_button_expires_after_ten_minutes(
    bot: Running, scene: Scene, give: Give, clock: RunningClock
) -> None:
    await give("Morning")
    question = await ask(scene)
    await clock.advance(601.0)
    told = await private(await scene.ada.press(question, "Delete all of it"))
    assert "expired" in told
    assert await bot.registry.owners.own(str(scene.ada.id)) != []


# What is deleted


async def test_nothing_of_the_member_is_on_disk_afterwards(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await (await scene.say(SAID, voice=voice.key)).wait_for(over)
    sounds = {file for file in files_of(bot) if "audio" in file.parts}
    await (await scene.say("Hello.", by=scene.bob)).wait_for(over)
    assert sounds
    assert any(recording(200) == file.read_bytes() for file in files_of(bot))

    await outcome(await delete(scene))
    traces = (b"Zanzibar", b"Morning", str(scene.ada.id).encode(), recording(200)[100:400])
    await until(lambda: not any(trace in found(bot) for trace in traces), "nothing is left")
    assert not any(voice.reference in file.name for file in files_of(bot))
    assert not any(file.exists() for file in sounds)
    assert await bot.registry.owners.own(str(scene.ada.id)) == []


async def test_messages_are_redacted_and_those_of_others_stay(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    spoken = await scene.say("Zanzibar!", voice=voice.key)
    await spoken.wait_for(over)
    await quiet(scene)
    adas = [spoken, *[await scene.say(f"{SAID} {number}") for number in range(2)]]
    bobs = await scene.say("Hello.", by=scene.bob)
    told = await outcome(await delete(scene))
    assert "removed your text from 3 messages." in told
    assert "My private answers" in told
    assert all(map(redacted, adas))
    assert "Hello." in bobs.content


async def test_answer_follows_the_redaction(bot: Running, scene: Scene) -> None:
    await quiet(scene)
    messages = [await scene.say(f"{SAID} {number}") for number in range(5)]
    pressed = await delete(scene)
    told = await outcome(pressed, 40.0)
    assert any("of 5 so far" in content for _, content in pressed.edits)
    assert "removed your text from 5 messages." in told
    assert all(map(redacted, messages))


async def test_jobs_that_wait_in_a_deleted_voice_end_and_say_so(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await quiet(scene)
    bobs = await scene.say("Good day.", by=scene.bob, voice=voice.key)
    other = await scene.say("Hello.", by=scene.bob)
    adas = await scene.say(SAID, voice=voice.key)
    assert "Morning" in bobs.content
    await outcome(await delete(scene))
    assert (await bot.speech.view(job_of(bobs))).job.ended_by is EndReason.VOICE_GONE
    await bobs.wait_for(over, timeout=15.0)
    assert "its voice was deleted" in bobs.content
    assert "Morning" not in bobs.content
    assert "Replay" in bobs.buttons
    assert "no longer" in await scene.press(bobs, "Replay", by=scene.bob)
    assert redacted(adas)
    assert [view.job.id for view in await bot.speech.queue(str(scene.guild.id))] == [job_of(other)]


async def test_messages_of_others_no_longer_name_a_deleted_voice(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    bobs = await scene.say("Good day.", by=scene.bob, voice=voice.key)
    await bobs.wait_for(over, timeout=15.0)
    assert "Morning" in bobs.content
    await delete(scene)
    await bobs.wait_for(lambda message: "Morning" not in message.content, timeout=15.0)
    assert "Good day." in bobs.content


async def test_same_recording_of_another_member_stays(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    bobs = await give("Twin", owner=scene.bob)
    await outcome(await delete(scene))
    assert recording(200) in [file.read_bytes() for file in files_of(bot)]
    await (await scene.say("Hello.", by=scene.bob, voice=bobs.key)).wait_for(over)


async def test_buttons_of_an_erased_job_answer_that_it_is_no_longer_kept(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say(SAID)
    await message.wait_for(over)
    buttons = list(message.components)
    await outcome(await delete(scene))
    message.components = buttons  # a client that has not seen the edit yet
    for button in ("Download", "Replay"):
        assert "no longer kept" in await scene.press(message, button, by=scene.bob)


async def test_private_files_of_the_last_minutes_are_deleted(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    message = await scene.say(SAID, voice=voice.key)
    await message.wait_for(over)
    download = await (await scene.bob.press(message, "Download")).answered()
    export = await scene.ada.command("mydata export", channel=scene.text)
    files = [await download.original(), await (await export.answered()).original()]
    assert [len(each.attachments) for each in files] == [1, 1]
    told = await outcome(await delete(scene))
    assert "I deleted 2 private files." in told
    assert all(each.deleted for each in files)


async def test_private_files_of_earlier_are_out_of_reach(
    bot: Running, scene: Scene, clock: RunningClock
) -> None:
    export = await (await scene.ada.command("mydata export", channel=scene.text)).answered()
    file = await export.original()
    assert file.attachments
    await clock.advance(15 * 60.0)
    told = await outcome(await delete(scene))
    assert "private file" not in told
    assert "My private answers, which only you can see, disappear when you close Discord" in told
    assert not file.deleted


async def test_works_in_a_direct_message(bot: Running, scene: Scene, give: Give) -> None:
    await give("Morning")
    question = await ask(scene, channel=scene.ada.dm)
    pressed = await scene.ada.press(question, "Delete all of it")
    assert "None of my messages" in await outcome(await pressed.answered())
    assert await bot.registry.owners.own(str(scene.ada.id)) == []


# What is exported


async def test_export_has_the_recordings_the_texts_and_the_rest(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await give("Other", owner=scene.bob, hertz=300)
    await (await scene.say(SAID, voice=voice.key)).wait_for(over)
    interaction = await scene.ada.command("mydata export", channel=scene.text)
    message = await (await interaction.answered()).original()
    assert message.ephemeral
    (part,) = await scene.ada.download(message)
    with zipfile.ZipFile(io.BytesIO(part)) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    data = json.loads(next(each for name, each in contents.items() if name.endswith(".json")))
    assert [each["name"] for each in data["voices"]] == ["Morning"]
    assert SAID in json.dumps(data["texts"])
    assert recording(200) in contents.values()
    assert recording(300) not in contents.values()


async def test_export_comes_in_parts_below_what_discord_takes(
    bot: Running, scene: Scene, give: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.mydata.MOST_BYTES", 512 * 1024)
    for number in range(4):
        await give(f"Voice {number}", hertz=200 + number, scope=Scope.PRIVATE)
    interaction = await scene.ada.command("mydata export", channel=scene.ada.dm)
    first = await (await interaction.answered()).original()
    await until(lambda: "Part" in first.content, "the first part")
    count = int(first.content.rstrip(".").rsplit(" ", 1)[1])
    await until(lambda: len(interaction.followups) == count - 1, "all parts")
    parts = [await scene.ada.download(each) for each in (first, *interaction.followups)]
    found = set()
    for (part,) in parts:
        assert len(part) <= 512 * 1024
        with zipfile.ZipFile(io.BytesIO(part)) as file:
            found |= {file.read(name) for name in file.namelist()}
    assert {recording(200 + number) for number in range(4)} < found


async def test_trail_keeps_what_was_done_without_who(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    await outcome(await delete(scene))
    audit_log = await scene.told("voice-admin audit", by=scene.guild.owner)
    assert "an erased member uploaded a deleted voice" in audit_log
    assert scene.ada.mention not in audit_log
    assert requester(scene.ada).member not in audit_log
