"""From the queue to the listener: in order, each part once, and what a player may do with it."""

import asyncio
import gc
import weakref

import pytest

from engine.model.audio_format import SILENCE
from engine.model.jobs import EndReason, JobState
from engine.tts.audio.ogg import OggReader
from mynah.testing.fake_engine import packet_of
from tests.flow.harness import ONE, TWO, Harness, Listener, soon, states, until, whole


async def test_job_is_heard_whole_and_completes_with_its_last_chunk(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    listener = Listener(speech.player("lane"))

    first = await soon(listener.player.next())
    assert states(await speech.view(job.id)) == ("queued", 0, 2)
    await listener.player.started(first)
    assert states(await speech.view(job.id)) == ("speaking", 0, 2)
    await until(lambda: first.sound.complete)
    await listener.player.spoken(first)
    assert states(await speech.view(job.id)) == ("speaking", 1, 2)
    await listener.hear(1)

    view = await speech.view(job.id)
    assert states(view) == ("completed", 2, 2)
    assert view.job.started_at == view.job.ended_at == harness.clock.time()
    assert f"{first.chunk.text} {listener.heard[0]}" == TWO


async def test_sound_holds_the_engines_packets_as_they_arrive(harness: Harness) -> None:
    harness.engine.pace = 1.0
    speech = await harness.open()
    await harness.say(ONE)
    item = await soon(speech.player("lane").next())
    assert item.sound.packets == []
    await harness.pass_time(0.5)
    assert item.sound.packets == [packet_of(ONE, at) for at in range(len(item.sound.packets))]
    assert 0.3 <= item.sound.seconds <= 0.5
    assert not item.sound.complete
    await harness.pass_time(2.0)
    assert item.sound.complete


async def test_jobs_are_heard_in_order_of_priority_then_age(harness: Harness) -> None:
    speech = await harness.open()
    listener = Listener(speech.player("lane"))
    for text in ("first of all", "second of all", "third of all"):
        await harness.say(text)
    await harness.say("urgent one", priority=1)
    await harness.say("urgent two", priority=1)
    assert await listener.hear_all() == [
        "urgent one",
        "urgent two",
        "first of all",
        "second of all",
        "third of all",
    ]


async def test_nothing_overtakes_a_job_that_is_begun(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(TWO)
    listener = Listener(speech.player("lane"))
    await listener.hear(1)
    urgent = await harness.say("urgent words", priority=9)
    assert [view.position for view in await speech.queue("lane")] == [0, 1]
    assert (await speech.queue("lane"))[1].job.id == urgent.id
    assert (await listener.hear_all())[-1] == "urgent words"


async def test_next_may_be_taken_before_the_one_before_is_spoken(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(TWO)
    await harness.say(ONE)
    player = speech.player("lane")
    items = [await soon(player.next()) for _ in range(3)]
    assert [(item.job.id, item.chunk.position) for item in items] == [(1, 0), (1, 1), (2, 0)]
    assert [item.pause_after for item in items] == [0.3, 0.25, 0.25]
    for item in items:
        await player.started(item)
        await whole(item)
        await player.spoken(item)
    assert await speech.queue("lane") == []


async def test_held_job_is_made_but_waits_to_be_accepted_and_so_do_later_ones(
    harness: Harness,
) -> None:
    speech = await harness.open()
    held = await harness.say("held for now", pending=True)
    await harness.say("said after it")
    player = speech.player("lane")
    taking = asyncio.ensure_future(player.next())
    await harness.quiet()
    assert not taking.done()
    assert [asked.text for asked in harness.engine.asked] == ["held for now", "said after it"]
    assert [job.id for job in await speech.pending()] == [held.id]

    await speech.confirm(held.id)

    assert (await soon(taking)).job.id == held.id
    assert await speech.pending() == []


async def test_withdrawn_job_is_never_heard(harness: Harness) -> None:
    speech = await harness.open()
    held = await harness.say("held for now", pending=True)
    await harness.say("said after it")
    await speech.abort(held.id)
    assert await Listener(speech.player("lane")).hear_all() == ["said after it"]
    job = (await speech.view(held.id)).job
    assert (job.state, job.ended_by) == (JobState.CANCELLED, EndReason.ABORTED)
    assert await speech.unshown() != []  # of the other
    assert held.id not in [job.id for job in await speech.unshown()]


async def test_held_job_stays_held_over_a_kill(harness: Harness) -> None:
    await harness.open()
    held = await harness.say(pending=True)
    speech = await harness.killed()
    assert [job.id for job in await speech.pending()] == [held.id]


async def test_cancel_in_mid_stream_drops_the_sound_and_closes_the_request(
    harness: Harness,
) -> None:
    harness.engine.pace = 1.0
    speech = await harness.open()
    job = await harness.say("one that takes long")
    await harness.say("the next one")
    player = speech.player("lane")
    item = await soon(player.next())
    await harness.pass_time(0.3)
    assert item.sound.packets

    ended = await speech.cancel(job.id, by=EndReason.SKIPPED, actor="bob")

    assert item.sound.dropped
    assert ended is not None
    assert (ended.state, ended.ended_by, ended.ended_actor) == (
        JobState.CANCELLED,
        EndReason.SKIPPED,
        "bob",
    )
    assert (await soon(player.next())).chunk.text == "the next one"
    await harness.quiet()
    assert harness.engine.abandoned == ["one that takes long"]
    assert await speech.cancel(job.id, by=EndReason.SKIPPED, actor="bob") is None


async def test_cancel_leaves_a_request_that_another_lane_waits_for(harness: Harness) -> None:
    harness.engine.hold()
    speech = await harness.open()
    job = await harness.say(ONE)
    await harness.say(ONE, lane="other")
    await harness.quiet()
    await speech.cancel(job.id, by=EndReason.SKIPPED, actor=None)
    harness.engine.let_go()
    assert await Listener(speech.player("other")).hear_all() == [ONE]
    assert len(harness.engine.asked) == 1
    assert harness.engine.abandoned == []


async def test_cancelled_before_it_was_made_is_never_asked_for(harness: Harness) -> None:
    harness.engine.hold()
    speech = await harness.open()
    await harness.say("the first one")
    job = await harness.say("never asked for")
    await speech.cancel(job.id, by=EndReason.SKIPPED, actor=None)
    harness.engine.let_go()
    await Listener(speech.player("lane")).hear_all()
    assert [asked.text for asked in harness.engine.asked] == ["the first one"]


async def test_clear_ends_what_is_spoken_and_what_waits_in_one_lane_only(harness: Harness) -> None:
    speech = await harness.open()
    jobs = [await harness.say(TWO), await harness.say(ONE)]
    other = await harness.say(lane="other")
    player = speech.player("lane")
    item = await soon(player.next())
    await player.started(item)

    ended = await speech.clear("lane", by=EndReason.STOPPED, actor="bob")

    assert [job.id for job in ended] == [job.id for job in jobs]
    assert item.sound.dropped
    assert await speech.queue("lane") == []
    assert (await speech.view(other.id)).job.state is JobState.QUEUED


async def test_rewound_chunk_and_those_after_it_are_given_again(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    await harness.say(ONE)
    listener = Listener(speech.player("lane"))
    first, second = await listener.hear(1), await soon(listener.player.next())
    await listener.player.started(second)

    await listener.player.rewind(first[0])

    assert second.sound.dropped
    view = await speech.view(job.id)
    assert states(view) == ("queued", 0, 2)
    assert view.job.started_at is None
    assert len(await listener.hear_all()) == 3
    assert states(await speech.view(job.id)) == ("completed", 2, 2)


async def test_rewound_in_the_middle_the_job_goes_on_being_spoken(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    listener = Listener(speech.player("lane"))
    await listener.hear(1)
    second = await soon(listener.player.next())
    await listener.player.started(second)
    await listener.player.rewind(second)
    assert states(await speech.view(job.id)) == ("speaking", 1, 2)
    assert await listener.hear_all() == [second.chunk.text]


async def test_rewind_over_the_end_of_a_job_repeats_its_sound_and_leaves_it_completed(
    harness: Harness,
) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    listener = Listener(speech.player("lane"))
    (_, last) = await listener.hear(2)
    after = await harness.say(ONE)
    item = await soon(listener.player.next())
    await listener.player.started(item)
    ended = (await speech.view(job.id)).job

    await listener.player.rewind(last)

    assert (await speech.view(after.id)).job.state is JobState.QUEUED
    heard = await listener.hear(2)
    assert [item.chunk.text for item in heard] == [last.chunk.text, ONE]
    assert heard[0].sound.packets == last.sound.packets
    assert (await speech.view(job.id)).job == ended
    assert (await speech.view(after.id)).job.state is JobState.COMPLETED


async def test_rewind_to_a_cue_whose_job_was_cancelled_gives_back_what_followed_it(
    harness: Harness,
) -> None:
    speech = await harness.open()
    job = await harness.say("soon to be skipped")
    await harness.say(ONE)
    player = speech.player("lane")
    items = [await soon(player.next()), await soon(player.next())]
    taking = asyncio.ensure_future(player.next())
    await harness.quiet()
    await speech.cancel(job.id, by=EndReason.SKIPPED, actor=None)
    await player.rewind(items[0])
    assert (await soon(taking)).chunk.text == ONE


async def test_rewind_reaches_over_several_jobs(harness: Harness) -> None:
    speech = await harness.open()
    listener = Listener(speech.player("lane"))
    for n in range(4):
        await harness.say(f"{ONE} {n}")
    await harness.say(TWO)
    items = await listener.hear(5)
    await listener.player.rewind(items[1])
    heard = [item.chunk.text for item in await listener.hear(4)]
    assert heard == [f"{ONE} {n}" for n in (1, 2, 3)] + [items[4].chunk.text]
    await listener.hear(1)
    assert await speech.queue("lane") == []


async def test_spoken_sound_is_let_go_of(harness: Harness) -> None:
    """A listener can rewind what was spoken for a while, but its packets are not kept in memory."""
    speech = await harness.open()
    await harness.say(ONE)
    listener = Listener(speech.player("lane"))
    (item,) = await listener.hear(1)
    sound = weakref.ref(item.sound)
    del item
    gc.collect()
    assert sound() is None


async def test_what_was_rewound_of_a_finished_job_outlives_its_player(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    listener = Listener(speech.player("lane"))
    (item,) = await listener.hear(1)
    await listener.player.rewind(item)
    await soon(listener.player.next())
    listener.player.close()
    assert await Listener(speech.player("lane")).hear_all() == [ONE]


async def test_clear_also_forgets_what_was_rewound(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    listener = Listener(speech.player("lane"))
    (item,) = await listener.hear(1)
    await listener.player.rewind(item)
    again = await soon(listener.player.next())
    await speech.clear("lane", by=EndReason.STOPPED, actor=None)
    assert again.sound.dropped
    assert await listener.hear_all() == []


async def test_closed_player_hands_back_what_was_not_spoken(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(TWO)
    player = speech.player("lane")
    item = await soon(player.next())
    player.close()
    assert item.sound.dropped
    with pytest.raises(RuntimeError):
        await player.next()
    assert (await soon(speech.player("lane").next())).chunk.text == item.chunk.text


async def test_a_new_player_of_a_lane_closes_the_one_before(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    before = speech.player("lane")
    item = await soon(before.next())
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert item.sound.dropped


async def test_a_next_that_is_cancelled_takes_nothing(harness: Harness) -> None:
    speech = await harness.open()
    player = speech.player("lane")
    taking = asyncio.ensure_future(player.next())
    await harness.quiet()
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    for turns in range(8):
        await harness.say(f"{ONE} {turns}")
        await harness.quiet()
        taking = asyncio.ensure_future(player.next())
        for _ in range(turns):
            await asyncio.sleep(0)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        if taking.cancelled():
            assert await Listener(player).hear_all() == [f"{ONE} {turns}"]
        else:
            await speech.clear("lane", by=EndReason.SKIPPED, actor=None)


async def test_whole_job_can_be_had_as_a_file_with_its_pauses(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    items = await Listener(speech.player("lane")).hear(2)
    file = await speech.audio(job.id)
    assert file is not None
    reader = OggReader()
    packets = reader.feed(file)
    assert reader.complete
    assert packets == items[0].sound.packets + [SILENCE] * 15 + items[1].sound.packets


async def test_file_of_a_job_whose_audio_is_gone_is_none(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    await Listener(speech.player("lane")).hear(2)
    next((harness.directory / "audio").glob("*/*.ogg")).unlink()
    assert await speech.audio(job.id) is None
    assert await speech.audio(999) is None
