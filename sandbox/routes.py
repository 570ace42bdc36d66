"""The REST API's routes: what each path does, and the rights it needs.

Knows: Discord's paths and who may use them. Does not know: HTTP (`rest`), nor what makes a
message, a command or an answer valid; it asks their files.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox import messages, voice_states
from sandbox.channels import Channel
from sandbox.errors import ApiError, Form, Json, refusal
from sandbox.messages import Message, Upload
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.guilds import Guild
    from sandbox.interactions import Interaction
    from sandbox.world import World

HOUR: Final = 3600.0
#: Edits of messages older than an hour, a channel and hour. The number is Discord's secret.
OLD_EDITS: Final = 3


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


class Routes:
    """All routes over one world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._table = [
            (method, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), handler)
            for method, path, handler in self._routes()
        ]

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """What answers, and the parts of the path that have names. Raises 404."""
        for known, pattern, handler in self._table:
            if known == method and (match := pattern.fullmatch(path)):
                return handler, match.groupdict()
        raise ApiError(404, 0, "404: Not Found")

    def _routes(self) -> list[tuple[str, str, Handler]]:
        application, webhook = "/applications/{application}", "/webhooks/{application}/{token}"
        channel, guild = "/channels/{channel}", "/guilds/{guild}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/gateway", self._gateway),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("GET", "/users/@me", self._me),
            ("GET", "/users/@me/guilds", self._my_guilds),
            ("DELETE", "/users/@me/guilds/{guild}", self._leave_guild),
            ("GET", "/users/{user}", self._user),
            ("GET", "/applications/@me", self._application),
            ("GET", "/oauth2/applications/@me", self._application),
            ("POST", "/interactions/{interaction}/{token}/callback", self._callback),
            ("POST", webhook, self._follow_up),
            ("GET", webhook + "/messages/{message}", self._token_message),
            ("PATCH", webhook + "/messages/{message}", self._edit_token_message),
            ("DELETE", webhook + "/messages/{message}", self._delete_token_message),
            ("GET", channel, self._channel),
            ("GET", channel + "/messages", self._messages),
            ("POST", channel + "/messages", self._send),
            ("GET", channel + "/messages/{message}", self._message),
            ("PATCH", channel + "/messages/{message}", self._edit),
            ("DELETE", channel + "/messages/{message}", self._delete),
            ("POST", channel + "/typing", self._typing),
            ("GET", guild, self._guild),
            ("GET", guild + "/channels", self._guild_channels),
            ("GET", guild + "/roles", self._guild_roles),
            ("GET", guild + "/members/{user}", self._guild_member),
            ("GET", guild + "/voice-states/{user}", self._voice_state),
            ("PATCH", guild + "/voice-states/@me", self._edit_voice_state),
        ]
        for scope in (application, application + guild):
            routes += [
                ("GET", scope + "/commands", self._commands),
                ("PUT", scope + "/commands", self._overwrite_commands),
                ("POST", scope + "/commands", self._add_command),
                ("GET", scope + "/commands/{command}", self._command),
                ("DELETE", scope + "/commands/{command}", self._delete_command),
            ]
        return routes

    # Finding things

    def _guild_of(self, call: Call) -> "Guild":
        guild = self._world.guilds.get(call.id("guild"))
        if guild is None or not guild.has_bot:
            # Discord does not say whether a guild exists that the bot is not in.
            raise refusal(50001) if "/commands" in call.path else refusal(10004)
        return guild

    def _channel_of(self, call: Call, *needed: Permission) -> Channel:
        """Raises 10003, 50001, 50013."""
        for guild in self._world.guilds.values():
            if guild.has_bot and call.id("channel") in guild.channels:
                channel = guild.channels[call.id("channel")]
                has = guild.bot.permissions_in(channel)
                if Permission.VIEW_CHANNEL not in has:
                    raise refusal(50001)
                for each in needed:
                    if each not in has:
                        raise refusal(50013)
                return channel
        raise refusal(10003)

    def _message_of(self, call: Call, *needed: Permission) -> Message:
        return self._channel_of(call, *needed).message(call.id("message"))

    def _interaction_of(self, call: Call) -> "Interaction":
        """By the token in the path. Raises 10015, 50027."""
        for each in self._world.interactions.values():
            if each.token == call.args["token"]:
                each.open()
                return each
        raise refusal(10015)

    # The application

    def _gateway(self, call: Call) -> Reply:
        return {"url": self._world.origin.replace("http", "ws", 1) + "/gateway"}

    def _gateway_bot(self, call: Call) -> Reply:
        start = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        url = self._world.origin.replace("http", "ws", 1) + "/gateway"
        return {"url": url, "shards": 1, "session_start_limit": start}

    def _me(self, call: Call) -> Reply:
        return self._world.user_payload() | {"verified": True, "mfa_enabled": True, "flags": 0}

    def _user(self, call: Call) -> Reply:
        for guild in self._world.guilds.values():
            if call.id("user") in guild.members:
                return guild.members[call.id("user")].user()
        raise refusal(10013)

    def _my_guilds(self, call: Call) -> Reply:
        return [
            {"id": str(each.id), "name": each.name, "icon": None, "owner": False}
            | {"permissions": str(int(each.bot.permissions)), "features": []}
            for each in self._world.guilds.values()
            if each.has_bot
        ]

    async def _leave_guild(self, call: Call) -> Reply:
        await self._guild_of(call).remove_bot()
        return None

    def _application(self, call: Call) -> Reply:
        return self._world.application_payload()

    # Commands

    def _scope(self, call: Call) -> int | None:
        if call.id("application") != self._world.application_id:
            raise refusal(50001)
        return self._guild_of(call).id if "guild" in call.args else None

    def _commands(self, call: Call) -> Reply:
        return self._world.registry.of(self._scope(call))

    def _overwrite_commands(self, call: Call) -> Reply:
        return self._world.registry.overwrite(self._scope(call), call.body)

    def _add_command(self, call: Call) -> Any:
        command, is_new = self._world.registry.upsert(self._scope(call), call.body)
        return Created(command) if is_new else command

    def _command(self, call: Call) -> Reply:
        return self._world.registry.get(self._scope(call), call.id("command"))

    def _delete_command(self, call: Call) -> Reply:
        self._world.registry.delete(self._scope(call), call.id("command"))
        return None

    # Interactions

    def _callback(self, call: Call) -> Reply:
        interaction = self._world.interactions.get(call.id("interaction"))
        if interaction is None or interaction.token != call.args["token"]:
            raise refusal(10062)
        shown = interaction.respond(call.body, call.files)
        return shown if call.query.get("with_response") in ("1", "true", "True") else None

    def _follow_up(self, call: Call) -> Reply:
        interaction = self._interaction_of(call)
        message = interaction.follow_up(call.body, call.files)
        return message.payload()

    def _token_message(self, call: Call) -> Reply:
        return self._interaction_of(call).find(call.args["message"]).payload()

    def _edit_token_message(self, call: Call) -> Reply:
        message = self._interaction_of(call).find(call.args["message"])
        messages.edit(message, call.body, call.files)
        return message.payload()

    def _delete_token_message(self, call: Call) -> Reply:
        self._interaction_of(call).find(call.args["message"]).remove()
        return None

    # Messages

    def _channel(self, call: Call) -> Reply:
        return self._channel_of(call).payload()

    def _messages(self, call: Call) -> Reply:
        channel = self._channel_of(call, Permission.READ_MESSAGE_HISTORY)
        newest = channel.messages[::-1][: int(call.query.get("limit", 50))]
        return [each.payload() for each in newest]

    def _message(self, call: Call) -> Reply:
        return self._message_of(call, Permission.READ_MESSAGE_HISTORY).payload()

    def _send(self, call: Call) -> Reply:
        channel = self._channel_of(call)
        has = channel.guild.bot.permissions_in(channel)
        needed = Permission.SEND_MESSAGES_IN_THREADS if channel.parent else Permission.SEND_MESSAGES
        if call.files:
            needed |= Permission.ATTACH_FILES
        if call.body.get("embeds"):
            needed |= Permission.EMBED_LINKS
        if needed not in has:
            raise refusal(50013)
        message = messages.create(channel, channel.guild.bot, call.body, call.files)
        channel.archive(False)  # writing opens an archived thread again
        return message.payload()

    def _edit(self, call: Call) -> Reply:
        message = self._message_of(call)
        channel = message.channel
        if message.author is not channel.guild.bot:
            raise refusal(50005)
        if channel.archived:
            raise refusal(50083)
        has = channel.guild.bot.permissions_in(channel)
        if call.files and Permission.ATTACH_FILES not in has:
            raise refusal(50013)
        self._check_age(message)
        messages.edit(message, call.body, call.files)
        return message.payload()

    def _check_age(self, message: Message) -> None:
        """Old messages can be edited, but seldom. The refusal is a 429 of another kind, which
        carries its own code (reports: "429 Too Many Requests (error code: 30046)")."""
        now = self._world.clock.time()
        if now - message.created < HOUR:
            return
        channel = message.channel
        channel.old_edits = [each for each in channel.old_edits if now - each < HOUR]
        if len(channel.old_edits) >= OLD_EDITS:
            text = "Maximum number of edits to messages older than 1 hour reached. Try again later."
            raise ApiError(429, 30046, text)
        channel.old_edits.append(now)

    def _delete(self, call: Call) -> Reply:
        message = self._message_of(call)
        bot = message.channel.guild.bot
        if message.author is not bot:
            self._channel_of(call, Permission.MANAGE_MESSAGES)
        message.remove()
        return None

    def _typing(self, call: Call) -> Reply:
        self._channel_of(call, Permission.SEND_MESSAGES)
        return None

    # Guilds

    def _guild(self, call: Call) -> Reply:
        return self._guild_of(call).payload()

    def _guild_channels(self, call: Call) -> Reply:
        channels = self._guild_of(call).channels.values()
        return [each.payload() for each in channels if each.parent is None]

    def _guild_roles(self, call: Call) -> Reply:
        return [each.payload() for each in self._guild_of(call).roles.values()]

    def _guild_member(self, call: Call) -> Reply:
        guild = self._guild_of(call)
        if call.id("user") not in guild.members:
            raise refusal(10007)
        return guild.members[call.id("user")].payload()

    def _voice_state(self, call: Call) -> Reply:
        guild = self._guild_of(call)
        member = guild.bot
        if call.args["user"] != "@me":
            if call.id("user") not in guild.members:
                raise refusal(10065)
            member = guild.members[call.id("user")]
        if member.voice.channel is None:
            raise refusal(10065)
        return voice_states.payload(member) | {"guild_id": str(guild.id)}

    def _edit_voice_state(self, call: Call) -> Reply:
        voice_states.amend_own(self._guild_of(call).bot, call.body)
        return None
