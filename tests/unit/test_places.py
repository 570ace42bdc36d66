"""Places are shared fairly: one for each member, the others in turn, and none is lost."""

import asyncio

import pytest

from bot.voices.work_slots import WorkSlots
from engine.model.errors import Busy
from mynah.testing.clocks import ManualClock, settle


class Hall:
    """Two places, and members who stay until a test tells them to go."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.places = WorkSlots(self.clock, 2, 3.0, second="one-is-enough", full="all-are-taken")
        self.inside: list[str] = []
        self._go: dict[str, asyncio.Event] = {}

    async def come(self, member: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._stay(member))
        await settle()
        return task

    async def go(self, member: str) -> None:
        self._go[member].set()
        await settle()

    async def _stay(self, member: str) -> None:
        with self.places.claim(member) as claim:
            self._go[member] = asyncio.Event()
            await claim.wait()
            self.inside.append(member)
            await self._go[member].wait()
            self.inside.remove(member)


async def test_member_has_one_place_whether_inside_or_in_line() -> None:
    hall = Hall()
    for member in ("ada", "bob", "eve"):
        await hall.come(member)
    assert hall.inside == ["ada", "bob"]
    for member in ("ada", "eve"):
        with pytest.raises(Busy, match="second") as refused:
            hall.places.claim(member)
        assert refused.value.code == "one-is-enough"
    await hall.go("ada")
    assert hall.inside == ["bob", "eve"]
    await hall.come("ada")  # and waits again, behind the others
    assert hall.inside == ["bob", "eve"]


async def test_line_is_served_in_turn() -> None:
    hall = Hall()
    for member in ("a", "b", "c", "d", "e"):
        await hall.come(member)
    await hall.go("b")
    await hall.come("b")
    for member in ("a", "c", "d"):
        await hall.go(member)
    assert hall.inside == ["e", "b"]


async def test_who_waited_in_vain_is_told_and_may_come_again() -> None:
    hall = Hall()
    for member in ("ada", "bob"):
        await hall.come(member)
    waiting = await hall.come("eve")
    await hall.clock.advance(2.9)
    assert not waiting.done()
    await hall.clock.advance(0.2)
    with pytest.raises(Busy) as refused:
        await waiting
    assert refused.value.code == "all-are-taken"
    await hall.go("ada")
    await hall.come("eve")
    assert hall.inside == ["bob", "eve"]


@pytest.mark.parametrize("goes_first", [False, True])
async def test_place_of_who_gives_up_in_line_is_not_lost(goes_first: bool) -> None:
    """Also if the place was theirs already, and they did not know yet."""
    hall = Hall()
    for member in ("ada", "bob"):
        await hall.come(member)
    waiting = await hall.come("eve")
    if goes_first:
        hall._go["ada"].set()
        await asyncio.sleep(0)
        assert hall.inside == ["bob"]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    if not goes_first:
        await hall.go("ada")
    for member in ("dan", "eve"):
        await hall.come(member)
    assert hall.inside == ["bob", "dan"]
    await hall.go("bob")
    assert hall.inside == ["dan", "eve"]


async def test_those_who_fail_leave_their_place() -> None:
    hall = Hall()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            await fail_inside(hall.places)
    for member in ("ada", "bob"):
        await hall.come(member)
    assert hall.inside == ["ada", "bob"]


async def fail_inside(places: WorkSlots) -> None:
    with places.claim("ada") as claim:
        await claim.wait()
        raise ZeroDivisionError
