"""What a server's admins decide about voices, what is reported to them, and the trail.

Knows: decisions. Does not know: who is an admin (the caller has checked), what a decision means for
a use (`permissions.py`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import Connection

from engine.model.engine import NO_SUCH_VOICE
from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voices import (
    Action,
    AuditEntry,
    ClonePolicy,
    LaneRules,
    Requester,
    Scope,
    Voice,
    voice_number,
)
from engine.store import (
    audit as audit_queries,
)
from engine.store import (
    freezes as freeze_queries,
)
from engine.store import (
    rules as rule_queries,
)
from engine.store import (
    voices as voice_queries,
)
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
    async def rules(self, lane: str) -> LaneRules:
        return await self._database.read(lambda c: rule_queries.rules_of(c, lane))

    async def set_default(self, requester: Requester, key: str | None) -> None:
        """The voice of those on this server who have chosen none: a built-in one, or one that
        everyone there may use; None: the engine's own. Raises UnknownVoice, NotAllowed,
        EngineUnknown."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            number = None if key is None else voice_number(key)
            if number is not None and key is not None:
                policy = self._policy(connection)
                voice = policy.voice(key)
                if voice is None or not policy.allows(voice, requester):
                    raise unknown(key)
                if not permissions.named_there(voice, lane, *policy.lane(lane)):
                    raise NotAllowed(
                        f"{key} is not for everyone on {lane}",
                        user_message="Only a voice that everyone on this server may use can be "
                        "its default. Have it shared with the server first.",
                    )
            elif key is not None:
                self._check_built_in(key)
            self._decide(connection, requester, default_voice=key)
            told = "" if key is None or number is not None else key
            self._tell(connection, requester, Action.DEFAULT, number, told)

        await self._act(write)

    async def set_uploaders(self, requester: Requester, role: str | None) -> None:
        """Only members with this role may upload from now on; None: everyone."""

        def write(connection: Connection) -> None:
            self._decide(connection, requester, uploaders=role)
            self._tell(connection, requester, Action.UPLOADERS, detail=role or "everyone")

        await self._act(write)

    async def allow(self, requester: Requester, cloned: ClonePolicy) -> None:
        """Which registered voices may be used on this server."""

        def write(connection: Connection) -> None:
            self._decide(connection, requester, cloned=cloned)
            self._tell(connection, requester, Action.ALLOW, detail=cloned)

        await self._act(write, tell=[""])

    # ---- single voices

    async def seen(self, lane: str) -> list[Voice]:
        """Shared with that server or with everyone, spoken there lately, or frozen there."""
        return await self._database.read(lambda c: voice_queries.seen_on(c, lane))

    async def speakers(self, lane: str) -> Mapping[str, str]:
        """The voices that were heard on that server lately, by key, and who spoke in each last."""
        return await self._database.read(lambda c: voice_queries.speakers_on(c, lane))

    async def frozen(self, lane: str) -> frozenset[int]:
        return await self._database.read(lambda c: freeze_queries.frozen_on(c, lane))

    async def remove(self, requester: Requester, key: str) -> None:
        """End a voice's sharing with this server. Raises UnknownVoice, NotAllowed."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            voice = _seen(connection, lane, key)
            if voice.scope is not Scope.SERVER or voice.lane != lane:
                raise NotAllowed(
                    f"{key} is not shared with {lane}",
                    user_message="This voice is not shared with this server, so there is nothing "
                    "to remove. To keep it from being spoken here, freeze it.",
                )
            voice_queries.set_voice(connection, voice.id, scope=Scope.PRIVATE, lane=None)
            if rule_queries.rules_of(connection, lane).default_voice == voice.key:
                self._decide(connection, requester, default_voice=None)
            self._tell(connection, requester, Action.REMOVE, voice.id)

        await self._act(write, tell=[key])

    async def freeze(self, requester: Requester, key: str) -> None:
        """Its recording may not be spoken on this server until it is released, no matter who
        gives it: other voices of it fall under the freeze too, those to come included. Raises
        UnknownVoice."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            voice = _seen(connection, lane, key)
            freeze_queries.freeze(connection, lane, voice)
            self._tell(connection, requester, Action.FREEZE, voice.id)

        await self._act(write, tell=[""])  # the same recording may be in several
        await self._recognized_soon()

    async def release(self, requester: Requester, key: str) -> None:
        """The recording may be spoken again, in all voices that were recognized as it. Raises
        UnknownVoice."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            voice = _seen(connection, lane, key)
            freeze_queries.release(connection, lane, voice)
            self._tell(connection, requester, Action.RELEASE, voice.id)

        await self._act(write, tell=[""])

    # ---- members

    async def barred(self, lane: str) -> frozenset[str]:
        """The members who may not give voices to that server."""
        return await self._database.read(lambda c: freeze_queries.barred_on(c, lane))

    async def bar(self, requester: Requester, member: str) -> None:
        """This member cannot upload voices on the server or share any with it from now on, and
        none of theirs is spoken there, until it is taken back."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            freeze_queries.bar(connection, lane, member)
            self._tell(connection, requester, Action.BAR, detail=member)

        await self._act(write, tell=[""])

    async def unbar(self, requester: Requester, member: str) -> None:
        """Raises NotAllowed where the member is not barred."""
        lane = _lane(requester)

        def write(connection: Connection) -> None:
            if member not in freeze_queries.barred_on(connection, lane):
                raise NotAllowed(
                    f"{member} is not barred on {lane}",
                    user_message="This member is not barred from giving voices here.",
                )
            freeze_queries.unbar(connection, lane, member)
            self._tell(connection, requester, Action.UNBAR, detail=member)

        await self._act(write, tell=[""])

    # ---- reports, and the trail

    async def report(self, requester: Requester, key: str, words: str) -> Voice:
        """Tell the admins of this server, and the operator by the log, what is wrong with a voice
        that was heard here or that the asker may use. Raises UnknownVoice."""

        def write(connection: Connection) -> Voice:
            policy = self._policy(connection)
            voice = policy.voice(key)
            if voice is None or not policy.allows(voice, requester):
                voice = _seen(connection, _lane(requester), key)
            self._tell(connection, requester, Action.REPORT, voice.id, words[:MOST_WORDS])
            return voice

        voice = await self._database.write(write)
        # Ids only, as everywhere in the log: the words are in the trail.
        log.warning(
            "A voice was reported", voice=voice.key, reference=voice.reference, lane=requester.lane
        )
        return voice

    async def audit(
        self, lane: str | None, *, actor: str | None = None, limit: int = _ENTRIES
    ) -> list[AuditEntry]:
        """The newest first: of one server, or (None) of all, in direct messages too."""
        return await self._database.read(
            lambda c: audit_queries.entries(c, lane=lane, actor=actor, limit=limit)
        )

    async def deciders(self, lane: str, *, limit: int) -> list[str]:
        """Who has decided about voices on that server, the latest first. They were admins then."""
        return await self._database.read(
            lambda c: audit_queries.actors(c, lane, DECISIONS, limit=limit)
        )

    def _decide(self, connection: Connection, requester: Requester, **decided: object) -> None:
        lane = _lane(requester)
        rules = rule_queries.rules_of(connection, lane)
        rule_queries.put_rules(connection, lane, replace(rules, **decided))  # type: ignore[arg-type]

    def _check_built_in(self, key: str) -> None:
        info = self._speech.info
        if info is None:
            raise engine_unknown()
        if not any(voice.id == key for voice in info.voices):
            raise UnknownVoice(
                f"no voice {key!r} on the card of {info.name}", user_message=NO_SUCH_VOICE
            )


def _lane(requester: Requester) -> str:
    if requester.lane is None:
        raise NotAllowed(
            "a decision outside of any server",
            user_message="This is decided on a server: use the command there.",
        )
    return requester.lane


def _seen(connection: Connection, lane: str, key: str) -> Voice:
    """Of others, nobody is told whether they exist."""
    for voice in voice_queries.seen_on(connection, lane):
        if voice.key == key:
            return voice
    raise unknown(key)
