"""Decisions of a server's admins about voices, reports to them, and the audit log.

Does not know: who is an admin (the caller checks that), what a decision means for a use
(`permissions.py`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from engine.model.errors import NotAllowed
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
from engine.queue import SpeechQueue
from engine.store.transaction import Transaction
from engine.voices import permissions
from engine.voices.directory import PlaceVoices, readable_by_admins
from engine.voices.freezes import Freezes
from engine.voices.rate_limits import LimitedAction, RateLimits
from engine.voices.transactions import VoiceTransactions, engine_unknown, unknown

#: The actions of admins.
DECISIONS: Final = (
    *(Action.REMOVE, Action.FREEZE, Action.RELEASE, Action.BAR, Action.UNBAR),
    *(Action.DEFAULT, Action.UPLOADERS, Action.ALLOW),
)
#: After one of these, a report of the voice is no longer open.
_ANSWERS: Final = {Action.REMOVE, Action.FREEZE, Action.RELEASE, Action.DELETE}
#: Characters of a report that are kept.
MOST_WORDS: Final = 500
#: Entries of the audit log that one answer looks through.
MOST_ENTRIES: Final = 2000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Moderation:
    transactions: VoiceTransactions
    freezes: Freezes
    rate_limits: RateLimits
    speech: SpeechQueue

    async def rules(self, place: str) -> PlaceRules:
        return await self.transactions.read(lambda tx: tx.rules.of(place))

    async def set_default(self, requester: Requester, key: str | None) -> None:
        """Set the voice of members on this server who have not chosen a voice.

        `key` is a built-in voice, a voice that everyone there may use, or None for the engine's
        own. Raises UnknownVoice, NotAllowed, EngineUnknown.
        """
        number = None if key is None else voice_number(key)

        def change(tx: Transaction, place: str) -> int | None:
            if number is not None and key is not None:
                policy = self.transactions.policy(tx)
                voice = policy.voice(key)
                if voice is None or not policy.allows(voice, requester):
                    raise unknown(key)
                if not permissions.named_there(voice, place, *policy.place(place)):
                    raise NotAllowed(
                        f"{key} is not for everyone on {place}", code="default-not-shared"
                    )
            elif key is not None:
                self._check_built_in(key)
            _update_rules(tx, place, default_voice=key)
            return number

        detail = "" if key is None or number is not None else key
        await self._decide(requester, Action.DEFAULT, change, detail=detail, changed=())

    async def set_uploaders(self, requester: Requester, role: str | None) -> None:
        """Let only members with this role upload from now on. None: everyone."""

        def change(tx: Transaction, place: str) -> None:
            _update_rules(tx, place, uploaders=role)

        detail = role or "everyone"
        await self._decide(requester, Action.UPLOADERS, change, detail=detail, changed=())

    async def allow(self, requester: Requester, cloned: ClonePolicy) -> None:
        """Set which registered voices may be used on this server."""

        def change(tx: Transaction, place: str) -> None:
            _update_rules(tx, place, cloned=cloned)

        await self._decide(requester, Action.ALLOW, change, detail=cloned)

    # ---- single voices

    async def seen(self, place: str) -> list[Voice]:
        """The voices that are shared with that server or with everyone, were spoken there lately,
        or are frozen there."""
        return await self.transactions.read(lambda tx: tx.voices.seen_on(place))

    async def speakers(self, place: str) -> Mapping[str, str]:
        """The last member who spoke in each voice that was heard on that server lately, by key."""
        return await self.transactions.read(lambda tx: tx.voices.speakers_on(place))

    async def on_place(self, place: str) -> PlaceVoices:
        """The same voices as its admins see them."""
        return readable_by_admins(await self.seen(place), place)

    async def reportable(self, requester: Requester) -> PlaceVoices:
        """The voices that a member may use here, and those that were heard here. They can read the
        names of the first; of the others they see who spoke in them, because the owner may have
        shared one with a few members. Raises NotAllowed outside of a server."""
        place = _place(requester)

        def found(tx: Transaction) -> PlaceVoices:
            usable = self.transactions.policy(tx).usable(requester)
            speakers = tx.voices.speakers_on(place)
            heard = [each for each in tx.voices.seen_on(place) if each.key in speakers]
            both = {each.id: each for each in (*usable, *heard)}
            return PlaceVoices(list(both.values()), {each.id for each in usable}, speakers)

        return await self.transactions.read(found)

    async def frozen(self, place: str) -> frozenset[int]:
        return await self.transactions.read(lambda tx: tx.freezes.voices_frozen_on(place))

    async def remove(self, requester: Requester, key: str) -> None:
        """Stop sharing a voice with this server. Raises UnknownVoice, NotAllowed."""

        def change(tx: Transaction, place: str) -> int:
            voice = _visible(tx, place, key)
            if voice.scope is not Scope.SERVER or voice.place != place:
                raise NotAllowed(f"{key} is not shared with {place}", code="not-shared-here")
            tx.voices.update(voice.id, scope=Scope.PRIVATE, place=None)
            if tx.rules.of(place).default_voice == voice.key:
                _update_rules(tx, place, default_voice=None)
            return voice.id

        await self._decide(requester, Action.REMOVE, change, changed=[key])

    async def freeze(self, requester: Requester, key: str) -> None:
        """Forbid the voice's recording on this server until an admin releases it.

        The freeze covers all voices of the same recording, by any owner, including future voices.
        Raises UnknownVoice.
        """

        def change(tx: Transaction, place: str) -> int:
            voice = _visible(tx, place, key)
            tx.freezes.freeze(place, voice)
            return voice.id

        await self._decide(requester, Action.FREEZE, change)
        await self.freezes.find_older()

    async def release(self, requester: Requester, key: str) -> None:
        """End the freeze of the recording, for all voices that were recognized as it. Raises
        UnknownVoice."""

        def change(tx: Transaction, place: str) -> int:
            voice = _visible(tx, place, key)
            tx.freezes.release(place, voice)
            return voice.id

        await self._decide(requester, Action.RELEASE, change)

    # ---- members

    async def blocked_members(self, place: str) -> frozenset[str]:
        """The members who may not add voices to that server, because an admin blocked them."""
        return await self.transactions.read(lambda tx: tx.freezes.members_blocked_on(place))

    async def block_member(self, requester: Requester, member: str) -> None:
        """Block a member from uploading voices on this server and sharing voices with it.

        The member's voices are not spoken there until `unblock_member`.
        """

        def change(tx: Transaction, place: str) -> None:
            tx.freezes.block_member(place, member)

        await self._decide(requester, Action.BAR, change, detail=member)

    async def unblock_member(self, requester: Requester, member: str) -> None:
        """End the block of a member. Raises NotAllowed if the member is not blocked."""

        def change(tx: Transaction, place: str) -> None:
            if member not in tx.freezes.members_blocked_on(place):
                raise NotAllowed(f"{member} is not blocked on {place}", code="member-not-blocked")
            tx.freezes.unblock_member(place, member)

        await self._decide(requester, Action.UNBAR, change, detail=member)

    # ---- reports and the audit log

    async def report(self, requester: Requester, key: str, words: str) -> Voice:
        """Record in the audit log, and in the operator's log, what is wrong with a voice that was
        heard here or that the requester may use. Raises UnknownVoice, TooOften, StorageFull."""
        await self.rate_limits.attempt(requester.member, LimitedAction.REPORT)

        def write(tx: Transaction) -> Voice:
            policy = self.transactions.policy(tx)
            voice = policy.voice(key)
            if voice is None or not policy.allows(voice, requester):
                voice = _visible(tx, _place(requester), key)
            self.transactions.record(tx, requester, Action.REPORT, voice.id, words[:MOST_WORDS])
            return voice

        voice = await self.transactions.write(write)
        # Ids only, as everywhere in the log. The audit log has the words.
        log.warning(
            "A voice was reported",
            voice=voice.key,
            reference=voice.reference,
            place=requester.place,
        )
        return voice

    async def audit(
        self, place: str | None, *, actor: str | None = None, limit: int = MOST_ENTRIES
    ) -> list[AuditEntry]:
        """Entries of one server, or (None) of all servers and direct messages; newest first."""
        return await self.transactions.read(
            lambda tx: tx.audit.entries(place=place, actor=actor, limit=limit)
        )

    async def open_reports(self, place: str) -> list[AuditEntry]:
        """The reports from that server that no admin has answered yet, the newest first."""
        return await self.transactions.read(
            lambda tx: open_reports(
                tx.audit.entries(place=place, limit=MOST_ENTRIES),
                [voice.id for voice in tx.voices.seen_on(place)],
            )
        )

    async def deciders(self, place: str, *, limit: int) -> list[str]:
        """The members who decided about voices on that server as admins, the latest first."""
        return await self.transactions.read(
            lambda tx: tx.audit.actors(place, DECISIONS, limit=limit)
        )

    async def _decide(
        self,
        requester: Requester,
        action: Action,
        change: Callable[[Transaction, str], int | None],
        *,
        detail: str = "",
        changed: Collection[str] = ("",),
    ) -> None:
        """Commit a change on the requester's server with its entry in the audit log. `change`
        returns the id of the voice that it is about. `changed`: by default any voice, because
        several may have the same recording or owner."""
        place = _place(requester)

        def write(tx: Transaction) -> None:
            self.transactions.record(tx, requester, action, change(tx, place), detail)

        await self.transactions.act(write, changed=changed)

    def _check_built_in(self, key: str) -> None:
        info = self.speech.info
        if info is None:
            raise engine_unknown()
        if not any(voice.id == key for voice in info.voices):
            raise unknown(key)


def open_reports(entries: Iterable[AuditEntry], present: Iterable[int]) -> list[AuditEntry]:
    """The reports that nobody has answered, of voices that still exist. `entries` are in order, the
    newest first."""
    answered: set[int | None] = set()
    there: set[int | None] = set(present)
    found = []
    for entry in entries:
        if entry.action in _ANSWERS:
            answered.add(entry.voice_id)
        elif entry.action is Action.REPORT and entry.voice_id in there - answered:
            found.append(entry)
    return found


def _update_rules(tx: Transaction, place: str, **changes: object) -> None:
    tx.rules.put(place, replace(tx.rules.of(place), **changes))  # type: ignore[arg-type]


def _place(requester: Requester) -> str:
    if requester.place is None:
        raise NotAllowed("a decision outside of any server", code="decision-needs-server")
    return requester.place


def _visible(tx: Transaction, place: str, key: str) -> Voice:
    """The voice `key`, if it is seen on `place`. The error does not reveal whether others exist."""
    for voice in tx.voices.seen_on(place):
        if voice.key == key:
            return voice
    raise unknown(key)
