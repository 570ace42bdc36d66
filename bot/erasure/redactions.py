"""Redacts all messages on Discord that show text which a member had deleted.

Each message has a row in the database until it is redacted, so a bot that was killed continues when
it starts again. `messages/editor.py` decides when each one is edited.

The bot's own token goes first. Where that does not reach, the token of the interaction that the
message answered is used, until it expires.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any, Final

import discord
import structlog

from bot.delivery import FRONTEND, Delivery
from bot.discord_io.errors import (
    CALL_FAILED,
    MESSAGE_GONE,
    NETWORK_ERRORS,
    NOT_ANSWERED,
    TOKEN_EXPIRED,
    ErrorCode,
    is_temporary,
)
from bot.discord_io.replies import Reply
from bot.discord_io.rest import QUIET, TOKEN_SECONDS, InteractionApi
from bot.erasure.texts import OutOfReach, RedactionProgress, Unreached
from bot.locales.catalog import text
from bot.messages.editor import (
    DONE,
    OLD_REFUSED_SECONDS,
    RETRY,
    EditResult,
    MessageEditor,
    PendingEdit,
    Urgency,
)
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.voices.erasure import MemberErasure

log = structlog.get_logger(__name__)

#: The bot's own token cannot edit the message; the interaction's token perhaps can.
NOT_ALLOWED: Final = {
    ErrorCode.MISSING_ACCESS,
    ErrorCode.MISSING_PERMISSIONS,
    ErrorCode.ARCHIVED_THREAD,
}
#: Discord takes an answer for 3 s: one that was under way has arrived after this many seconds.
ANSWER_ARRIVES_SECONDS: Final = 10.0
TOKEN_MARGIN: Final = 5.0


class RedactionResult(Enum):
    """What came of one try, if the message is not out of reach."""

    REDACTED = auto()
    GONE = auto()  # somebody had deleted the message
    NEVER_SENT = auto()
    TRY_AGAIN = auto()  # Discord or the network has a fault
    OLD_EDIT_LIMIT = auto()  # too many edits of old messages in its channel
    ARCHIVED = auto()  # until somebody opens its thread


@dataclass(frozen=True, slots=True)
class MessageRedactor:
    """Redacts one message: replaces its text, and says what came of it."""

    _api: InteractionApi
    _client: discord.Client
    _clock: Clock

    async def redact(self, delivery: Delivery) -> RedactionResult | Unreached:
        try:
            await self._edit(delivery)
        except discord.HTTPException as error:
            log.info("Discord refused a redaction", status=error.status, code=error.code)
            return self._refused(delivery, error)
        except NETWORK_ERRORS as error:
            log.info("a redaction did not reach Discord", error=describe(error))
            return RedactionResult.TRY_AGAIN
        return RedactionResult.REDACTED

    def link(self, delivery: Delivery) -> str | None:
        """The address where a member can see the message; None if it is not known."""
        guild_id = delivery.guild_id
        if guild_id is None:  # stored before `guild_id` existed
            channel = self._client.get_channel(delivery.channel_id)
            guild_id = getattr(getattr(channel, "guild", None), "id", None)
        if guild_id is None or delivery.message_id is None:
            return None
        channel_id, message_id = delivery.channel_id, delivery.message_id
        return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"

    async def _edit(self, delivery: Delivery) -> None:
        redacted: Mapping[str, Any] = {
            "content": text("mydata-redacted"),
            "embeds": [],
            "attachments": [],
            "components": [],
            **QUIET,
        }
        if delivery.message_id is None:
            await self._api.edit_original(delivery.interaction_token, redacted)
            return
        try:
            await self._api.edit(delivery.channel_id, delivery.message_id, redacted)
        except discord.HTTPException as error:
            is_expired = self._age(delivery) > TOKEN_SECONDS - TOKEN_MARGIN
            if error.code not in NOT_ALLOWED or is_expired:
                raise
            await self._api.edit_original(delivery.interaction_token, redacted)

    def _refused(
        self, delivery: Delivery, error: discord.HTTPException
    ) -> RedactionResult | Unreached:
        code = error.code
        if code == ErrorCode.OLD_EDIT_LIMIT:
            return RedactionResult.OLD_EDIT_LIMIT
        if code == ErrorCode.ARCHIVED_THREAD:
            return RedactionResult.ARCHIVED
        if is_temporary(error):
            return RedactionResult.TRY_AGAIN
        is_unanswered = code in NOT_ANSWERED or code == ErrorCode.UNKNOWN_INTERACTION
        if delivery.message_id is None and is_unanswered:
            if self._age(delivery) < ANSWER_ARRIVES_SECONDS:
                return RedactionResult.TRY_AGAIN
            return RedactionResult.NEVER_SENT
        if self._has_left(delivery):
            return Unreached.LEFT
        if code in MESSAGE_GONE:
            return RedactionResult.GONE
        if code == ErrorCode.MISSING_ACCESS:
            return Unreached.HIDDEN
        if code in TOKEN_EXPIRED:
            is_known = delivery.message_id is not None
            return Unreached.HIDDEN if is_known else Unreached.UNKNOWN
        if code != ErrorCode.MISSING_PERMISSIONS:
            log.warning("a message can never be redacted", error=describe(error))
        return Unreached.FORBIDDEN

    def _age(self, delivery: Delivery) -> float:
        return self._clock.time() - delivery.created_at

    def _has_left(self, delivery: Delivery) -> bool:
        """Whether the bot was removed from the message's server. The message is still there, and
        Discord says only that it does not know the channel."""
        is_known = delivery.guild_id is not None and self._client.is_ready()
        return is_known and self._client.get_guild(delivery.guild_id or 0) is None


#: When to try again. An archived thread may be opened tomorrow, or never.
RETRY_LATER: Final = {
    RedactionResult.TRY_AGAIN: RETRY,
    RedactionResult.OLD_EDIT_LIMIT: EditResult(retry_after=(OLD_REFUSED_SECONDS,), old_limit=True),
    RedactionResult.ARCHIVED: EditResult(retry_after=(300.0, 900.0, 3600.0)),
}


@dataclass(slots=True)
class _Tally:
    redacted: int = 0
    gone: int = 0
    files: int = 0
    waiting: set[int] = field(default_factory=set)  # rows
    archived: set[int] = field(default_factory=set)  # the part of `waiting` in archived threads
    out_of_reach: dict[int, OutOfReach] = field(default_factory=dict)  # by row
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Redactions:
    """`resume` once, at the start; `begin` when a member's data was deleted."""

    def __init__(
        self,
        erasure: MemberErasure,
        editor: MessageEditor,
        api: InteractionApi,
        client: discord.Client,
        reply: Reply,
        clock: Clock,
    ) -> None:
        self._erasure = erasure
        self._redactor = MessageRedactor(api, client, clock)
        self._editor = editor
        self._api = api
        self._reply = reply
        self._tallies: dict[str, _Tally] = {}  # by member

    async def resume(self) -> list[str]:
        """Continue what an earlier process left. Returns the members whose messages these are."""
        return await self._submit(None)

    async def begin(self, member: str) -> None:
        """Redact the member's messages from now on, try those out of reach once more, and delete
        the private files."""
        await self._submit(member)
        tally = self._tally(member)
        for file in self._reply.take_files(member):
            try:
                await self._api.delete_by_token(file.token, file.message_id)
                tally.files += 1
            except CALL_FAILED as error:
                log.info("a private file was out of reach", error=describe(error))

    def progress(self, member: str) -> RedactionProgress:
        tally = self._tally(member)
        return RedactionProgress(
            redacted=tally.redacted,
            gone=tally.gone,
            waiting=len(tally.waiting),
            archived=len(tally.archived),
            files=tally.files,
            out_of_reach=tuple(tally.out_of_reach.values()),
        )

    async def changed(self, member: str) -> None:
        """Wait until the member's progress has changed."""
        event = self._tally(member).changed
        await event.wait()
        event.clear()

    async def reported(self, member: str) -> None:
        """The member knows which messages are out of reach: delete their rows."""
        tally = self._tally(member)
        for row_id in list(tally.out_of_reach):
            await self._erasure.redaction_done(row_id)
            del tally.out_of_reach[row_id]
        if not tally.waiting:
            del self._tallies[member]

    def _tally(self, member: str) -> _Tally:
        return self._tallies.setdefault(member, _Tally())

    async def _submit(self, member: str | None) -> list[str]:
        """Submit the redactions of one member, or of all. Returns whose they are."""
        rows = await self._erasure.pending_redactions(member, frontend=FRONTEND)
        for row in rows:
            tally = self._tally(row.member)
            if row.id in tally.waiting:
                continue
            delivery = Delivery.from_json(row.note)
            tally.out_of_reach.pop(row.id, None)
            tally.waiting.add(row.id)
            edit = PendingEdit(
                key=("redaction", row.id),
                urgency=Urgency.REDACTION,
                not_before=0.0,
                sent_at=delivery.created_at,
                make=partial(self._redact, row.member, row.id, delivery),
            )
            self._editor.submit(delivery.channel_id, edit)
        return list(dict.fromkeys(row.member for row in rows))

    async def _redact(self, member: str, row_id: int, delivery: Delivery) -> EditResult:
        result = await self._redactor.redact(delivery)
        tally = self._tally(member)
        if isinstance(result, Unreached):
            await self._erasure.redaction_failed(row_id, result)
            tally.out_of_reach[row_id] = OutOfReach(self._redactor.link(delivery), result)
        elif (later := RETRY_LATER.get(result)) is not None:
            if result is RedactionResult.ARCHIVED:
                tally.archived.add(row_id)
                tally.changed.set()
            return later
        else:
            await self._erasure.redaction_done(row_id)
            tally.redacted += result is RedactionResult.REDACTED
            tally.gone += result is RedactionResult.GONE
        tally.waiting.discard(row_id)
        tally.archived.discard(row_id)
        tally.changed.set()
        return DONE
