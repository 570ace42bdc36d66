"""What travels between the bot and an engine's host, as values and as JSON; errors as statuses.

    GET  /health      Health
    GET  /info        EngineInfo
    POST /synthesize  SynthesizeCommand -> the sound, streamed; its end-of-stream page says that it
                      is whole
    DELETE /voices/HASH   forget the embedding of that recording
    any error         {code, message, reason, fields, retryable}; a full host adds `Retry-After`

Of an error, `code` is its kind (see `_CODES`) and `message` is for the log. `reason` is the code of
its sentence, and `fields` are the values in it: numbers and short strings (`MynahError`). Older
hosts send the sentence itself, as `user_message`.

Over TCP each request carries `Authorization: Bearer TOKEN` if the host has a token (`access.py`).

A command in a reference voice names the recording by its hash. A host that does not hold the voice
answers `voice_missing`; then the client sends the same command again with the recording in it.

The values are dataclasses: pydantic would add 8 MB to the host's 64 MB, and 0.2 s to its start.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, Self, TypeGuard

from engine.base.error_text import describe
from engine.model.engine import MOST_CONTEXT, EngineInfo, SynthesisRequest
from engine.model.errors import (
    EngineError,
    EngineUnavailable,
    Failure,
    HostFull,
    OutOfMemory,
    SynthesisFailed,
    VoiceMissing,
)

#: Far above every engine's `most_characters`: that number advises, this one protects.
MOST_CHARACTERS: Final = 5_000
#: Bytes of a command without its recording: a character takes up to 12 as JSON escapes.
MOST_PLAIN_BODY: Final = 64 * 1024
MOST_RECORDING: Final = 2 * 1024 * 1024  # bytes of WAV: 43 s at 24 kHz, many times what is kept
MOST_BODY: Final = MOST_PLAIN_BODY + 4 * (MOST_RECORDING // 3 + 1)  # base64
_MOST_ID: Final = 100
_MOST_STYLES: Final = 32
_MOST_FIELDS: Final = 16  # of an error's sentence
_MOST_FIELD: Final = 300  # characters
_FIELD: Final = re.compile(r"[a-z][a-z_]{0,29}")
_REASON: Final = re.compile(r"[a-z][a-z0-9-]{0,59}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TYPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?= \(|: |$)")  # at the head of `describe`

HostState = Literal["loading", "ready", "failed"]
Format = Literal["ogg", "wav"]


class Invalid(ValueError):
    """A body that is no command; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesizeCommand:
    """A request, when its sound is needed, and in which form. The client chooses the `id`."""

    id: str
    request: SynthesisRequest
    deadline_in: float = 0.0  # seconds until the listeners run dry
    format: Format = "ogg"
    #: The WAV file of the request's reference, whose hash is that reference.
    recording: bytes | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        own = {"id": self.id, "deadline_in": self.deadline_in, "format": self.format}
        body = own | self.request.to_json()
        if self.recording is not None:
            body["recording"] = base64.b64encode(self.recording).decode("ascii")
        return body

    def to_body(self) -> bytes:
        return json.dumps(self.to_json()).encode()

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Raises Invalid, also for a body that is large though its recording is not."""
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
        if len(body) > MOST_PLAIN_BODY and b'"recording"' not in body:  # before it is parsed
            raise Invalid(f"the body is larger than {MOST_PLAIN_BODY} bytes, and has no recording")
        try:
            parsed = json.loads(body)
        except RecursionError as error:
            raise Invalid("the body is nested too deeply") from error
        except ValueError as error:  # no JSON, no UTF-8, a number of thousands of digits
            raise Invalid(f"the body is not JSON: {error}") from error
        command = cls.from_json(parsed)
        encoded = 0 if command.recording is None else len(parsed["recording"])
        if len(body) - encoded > MOST_PLAIN_BODY:
            raise Invalid(f"the body is larger than {MOST_PLAIN_BODY} bytes without its recording")
        return command

    @classmethod
    def from_json(cls, body: object) -> Self:
        """Raises Invalid."""
        if not isinstance(body, dict):
            raise Invalid("the body must be a JSON object")
        if unknown := sorted(map(str, body.keys() - _FIELDS)):
            raise Invalid(f"unknown: {', '.join(unknown)[:200]}")
        text = _text(body, "text", MOST_CHARACTERS)
        if not text:
            raise Invalid("text is missing")
        deadline_in = body.get("deadline_in", 0.0)
        if not _is_number(deadline_in) or not math.isfinite(deadline_in):
            raise Invalid("deadline_in must be a number of seconds")
        form = body.get("format", "ogg")
        if form not in ("ogg", "wav"):
            raise Invalid("format must be ogg or wav")
        if reference := _text(body, "reference", _MOST_ID) or None:
            check_reference(reference)
        seed = body.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int) or not -(2**63) <= seed < 2**63:
            raise Invalid("seed must be an integer of 64 bits")
        return cls(
            id=_text(body, "id", _MOST_ID),
            request=SynthesisRequest(
                text=text,
                voice=_text(body, "voice", _MOST_ID),
                reference=reference,
                context=_text(body, "context", MOST_CONTEXT) or None,
                style=_style(body.get("style", {})),
                seed=seed,
            ),
            deadline_in=float(deadline_in),
            format=form,
            recording=_recording(body.get("recording"), reference),
        )


_FIELDS: Final = frozenset(
    each.name for kind in (SynthesizeCommand, SynthesisRequest) for each in fields(kind)
) - {"request"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A request that holds a slot. It hangs if its last progress was long ago."""

    id: str
    seconds_since_progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why a stream stopped short: an answer that has begun can no longer send a status."""

    id: str
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    state: HostState
    info: EngineInfo | None = None
    error: str | None = None
    busy: tuple[Busy, ...] = ()
    waiting: int = 0  # requests that wait for a slot, or until they may make a WAV file
    voices_held: int = 0  # reference voices in memory
    voices_made: int = 0  # reference voices computed from their recordings since the start
    broken: tuple[Broken, ...] = field(default=())  # the latest few

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Raises KeyError, TypeError for what is no report."""
        if not isinstance(data, Mapping):
            raise TypeError("a report is a JSON object")
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        if known.get("info") is not None:
            known["info"] = EngineInfo.from_json(known["info"])
        known["busy"] = tuple(Busy(**busy) for busy in data.get("busy", ()))
        known["broken"] = tuple(Broken(**broken) for broken in data.get("broken", ()))
        return cls(**known)


