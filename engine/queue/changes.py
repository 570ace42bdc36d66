"""The queue: what is in the database, its shadow in memory, and the rule that binds the two.

Every change runs alone among changes, commits, and only then shows in memory; it runs to its end
even if its caller is cancelled. So memory never promises what the disk does not hold, and whoever
decides (which chunk next? is there room?) reads memory without waiting.

Knows: jobs, chunks, lanes, and the transitions that front ends ask for. Those of synthesis are in
`attempts.py`, of playing in `playback.py`, of time in `maintenance.py`.
Does not know: the engine, files, sound.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.model.errors import UnknownJob
from engine.model.jobs import ChunkState, EndReason, Job, JobRequest, JobState, Lane
from engine.queue.chunking import ActiveEngine
from engine.queue.deadlines import DeadlineQueue
from engine.queue.events import QueueFeed
from engine.queue.limits import QueueLimits
from engine.queue.state import LiveChunk, LiveJob, LiveLane
from engine.store import audio as audio_index
from engine.store import jobs as queries
from engine.store.sqlite import Database

T = TypeVar("T")

#: Seconds of sound a character until the engine has shown its own pace: 15 characters a second.
_USUAL_PACE = 1 / 15
#: Weight of a new measurement of the pace.
_PACE_WEIGHT = 0.1


class InFlight(Protocol):
    """A piece of audio that is being made now."""

    packets: list[bytes]
    streamed: bool
    #: What it is in, or says, is gone for good: nothing of it is kept.
    unwelcome: bool

    @property
    def job(self) -> Job:
        """The job for which it was begun."""
        ...

    def abandon(self) -> None:
        """Nobody wants it any more."""
        ...


class Queue:
    def __init__(self, file: Path, clock: Clock) -> None:
        self.clock = clock
        self.database = Database(file)
        self.feed = QueueFeed()
        self.schedule = DeadlineQueue()
        self.lanes: dict[str, LiveLane] = {}
        self.jobs: dict[int, LiveJob] = {}
        #: Live chunks that are not over, by the key of their audio. The cache never evicts these.
        self.wanted: dict[str, set[LiveChunk]] = {}
        #: What is being made now, by key.
        self.making: dict[str, InFlight] = {}
        self.info: ActiveEngine | None = None
        #: Seconds of sound a character, as measured.
        self.pace = _USUAL_PACE
        #: Set whenever there may be something new to make.
        self.work = asyncio.Event()
        #: Set when there may be something for the keeper: a new job, more audio.
        self.wake = asyncio.Event()
        #: About how much the audio cache holds.
        self.cached_bytes = 0
        #: Asked in the transaction that commits a job; raises Refused where it may not be.
        self.guard: Callable[[Connection, JobRequest], None] = lambda connection, say: None
        self._news: dict[str, asyncio.Event] = {}
        self._origins: dict[str, int] = {}
        self._alone = asyncio.Lock()
        self._tasks = TaskSet()

    async def close(self) -> None:
        await self._tasks.settle()
        await self.database.close()
        self.feed.close()

    # ---- the rule

    async def change(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` alone among changes, to its end even if the caller is cancelled."""
        return await self._tasks.run_to_completion(self._run_alone(work))

    async def _run_alone(self, work: Coroutine[Any, Any, T]) -> T:
        async with self._alone:
            return await work

    # ---- the shadow

    def lane(self, lane_id: str) -> LiveLane:
        lane = self.lanes.get(lane_id)
        if lane is None:
            lane = LiveLane(Lane(id=lane_id, where=None, paused=False, stalled_seconds=0.0))
            self.lanes[lane_id] = lane
        return lane

    def news(self, lane_id: str) -> asyncio.Event:
        """Set whenever something about the lane has changed."""
        return self._news.setdefault(lane_id, asyncio.Event())

    def reschedule(self, lane: LiveLane) -> None:
        """Something about the lane has changed: its deadline, what its player may take."""
        info = None if self.info is None else self.info.id
        to_make = lane.next_to_make(info, self.making, self.pace)
        if to_make is None:
            self.schedule.remove(lane.id)
        else:
            self.schedule.put(lane.id, to_make[1])
            self.work.set()
        news = self._news.get(lane.id)
        if news is not None:
            news.set()

    def want(self, chunk: LiveChunk) -> None:
        self.wanted.setdefault(chunk.key, set()).add(chunk)

    def unwant(self, chunk: LiveChunk) -> None:
        owners = self.wanted.get(chunk.key)
        if owners is not None:
            owners.discard(chunk)
            if not owners:
                del self.wanted[chunk.key]

    def live_of(self, origin_key: str) -> Job | None:
        job_id = self._origins.get(origin_key)
        return None if job_id is None else self.jobs[job_id].job

    def enter(self, job: LiveJob, now: float) -> None:
        """The job is on disk and live: show it."""
        lane = self.lane(job.job.lane)
        self.jobs[job.job.id] = job
        if job.origin_key is not None:
            self._origins[job.origin_key] = job.job.id
        for chunk in job.rest():
            self.want(chunk)
        lane.stored = True
        lane.add(job, now)
        lane.settle_stall(now)
        self.wake.set()

    def leave(self, job: LiveJob, now: float) -> None:
        """The job is over on disk: show it. Its sounds are dropped, its work abandoned."""
        lane = self.lane(job.job.lane)
        lane.remove(job, now)
        lane.settle_stall(now)
        del self.jobs[job.job.id]
        if job.origin_key is not None:
            del self._origins[job.origin_key]
        for chunk in job.chunks:
            self.unwant(chunk)
            if chunk.sound is not None:
                chunk.sound.drop()
            making = self.making.get(chunk.key)
            if making is not None and chunk.key not in self.wanted and not making.streamed:
                making.abandon()

    def tell_all(self) -> None:
        """Something that concerns every lane with jobs has changed: the engine came or went."""
        for lane in self.lanes.values():
            if lane.jobs:
                self.feed.changed(lane.id)

    def measured(self, characters: int, seconds: float) -> None:
        """So many characters became so many seconds of sound."""
        if characters and seconds:
            self.pace += _PACE_WEIGHT * (seconds / characters - self.pace)

    # ---- what front ends ask for; each is to be run by `change`

    async def add(self, say: JobRequest, quota: QueueLimits) -> Job:
        """Commit a new job; the one that is there already where its origin's key is known.

        Raises QueueFull, UnknownVoice, and what `guard` raises.
        """
        lane, info = self.lane(say.lane), self.info
        now, monotonic = self.clock.time(), self.clock.monotonic()
        new_lane = None if lane.stored else lane.lane
        stalled = lane.stalled(monotonic)
        full = quota.refusal(lane, say)

        def insert(connection: Connection) -> tuple[Job, LiveJob | None]:
            if say.origin_key is not None:
                first = queries.job_of(connection, say.origin_key)
                if first is not None:
                    return first, None
            if full is not None:
                raise full
            # Another card may be in use since it was checked.
            if info is not None and (refusal := info.refusal(say)) is not None:
                raise refusal
            self.guard(connection, say)
            job = queries.insert_job(
                connection,
                say if info is None else replace(say, voice=info.voice_of(say)),
                now=now,
                stalled_before=stalled,
                info=None if info is None else info.id,
                stand_in=None if info is None else info.stand_in(say),
            )
            if new_lane is not None:
                queries.put_lane(connection, new_lane)
            live = LiveJob(job, stalled, origin_key=say.origin_key)
            if info is not None:
                live.chunks = info.cut(live).chunks
                live.info = info.id
                adopt_audio(connection, live.chunks)
                queries.insert_chunks(connection, [each.value() for each in live.chunks])
            return job, live

        job, live = await self.database.write(insert)
        if live is not None:
            self.enter(live, monotonic)
            self.reschedule(lane)
            self.feed.changed(job.lane, job.id)
        return job

    async def end(
        self,
        job_ids: Collection[int],
        state: JobState,
        *,
        by: EndReason | None = None,
        actor: str | None = None,
        error: str | None = None,
    ) -> list[Job]:
        """Those of the jobs that are live are over now, in one transaction. As they ended."""
        ending = [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]
        if not ending:
            return []
        ids = [live.job.id for live in ending]
        now = self.clock.time()

        def write(connection: Connection) -> None:
            queries.set_jobs(
                connection,
                ids,
                state=state,
                held=False,
                ended_at=now,
                ended_by=by,
                ended_actor=actor,
                error=error,
            )
            queries.release_chunks(connection, ids)

        await self.database.write(write)
        for live in ending:
            live.job = replace(
                live.job,
                state=state,
                held=False,
                ended_at=now,
                ended_by=by,
                ended_actor=actor,
                error=error,
            )
            self.show_end(live)
        return [live.job for live in ending]

    def show_end(self, live: LiveJob) -> None:
        """`live` has ended on disk and in its own value: take it out of the shadow."""
        self.leave(live, self.clock.monotonic())
        self.reschedule(self.lane(live.job.lane))
        self.feed.changed(live.job.lane, live.job.id)

    async def clear(self, lane_id: str, *, by: EndReason, actor: str | None) -> list[Job]:
        waiting = [live.job.id for live in self.lane(lane_id).jobs]
        return await self.end(waiting, JobState.CANCELLED, by=by, actor=actor)

    async def accept(self, job_id: int) -> None:
        live = self.jobs.get(job_id)
        if live is None or not live.job.held:
            return
        await self._set(job_id, held=False)
        live.job = replace(live.job, held=False)
        self.reschedule(self.lane(live.job.lane))
        self.feed.changed(live.job.lane, job_id)

    async def note(self, job_id: int, origin: Mapping[str, Any]) -> None:
        """Merge into the front end's own note. Raises UnknownJob."""

        def merge(connection: Connection) -> Mapping[str, Any]:
            job = queries.job(connection, job_id)
            if job is None:
                raise unknown(job_id)
            merged = {**job.origin, **origin}
            queries.set_jobs(connection, [job_id], origin=merged)
            return merged

        merged = await self.database.write(merge)
        if job_id in self.jobs:
            self.jobs[job_id].job = replace(self.jobs[job_id].job, origin=merged)

    async def mark_shown(self, job_id: int, shown: str) -> None:
        await self._set(job_id, shown=shown)
        if job_id in self.jobs:
            self.jobs[job_id].job = replace(self.jobs[job_id].job, shown=shown)

    async def put_lane(self, lane: Lane) -> None:
        """Commit where a lane speaks and whether it is paused."""
        live = self.lane(lane.id)
        now = self.clock.monotonic()
        lane = replace(lane, stalled_seconds=live.stalled(now))

        def write(connection: Connection) -> None:
            queries.put_lane(connection, lane)

        await self.database.write(write)
        live.settle_stall(now)
        live.lane = lane
        live.stored = True
        live.settle_stall(now)
        self.reschedule(live)
        self.feed.changed(lane.id)

    async def _set(self, job_id: int, **values: object) -> None:
        def write(connection: Connection) -> None:
            queries.set_jobs(connection, [job_id], **values)

        await self.database.write(write)


def adopt_audio(connection: Connection, chunks: Collection[LiveChunk]) -> None:
    """Those of these new chunks whose audio the cache holds are ready."""
    known = audio_index.known(connection, (chunk.key for chunk in chunks))
    for chunk in chunks:
        row = known.get(chunk.key)
        if row is not None:
            chunk.state = ChunkState.READY
            chunk.audio = chunk.key
            chunk.seconds = row.seconds


def unknown(job_id: int) -> UnknownJob:
    return UnknownJob(
        f"no job {job_id}",
        user_message="This text is no longer known; it was deleted some time after it was spoken.",
    )
