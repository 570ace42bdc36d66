"""What every object of the model shares: the time, ids, the kept files, and the way out for news.
And users: who someone is, in every guild and in direct messages.

Does not know: guilds (`guild`), messages, or what a user does (`client`).
"""

from typing import Protocol, TypedDict, Unpack

from sandbox.model import Json
from sandbox.model.clock import Clock, Snowflakes, Watch
from sandbox.model.files import MOST_BYTES, MOST_BYTES_NITRO, Storage


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


class About(TypedDict, total=False):
    """What a user may be. `nitro`: they may upload files of up to 500 MiB, in every channel."""

    bot: bool
    locale: str
    nitro: bool


class User:
    """Someone on Discord. A `Member` is a user in one guild; two members may be the same user."""

    def __init__(self, world: Context, user_id: int, name: str, **about: Unpack[About]) -> None:
        self.world = world
        self.id = user_id
        self.name = name
        self.is_bot = about.get("bot", False)
        self.is_client = user_id == world.application_id  # the bot under test
        self.locale = about.get("locale", "en-US")
        self.nitro = about.get("nitro", False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.id}>"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def upload_limit(self) -> int:
        """The most bytes that a file of this user may have. Boosts of a guild may allow more."""
        return MOST_BYTES_NITRO if self.nitro else MOST_BYTES

    def user(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name.lower(),
            "global_name": None if self.is_bot else self.name,
            "discriminator": "0000" if self.is_bot else "0",
            "avatar": None,
            "bot": self.is_bot,
            "public_flags": 0,
        }
