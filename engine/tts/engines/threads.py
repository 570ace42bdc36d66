"""Between an engine's threads and the event loop: blocking work awaited, and items handed over.

`in_thread` uses daemon threads and not asyncio's executor, whose threads are waited for when the
process ends: a model may take minutes to load, or to embed a voice.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


async def in_thread(name: str, work: Callable[[], T]) -> T:
    """The result of `work`, or its error. A caller that stops waiting does not stop the work."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # from now on a cancelled caller leaves it alone

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - the edge of this thread; it is raised below
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name=name).start()
    return await asyncio.wrap_future(done)


class ThreadChannel(Generic[T]):
    """Items from one thread to one task, a bounded number ahead; either may stop at any time.

    It is made on the event loop. The thread calls `give`; everything else runs on the loop.
    """

    def __init__(self, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = threading.Semaphore(most)
        self._abandoned = False

    def give(self, item: T) -> bool:
        """Hand `item` over; wait while too many are untaken. False: nobody wants more."""
        if not self._abandoned:
            self._room.acquire()
        if self._abandoned:
            return False
        self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        return True

    def end(self) -> None:
        """Nothing more will come. Call it after the thread is done."""
        self._items.put_nowait(None)

    def abandon(self) -> None:
        """Nobody will take more: the thread learns it from its current or next `give`."""
        self._abandoned = True
        self._room.release()

    async def take(self) -> T | None:
        item = await self._items.get()
        self._room.release()
        return item
