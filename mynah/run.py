"""`mynah run`: the bot's process, from its settings to its end.

Knows: the order in which the parts start and stop, signals, exit codes. Does not know: what the
parts do.
"""

import asyncio
import contextlib
import functools
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import aiohttp
import structlog

from bot.client import Bot
from bot.delivery import FRONTEND
from bot.discord_io.gateway import locate
from bot.locales.catalog import label
from engine.base.aio import first_of
from engine.base.clock import Clock, SystemClock
from engine.base.logging import set_up_logging
from engine.base.settings import Settings, load_settings, secrets_of
from engine.model.errors import SetupError
from engine.queue import FrontEndQueue, SpeechQueue
from engine.tts.client.engine import Engine
from engine.tts.client.fallback import engine_from
from engine.voices.operator_folder import OperatorFolder
from engine.voices.recording_files import RecordingFiles
from engine.voices.registry import VoiceRegistry

BotT = TypeVar("BotT", bound=Bot)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Application(Generic[BotT]):
    """The parts that run. `serving` ends only by an error, such as a token that Discord refuses."""

    bot: BotT
    speech: FrontEndQueue
    registry: VoiceRegistry
    serving: asyncio.Task[None]


@contextlib.asynccontextmanager
async def running_application(
    settings: Settings,
    token: str,
    *,
    make_bot: Callable[
        [Settings, FrontEndQueue, VoiceRegistry, aiohttp.ClientSession, Clock], BotT
    ],
    clock: Clock,
    engine: Engine | None = None,
) -> AsyncIterator[Application[BotT]]:
    """Start the parts, connect to Discord, and stop the parts in the opposite order.

    `engine`: None for the one of the settings. Raises SetupError.
    """
    if engine is None:
        engine = engine_from(settings, clock, RecordingFiles.from_settings(settings).read)
    async with contextlib.AsyncExitStack() as stack:
        queue = SpeechQueue(settings, engine, clock)
        await queue.open()
        stack.push_async_callback(queue.close)
        registry = VoiceRegistry(settings, queue, clock)
        await registry.start()
        stack.push_async_callback(registry.close)
        operator_folder = OperatorFolder.from_settings(settings, registry.operator_voices, clock)
        await operator_folder.start()
        stack.push_async_callback(operator_folder.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        speech = queue.for_frontend(FRONTEND)
        bot = make_bot(settings, speech, registry, session, clock)

        async def connect() -> None:
            await locate(session, settings.discord_api_url, token)
            await bot.serve(token)

        serving = asyncio.create_task(connect(), name="bot")
        stack.push_async_callback(_disconnect, bot, serving)
        yield Application(bot, speech, registry, serving)


async def _disconnect(bot: Bot, serving: asyncio.Task[None]) -> None:
    await bot.shut_down()  # it needs the gateway to leave the voice channels
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def run() -> int:
    """Serve until SIGTERM or SIGINT. Raises SetupError for what the operator must fix first."""
    settings = load_settings()
    set_up_logging(settings.mynah_log_level, settings.mynah_log_format, secrets_of(settings))
    if settings.discord_token is None or not settings.discord_token.get_secret_value().strip():
        raise SetupError(label("start-token-missing"))
    os.umask(0o077)  # only this user may read what members said, wherever the data directory is
    asyncio.run(serve(settings, settings.discord_token.get_secret_value().strip()))
    return 0


async def serve(settings: Settings, token: str) -> None:
    """Run the application until a signal, or until it cannot go on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    make_bot = functools.partial(
        Bot, invite=lambda link: print(f"Invite the bot to a server: {link}", flush=True)
    )
    async with running_application(
        settings, token, make_bot=make_bot, clock=SystemClock()
    ) as application:
        await first_of(asyncio.shield(application.serving), stop.wait())
        log.info("stopping")
