"""Whatever happens in whatever order: states follow only as `jobs.py` says, and memory equals the
disk."""

import asyncio
import random
import sqlite3
from contextlib import closing

import pytest

from engine.model.errors import QueueFull
from engine.model.jobs import (
    CHUNK_TRANSITIONS,
    JOB_TRANSITIONS,
    ChunkState,
    EndReason,
    Job,
    JobState,
)
from engine.queue import FrontEndQueue, PlaybackItem, PlaybackQueue
from tests.flow.harness import TWO, Harness

LOG = """
CREATE TABLE log (kind TEXT, before TEXT, after TEXT);
CREATE TRIGGER log_jobs AFTER UPDATE OF state ON jobs BEGIN
    INSERT INTO log VALUES ('job', OLD.state, NEW.state);
END;
CREATE TRIGGER log_chunks AFTER UPDATE OF state ON chunks BEGIN
    INSERT INTO log VALUES ('chunk', OLD.state, NEW.state);
END;
"""
LANES = ("a", "b")


class Chaos:
    """Does one random thing after another."""

    def __init__(self, harness: Harness, rng: random.Random) -> None:
        self.harness = harness
        self.rng = rng
        self.jobs: list[int] = []
        self.players: dict[str, PlaybackQueue] = {}
        #: What each lane's player holds, and what it has spoken lately.
        self.items: dict[str, list[PlaybackItem]] = {lane: [] for lane in LANES}
        self.past: dict[str, list[PlaybackItem]] = {lane: [] for lane in LANES}

    @property
    def speech(self) -> FrontEndQueue:
        return self.harness.speech

    async def step(self) -> None:
        lane = self.rng.choice(LANES)
        act = self.rng.choices(
            (
                self.submit,
                self.take,
                self.start,
                self.finish,
                self.rewind,
                self.accept,
                self.cancel,
                self.clear,
                self.hand_back,
                self.break_engine,
                self.lose_audio,
                self.pause,
                self.wait,
                self.restart,
            ),
            weights=(8, 10, 8, 10, 3, 4, 2, 0.3, 1, 1, 1, 1, 6, 0.3),
        )[0]
        await act(lane)

    async def submit(self, lane: str) -> None:
        text = f"{TWO} Number {self.rng.randrange(6)} of them."
        try:
            job = await self.harness.say(
                text, lane, pending=self.rng.random() < 0.3, priority=self.rng.randrange(2)
            )
        except QueueFull:
            return
        self.jobs.append(job.id)

    async def take(self, lane: str) -> None:
        if lane not in self.players:
            self.players[lane] = self.speech.player(lane)
        taking = asyncio.ensure_future(self.players[lane].next())
        await self.harness.quiet()
        if taking.done():
            self.items[lane].append(taking.result())
        else:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def start(self, lane: str) -> None:
        if items := [item for item in self.items[lane] if not item.sound.over][:1]:
            await self.players[lane].started(items[0])

    async def finish(self, lane: str) -> None:
        if items := [item for item in self.items[lane] if item.sound.complete][:1]:
            await self.players[lane].spoken(items[0])
            self.items[lane].remove(items[0])
            self.past[lane] = [*self.past[lane], items[0]][-4:]

    async def rewind(self, lane: str) -> None:
        if items := self.past[lane] + self.items[lane]:
            await self.players[lane].rewind(self.rng.choice(items))
            self.items[lane], self.past[lane] = [], []

    async def accept(self, lane: str) -> None:
        for job in (await self.speech.pending())[:1]:
            if self.rng.random() < 0.8:
                await self.speech.confirm(job.id)
            else:
                await self.speech.abort(job.id)

    async def cancel(self, lane: str) -> None:
        if self.jobs:
            job = self.rng.choice(self.jobs[-5:])
            await self.speech.cancel(job, by=EndReason.SKIPPED, actor="bob")

    async def clear(self, lane: str) -> None:
        await self.speech.clear(lane, by=EndReason.STOPPED, actor="bob")

    async def hand_back(self, lane: str) -> None:
        if lane in self.players:
            self.players.pop(lane).close()
            self.items[lane], self.past[lane] = [], []

    async def break_engine(self, lane: str) -> None:
        engine = self.harness.engine
        number = f"Number {self.rng.randrange(6)}"
        engine.kills = {number: self.rng.choice((1, 99))}
        engine.refuses = {f"Number {self.rng.randrange(6)}"}
        engine.packets_before_death = self.rng.choice((0, 5))
        engine.pace = self.rng.choice((0, 0, 0.5))

    async def lose_audio(self, lane: str) -> None:
        files = sorted((self.harness.directory / "audio").glob("*/*.ogg"))
        if files:
            self.rng.choice(files).unlink()

    async def pause(self, lane: str) -> None:
        await self.speech.set_paused(lane, self.rng.random() < 0.3)

    async def wait(self, lane: str) -> None:
        await self.harness.pass_time(self.rng.choice((0.2, 2.0)), step=0.5)

    async def restart(self, lane: str) -> None:
        self.players.clear()
        self.items = {lane: [] for lane in LANES}
        self.past = {lane: [] for lane in LANES}
        if self.rng.random() < 0.5:
            await self.harness.restart()
        else:
            await self.harness.killed()


@pytest.mark.parametrize("seed", range(6))
async def test_states_follow_as_they_may_and_memory_shows_the_disk(
    harness: Harness, seed: int
) -> None:
    with closing(sqlite3.connect(harness.directory / "mynah.db")) as connection:
        connection.executescript(LOG)
    chaos = Chaos(harness, random.Random(seed))
    await harness.open(mynah_max_queue=8)
    for _ in range(250):
        await chaos.step()
    await harness.pass_time(5.0, step=0.5)

    shown = {lane: await facts(harness.speech, lane) for lane in LANES}
    await harness.killed()
    assert {lane: await facts(harness.speech, lane) for lane in LANES} == shown

    with closing(sqlite3.connect(harness.directory / "mynah.db")) as connection:
        log = connection.execute("SELECT DISTINCT kind, before, after FROM log").fetchall()
    seen = [(kind, before, after) for kind, before, after in log if before != after]
    assert seen
    for kind, before, after in seen:
        if kind == "job":
            assert JobState(after) in JOB_TRANSITIONS[JobState(before)]
        else:
            assert ChunkState(after) in CHUNK_TRANSITIONS[ChunkState(before)], (before, after)


async def facts(speech: FrontEndQueue, lane: str) -> list[tuple[int, Job, int, int, int]]:
    """What is on disk of a lane's jobs. (Their order may differ: what a player had taken, but not
    started, precedes all else only in memory.)"""
    return sorted(
        (view.job.id, view.job, view.chunks, view.spoken, view.failed)
        for view in await speech.queue(lane)
    )
