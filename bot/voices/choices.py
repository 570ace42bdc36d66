"""Voices as members type them: what completes, and which of the engine's voices a typed word means.
Pure.

This file knows the engine's info, and registered voices as they are offered. It does not know
Discord's objects, nor who may use which voice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.locales.escape import plain
from engine.model.engine import BuiltinVoice, EngineInfo
from engine.model.errors import UnknownVoice
from engine.model.voice_names import built_in

#: Discord shows no more choices, nor longer ones.
MOST_CHOICES: Final = 25
MOST_LABEL: Final = 100  # characters

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offered:
    """A choice: what Discord shows, and what it sends when a member takes it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered voice, and its owner as the member reads it: "yours", "public", or a name."""

    key: str
    name: str
    owner: str

    @property
    def offered(self) -> Offered:
        owner = plain(self.owner, MOST_LABEL // 2)
        return Offered(plain(f"{self.name} · {owner}", MOST_LABEL), self.key)


def registered(voices: Iterable[Registered], typed: str) -> list[Offered]:
    """The registered voices that fit what the member typed, the best first."""
    return [each.offered for each in _best(voices, typed, lambda it: (it.key, it.name, it.owner))]


def builtin(info: EngineInfo | None, typed: str) -> list[Offered]:
    """The engine's own voices that fit what the member typed, the best first."""
    return [Offered(voice.name[:MOST_LABEL], voice.id) for voice in completions(info, typed)]


def together(first: Sequence[Offered], then: Sequence[Offered]) -> list[Offered]:
    return [*first, *then][:MOST_CHOICES]


def completions(info: EngineInfo | None, typed: str) -> list[BuiltinVoice]:
    """The engine's own voices that fit what the member typed, the best first."""
    voices = info.voices if info is not None else ()
    return _best(voices, typed, lambda it: (it.id, it.name, it.language))


def _best(voices: Iterable[T], typed: str, names: Callable[[T], tuple[str, str, str]]) -> list[T]:
    """`names`: a voice's id, its name, and what else a member may type."""
    wanted = typed.strip().casefold()
    ranked = [
        (rank, name.casefold(), key, voice)
        for voice in voices
        for key, name, other in [names(voice)]
        if (rank := _rank((key, name, other), name, wanted)) is not None
    ]
    ranked.sort(key=lambda each: each[:3])
    return [voice for *_, voice in ranked[:MOST_CHOICES]]


def _rank(names: Iterable[str], name: str, wanted: str) -> int | None:
    """0 for a name that begins so, 1 for one with a word that begins so, 2 for one that has it."""
    folded = [each.casefold() for each in names]
    if any(each.startswith(wanted) for each in folded):
        return 0
    if any(word.startswith(wanted) for word in name.casefold().replace("(", "").split()):
        return 1
    return 2 if any(wanted in each for each in folded) else None


def builtin_id(info: EngineInfo | None, typed: str) -> str | None:
    """The id of the engine's own voice that is meant, by its id or name; None if there is none."""
    found = built_in(info, typed.strip())
    return None if found is None else found.id


def unknown(info: EngineInfo | None, typed: str) -> UnknownVoice:
    """The refusal of a voice that does not exist, or that the member may not use."""
    near = ", ".join(each.name for each in completions(info, typed)[:3])
    if near:
        return UnknownVoice("unknown voice", code="no-such-voice-near", near=near)
    return UnknownVoice("unknown voice", code="no-such-voice")
