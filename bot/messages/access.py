"""The two ways to a message of ours: the bot's own token, and where that does not reach, the token
of the interaction that the message answered, for as long as it lives.

Knows: which channels the bot may not see, Discord's errors for a message that cannot be edited.
Does not know: what a message shows, when it is edited.
"""

from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.delivery import Delivery
from bot.discord_io.rest import TOKEN_SECONDS, InteractionApi
from engine.base.clock import Clock

#: Edits through a token stop a little before it dies.
TOKEN_MARGIN: Final = 20

#: Missing Access: the bot may not see the channel, the token still reaches the message.
MISSING_ACCESS: Final = 50001
#: Unknown Channel, Unknown Message: there is nothing left to edit.
GONE: Final = {10003, 10008}
#: Invalid Webhook Token, Unknown Webhook, Unknown Interaction: the token is dead.
TOKEN_DEAD: Final = {50027, 10015, 10062}


class MessageAccess:
    def __init__(self, rest: InteractionApi, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._blind: set[int] = set()  # channels that the bot may not see

    async def edit(self, origin: Delivery, message: Mapping[str, Any]) -> None:
        """Raises as `InteractionApi.edit` does."""
        by_token = self.is_blind(origin) and self.remaining(origin) > 0
        if by_token or origin.message_id is None:
            await self._rest.edit_original(origin.ticket, message)
            return
        await self._rest.edit(origin.channel_id, origin.message_id, message)
        self.look_again(origin)

    def is_blind(self, origin: Delivery) -> bool:
        """Whether the bot may not see the message's channel, as far as it knows."""
        return origin.channel_id in self._blind

    def look_again(self, origin: Delivery) -> None:
        """The bot may see the channel by now: the next edit tries."""
        self._blind.discard(origin.channel_id)

    def learn(self, error: discord.HTTPException, origin: Delivery) -> bool:
        """Whether this error tells, for the first time, that the bot may not see the channel, and
        the token still helps."""
        is_news = error.code == MISSING_ACCESS and not self.is_blind(origin)
        if is_news and self.remaining(origin) > 0:
            self._blind.add(origin.channel_id)
            return True
        return False

    def remaining(self, origin: Delivery) -> float:
        """Seconds for which the interaction's token reaches the message."""
        return origin.created_at + TOKEN_SECONDS - TOKEN_MARGIN - self._clock.time()
