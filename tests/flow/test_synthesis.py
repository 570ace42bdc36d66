"""Which lane comes first, what is made once, and what follows a failed attempt."""

import asyncio
from dataclasses import replace
from typing import Any

from engine.model.errors import Failure
from engine.model.jobs import ChunkState, EndReason, JobRequest, JobState
from engine.queue.state import LOOK_AHEAD
from mynah.testing.fake_engine import INFO, FakeEngine, packet_of
from tests.flow.harness import ONE, TWO, Harness, Listener, soon, states, until

LONG = " ".join(f"This is sentence number {n} of a long text." for n in range(14))  # 600


def slots(harness: Harness, count: int, **other: Any) -> FakeEngine:
    return FakeEngine(harness.clock, info=replace(INFO, slots=count), **other)


async def test_long_text_delays_another_lane_by_the_chunk_in_work_at_most(harness: Harness) -> None:
    harness.engine.pace = 0.3
    await harness.open()
    await harness.say(LONG)
    await harness.pass_time(0.5)
    before = list(harness.engine.in_work)
    await harness.say("hello", lane="other")
    await harness.pass_time(3)
    asked = [each.text for each in harness.engine.asked]
    assert asked[asked.index(before[0]) + 1] == "hello"


async def test_lane_that_runs_dry_first_is_served_first(harness: Harness) -> None:
    """A lane that has sound ready waits behind one that has none, whichever came first."""
    harness.engine.hold()
    await harness.open()
    await harness.say(TWO, lane="a")
    await harness.say(TWO, lane="b")
    harness.engine.let_go()
    await harness.quiet()
    first, second = TWO[:37], TWO[38:]
    # Both lanes' texts are the same, so each piece is requested once: for both.
    assert [asked.text for asked in harness.engine.asked] == [first, second]

    await harness.say(f"{TWO} a", lane="c")
    await harness.say(f"{TWO} b", lane="d")
    await harness.quiet()
    asked = [each.text for each in harness.engine.asked[2:]]
    assert asked == [f"{second} a", f"{second} b"]  # the first pieces were in the cache


async def test_request_tells_how_soon_its_listeners_run_dry(harness: Harness) -> None:
    harness.engine.pace = 0.5
    speech = await harness.open()
    await harness.say(TWO)
    player = speech.player("lane")
    item = await soon(player.next())
    await player.started(item)
    await harness.pass_time(3.0)
    first, second = harness.engine.asked
    assert first.deadline_in <= 0
    heard = second.at - harness.clock.time() + 3.0
    assert abs(second.deadline_in - (item.sound.seconds + item.pause_after - heard)) < 0.2


async def test_no_more_is_made_ahead_than_the_limit_and_more_when_some_is_spoken(
    harness: Harness,
) -> None:
    harness.engine = slots(harness, 1, seconds=lambda text: 10.0)
    speech = await harness.open()
    for n in range(12):
        await harness.say(f"{ONE} {n}", requester=str(n))
    await harness.quiet()
    made = len(harness.engine.asked)
    assert LOOK_AHEAD / 10 - 1 <= made <= LOOK_AHEAD / 10 + 1
    await Listener(speech.player("lane")).hear(2)
    await harness.quiet()
    assert len(harness.engine.asked) == made + 2


async def test_paused_and_unreachable_lanes_are_not_synthesized_for(harness: Harness) -> None:
    harness.engine.hold()
    speech = await harness.open()
    await harness.say("the one in work", lane="busy")
    await harness.say("in a paused lane", lane="paused")
    await speech.set_paused("paused", True)
    await harness.say("where nobody is", lane="away")
    speech.reachable("away", False)
    harness.engine.let_go()
    await harness.quiet()
    assert [asked.text for asked in harness.engine.asked] == ["the one in work"]

    await speech.set_paused("paused", False)
    await harness.quiet()
    assert harness.engine.asked[-1].text == "in a paused lane"

    speech.reachable("away", None)  # about to be
    await harness.quiet()
    assert harness.engine.asked[-1].text == "where nobody is"
    await speech.clear("away", by=EndReason.SKIPPED, actor=None)
    speech.reachable("away", False)
    await harness.say("where nobody is yet", lane="away")
    speech.reachable("away", False)
    await speech.set_target("away", {"channel": "1"})  # about to be joined
    await harness.quiet()
    assert harness.engine.asked[-1].text == "where nobody is yet"


