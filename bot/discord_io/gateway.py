"""Where Discord's API and gateway are; and gateway messages that discord.py cannot read, which must
not end the client. Each one costs one event or one connection, never the process. `client.py`
connects again; `Pauses` says how soon.

`Route.BASE` moves only the REST calls of discord.py. The gateway's address is a class attribute
(gateway.py, DEFAULT_GATEWAY), to which discord.py also returns when a session is invalidated.

In discord.py 2.7.1 an exception while it reads a message leaves `Client.connect()`, which ends the
client (gateway.py:591, client.py:739). A poll whose `expiry` is null, which is legal, is enough.

    an event that cannot be parsed          it is lost; the sequence, the heartbeat and all later
                                            events are not affected
    READY or RESUMED that cannot be parsed  the connection is closed: the client does not work
                                            without its user and servers
    a message that is not JSON, or whose    the connection is closed
    compression is broken; a HELLO without
    its interval

The log gets the event's name and the error's type. It never gets the event or the error's message,
which may quote the event.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import discord
import discord.client
import structlog
import yarl
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure
from discord.http import Route

from bot.discord_io.errors import NETWORK_ERRORS
from bot.locales.catalog import label
from engine.base.error_text import describe, places
from engine.model.errors import SetupError

log = structlog.get_logger(__name__)

Parser = Callable[[Any], None]

#: Seconds between tries to reach Discord at the start; the last one repeats.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
#: The most seconds that discord.py may wait between two tries to reach the gateway.
GATEWAY_RETRY_SECONDS: Final = 8.0
#: Events with which a session begins.
VITAL: Final = frozenset({"READY", "RESUMED"})
#: discord.py raises these on purpose, and `Client.connect` handles them.
HANDLED: Final = (
    *(ReconnectWebSocket, WebSocketClosure, discord.DiscordException),
    *(aiohttp.ClientError, OSError),
)
#: The close code that ends the session too. A resumed session would get the same message again.
GOODBYE: Final = 1000
#: Seconds before each new connection after one that could not be read. Discord lets a bot identify
#: once in 5 s, and resets its token after 1,000 times a day; the last pause allows 720.
PAUSES: Final = (5.0, 10.0, 20.0, 40.0, 80.0, 120.0)
#: After this many seconds without another one, the pauses begin with the first again.
WELL_AFTER: Final = 900.0


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


class Unreadable(Exception):
    """The gateway sent something that cannot be read. The connection is closed."""


class Pauses:
    """Seconds to wait before connecting again. Pure; times are monotonic seconds."""

    def __init__(self) -> None:
        self._count = 0
        self._last = 0.0

    def next(self, now: float) -> float:
        if now - self._last > WELL_AFTER:
            self._count = 0
        seconds = PAUSES[min(self._count, len(PAUSES) - 1)]
        self._count += 1
        self._last = now + seconds
        return seconds


class Gateway(DiscordWebSocket):
    """A connection that closes itself when it cannot be read."""

    async def received_message(self, msg: Any, /) -> None:
        try:
            await super().received_message(msg)
        except HANDLED:
            raise
        except Exception as error:  # noqa: BLE001 -- the edge of the gateway
            log.warning(
                "The gateway sent something that cannot be read",
                error=describe(error),
                at=places(error),
            )
            await self.close(code=GOODBYE)
            raise Unreadable(type(error).__name__) from None


class _Parsers(dict[str, Parser]):
    """discord.py's parsers by event. It ignores events for which this raises KeyError, but fails on
    one whose name is not a string."""

    def __getitem__(self, event: object) -> Parser:
        if not isinstance(event, str):
            raise KeyError
        return super().__getitem__(event)


def contain(client: discord.Client) -> None:
    """Make `client` read the gateway this way. Call it before the client connects.

    discord.py takes the class of its connections from a global name; no setting changes it.
    """
    discord.client.DiscordWebSocket = Gateway  # type: ignore[misc]
    state = client._connection
    state.parsers = _Parsers(
        (event, parse if event in VITAL else _losing(event, parse))
        for event, parse in state.parsers.items()
    )


def _losing(event: str, parse: Parser) -> Parser:
    """`parse`, but an event that it cannot parse is lost."""

    def parse_or_lose(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:  # noqa: BLE001 -- the edge of an event
            log.warning(
                "A gateway event was lost",
                event_name=event,
                error=describe(error),
                at=places(error),
            )

    return parse_or_lose
