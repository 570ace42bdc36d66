"""The bot is killed at every point of a voice's way; at the next start, the disk and the database
agree about it, and nothing is kept without the member's consent."""

import asyncio

import psutil
import pytest

from tests.process.giving import (
    AGREE,
    asked,
    given,
    half_done,
    nothing_is_kept,
    pressed,
    recordings,
    rows,
    tedious_recording,
    told,
)
from tests.process.process import PATIENCE, Process, gone
from tests.process.stage import Death, Stage, shows

REGISTER = "engine.voices.owners:VoiceOwners.register"
PURGE = "engine.voices.pending_deletions:PendingDeletions.purge"
ERASE = "engine.voices.erasure:MemberErasure.erase"


def analyzing(bot: Process) -> list[psutil.Process]:
    """The processes in which a recording is analyzed, ffmpeg included."""
    hosts = bot.hosts
    hosts += [below for host in hosts for below in host.children(recursive=True)]
    return [each for each in bot.below() if each not in hosts]


async def test_killed_while_the_recording_is_fetched_nothing_is_kept(stage: Stage) -> None:
    bot = await stage.start()
    question = await asked(stage)
    stage.discord.files.stall(after=1000)
    await pressed(stage, question)
    await stage.discord.files.until(lambda log: log[0].sent == 1000)
    await bot.kill()
    stage.discord.files.clear()
    assert half_done(stage)

    await stage.start()
    assert nothing_is_kept(stage)
    answer = await (await pressed(stage, question)).original(PATIENCE)
    assert "has lapsed" in answer.content
    assert nothing_is_kept(stage)


async def test_killed_while_the_recording_is_analyzed_the_analysis_ends_too(
    stage: Stage,
) -> None:
    bot = await stage.start()
    await pressed(stage, await asked(stage, tedious_recording()))
    async with asyncio.timeout(PATIENCE):
        while len(found := analyzing(bot)) < 2:  # noqa: ASYNC110 -- nobody tells of ffmpeg
            await asyncio.sleep(0.01)
    await bot.kill()
    assert await gone(found)

    await stage.start()
    assert nothing_is_kept(stage)


async def test_killed_between_the_recording_and_its_row_nothing_is_kept(stage: Stage) -> None:
    bot = await stage.start(die=Death("after", "engine.voices.recording_files:RecordingFiles.keep"))
    await pressed(stage, await asked(stage))
    await bot.ended()
    assert recordings(stage)
    assert rows(stage)["voices"] == 0

    await stage.start()
    assert nothing_is_kept(stage)
    assert "no voice of your own" in await told(stage, "voice list")


async def test_killed_between_the_row_and_the_info_the_voice_is_there(stage: Stage) -> None:
    bot = await stage.start(die=Death("after", REGISTER))
    question = await asked(stage)
    await pressed(stage, question)
    await bot.ended()

    await stage.start()
    assert "Morning" in await told(stage, "voice list")
    assert len(recordings(stage)) == 1
    assert half_done(stage) == []
    assert question.buttons == [AGREE]  # nobody could take it away
    answer = await (await pressed(stage, question)).original(PATIENCE)
    assert "has lapsed" in answer.content
    await told(stage, "voice use", voice="Morning", where="here")
    await shows(await stage.say("alpha"), "Spoken in")


async def test_killed_between_a_voices_rows_and_its_files_they_go_at_the_start(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", PURGE, nth=2))  # 1: at the start
    await given(stage)
    await told(stage, "voice use", voice="Morning", where="here")
    await shows(await stage.say("alpha"), "Spoken in")
    press = await stage.alice.command("voice delete", {"voice": "Morning"})
    question = await (await press.answered(PATIENCE)).original(PATIENCE)
    await stage.alice.press(question, question.buttons[0])
    await bot.ended()
    assert len(recordings(stage)) == 1
    assert rows(stage)["voices"] == 0

    await stage.start()
    assert recordings(stage) == []
    assert list((stage.data / "conditionals").glob("*/*")) == []
    assert "no voice of your own" in await told(stage, "voice list")


@pytest.mark.parametrize(
    ("death", "files"),
    [
        pytest.param(Death("before", PURGE, nth=2), 1, id="files-and-messages-left"),
        pytest.param(Death("after", ERASE), 0, id="messages-left"),
    ],
)
async def test_killed_in_the_middle_of_an_erasure_the_rest_goes_after_the_start(
    stage: Stage, death: Death, files: int
) -> None:
    bot = await stage.start(die=death)
    await given(stage)
    await told(stage, "voice use", voice="Morning", where="here")
    message = await shows(await stage.say("alpha"), "Spoken in")
    asking = await stage.alice.command("mydata delete")
    question = await (await asking.answered(PATIENCE)).original(PATIENCE)
    await stage.alice.press(question, question.buttons[0])
    await bot.ended()
    assert len(recordings(stage)) == files
    assert "alpha" in message.content

    await stage.start()
    await message.wait_for(lambda each: "alpha" not in each.content, PATIENCE)
    assert message.buttons == []
    assert recordings(stage) == []
    assert list((stage.data / "conditionals").glob("*/*")) == []
    assert list((stage.data / "audio").rglob("*.ogg")) == []
    assert rows(stage)["voices"] == 0
    assert "Nothing of yours is stored" in await told(stage, "mydata delete")
    await shows(await stage.say("beta"), "Spoken in")


async def test_of_two_members_with_one_recording_the_first_deletes_it_and_the_other_speaks_on(
    stage: Stage,
) -> None:
    await stage.start()
    for member in (stage.alice, stage.bob):
        await given(stage, by=member)
        await told(stage, "voice use", member, voice="Morning", where="here")
    await shows(await stage.say("alpha", stage.bob), "Spoken in")
    await stage.heard.forget()
    await shows(await stage.say("beta", stage.alice), "Spoken in")
    sound = await stage.heard.forget()
    (kept,) = recordings(stage)
    (state,) = (stage.data / "conditionals").glob("*/*")

    asking = await stage.alice.command("voice delete", {"voice": "Morning"})
    question = await (await asking.answered(PATIENCE)).original(PATIENCE)
    await stage.alice.press(question, question.buttons[0])
    await question.wait_for(lambda each: "is deleted" in each.content, PATIENCE)
    assert kept.is_file()
    assert state.is_file()
    assert rows(stage)["voices"] == 1

    await shows(await stage.say("beta", stage.bob), "Spoken in")
    assert await stage.heard.forget() == sound
    await shows(await stage.say("beta", stage.alice), "Spoken in")
    assert await stage.heard.forget() == "beta"  # in the engine's own voice
    assert sound != "beta"
