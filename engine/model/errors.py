"""Every error that the engine raises on purpose.

    MynahError
    ├── Refused               the request cannot be done; the caller is told, nothing was stored
    │   ├── NothingToSpeak        the text has nothing that can be spoken
    │   ├── TextTooLong           the text is longer than the limit
    │   ├── QueueFull             the lane, or the requester within it, has too many jobs waiting
    │   ├── UnknownVoice          there is no such voice, or the requester may not use it
    │   ├── UnknownJob            there is no such job: it never existed, or it was deleted
    │   ├── StorageFull           the disk is full, or its free space is below the reserve
    │   ├── BadRecording          not a reference voice: not sound, too long, too little speech …
    │   ├── BadStyle              the engine has no such style option, or not this value of it
    │   ├── BadName               no voice can have this name, or its owner has another with it
    │   ├── TooManyVoices         the owner has as many voices as the settings allow
    │   ├── TooOften              the member has tried this as often as is allowed in an hour
    │   ├── Busy                  too many members ask for the same at once
    │   ├── EngineUnknown         it is not known yet which voices the engine has
    │   └── NotAllowed            a rule of the server, the operator or a voice's owner forbids it
    ├── EngineError           synthesis failed
    │   ├── EngineUnavailable     no engine server answers (loading, restarting, unreachable)
    │   │   ├── AccessRefused         it refuses our token or its name; the message says what to set
    │   │   └── HostFull              it has as many requests as it accepts
    │   ├── HostDied              the engine server died, hung or was killed during this request
    │   ├── VoiceMissing          the engine server lacks the reference voice: send it along
    │   ├── OutOfMemory           the engine's device has no memory left; cached data may be dropped
    │   └── SynthesisFailed       the engine cannot speak this text; another attempt fails too
    └── SetupError            the installation has a fault; the process ends with exit code 2
        ├── DataDirectoryInUse    another process uses the same data directory
        └── DatabaseDamaged       it failed its integrity check, or a newer version wrote it

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

    def __init__(self, message: str, /, *, code: str | None = None, **fields: Field) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.fields: Mapping[str, Field] = fields

    @property
    def failure(self) -> Failure:
        return Failure(self.code, self.fields)


class Refused(MynahError):
    """The request cannot be done. Its sentence says what to do instead."""


class NothingToSpeak(Refused):
    code = "nothing-to-speak"


class TextTooLong(Refused):
    code = "text-too-long"


class QueueFull(Refused):
    retryable = True


class UnknownVoice(Refused):
    """There is no such voice, or the requester may not use it."""


class UnknownJob(Refused):
    code = "job-unknown"


class StorageFull(Refused):
    retryable = True


class BadRecording(Refused):
    """It cannot be used as a reference voice: not sound, too long, too little speech …"""


class BadStyle(Refused):
    """The engine has no such style option, or the value is out of its range."""


class BadName(Refused):
    """A voice cannot have this name, or its owner has another voice with it."""


class TooManyVoices(Refused):
    retryable = True


class TooOften(Refused):
    retryable = True


class Busy(Refused):
    retryable = True


class EngineUnknown(Refused):
    retryable = True


class NotAllowed(Refused):
    """A rule of the server, of the operator or of a voice's owner forbids it."""


class EngineError(MynahError):
    """Synthesis failed."""


class EngineUnavailable(EngineError):
    retryable = True


class AccessRefused(EngineUnavailable):
    """The engine server refuses us. The message says what to set, and on which machine."""


class HostFull(EngineUnavailable):
    #: Seconds after which it may be asked again.
    retry_after: float = 1.0


class HostDied(EngineError):
    retryable = True


class VoiceMissing(EngineError):
    retryable = True


class OutOfMemory(EngineError):
    retryable = True
    code = "out-of-memory"


class SynthesisFailed(EngineError):
    code = "cannot-be-spoken"


class SetupError(MynahError):
    """The installation has a fault. The message says what to do; the process exits with 2."""


class DataDirectoryInUse(SetupError):
    """Another process uses the same data directory."""


class DatabaseDamaged(SetupError):
    """The database failed its integrity check, or was written by a newer version."""
