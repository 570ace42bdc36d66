"""Where a job's status message is, and the two ways to edit it: with the bot's own token, and where
that does not reach, with the token of the interaction that the message answered, until it expires.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import discord

from bot.discord_io.errors import ErrorCode
from bot.discord_io.rest import TOKEN_SECONDS, InteractionApi, InteractionToken
from engine.base.clock import Clock

#: The last edit with an interaction's token is made this many seconds before the token expires.
TOKEN_MARGIN: Final = 20

#: The name of this front end in the queue.
FRONTEND: Final = "discord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The interaction that made a job, and the message that shows the job. Stored as JSON."""

    interaction_id: int
    application_id: int
    token: str = field(repr=False)
    channel_id: int  # of the status message
    voice_channel_id: int  # where the job is spoken
    created_at: float  # of the interaction, in seconds since the epoch
    message_id: int | None = None
    guild_id: int | None = None  # of the status message; None: stored before this field existed

    @property
    def interaction_token(self) -> InteractionToken:
        return InteractionToken(self.interaction_id, self.application_id, self.token)

    @property
    def key(self) -> str:
        """Unique among jobs: an interaction makes one."""
        return str(self.interaction_id)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class MessageAccess:
    """Edits status messages, and remembers which channels the bot cannot see."""

    _api: InteractionApi
    _clock: Clock
    _hidden: set[int] = field(init=False, default_factory=set)  # ids of channels

    async def edit(self, delivery: Delivery, message: Mapping[str, Any]) -> None:
        """Raises as `InteractionApi.edit` does."""
        by_interaction = self.is_hidden(delivery) and self.token_seconds(delivery) > 0
        if by_interaction or delivery.message_id is None:
            await self._api.edit_original(delivery.interaction_token, message)
            return
        await self._api.edit(delivery.channel_id, delivery.message_id, message)
        self.try_own_token(delivery)

    def is_hidden(self, delivery: Delivery) -> bool:
        """Whether the bot cannot see the message's channel, as far as it knows."""
        return delivery.channel_id in self._hidden

    def try_own_token(self, delivery: Delivery) -> None:
        """The next edit tries the bot's own token: the bot may see the channel by now."""
        self._hidden.discard(delivery.channel_id)

    def learn_hidden(self, error: discord.HTTPException, delivery: Delivery) -> bool:
        """Whether this error says, for the first time, that the bot cannot see the channel, and
        the interaction's token can still be used."""
        is_new = error.code == ErrorCode.MISSING_ACCESS and not self.is_hidden(delivery)
        if is_new and self.token_seconds(delivery) > 0:
            self._hidden.add(delivery.channel_id)
            return True
        return False

    def token_seconds(self, delivery: Delivery) -> float:
        """The seconds for which edits with the interaction's token are still made."""
        return delivery.created_at + TOKEN_SECONDS - TOKEN_MARGIN - self._clock.time()
