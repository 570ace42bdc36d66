"""The real bot in this process, on a clock that a test can push forward.

Knows: how `mynah run` brings the parts up and down. Does not know: what any test is about.
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
from bot.delivery import FRONTEND
from bot.discord_io.endpoint import locate
from engine.base.clock import settle
from engine.base.settings import Settings
from engine.model.engine import EngineState
from engine.model.jobs import JobView
from engine.queue import FrontEndQueue, SpeechQueue
from engine.tts.client.engine import Engine
from engine.tts.client.supervisor import EngineSupervisor
from engine.voices.operator_folder import OperatorFolder
from engine.voices.registry import VoiceRegistry
from mynah.testing.fake_engine import FakeEngine
from sandbox import Sandbox
from tests.discord.scene import Scene

#: A start takes about 0.3 s; this is for a machine that does other things too.
START_SECONDS: Final = 20.0


class RunningClock:
    """Real time, ahead of it by what `advance` has added. An `engine.base.clock.Clock`."""

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
        """Jump ahead, Discord's time too; whoever has slept long enough by then has run when this
        returns. The network knows nothing of it: a voice connection finds that it has
        heard nothing for long, and is made anew."""
        self._ahead += seconds
        self._discord.clock.advance(seconds)
        for at, woken in sorted(self._sleepers.values(), key=lambda each: each[0]):
            if at <= self.monotonic():
                _wake(woken)
        await settle()

    async def advance_until(self, holds: Callable[[], object], *, step: float, most: float) -> None:
        """Jump ahead step by step until `holds()`, with a moment for the network after each.

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
    """As it is shipped; it only says when it is up, and does not dawdle."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.up = asyncio.Event()

    async def on_ready(self) -> None:
        await super().on_ready()
        self.up.set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would wait for five seconds before it identifies again."""


class Running:
    """A bot that runs. `bot` and `speech` are the real ones; `stop` ends it as SIGTERM does."""

    def __init__(
        self,
        bot: _Bot,
        speech: FrontEndQueue,
        registry: VoiceRegistry,
        engine: Engine,
        settings: Settings,
    ) -> None:
        self.bot = bot
        self.speech = speech
        self.registry = registry
        self.engine = engine
        self.settings = settings
        self._parts = contextlib.AsyncExitStack()

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
        """As `mynah.run.serve`. With `wait` it returns once the bot is in its servers, its
        commands are registered, and, unless the engine was made to be slow, its voices known."""
        queue = SpeechQueue(settings, engine, clock)
        await queue.open()
        speech = queue.for_frontend(FRONTEND)
        parts = contextlib.AsyncExitStack()
        parts.push_async_callback(queue.close)
        registry = VoiceRegistry(settings, queue, clock)
        await registry.start()
        parts.push_async_callback(registry.close)
        dropped = OperatorFolder.from_settings(settings, registry, clock)
        await dropped.start()
        parts.push_async_callback(dropped.close)
        session = await parts.enter_async_context(aiohttp.ClientSession())
        bot = _Bot(settings, speech, registry, session, clock)
        # aiohttp reads SSL_CERT_FILE at its import, too early for a bot in this same process.
        trust = ssl.create_default_context(cafile=str(discord.certificate))
        bot.http.connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        running = cls(bot, speech, registry, engine, settings)
        running._parts = parts
        serving = asyncio.create_task(_serve(bot, session, settings, discord.token))
        parts.push_async_callback(_end, bot, serving)
        if wait:
            try:
                await running._until_up(discord, serving)
            except BaseException:
                await running.stop()
                raise
        return running

    async def view(
        self, job_id: int, holds: Callable[[JobView], object], seconds: float = 10.0
    ) -> JobView:
        """A job, once `holds` is true of it. Raises TimeoutError."""
        changes = self.speech.subscribe()
        async with asyncio.timeout(seconds):
            while not holds(view := await self.speech.view(job_id)):
                await anext(changes)
        return view

    async def joined(self, scene: Scene) -> None:
        """Until it can be heard in the scene's server."""

        def can_be_heard() -> bool:
            room = self.bot.guild_voices.get(scene.guild.id)
            return room is not None and room.connected

        await until(can_be_heard, "a voice connection", 10.0)

    async def queue(self, scene: Scene) -> list[str]:
        """The texts of a server that are spoken or wait, in order."""
        return [view.job.text for view in await self.speech.queue(str(scene.guild.id))]

    async def stop(self) -> None:
        """Orderly, as on a signal. May be called twice."""
        await self._parts.aclose()

    async def _until_up(self, discord: Sandbox, serving: "asyncio.Task[None]") -> None:
        name = self.settings.mynah_command_group or "say"
        async with asyncio.timeout(START_SECONDS):
            up = asyncio.create_task(self.bot.up.wait())
            await asyncio.wait({up, serving}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                up.cancel()
                serving.result()
            await discord.world.watch.until(
                lambda: discord.world.registry.find(0, name), START_SECONDS, "the commands"
            )
            if isinstance(self.engine, EngineSupervisor) or self.engine.state is EngineState.READY:
                await until(lambda: self.speech.info is not None, "the engine's card")


async def _serve(bot: Bot, session: aiohttp.ClientSession, settings: Settings, token: str) -> None:
    await locate(session, settings.discord_api_url, token)
    await bot.serve(token)


async def _end(bot: Bot, serving: "asyncio.Task[None]") -> None:
    await bot.shut_down()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def brief_engine(clock: RunningClock) -> FakeEngine:
    """An engine for tests that wait for outcomes: a tenth of a second a chunk, but ten seconds
    where the text says that it goes on. Nobody could understand it."""
    return FakeEngine(clock, seconds=lambda text: 10.0 if "goes on" in text else 0.1)


async def until(condition: Callable[[], object], what: str, seconds: float = 5.0) -> None:
    """Until `condition` holds, for what neither Discord nor a recording can be asked to wait for.

    Raises TimeoutError.
    """
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 -- nobody tells of it
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {seconds} s") from None


def settings_for(discord: Sandbox, data: Path, **settings: Any) -> Settings:
    """What `mynah run` would read; the environment of the tests has no say in it."""
    given = {
        "discord_token": discord.token,
        "discord_api_url": discord.api_url,
        "mynah_data_dir": data,
        "mynah_references_dir": data.parent / "references",
        "mynah_disk_reserve": 0,
    }
    return Settings.model_validate(given | settings)
