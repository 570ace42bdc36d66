"""The queue in memory: lanes, their live jobs in order, their chunks. Pure; the database is the
truth, this its shadow.

Knows: the order in which chunks are heard, which one is made next and by when, how long what lies
ahead will take. Does not know: SQL, synthesis, files. Time is a parameter (monotonic seconds).

`changes.py` alone changes these values, and only after the commit that they shadow.
"""

from bisect import insort
from collections import deque
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from engine.model.jobs import Chunk, ChunkState, Job, JobState, Lane
from engine.queue.audio_stream import PacketStream

#: Seconds of sound that are made ahead of what is heard. More would be lost work at a skip, and
#: memory and disk; less would not carry a lane over a restart of the engine's host.
LOOK_AHEAD: Final = 60.0
#: Seconds of silence between two jobs.
GAP: Final = 0.25

_DONE: Final = (ChunkState.SPOKEN, ChunkState.FAILED)


@dataclass(slots=True, eq=False)
class LiveChunk:
    owner: "LiveJob"
    index: int
    text: str
    pause_after: float
    key: str  # of its audio
    state: ChunkState = ChunkState.QUEUED
    attempts: int = 0
    deaths: int = 0
    audio: str | None = None
    seconds: float | None = None
    #: Its sound while a player has it.
    sound: PacketStream | None = None
    #: Its packets, where they could not be written to the cache.
    kept: list[bytes] | None = None

    @property
    def id(self) -> tuple[int, int]:
        return self.owner.job.id, self.index

    @property
    def suspect(self) -> bool:
        """A try with it has ended badly, or was cut short by a kill: it is tried alone."""
        return self.attempts > 0

    def lasts(self, pace: float) -> float:
        """Seconds of its sound and the pause after it; at `pace` seconds a character until it
        is made."""
        known = len(self.text) * pace if self.seconds is None else self.seconds
        return known + self.pause_after

    def value(self) -> Chunk:
        return Chunk(
            job_id=self.owner.job.id,
            index=self.index,
            text=self.text,
            state=self.state,
            attempts=self.attempts,
            audio=self.audio,
            seconds=self.seconds,
            pause_after=self.pause_after,
        )


@dataclass(slots=True, eq=False)
class LiveJob:
    job: Job
    stalled_before: float
    origin_key: str | None = None
    #: The card under which it was split; None until it is.
    info: str | None = None
    chunks: list[LiveChunk] = field(default_factory=list)
    #: Its place among those that a player has begun, which precede all others; None until then.
    begun: int | None = None
    _first: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        if self.begun is not None:
            return 0, self.begun, 0
        return 1, -self.job.priority, self.job.id

    @property
    def waits(self) -> bool:
        return self.job.state is JobState.QUEUED

    def rest(self) -> Iterator[LiveChunk]:
        """The chunks that are neither spoken nor failed, in order."""
        while self._first < len(self.chunks) and self.chunks[self._first].state in _DONE:
            self._first += 1
        for index in range(self._first, len(self.chunks)):
            if self.chunks[index].state not in _DONE:
                yield self.chunks[index]

    def reordered(self) -> None:
        """A chunk that was done is not any more, or the chunks are others."""
        self._first = 0

    def lasts(self, pace: float) -> float:
        """Seconds until all of it is spoken, the gap after it included."""
        if not self.chunks:
            return len(self.job.text) * pace + GAP
        return sum(chunk.lasts(pace) for chunk in self.rest()) + GAP


@dataclass(frozen=True, slots=True)
class Replay:
    """A chunk of a job that has completed, and that is to be heard once more."""

    job: Job
    chunk: Chunk
    pause_after: float


@dataclass(slots=True, eq=False)
class LiveLane:
    lane: Lane
    #: Whether the database knows the lane.
    stored: bool = False
    #: None: about to be reached, as far as anyone knows.
    reachable: bool | None = None
    jobs: list[LiveJob] = field(default_factory=list)
    #: When its listeners began to wait, or the chunk that they hear began. Monotonic.
    since: float = 0.0
    #: The chunk that is heard now.
    playing: LiveChunk | None = None
    #: What was rewound of completed jobs, and precedes all else.
    again: deque[Replay] = field(default_factory=deque)
    #: When time began to count as stalled; None while it does not. Monotonic.
    stalled_since: float | None = None
    _begun: int = 0

    @property
    def id(self) -> str:
        return self.lane.id

    # ---- order

    def add(self, job: LiveJob, now: float) -> None:
        if not self.jobs:
            self.since = now
        if job.job.state is JobState.SPEAKING:
            self._number(job)
        insort(self.jobs, job, key=lambda each: each.rank)

    def remove(self, job: LiveJob, now: float) -> None:
        self.jobs.remove(job)
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

    def next_to_take(self, info: str | None) -> LiveChunk | None:
        """The chunk that the player takes next. None: there is none, or it waits for its job to
        be accepted or to be split."""
        for job in self.jobs:
            if job.info != info:
                return None
            for chunk in job.rest():
                if chunk.sound is None:
                    return None if job.job.held else chunk
        return None

    def next_to_make(
        self, info: str | None, making: Container[str], pace: float
    ) -> tuple[LiveChunk, float] | None:
        """The first chunk that has no sound yet, and when it is due. None: there is none, enough
        is made ahead, or nobody could hear it. Costs no more than the chunks made ahead."""
        if self.lane.paused or self.reachable is False:
            return None
        ahead = 0.0
        for job in self.jobs:
            if job.info != info:
                return None  # it is about to be split
            for chunk in job.rest():
                if chunk.state is not ChunkState.READY and chunk.key not in making:
                    return chunk, self.since + ahead
                ahead += chunk.lasts(pace)
                if ahead >= LOOK_AHEAD:
                    return None
            ahead += GAP
        return None

    def heard(self, now: float, pace: float) -> float:
        """Seconds that have been heard of the chunk that is playing."""
        return 0.0 if self.playing is None else min(now - self.since, self.playing.lasts(pace))

    # ---- time in which it could not be spoken

    def stalled(self, now: float) -> float:
        running = 0.0 if self.stalled_since is None else now - self.stalled_since
        return self.lane.stalled_seconds + max(0.0, running)

    def settle_stall(self, now: float) -> None:
        """Book the stalled time until now; it goes on counting while jobs wait that cannot be
        heard. A pause is somebody's wish, and does not count."""
        self.lane = replace(self.lane, stalled_seconds=self.stalled(now))
        counts = bool(self.jobs) and self.reachable is not True and not self.lane.paused
        self.stalled_since = now if counts else None

    def reach(self, reachable: bool | None, now: float) -> None:
        self.settle_stall(now)
        self.reachable = reachable
        self.settle_stall(now)
