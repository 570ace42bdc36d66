"""From a thread that makes things to the event loop that takes them, a bounded number ahead.

Knows: one thread that gives, one task that takes, and either of them going away.
Does not know: what is handed over.
"""

import asyncio
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class ThreadChannel(Generic[T]):
    """Made on the event loop; `give` is called in the thread, everything else on the loop."""

    def __init__(self, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = threading.Semaphore(most)
        self._abandoned = False

    def give(self, item: T) -> bool:
        """Hand `item` over; waits while too many lie untaken. False: nobody wants more."""
        if not self._abandoned:
            self._room.acquire()
        if self._abandoned:
            return False
        self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        return True

    def end(self) -> None:
        """Nothing more will come. Called on the loop, after the thread is done."""
        self._items.put_nowait(None)

    def abandon(self) -> None:
        """Nobody will take more: the thread is told at its next `give`, or in the one it is in."""
        self._abandoned = True
        self._room.release()

    async def take(self) -> T | None:
        """The next item, in order; None after the last."""
        item = await self._items.get()
        self._room.release()
        return item
