"""Every error that the engine raises on purpose.

    MynahError
    ├── Refused               the request cannot be done; the caller is told, nothing was stored
    │   ├── NothingToSpeak
    │   ├── TextTooLong
    │   ├── QueueFull
    │   ├── UnknownVoice
    │   ├── UnknownJob
    │   ├── StorageFull
    │   ├── BadRecording          the recording cannot be used as a reference voice
    │   ├── BadStyle
    │   ├── BadName
    │   ├── TooManyVoices
    │   ├── TooOften
    │   ├── Busy
    │   ├── EngineUnknown
    │   └── NotAllowed
    ├── EngineError           synthesis failed
    │   ├── EngineUnavailable     no engine server answers (loading, restarting, unreachable)
    │   │   ├── AccessRefused         it refuses our token or its name
    │   │   └── HostFull              it has as many requests as it accepts
    │   ├── HostDied              the engine server died during this request
    │   ├── VoiceMissing          the engine server does not have the reference voice
    │   ├── OutOfMemory           the engine's device has no memory left for this request
    │   └── SynthesisFailed       the engine cannot speak this text; another attempt fails too
    └── SetupError            the installation has a fault; the process ends with exit code 2
        ├── DataDirectoryInUse
        └── DatabaseDamaged

Knows: whether another attempt may succeed (`retryable`), and the code and the fields of which a
front end makes a sentence. Does not know: who reads it, where, or in which language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: A value that a sentence about an error may need: a name, a number.
Field = str | int | float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed, as a value: it is stored with a job, and travels between processes."""

    code: str
    fields: Mapping[str, Field] = field(default_factory=dict)


class MynahError(Exception):
    """The base. `str(error)` is for the log. `code` says what happened, in a word that never
    changes its meaning; `fields` are the values that belong to it. A front end words both for the
    person who asked. A class with one reason has its code; the others get one where they are
    raised."""

    #: Whether the same call may succeed later although nobody changes anything.
    retryable: bool = False
    code: str = "failed"

    def __init__(
        self,
        message: str,
        /,
        *,
        code: str | None = None,
        **fields: Field,
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.fields: Mapping[str, Field] = fields

    @property
    def failure(self) -> Failure:
        return Failure(self.code, self.fields)


class Refused(MynahError):
    """The request cannot be done. Its sentence says what to do instead."""


class NothingToSpeak(Refused):
    """The text has nothing that can be spoken."""

    code = "nothing-to-speak"


class TextTooLong(Refused):
    """The text is longer than the limit."""

    code = "text-too-long"


class QueueFull(Refused):
    """The lane, or the requester within it, has too many jobs waiting."""

    retryable = True


class UnknownVoice(Refused):
    """There is no such voice, or the requester may not use it."""


class UnknownJob(Refused):
    """There is no such job: it never existed, or it was deleted."""

    code = "job-unknown"


class StorageFull(Refused):
    """The disk is full, or its free space is below the reserve."""

    retryable = True


class BadRecording(Refused):
    """It cannot be used as a reference voice: not sound, too long, too little speech …"""


class BadStyle(Refused):
    """The engine has no such style option, or the value is out of its range."""


class BadName(Refused):
    """A voice cannot have this name, or its owner has another voice with it."""


class TooManyVoices(Refused):
    """The owner has as many voices as the settings allow."""

    retryable = True


class TooOften(Refused):
    """The member has tried this as often as is allowed in an hour."""

    retryable = True


class Busy(Refused):
    """Too many members ask for the same at once."""

    retryable = True


class EngineUnknown(Refused):
    """It is not known yet which voices the engine has."""

    retryable = True


class NotAllowed(Refused):
    """A rule of the server, of the operator or of a voice's owner forbids it."""


class EngineError(MynahError):
    """Synthesis failed."""


class EngineUnavailable(EngineError):
    """No engine server answers: it is loading, restarting, or unreachable."""

    retryable = True


class AccessRefused(EngineUnavailable):
    """The engine server refuses us. The message says what to set, and on which machine."""


class HostFull(EngineUnavailable):
    """The engine server has as many requests as it accepts at once."""

    #: Seconds after which it may be asked again.
    retry_after: float = 1.0


class HostDied(EngineError):
    """The engine server died, hung or was killed during this request."""

    retryable = True


class VoiceMissing(EngineError):
    """The engine server does not have the reference voice: send the request again with it."""

    retryable = True


class OutOfMemory(EngineError):
    """The engine's device has no memory left for this request; cached data may be dropped."""

    retryable = True
    code = "out-of-memory"


class SynthesisFailed(EngineError):
    """The engine cannot speak this text; another attempt fails too."""

    code = "cannot-be-spoken"


class SetupError(MynahError):
    """The installation has a fault. The message says what to do; the process exits with 2."""


class DataDirectoryInUse(SetupError):
    """Another process uses the same data directory."""


class DatabaseDamaged(SetupError):
    """The database failed its integrity check, or was written by a newer version."""
