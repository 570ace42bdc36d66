"""The REST API's routes: what each path does, and the rights it needs.

Knows: Discord's paths. Does not know: HTTP (`rest`), nor what makes a command valid; it asks
`commands`. The routes of messages and interactions are in `message_routes`.
"""

import re
from typing import TYPE_CHECKING, Any

from sandbox import voice_states
from sandbox.calls import Call, Created, Finder, Handler, Reply
from sandbox.errors import ApiError, refusal
from sandbox.message_routes import MessageRoutes

if TYPE_CHECKING:
    from sandbox.world import World


class Routes:
    """The table of all routes; and those of the application, its commands, guilds and voice."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._find = Finder(world)
        self._table = [
            (method, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), handler)
            for method, path, handler in [*self._routes(), *MessageRoutes(world).routes()]
        ]

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """What answers, and the parts of the path that have names. Raises 404."""
        for known, pattern, handler in self._table:
            if known == method and (match := pattern.fullmatch(path)):
                return handler, match.groupdict()
        raise ApiError(404, 0, "404: Not Found")

    def _routes(self) -> list[tuple[str, str, Handler]]:
        application, guild = "/applications/{application}", "/guilds/{guild}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/gateway", self._gateway),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("GET", "/users/@me", self._me),
            ("GET", "/users/@me/guilds", self._my_guilds),
            ("DELETE", "/users/@me/guilds/{guild}", self._leave_guild),
            ("GET", "/users/{user}", self._user),
            ("GET", "/applications/@me", self._application),
            ("GET", "/oauth2/applications/@me", self._application),
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

    # The application

    def _gateway(self, call: Call) -> Reply:
        return {"url": self._world.origin.replace("http", "ws", 1) + "/gateway"}

    def _gateway_bot(self, call: Call) -> Reply:
        start = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        url = self._world.origin.replace("http", "ws", 1) + "/gateway"
        return {"url": url, "shards": 1, "session_start_limit": start}

    def _me(self, call: Call) -> Reply:
        return self._world.bot.user() | {"verified": True, "mfa_enabled": True, "flags": 0}

    def _user(self, call: Call) -> Reply:
        if call.id("user") not in self._world.users:
            raise refusal(10013)
        return self._world.users[call.id("user")].user()

    def _my_guilds(self, call: Call) -> Reply:
        return [
            {"id": str(each.id), "name": each.name, "icon": None, "owner": False}
            | {"permissions": str(int(each.bot.permissions)), "features": []}
            for each in self._world.guilds.values()
            if each.has_bot
        ]

    async def _leave_guild(self, call: Call) -> Reply:
        await self._find.guild(call).remove_bot()
        return None

    def _application(self, call: Call) -> Reply:
        return self._world.application_payload()

    # Commands

    def _scope(self, call: Call) -> int | None:
        if call.id("application") != self._world.application_id:
            raise refusal(50001)
        return self._find.guild(call).id if "guild" in call.args else None

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

    # Guilds

    def _guild(self, call: Call) -> Reply:
        return self._find.guild(call).payload()

    def _guild_channels(self, call: Call) -> Reply:
        channels = self._find.guild(call).channels.values()
        return [each.payload() for each in channels if each.parent is None]

    def _guild_roles(self, call: Call) -> Reply:
        return [each.payload() for each in self._find.guild(call).roles.values()]

    def _guild_member(self, call: Call) -> Reply:
        guild = self._find.guild(call)
        if call.id("user") not in guild.members:
            raise refusal(10007)
        return guild.members[call.id("user")].payload()

    def _voice_state(self, call: Call) -> Reply:
        guild = self._find.guild(call)
        member = guild.bot
        if call.args["user"] != "@me":
            if call.id("user") not in guild.members:
                raise refusal(10065)
            member = guild.members[call.id("user")]
        if member.voice.channel is None:
            raise refusal(10065)
        return voice_states.payload(member) | {"guild_id": str(guild.id)}

    def _edit_voice_state(self, call: Call) -> Reply:
        voice_states.amend_own(self._find.guild(call).bot, call.body)
        return None
