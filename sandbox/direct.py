"""Direct messages between one user and the bot.

Knows: what both may do there, and when Discord does not deliver. Does not know: what is said.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sandbox.errors import Json, refusal
from sandbox.files import MOST_BYTES
from sandbox.messageable import Messageable
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.guilds import Role
    from sandbox.users import User

DIRECT: Final = 1
_MAY: Final = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.SEND_VOICE_MESSAGES
)
#: `app_permissions` of an interaction there, as the documentation lists them.
OF_THE_APP: Final = (
    Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
)


class DirectChannel(Messageable):
    """`member.dm`: the same channel for all the members that a user is."""

    def __init__(self, user: "User") -> None:
        super().__init__(user.world, f"@{user.name}")
        self.user = user
        #: The user takes no direct messages from the bot.
        self.is_blocked = False

    def __repr__(self) -> str:
        return f"<DirectChannel {self.name!r} {self.id}>"

    def block(self, on: bool = True) -> None:
        """The user no longer takes direct messages from the bot, or takes them again. The bot is
        not told; it meets 50007."""
        self.is_blocked = on

    @property
    def of_guild(self) -> None:
        return None

    @property
    def bot(self) -> "User":
        return self.world.bot

    @property
    def upload_limit(self) -> int:
        return MOST_BYTES

    def users(self) -> "Mapping[int, User]":
        return {each.id: each for each in (self.user, self.bot)}

    def roles(self) -> "Mapping[int, Role]":
        return {}

    def permissions_of(self, user: "User") -> Permission:
        return _MAY if user.id in self.users() else Permission.NONE

    def check_sending(self, extra: Permission) -> None:
        """Raises 50007, 50278."""
        if not self.user.shares_guild:
            raise refusal(50278)
        if self.is_blocked:
            raise refusal(50007)

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "type": DIRECT,
            "last_message_id": str(self.messages[-1].id) if self.messages else None,
            "flags": 0,
            "recipients": [self.user.user()],
        }
