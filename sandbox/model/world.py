"""Everything on this Discord, by its id, and the application under test."""

import base64
import secrets
from typing import Final

from sandbox.model import Json
from sandbox.model.context import Context, User
from sandbox.model.guild import Guild
from sandbox.model.interaction import Interaction
from sandbox.model.message import DirectChannel, Message

#: Flags of an application that has a privileged intent in the developer portal.
_INTENT_FLAGS: Final = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}


class World(Context):
    """`privileged` names the intents that the application may ask for."""

    def __init__(self, name: str = "mynah", privileged: frozenset[str] = frozenset()) -> None:
        super().__init__(name)
        self.privileged = privileged
        self.bot = User(self, self.application_id, name, bot=True)
        #: The owner of the application, who runs the bot.
        self.operator = User(self, self.ids.draw(), "Operator")
        self.users: dict[int, User] = {each.id: each for each in (self.bot, self.operator)}
        self.guilds: dict[int, Guild] = {}
        self.directs: dict[int, DirectChannel] = {}  # by the user's id
        self.messages: dict[int, Message] = {}  # private and deleted ones too
        self.interactions: dict[str, Interaction] = {}  # by token
        self.commands: dict[int | None, list[Json]] = {}  # by guild, the global ones under None
        owner = base64.b64encode(str(self.application_id).encode()).decode().rstrip("=")
        self.token = f"{owner}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:port`, once the sandbox listens."""
        return self.storage.origin

    @property
    def gateway_url(self) -> str:
        return self.origin.replace("http", "ws", 1) + "/gateway"

    def dm(self, user: User) -> DirectChannel:
        if user.id not in self.directs:
            self.directs[user.id] = DirectChannel(self, user, self.bot)
        return self.directs[user.id]

    def shares_guild(self, user: User) -> bool:
        """Whether the user is in a guild that the bot is in too."""
        return any(each.has_bot and user.id in each.members for each in self.guilds.values())

    def application_payload(self) -> Json:
        return {
            "id": str(self.application_id),
            "name": self.name,
            "icon": None,
            "description": "",
            "bot": self.bot.user(),
            "bot_public": False,
            "bot_require_code_grant": False,
            "owner": self.operator.user(),
            "team": None,
            "verify_key": "00" * 32,
            "flags": sum(_INTENT_FLAGS[each] for each in self.privileged),
            "tags": [],
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "approximate_guild_count": len(self.guilds),
            "integration_types_config": {"0": {}},
        }
