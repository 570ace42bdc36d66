"""Redacts one message: replaces its text, and says what came of it.

It tries the bot's own token first. Where that does not reach, it uses the token of the interaction
that the message answered, until the token expires.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

import discord
import structlog

from bot.delivery import Delivery
from bot.discord_io.errors import (
    MESSAGE_GONE,
    NETWORK_ERRORS,
    NOT_ANSWERED,
    TOKEN_EXPIRED,
    ErrorCode,
    is_temporary,
)
from bot.discord_io.rest import QUIET, TOKEN_SECONDS, InteractionApi
from bot.erasure.texts import Unreached
from bot.locales.catalog import text
from engine.base.clock import Clock
from engine.base.error_text import describe

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


class MessageRedactor:
    def __init__(self, api: InteractionApi, client: discord.Client, clock: Clock) -> None:
        self._api = api
        self._client = client
        self._clock = clock

    async def redact(self, delivery: Delivery) -> RedactionResult | Unreached:
        """Try once."""
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
