"""The queue: what is in the database, its mirror in memory, and the rule that keeps both equal.

Every change of a job, a chunk or a lane is a value that goes through `Queue.apply`. It checks the
transitions, commits all changes of a call in one transaction, mirrors them in memory, and publishes
what changed. So memory never promises what the disk does not hold, and decisions (which chunk is
next, whether there is room) read memory without waiting. No other code writes the stored fields of
a job, chunk or lane, on disk or in memory; a test checks both.

Changes run one at a time (`change`), and each runs to its end even if its caller is cancelled.

Why something changes is in `frontend.py` (requests), `attempts.py` (synthesis), `playback.py`
(playback) and `maintenance.py` (time).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.events import Feed
from engine.model.engine import EngineInfo
from engine.model.errors import Failure, UnknownJob
from engine.model.jobs import (
    CHUNK_TRANSITIONS,
    JOB_TRANSITIONS,
    RENDERING_TRANSITIONS,
    Chunk,
    ChunkState,
    EndReason,
    Job,
    JobRequest,
    JobState,
    Lane,
    LaneKey,
    Urgency,
)
from engine.queue.chunking import ActiveEngine
from engine.queue.deadlines import DeadlineQueue
from engine.queue.state import LiveChunk, LiveJob, LiveLane
from engine.store.sqlite import Database
from engine.store.transaction import Transaction

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="HasQueue")

#: Seconds of sound a character, before the pace is measured: 15 characters a second.
_USUAL_PACE: Final = 1 / 15
#: Weight of a new measurement of the pace.
_PACE_WEIGHT: Final = 0.1
#: A fetch-only job is due this many seconds after its submission.
SLACK: Final = {Urgency.NOW: 0.0, Urgency.SOON: 15.0, Urgency.BATCH: 300.0}
#: Fields of jobs and lanes that no view shows: their changes are not published.
_UNPUBLISHED: Final = {"note", "shown", "stalled_seconds"}


class IllegalTransition(RuntimeError):
    """A bug in our code: it asked for a transition that is not allowed. Nothing was written."""


# ---- the changes


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job whose row has been inserted, with its chunks and the keys of their audio."""

    job: Job
    chunks: Sequence[tuple[Chunk, str]]


@dataclass(frozen=True, slots=True)
class JobChange:
    """New values of the fields of jobs. A job in a final state leaves the queue."""

    job_ids: Collection[int]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChunkChange:
    """New values of the fields of chunks."""

    chunks: Collection[LiveChunk]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NewChunks:
    """`chunks`, with the keys of their audio, replace the job's chunks from position `since` on.
    `keys` has new keys for earlier chunks, by position."""

    owner: LiveJob
    since: int
    chunks: Sequence[tuple[Chunk, str]]
    keys: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaneChange:
    """New values of a lane's fields."""

    key: LaneKey
    values: Mapping[str, object]


Change = NewJob | JobChange | ChunkChange | NewChunks | LaneChange


def job_change(*job_ids: int, **values: object) -> JobChange:
    return JobChange(job_ids, values)


def chunk_change(*chunks: LiveChunk, **values: object) -> ChunkChange:
    return ChunkChange(chunks, values)


def lane_change(key: LaneKey, **values: object) -> LaneChange:
    return LaneChange(key, values)


@dataclass(frozen=True, slots=True)
class Changed:
    """Published: this job changed; if `job_id` is None, the lane and all its jobs. Subscribers read
    the queue again."""

    lane: str
    job_id: int | None


def _coarser(change: Changed) -> Changed:
    return Changed(change.lane, None)


