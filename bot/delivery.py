"""The front end's note on a job: the interaction it came by, and the message that follows it.

Knows: how the note is written and read. Does not know: what a job is, who reads it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from bot.discord_io.rest import InteractionToken

#: The name under which the queue keeps what is Discord\'s.
FRONTEND: Final = "discord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Stored as JSON with the job."""

    interaction_id: int
    application_id: int
    token: str = field(repr=False)
    channel_id: int  # where the status message stands
    voice_channel_id: int  # where it is to be spoken
    created_at: float  # of the interaction, seconds since the epoch: its token dies 15 min later
    message_id: int | None = None
    guild_id: int | None = None  # the server that it stands in; None: noted before it was kept

    @property
    def ticket(self) -> InteractionToken:
        return InteractionToken(
            interaction_id=self.interaction_id,
            application_id=self.application_id,
            token=self.token,
        )

    @property
    def key(self) -> str:
        """Unique among jobs: an interaction makes one."""
        return str(self.interaction_id)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)
