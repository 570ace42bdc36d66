"""Blanks one message of ours, and says what became of it.

Knows: the two ways to a message, and what each error of Discord's means for one that is to show
nothing any more. Does not know: which messages are to be blanked, when (`eraser`).

By the bot's own token; where that does not reach, by the token of the interaction that the message
answered, for as long as that lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.delivery import Delivery
from bot.discord_io.rest import MESSAGE_FLAG_SUPPRESS_EMBEDS, TOKEN_SECONDS, InteractionApi
from bot.messages.access import GONE, MISSING_ACCESS, TOKEN_DEAD
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

BLANKED: Final = "The text of this message was deleted at the wish of who asked for it."
BLANK: Final[Mapping[str, Any]] = {
    "content": BLANKED,
    "embeds": [],
    "attachments": [],
    "components": [],
    "flags": MESSAGE_FLAG_SUPPRESS_EMBEDS,
    "allowed_mentions": {"parse": []},
}

MISSING_PERMISSIONS: Final = 50013
ARCHIVED: Final = 50083
OLD_EDIT: Final = 30046
#: Unknown Webhook, Unknown Interaction, Unknown Message: nothing was answered by that token.
UNANSWERED: Final = {10015, 10062, 10008}
#: Discord takes an answer for 3 s: one that was under way has arrived after so long.
ANSWER_ARRIVES_SECONDS: Final = 10.0
TOKEN_MARGIN: Final = 5.0

HIDDEN: Final = "I may not see its channel"
FORBIDDEN: Final = "I may not edit it"
LEFT: Final = "I am no longer in its server"
UNKNOWN: Final = "I never learned where it stands"


class RedactionResult(Enum):
    """What became of a message."""

    BLANKED = auto()
    GONE = auto()  # somebody had deleted it
    NEVER = auto()  # there never was one
    AGAIN = auto()  # Discord's own trouble: it is to be tried again soon
    RESTS = auto()  # too many edits of old messages in its channel
    ARCHIVED = auto()  # until somebody opens its thread
    OUT = auto()  # out of reach


@dataclass(frozen=True, slots=True)
class Outcome:
    fate: RedactionResult
    why: str = ""  # for the member, where it is out of reach


class MessageRedactor:
    def __init__(self, rest: InteractionApi, client: discord.Client, clock: Clock) -> None:
        self._rest = rest
        self._client = client
        self._clock = clock

    async def blank(self, origin: Delivery) -> Outcome:
        """Try once."""
        try:
            await self._edit(origin)
        except discord.HTTPException as error:
            log.info("blanking was refused", status=error.status, code=error.code)
            return self._refused(origin, error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("blanking did not get through", error=describe(error))
            return Outcome(RedactionResult.AGAIN)
        return Outcome(RedactionResult.BLANKED)

    def link(self, origin: Delivery) -> str | None:
        """Where a member can see the message; None where that is not known."""
        guild_id = origin.guild_id
        if guild_id is None:  # it was sent before servers were noted
            channel = self._client.get_channel(origin.channel_id)
            guild_id = getattr(getattr(channel, "guild", None), "id", None)
        if guild_id is None or origin.message_id is None:
            return None
        return f"https://discord.com/channels/{guild_id}/{origin.channel_id}/{origin.message_id}"

    async def _edit(self, origin: Delivery) -> None:
        if origin.message_id is None:
            await self._rest.edit_original(origin.ticket, BLANK)
            return
        try:
            await self._rest.edit(origin.channel_id, origin.message_id, BLANK)
        except discord.HTTPException as error:
            is_barred = error.code in (MISSING_ACCESS, MISSING_PERMISSIONS, ARCHIVED)
            if not is_barred or self._age(origin) > TOKEN_SECONDS - TOKEN_MARGIN:
                raise
            await self._rest.edit_original(origin.ticket, BLANK)

    def _refused(self, origin: Delivery, error: discord.HTTPException) -> Outcome:
        code = error.code
        if code == OLD_EDIT:
            return Outcome(RedactionResult.RESTS)
        if code == ARCHIVED:
            return Outcome(RedactionResult.ARCHIVED)
        if error.status >= 500 or error.status == 429:
            return Outcome(RedactionResult.AGAIN)
        if origin.message_id is None and code in UNANSWERED:
            may_come = self._age(origin) < ANSWER_ARRIVES_SECONDS
            return Outcome(RedactionResult.AGAIN if may_come else RedactionResult.NEVER)
        if self._is_left(origin):
            return Outcome(RedactionResult.OUT, LEFT)
        if code in GONE:
            return Outcome(RedactionResult.GONE)
        if code == MISSING_ACCESS or (code in TOKEN_DEAD and origin.message_id is not None):
            return Outcome(RedactionResult.OUT, HIDDEN)
        if code in TOKEN_DEAD:
            return Outcome(RedactionResult.OUT, UNKNOWN)
        if code != MISSING_PERMISSIONS:
            log.warning("a message can never be blanked", error=describe(error))
        return Outcome(RedactionResult.OUT, FORBIDDEN)

    def _age(self, origin: Delivery) -> float:
        return self._clock.time() - origin.created_at

    def _is_left(self, origin: Delivery) -> bool:
        """Whether the bot was put out of the server since: its messages stand there still, and
        Discord says only that it does not know the channel."""
        is_known = origin.guild_id is not None and self._client.is_ready()
        return is_known and self._client.get_guild(origin.guild_id or 0) is None
