"""Which voice a member speaks in: the voice that they typed, or the voice that they chose.

Knows: the order of precedence: typed, chosen here, chosen everywhere, the server's default, the
engine's own voice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from engine.model.engine import EngineInfo
from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voice_names import built_in
from engine.model.voices import KEY_SIGN, Requester, Unnamed, Voice, voice_number
from engine.queue import SpeechQueue
from engine.store.transaction import EVERYWHERE, Transaction
from engine.voices import permissions
from engine.voices.directory import AmbiguousVoice, named, only
from engine.voices.transactions import (
    VoicePolicy,
    VoiceTransactions,
    engine_unknown,
    unknown,
)

T = TypeVar("T")

#: Texts that a front end checks again when the name of a voice must no longer be shown.
MOST_SPOKEN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSelection:
    """The voice and style of a job: these fields of `JobRequest`."""

    voice: str  # "": the engine's own voice
    reference: str | None = None
    style: Mapping[str, Any] = field(default_factory=dict)
    typed: bool = False  # named for this text, which is spoken in no other voice


@dataclass(frozen=True, slots=True)
class Selection:
    transactions: VoiceTransactions
    speech: SpeechQueue

    async def usable(self, requester: Requester) -> list[Voice]:
        """All voices that the requester may use here: their own first, then by name."""
        return await self._read(lambda policy, _: policy.usable(requester))

    async def find(self, requester: Requester, typed: str) -> Voice:
        """Find a voice by key ("@12") or name, among those that the requester may use here.

        Raises UnknownVoice, in the same words whether the voice does not exist or may not be used;
        AmbiguousVoice.
        """
        return await self._read(lambda policy, _: _find(policy, requester, typed))

    async def get(self, key: str) -> Voice | None:
        """The voice with this key. No permission is checked: the caller decides what to reveal."""
        return await self._read(lambda policy, _: policy.voice(key))

    async def may_use(self, requester: Requester, key: str) -> bool:
        """Whether the requester may use the voice `key` here. True for voices of the engine."""

        def ask(policy: VoicePolicy, _: Transaction) -> bool:
            if voice_number(key) is None:
                return True
            voice = policy.voice(key)
            return voice is not None and policy.allows(voice, requester)

        return await self._read(ask)

    async def shown_name(self, key: str, place: str | None) -> str | Unnamed | None:
        """A registered voice's name as everyone on `place` may read it. None if `key` is not
        the key of a registered voice."""

        def name(policy: VoicePolicy, _: Transaction) -> str | Unnamed | None:
            if voice_number(key) is None:
                return None
            voice = policy.voice(key)
            if voice is None or not permissions.named_there(voice, place, *policy.place(place)):
                return Unnamed.PRIVATE
            return voice.name

        return await self._read(name)

    async def spoken_in(self, key: str, *, frontend: str) -> list[int]:
        """The front end's ended jobs in this registered voice, or ("") in any; newest first."""
        return await self.transactions.read(
            lambda tx: tx.jobs.ended_in(frontend, key or None, most=MOST_SPOKEN)
        )

    async def _read(self, query: Callable[[VoicePolicy, Transaction], T]) -> T:
        return await self.transactions.read(lambda tx: query(self.transactions.policy(tx), tx))

    # ---- choices

    async def choose(self, requester: Requester, key: str | None, *, everywhere: bool) -> None:
        """Choose the registered or built-in voice that the member speaks in from now on. None
        removes the choice. Raises UnknownVoice, NotAllowed, EngineUnknown."""
        place = EVERYWHERE if everywhere else requester.place
        if place is None:
            raise NotAllowed("a choice for here, outside of any server", code="here-needs-server")

        def write(tx: Transaction) -> None:
            if key is not None:
                info = self.speech.info
                if info is None and voice_number(key) is None:
                    raise engine_unknown()  # the engine may have no such voice
                _spoken(self.transactions.policy(tx), info, requester, key)
            tx.rules.put_choice(requester.member, place, key)

        await self.transactions.write(write)

    async def choices(self, member: str) -> Mapping[str, str]:
        """The voices that a member chose, by place. The key for everywhere is ""."""
        return await self.transactions.read(lambda tx: tx.rules.choices_of(member))

    async def chosen(self, requester: Requester, typed: str | None) -> VoiceSelection:
        """The voice in which a text of the requester is spoken here.

        A choice that may no longer be used here, or that the engine does not have, is skipped. If
        `typed` names no registered voice and the engine's voices are not known yet, the job keeps
        `typed` and waits for them.

        Raises UnknownVoice, AmbiguousVoice for `typed`.
        """
        info = self.speech.info

        def choose(policy: VoicePolicy, tx: Transaction) -> VoiceSelection:
            if typed:
                return replace(_typed(policy, info, requester, typed), typed=True)
            chosen = tx.rules.choices_of(requester.member)
            default = policy.place(requester.place)[0].default_voice
            for key in (
                None if requester.place is None else chosen.get(requester.place),
                chosen.get(EVERYWHERE),
                default,
            ):
                if key is not None:
                    try:
                        return _spoken(policy, info, requester, key)
                    except UnknownVoice:
                        continue  # not usable here and now, but perhaps elsewhere
            return VoiceSelection(voice="")

        return await self._read(choose)


def _find(policy: VoicePolicy, requester: Requester, typed: str) -> Voice:
    if voice_number(typed) is not None:
        voice = policy.voice(typed)
        if voice is None or not policy.allows(voice, requester):
            raise unknown(typed)
        return voice
    return only(named(policy.usable(requester), typed), unknown(typed))


def _typed(
    policy: VoicePolicy, info: EngineInfo | None, requester: Requester, typed: str
) -> VoiceSelection:
    """Look up by id, then by the name of a registered voice, then of a built-in voice."""
    if voice_number(typed) is not None or _has(info, typed):
        return _spoken(policy, info, requester, typed)
    try:
        return _in(_find(policy, requester, typed))
    except AmbiguousVoice:
        raise
    except UnknownVoice:
        found = built_in(info, typed)
        if found is not None:
            return VoiceSelection(voice=found.id)
        if info is None and not typed.startswith(KEY_SIGN):
            return VoiceSelection(voice=typed)
        raise


def _spoken(
    policy: VoicePolicy, info: EngineInfo | None, requester: Requester, key: str
) -> VoiceSelection:
    """Look up by id. Raises UnknownVoice."""
    if voice_number(key) is not None:
        return _in(_find(policy, requester, key))
    if info is not None and not _has(info, key):
        raise unknown(key)
    return VoiceSelection(voice=key)


def _in(voice: Voice) -> VoiceSelection:
    return VoiceSelection(voice=voice.key, reference=voice.reference, style=voice.style)


def _has(info: EngineInfo | None, key: str) -> bool:
    return info is not None and any(voice.id == key for voice in info.voices)
