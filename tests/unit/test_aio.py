"""Small patterns of asyncio: no started task is left running, and no error is lost."""

import asyncio

import pytest
from structlog.testing import capture_logs

from engine.base.aio import TaskSet, first_of


class Work:
    """Runs until it is released; knows whether it was cancelled."""

    def __init__(self, error: Exception | None = None) -> None:
        self.released = asyncio.Event()
        self.cancelled = False
        self._error = error

    async def run(self) -> str:
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._error is not None:
            raise self._error
        return "done"


async def until_idle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


# ---- first_of


async def test_first_to_end_is_told_and_the_other_is_cancelled() -> None:
    slow, quick = Work(), Work()
    quick.released.set()
    assert await first_of(slow.run(), quick.run()) == 1
    assert slow.cancelled


async def test_of_two_that_end_together_the_first_is_told() -> None:
    one, other = Work(), Work()
    one.released.set()
    other.released.set()
    assert await first_of(one.run(), other.run()) == 0


async def test_task_has_its_result_afterwards() -> None:
    quick = Work()
    quick.released.set()
    task = asyncio.create_task(quick.run())
    await first_of(task, Work().run())
    assert task.result() == "done"


async def test_shielded_future_outlives_it() -> None:
    quick = Work()
    quick.released.set()
    future = asyncio.get_running_loop().create_future()
    await first_of(asyncio.shield(future), quick.run())
    assert not future.done()


async def test_error_of_any_work_is_raised() -> None:
    failing = Work(ValueError("wrong"))
    failing.released.set()
    slow = Work()
    with pytest.raises(ValueError, match="wrong"):
        await first_of(slow.run(), failing.run())
    assert slow.cancelled


async def test_cancelled_caller_leaves_no_work_behind() -> None:
    works = [Work(), Work()]
    waiting = asyncio.create_task(first_of(*(work.run() for work in works)))
    await until_idle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert all(work.cancelled for work in works)


# ---- TaskSet


async def test_error_of_a_background_task_is_logged_with_its_name() -> None:
    tasks, failing = TaskSet(), Work(ValueError("wrong"))
    failing.released.set()
    with capture_logs() as logs:
        tasks.start(failing.run(), name="greeting")
        await tasks.settle()
        await until_idle()
    assert [(each["log_level"], each["task"]) for each in logs] == [("error", "greeting")]


async def test_owner_waits_until_all_have_ended() -> None:
    tasks, works = TaskSet(), [Work(), Work()]
    started = [tasks.start(work.run(), name="work") for work in works]
    settling = asyncio.create_task(tasks.settle())
    works[0].released.set()
    await until_idle()
    assert not settling.done()
    works[1].released.set()
    await settling
    assert all(task.done() for task in started)


async def test_owner_cancels_all_and_none_is_left() -> None:
    tasks, works = TaskSet(), [Work(), Work()]
    started = [tasks.start(work.run(), name="work") for work in works]
    await until_idle()
    with capture_logs() as logs:
        await tasks.cancel()
    assert all(task.cancelled() for task in started)
    assert all(work.cancelled for work in works)
    assert logs == []


async def test_work_runs_to_its_end_though_its_caller_is_cancelled() -> None:
    tasks, work = TaskSet(), Work()
    caller = asyncio.create_task(tasks.run_to_completion(work.run()))
    await until_idle()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not work.cancelled
    settling = asyncio.create_task(tasks.settle())
    await until_idle()
    assert not settling.done()
    work.released.set()
    await settling
    assert not work.cancelled


async def test_caller_gets_the_result_or_the_error() -> None:
    tasks, work, failing = TaskSet(), Work(), Work(ValueError("wrong"))
    work.released.set()
    failing.released.set()
    assert await tasks.run_to_completion(work.run()) == "done"
    with capture_logs() as logs, pytest.raises(ValueError, match="wrong"):
        await tasks.run_to_completion(failing.run())
    assert logs == []  # the caller has it


async def test_error_that_no_caller_waits_for_is_logged() -> None:
    tasks, failing = TaskSet(), Work(ValueError("wrong"))
    caller = asyncio.create_task(tasks.run_to_completion(failing.run()))
    await until_idle()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    failing.released.set()
    with capture_logs() as logs:
        await tasks.settle()
        await until_idle()
    assert [each["event"] for each in logs] == ["work failed after its caller was cancelled"]
