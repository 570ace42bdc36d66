"""The sandbox's time, which a test can advance, the ids that contain it, and waiting for a change.

Knows: seconds since the epoch, timers, Discord's snowflakes. Does not know: what happens at a
deadline, or what a change means.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

T = TypeVar("T")

DISCORD_EPOCH_MS: Final = 1_420_070_400_000  # the first second of 2015
#: Seconds. With less than half a millisecond, rounding lets a timer fire before its moment.
TIMER_SLACK: Final = 0.001


class Clock:
    """Follows real time, ahead of it by the seconds that `advance` has added."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake: asyncio.TimerHandle | None = None

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    def iso(self, at: float | None = None) -> str:
        """A time as Discord writes it."""
        moment = datetime.fromtimestamp(self.time() if at is None else at, UTC)
        return moment.isoformat(timespec="microseconds")

    def advance(self, seconds: float) -> None:
        """Move time forward. Timers that fall due on the way fire before this returns."""
        self._ahead += seconds
        self._ring()

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Call `callback` when this clock shows `when`."""
        heapq.heappush(self._timers, (when, next(self._order), callback))
        self._arm()

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has moved forward by `seconds`, by itself or by `advance`."""
        woken = asyncio.Event()
        self.call_at(self.time() + seconds, woken.set)
        await woken.wait()

    def close(self) -> None:
        self._timers.clear()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    def _ring(self) -> None:
        while self._timers and self._timers[0][0] <= self.time():
            heapq.heappop(self._timers)[2]()
        self._arm()

    def _arm(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._timers:
            delay = max(0.0, self._timers[0][0] - self.time()) + TIMER_SLACK
            self._wake = asyncio.get_running_loop().call_later(delay, self._ring)


class Snowflakes:
    """Draws ids as Discord does: milliseconds since 2015 above 22 bits, here of a counter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = itertools.count(1)

    def draw(self) -> int:
        milliseconds = int(self._clock.time() * 1000) - DISCORD_EPOCH_MS
        return milliseconds << 22 | next(self._count) & 0x3FFFFF


def created_at(snowflake: int) -> float:
    """When an id was drawn, in seconds since the epoch."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000


class Watch:
    """Waits without polling. Code that changes something calls `changed`, and each waiter looks
    again whether its condition holds."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], T | None], timeout: float, what: str) -> T:
        """The first truthy value of `condition`.

        Raises TimeoutError, naming `what`, after `timeout` real seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
                return value
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {timeout} s") from None
