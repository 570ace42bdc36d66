"""What an engine server takes at once: requests, recordings, WAV files, and bytes that no client
has read."""

import asyncio

import pytest

from engine.model.errors import HostFull
from engine.tts.server.admission import AdmissionLimits, UnreadBuffer
from mynah.testing.clocks import ManualClock, settle


def test_one_request_too_many_is_refused_until_another_is_over() -> None:
    limits = AdmissionLimits(ManualClock(), requests=2)
    with limits.request():
        with limits.request(), pytest.raises(HostFull), limits.request():
            pass
        with limits.request():
            pass


def test_one_recording_too_many_is_refused_and_a_request_without_is_not() -> None:
    limits = AdmissionLimits(ManualClock(), requests=9, recordings=1)
    with limits.request() as first, limits.request() as second:
        first.for_recording()
        first.for_recording()  # it is counted already
        with pytest.raises(HostFull):
            second.for_recording()
    with limits.request() as third:
        third.for_recording()


async def test_wav_files_wait_for_their_turn_the_most_urgent_first() -> None:
    limits = AdmissionLimits(ManualClock(), wav_files=1)
    began: list[str] = []
    gate = asyncio.Event()

    async def work(name: str, deadline_in: float) -> None:
        async with limits.wav_file(deadline_in):
            began.append(name)
            await gate.wait()

    async with asyncio.TaskGroup() as group:
        for name, deadline_in in (("first", 9.0), ("late", 5.0), ("soon", 1.0)):
            group.create_task(work(name, deadline_in))
        await settle()
        assert (began, limits.waiting, limits.wanted) == (["first"], 2, True)
        gate.set()
    assert began == ["first", "soon", "late"]
    assert not limits.wanted


async def test_a_refused_client_counts_as_waiting_for_a_while() -> None:
    clock = ManualClock()
    limits = AdmissionLimits(clock, requests=1)
    with limits.request():
        assert not limits.wanted
        with pytest.raises(HostFull), limits.request():
            pass
        assert limits.wanted
        await clock.advance(1.5)  # clients ask again after a second
        assert limits.wanted
        await clock.advance(60)
        assert not limits.wanted


async def test_the_maker_waits_while_too_much_is_unread() -> None:
    unread = UnreadBuffer(most=10)
    made: list[int] = []

    async def make() -> None:
        for number in range(6):
            await unread.put(bytes([number]) * 4)
            made.append(number)
        unread.end()

    making = asyncio.create_task(make())
    await settle()
    assert made == [0, 1]  # the third is there too, and its maker waits
    taken = [await unread.take()]
    await settle()
    assert made == [0, 1, 2]
    while (piece := await unread.take()) is not None:
        taken.append(piece)
    await making
    assert taken == [bytes([number]) * 4 for number in range(6)]
    assert await unread.take() is None
