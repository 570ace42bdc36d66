"""What every object of the model shares: the time, ids, the kept files, and the way out for news.

Does not know: guilds, users or messages (`world`).
"""

from typing import Protocol

from sandbox.model import Json
from sandbox.model.clock import Clock, Snowflakes, Watch
from sandbox.model.files import Storage


class Events(Protocol):
    """Where the news of a change goes. The gateway is one."""

    def dispatch(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None,
        intent: str | None = None,
        redacted: Json | None = None,
    ) -> None:
        """Send an event about a guild, or (None) about direct messages, to the sessions that may
        know of it. Sessions without the message content intent get `redacted`."""


class Context:
    """`name` is the name of the application under test."""

    events: Events  # set when the sandbox is put together

    def __init__(self, name: str) -> None:
        self.name = name
        self.clock = Clock()
        self.watch = Watch()
        self.ids = Snowflakes(self.clock)
        self.storage = Storage(self.clock, self.ids)
        self.application_id = self.ids.draw()
