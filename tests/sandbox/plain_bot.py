"""A bot of plain discord.py, run in the event loop of the test."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
from discord import app_commands

from sandbox import Sandbox

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True)


class Bot(discord.Client):
    """discord.py as it comes; `events` keeps what it receives."""

    def __init__(self, intents: discord.Intents = INTENTS) -> None:
        super().__init__(intents=intents, heartbeat_timeout=20.0, guild_ready_timeout=0.1)
        self.tree = app_commands.CommandTree(self)
        self.events: asyncio.Queue[str] = asyncio.Queue()

    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        self.events.put_nowait(event)
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would wait for five seconds before it identifies again."""

    async def until(self, event: str, timeout: float = 10.0) -> None:
        """Wait until `event` was dispatched, after those that were waited for before."""
        async with asyncio.timeout(timeout):
            while await self.events.get() != event:
                pass


@asynccontextmanager
async def running(local: Sandbox, bot: Bot) -> AsyncIterator[Bot]:
    """The bot, connected and ready."""
    # aiohttp reads SSL_CERT_FILE at its import, too early for a bot in this same process.
    trust = ssl.create_default_context(cafile=str(local.certificate))
    bot.http.connector = aiohttp.TCPConnector(limit=0, ssl=trust)
    task = asyncio.create_task(bot.start(local.token))
    try:
        ready = asyncio.create_task(bot.until("ready"))
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            await task
        await ready
        yield bot
    finally:
        await bot.close()
        await asyncio.wait({task})
