"""What a server's admins decide about voices, what is reported to them, and the trail.

Knows: decisions. Does not know: who is an admin (the caller has checked), what a decision means for
a use (`permissions.py`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from engine.model.engine import NO_SUCH_VOICE
from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voices import (
    Action,
    AuditEntry,
    ClonePolicy,
    PlaceRules,
    Requester,
    Scope,
    Voice,
    voice_number,
)
from engine.store.transaction import Transaction
from engine.voices import permissions
from engine.voices.freezes import Freezes
from engine.voices.transactions import engine_unknown, unknown

#: What only an admin does.
DECISIONS: Final = (
    *(Action.REMOVE, Action.FREEZE, Action.RELEASE, Action.BAR, Action.UNBAR),
    *(Action.DEFAULT, Action.UPLOADERS, Action.ALLOW),
)
#: Characters of a report that are kept.
MOST_WORDS: Final = 500
_ENTRIES: Final = 50

log = structlog.get_logger(__name__)


class Moderation(Freezes):
    async def rules(self, place: str) -> PlaceRules:
        return await self._database.read(lambda tx: tx.rules.of(place))

    async def set_default(self, requester: Requester, key: str | None) -> None:
        """The voice of those on this server who have chosen none: a built-in one, or one that
        everyone there may use; None: the engine's own. Raises UnknownVoice, NotAllowed,
        EngineUnknown."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            number = None if key is None else voice_number(key)
            if number is not None and key is not None:
                policy = self._policy(tx)
                voice = policy.voice(key)
                if voice is None or not policy.allows(voice, requester):
                    raise unknown(key)
                if not permissions.named_there(voice, place, *policy.place(place)):
                    raise NotAllowed(
                        f"{key} is not for everyone on {place}",
                        user_message="Only a voice that everyone on this server may use can be "
                        "its default. Have it shared with the server first.",
                    )
            elif key is not None:
                self._check_built_in(key)
            self._decide(tx, requester, default_voice=key)
            told = "" if key is None or number is not None else key
            self._tell(tx, requester, Action.DEFAULT, number, told)

        await self._act(write)

    async def set_uploaders(self, requester: Requester, role: str | None) -> None:
        """Only members with this role may upload from now on; None: everyone."""

        def write(tx: Transaction) -> None:
            self._decide(tx, requester, uploaders=role)
            self._tell(tx, requester, Action.UPLOADERS, detail=role or "everyone")

        await self._act(write)

    async def allow(self, requester: Requester, cloned: ClonePolicy) -> None:
        """Which registered voices may be used on this server."""

        def write(tx: Transaction) -> None:
            self._decide(tx, requester, cloned=cloned)
            self._tell(tx, requester, Action.ALLOW, detail=cloned)

        await self._act(write, tell=[""])

    # ---- single voices

    async def seen(self, place: str) -> list[Voice]:
        """Shared with that server or with everyone, spoken there lately, or frozen there."""
        return await self._database.read(lambda tx: tx.voices.seen_on(place))

    async def speakers(self, place: str) -> Mapping[str, str]:
        """The voices that were heard on that server lately, by key, and who spoke in each last."""
        return await self._database.read(lambda tx: tx.voices.speakers_on(place))

    async def frozen(self, place: str) -> frozenset[int]:
        return await self._database.read(lambda tx: tx.freezes.voices_frozen_on(place))

    async def remove(self, requester: Requester, key: str) -> None:
        """End a voice's sharing with this server. Raises UnknownVoice, NotAllowed."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            voice = _seen(tx, place, key)
            if voice.scope is not Scope.SERVER or voice.place != place:
                raise NotAllowed(
                    f"{key} is not shared with {place}",
                    user_message="This voice is not shared with this server, so there is nothing "
                    "to remove. To keep it from being spoken here, freeze it.",
                )
            tx.voices.update(voice.id, scope=Scope.PRIVATE, place=None)
            if tx.rules.of(place).default_voice == voice.key:
                self._decide(tx, requester, default_voice=None)
            self._tell(tx, requester, Action.REMOVE, voice.id)

        await self._act(write, tell=[key])

    async def freeze(self, requester: Requester, key: str) -> None:
        """Its recording may not be spoken on this server until it is released, no matter who
        gives it: other voices of it fall under the freeze too, those to come included. Raises
        UnknownVoice."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            voice = _seen(tx, place, key)
            tx.freezes.freeze(place, voice)
            self._tell(tx, requester, Action.FREEZE, voice.id)

        await self._act(write, tell=[""])  # the same recording may be in several
        await self._recognized_soon()

    async def release(self, requester: Requester, key: str) -> None:
        """The recording may be spoken again, in all voices that were recognized as it. Raises
        UnknownVoice."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            voice = _seen(tx, place, key)
            tx.freezes.release(place, voice)
            self._tell(tx, requester, Action.RELEASE, voice.id)

        await self._act(write, tell=[""])

    # ---- members

    async def barred(self, place: str) -> frozenset[str]:
        """The members who may not give voices to that server."""
        return await self._database.read(lambda tx: tx.freezes.members_blocked_on(place))

    async def bar(self, requester: Requester, member: str) -> None:
        """This member cannot upload voices on the server or share any with it from now on, and
        none of theirs is spoken there, until it is taken back."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            tx.freezes.block_member(place, member)
            self._tell(tx, requester, Action.BAR, detail=member)

        await self._act(write, tell=[""])

    async def unbar(self, requester: Requester, member: str) -> None:
        """Raises NotAllowed where the member is not barred."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            if member not in tx.freezes.members_blocked_on(place):
                raise NotAllowed(
                    f"{member} is not barred on {place}",
                    user_message="This member is not barred from giving voices here.",
                )
            tx.freezes.unblock_member(place, member)
            self._tell(tx, requester, Action.UNBAR, detail=member)

        await self._act(write, tell=[""])

    # ---- reports, and the trail

    async def report(self, requester: Requester, key: str, words: str) -> Voice:
        """Tell the admins of this server, and the operator by the log, what is wrong with a voice
        that was heard here or that the asker may use. Raises UnknownVoice."""

        def write(tx: Transaction) -> Voice:
            policy = self._policy(tx)
            voice = policy.voice(key)
            if voice is None or not policy.allows(voice, requester):
                voice = _seen(tx, _place(requester), key)
            self._tell(tx, requester, Action.REPORT, voice.id, words[:MOST_WORDS])
            return voice

        voice = await self._database.write(write)
        # Ids only, as everywhere in the log: the words are in the trail.
        log.warning(
            "A voice was reported",
            voice=voice.key,
            reference=voice.reference,
            place=requester.place,
        )
        return voice

    async def audit(
        self, place: str | None, *, actor: str | None = None, limit: int = _ENTRIES
    ) -> list[AuditEntry]:
        """The newest first: of one server, or (None) of all, in direct messages too."""
        return await self._database.read(
            lambda tx: tx.audit.entries(place=place, actor=actor, limit=limit)
        )

    async def deciders(self, place: str, *, limit: int) -> list[str]:
        """Who has decided about voices on that server, the latest first. They were admins then."""
        return await self._database.read(lambda tx: tx.audit.actors(place, DECISIONS, limit=limit))

    def _decide(self, tx: Transaction, requester: Requester, **decided: object) -> None:
        place = _place(requester)
        rules = tx.rules.of(place)
        tx.rules.put(place, replace(rules, **decided))  # type: ignore[arg-type]

    def _check_built_in(self, key: str) -> None:
        info = self._speech.info
        if info is None:
            raise engine_unknown()
        if not any(voice.id == key for voice in info.voices):
            raise UnknownVoice(
                f"no voice {key!r} on the card of {info.name}", user_message=NO_SUCH_VOICE
            )


def _place(requester: Requester) -> str:
    if requester.place is None:
        raise NotAllowed(
            "a decision outside of any server",
            user_message="This is decided on a server: use the command there.",
        )
    return requester.place


def _seen(tx: Transaction, place: str, key: str) -> Voice:
    """Of others, nobody is told whether they exist."""
    for voice in tx.voices.seen_on(place):
        if voice.key == key:
            return voice
    raise unknown(key)
