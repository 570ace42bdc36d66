"""Jobs, chunks and lanes: the values of the queue, and their allowed transitions.

job    queued ──▶ speaking ──▶ completed
          │           ├─────▶ failed      no part of it could be spoken
          ├───────────┼─────▶ cancelled   skipped, stopped, disconnected …: see `ended_by`
          └───────────┴─────▶ expired     its lane could not be heard for too long
       speaking ──▶ queued                a rejoin before its first chunk was heard
       queued ──▶ completed               a fetch-only job whose sound is all made
       Final states stay: if the end of a completed job is rewound, only its sound repeats.

chunk  queued ──▶ synthesizing ──▶ ready ──▶ spoken
          ▲            │  │          ▲          │
          └────────────┘  └▶ failed  └──────────┘  sent but not heard: `PlaybackQueue.rewind`
       synthesizing ──▶ spoken            its last frame was sent before its audio was on disk
       ready ──▶ queued                   its cached audio is gone
       spoken ──▶ queued                  the same, after a rewind
       queued ──▶ failed                  it broke the engine too often
       queued ──▶ spoken                  a player had all its audio when its cached copy
                                          was found to be gone
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from engine.model.errors import Failure


class JobState(StrEnum):
    QUEUED = "queued"
    SPEAKING = "speaking"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        return self not in (JobState.QUEUED, JobState.SPEAKING)


class ChunkState(StrEnum):
    QUEUED = "queued"
    SYNTHESIZING = "synthesizing"
    READY = "ready"
    SPOKEN = "spoken"
    FAILED = "failed"


_ENDED_EARLY: Final = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})

JOB_TRANSITIONS: Final[Mapping[JobState, frozenset[JobState]]] = {
    **dict.fromkeys(JobState, frozenset()),
    JobState.QUEUED: _ENDED_EARLY | {JobState.SPEAKING},
    JobState.SPEAKING: _ENDED_EARLY | {JobState.QUEUED, JobState.COMPLETED},
}
#: The transitions of a fetch-only job, which is never spoken.
RENDERING_TRANSITIONS: Final[Mapping[JobState, frozenset[JobState]]] = {
    **JOB_TRANSITIONS,
    JobState.QUEUED: _ENDED_EARLY | {JobState.COMPLETED},
}
CHUNK_TRANSITIONS: Final[Mapping[ChunkState, frozenset[ChunkState]]] = {
    ChunkState.QUEUED: frozenset(ChunkState) - {ChunkState.QUEUED},
    ChunkState.SYNTHESIZING: frozenset(ChunkState) - {ChunkState.SYNTHESIZING},
    ChunkState.READY: frozenset({ChunkState.QUEUED, ChunkState.SPOKEN}),
    ChunkState.SPOKEN: frozenset({ChunkState.QUEUED, ChunkState.READY}),
    ChunkState.FAILED: frozenset(),
}


class EndReason(StrEnum):
    """Why a job was cancelled. `Job.ended_actor` is the front end's id of the person who did it."""

    SKIPPED = "skipped"
    STOPPED = "stopped"
    DISCONNECTED = "disconnected"  # a moderator disconnected the bot from the channel
    LANE_GONE = "lane_gone"  # the channel was deleted, or the bot removed from the server
    ABORTED = "aborted"  # its requester could not be answered
    VOICE_GONE = "voice_gone"  # its voice was deleted, frozen, or is no longer shared
    ERASED = "erased"  # its requester had all their data deleted


class Urgency(StrEnum):
    """How soon the sound of a fetch-only job is needed."""

    NOW = "now"
    SOON = "soon"  # in 15 s
    BATCH = "batch"  # in 300 s


class Substitution(StrEnum):
    """What speaks a job in place of the requested voice."""

    OWN_VOICE = "own_voice"  # the engine's default voice: it cannot clone
    LACKING = "lacking"  # the engine's default voice: it lacks the built-in voice that was chosen
    FALLBACK = "spare"  # the fallback engine: the main one is down; databases hold "spare"


class LaneKey(NamedTuple):
    """Identifies a lane among those of all front ends."""

    frontend: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a front end submits."""

    lane: str  # the front end's name for the lane in which it is spoken, in order with others
    requester: str
    text: str  # plain, without the front end's markup
    #: The id of a built-in voice, or the key of a registered one ("@12"); "": the engine's default.
    voice: str
    frontend: str = ""  # set by `FrontEndQueue`
    place: str | None = None  # the guild whose rules and freezes apply, whatever the lane
    reference: str | None = None  # the content hash of a registered voice's recording
    #: The voice was named for this text, so no other built-in voice may speak it. Until the first
    #: engine has listed its voices, `voice` may then be any word; the job waits, and is refused if
    #: no voice has that name.
    typed: bool = False
    style: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    note: Mapping[str, Any] = field(default_factory=dict)  # the front end's own data, as JSON
    key: str | None = None  # unique for a front end: the same key twice makes one job
    pending: bool = False  # it is synthesized, but not played until it is confirmed
    #: Fetch-only: its sound is made without a player, to be fetched. None: it is spoken.
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(JobRequest):
    """A request that was accepted. Times are seconds since the epoch."""

    id: int
    state: JobState
    created_at: float
    started_at: float | None = None  # its first frame was sent
    ended_at: float | None = None
    ended_by: EndReason | None = None
    ended_actor: str | None = None
    error: Failure | None = None  # why it failed
    shown: str | None = None  # what its status message last showed; begins with a state
    substitution: Substitution | None = None  # what speaks it or a part of it instead
    stalled_before: float = 0.0  # its lane's stalled seconds when it was submitted
    engine: str | None = None  # the id of the engine's info under which it was split

    @property
    def lane_key(self) -> LaneKey:
        return LaneKey(self.frontend, self.lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a job's text that is synthesized and spoken as one unit."""

    job_id: int
    position: int  # 0 is the job's first
    text: str
    pause_after: float  # seconds of silence after it
    state: ChunkState = ChunkState.QUEUED
    attempts: int = 0  # begun, without a good result
    deaths: int = 0  # of the engine's process, while it worked on this chunk alone
    audio: str | None = None  # the key of its audio in the cache
    seconds: float | None = None  # the length of its audio


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Jobs of a lane are spoken in order; lanes are independent. In Discord, each guild is a lane.

    `target` is the front end's own data on where the lane speaks; None after it has left.
    """

    frontend: str
    id: str
    target: Mapping[str, Any] | None = None
    paused: bool = False
    stalled_seconds: float = 0.0  # in which jobs waited and it could not be heard

    @property
    def key(self) -> LaneKey:
        return LaneKey(self.frontend, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as its requester sees it."""

    job: Job
    chunks: int
    spoken: int
    failed: int
    seconds: float  # of sound spoken so far
    position: int  # 0: being spoken, over or fetch-only; 1: next; …
    eta: float | None  # when it starts or started, seconds since the epoch; None: unknown
    lane_paused: bool