async def test_lane_that_has_left_is_not_synthesized_for(harness: Harness) -> None:
    speech = await harness.open()
    await speech.set_target("lane", {"channel": "1"})
    await speech.set_target("lane", None)
    await speech.submit(JobRequest(lane="lane", requester="ada", text=ONE, voice="en"))
    await harness.quiet()
    assert harness.engine.asked == []


async def test_engine_works_on_as_many_chunks_as_its_info_says(harness: Harness) -> None:
    harness.engine = slots(harness, 3)
    harness.engine.hold()
    await harness.open()
    for n in range(6):
        await harness.say(f"{ONE} {n}", lane=str(n))
    await harness.quiet()
    assert len(harness.engine.in_work) == 3
    harness.engine.let_go()
    await harness.quiet()
    assert harness.engine.most_in_work == 3
    assert len(harness.engine.asked) == 6


async def test_identical_chunks_in_flight_are_made_once_and_both_hear_all(harness: Harness) -> None:
    harness.engine = slots(harness, 2)
    harness.engine.hold()
    speech = await harness.open()
    await harness.say(ONE, lane="a")
    await harness.say(ONE, lane="b")
    items = [await soon(speech.player(lane).next()) for lane in ("a", "b")]
    await harness.quiet()
    harness.engine.let_go()
    await until(lambda: all(item.sound.complete for item in items))
    assert len(harness.engine.asked) == 1
    assert items[0].sound.packets == items[1].sound.packets
    assert len(items[0].sound.packets) == round(len(ONE) * 0.06 / 0.02)


