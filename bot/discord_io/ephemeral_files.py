"""The private files that were sent in the last minutes: previews, exports, downloads.

Each one can be reached only with the token of its interaction. They are remembered in memory only:
after a restart, or after 15 minutes, only Discord's own client can reach them, and drops them when
it is closed. `bot/erasure/redactions.py` deletes them.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import discord

from bot.discord_io.rest import TOKEN_SECONDS, InteractionToken
from engine.base.clock import Clock

#: A token is used for the last time a little before it expires.
REACHABLE_SECONDS: Final = TOKEN_SECONDS - 10
#: Beyond this many the oldest are forgotten: a bound on memory that nobody should reach.
MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralFile:
    """A private message with a file."""

    about: frozenset[str]  # ids of the members whose data is in the file
    token: InteractionToken
    message_id: int
    until: float  # when it can no longer be reached, in seconds since the epoch


class EphemeralFiles:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: deque[EphemeralFile] = deque(maxlen=MOST_KEPT)  # oldest first

    def sent(
        self, interaction: discord.Interaction, message_id: int, about: Collection[str]
    ) -> None:
        """A file with the data of the members `about` was sent with this interaction's token."""
        self._drop_old()
        self._sent.append(
            EphemeralFile(
                about=frozenset(about),
                token=InteractionToken.of(interaction),
                message_id=message_id,
                until=interaction.created_at.timestamp() + REACHABLE_SECONDS,
            )
        )

    def take(self, member: str) -> list[EphemeralFile]:
        """Forget, and return, the files with this member's data that can still be reached."""
        self._drop_old()
        taken = [each for each in self._sent if member in each.about]
        self._sent = deque((each for each in self._sent if member not in each.about), MOST_KEPT)
        return taken

    def _drop_old(self) -> None:
        now = self._clock.time()
        if any(each.until <= now for each in self._sent):
            self._sent = deque((each for each in self._sent if each.until > now), MOST_KEPT)
