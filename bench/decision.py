"""The cost of deciding which chunk is made next, which must stay flat as the queue grows.

It runs the queue's own code on values in memory. `choose` is the decision alone; `step` is all that
one chunk costs the scheduler, from its choice to its audio, including updates of the heap, so that
moving cost out of `choose` cannot hide it.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from bench.report import Report, percentile
from engine.base.clock import SystemClock
from engine.model.jobs import Chunk, ChunkState
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Attempt, Queue
from engine.queue.chunking import ActiveEngine
from engine.queue.synthesis import Synthesis
from mynah.testing.fake_engine import INFO, FakeEngine, fake_job

LANES_AND_CHUNKS: Final = ((1_000, 100_000), (1_000, 10_000), (100, 10_000))
CHUNKS_A_JOB: Final = 10
SECONDS_A_CHUNK: Final = 3.0
DECISIONS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds of each decision."""

    choose: list[float]
    step: list[float]


def measure() -> Report:
    costs = {size: _run(*size) for size in LANES_AND_CHUNKS}
    return Report(
        name="decision",
        title=f"One scheduling decision, {DECISIONS:,} of them in a row",
        head=("waiting", "choose, mean", "p99", "step, mean", "p99", "aim"),
        rows=[
            (
                f"{lanes:,} lanes, {chunks:,} chunks",
                f"{fmean(cost.choose) * 1e6:.0f} µs",
                f"{percentile(cost.choose, 0.99) * 1e6:.0f} µs",
                f"{fmean(cost.step) * 1e6:.0f} µs",
                f"{percentile(cost.step, 0.99) * 1e6:.0f} µs",
                "≤ 100 µs, and flat" if number == 0 else "",
            )
            for number, ((lanes, chunks), cost) in enumerate(costs.items())
        ],
        figures={
            f"{part}_{lanes}_{chunks}": fmean(getattr(cost, part))
            for (lanes, chunks), cost in costs.items()
            for part in ("choose", "step")
        },
    )


def _run(lanes: int, chunks: int) -> Cost:
    clock = SystemClock()
    queue = Queue(Path("never-opened.db"), clock)
    queue.engine = ActiveEngine(INFO)
    workers = Synthesis(queue, AudioCache(Path("never-opened")), FakeEngine(clock))
    workers._ready = True  # the loops that would ask the engine are not started
    _fill(queue, lanes, chunks)
    cost = Cost([], [])
    for _ in range(DECISIONS):
        began = time.perf_counter()
        chosen = workers._choose()
        cost.choose.append(time.perf_counter() - began)
        if chosen is None:
            break  # every lane has enough made ahead
        chunk, due = chosen
        lane = queue.lane(chunk.owner.job.lane_key)
        queue.in_flight[chunk.key] = Attempt(chunk.key, chunk, due)
        queue.reschedule(lane)
        ready = {"state": ChunkState.READY, "seconds": SECONDS_A_CHUNK}
        queue._set_chunk(chunk, ready)  # nothing is committed here
        del queue.in_flight[chunk.key]
        queue.reschedule(lane)
        cost.step.append(time.perf_counter() - began)
    return cost


def _fill(queue: Queue, lanes: int, chunks: int) -> None:
    """Queue jobs of ten chunks in every lane, interleaved as when many servers are active."""
    assert queue.engine is not None
    for number in range(chunks // CHUNKS_A_JOB):
        job = fake_job(number, lane=f"{number % lanes}", engine=queue.engine.id)
        queue.enter(
            job,
            [
                (
                    Chunk(job_id=number, position=position, text="x" * 45, pause_after=0.3),
                    f"{number} {position}",
                )
                for position in range(CHUNKS_A_JOB)
            ],
        )
        queue.reschedule(queue.lane(job.lane_key))
