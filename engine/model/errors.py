"""Every error that a part of the engine raises on purpose.

    MynahError
    ├── Refused               what was asked cannot be done; the asker is told, nothing was stored
    │   ├── NothingToSpeak
    │   ├── TextTooLong
    │   ├── QueueFull
    │   ├── UnknownVoice
    │   ├── UnknownJob
    │   ├── StorageFull
    │   ├── BadRecording          the recording cannot serve as a reference voice
    │   ├── BadStyle
    │   ├── BadName
    │   ├── TooManyVoices
    │   ├── TooOften
    │   ├── Busy
    │   ├── EngineUnknown
    │   └── NotAllowed
    ├── EngineError           synthesis went wrong
    │   ├── EngineUnavailable     no host answers (loading, restarting, unreachable)
    │   │   ├── AccessRefused         it does not let us in: another token, another name
    │   │   └── HostFull              it has as many requests as it takes
    │   ├── HostDied              the host died while it worked on this request
    │   ├── VoiceMissing          the host does not hold the reference voice
    │   ├── OutOfMemory           the engine's device has no memory left for this request
    │   └── SynthesisFailed       the engine refuses this text; trying again is of no use
    └── SetupError            the installation is at fault; the process ends with exit code 2
        ├── DataDirectoryInUse
        └── DatabaseDamaged

Knows: policy (`retryable`) and the sentence for the user (`user_message`).
Does not know: who is told, or how.
"""


class MynahError(Exception):
    """The base. `str(error)` is for the log, `user_message` for the person who asked."""

    #: Whether the same call may succeed later without anyone changing anything.
    retryable: bool = False

    def __init__(self, message: str, *, user_message: str | None = None) -> None:
        super().__init__(message)
        self.user_message = user_message or message


class Refused(MynahError):
    """What was asked cannot be done. `user_message` says what to do instead."""


class NothingToSpeak(Refused):
    """The text holds nothing that can be spoken."""


class TextTooLong(Refused):
    """The text is longer than the limit."""


class QueueFull(Refused):
    """The lane, or the requester within it, has too many jobs waiting."""

    retryable = True


class UnknownVoice(Refused):
    """No such voice, or not for this requester."""


class UnknownJob(Refused):
    """No such job: it never was, or it was purged."""


class StorageFull(Refused):
    """Free disk space is below the reserve."""

    retryable = True


class BadRecording(Refused):
    """It cannot serve as a reference voice: not sound, too long, too little speech …"""


class BadStyle(Refused):
    """No such setting of a voice's style on this engine, or out of its range."""


class BadName(Refused):
    """A voice cannot be called so, or its owner has another one of that name."""


class TooManyVoices(Refused):
    """The owner has as many voices as the settings allow."""

    retryable = True


class TooOften(Refused):
    """The member has tried this as often in the last hour as is allowed."""

    retryable = True


class Busy(Refused):
    """Too many ask for the same at once."""

    retryable = True


class EngineUnknown(Refused):
    """No engine has told yet which voices it has."""

    retryable = True


class NotAllowed(Refused):
    """A rule of the server, of the operator or of a voice's owner forbids it."""


class EngineError(MynahError):
    """Synthesis went wrong."""


class EngineUnavailable(EngineError):
    """No host answers: it is loading, restarting, or out of reach."""

    retryable = True


class AccessRefused(EngineUnavailable):
    """The host does not let us in. The message says what to set, and on which machine."""


class HostFull(EngineUnavailable):
    """The host has as many requests as it takes at once."""

    #: Seconds after which the host may be asked again.
    retry_after: float = 1.0


class HostDied(EngineError):
    """The host died, hung or was killed while it worked on this request."""

    retryable = True


class VoiceMissing(EngineError):
    """The host does not hold the reference voice: send the request again with it."""

    retryable = True


class OutOfMemory(EngineError):
    """The engine's device has no memory left for this request; what was cached may be dropped."""

    retryable = True


class SynthesisFailed(EngineError):
    """The engine refuses this text; trying again is of no use."""


class SetupError(MynahError):
    """The installation is at fault. The message says what to do; the process exits with 2."""


class DataDirectoryInUse(SetupError):
    """Another process runs on the same data directory."""


class DatabaseDamaged(SetupError):
    """The database failed its integrity check, or was written by a newer version."""
