"""Which voice a member speaks in: found by what they typed, or by what they chose.

Knows: what goes before what: typed, chosen here, chosen everywhere, the server's default, the
engine's own. Does not know: how it sounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from engine.errors import NotAllowed, UnknownVoice
from engine.store import rule_queries
from engine.synthesis.base import EngineCard
from engine.voices import access
from engine.voices.builtin import built_in
from engine.voices.desk import UNKNOWN, Desk, Judge, engine_unknown, unknown
from engine.voices.names import name_key
from engine.voices.voice import KEY_SIGN, OPERATOR, Asker, Unnamed, Voice, voice_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a job is to be spoken in: `Say.voice`, `Say.reference`, `Say.style`, `Say.typed`."""

    voice: str  # "" : the engine's own
    reference: str | None = None
    style: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = False  # named for this text: it is spoken in no other


class AmbiguousVoice(UnknownVoice):
    """Several voices that the asker may use have this name: `candidates`."""

    def __init__(self, typed: str, asker: Asker, candidates: tuple[Voice, ...]) -> None:
        which = ", ".join(f"{each.key} ({_whose(each, asker)})" for each in candidates)
        super().__init__(
            f"{len(candidates)} voices are called {typed!r}",
            user_message=f"Several voices are called “{candidates[0].name}”: {which}. "
            "Choose one of those that are offered as you type, or type its number.",
        )
        self.candidates = candidates


class Choosing(Desk):
    async def usable(self, asker: Asker) -> list[Voice]:
        """All that this member may use here: their own first, then by name."""
        return await self._read(lambda judge, _: judge.usable(asker))

    async def find(self, asker: Asker, typed: str) -> Voice:
        """By key ("@12") or name, among those that this member may use here.

        Raises UnknownVoice, in the same words whether there is none or it may not be used;
        AmbiguousVoice.
        """
        return await self._read(lambda judge, _: _find(judge, asker, typed))

    async def get(self, key: str) -> Voice | None:
        """Whoever asks: what may be told of it is the caller's to judge."""
        return await self._read(lambda judge, _: judge.voice(key))

    async def may_use(self, asker: Asker, key: str) -> bool:
        """Whether this member may use the registered voice `key` here; any other: yes."""

        def ask(judge: Judge, _: Connection) -> bool:
            if voice_number(key) is None:
                return True
            voice = judge.voice(key)
            return voice is not None and judge.allows(voice, asker)

        return await self._read(ask)

    async def shown_name(self, key: str, lane: str) -> str | Unnamed | None:
        """A registered voice's name as everyone on `lane` may read it; None where `key` is not one
        of those."""

        def name(judge: Judge, _: Connection) -> str | Unnamed | None:
            if voice_number(key) is None:
                return None
            voice = judge.voice(key)
            if voice is None or not access.named_there(voice, lane, *judge.lane(lane)):
                return Unnamed.PRIVATE
            return voice.name

        return await self._read(name)

    # ---- choices

    async def choose(self, asker: Asker, key: str | None, *, everywhere: bool) -> None:
        """Speak in this voice from now on, a registered or a built-in one; None: in none of one's
        own. Raises UnknownVoice, NotAllowed, EngineUnknown."""
        lane = rule_queries.EVERYWHERE if everywhere else asker.lane
        if lane is None:
            raise NotAllowed(
                "a choice for here, outside of any server",
                user_message="You are on no server here: choose the voice for everywhere.",
            )

        def write(connection: Connection) -> None:
            if key is not None:
                card = self._speech.card
                if card is None and voice_number(key) is None:
                    raise engine_unknown()  # it may have no such voice
                _spoken(self._judge(connection), card, asker, key)
            rule_queries.put_choice(connection, asker.member, lane, key)

        await self._database.write(write)

    async def choices(self, member: str) -> Mapping[str, str]:
        """The voices that a member chose, by lane; that for everywhere by ""."""
        return await self._database.read(lambda c: rule_queries.choices_of(c, member))

    async def chosen(self, asker: Asker, typed: str | None) -> Spoken:
        """What a text of this member's is spoken in here. A choice that may not be used here any
        more, or that the engine does not have, is passed over. What was typed before the engine
        has told its voices, and names no registered one, is left as it is: the job waits for them.

        Raises UnknownVoice, AmbiguousVoice for what was typed.
        """
        card = self._speech.card

        def choose(judge: Judge, connection: Connection) -> Spoken:
            if typed:
                return replace(_typed(judge, card, asker, typed), typed=True)
            chosen = rule_queries.choices_of(connection, asker.member)
            default = judge.lane(asker.lane)[0].default_voice
            for key in (
                None if asker.lane is None else chosen.get(asker.lane),
                chosen.get(rule_queries.EVERYWHERE),
                default,
            ):
                if key is not None:
                    try:
                        return _spoken(judge, card, asker, key)
                    except UnknownVoice:
                        continue  # of no use here and now; it may be elsewhere
            return Spoken(voice="")

        return await self._read(choose)


def _find(judge: Judge, asker: Asker, typed: str) -> Voice:
    if voice_number(typed) is not None:
        voice = judge.voice(typed)
        if voice is None or not judge.allows(voice, asker):
            raise unknown(typed)
        return voice
    wanted = name_key(typed)
    found = [voice for voice in judge.usable(asker) if name_key(voice.name) == wanted]
    if not found:
        raise unknown(typed)
    if len(found) > 1:
        raise AmbiguousVoice(typed, asker, tuple(found))
    return found[0]


def _typed(judge: Judge, card: EngineCard | None, asker: Asker, typed: str) -> Spoken:
    """By id, then by the name of a registered voice, then by that of a built-in one."""
    if voice_number(typed) is not None or _has(card, typed):
        return _spoken(judge, card, asker, typed)
    try:
        return _in(_find(judge, asker, typed))
    except AmbiguousVoice:
        raise
    except UnknownVoice:
        found = built_in(card, typed)
        if found is not None:
            return Spoken(voice=found.id)
        if card is None and not typed.startswith(KEY_SIGN):
            return Spoken(voice=typed)
        raise


def _spoken(judge: Judge, card: EngineCard | None, asker: Asker, key: str) -> Spoken:
    """By id. Raises UnknownVoice."""
    if voice_number(key) is not None:
        return _in(_find(judge, asker, key))
    if card is not None and not _has(card, key):
        raise UnknownVoice(f"no voice {key!r} on the card of {card.name}", user_message=UNKNOWN)
    return Spoken(voice=key)


def _in(voice: Voice) -> Spoken:
    return Spoken(voice=voice.key, reference=voice.reference, style=voice.style)


def _has(card: EngineCard | None, key: str) -> bool:
    return card is not None and any(voice.id == key for voice in card.voices)


def _whose(voice: Voice, asker: Asker) -> str:
    if voice.owner == asker.member:
        return "yours"
    return "the operator's" if voice.owner == OPERATOR else "another member's"
