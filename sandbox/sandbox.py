"""A Discord on loopback, started and stopped: all parts put together."""

from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.client.member import Guild
from sandbox.model.guild import BOT
from sandbox.model.permissions import DEFAULT, Permission
from sandbox.model.world import World
from sandbox.protocol.commands import Registry
from sandbox.protocol.gateway import Gateway
from sandbox.protocol.rest import PREFIX, Rest
from sandbox.protocol.voice import VoiceServer
from sandbox.protocol.voice_states import VoiceStates


class Sandbox:
    """`async with Sandbox() as discord:`, and a bot can connect to `discord.api_url`.

    `privileged` names the intents that the application may ask for, of "members", "presences"
    and "message_content". `voice` replaces the voice server; `dave` turns its end-to-end
    encryption off.
    """

    def __init__(
        self,
        *,
        name: str = "mynah",
        privileged: frozenset[str] = frozenset(),
        dave: bool = True,
        voice: VoiceServer | None = None,
        heartbeat_seconds: float = 41.25,
        resume_seconds: float = 60.0,
    ) -> None:
        self.voice = VoiceServer(dave=dave) if voice is None else voice
        self.world = World(name, privileged)
        self.clock = self.world.clock
        self.token = self.world.token
        #: The owner of the application. The bot can write to them once they share a guild:
        #: `guild.welcome(discord.operator)`.
        self.operator = self.world.operator
        self._voice_states = VoiceStates(self.voice)
        self.gateway = Gateway(self.world, self._voice_states, heartbeat_seconds, resume_seconds)
        self.world.events = self.gateway
        #: The application's commands, as the bot has registered them.
        self.commands = Registry(self.world)
        self._rest = Rest(self.world, self.gateway, self._voice_states)
        self.guilds: list[Guild] = []
        #: Faults of REST to order, and the log of requests.
        self.rest = self._rest.faults
        self.limits = self._rest.limits
        #: The files that Discord keeps, who fetched them, and faults to order.
        self.files = self._rest.files
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def api_url(self) -> str:
        """The address in place of https://discord.com/api/v10."""
        return self.world.origin + PREFIX

    @property
    def gateway_url(self) -> str:
        return self.world.gateway_url

    @property
    def certificate(self) -> Path:
        """The file for SSL_CERT_FILE, so that the bot trusts the voice server."""
        return self.voice.certificate

    def guild(
        self, name: str = "Home", *, everyone: Permission = DEFAULT, bot: Permission = BOT
    ) -> Guild:
        """A new guild with the bot in it. `everyone` and `bot` are the permissions of @everyone and
        of the bot's own role."""
        guild = Guild(self.world, self._voice_states, name, everyone=everyone, bot=bot)
        self.guilds.append(guild)
        self.world.guilds[guild.id] = guild
        guild.add_bot()
        return guild

    def limit_rates(self, on: bool) -> None:
        """Apply the rate limits, as at the start, or not."""
        self.limits.is_on = on
        self.gateway.limits_events = on

    async def away(self) -> None:
        """An outage: REST and the gateway refuse connections, and open ones are cut."""
        await self.gateway.drop()
        self.files.release()
        if self._runner is not None:
            server = self._runner.server
            for each in list(server.connections) if server else []:
                if each.transport is not None:
                    each.transport.abort()
            await self._runner.cleanup()
            self._runner = None

    async def back(self) -> None:
        """The outage is over: the same port answers again."""
        runner = web.AppRunner(self._rest.application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._runner = runner
        self._port = runner.addresses[0][1]
        self.world.storage.origin = f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.voice.start()
        await self.back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.close()
        await self.away()
        await self.voice.close()
        self.clock.close()
