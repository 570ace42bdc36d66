"""The queue in memory: lanes, their live jobs in order, their chunks. Pure; the database is the
truth, this mirrors it.

Knows: the order in which chunks are heard, which one is made next and by when, how long what lies
ahead will take. Does not know: the database, synthesis, files. Time is a parameter (monotonic
seconds).

What is on disk (`LiveJob.job`, `LiveJob.chunks`, `LiveChunk.chunk`, `LiveLane.lane`) is a frozen
value that only `changes.py` replaces, after the commit that it mirrors. All else here is gone when
the process ends, and has one owner each:

    LiveChunk.sound, LiveJob.begun, LiveLane.playing, .since, .replays    playback.py
    LiveChunk.kept                                                        attempts.py
    LiveJob.due                                                           changes.py
    LiveLane.reachable, and the time in which it stalls                   LiveLane itself
"""

from bisect import insort
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.jobs import Chunk, ChunkState, Job, JobState, Lane
from engine.queue.audio_stream import PacketStream

#: Seconds of sound that are made ahead of what is heard. More would be lost work at a skip, and
#: memory and disk; less would not carry a lane over a restart of the engine's process.
LOOK_AHEAD: Final = 60.0
#: Seconds of silence between two jobs.
GAP: Final = 0.25

_DONE: Final = (ChunkState.SPOKEN, ChunkState.FAILED)


class LiveChunk:
    __slots__ = ("_chunk", "_key", "kept", "owner", "sound")

    def __init__(self, owner: "LiveJob", chunk: Chunk, key: str) -> None:
        self.owner = owner
        self._chunk = chunk
        self._key = key
        #: Its sound while a player has it.
        self.sound: PacketStream | None = None
        #: Its packets, where they could not be written to the cache.
        self.kept: list[bytes] | None = None

    @property
    def chunk(self) -> Chunk:
        """As it is on disk."""
        return self._chunk

    @property
    def key(self) -> str:
        """Of its audio."""
        return self._key

    @property
    def id(self) -> tuple[int, int]:
        return self._chunk.job_id, self._chunk.position

    @property
    def state(self) -> ChunkState:
        return self._chunk.state

    @property
    def done(self) -> bool:
        return self._chunk.state in _DONE

    @property
    def suspect(self) -> bool:
        """An attempt at it has ended badly, or was cut short by a kill: it is tried alone."""
        return self._chunk.attempts > 0

    def lasts(self, pace: float) -> float:
        """Seconds of its sound and the pause after it; at `pace` seconds a character until it
        is made."""
        seconds = self._chunk.seconds
        known = len(self._chunk.text) * pace if seconds is None else seconds
        return known + self._chunk.pause_after


class LiveJob:
    __slots__ = ("_chunks", "_first", "_job", "begun", "due")

    def __init__(self, job: Job, chunks: Iterable[tuple[Chunk, str]] = ()) -> None:
        """`chunks`: with the keys of their audio."""
        self._job = job
        self._chunks = [LiveChunk(self, chunk, key) for chunk, key in chunks]
        self._first = 0
        #: Its place among those that a player has begun, which precede all others; None until then.
        self.begun: int | None = None
        #: When its sound is due, of a job that is only fetched. Monotonic.
        self.due = 0.0

    @property
    def job(self) -> Job:
        """As it is on disk."""
        return self._job

    @property
    def chunks(self) -> Sequence[LiveChunk]:
        """In order; empty until an engine is known."""
        return self._chunks

    @property
    def rank(self) -> tuple[int, int, int]:
        if self.begun is not None:
            return 0, self.begun, 0
        return 1, -self._job.priority, self._job.id

    @property
    def waits(self) -> bool:
        return self._job.state is JobState.QUEUED

    def rest(self) -> Iterator[LiveChunk]:
        """The chunks that are neither spoken nor failed, in order."""
        while self._first < len(self._chunks) and self._chunks[self._first].done:
            self._first += 1
        for index in range(self._first, len(self._chunks)):
            if not self._chunks[index].done:
                yield self._chunks[index]

    def reordered(self) -> None:
        """A chunk that was done is not any more, or the chunks are others."""
        self._first = 0

    def lasts(self, pace: float) -> float:
        """Seconds until all of it is spoken, the gap after it included."""
        if not self._chunks:
            return len(self._job.text) * pace + GAP
        return sum(chunk.lasts(pace) for chunk in self.rest()) + GAP


@dataclass(frozen=True, slots=True)
class Replay:
    """A chunk of a job that has completed, and that will be heard once more."""

    job: Job
    chunk: Chunk
    pause_after: float


