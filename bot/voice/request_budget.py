"""The voice requests (gateway op 4) of all servers: how many may go out, and whose turn it is.

Knows: one budget for the process's one gateway connection. Does not know: servers, channels, what
a request asks for.

Discord closes a gateway connection that sends more than 120 events in 60 s. discord.py lets 110
through and then keeps everything but heartbeats back, for all servers, until its minute is over. So
requests to join and to leave stay under both: at most 95 in any 60 s, and 105 with those that
cannot wait because the process ends.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

import structlog

from engine.base.clock import Clock

log = structlog.get_logger(__name__)

#: Requests that may go out at once, after a quiet time.
BURST: Final = 45
#: Requests that may go out in the long run, a minute.
PER_MINUTE: Final = 50
#: A wait ends when the request may go out, not a rounding error before.
ROUNDING_SECONDS: Final = 0.001
#: Requests beyond the budget, for those that cannot wait.
AT_ONCE: Final = 10


class VoiceRequests:
    """A token bucket. Requests wait in the order in which they came; a server has one at a time, so
    servers take turns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = float(BURST)
        self._counted_at = clock.monotonic()
        self._told_at = -math.inf
        self._queue = asyncio.Lock()  # its waiters are served in order

    async def turn(self, *, unless: Callable[[], bool], at_once: bool = False) -> bool:
        """Wait until a request may go out, and count it. False, and nothing is counted, when
        `unless` holds by then: the request is no longer wanted.

        `at_once`: the process ends. Go before all that wait, or, where the reserve is used up, not
        at all: Discord takes a bot out of voice when its gateway session ends.
        """
        if at_once:
            is_free = self._count() >= 1 - AT_ONCE
            self._left -= is_free
            return is_free
        async with self._queue:
            while not unless():
                missing = 1 - self._count()
                if missing <= 0:
                    self._left -= 1
                    return True
                self._tell()
                await self._clock.sleep(missing * 60 / PER_MINUTE + ROUNDING_SECONDS)
        return False

    def _tell(self) -> None:
        """Say in the log that requests wait: once a minute."""
        now = self._clock.monotonic()
        if now - self._told_at >= 60:
            self._told_at = now
            log.info("voice requests wait: too many in the last minute")

    def _count(self) -> float:
        """What is left now."""
        now = self._clock.monotonic()
        earned = (now - self._counted_at) * PER_MINUTE / 60
        self._left = min(float(BURST), self._left + earned)
        self._counted_at = now
        return self._left
