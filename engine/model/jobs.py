"""Jobs, chunks and lanes: the values that the queue is made of, and their legal transitions.

Knows: states and which may follow which. Does not know: SQL, synthesis, Discord, time.

    job    queued ──▶ speaking ──▶ completed
              │           ├─────▶ failed      no part of it could be spoken
              ├───────────┼─────▶ cancelled   skipped, stopped, disconnected …: `ended_by` says
              └───────────┴─────▶ expired     its lane could not speak for too long
           speaking ──▶ queued                a rejoin before its first chunk was heard
           queued ──▶ completed               only where its sound is fetched, and is all made
           A final state stays: where the end of a completed job is rewound, its sound is repeated.

    chunk  queued ──▶ synthesizing ──▶ ready ──▶ spoken
              ▲            │  │          ▲          │
              └────────────┘  └▶ failed  └──────────┘  spoken is not heard: `PlaybackQueue.rewind`
           synthesizing ──▶ spoken            its last frame left before its audio was on disk
           ready ──▶ queued                   its cached audio is gone
           spoken ──▶ queued                  likewise, after a rewind
           queued ──▶ failed                  it broke the engine too often
           queued ──▶ spoken                  its audio was in a player's hands when its cached
                                              copy was found to be gone
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


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
    ChunkState.QUEUED: frozenset(
        {ChunkState.SYNTHESIZING, ChunkState.READY, ChunkState.SPOKEN, ChunkState.FAILED}
    ),
    ChunkState.SYNTHESIZING: frozenset(
        {ChunkState.QUEUED, ChunkState.READY, ChunkState.SPOKEN, ChunkState.FAILED}
    ),
    ChunkState.READY: frozenset({ChunkState.QUEUED, ChunkState.SPOKEN}),
    ChunkState.SPOKEN: frozenset({ChunkState.QUEUED, ChunkState.READY}),
    ChunkState.FAILED: frozenset(),
}


#: Of a job that is only fetched: nobody speaks it.
RENDERING_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    **JOB_TRANSITIONS,
    JobState.QUEUED: JOB_TRANSITIONS[JobState.QUEUED] - {JobState.SPEAKING} | {JobState.COMPLETED},
}


class EndReason(StrEnum):
    """Why a job was cancelled. `Job.ended_actor` carries the front end's id of who did it."""

    SKIPPED = "skipped"
    STOPPED = "stopped"
    DISCONNECTED = "disconnected"  # a moderator put the speaker out of the channel
    LANE_GONE = "lane_gone"  # the channel was deleted, or the bot removed from the server
    ABORTED = "aborted"  # the front end's answer was never accepted
    VOICE_GONE = "voice_gone"  # its voice was deleted, frozen, or is no longer shared
    ERASED = "erased"  # its requester had all their data deleted


class Urgency(StrEnum):
    """How soon the sound of a job is fetched that nobody listens to."""

    NOW = "now"
    SOON = "soon"  # in 15 s
    BATCH = "batch"  # in 300 s


class Substitution(StrEnum):
    """What speaks a job in place of the voice that was asked for."""

    OWN_VOICE = "own_voice"  # the engine's, which cannot imitate voices
    LACKING = "lacking"  # the engine's, which does not have the built-in voice that was chosen
    SPARE = "spare"  # another engine, while the main one is down


class LaneKey(NamedTuple):
    """A lane, among those of all front ends."""

    frontend: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a front end asks for.

    `frontend` is filled in by the front end's own view of the queue.
    `lane` is the front end's name for where the job is spoken, in order with others.
    `place` is the guild whose rules, rights and freezes hold for it, whatever its lane; None: none.
    `text` is plain words already (no markup of the front end's).
    `note` is the front end's own, stored as JSON and handed back untouched.
    `key` is unique for a front end: a second submit with it returns the first job.
    A job that is `pending` is synthesized but not played until it is confirmed.
    `voice` is a built-in voice's id, or a registered one's ("@12"); then `reference` is the
    content hash of its recording. "": the engine's own choice.
    `typed`: the voice was named for this text, so the engine speaks it in no other built-in one.
    Until the first engine has told its voices, `voice` may then be any word; the job waits, and is
    refused if the word turns out to name no voice.
    `urgency`: nobody listens; the sound is made without a player, to be fetched. None: it is
    spoken in its lane.
    """

    lane: str
    requester: str
    text: str
    voice: str
    frontend: str = ""
    place: str | None = None
    reference: str | None = None
    typed: bool = False
    style: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    note: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    pending: bool = False
    urgency: Urgency | None = None


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
    pending: bool
    created_at: float
    started_at: float | None  # its first frame left
    ended_at: float | None
    ended_by: EndReason | None
    ended_actor: str | None
    error: str | None  # for the person: why it failed
    note: Mapping[str, Any]  # the front end's own
    shown: str | None  # what its status message last showed: begins with a state's name
    frontend: str = ""  # whose it is
    place: str | None = None  # the guild whose rules hold for it
    key: str | None = None  # by which its front end submitted it
    reference: str | None = None  # of a registered voice: the content hash of its recording
    substitution: Substitution | None = None  # what speaks it, or a part of it, instead
    typed: bool = False  # its voice was named for it
    stalled_before: float = 0.0  # seconds that its lane had been stalled when it was submitted
    urgency: Urgency | None = None  # its sound is only fetched; None: it is spoken
    engine: str | None = None  # the id of the engine's info under which it was split

    @property
    def lane_key(self) -> LaneKey:
        return LaneKey(self.frontend, self.lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a job's text that is synthesized and spoken in one go."""

    job_id: int
    position: int  # 0 is the job's first
    text: str
    pause_after: float  # seconds of silence that the split asks for
    state: ChunkState = ChunkState.QUEUED
    attempts: int = 0  # begun, and not ended well
    deaths: int = 0  # of the engine's process, with nothing but this chunk in work
    audio: str | None = None  # the key of its audio in the cache
    seconds: float | None = None  # the length of its audio


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Jobs of a lane are spoken in order; lanes are independent. A guild is a lane of Discord's.

    `target` is the front end's own note of where the lane speaks, None when it has left.
    """

    frontend: str
    id: str
    target: Mapping[str, Any] | None = None
    paused: bool = False
    stalled_seconds: float = 0.0  # time in which it could not be spoken while jobs waited

    @property
    def key(self) -> LaneKey:
        return LaneKey(self.frontend, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as its requester wants to see it."""

    job: Job
    chunks: int
    spoken: int
    failed: int
    seconds: float  # of sound spoken so far
    position: int  # 0: being spoken, or over; 1: next; …
    eta: float | None  # when it will start, seconds since the epoch; None while that is unknown
    lane_paused: bool
