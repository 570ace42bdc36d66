"""What travels between the bot and a host, as values and as JSON; the host's errors as statuses.

    GET  /health      Health
    GET  /info        EngineCard
    POST /synthesize  Order -> the sound, streamed; its end-of-stream page says that it is whole
    DELETE /voices/HASH   forget what was made of that recording
    any error         {code, message, retryable}; of a full host with `Retry-After`

Over TCP each request carries `Authorization: Bearer TOKEN` if the host has a token (`access.py`).

An order in a reference voice names the recording by its hash. A host that does not hold the voice
answers `voice_missing`; then the same order is sent again with the recording in it.

Knows: the form of each message and what is wrong with one. Does not know: HTTP, engines.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from engine.base.error_text import describe
from engine.model.engine import MOST_CONTEXT, EngineInfo, SynthesisRequest
from engine.model.errors import (
    EngineError,
    EngineUnavailable,
    HostFull,
    OutOfMemory,
    SynthesisFailed,
    VoiceMissing,
)

#: Far above every card's `most_characters`: the card advises, this protects.
MOST_CHARACTERS: Final = 5_000
#: Bytes of an order, its recording aside: a character takes up to 12 as JSON escapes.
MOST_WORDS: Final = 64 * 1024
MOST_RECORDING: Final = 2 * 1024 * 1024  # bytes of WAV: 43 s at 24 kHz, many times what is kept
MOST_BODY: Final = MOST_WORDS + 4 * (MOST_RECORDING // 3 + 1)  # base64
_MOST_ID: Final = 100
_MOST_STYLES: Final = 32
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TYPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?= \(|: |$)")  # at the head of `describe`

HostState = Literal["loading", "ready", "failed"]
Format = Literal["ogg", "wav"]


class Invalid(ValueError):
    """A body that is no order; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesizeCommand:
    """A request, when its sound is needed, in which form. `id` is the client's name for it."""

    id: str
    request: SynthesisRequest
    deadline_in: float = 0.0  # seconds until the listeners run dry
    format: Format = "ogg"
    #: Of the request's reference: the WAV file that has its hash.
    recording: bytes | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        body = {
            "id": self.id,
            "deadline_in": self.deadline_in,
            "format": self.format,
            **self.request.to_json(),
        }
        if self.recording is not None:
            body["recording"] = base64.b64encode(self.recording).decode("ascii")
        return body

    def to_body(self) -> bytes:
        return json.dumps(self.to_json()).encode()

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Raises Invalid, also for a body that is large without a recording's being so."""
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
        if len(body) > MOST_WORDS and b'"recording"' not in body:  # before any of it is parsed
            raise Invalid(f"the body is larger than {MOST_WORDS} bytes, and has no recording")
        try:
            parsed = json.loads(body)
        except RecursionError as error:
            raise Invalid("the body is nested too deep") from error
        except ValueError as error:  # no JSON, no UTF-8, a number of thousands of digits
            raise Invalid(f"the body is no JSON: {error}") from error
        command = cls.from_json(parsed)
        of_recording = 0 if command.recording is None else len(parsed["recording"])
        if len(body) - of_recording > MOST_WORDS:
            raise Invalid(f"the body is larger than {MOST_WORDS} bytes without its recording")
        return command

    @classmethod
    def from_json(cls, body: object) -> Self:
        """Raises Invalid."""
        if not isinstance(body, dict):
            raise Invalid("the body must be a JSON object")
        known = {
            "id",
            "deadline_in",
            "format",
            "text",
            "voice",
            "reference",
            "recording",
            "context",
            "style",
            "seed",
        }
        if unknown := sorted(map(str, body.keys() - known)):
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
        reference = _text(body, "reference", _MOST_ID) or None
        if reference is not None:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A request that holds a slot. A hang is one whose progress is long ago."""

    id: str
    seconds_since_progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why a stream that had begun stopped short: an answer that has begun has no status left."""

    id: str
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The host's own account of itself."""

    state: HostState
    info: EngineInfo | None = None
    error: str | None = None
    busy: tuple[Busy, ...] = ()
    waiting: int = 0  # requests that wait for a slot, or for a place for their WAV file
    voices_held: int = 0  # reference voices in memory
    voices_made: int = 0  # reference voices computed from their recordings since the start
    broken: tuple[Broken, ...] = field(default=())  # the latest few

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        info = data.get("info")
        return cls(
            state=data["state"],
            info=EngineInfo.from_json(info) if info is not None else None,
            error=data.get("error"),
            busy=tuple(Busy(**busy) for busy in data.get("busy", ())),
            waiting=data.get("waiting", 0),
            voices_held=data.get("voices_held", 0),
            voices_made=data.get("voices_made", 0),
            broken=tuple(Broken(**broken) for broken in data.get("broken", ())),
        )


#: Each error's code and HTTP status. What is not listed is the host's own fault: 500, retryable.
_CODES: Final[tuple[tuple[type[Exception], str, int], ...]] = (
    (Invalid, "invalid", 400),
    (SynthesisFailed, "synthesis_failed", 422),
    (VoiceMissing, "voice_missing", 409),
    (OutOfMemory, "out_of_memory", 507),
    (HostFull, "full", 503),  # before what it is a kind of
    (EngineUnavailable, "unavailable", 503),
)


def describe_error(error: BaseException) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body that tell a client of `error`. Not in the words of a library's
    error: they may repeat the text."""
    for kind, code, status in _CODES:
        if isinstance(error, kind):
            told = error.user_message if isinstance(error, EngineError) else None
            return status, {
                "code": code,
                "message": str(error),
                "user_message": told,
                "retryable": bool(getattr(error, "retryable", False)),
            }
    return 500, {
        "code": "engine_error",
        "message": describe(error),
        "user_message": None,
        "retryable": True,
    }


def error_from(body: object) -> EngineError:
    """The error of ours that a host's error body tells of."""
    if not isinstance(body, Mapping):
        return EngineUnavailable("the host answered with something else than our protocol")
    message, told = str(body.get("message", "")), body.get("user_message")
    for kind, code, _ in _CODES:
        if body.get("code") == code and issubclass(kind, EngineError):
            return kind(message, user_message=told)
    # A fault of the host's own: of another version, or another's, it may come with any words.
    kind_of_fault = _TYPE.match(message)
    fault = f"the host has a fault: {kind_of_fault[0] if kind_of_fault else 'unnamed'}"
    return EngineUnavailable(fault) if body.get("retryable") else SynthesisFailed(fault)


def check_reference(reference: str) -> None:
    """Raises Invalid for what is no content hash."""
    if not _HASH.fullmatch(reference):
        raise Invalid("reference must be a SHA-256 in hexadecimal")


def _recording(value: object, reference: str | None) -> bytes | None:
    if value is None:
        return None
    if reference is None:
        raise Invalid("recording is of no reference")
    if not isinstance(value, str) or len(value) > MOST_BODY:
        raise Invalid("recording must be a WAV file in base64")
    try:
        recording = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Invalid("recording must be a WAV file in base64") from error
    if len(recording) > MOST_RECORDING:
        raise Invalid(f"recording is larger than {MOST_RECORDING} bytes")
    # Whoever wrote the order does not choose what another member's voice is made of.
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
        raise Invalid(f"style must be an object of at most {_MOST_STYLES} settings")
    for name, setting in value.items():
        if not isinstance(setting, str | bool) and not _is_number(setting):
            raise Invalid(f"style {name[:50]!r} must be a string, a number, true or false")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