async def test_same_words_again_come_from_the_cache_also_after_a_restart(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    await Listener(speech.player("lane")).hear(1)
    speech = await harness.restart()
    await harness.say(ONE, lane="other")
    assert await Listener(speech.player("other")).hear_all() == [ONE]
    assert harness.engine.asked == []


async def test_another_voice_or_style_is_another_sound(harness: Harness) -> None:
    await harness.open()
    await harness.say(ONE)
    await harness.say(ONE, voice="de")
    await harness.say(ONE, style={"rate": 2})
    await harness.say(ONE, voice="")  # the default, which is the first
    await harness.quiet()
    assert len(harness.engine.asked) == 3


async def test_audio_that_is_missing_or_damaged_is_made_anew(harness: Harness) -> None:
    speech = await harness.open()
    for damage in ("missing", "damaged", "cut"):
        text = f"{ONE} {damage}"
        await harness.say(text)
        await harness.quiet()
        (file,) = [
            file
            for file in (harness.directory / "audio").glob("*/*.ogg")
            if file.stat().st_mtime_ns
            == max(
                each.stat().st_mtime_ns for each in (harness.directory / "audio").glob("*/*.ogg")
            )
        ]
        whole = file.read_bytes()
        if damage == "missing":
            file.unlink()
        elif damage == "damaged":
            file.write_bytes(whole[:-40] + bytes(20) + whole[-20:])
        else:
            file.write_bytes(whole[: len(whole) // 2])
        (item,) = await Listener(speech.player("lane")).hear(1)
        assert item.sound.packets == [
            packet_of(text, at) for at in range(round(len(text) * 0.06 / 0.02))
        ]
        assert [asked.text for asked in harness.engine.asked].count(text) == 2


async def test_audio_that_cannot_be_written_is_heard_all_the_same(harness: Harness) -> None:
    (harness.directory / "audio").write_text("a file where a directory should be")
    speech = await harness.open()
    job = await harness.say(TWO)
    await harness.quiet()
    assert len(await Listener(speech.player("lane")).hear_all()) == 2
    assert states(await speech.view(job.id)) == ("completed", 2, 2)
    assert len(harness.engine.asked) == 2


# ---- failures


async def test_refused_chunk_is_skipped_and_the_rest_spoken(harness: Harness) -> None:
    harness.engine.refuses = {"And here"}
    speech = await harness.open()
    job = await harness.say(f"{TWO} The third sentence follows after all of that, too.")
    listener = Listener(speech.player("lane"))
    heard = await listener.hear_all()
    view = await speech.view(job.id)
    assert view.job.state is JobState.COMPLETED
    assert (view.chunks, view.spoken, view.failed) == (3, 2, 1)
    assert not any("And here" in text for text in heard)


async def test_job_of_which_nothing_can_be_spoken_fails_and_says_why(harness: Harness) -> None:
    harness.engine.refuses = {"sentence", "second"}
    speech = await harness.open()
    job = await harness.say(TWO)
    await harness.say(ONE)
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    view = await speech.view(job.id)
    assert view.job.state is JobState.FAILED
    assert view.job.error == Failure("cannot-be-spoken")
    assert view.failed == view.chunks


async def test_last_chunk_that_fails_after_all_else_is_spoken_completes_the_job(
    harness: Harness,
) -> None:
    speech = await harness.open()
    harness.engine.refuses = {"second"}
    harness.engine.hold()
    job = await harness.say(TWO)
    await speech.set_paused("lane", True)  # only the first chunk is in the engine
    harness.engine.let_go()
    listener = Listener(speech.player("lane"))
    await listener.hear(1)
    assert (await speech.view(job.id)).job.state is JobState.SPEAKING
    await speech.set_paused("lane", False)
    await harness.quiet()
    assert states(await speech.view(job.id)) == ("completed", 1, 2)


async def test_taken_cue_whose_chunk_fails_is_over_and_next_goes_on(harness: Harness) -> None:
    harness.engine.hold()
    harness.engine.refuses = {ONE}
    speech = await harness.open()
    await harness.say(ONE)
    await harness.say("after the failure")
    player = speech.player("lane")
    item = await soon(player.next())
    harness.engine.let_go()
    await until(lambda: item.sound.failed)
    assert item.sound.over
    assert (await soon(player.next())).chunk.text == "after the failure"


async def test_while_the_engine_is_away_nothing_counts_as_an_attempt(harness: Harness) -> None:
    speech = await harness.open()
    harness.engine.go_down()
    await harness.say(ONE)
    player = speech.player("lane")
    for _ in range(20):
        await harness.pass_time(1.0)
        harness.engine.come_up()
        harness.engine.go_down()
    item = await soon(player.next())
    assert item.chunk.attempts == 0
    harness.engine.come_up()
    await harness.pass_time(1.0)
    assert item.sound.complete


async def test_hosts_death_tries_the_chunk_again_and_loses_nothing(harness: Harness) -> None:
    harness.engine.kills = {ONE: 1}
    speech = await harness.open()
    job = await harness.say(ONE)
    await harness.pass_time(3.0)
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert states(await speech.view(job.id)) == ("completed", 1, 1)
    assert len(harness.engine.asked) == 2


async def test_chunk_that_kills_the_host_three_times_alone_is_skipped(harness: Harness) -> None:
    harness.engine.kills = {"second": 99}
    speech = await harness.open()
    job = await harness.say(TWO)
    other = await harness.say(ONE, lane="other")
    await harness.pass_time(10.0)
    await Listener(speech.player("lane")).hear_all()
    await Listener(speech.player("other")).hear_all()
    assert harness.engine.kills == {"second": 96}
    view = await speech.view(job.id)
    assert (view.job.state, view.spoken, view.failed) == (JobState.COMPLETED, 1, 1)
    assert (await speech.view(other.id)).job.state is JobState.COMPLETED


async def test_one_of_two_suspects_is_innocent_and_spoken(harness: Harness) -> None:
    """Two are in the engine when its server dies: each is tried alone, and only the one at fault
    counts."""
    harness.engine = slots(harness, 2, pace=0.5)
    harness.engine.packets_before_death = 20
    harness.engine.kills = {"guilty": 99}
    speech = await harness.open()
    guilty = await harness.say("guilty as charged", lane="a")
    innocent = await harness.say("innocent bystander", lane="b")
    late = await harness.say("somebody else", lane="c")
    await harness.pass_time(0.1)
    assert sorted(harness.engine.in_work) == ["guilty as charged", "innocent bystander"]
    await harness.pass_time(12.0)

    assert (await speech.view(guilty.id)).job.state is JobState.FAILED
    assert harness.engine.kills == {"guilty": 95}  # once in company, three times alone
    for job, lane in ((innocent, "b"), (late, "c")):
        await Listener(speech.player(lane)).hear_all()
        assert (await speech.view(job.id)).job.state is JobState.COMPLETED


async def test_deaths_are_remembered_over_a_kill_of_the_bot(harness: Harness) -> None:
    harness.engine.kills = {ONE: 2}
    await harness.open()
    job = await harness.say(ONE)
    await harness.pass_time(1.5)  # the engine is away for a second after each death
    assert harness.engine.kills == {ONE: 0}

    speech = await harness.killed(replace_engine(harness, kills={ONE: 99}))
    await harness.pass_time(5.0)

    assert (await speech.view(job.id)).job.state is JobState.FAILED
    assert harness.engine.kills == {ONE: 98}


async def test_orderly_ends_do_not_count_against_the_chunk_in_work(harness: Harness) -> None:
    harness.engine.hold()
    await harness.open()
    job = await harness.say(ONE)
    for _ in range(12):
        await harness.quiet()
        await harness.restart()
        harness.engine.hold()
    harness.engine.let_go()
    await Listener(harness.speech.player("lane")).hear_all()
    assert (await harness.speech.view(job.id)).job.state is JobState.COMPLETED


async def test_stream_that_broke_after_some_packets_goes_on_without_repeating(
    harness: Harness,
) -> None:
    harness.engine.packets_before_death = 20
    harness.engine.kills = {ONE: 1}
    speech = await harness.open()
    await harness.say(ONE)
    item = await soon(speech.player("lane").next())
    await until(lambda: len(item.sound.packets) == 20)
    await harness.pass_time(3.0)
    assert item.sound.packets == [packet_of(ONE, at) for at in range(len(item.sound.packets))]
    assert len(item.sound.packets) == round(len(ONE) * 0.06 / 0.02)


async def test_chunk_given_up_after_some_packets_ends_there_and_is_spoken(harness: Harness) -> None:
    harness.engine.packets_before_death = 20
    harness.engine.kills = {ONE: 99}
    speech = await harness.open()
    job = await harness.say(ONE)
    item = await soon(speech.player("lane").next())
    await harness.pass_time(8.0)
    assert (len(item.sound.packets), item.sound.complete, item.sound.failed) == (20, True, False)
    await Listener(speech.player("lane")).hear_all()
    assert states(await speech.view(job.id)) == ("completed", 1, 1)


async def test_other_lanes_go_on_while_one_text_kills_the_host(harness: Harness) -> None:
    harness.engine.kills = {"poison": 99}
    speech = await harness.open()
    await harness.say("poison for the host", lane="a")
    done = [await harness.say(f"{ONE} {n}", lane=f"b{n}") for n in range(4)]
    await harness.pass_time(10.0)
    for n, job in enumerate(done):
        await Listener(speech.player(f"b{n}")).hear_all()
        assert (await speech.view(job.id)).job.state is JobState.COMPLETED


async def test_failed_chunk_stays_failed_over_a_restart(harness: Harness) -> None:
    harness.engine.refuses = {"second"}
    await harness.open()
    job = await harness.say(TWO)
    await harness.quiet()
    speech = await harness.killed()
    view = await speech.view(job.id)
    assert (view.failed, view.job.state) == (1, JobState.QUEUED)
    assert len(await Listener(speech.player("lane")).hear_all()) == 1
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED


def replace_engine(harness: Harness, *, kills: dict[str, int]) -> FakeEngine:
    engine = FakeEngine(harness.clock, info=harness.engine.described)
    engine.kills = kills
    return engine


async def test_nothing_is_taken_for_spoken_that_was_only_made(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(TWO)
    await harness.quiet()
    item = await soon(speech.player("lane").next())
    assert item.chunk.state is ChunkState.READY
    await asyncio.sleep(0)
    assert (await speech.queue("lane"))[0].spoken == 0
