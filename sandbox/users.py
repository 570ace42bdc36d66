"""Users: who someone is, in whichever guild and in direct messages.

Knows: a user's name, and how Discord writes them down. Does not know: guilds (`members`), nor what
a user does.
"""

from typing import TYPE_CHECKING

from sandbox.direct import DirectChannel
from sandbox.errors import Json
from sandbox.files import MOST_BYTES, MOST_BYTES_NITRO

if TYPE_CHECKING:
    from sandbox.world import World


class User:
    """Someone on Discord. A `Member` is a user in one guild; two members may be the same user."""

    def __init__(
        self,
        world: "World",
        user_id: int,
        name: str,
        *,
        bot: bool = False,
        locale: str = "en-US",
        nitro: bool = False,
    ) -> None:
        self.world = world
        self.id = user_id
        self.name = name
        self.is_bot = bot
        self.is_client = user_id == world.application_id
        self.locale = locale
        #: Whether they may upload files of up to 500 MiB, wherever they are.
        self.nitro = nitro
        world.users.setdefault(user_id, self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.id}>"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def dm(self) -> DirectChannel:
        """Their direct messages with the bot."""
        channel = self.world.directs.get(self.id)
        if channel is None:
            channel = self.world.directs[self.id] = DirectChannel(self)
        return channel

    @property
    def shares_guild(self) -> bool:
        """Whether they are in a guild that the bot is in too."""
        guilds = self.world.guilds.values()
        return any(each.has_bot and self.id in each.members for each in guilds)

    @property
    def upload_limit(self) -> int:
        """The most bytes of a file of theirs; boosts of a guild may allow more."""
        return MOST_BYTES_NITRO if self.nitro else MOST_BYTES

    def user(self) -> Json:
        """The user object."""
        return {
            "id": str(self.id),
            "username": self.name.lower(),
            "global_name": None if self.is_bot else self.name,
            "discriminator": "0000" if self.is_bot else "0",
            "avatar": None,
            "bot": self.is_bot,
            "public_flags": 0,
        }
