"""Users: who someone is, in every guild and in direct messages.

Does not know: guilds (`guild`), or what a user does (`client`).
"""

from sandbox.model import Json
from sandbox.model.context import Context
from sandbox.model.files import MOST_BYTES, MOST_BYTES_NITRO


class User:
    """Someone on Discord. A `Member` is a user in one guild; two members may be the same user."""

    def __init__(
        self,
        world: Context,
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
        self.is_client = user_id == world.application_id  # the bot under test
        self.locale = locale
        #: Whether they may upload files of up to 500 MiB, in every channel.
        self.nitro = nitro

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
