"""The private files that were sent in the last minutes: previews, exports, downloads.

Knows: whose data is in each, and the token by which alone it can be reached. In memory only: after
a restart, or after a quarter of an hour, nobody can reach them but Discord's own client, which
drops them when it is closed. Does not know: how one is deleted (`rest`), when (`eraser`).
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import discord

from bot.discord_io.rest import TOKEN_SECONDS, InteractionToken
from engine.base.clock import Clock

#: What is asked through a token comes a little before it dies.
REACH_SECONDS: Final = TOKEN_SECONDS - 10
#: Beyond so many the oldest are forgotten: a bound on memory, not a number to be met.
MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralFile:
    """A private message with a file."""

    about: frozenset[str]  # members whose data is in the file
    ticket: InteractionToken
    message_id: int
    until: float  # seconds since the epoch


class EphemeralFiles:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: deque[EphemeralFile] = deque(maxlen=MOST_KEPT)  # oldest first

    def sent(
        self, interaction: discord.Interaction, message_id: int, about: Collection[str]
    ) -> None:
        """A file with the data of these members went out through this interaction's token."""
        self._drop_old()
        self._sent.append(
            EphemeralFile(
                about=frozenset(about),
                ticket=InteractionToken.of(interaction),
                message_id=message_id,
                until=interaction.created_at.timestamp() + REACH_SECONDS,
            )
        )

    def take(self, member: str) -> list[EphemeralFile]:
        """The files with this member's data that can still be reached. They are forgotten here."""
        self._drop_old()
        taken = [each for each in self._sent if member in each.about]
        self._sent = deque((each for each in self._sent if member not in each.about), MOST_KEPT)
        return taken

    def _drop_old(self) -> None:
        now = self._clock.time()
        if any(each.until <= now for each in self._sent):
            self._sent = deque((each for each in self._sent if each.until > now), MOST_KEPT)
