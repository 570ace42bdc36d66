"""The routes of the REST API: what each path names, what it does, and the permissions it needs.

Knows: Discord's paths, the limits on edits of old messages and on nonces. Does not know: HTTP
(`rest`), or what makes a command, a message or an answer valid (`commands`, `messages`,
`interactions`).
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sandbox.model import Json
from sandbox.model.files import Upload
from sandbox.model.guild import Channel, Guild
from sandbox.model.interaction import Interaction
from sandbox.model.message import DirectChannel, Message, Messageable
from sandbox.model.permissions import Permission
from sandbox.model.world import World
from sandbox.protocol import interactions, messages
from sandbox.protocol.commands import Registry
from sandbox.protocol.errors import ApiError, Form, refusal
from sandbox.protocol.voice_states import VoiceStates

HOUR: Final = 3600.0
#: Edits of messages older than an hour, per channel. Discord's documentation has no number; a bot
#: that edits many measured "3 edits per channel per 20 seconds" (circuitsacul/starboard-4#118).
OLD_EDITS, OLD_EDITS_SECONDS = 3, 20.0
#: For so long, a second message with the same nonce and `enforce_nonce` returns the first one.
NONCE_SECONDS: Final = 300.0


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str  # below /api/v10
    query: dict[str, str]
    body: Any  # of JSON; {} if there was none
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
    """A new object: the status is 201."""


Reply = Json | list[Json] | None
Handler = Callable[["Routes", Call], Reply | Awaitable[Reply]]
#: The commands of everywhere, or of one guild.
_COMMANDS: Final = "/applications/{application}(?:/guilds/{guild})?/commands"
#: Method, path, handler; the first that fits answers.
_TABLE: Final[list[tuple[str, re.Pattern[str], Handler]]] = []


def _route(method: str, *paths: str) -> Callable[[Handler], Handler]:
    """Enter a handler into the table."""

    def enter(handler: Handler) -> Handler:
        for path in paths:
            pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
            _TABLE.append((method, pattern, handler))
        return handler

    return enter


class Routes:
    """The handlers of all routes."""

    def __init__(self, world: World, voice_states: VoiceStates) -> None:
        self._world = world
        self._voice_states = voice_states
        self._registry = Registry(world)

    def answer(self, call: Call) -> Reply | Awaitable[Reply]:
        """What the route of this request says. Raises 404."""
        for method, pattern, handler in _TABLE:
            if method == call.method and (match := pattern.fullmatch(call.path)):
                return handler(self, replace(call, args=match.groupdict()))
        raise ApiError(404, 0, "404: Not Found")

    # What a path names

    def _guild_of(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild"))
        if guild is None or not guild.has_bot:
            # Discord does not say whether a guild exists that the bot is not in.
            raise refusal(50001) if "/commands" in call.path else refusal(10004)
        return guild

    def _channel_of(self, call: Call, *needed: Permission) -> Messageable:
        """Raises 10003, 50001, 50013; 50003 for what nobody may do in direct messages."""
        channel = self._any_channel(call.id("channel"))
        has = channel.permissions_of(self._world.bot)
        if Permission.VIEW_CHANNEL not in has:
            raise refusal(50001)
        for each in needed:
            if each not in has:
                raise refusal(50003 if channel.guild_id is None else 50013)
        return channel

    def _any_channel(self, channel_id: int) -> Messageable:
        for guild in self._world.guilds.values():
            if guild.has_bot and channel_id in guild.channels:
                return guild.channels[channel_id]
        for direct in self._world.directs.values():
            if direct.id == channel_id:
                return direct
        raise refusal(10003)

    def _message_of(self, call: Call, *needed: Permission) -> Message:
        """Raises 10008."""
        channel, message_id = self._channel_of(call, *needed), call.id("message")
        for each in channel.messages:
            if each.id == message_id:
                return each
        raise refusal(10008)

    def _interaction_of(self, call: Call) -> Interaction:
        return interactions.by_token(self._world, call.args["token"])

    def _scope_of(self, call: Call) -> int | None:
        if call.id("application") != self._world.application_id:
            raise refusal(50001)
        return self._guild_of(call).id if call.args["guild"] else None

    # The application

    @_route("GET", "/gateway")
    def _gateway(self, call: Call) -> Reply:
        return {"url": self._world.gateway_url}

    @_route("GET", "/gateway/bot")
    def _gateway_bot(self, call: Call) -> Reply:
        start = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {"url": self._world.gateway_url, "shards": 1, "session_start_limit": start}

    @_route("GET", "/users/@me")
    def _me(self, call: Call) -> Reply:
        return self._world.bot.user() | {"verified": True, "mfa_enabled": True, "flags": 0}

    @_route("GET", "/users/{user}")
    def _user(self, call: Call) -> Reply:
        if call.id("user") not in self._world.users:
            raise refusal(10013)
        return self._world.users[call.id("user")].user()

    @_route("GET", "/users/@me/guilds")
    def _my_guilds(self, call: Call) -> Reply:
        return [
            {"id": str(each.id), "name": each.name, "icon": None, "owner": False}
            | {"permissions": str(int(each.bot.permissions)), "features": []}
            for each in self._world.guilds.values()
            if each.has_bot
        ]

    @_route("DELETE", "/users/@me/guilds/{guild}")
    async def _leave_guild(self, call: Call) -> Reply:
        guild = self._guild_of(call)
        await self._voice_states.leave(guild.bot)
        guild.take_bot_out()
        return None

    @_route("GET", "/applications/@me", "/oauth2/applications/@me")
    def _application(self, call: Call) -> Reply:
        return self._world.application_payload()

    # Commands

    @_route("GET", _COMMANDS)
    def _commands(self, call: Call) -> Reply:
        return self._registry.of(self._scope_of(call))

    @_route("PUT", _COMMANDS)
    def _overwrite_commands(self, call: Call) -> Reply:
        return self._registry.overwrite(self._scope_of(call), call.body)

    @_route("POST", _COMMANDS)
    def _add_command(self, call: Call) -> Any:
        command, is_new = self._registry.upsert(self._scope_of(call), call.body)
        return Created(command) if is_new else command

    @_route("GET", _COMMANDS + "/{command}")
    def _command(self, call: Call) -> Reply:
        return self._registry.get(self._scope_of(call), call.id("command"))

    @_route("DELETE", _COMMANDS + "/{command}")
    def _delete_command(self, call: Call) -> Reply:
        self._registry.delete(self._scope_of(call), call.id("command"))
        return None

    # Guilds

    @_route("GET", "/guilds/{guild}")
    def _guild(self, call: Call) -> Reply:
        return self._guild_of(call).payload()

    @_route("GET", "/guilds/{guild}/channels")
    def _guild_channels(self, call: Call) -> Reply:
        channels = self._guild_of(call).channels.values()
        return [each.payload() for each in channels if each.parent is None]

    @_route("GET", "/guilds/{guild}/roles")
    def _guild_roles(self, call: Call) -> Reply:
        return [each.payload() for each in self._guild_of(call).roles.values()]

    @_route("GET", "/guilds/{guild}/members/{user}")
    def _guild_member(self, call: Call) -> Reply:
        guild = self._guild_of(call)
        if call.id("user") not in guild.members:
            raise refusal(10007)
        return guild.members[call.id("user")].payload()

    @_route("GET", "/guilds/{guild}/voice-states/{user}")
    def _voice_state(self, call: Call) -> Reply:
        guild = self._guild_of(call)
        member = guild.bot
        if call.args["user"] != "@me":
            if call.id("user") not in guild.members:
                raise refusal(10065)
            member = guild.members[call.id("user")]
        if member.voice.channel is None:
            raise refusal(10065)
        return member.voice_payload() | {"guild_id": str(guild.id)}

    @_route("PATCH", "/guilds/{guild}/voice-states/@me")
    def _edit_voice_state(self, call: Call) -> Reply:
        self._voice_states.amend_own(self._guild_of(call).bot, call.body)
        return None

    # Interactions

    @_route("POST", "/interactions/{interaction}/{token}/callback")
    def _callback(self, call: Call) -> Reply:
        interaction_id = call.id("interaction")
        interaction = self._world.interactions.get(call.args["token"])
        if interaction is None or interaction.id != interaction_id:
            raise refusal(10062)
        shown = interactions.respond(self._world, interaction, call.body, call.files)
        return shown if call.query.get("with_response") in ("1", "true", "True") else None

    @_route("POST", "/webhooks/{application}/{token}")
    def _follow_up(self, call: Call) -> Reply:
        interaction = self._interaction_of(call)
        return interactions.follow_up(self._world, interaction, call.body, call.files).payload()

    def _token_message_of(self, call: Call) -> Message:
        return interactions.find(self._interaction_of(call), call.args["message"])

    @_route("GET", "/webhooks/{application}/{token}/messages/{message}")
    def _token_message(self, call: Call) -> Reply:
        return self._token_message_of(call).payload()

    @_route("PATCH", "/webhooks/{application}/{token}/messages/{message}")
    def _edit_token_message(self, call: Call) -> Reply:
        message = self._token_message_of(call)
        messages.edit(message, call.body, call.files)
        return message.payload()

    @_route("DELETE", "/webhooks/{application}/{token}/messages/{message}")
    def _delete_token_message(self, call: Call) -> Reply:
        self._token_message_of(call).remove()
        return None

    # Messages

    @_route("GET", "/channels/{channel}")
    def _channel(self, call: Call) -> Reply:
        return self._channel_of(call).payload()

    @_route("POST", "/users/@me/channels")
    def _open_direct(self, call: Call) -> Reply:
        """Direct messages with a user. Only the first message shows whether the user takes any."""
        recipient = str(call.body.get("recipient_id"))
        user = self._world.users.get(int(recipient)) if recipient.isdigit() else None
        if user is None:
            raise refusal(50033)
        if user.is_bot:
            raise refusal(50007)
        return self._world.dm(user).payload()

    @_route("GET", "/channels/{channel}/messages")
    def _messages(self, call: Call) -> Reply:
        channel = self._channel_of(call, Permission.READ_MESSAGE_HISTORY)
        newest = channel.messages[::-1][: int(call.query.get("limit", 50))]
        return [each.payload() for each in newest]

    @_route("GET", "/channels/{channel}/messages/{message}")
    def _message(self, call: Call) -> Reply:
        return self._message_of(call, Permission.READ_MESSAGE_HISTORY).payload()

    @_route("POST", "/channels/{channel}/messages")
    def _send(self, call: Call) -> Reply:
        channel = self._channel_of(call)
        extra = Permission.ATTACH_FILES if call.files else Permission.NONE
        if call.body.get("embeds"):
            extra |= Permission.EMBED_LINKS
        self._check_sending(channel, extra)
        if earlier := self._with_nonce(channel, call.body):
            return earlier.payload()
        message = messages.create(self._world, channel, channel.bot, call.body, call.files)
        if isinstance(channel, Channel):
            channel.archive(False)  # a message opens an archived thread again
        return message.payload()

    def _check_sending(self, channel: Messageable, extra: Permission) -> None:
        """Refuse what the bot may not send. Raises 50013; in direct messages 50007, 50278."""
        if isinstance(channel, DirectChannel):
            if not self._world.shares_guild(channel.user):
                raise refusal(50278)
            if channel.is_blocked:
                raise refusal(50007)
            return
        needed = Permission.SEND_MESSAGES
        if isinstance(channel, Channel) and channel.parent is not None:
            needed = Permission.SEND_MESSAGES_IN_THREADS
        if needed | extra not in channel.permissions_of(channel.bot):
            raise refusal(50013)

    def _with_nonce(self, channel: Messageable, body: Json) -> Message | None:
        """The message that the bot sent with the same enforced nonce a short while ago."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        since = self._world.clock.time() - NONCE_SECONDS
        for each in channel.messages:
            if each.nonce == str(body["nonce"]) and each.created > since:
                return each
        return None

    @_route("PATCH", "/channels/{channel}/messages/{message}")
    def _edit(self, call: Call) -> Reply:
        message = self._message_of(call)
        channel = message.channel
        if not message.author.is_client:
            raise refusal(50005)
        if channel.archived:
            raise refusal(50083)
        if call.files and Permission.ATTACH_FILES not in channel.permissions_of(channel.bot):
            raise refusal(50013)
        self._check_age(message)
        messages.edit(message, call.body, call.files)
        return message.payload()

    def _check_age(self, message: Message) -> None:
        """Old messages can be edited, but seldom. The refusal is a 429 of another kind, with a code
        of its own (reports: "429 Too Many Requests (error code: 30046)")."""
        now = self._world.clock.time()
        if now - message.created < HOUR:
            return
        channel = message.channel
        channel.old_edits = [each for each in channel.old_edits if now - each < OLD_EDITS_SECONDS]
        if len(channel.old_edits) >= OLD_EDITS:
            text = "Maximum number of edits to messages older than 1 hour reached. Try again later."
            raise ApiError(429, 30046, text)
        channel.old_edits.append(now)

    @_route("DELETE", "/channels/{channel}/messages/{message}")
    def _delete(self, call: Call) -> Reply:
        message = self._message_of(call)
        if not message.author.is_client:
            self._channel_of(call, Permission.MANAGE_MESSAGES)
        message.remove()
        return None

    @_route("POST", "/channels/{channel}/typing")
    def _typing(self, call: Call) -> Reply:
        self._channel_of(call, Permission.SEND_MESSAGES)
        return None
