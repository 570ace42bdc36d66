"""How many voice requests (gateway op 4) may be sent, for all servers together: the process has one
gateway connection.

Discord closes a gateway connection that sends more than 120 events in 60 s. discord.py sends 110
and then holds everything but heartbeats back, for all servers, until its minute is over. So
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

#: Requests that may be sent at once, after a quiet time.
BURST: Final = 45
#: Requests a minute that may be sent in the long run.
PER_MINUTE: Final = 50
#: A wait ends when the request may be sent, not a rounding error earlier.
ROUNDING_SECONDS: Final = 0.001
#: Requests beyond the budget that may be sent when the process ends.
AT_ONCE: Final = 10


class VoiceRequestBudget:
    """A token bucket. Requests wait in the order in which they came. A server has one at a time, so
    servers take turns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remaining = float(BURST)
        self._counted_at = clock.monotonic()
        self._logged_at = -math.inf
        self._queue = asyncio.Lock()  # its waiters are served in order

    async def acquire(self, *, unless: Callable[[], bool], at_once: bool = False) -> bool:
        """Wait until a request may be sent, and count it. Returns False, and counts nothing, if
        `unless` holds by then: the request is no longer wanted.

        `at_once`: the process ends. Send before all that wait. If the reserve is used up, do not
        send at all: Discord takes a bot out of voice when its gateway session ends.
        """
        if at_once:
            is_free = self._refill() >= 1 - AT_ONCE
            self._remaining -= is_free
            return is_free
        async with self._queue:
            while not unless():
                missing = 1 - self._refill()
                if missing <= 0:
                    self._remaining -= 1
                    return True
                self._log_waiting()
                await self._clock.sleep(missing * 60 / PER_MINUTE + ROUNDING_SECONDS)
        return False

    def _log_waiting(self) -> None:
        """Log that requests wait, once a minute."""
        now = self._clock.monotonic()
        if now - self._logged_at >= 60:
            self._logged_at = now
            log.info("voice requests wait: too many in the last minute")

    def _refill(self) -> float:
        """Refill the budget. Returns what remains now."""
        now = self._clock.monotonic()
        earned = (now - self._counted_at) * PER_MINUTE / 60
        self._remaining = min(float(BURST), self._remaining + earned)
        self._counted_at = now
        return self._remaining
