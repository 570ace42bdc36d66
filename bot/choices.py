"""Voices as one types them: what completes, and which one a typed word means.

Knows: the engine's card. Does not know: Discord's objects.
"""

from typing import Final

from engine.errors import UnknownVoice
from engine.synthesis.base import BuiltinVoice, EngineCard

#: Discord shows no more.
MOST_CHOICES: Final = 25


def completions(card: EngineCard | None, typed: str) -> list[BuiltinVoice]:
    """The voices that fit what was typed, the best first."""
    if card is None:
        return []
    wanted = typed.strip().casefold()
    ranked = [(rank, voice) for voice in card.voices if (rank := _rank(voice, wanted)) is not None]
    ranked.sort(key=lambda pair: (pair[0], pair[1].name))
    return [voice for _, voice in ranked[:MOST_CHOICES]]


def _rank(voice: BuiltinVoice, wanted: str) -> int | None:
    """0 for what begins so, 1 for what has a word that begins so, 2 for what contains it."""
    names = (voice.id.casefold(), voice.name.casefold(), voice.language.casefold())
    if any(name.startswith(wanted) for name in names):
        return 0
    if any(word.startswith(wanted) for word in voice.name.casefold().replace("(", "").split()):
        return 1
    return 2 if any(wanted in name for name in names) else None


def voice_id(card: EngineCard | None, typed: str | None) -> str:
    """The id of the voice that a member means; "" for the engine's own choice.

    Raises UnknownVoice. While the engine is not known yet, any word is taken as an id.
    """
    if not typed or not typed.strip():
        return ""
    if card is None:
        return typed.strip()
    wanted = typed.strip().casefold()
    for voice in card.voices:
        if wanted in (voice.id.casefold(), voice.name.casefold()):
            return voice.id
    near = completions(card, typed)[:3]
    hint = f" Did you mean {', '.join(voice.name for voice in near)}?" if near else ""
    raise UnknownVoice(
        "unknown voice",
        user_message=f"There is no such voice.{hint} The option `voice` completes as you type.",
    )
