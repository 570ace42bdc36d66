"""Slots: as many at once as there are, the most urgent next, none lost."""

import asyncio
from collections.abc import Callable, Coroutine

from engine.tts.server.admission import Slots
from mynah.testing.clocks import settle


def worker(
    slots: Slots, began: list[str], gate: asyncio.Event
) -> Callable[[str, float], Coroutine[None, None, None]]:
    async def work(name: str, deadline: float) -> None:
        async with slots.take(deadline):
            began.append(name)
            await gate.wait()

    return work


async def test_no_more_work_at_once_than_there_are_slots() -> None:
    slots, began, gate = Slots(2), list[str](), asyncio.Event()
    work = worker(slots, began, gate)
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(work(name, 0))
        await settle()
        assert began == ["a", "b"]
        assert slots.waiting == 1
        gate.set()
    assert began == ["a", "b", "c"]


async def test_the_most_urgent_of_those_who_wait_is_next() -> None:
    slots, began, gate = Slots(1), list[str](), asyncio.Event()
    work = worker(slots, began, gate)
    async with asyncio.TaskGroup() as group:
        for name, deadline in (("first", 9.0), ("late", 5.0), ("soon", 1.0), ("also soon", 1.0)):
            group.create_task(work(name, deadline))
        await settle()
        gate.set()
    assert began == ["first", "soon", "also soon", "late"]


async def test_a_request_that_is_cancelled_while_it_waits_leaves_the_slot_to_the_next() -> None:
    slots, began, gate = Slots(1), list[str](), asyncio.Event()
    work = worker(slots, began, gate)
    async with asyncio.TaskGroup() as group:
        group.create_task(work("first", 0))
        await settle()
        impatient = group.create_task(work("impatient", 1))
        group.create_task(work("patient", 2))
        await settle()
        impatient.cancel()
        gate.set()
    assert began == ["first", "patient"]


async def test_a_request_that_is_cancelled_as_its_turn_comes_passes_the_slot_on() -> None:
    slots, began, gate = Slots(1), list[str](), asyncio.Event()
    work = worker(slots, began, gate)
    gate.set()
    async with asyncio.TaskGroup() as group:
        async with slots.take(0):
            impatient = group.create_task(work("impatient", 1))
            group.create_task(work("patient", 2))
            await settle()
        impatient.cancel()  # its turn has come, but it has not run yet
    assert began == ["patient"]


async def test_work_that_fails_frees_its_slot() -> None:
    slots = Slots(1)
    for _ in range(3):
        try:
            async with slots.take(0):
                raise ValueError
        except ValueError:
            continue
    assert slots.waiting == 0
    async with slots.take(0):
        pass
