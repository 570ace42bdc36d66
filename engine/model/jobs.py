"""Jobs, chunks and lanes: the values that the queue is made of, and their legal transitions.

Knows: states and which may follow which. Does not know: SQL, synthesis, Discord, time.

    job    queued ──▶ speaking ──▶ completed
              │           ├─────▶ failed      no part of it could be spoken
              ├───────────┼─────▶ cancelled   skipped, stopped, disconnected …: `ended_by` says
              └───────────┴─────▶ expired     its lane could not speak for too long
           speaking ──▶ queued                a rejoin before its first chunk was heard
           A final state stays: where the end of a completed job is rewound, its sound is repeated.

    chunk  queued ──▶ synthesizing ──▶ ready ──▶ spoken
              ▲            │  │          ▲          │
              └────────────┘  └▶ failed  └──────────┘  spoken is not heard: see `LanePlayer.rewind`
           synthesizing ──▶ spoken            its last frame left before its audio was on disk
           ready ──▶ queued                   its cached audio is gone
           spoken ──▶ queued                  likewise, after a rewind
           queued ──▶ failed                  skipped as poison
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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


JOB_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {JobState.SPEAKING, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED}
    ),
    JobState.SPEAKING: frozenset(
        {
            JobState.QUEUED,
            JobState.COMPLETED,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.EXPIRED,
        }
    ),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.EXPIRED: frozenset(),
}

CHUNK_TRANSITIONS: Mapping[ChunkState, frozenset[ChunkState]] = {
    ChunkState.QUEUED: frozenset({ChunkState.SYNTHESIZING, ChunkState.READY, ChunkState.FAILED}),
    ChunkState.SYNTHESIZING: frozenset(
        {ChunkState.QUEUED, ChunkState.READY, ChunkState.SPOKEN, ChunkState.FAILED}
    ),
    ChunkState.READY: frozenset({ChunkState.QUEUED, ChunkState.SPOKEN}),
    ChunkState.SPOKEN: frozenset({ChunkState.QUEUED, ChunkState.READY}),
    ChunkState.FAILED: frozenset(),
}


class EndReason(StrEnum):
    """Why a job was cancelled. `Job.ended_actor` carries the front end's id of who did it."""

    SKIPPED = "skipped"
    STOPPED = "stopped"
    DISCONNECTED = "disconnected"  # a moderator put the speaker out of the channel
    LANE_GONE = "lane_gone"  # the channel was deleted, or the bot removed from the server
    WITHDRAWN = "withdrawn"  # the front end's answer was never accepted
    VOICE_GONE = "voice_gone"  # its voice was deleted, frozen, or is no longer shared
    ERASED = "erased"  # its requester had all their data deleted


class Substitution(StrEnum):
    """What speaks a job in place of the voice that was asked for."""

    OWN_VOICE = "own_voice"  # the engine's, which cannot imitate voices
    LACKING = "lacking"  # the engine's, which does not have the built-in voice that was chosen
    SPARE = "spare"  # another engine, while the main one is down


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a front end asks for.

    `text` is plain words already (no markup of the front end's).
    `origin` is the front end's own note, stored as JSON and handed back untouched.
    `origin_key` is unique: a second submit with it returns the first job.
    A job with `held` is synthesized but not played until `accept`.
    `voice` is a built-in voice's id, or a registered one's ("@12"); then `reference` is the
    content hash of its recording. "": the engine's own choice.
    `typed`: the voice was named for this text, so the engine speaks it in no other built-in one.
    Until the first engine has told its voices, `voice` may then be any word; the job waits, and is
    refused if the word turns out to name no voice.
    """

    lane: str
    requester: str
    text: str
    voice: str
    reference: str | None = None
    typed: bool = False
    style: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    origin: Mapping[str, Any] = field(default_factory=dict)
    origin_key: str | None = None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request to speak. Times are seconds since the epoch."""

    id: int
    lane: str
    requester: str
    voice: str
    style: Mapping[str, Any]
    text: str
    priority: int
    state: JobState
    held: bool
    created_at: float
    started_at: float | None  # its first frame left
    ended_at: float | None
    ended_by: EndReason | None
    ended_actor: str | None
    error: str | None  # for the person: why it failed
    origin: Mapping[str, Any]
    shown: str | None  # what its status message last showed: begins with a state's name
    reference: str | None = None  # of a registered voice: the content hash of its recording
    stand_in: Substitution | None = None  # what speaks it, or a part of it, instead
    typed: bool = False  # its voice was named for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a job's text that is synthesized and spoken in one go."""

    job_id: int
    index: int
    text: str
    state: ChunkState
    attempts: int
    audio: str | None  # the key of its audio in the cache
    seconds: float | None  # the length of its audio
    pause_after: float  # seconds of silence that the split asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Jobs of a lane are spoken in order; lanes are independent. A guild is a lane.

    `where` is the front end's own note of the place where it speaks, None when it has left.
    """

    id: str
    where: Mapping[str, Any] | None
    paused: bool
    stalled_seconds: float  # time in which it could not be spoken while jobs waited


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as its requester wants to see it."""

    job: Job
    chunks: int
    spoken: int
    failed: int
    seconds: float  # of sound spoken so far
    place: int  # 0: being spoken, or over; 1: next; …
    eta: float | None  # when it will start, seconds since the epoch; None while that is unknown
    lane_paused: bool