@dataclass(slots=True, eq=False)
class Attempt:
    """One request to the engine, for every chunk that waits for the same audio."""

    key: str  # of the audio: the chunk may get another key meanwhile
    chunk: LiveChunk  # for which it was started
    due: float  # monotonic
    suspect: bool = False
    #: The engine's server died while it worked on this and other attempts.
    shared_death: bool = False
    packets: list[bytes] = field(default_factory=list)
    streamed: bool = False
    #: Its voice or its text was deleted: its audio must not be stored.
    unwelcome: bool = False
    task: asyncio.Task[None] | None = None

    def abandon(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Queue:
    def __init__(self, file: Path, clock: Clock) -> None:
        self.clock = clock
        self.database = Database(file)
        #: By front end: the changes of its own jobs and lanes only.
        self.feeds: defaultdict[str, Feed[Changed]] = defaultdict(lambda: Feed(_coarser))
        self.deadlines: DeadlineQueue[LaneKey] = DeadlineQueue()
        #: The same, for fetch-only jobs.
        self.renderings: DeadlineQueue[LaneKey] = DeadlineQueue()
        self.lanes: dict[LaneKey, LiveLane] = {}
        self.jobs: dict[int, LiveJob] = {}
        #: Live chunks that are not done, by the key of their audio. The cache never evicts these.
        self.wanted: dict[str, set[LiveChunk]] = {}
        #: Audio that is being made now, by key.
        self.in_flight: dict[str, Attempt] = {}
        self.engine: ActiveEngine | None = None
        #: Seconds of sound a character: a moving average of measurements.
        self.pace = _USUAL_PACE
        #: Set when there may be something new to make.
        self.work = asyncio.Event()
        #: Set when maintenance may have work: a new job, more audio.
        self.wake = asyncio.Event()
        #: Bytes in the audio cache, approximately.
        self.cached_bytes = 0
        #: Called in the transaction that commits a job; raises Refused if the job is not allowed.
        self.guard: Callable[[Transaction, JobRequest], None] = lambda tx, request: None
        self._news: dict[LaneKey, asyncio.Event] = {}
        self._keys: dict[tuple[str, str], int] = {}
        self._alone = asyncio.Lock()
        self._tasks = TaskSet()

    async def close(self) -> None:
        await self._tasks.settle()
        await self.database.close()
        for feed in self.feeds.values():
            feed.close()

    # ---- the rule

    async def change(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` alone among changes, to its end even if the caller is cancelled."""
        return await self._tasks.run_to_completion(self._run_alone(work))

    async def _run_alone(self, work: Coroutine[Any, Any, T]) -> T:
        async with self._alone:
            return await work

    async def apply(
        self,
        *changes: Change,
        first: Callable[[Transaction], Iterable[Change] | None] = lambda tx: None,
    ) -> None:
        """Commit these changes, mirror them and publish them. Run it through `change`.

        `first` runs at the start of the transaction, does the work that belongs to it, and may
        return further changes. Raises IllegalTransition before any change is written, and whatever
        `first` raises; then nothing is committed and nothing is mirrored.
        """
        assert self._alone.locked(), "a change outside of `change`"

        def write(tx: Transaction) -> list[Change]:
            all_changes = [*changes, *(first(tx) or ())]
            for change in all_changes:
                self._check(change)
            self._write(tx, all_changes)
            return all_changes

        self._mirror(await self.database.write(write))

    def _check(self, change: Change) -> None:
        if isinstance(change, ChunkChange) and "state" in change.values:
            state = change.values["state"]
            for chunk in change.chunks:
                if state is not chunk.state and state not in CHUNK_TRANSITIONS[chunk.state]:
                    raise IllegalTransition(f"chunk {chunk.id}: {chunk.state} to {state}")
        elif isinstance(change, JobChange) and "state" in change.values:
            state = change.values["state"]
            for job_id in change.job_ids:
                live = self.jobs.get(job_id)
                if live is None:
                    raise IllegalTransition(f"job {job_id} is over, and cannot be {state}")
                spoken = live.job.urgency is None
                legal = JOB_TRANSITIONS if spoken else RENDERING_TRANSITIONS
                if state is not live.job.state and state not in legal[live.job.state]:
                    raise IllegalTransition(f"job {job_id}: {live.job.state} to {state}")

    def _write(self, tx: Transaction, changes: Sequence[Change]) -> None:
        lanes: dict[LaneKey, Lane] = {}
        for change in changes:
            match change:
                case NewJob():
                    tx.chunks.insert(chunk for chunk, _ in change.chunks)
                case JobChange():
                    tx.jobs.update(change.job_ids, **change.values)
                case ChunkChange():
                    tx.chunks.update([chunk.id for chunk in change.chunks], **change.values)
                case NewChunks():
                    tx.chunks.delete(change.owner.job.id, since=change.since)
                    tx.chunks.insert(chunk for chunk, _ in change.chunks)
                case LaneChange():
                    lane = lanes.get(change.key) or self._lane_value(change.key)
                    lanes[change.key] = replace(lane, **change.values)  # type: ignore[arg-type]
                    tx.lanes.put(lanes[change.key])

    # ---- the mirror: the only code that sets stored fields in memory

    def _mirror(self, changes: Sequence[Change]) -> None:
        """Mirror all changes at once: nothing here awaits, so no task sees a part of them."""
        touched: dict[LaneKey, None] = {}
        seen: dict[tuple[LaneKey, int | None], None] = {}
        for change in changes:
            match change:
                case NewJob():
                    self.enter(change.job, change.chunks)
                    touched[change.job.lane_key] = seen[change.job.lane_key, change.job.id] = None
                case LaneChange():
                    self._set_lane(change)
                    touched[change.key] = None
                    if not change.values.keys() <= _UNPUBLISHED:
                        seen[change.key, None] = None
                case JobChange():
                    for live in self._live(change.job_ids):
                        self._set_job(live, change)
                        if not change.values.keys() <= _UNPUBLISHED:
                            key = live.job.lane_key
                            touched[key] = seen[key, live.job.id] = None
                case ChunkChange():
                    for chunk in change.chunks:
                        job = chunk.owner.job
                        if self._set_chunk(chunk, change.values):
                            seen[job.lane_key, job.id] = None
                        touched[job.lane_key] = None
                case NewChunks():
                    live = change.owner
                    self._set_chunks(change)
                    touched[live.job.lane_key] = seen[live.job.lane_key, live.job.id] = None
        for key in touched:
            self.reschedule(self.lane(key))
        for key, job_id in seen:
            self.publish(key, job_id)

    def _set_job(self, live: LiveJob, change: JobChange) -> None:
        live._job = replace(live._job, **change.values)  # type: ignore[arg-type]
        if live._job.state.final:
            self._leave(live)

    def _set_lane(self, change: LaneChange) -> None:
        live, now = self.lane(change.key), self.clock.monotonic()
        live.settle_stall(now)
        live._lane = replace(live._lane, **change.values)  # type: ignore[arg-type]
        live._stored = True
        live.settle_stall(now)

    def _set_chunk(self, chunk: LiveChunk, values: Mapping[str, object]) -> bool:
        """Returns whether `done` changed."""
        before = chunk.done
        chunk._chunk = replace(chunk._chunk, **values)  # type: ignore[arg-type]
        if chunk.done is before:
            return False
        if chunk.done:
            self._unwant(chunk)
        else:
            chunk.owner.reordered()
            self._want(chunk)
        return True

    def _set_chunks(self, change: NewChunks) -> None:
        live = change.owner
        for chunk in live.chunks:
            self._unwant(chunk)
        new = [LiveChunk(live, chunk, key) for chunk, key in change.chunks]
        live._chunks[change.since :] = new
        live.reordered()
        for position, key in change.keys.items():
            live._chunks[position]._key = key
        for chunk in live.rest():
            self._want(chunk)

    def enter(self, job: Job, chunks: Iterable[tuple[Chunk, str]]) -> None:
        """Mirror a live job that is on disk."""
        now, live = self.clock.monotonic(), LiveJob(job, chunks)
        if job.urgency is not None:
            live.due = now - (self.clock.time() - job.created_at) + SLACK[job.urgency]
        lane = self.lane(job.lane_key)
        self.jobs[job.id] = live
        if job.key is not None:
            self._keys[job.frontend, job.key] = job.id
        for chunk in live.rest():
            self._want(chunk)
        lane.add(live, now)
        lane.settle_stall(now)
        self.wake.set()

    def enter_lane(self, lane: Lane) -> None:
        """Mirror a lane that is on disk."""
        self.lanes[lane.key] = LiveLane(lane, stored=True)

    def _leave(self, live: LiveJob) -> None:
        """Remove a job that is over: drop its sounds and abandon its synthesis."""
        job, now = live.job, self.clock.monotonic()
        lane = self.lane(job.lane_key)
        lane.remove(live, now)
        lane.settle_stall(now)
        del self.jobs[job.id]
        if job.key is not None:
            del self._keys[job.frontend, job.key]
        for chunk in live.chunks:
            self._unwant(chunk)
            if chunk.sound is not None and chunk.state is not ChunkState.SPOKEN:
                chunk.sound.drop()
            in_flight = self.in_flight.get(chunk.key)
            if in_flight is not None and chunk.key not in self.wanted and not in_flight.streamed:
                in_flight.abandon()

    def _want(self, chunk: LiveChunk) -> None:
        self.wanted.setdefault(chunk.key, set()).add(chunk)

    def _unwant(self, chunk: LiveChunk) -> None:
        owners = self.wanted.get(chunk.key)
        if owners is not None:
            owners.discard(chunk)
            if not owners:
                del self.wanted[chunk.key]

    # ---- reading

    def lane(self, key: LaneKey) -> LiveLane:
        if key not in self.lanes:
            self.lanes[key] = LiveLane(self._lane_value(key))
        return self.lanes[key]

    def _lane_value(self, key: LaneKey) -> Lane:
        live = self.lanes.get(key)
        return Lane(frontend=key.frontend, id=key.id) if live is None else live.lane

    @property
    def info(self) -> EngineInfo | None:
        """The engine's info, even while it is away; None before an engine has ever started."""
        return None if self.engine is None else self.engine.info

    def live_by_key(self, frontend: str, key: str) -> Job | None:
        job_id = self._keys.get((frontend, key))
        return None if job_id is None else self.jobs[job_id].job

    def news(self, key: LaneKey) -> asyncio.Event:
        """An event that is set whenever the lane changes."""
        return self._news.setdefault(key, asyncio.Event())

    def reschedule(self, lane: LiveLane) -> None:
        """Update the lane's deadlines after a change, and wake its player."""
        engine = None if self.engine is None else self.engine.id
        to_make = lane.next_to_make(engine, self.in_flight, self.pace)
        if to_make is None:
            self.deadlines.remove(lane.key)
        else:
            self.deadlines.put(lane.key, to_make[1])
            self.work.set()
        to_render = lane.next_to_render(engine, self.in_flight) if lane.rendered else None
        if to_render is None:
            self.renderings.remove(lane.key)
        else:
            self.renderings.put(lane.key, to_render[1])
            self.work.set()
        news = self._news.get(lane.key)
        if news is not None:
            news.set()

    def publish_all(self) -> None:
        """Publish a change of every lane with jobs: the engine became ready or went away."""
        for lane in self.lanes.values():
            if lane.jobs or lane.rendered:
                self.publish(lane.key)

    def publish(self, lane: LaneKey, job_id: int | None = None) -> None:
        self.feeds[lane.frontend].publish(Changed(lane.id, job_id))

    def measured(self, characters: int, seconds: float) -> None:
        """Update the pace: `characters` of text became `seconds` of sound."""
        if characters and seconds:
            self.pace += _PACE_WEIGHT * (seconds / characters - self.pace)

    # ---- the end of jobs

    def ended(
        self,
        job_ids: Collection[int],
        state: JobState,
        *,
        by: EndReason | None = None,
        actor: str | None = None,
        error: Failure | None = None,
    ) -> list[Change]:
        """The changes that end those of these jobs that are live."""
        ending = self._live(job_ids)
        in_work = [
            chunk
            for live in ending
            for chunk in live.chunks
            if chunk.state is ChunkState.SYNTHESIZING
        ]
        return [
            chunk_change(*in_work, state=ChunkState.QUEUED),  # they are no longer being made
            job_change(
                *(live.job.id for live in ending),
                state=state,
                pending=False,
                ended_at=self.clock.time(),
                ended_by=by,
                ended_actor=actor,
                error=error,
            ),
        ]

    async def end(self, job_ids: Collection[int], state: JobState, **how: Any) -> list[Job]:
        """End those of these jobs that are live, in one transaction, and return them as they ended.
        `how`: as `ended` takes it. Run it through `change`."""
        ending = self._live(job_ids)
        if ending:
            await self.apply(*self.ended(job_ids, state, **how))
        return [live.job for live in ending]

    def _live(self, job_ids: Collection[int]) -> list[LiveJob]:
        return [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]


class HasQueue(Protocol):
    _queue: Queue


def alone(
    work: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Has a method run through `Queue.change`."""

    @wraps(work)
    async def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._queue.change(work(self, *args, **kwargs))

    return run


def unknown(job_id: int) -> UnknownJob:
    return UnknownJob(f"no job {job_id}")
