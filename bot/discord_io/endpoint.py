"""Where Discord is: the REST address from the settings, and the gateway that it names.

Knows: how discord.py is pointed elsewhere. Does not know: commands, voice, jobs.

discord.py moves only its REST calls by `Route.BASE`; the gateway's address stands in a class
attribute (gateway.py, DEFAULT_GATEWAY), to which it also returns when a session is invalidated.
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

from engine.base.error_text import describe
from engine.model.errors import SetupError

log = structlog.get_logger(__name__)

#: Seconds between tries to reach Discord when it is away at the start; the last one repeats.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

NO_TOKEN: Final = (
    "There is no token. Create a bot in Discord's developer portal (https://discord.com/developers),"
    " copy its token from the page Bot, and put DISCORD_TOKEN=… into the environment or .env."
)
REFUSED_TOKEN: Final = (
    "Discord refuses the token. Reset it in the developer portal, on the page Bot, "
    "and put the new one into DISCORD_TOKEN."
)


#: The longest that discord.py may wait between two tries to reach the gateway, in seconds.
GATEWAY_RETRY_SECONDS: Final = 8.0


class ShortBackoff(ExponentialBackoff[bool]):
    """discord.py's delays between tries, but none so long that an outage outlasts itself."""

    def delay(self) -> float:
        return min(super().delay(), GATEWAY_RETRY_SECONDS)


def _gateway_in(answer: object) -> yarl.URL:
    """Raises ValueError for what Discord does not answer: something else may stand in its place,
    such as a proxy with a page of its own."""
    url = answer.get("url") if isinstance(answer, dict) else None
    if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
        raise ValueError("the answer names no gateway")
    return yarl.URL(url)


async def locate(session: aiohttp.ClientSession, base: str, token: str) -> None:
    """Point discord.py at `base` and at the gateway that it names, waiting until it answers.

    Raises SetupError when the token is refused.
    """
    for attempt in itertools.count():
        try:
            async with session.get(
                f"{base}/gateway/bot",
                headers={"Authorization": f"Bot {token}"},
                timeout=aiohttp.ClientTimeout(total=10),
            ) as response:
                if response.status == 401:
                    raise SetupError(REFUSED_TOKEN)
                if response.status == 200:
                    gateway = _gateway_in(await response.json())
                    break
                log.warning("Discord is not ready", status=response.status)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.warning("Discord is out of reach; I keep trying", error=describe(error))
        await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
    Route.BASE = base
    discord.client.ExponentialBackoff = ShortBackoff  # type: ignore[attr-defined,assignment]
    DiscordWebSocket.DEFAULT_GATEWAY = gateway
    log.info("found Discord", api=base, gateway=str(gateway))
