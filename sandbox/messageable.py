"""What messages are sent in: a channel of a guild, or direct messages.

Knows: the messages, and what the rest of the sandbox asks of either kind.
Does not know: how the kinds answer (`channels`, `direct`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sandbox.errors import Json, refusal
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.guilds import Guild, Role
    from sandbox.messages import Message
    from sandbox.users import User
    from sandbox.world import World


class Messageable(ABC):
    """A place with messages."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.id = world.ids.draw()
        self.name = name
        self.messages: list[Message] = []  # in order; what only one member sees is not here
        self.old_edits: list[float] = []  # when messages older than an hour were edited
        self.archived = False
        self.deleted = False

    # What each kind answers

    @property
    @abstractmethod
    def of_guild(self) -> "Guild | None":
        """The guild it belongs to; None for direct messages."""

    @property
    @abstractmethod
    def bot(self) -> "User":
        """The bot under test, as it writes here."""

    @property
    @abstractmethod
    def upload_limit(self) -> int:
        """The most bytes that a file of the bot may have here."""

    @abstractmethod
    def users(self) -> "Mapping[int, User]":
        """Whom a mention can reach, by id."""

    @abstractmethod
    def roles(self) -> "Mapping[int, Role]":
        """Which roles a mention can reach, by id."""

    @abstractmethod
    def permissions_of(self, user: "User") -> Permission:
        """What a user may do here."""

    @abstractmethod
    def check_sending(self, extra: Permission) -> None:
        """Refuse what the bot may not send here; files and embeds need `extra`."""

    @abstractmethod
    def payload(self) -> Json:
        """The channel object."""

    # What is the same for both

    def is_seen_by(self, user: "User") -> bool:
        return not self.deleted and Permission.VIEW_CHANNEL in self.permissions_of(user)

    @property
    def address(self) -> Json:
        """What events and messages say of the guild: nothing in direct messages."""
        return {} if self.of_guild is None else {"guild_id": str(self.of_guild.id)}

    @property
    def integration_owners(self) -> Json:
        """To whom the bot's installation is owed: "0" stands for direct messages with the bot."""
        return {"0": "0" if self.of_guild is None else str(self.of_guild.id)}

    # What a test reads

    async def wait_for(
        self, predicate: "Callable[[Message], object]", timeout: float = 5.0
    ) -> "Message":
        """The first message of this channel for which `predicate` holds."""

        def found() -> "Message | None":
            return next((each for each in self.messages if predicate(each)), None)

        message = await self.world.watch.until(found, timeout, f"a message in {self.name}")
        assert message is not None
        return message

    def message(self, message_id: int) -> "Message":
        """The message with this id. Raises 10008."""
        for each in self.messages:
            if each.id == message_id:
                return each
        raise refusal(10008)
