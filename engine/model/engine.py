"""What an engine is, and what is asked of it: values that travel between the bot and an engine.

The bot's process imports this file too, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Literal

from engine.model.errors import SynthesisFailed

#: Where a model runs; `auto`: on a GPU if there is one.
Device = Literal["auto", "cuda", "mps", "cpu"]
#: Characters of a request's context: enough to tell a language.
MOST_CONTEXT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinVoice:
    """A voice that the engine brings along."""

    id: str
    name: str  # for people: "English (America)"
    language: str  # BCP 47: "en-US"


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOption:
    """One option of how an engine speaks: its range, and its value where nobody chose one."""

    name: str
    kind: Literal["number", "integer", "switch"]
    least: float  # of a switch: 0
    most: float  # of a switch: 1
    default: float | None  # None: the engine chooses at each request

    def takes(self, value: object) -> bool:
        """Whether `value` is of its kind, finite and in its range."""
        if self.kind == "switch" or isinstance(value, bool):
            return self.kind == "switch" and isinstance(value, bool)
        if not isinstance(value, int | float) or not self.least <= value <= self.most:
            return False
        return self.kind == "number" or float(value).is_integer()

    def chosen(self, style: Mapping[str, Any]) -> float | None:
        """Its value in a request's style, a switch as 0 or 1; its default if the style lacks it.

        Raises SynthesisFailed for a value that it does not take.
        """
        if self.name not in style:
            return self.default
        value = style[self.name]
        if not self.takes(value):
            raise SynthesisFailed(
                f"style {self.name} is out of range",
                code="style-out-of-range",
                kind=self.kind,
                style=self.name,
                least=self.least,
                most=self.most,
            )
        return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """What an engine is and can do. It travels as JSON from the host to the bot."""

    name: str
    version: str
    voices: tuple[BuiltinVoice, ...]
    default_voice: str  # "": none; it speaks in registered voices only
    languages: tuple[str, ...]
    least_characters: int  # a shorter chunk may come out wrong
    most_characters: int  # a longer chunk may come out wrong
    slots: int  # requests that it works on at once
    clones: bool
    styles: tuple[StyleOption, ...]  # what it honours of a request's style
    finds_language: bool = False  # it tells by itself which language a text is in

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> EngineInfo:
        """Fields that only a newer host knows are ignored. Raises KeyError, TypeError."""
        if not isinstance(data, Mapping):
            raise TypeError("an engine's info is a JSON object")
        known = {each.name for each in fields(cls)}
        return cls(
            **{
                **{name: value for name, value in data.items() if name in known},
                "voices": tuple(BuiltinVoice(**voice) for voice in data["voices"]),
                "languages": tuple(data["languages"]),
                "styles": tuple(StyleOption(**style) for style in data["styles"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One chunk to speak. It travels as JSON from the bot to the host."""

    text: str = field(repr=False)
    voice: str  # the id of a built-in voice; with a reference, the registered voice's id: "@12"
    reference: str | None = None  # the content hash of a registered voice's recording
    #: The beginning of the text that this is a part of, for an engine that finds languages: a
    #: short part may not be enough to tell.
    context: str | None = field(default=None, repr=False)
    style: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0  # the same seed gives the same sound, where an engine draws at random

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class EngineState(StrEnum):
    LOADING = "loading"  # the host starts, or its model loads
    READY = "ready"
    DOWN = "down"  # no host answers; the supervisor is working on it
