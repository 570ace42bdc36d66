"""Voices, who asks for one, and what a server's admins have decided about them: values.

Knows: scopes, ids, what an analysis finds. Does not know: rules (`permissions.py`), SQL, files.

A voice has a key, "@12" for row 12; the ids of an engine's built-in voices have no "@". The content
hash of its recording identifies the file, the engine's speaker embedding and cached audio. Two
members with the same recording have two voices, which share only these bytes.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, Self

from engine.model.ids import parse_id

#: The owner of a voice whose recording the operator put into the folder of references.
OPERATOR: Final = ""
#: The first character of a registered voice's key. No name begins so, built-in ones included.
KEY_SIGN: Final = "@"


class Scope(StrEnum):
    """Who may use a voice, besides its owner."""

    PRIVATE = "private"  # nobody
    SERVER = "server"  # the members of one server
    MEMBERS = "members"  # those on its list, everywhere
    PUBLIC = "public"  # everyone, everywhere: the operator's


class Unnamed(Enum):
    """What is shown instead of a voice's name. No name equals one of these, whatever it reads."""

    PRIVATE = "private"  # not every reader may know its name
    OWN = "own"  # the engine's own voice, while it is not known which one that is


class ClonePolicy(StrEnum):
    """Which registered voices a server allows."""

    NONE = "none"
    SHARED = "shared"  # those that everyone there may use
    ALL = "all"


class Action(StrEnum):
    """What the audit log records."""

    UPLOAD = "upload"
    RENAME = "rename"
    SHARE = "share"
    STYLE = "style"
    DELETE = "delete"
    REMOVE = "remove"  # an admin ended its sharing with the server
    FREEZE = "freeze"
    RELEASE = "release"
    BAR = "bar"  # a member may not add voices to the server; the detail has the member's id
    UNBAR = "unbar"
    DEFAULT = "default"
    UPLOADERS = "uploaders"
    ALLOW = "allow"
    REPORT = "report"
    EXPORT = "export"
    ERASE = "erase"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAnalysis:
    """What was found in a recording. Levels are decibels to full scale."""

    seconds: float  # of the stretch that is kept
    speech: float  # seconds of speech in it
    noise: float  # level between the words
    snr: float  # decibels from the noise to the speech
    loudness: float  # LUFS, as it was recorded
    clipping: float  # share of samples at full scale, 0 to 1
    source: str  # what was decoded: "mp3, 44100 Hz, stereo, 12.3 s"

    @property
    def usable(self) -> str:
        """Seconds of speech for people, rounded down: "5.0 s of speech; Turbo needs more than 5"
        would be confusing."""
        return f"{math.floor(self.speech * 10) / 10:.1f} s"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A registered voice. Times are seconds since the epoch."""

    id: int
    owner: str
    name: str
    reference: str
    scope: Scope
    place: str | None
    members: frozenset[str]
    style: Mapping[str, Any]
    analysis: RecordingAnalysis
    created_at: float

    @property
    def key(self) -> str:
        """How jobs, choices and commands name it: "@12"."""
        return f"{KEY_SIGN}{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who wants to use a voice, and where. `place` None: in a direct message."""

    member: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRules:
    """What a server's admins have decided about voices."""

    default_voice: str | None = None
    uploaders: str | None = None  # the role that may upload; None: everyone
    cloned: ClonePolicy = ClonePolicy.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What may not be spoken: in one place by an admin's decision (voices by id, and all voices of
    some members), anywhere by the operator's (recordings by content hash, and their voices)."""

    voices: frozenset[int] = field(default=frozenset())
    references: frozenset[str] = field(default=frozenset())
    members: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    at: float
    place: str | None
    actor: str
    action: Action
    voice_id: int | None
    detail: str


def voice_number(key: str) -> int | None:
    """The id of a registered voice in a key like "@12"; None for any other voice."""
    return parse_id(key[len(KEY_SIGN) :]) if key.startswith(KEY_SIGN) else None
