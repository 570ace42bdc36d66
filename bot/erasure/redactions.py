"""Redacts all messages on Discord that show text which a member had deleted.

Each message has a row in the database until it is redacted, so a bot that was killed continues when
it starts again. `messages/editor.py` decides when each one is edited.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import discord
import structlog

from bot.delivery import FRONTEND, Delivery
from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.errors import NETWORK_ERRORS
from bot.discord_io.rest import InteractionApi
from bot.erasure.redactor import MessageRedactor, RedactionResult
from bot.erasure.texts import OutOfReach, RedactionProgress, Unreached
from bot.messages.editor import (
    DONE,
    OLD_REFUSED_SECONDS,
    RETRY,
    EditResult,
    MessageEditor,
    PendingEdit,
    Urgency,
)
from engine.base.error_text import describe
from engine.voices.erasure import MemberErasure

log = structlog.get_logger(__name__)

#: When to try again. An archived thread may be opened tomorrow, or never.
RETRY_LATER: Final = {
    RedactionResult.TRY_AGAIN: RETRY,
    RedactionResult.OLD_EDIT_LIMIT: EditResult(retry_after=(OLD_REFUSED_SECONDS,), old_limit=True),
    RedactionResult.ARCHIVED: EditResult(retry_after=(300.0, 900.0, 3600.0)),
}


@dataclass(slots=True)
class _Tally:
    """What came of the messages of one member."""

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
        redactor: MessageRedactor,
        editor: MessageEditor,
        api: InteractionApi,
        ephemeral_files: EphemeralFiles,
    ) -> None:
        self._erasure = erasure
        self._redactor = redactor
        self._editor = editor
        self._api = api
        self._ephemeral_files = ephemeral_files
        self._tallies: dict[str, _Tally] = {}  # by member

    async def resume(self) -> list[str]:
        """Continue what an earlier process left. Returns the members whose messages these are."""
        return await self._submit(None)

    async def begin(self, member: str) -> None:
        """Redact the member's messages from now on, try those out of reach once more, and delete
        the private files."""
        await self._submit(member)
        tally = self._tally(member)
        for file in self._ephemeral_files.take(member):
            try:
                await self._api.delete_by_token(file.token, file.message_id)
                tally.files += 1
            except discord.HTTPException as error:
                log.info("a private file was out of reach", code=error.code)
            except NETWORK_ERRORS as error:
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
