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

from bot.client import Bot
from bot.delivery import FRONTEND
from bot.discord_io.endpoint import NO_TOKEN, locate
from engine.base.clock import SystemClock
from engine.base.logging import set_up_logging
from engine.base.settings import Settings, load_settings, secrets_of
from engine.model.errors import SetupError
from engine.queue import SpeechQueue
from engine.tts.client.factory import engine_from
from engine.voices.operator_folder import OperatorFolder
from engine.voices.recording_files import RecordingFiles
from engine.voices.registry import VoiceRegistry

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
    recordings_dir = RecordingFiles(
        settings.mynah_references_dir, settings.mynah_data_dir / "references"
    )
    async with contextlib.AsyncExitStack() as stack:
        queue = SpeechQueue(settings, engine_from(settings, clock, recordings_dir.read), clock)
        await queue.open()
        stack.push_async_callback(queue.close)
        registry = VoiceRegistry(settings, queue, clock)
        await registry.start()
        stack.push_async_callback(registry.close)
        dropped = OperatorFolder.from_settings(settings, registry, clock)
        await dropped.start()
        stack.push_async_callback(dropped.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        speech = queue.for_frontend(FRONTEND)
        bot = Bot(settings, speech, registry, session, clock, invite=_print_invitation)
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
