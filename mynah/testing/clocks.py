"""A clock that a test moves by hand."""

import asyncio
import heapq
import itertools


class ManualClock:
    """Stands still until `advance` is called, which wakes the sleepers in order. An
    `engine.base.clock.Clock`."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self._now

    monotonic = time

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Advance time by `seconds`. Tasks that slept until then have run when this returns, as
        far as they wait for nothing but this clock."""
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
    """Let every task that can run do so, for a limited number of rounds of the event loop."""
    for _ in range(rounds):
        await asyncio.sleep(0)