class LiveLane:
    __slots__ = (
        *("_begun", "_lane", "_stalled", "_stalled_since", "_stored"),
        *("jobs", "key", "playing", "reachable", "rendered", "replays", "since"),
    )

    def __init__(self, lane: Lane, *, stored: bool = False) -> None:
        self.key: Final = lane.key
        self._lane = lane
        self._stored = stored
        self._stalled = lane.stalled_seconds
        self._stalled_since: float | None = None  # monotonic; None while nothing counts
        self._begun = 0
        #: None: about to be reached, as far as anyone knows.
        self.reachable: bool | None = None
        self.jobs: list[LiveJob] = []
        #: Jobs that are only fetched: the one that is due first comes first.
        self.rendered: list[LiveJob] = []
        #: When its listeners began to wait, or the chunk that they hear began. Monotonic.
        self.since = 0.0
        #: The chunk that is heard now.
        self.playing: LiveChunk | None = None
        #: What was rewound of completed jobs, and precedes all else.
        self.replays: deque[Replay] = deque()

    @property
    def lane(self) -> Lane:
        """As it is on disk, or will be when something is kept of it."""
        return self._lane

    @property
    def stored(self) -> bool:
        """Whether the database knows the lane."""
        return self._stored

    # ---- order

    def add(self, job: LiveJob, now: float) -> None:
        if job.job.urgency is not None:
            insort(self.rendered, job, key=lambda each: (each.due, each.job.id))
            return
        if not self.jobs:
            self.since = now
        if job.job.state is JobState.SPEAKING:
            self._number(job)
        insort(self.jobs, job, key=lambda each: each.rank)

    def remove(self, job: LiveJob, now: float) -> None:
        (self.jobs if job.job.urgency is None else self.rendered).remove(job)
        if self.playing is not None and self.playing.owner is job:
            self.playing = None
            self.since = now

    def begin(self, job: LiveJob) -> None:
        """A player has taken a part of it: nothing overtakes it any more."""
        if job.begun is None:
            self._number(job)
            self.jobs.sort(key=lambda each: each.rank)

    def unbegin(self, job: LiveJob) -> None:
        if job.begun is not None:
            job.begun = None
            self.jobs.sort(key=lambda each: each.rank)

    def _number(self, job: LiveJob) -> None:
        self._begun += 1
        job.begun = self._begun

    # ---- what is heard, what is made

    def next_to_take(self, engine: str | None) -> LiveChunk | None:
        """The chunk that the player takes next. None: there is none, or it waits for its job to
        be confirmed or to be split."""
        for job in self.jobs:
            if job.job.engine != engine:
                return None
            for chunk in job.rest():
                if chunk.sound is None:
                    return None if job.job.pending else chunk
        return None

    def next_to_make(
        self, engine: str | None, in_flight: Container[str], pace: float
    ) -> tuple[LiveChunk, float] | None:
        """The first chunk that has no sound yet, and when it is due. None: there is none, enough
        is made ahead, or nobody could hear it. Costs no more than the chunks made ahead."""
        if self._lane.paused or self.reachable is False:
            return None
        ahead = 0.0
        for job in self.jobs:
            if job.job.engine != engine:
                return None  # it is about to be split
            for chunk in job.rest():
                if chunk.state is not ChunkState.READY and chunk.key not in in_flight:
                    return chunk, self.since + ahead
                ahead += chunk.lasts(pace)
                if ahead >= LOOK_AHEAD:
                    return None
            ahead += GAP
        return None

    def next_to_render(
        self, engine: str | None, in_flight: Container[str]
    ) -> tuple[LiveChunk, float] | None:
        """The first chunk to make of what is only fetched, and when it is due."""
        for job in self.rendered:
            if job.job.engine == engine:
                for chunk in job.rest():
                    if chunk.state is not ChunkState.READY and chunk.key not in in_flight:
                        return chunk, job.due
        return None

    def heard(self, now: float, pace: float) -> float:
        """Seconds that have been heard of the chunk that is playing."""
        return 0.0 if self.playing is None else min(now - self.since, self.playing.lasts(pace))

    # ---- time in which it could not be spoken

    @property
    def stalls(self) -> bool:
        """Whether time counts as stalled now."""
        return self._stalled_since is not None

    def stalled(self, now: float) -> float:
        """Seconds so far. What is on disk of it may be behind by a heartbeat."""
        running = 0.0 if self._stalled_since is None else now - self._stalled_since
        return self._stalled + max(0.0, running)

    def add_stall(self, seconds: float) -> None:
        """The process was down for so long while jobs waited."""
        self._stalled += seconds

    def settle_stall(self, now: float) -> None:
        """Count the stalled time until now; it goes on counting while jobs wait that cannot be
        heard. A pause is somebody's wish, and does not count."""
        self._stalled = self.stalled(now)
        counts = bool(self.jobs) and self.reachable is not True and not self._lane.paused
        self._stalled_since = now if counts else None

    def reach(self, reachable: bool | None, now: float) -> None:
        self.settle_stall(now)
        self.reachable = reachable
        self.settle_stall(now)
