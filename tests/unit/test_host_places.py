"""What a host takes at once: orders, recordings, WAV files, and bytes that nobody has read."""

import asyncio

import pytest

from engine.model.errors import HostFull
from engine.tts.server.admission import AdmissionLimits
from engine.tts.server.unread import Unread
from mynah.testing.clocks import ManualClock, settle


def test_one_more_order_than_there_are_places_is_refused_until_one_is_over() -> None:
    places = AdmissionLimits(ManualClock(), commands=2)
    with places.command():
        with places.command(), pytest.raises(HostFull), places.command():
            pass
        with places.command():
            pass


def test_one_more_recording_is_refused_and_an_order_without_is_not() -> None:
    places = AdmissionLimits(ManualClock(), commands=9, recordings=1)
    with places.command() as first, places.command() as second:
        first.for_recording()
        first.for_recording()  # it has its place already
        with pytest.raises(HostFull):
            second.for_recording()
    with places.command() as third:
        third.for_recording()


async def test_wav_files_wait_for_their_place_the_most_urgent_first() -> None:
    places = AdmissionLimits(ManualClock(), waves=1)
    began: list[str] = []
    gate = asyncio.Event()

    async def work(name: str, deadline_in: float) -> None:
        async with places.wave(deadline_in):
            began.append(name)
            await gate.wait()

    async with asyncio.TaskGroup() as group:
        for name, deadline_in in (("first", 9.0), ("late", 5.0), ("soon", 1.0)):
            group.create_task(work(name, deadline_in))
        await settle()
        assert (began, places.waiting, places.wanted) == (["first"], 2, True)
        gate.set()
    assert began == ["first", "soon", "late"]
    assert not places.wanted


async def test_a_refusal_counts_as_somebody_who_waits_for_a_while() -> None:
    clock = ManualClock()
    places = AdmissionLimits(clock, commands=1)
    with places.command():
        assert not places.wanted
        with pytest.raises(HostFull), places.command():
            pass
        assert places.wanted
        await clock.advance(1.5)  # clients ask again after a second
        assert places.wanted
        await clock.advance(60)
        assert not places.wanted


async def test_the_maker_waits_while_more_is_unread_than_may_be() -> None:
    unread = Unread(most=10)
    made: list[int] = []

    async def make() -> None:
        for number in range(6):
            await unread.put(bytes([number]) * 4)
            made.append(number)
        unread.end()

    making = asyncio.create_task(make())
    await settle()
    assert made == [0, 1]  # the third lies there too, and is waited for
    taken = [await unread.take()]
    await settle()
    assert made == [0, 1, 2]
    while (piece := await unread.take()) is not None:
        taken.append(piece)
    await making
    assert taken == [bytes([number]) * 4 for number in range(6)]
    assert await unread.take() is None
