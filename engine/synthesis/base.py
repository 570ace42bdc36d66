"""The seam between text and sound: what every engine is, asks for and gives.

Knows: the Synthesizer protocol, its request, its card. Does not know: HTTP, queues, torch, numpy.
The bot's process imports this file too, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from engine.synthesis.audio import Pcm

#: Characters of a request's context: enough to tell a language.
MOST_CONTEXT: Final = 300
#: Said where a text asks for a voice that the engine does not have.
NO_SUCH_VOICE: Final = "There is no such voice. Choose one of those that are offered as you type."
#: Characters of a voice's name that are repeated in a refusal.
MOST_VOICE_NAME: Final = 100


def no_such_voice(typed: str) -> str:
    """The same, of a job that has waited for the engine: by name, for that was some time ago."""
    return (
        f"There is no voice “{typed[:MOST_VOICE_NAME]}” here. "
        "Choose one of those that are offered as you type."
    )


#: Said where an engine speaks in reference voices only, and a text has none.
NO_VOICE: Final = (
    "The engine that speaks here has no voice of its own. Give me a voice with `/voice upload`, or "
    "choose one that you may use."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinVoice:
    """A voice that the engine brings along."""

    id: str
    name: str  # for people: "English (America)"
    language: str  # BCP 47: "en-US"


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSetting:
    """One knob of how an engine speaks: its range and what it is when nobody turns it."""

    name: str
    kind: Literal["number", "integer", "switch"]
    least: float  # of a switch: 0
    most: float  # of a switch: 1
    default: float | None  # None: the engine's own choice at each request

    def takes(self, value: object) -> bool:
        """Whether `value` is of its kind, finite and in its range."""
        if self.kind == "switch" or isinstance(value, bool):
            return self.kind == "switch" and isinstance(value, bool)
        if not isinstance(value, int | float) or not self.least <= value <= self.most:
            return False
        return self.kind == "number" or float(value).is_integer()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCard:
    """What an engine is and can do. It travels as JSON from the host to the bot."""

    name: str
    version: str
    voices: tuple[BuiltinVoice, ...]
    default_voice: str  # "": it has none, and speaks in reference voices only
    languages: tuple[str, ...]
    least_characters: int  # a chunk shorter than this may come out wrong
    most_characters: int  # a chunk longer than this may come out wrong
    slots: int  # requests that it works on at once
    clones: bool
    styles: tuple[StyleSetting, ...]  # what it honours of a request's style
    finds_language: bool = False  # it reads a text in the language that it finds it to be in

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EngineCard:
        """What a newer host tells beyond this is left aside."""
        known = {each.name for each in fields(cls)}
        return cls(
            **{
                **{name: value for name, value in data.items() if name in known},
                "voices": tuple(BuiltinVoice(**voice) for voice in data["voices"]),
                "languages": tuple(data["languages"]),
                "styles": tuple(StyleSetting(**style) for style in data["styles"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One chunk to speak. It travels as JSON from the bot to the host."""

    text: str = field(repr=False)
    voice: str  # the id of a built-in voice; with a reference, its voice's id: "@12"
    reference: str | None = None  # the content hash of a reference voice's recording
    language: str | None = None
    #: The beginning of the text that this is a part of, for an engine that finds languages: a
    #: short part may not tell its own.
    context: str | None = field(default=None, repr=False)
    style: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class VoiceState(Protocol):
    """An engine's own representation of a reference voice. Opaque to everyone else."""


class Synthesizer(Protocol):
    """One engine. `load` and `condition` block; the host calls them off its event loop."""

    def describe(self) -> EngineCard:
        """The card. May be called before `load`."""
        ...

    def load(self) -> None:
        """Make ready to speak. Raises SetupError where something is missing."""
        ...

    def condition(self, reference: Pcm) -> VoiceState:
        """Compute the state of a reference voice. Raises SynthesisFailed if it cannot clone, or
        not by this recording; OutOfMemory."""
        ...

    def dump(self, voice: VoiceState) -> bytes:
        """A state in a form that can be kept on disk."""
        ...

    def restore(self, dumped: bytes) -> VoiceState:
        """The state that was dumped. Runs no code out of it. Raises ValueError for anything that
        `dump` of this engine's version did not make."""
        ...

    def relieve(self) -> None:
        """Free what memory can be freed: it has run out."""
        ...

    def synthesize(
        self, request: SynthesisRequest, voice: VoiceState | None
    ) -> AsyncGenerator[Pcm, None]:
        """Yield the sound in pieces, as it is made; stops working when it is closed.

        Every voice comes at the house's loudness (`audio.SPEECH_LOUDNESS`, by a fixed gain); the
        rest of the finish is the host's. An empty piece is a sign of life: an engine that thinks
        for long gives one now and then, for silence counts as a hang.
        Raises SynthesisFailed for a text that it cannot speak; OutOfMemory.
        """
        ...


class EngineState(StrEnum):
    LOADING = "loading"  # the host starts, or its model loads
    READY = "ready"
    DOWN = "down"  # no host answers; the supervisor is at it


class Engine(Protocol):
    """The bot's side of a host: what the queue needs of it. `client.HostClient` is the real one."""

    @property
    def state(self) -> EngineState: ...

    @property
    def spare_speaks(self) -> bool:
        """Whether another engine speaks while the one that was chosen is down."""
        ...

    async def start(self) -> None:
        """Begin to bring the host up; returns at once."""
        ...

    async def close(self) -> None:
        """Let go of the host; a child of ours has exited when this returns."""
        ...

    async def card(self) -> EngineCard:
        """The card of the host, once it is ready. Waits for as long as that takes."""
        ...

    def synthesize(
        self, request: SynthesisRequest, *, due_in: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield an Ogg Opus stream in pieces as they arrive (48 kHz stereo, 20 ms packets).

        It ends normally only when the stream is complete (its end-of-stream page was seen).
        Closing the iterator cancels the work in the host. `due_in`: seconds until the listeners
        run dry, by which the host orders its slots.
        Raises EngineUnavailable, HostDied, SynthesisFailed.
        """
        ...

    async def forget(self, reference: str) -> None:
        """Drop the state of this reference voice, in memory and on disk; nothing where there is
        none. Raises EngineUnavailable where no host answers: ask again later."""
        ...
