"""`mynah run`: the bot's process, from its settings to its last breath.

Knows: the order in which the parts come up and go down, signals, exit codes.
Does not know: what the parts do.
"""

import asyncio
import contextlib
import os
import signal

import aiohttp
import structlog

from bot.app import Bot
from bot.discord_api import NO_TOKEN, locate
from engine.clock import SystemClock
from engine.errors import SetupError
from engine.logs import set_up_logging
from engine.settings import Settings, load_settings, secrets_of
from engine.speech import Speech
from engine.synthesis.engines import engine_from
from engine.voices.dropped import DroppedVoices
from engine.voices.library import Library
from engine.voices.shelf import Shelf

log = structlog.get_logger(__name__)


def run() -> int:
    """Serve until SIGTERM or SIGINT. Raises SetupError for what must be set right first."""
    settings = load_settings()
    set_up_logging(settings.mynah_log_level, settings.mynah_log_format, secrets_of(settings))
    if settings.discord_token is None or not settings.discord_token.get_secret_value().strip():
        raise SetupError(NO_TOKEN)
    os.umask(0o077)  # what members said is for this user alone, wherever the data directory is
    asyncio.run(serve(settings, settings.discord_token.get_secret_value().strip()))
    return 0


async def serve(settings: Settings, token: str) -> None:
    """Bring the parts up, wait for a signal, and bring them down in the opposite order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    shelf = Shelf(settings.mynah_references_dir, settings.mynah_data_dir / "references")
    async with contextlib.AsyncExitStack() as stack:
        speech = Speech(settings, engine_from(settings, clock, shelf.read), clock)
        await speech.open()
        stack.push_async_callback(speech.close)
        library = Library(settings, speech, clock)
        await library.start()
        stack.push_async_callback(library.close)
        dropped = DroppedVoices.from_settings(settings, library, clock)
        await dropped.start()
        stack.push_async_callback(dropped.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        bot = Bot(settings, speech, library, session, clock, invite=_print_invitation)
        serving = asyncio.create_task(_connect(bot, session, settings, token), name="bot")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            log.info("stopping")
        finally:
            # The gateway is still needed to leave the voice channels.
            await bot.shut_down()
            for task in (serving, stopping):
                task.cancel()
            await asyncio.gather(serving, stopping, return_exceptions=True)


def _print_invitation(link: str) -> None:
    print(f"Invite the bot to a server: {link}", flush=True)


async def _connect(
    bot: Bot, session: aiohttp.ClientSession, settings: Settings, token: str
) -> None:
    await locate(session, settings.discord_api_url, token)
    await bot.serve(token)
