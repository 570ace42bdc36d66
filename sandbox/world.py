"""What all parts of the sandbox share: the application under test, its guilds, and the way
news reaches it.

Knows: where everything is found by its id. Does not know: any rule.
"""

import base64
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sandbox.clock import Clock, Snowflakes
from sandbox.errors import Json
from sandbox.users import User
from sandbox.voice import VoiceServer
from sandbox.watch import Watch

if TYPE_CHECKING:
    from sandbox.commands import Registry
    from sandbox.direct import DirectChannel
    from sandbox.files import Attachment
    from sandbox.gateway import Gateway
    from sandbox.guilds import Guild
    from sandbox.interactions import Interaction
    from sandbox.messages import Message

#: Flags of an application that was given a privileged intent in the developer portal.
_INTENT_FLAGS: Final = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}


@dataclass(eq=False)
class World:
    """The application under test and all that surrounds it."""

    voice: VoiceServer
    name: str = "mynah"
    privileged: frozenset[str] = frozenset()
    clock: Clock = field(default_factory=Clock)
    watch: Watch = field(default_factory=Watch)
    origin: str = ""  # http://127.0.0.1:port, once it listens
    files_origin: str = ""  # where addresses of files lead, if elsewhere (`Files.mislead`)
    guilds: dict[int, "Guild"] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict)
    files: dict[int, "Attachment"] = field(default_factory=dict)  # all that Discord keeps
    users: dict[int, User] = field(default_factory=dict)
    directs: dict[int, "DirectChannel"] = field(default_factory=dict)  # by the user's id
    interactions: dict[int, "Interaction"] = field(default_factory=dict)
    tokens: dict[str, "Interaction"] = field(default_factory=dict)
    registry: "Registry" = field(init=False)
    gateway: "Gateway" = field(init=False)

    def __post_init__(self) -> None:
        self.ids = Snowflakes(self.clock)
        self.application_id = self.ids.draw()
        self.bot = User(self, self.application_id, self.name, bot=True)
        #: Who runs the bot: the owner of the application.
        self.operator = User(self, self.ids.draw(), "Operator")
        self.signing_key = secrets.token_bytes(32)  # of the addresses of files
        owner = base64.b64encode(str(self.application_id).encode()).decode().rstrip("=")
        self.token = f"{owner}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"

    def application_payload(self) -> Json:
        flags = sum(_INTENT_FLAGS[each] for each in self.privileged)
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
            "flags": flags,
            "tags": [],
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "approximate_guild_count": len(self.guilds),
            "integration_types_config": {"0": {}},
        }
