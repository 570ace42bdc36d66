"""Hostile recordings and a thousand members at once, on the real bot: each gets an answer, nothing
refused is kept, and the bot and its engine server are the same as before."""

import asyncio
from dataclasses import dataclass

import psutil

from sandbox import Member, Message, Upload
from tests.process.giving import (
    AGREE,
    asked,
    given,
    half_done,
    nothing_is_kept,
    pressed,
    recording,
    recordings,
    rows,
    tedious_recording,
)
from tests.process.process import PATIENCE, Process
from tests.process.stage import Stage, shows
from tests.process.test_recordings import HOSTILE

MEBIBYTE = 1024 * 1024
MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class Weight:
    """What a bot uses of the machine."""

    memory: int  # bytes
    files: int
    below: frozenset[int]  # processes

    @classmethod
    def of(cls, bot: Process) -> "Weight":
        process = psutil.Process(bot.pid)
        below = frozenset(each.pid for each in bot.below())
        return cls(process.memory_info().rss, process.num_fds(), below)


async def test_hostile_recordings_get_a_clear_word_and_leave_the_bot_as_it_was(
    stage: Stage,
) -> None:
    bot = await stage.start(mynah_max_uploads="1000")  # each of them counts
    stage.discord.limit_rates(False)
    await shows(await stage.say("alpha"), "Spoken in")
    inputs = {name: (make(), word) for name, (make, word) in HOSTILE.items()}
    before = None
    for name, (data, word) in inputs.items():
        if not data:  # is told before the question
            assert word in (await asked(stage, Upload("voice.wav", data))).content
            continue
        answer = await given(stage, Upload("voice.wav", data))
        assert word in answer.content, name
        assert "Something went wrong" not in answer.content, name
        assert len(answer.content) > 40, name
        assert answer.buttons == [], name
        before = before or Weight.of(bot)
    assert before is not None
    assert nothing_is_kept(stage)
    after = Weight.of(bot)
    assert after.below == before.below == {host.pid for host in bot.hosts}
    assert after.files <= before.files + 4
    assert after.memory <= before.memory + 16 * MEBIBYTE
    await shows(await stage.say("beta"), "Spoken in")


async def test_recording_that_would_be_read_for_ever_is_given_up(stage: Stage) -> None:
    bot = await stage.start()
    question = await asked(stage, tedious_recording())
    answer = await (await pressed(stage, question)).original(PATIENCE)
    assert "took too long. Send a plain recording" in answer.content
    assert Weight.of(bot).below == {host.pid for host in bot.hosts}
    assert nothing_is_kept(stage)


async def test_a_thousand_members_at_once_each_get_an_answer(stage: Stage) -> None:
    bot = await stage.start()
    stage.discord.limit_rates(False)
    members = [stage.guild.member(f"Member {number}") for number in range(MEMBERS)]
    file = recording()
    peaks: list[Weight] = []

    async def ask(member: Member) -> tuple[Member, Message]:
        return member, await asked(stage, file, by=member)

    async def press(member: Member, question: Message) -> Message:
        press = await pressed(stage, question, by=member)
        peaks.append(Weight.of(bot))
        return await press.original(PATIENCE)

    before = Weight.of(bot)
    answers = await asyncio.gather(*(ask(member) for member in members))
    questions = [(member, answer) for member, answer in answers if answer.buttons == [AGREE]]
    told = [answer for _, answer in answers if "Try again in a few minutes" in answer.content]
    assert len(questions) + len(told) == MEMBERS
    results = await asyncio.gather(*(press(*each) for each in questions))
    kept = [each for each in results if "is kept" in each.content]
    busy = [each for each in results if "nothing was kept" in each.content]
    assert len(kept) + len(busy) == len(questions)
    assert kept
    # An engine server, its helper if it has one, and two analyses with their ffmpeg.
    assert max(len(each.below) for each in peaks) <= len(before.below) + 5
    assert max(each.files for each in peaks) <= before.files + 200
    assert max(each.memory for each in peaks) <= before.memory + 64 * MEBIBYTE
    assert half_done(stage) == []
    assert len(recordings(stage)) == 1  # it was one and the same
    assert rows(stage) == {
        "voices": len(kept),
        "consents": len(kept),
        "audit": len(kept),
        "pending_deletions": 0,
    }
    assert Weight.of(bot).below == {host.pid for host in bot.hosts}
    await shows(await stage.say("alpha"), "Spoken in")