#: Each error's code and HTTP status. Any other error is a bug of the host: 500, retryable.
_CODES: Final[tuple[tuple[type[Exception], str, int], ...]] = (
    (Invalid, "invalid", 400),
    (SynthesisFailed, "synthesis_failed", 422),
    (VoiceMissing, "voice_missing", 409),
    (OutOfMemory, "out_of_memory", 507),
    (HostFull, "full", 503),  # before its base class
    (EngineUnavailable, "unavailable", 503),
)


def error_body(code: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    return {"code": code, "message": message, "retryable": retryable}


def describe_error(error: BaseException) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body that tell a client of `error`. Of a library's error without its
    message, which may repeat the text."""
    for kind, code, status in _CODES:
        if isinstance(error, kind):
            body = error_body(code, str(error), retryable=getattr(error, "retryable", False))
            if isinstance(error, EngineError):
                body |= {"reason": error.code, "fields": dict(error.fields)}
            return status, body
    return 500, error_body("engine_error", describe(error), retryable=True)


def error_from(body: object) -> EngineError:
    """The error that a host's error body tells of."""
    if not isinstance(body, Mapping):
        return EngineUnavailable("the host does not speak our protocol")
    message = str(body.get("message", ""))
    for kind, code, _ in _CODES:
        if body.get("code") == code and issubclass(kind, EngineError):
            error = kind(message)
            if (failure := _failure(body)) is not None:
                error.code, error.fields = failure.code, failure.fields
            return error
    # A bug of the host, or another version of it, or another server: its words may be anything.
    name = _TYPE.match(message)
    fault = f"the host has a fault: {name[0] if name else 'unnamed'}"
    return EngineUnavailable(fault) if body.get("retryable") else SynthesisFailed(fault)


def _failure(body: Mapping[str, Any]) -> Failure | None:
    """The reason in a host's error body, with those of its fields that a sentence can show."""
    reason, fields, words = body.get("reason"), body.get("fields"), body.get("user_message")
    if reason is None and isinstance(words, str):
        return Failure("older-version", {"words": words[:_MOST_FIELD]})
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        return None
    given = fields.items() if isinstance(fields, dict) and len(fields) <= _MOST_FIELDS else ()
    return Failure(
        reason, {name: value for name, value in given if _FIELD.fullmatch(name) and _fits(value)}
    )


def _fits(value: object) -> bool:
    if _is_number(value):
        return abs(value) < 2**63  # false also for what is not finite
    return isinstance(value, str) and len(value) <= _MOST_FIELD


def check_reference(reference: str) -> None:
    """Raises Invalid for a string that is no content hash."""
    if not _HASH.fullmatch(reference):
        raise Invalid("reference must be a SHA-256 in hexadecimal")


def _recording(value: object, reference: str | None) -> bytes | None:
    if value is None:
        return None
    if reference is None:
        raise Invalid("recording has no reference")
    if not isinstance(value, str) or len(value) > MOST_BODY:
        raise Invalid("recording must be a WAV file in base64")
    try:
        recording = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Invalid("recording must be a WAV file in base64") from error
    if len(recording) > MOST_RECORDING:
        raise Invalid(f"recording is larger than {MOST_RECORDING} bytes")
    # A client must not choose what another member's voice is made of.
    if hashlib.sha256(recording).hexdigest() != reference:
        raise Invalid("recording is not the one that reference names")
    return recording


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{name} must be a string")
    if len(value) > most:
        raise Invalid(f"{name} is longer than {most} characters")
    return value


def _style(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > _MOST_STYLES:
        raise Invalid(f"style must be an object of at most {_MOST_STYLES} options")
    for name, option in value.items():
        if not isinstance(option, str | bool) and not _is_number(option):
            raise Invalid(f"style {name[:50]!r} must be a string, a number, true or false")
    return value


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
