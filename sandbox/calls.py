"""Calls of the REST API, and what their paths name.

Knows: how a path's ids find guilds, channels, messages and interactions, and the refusals when
they find nothing or something the bot has no access to. Does not know: what is asked for.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.errors import Form, Json, refusal
from sandbox.files import Upload
from sandbox.messageable import Messageable
from sandbox.messages import Message
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.guilds import Guild
    from sandbox.interactions import Interaction
    from sandbox.world import World


@dataclass(frozen=True)
class Call:
    """One request, read."""

    method: str
    path: str  # below /api/v10
    query: dict[str, str]
    body: Any  # of JSON; {} where there was none
    files: list[Upload]
    args: dict[str, str] = field(default_factory=dict)  # from the path

    def id(self, name: str) -> int:
        """A snowflake from the path. Raises 50035."""
        if not self.args[name].isdigit():
            form = Form()
            text = f'Value "{self.args[name]}" is not snowflake.'
            form.fault(f"{name}_id", "NUMBER_TYPE_COERCE", text)
            form.settle()
        return int(self.args[name])


class Created(dict[str, Any]):
    """An object that is new: answered with 201."""


Reply = Json | list[Json] | None
Handler = Callable[[Call], Reply | Awaitable[Reply]]


class Finder:
    """Finds what a call names."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def guild(self, call: Call) -> "Guild":
        guild = self._world.guilds.get(call.id("guild"))
        if guild is None or not guild.has_bot:
            # Discord does not say whether a guild exists that the bot is not in.
            raise refusal(50001) if "/commands" in call.path else refusal(10004)
        return guild

    def channel(self, call: Call, *needed: Permission) -> Messageable:
        """Raises 10003, 50001, 50013; 50003 for what nobody may in direct messages."""
        channel = self._channel(call.id("channel"))
        has = channel.permissions_of(self._world.bot)
        if Permission.VIEW_CHANNEL not in has:
            raise refusal(50001)
        for each in needed:
            if each not in has:
                raise refusal(50003 if channel.of_guild is None else 50013)
        return channel

    def _channel(self, channel_id: int) -> Messageable:
        for guild in self._world.guilds.values():
            if guild.has_bot and channel_id in guild.channels:
                return guild.channels[channel_id]
        for direct in self._world.directs.values():
            if direct.id == channel_id:
                return direct
        raise refusal(10003)

    def message(self, call: Call, *needed: Permission) -> Message:
        return self.channel(call, *needed).message(call.id("message"))

    def interaction(self, call: Call) -> "Interaction":
        """By the token in the path. Raises 10015, 50027."""
        interaction = self._world.tokens.get(call.args["token"])
        if interaction is None:
            raise refusal(10015)
        interaction.open()
        return interaction
