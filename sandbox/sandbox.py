"""A Discord on loopback, started and stopped: all parts put together.

Does not know: any rule.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.client.member import Guild
from sandbox.model.clock import Clock
from sandbox.model.guild import BOT
from sandbox.model.permissions import DEFAULT, Permission
from sandbox.model.user import User
from sandbox.model.world import World
from sandbox.protocol.cdn import Files
from sandbox.protocol.commands import Registry
from sandbox.protocol.faults import Faults
from sandbox.protocol.gateway import Gateway
from sandbox.protocol.limits import Limits
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
        self._voice_states = VoiceStates(self.voice)
        self.gateway = Gateway(
            self.world,
            self._voice_states,
            heartbeat_seconds=heartbeat_seconds,
            resume_seconds=resume_seconds,
        )
        self.world.events = self.gateway
        #: The application's commands, as the bot has registered them.
        self.commands = Registry(self.world)
        self._rest = Rest(self.world, self.gateway, self._voice_states)
        self._guilds: list[Guild] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def rest(self) -> Faults:
        """Faults of REST to order, and the log of requests."""
        return self._rest.faults

    @property
    def limits(self) -> Limits:
        return self._rest.limits

    @property
    def files(self) -> Files:
        """The files that Discord keeps, who fetched them, and faults to order."""
        return self._rest.files

    @property
    def operator(self) -> User:
        """The owner of the application. The bot can write to them once they share a guild:
        `guild.welcome(discord.operator)`."""
        return self.world.operator

    @property
    def token(self) -> str:
        return self.world.token

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

    @property
    def guilds(self) -> list[Guild]:
        return list(self._guilds)

    def guild(
        self, name: str = "Home", *, everyone: Permission = DEFAULT, bot: Permission = BOT
    ) -> Guild:
        """A new guild with the bot in it. `everyone` and `bot` are the permissions of @everyone and
        of the bot's own role."""
        guild = Guild(self.world, self._voice_states, name, everyone=everyone, bot=bot)
        self._guilds.append(guild)
        self.world.guilds[guild.id] = guild
        guild.add_bot()
        return guild

    def limit_rates(self, on: bool) -> None:
        """Apply the rate limits, as at the start, or not."""
        self.limits.is_on = on
        self.gateway.limits_events = on

    async def start(self) -> None:
        await self.voice.start()
        await self.back()

    async def close(self) -> None:
        await self.gateway.close()
        await self.away()
        await self.voice.close()
        self.clock.close()

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
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
