"""The addresses of Discord: the REST API from the settings, and the gateway that the API names.

`Route.BASE` moves only the REST calls of discord.py. The gateway's address is a class attribute
(gateway.py, DEFAULT_GATEWAY), to which discord.py also returns when a session is invalidated.
"""

import asyncio
import itertools
from typing import Final

import aiohttp
import discord.client
import structlog
import yarl
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord_io.errors import NETWORK_ERRORS
from bot.locales.catalog import label
from engine.base.error_text import describe
from engine.model.errors import SetupError

log = structlog.get_logger(__name__)

#: Seconds between tries to reach Discord at the start; the last one repeats.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

#: The most seconds that discord.py may wait between two tries to reach the gateway.
GATEWAY_RETRY_SECONDS: Final = 8.0


class ShortBackoff(ExponentialBackoff[bool]):
    """discord.py's delays between tries, limited: else the bot stays away long after an outage."""

    def delay(self) -> float:
        return min(super().delay(), GATEWAY_RETRY_SECONDS)


def _gateway_in(answer: object) -> yarl.URL:
    """Raises ValueError for an answer that is not Discord's: something else may have sent it, such
    as a proxy with a page of its own."""
    url = answer.get("url") if isinstance(answer, dict) else None
    if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
        raise ValueError("the answer names no gateway")
    return yarl.URL(url)


async def locate(session: aiohttp.ClientSession, base: str, token: str) -> None:
    """Point discord.py at the API `base` and at the gateway that the API names; wait until the API
    answers.

    Raises SetupError if Discord refuses the token.
    """
    for attempt in itertools.count():
        try:
            async with session.get(
                f"{base}/gateway/bot",
                headers={"Authorization": f"Bot {token}"},
                timeout=aiohttp.ClientTimeout(total=10),
            ) as response:
                if response.status == 401:
                    raise SetupError(label("start-token-refused"))
                if response.status == 200:
                    gateway = _gateway_in(await response.json())
                    break
                log.warning("Discord is not ready", status=response.status)
        except (*NETWORK_ERRORS, ValueError) as error:
            log.warning("Discord is out of reach; trying again", error=describe(error))
        await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
    Route.BASE = base
    discord.client.ExponentialBackoff = ShortBackoff  # type: ignore[attr-defined,assignment]
    DiscordWebSocket.DEFAULT_GATEWAY = gateway
    log.info("found Discord", api=base, gateway=str(gateway))
