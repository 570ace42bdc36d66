"""The queue in memory: lanes, their live jobs in order, their chunks. Pure: it mirrors the
database, which is authoritative.

Knows: the order in which chunks are heard, which chunk is made next and when it is due, how long
the waiting jobs will take. Does not know: the database, synthesis, files. Time is a parameter
(monotonic seconds).

Stored values (`LiveJob.job`, `LiveJob.chunks`, `LiveChunk.chunk`, `LiveLane.lane`) are frozen; only
`changes.py` replaces them, after the commit that it mirrors. Everything else here is lost when the
process ends, and has one owner each:

    LiveChunk.sound, LiveJob.begun, LiveLane.playing, .since, .replays    playback.py
    LiveChunk.kept                                                        attempts.py
    LiveJob.due                                                           changes.py
    LiveLane.reachable, and its stalled time                              LiveLane itself
"""

from bisect import insort
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.errors import QueueFull
from engine.model.jobs import Chunk, ChunkState, Job, JobState, Lane
from engine.queue.audio_stream import PacketStream

#: Seconds of sound that are made ahead of playback. More would waste work at a skip, memory and
#: disk; less would not bridge a restart of the engine's process.
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
        #: Its packets, if they could not be written to the cache.
        self.kept: list[bytes] | None = None

    @property
    def chunk(self) -> Chunk:
        """As it is on disk."""
        return self._chunk

    @property
    def key(self) -> str:
        """The key of its audio."""
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
        """An attempt at it failed, or a kill interrupted one: it is retried alone."""
        return self._chunk.attempts > 0

    def lasts(self, pace: float) -> float:
        """Seconds of its sound and the pause after it; estimated at `pace` seconds a character
        until it is made."""
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
        #: Its place among the jobs that a player has begun, which precede all others; else None.
        self.begun: int | None = None
        #: When its sound is due, if it is fetch-only. Monotonic.
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
        """Reset the start of `rest`: a chunk is no longer done, or the chunks were replaced."""
        self._first = 0

    def lasts(self, pace: float) -> float:
        """Seconds that the rest of it takes, including the gap after it."""
        if not self._chunks:
            return len(self._job.text) * pace + GAP
        return sum(chunk.lasts(pace) for chunk in self.rest()) + GAP


@dataclass(frozen=True, slots=True)
class Replay:
    """A chunk of a completed job that will be played again."""

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
        #: None: it is not reachable yet, but is expected to be soon.
        self.reachable: bool | None = None
        self.jobs: list[LiveJob] = []
        #: Fetch-only jobs, the earliest deadline first.
        self.rendered: list[LiveJob] = []
        #: When its listeners began to wait, or when the chunk that they hear began. Monotonic.
        self.since = 0.0
        #: The chunk that is playing.
        self.playing: LiveChunk | None = None
        #: Rewound chunks of completed jobs; they are played before everything else.
        self.replays: deque[Replay] = deque()

    @property
    def lane(self) -> Lane:
        """As it is on disk, or as it will be when it is first stored."""
        return self._lane

    @property
    def stored(self) -> bool:
        """Whether the lane is on disk."""
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
        """Put the job before those that have not begun: a player has taken a part of it."""
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

    def refusal(self, requester: str, *, most: int, most_of_requester: int) -> QueueFull | None:
        """Why no job of this requester may be added to those that wait; None if it may."""
        waiting = [live.job for live in (*self.jobs, *self.rendered) if live.waits]
        if (count := len(waiting)) >= most:
            return QueueFull(
                f"lane {self.key.id} has {count} jobs waiting", code="queue-full", waiting=count
            )
        if (own := sum(job.requester == requester for job in waiting)) >= most_of_requester:
            return QueueFull(
                f"requester has {own} jobs waiting in lane {self.key.id}",
                code="too-many-waiting",
                waiting=own,
            )
        return None

    # ---- playing and making

    def next_to_take(self, engine: str | None) -> LiveChunk | None:
        """The chunk that the player takes next. None if there is none, or if its job must first be
        confirmed or split."""
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
        """The first chunk whose sound is not made, and when it is due. None if there is none, if
        enough is made ahead, or if the lane cannot be heard. The cost is proportional to the
        chunks made ahead."""
        if self._lane.paused or self.reachable is False:
            return None
        ahead = 0.0
        for job in self.jobs:
            if job.job.engine != engine:
                return None  # it will be split soon
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
        """The first chunk to make of the fetch-only jobs, and when it is due."""
        for job in self.rendered:
            if job.job.engine == engine:
                for chunk in job.rest():
                    if chunk.state is not ChunkState.READY and chunk.key not in in_flight:
                        return chunk, job.due
        return None

    def heard(self, now: float, pace: float) -> float:
        """Seconds of the playing chunk that have been heard."""
        return 0.0 if self.playing is None else min(now - self.since, self.playing.lasts(pace))

    # ---- stalled time: jobs wait and the lane cannot be heard

    @property
    def stalls(self) -> bool:
        """Whether time counts as stalled now."""
        return self._stalled_since is not None

    def stalled(self, now: float) -> float:
        """Seconds so far. The value on disk may be one heartbeat behind."""
        running = 0.0 if self._stalled_since is None else now - self._stalled_since
        return self._stalled + max(0.0, running)

    def add_stall(self, seconds: float) -> None:
        """Add the time for which the process was down while jobs waited."""
        self._stalled += seconds

    def settle_stall(self, now: float) -> None:
        """Count the stalled time until now, and keep counting if jobs wait that cannot be heard.
        A pause does not count: a member asked for it."""
        self._stalled = self.stalled(now)
        counts = bool(self.jobs) and self.reachable is not True and not self._lane.paused
        self._stalled_since = now if counts else None

    def reach(self, reachable: bool | None, now: float) -> None:
        self.settle_stall(now)
        self.reachable = reachable
        self.settle_stall(now)
