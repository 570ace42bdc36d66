"""The budget of voice requests that all servers share."""

import asyncio
from collections import Counter, deque
from typing import Any

import pytest

from bot.voice.channel_session import AT_ONCE, BURST, PER_MINUTE, VoiceRequestBudget
from mynah.testing.clocks import ManualClock, settle


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def requests(clock: ManualClock) -> VoiceRequestBudget:
    return VoiceRequestBudget(clock)


def never() -> bool:
    return False


async def end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def use_up(requests: VoiceRequestBudget) -> None:
    for _ in range(BURST):
        assert await requests.acquire(unless=never)


async def test_no_minute_has_more_requests_than_discord_takes(
    clock: ManualClock, requests: VoiceRequestBudget
) -> None:
    """Ten servers that ask without a pause for ten minutes, with others that end in between."""
    sent: deque[float] = deque()
    most = 0

    async def ask(*, at_once: bool = False) -> None:
        nonlocal most
        if not await requests.acquire(unless=never, at_once=at_once):
            return
        sent.append(clock.monotonic())
        while sent[0] <= clock.monotonic() - 60:
            sent.popleft()
        most = max(most, len(sent))

    async def keep_asking() -> None:
        while True:
            await ask()

    tasks = [asyncio.create_task(keep_asking()) for _ in range(10)]
    for second in range(600):
        await clock.advance(1.0)
        if second % 59 == 58:
            tasks += [asyncio.create_task(ask(at_once=True)) for _ in range(AT_ONCE)]
    await end(tasks)
    assert BURST + PER_MINUTE <= most <= BURST + PER_MINUTE + AT_ONCE < 110


async def test_servers_take_turns(clock: ManualClock, requests: VoiceRequestBudget) -> None:
    """A server that asks again and again does not delay the others."""
    await use_up(requests)
    served: Counter[int] = Counter()

    async def ask(server: int) -> None:
        while await requests.acquire(unless=never):
            served[server] += 1

    tasks = [asyncio.create_task(ask(server)) for server in range(5)]
    await settle()
    await clock.advance(60.0)
    await end(tasks)
    assert served.total() >= PER_MINUTE - 1
    assert max(served.values()) - min(served.values()) <= 1


async def test_what_is_no_longer_wanted_costs_nothing(
    clock: ManualClock, requests: VoiceRequestBudget
) -> None:
    await use_up(requests)
    is_moot = False
    first = asyncio.create_task(requests.acquire(unless=lambda: is_moot))
    second = asyncio.create_task(requests.acquire(unless=never))
    await settle()
    is_moot = True
    await clock.advance(2.0)
    assert await first is False
    assert await second is True


async def test_who_stops_waiting_does_not_hold_up_the_next(
    clock: ManualClock, requests: VoiceRequestBudget
) -> None:
    await use_up(requests)
    first = asyncio.create_task(requests.acquire(unless=never))
    second = asyncio.create_task(requests.acquire(unless=never))
    await settle()
    first.cancel()
    await clock.advance(2.0)
    assert await second is True


async def test_the_end_of_the_process_does_not_wait_for_those_before_it(
    requests: VoiceRequestBudget,
) -> None:
    await use_up(requests)
    waiting = asyncio.create_task(requests.acquire(unless=never))
    await settle()
    for _ in range(AT_ONCE):
        assert await requests.acquire(unless=never, at_once=True)
    assert not await requests.acquire(unless=never, at_once=True)
    assert not waiting.done()
    await end([waiting])
