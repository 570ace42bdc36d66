"""The order in a lane: what is heard next, what is made next and by when."""

from dataclasses import replace
from typing import Any

import pytest

from engine.model.jobs import Chunk, ChunkState, Lane
from engine.queue.audio_stream import PacketStream
from engine.queue.state import GAP, LOOK_AHEAD, LiveChunk, LiveJob, LiveLane
from mynah.testing.fake_engine import fake_job

ENGINE = "engine"
PACE = 0.1


def job(number: int, *texts: str, priority: int = 0, pending: bool = False) -> LiveJob:
    value = fake_job(
        number, text=" ".join(texts), priority=priority, pending=pending, engine=ENGINE
    )
    return LiveJob(
        value,
        [
            (
                Chunk(job_id=number, position=position, text=text, pause_after=0.5),
                f"key of {text}",
            )
            for position, text in enumerate(texts)
        ],
    )


def lane(*jobs: LiveJob, now: float = 100.0) -> LiveLane:
    made = LiveLane(Lane(frontend="tests", id="lane"))
    for each in jobs:
        made.add(each, now)
    return made


def mirrored(chunk: LiveChunk, **values: Any) -> None:
    """As `changes.py` does after a commit."""
    chunk._chunk = replace(chunk.chunk, **values)


def ready(chunk: LiveChunk, seconds: float) -> None:
    mirrored(chunk, state=ChunkState.READY, seconds=seconds)


def ids(lane: LiveLane) -> list[int]:
    return [each.job.id for each in lane.jobs]


def test_priority_comes_before_age_whatever_the_order_of_arrival() -> None:
    assert ids(lane(job(3), job(1, priority=1), job(2), job(4, priority=1))) == [1, 4, 2, 3]


def test_job_that_is_begun_is_not_overtaken() -> None:
    queue = lane(job(1, "a"), job(2, "b"))
    queue.begin(queue.jobs[0])
    queue.add(job(3, priority=9), 0.0)
    assert ids(queue) == [1, 3, 2]
    queue.unbegin(queue.jobs[0])
    assert ids(queue) == [3, 1, 2]


def test_jobs_that_are_begun_stay_in_the_order_in_which_they_were() -> None:
    queue = lane(job(1, "a"))
    queue.begin(queue.jobs[0])
    queue.add(job(2, "b", priority=9), 0.0)
    queue.begin(queue.jobs[1])
    assert ids(queue) == [1, 2]


def test_next_to_take_follows_what_is_taken_and_skips_what_is_done() -> None:
    queue = lane(job(1, "a", "b", "c", "d"))
    a, b, c, _ = queue.jobs[0].chunks
    mirrored(a, state=ChunkState.SPOKEN)
    mirrored(b, state=ChunkState.FAILED)
    assert queue.next_to_take(ENGINE) is c
    c.sound = PacketStream()
    found = queue.next_to_take(ENGINE)
    assert found is not None
    assert found.chunk.text == "d"


def test_pending_job_blocks_those_behind_it() -> None:
    assert lane(job(1, "a", pending=True), job(2, "b")).next_to_take(ENGINE) is None


def test_nothing_is_taken_or_made_of_a_job_that_was_cut_under_another_info() -> None:
    queue = lane(job(1, "a"), job(2, "b"))
    queue.jobs[0]._job = replace(queue.jobs[0].job, engine="another")
    assert queue.next_to_take(ENGINE) is None
    assert queue.next_to_make(ENGINE, (), PACE) is None


def test_first_chunk_of_a_waiting_lane_is_due_since_it_waits() -> None:
    queue = lane(job(1, "a"), now=100.0)
    assert queue.next_to_make(ENGINE, (), PACE) == (queue.jobs[0].chunks[0], 100.0)


def test_lane_waits_since_its_first_job_came() -> None:
    queue = lane(job(1, "a"), now=100.0)
    queue.add(job(2, "b", priority=1), 200.0)
    found = queue.next_to_make(ENGINE, (), PACE)
    assert found == (queue.jobs[0].chunks[0], 100.0)


def test_later_chunks_are_due_when_all_before_them_has_been_heard() -> None:
    queue = lane(job(1, "a", "bb"), job(2, "c"))
    a, bb = queue.jobs[0].chunks
    ready(a, 3.0)
    assert queue.next_to_make(ENGINE, (), PACE) == (bb, 100 + 3.0 + 0.5)
    # In flight: its length is not known yet, and estimated.
    due = 100 + 3.5 + 2 * PACE + 0.5 + GAP
    found = queue.next_to_make(ENGINE, {bb.key}, PACE)
    assert found is not None
    assert found[0] is queue.jobs[1].chunks[0]
    assert found[1] == pytest.approx(due)


def test_no_more_is_made_ahead_than_the_limit() -> None:
    queue = lane(job(1, "a", "b"))
    ready(queue.jobs[0].chunks[0], LOOK_AHEAD)
    assert queue.next_to_make(ENGINE, (), PACE) is None
    mirrored(queue.jobs[0].chunks[0], state=ChunkState.SPOKEN)
    assert queue.next_to_make(ENGINE, (), PACE) is not None


def test_pause_and_being_out_of_reach_take_a_lane_out() -> None:
    queue = lane(job(1, "a"))
    queue.reach(False, 0.0)
    assert queue.next_to_make(ENGINE, (), PACE) is None
    queue.reach(True, 0.0)
    assert queue.next_to_make(ENGINE, (), PACE) is not None


def test_rest_of_a_job_is_found_again_after_a_rewind() -> None:
    queue = lane(job(1, "a", "b"))
    a, b = queue.jobs[0].chunks
    mirrored(a, state=ChunkState.SPOKEN)
    assert list(queue.jobs[0].rest()) == [b]
    mirrored(a, state=ChunkState.READY)
    queue.jobs[0].reordered()
    assert list(queue.jobs[0].rest()) == [a, b]


def test_stalled_time_counts_while_jobs_wait_that_nobody_can_hear() -> None:
    queue = lane()
    queue.settle_stall(0.0)
    assert queue.stalled(50.0) == 0.0
    queue.add(job(1, "a"), 50.0)
    queue.settle_stall(50.0)
    assert queue.stalled(60.0) == 10.0
    queue.reach(True, 60.0)
    assert queue.stalled(99.0) == 10.0
    queue.reach(False, 100.0)
    assert queue.stalled(105.0) == 15.0
