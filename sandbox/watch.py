"""Waiting for something to become true, without polling.

Knows: who waits. Does not know: for what; whoever changes anything calls `changed`.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Wakes its waiters at every change; each looks again whether its condition holds."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """Something is different now."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], T], timeout: float, what: str) -> T:
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
