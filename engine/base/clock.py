"""Time as a parameter: the real clock, and one that tests crank by hand.

Knows: seconds. Does not know: what anyone waits for.
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time in seconds since the epoch, steady time in seconds, and sleep."""

    def time(self) -> float: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance` is called; wakes its sleepers in order on the way."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Move time on by `seconds`; whoever sleeps until then has run when this returns,
        as far as it could without waiting for anything but this clock."""
        until = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, wake = heapq.heappop(self._sleepers)
            self._now = at
            if not wake.done():
                wake.set_result(None)
            await settle()
        self._now = until
        await settle()


async def settle(rounds: int = 50) -> None:
    """Let every task that is ready to run do so, for a bounded number of rounds of the loop."""
    for _ in range(rounds):
        await asyncio.sleep(0)
