"""The real bot in this process, on a clock that a test can push forward.

Knows: when the bot is up, what a test may wait for. Does not know: the subject of a test.
"""

import asyncio
import contextlib
import itertools
import math
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.client import Bot
from engine.base.aio import first_of
from engine.base.settings import Settings
from engine.model.engine import EngineState
from engine.model.jobs import JobView
from engine.tts.client.engine import Engine
from engine.tts.client.supervisor import EngineSupervisor
from mynah.run import Application, running_application
from mynah.testing.clocks import settle
from mynah.testing.fake_engine import FakeEngine
from sandbox import Sandbox
from tests.discord.scene import Scene

#: A start takes about 0.3 s; this allows for a busy machine.
START_SECONDS: Final = 20.0


class RunningClock:
    """Real time, plus what `advance` has added. An `engine.base.clock.Clock`."""

    def __init__(self, discord: Sandbox) -> None:
        self._discord = discord
        self._ahead = 0.0
        self._sleepers: dict[int, tuple[float, asyncio.Future[None]]] = {}
        self._numbers = itertools.count()

    def time(self) -> float:
        return time.time() + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        number, woken = next(self._numbers), loop.create_future()
        self._sleepers[number] = (self.monotonic() + seconds, woken)
        timer = loop.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()
            del self._sleepers[number]

    async def advance(self, seconds: float) -> None:
        """Jump ahead, together with Discord's time. Tasks that have slept long enough by then have
        run when this returns. The network does not jump: a voice connection finds that it has heard
        nothing for a long time, and connects again."""
        self._ahead += seconds
        self._discord.clock.advance(seconds)
        for at, woken in sorted(self._sleepers.values(), key=lambda each: each[0]):
            if at <= self.monotonic():
                _wake(woken)
        await settle()

    async def advance_until(self, holds: Callable[[], object], *, step: float, most: float) -> None:
        """Jump ahead step by step until `holds()`, with a moment for the network after each step.

        Raises TimeoutError after `most` seconds of this clock.
        """
        for _ in range(math.ceil(most / step)):
            if holds():
                return
            await self.advance(step)
            await asyncio.sleep(0.01)
        if not holds():
            raise TimeoutError(f"not within {most} s of the clock")


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


class _Bot(Bot):
    """The shipped bot, which also signals that it is up, and does not wait before it identifies."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.up = asyncio.Event()

    async def on_ready(self) -> None:
        await super().on_ready()
        self.up.set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would wait for five seconds before it identifies again."""


class Running:
    """A running bot. `bot` and `speech` are the real ones; `stop` ends it as SIGTERM does."""

    def __init__(
        self,
        application: Application[_Bot],
        engine: Engine,
        settings: Settings,
        parts: contextlib.AsyncExitStack,
    ) -> None:
        self.bot = application.bot
        self.speech = application.speech
        self.registry = application.registry
        self.engine = engine
        self.settings = settings
        self._parts = parts

    @classmethod
    async def start(
        cls,
        discord: Sandbox,
        settings: Settings,
        clock: RunningClock,
        engine: Engine,
        *,
        wait: bool = True,
    ) -> "Running":
        """As `mynah run`. With `wait` it returns once the bot is in its servers, its commands are
        registered, and its voices are known (unless the test made the engine slow)."""

        def make_bot(*parts: Any) -> _Bot:
            bot = _Bot(*parts)
            # aiohttp reads SSL_CERT_FILE at its import, too early for a bot in this same process.
            trust = ssl.create_default_context(cafile=str(discord.certificate))
            bot.http.connector = aiohttp.TCPConnector(limit=0, ssl=trust)
            return bot

        parts = contextlib.AsyncExitStack()
        application = await parts.enter_async_context(
            running_application(
                settings, discord.token, make_bot=make_bot, clock=clock, engine=engine
            )
        )
        running = cls(application, engine, settings, parts)
        if wait:
            try:
                await running._until_up(discord, application.serving)
            except BaseException:
                await running.stop()
                raise
        return running

    async def view(
        self, job_id: int, holds: Callable[[JobView], object], seconds: float = 10.0
    ) -> JobView:
        """The job, once `holds` is true for it. Raises TimeoutError."""
        changes = self.speech.subscribe()
        async with asyncio.timeout(seconds):
            while not holds(view := await self.speech.view(job_id)):
                await anext(changes)
        return view

    async def joined(self, scene: Scene) -> None:
        """Wait until it can be heard in the scene's server."""

        def can_be_heard() -> bool:
            guild_voice = self.bot.guild_voices.get(scene.guild.id)
            return guild_voice is not None and guild_voice.connected

        await until(can_be_heard, "a voice connection", 10.0)

    async def queue(self, scene: Scene) -> list[str]:
        """The texts of a server that are spoken or wait, in order."""
        return [view.job.text for view in await self.speech.queue(str(scene.guild.id))]

    async def stop(self) -> None:
        """Shut down as on a signal. May be called twice."""
        await self._parts.aclose()

    async def _until_up(self, discord: Sandbox, serving: "asyncio.Task[None]") -> None:
        name = self.settings.mynah_command_group or "say"
        async with asyncio.timeout(START_SECONDS):
            await first_of(asyncio.shield(serving), self.bot.up.wait())
            await discord.world.watch.until(
                lambda: discord.commands.find(0, name), START_SECONDS, "the commands"
            )
            if isinstance(self.engine, EngineSupervisor) or self.engine.state is EngineState.READY:
                await until(lambda: self.speech.info is not None, "the engine's card")


def brief_engine(clock: RunningClock) -> FakeEngine:
    """An engine for tests that wait for outcomes: 0.1 s a chunk, but ten seconds for texts that say
    that they go on. Its sound is not intelligible."""
    return FakeEngine(clock, seconds=lambda text: 10.0 if "goes on" in text else 0.1)


async def until(condition: Callable[[], object], what: str, seconds: float = 5.0) -> None:
    """Wait until `condition` holds, for states that neither Discord nor a recording reports.

    Raises TimeoutError.
    """
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 -- nobody tells of it
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {seconds} s") from None


def settings_for(discord: Sandbox, data: Path, **settings: Any) -> Settings:
    """What `mynah run` would read; the environment of the tests has no influence."""
    given = {
        "discord_token": discord.token,
        "discord_api_url": discord.api_url,
        "mynah_data_dir": data,
        "mynah_references_dir": data.parent / "references",
        "mynah_disk_reserve": 0,
    }
    return Settings.model_validate(given | settings)
