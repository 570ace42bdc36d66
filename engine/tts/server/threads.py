"""Blocking work of an engine in a thread of its own, awaited on the event loop.

Knows: daemon threads. Does not know: what the work is.

Not the executor: its threads are waited for when the process ends, and a model may take minutes to
load or to listen to a voice.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(name: str, work: Callable[[], T]) -> T:
    """The result of `work`, or its error. Who stops waiting does not stop it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(_settle, done, work())
        except Exception as error:  # noqa: BLE001 - the edge of this thread; it is raised below
            settle = partial(_fail, done, error)
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, daemon=True, name=name).start()
    return await done


def _settle(done: "asyncio.Future[T]", result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[T]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
