"""Slots for expensive work, shared fairly: one slot a member, a limited number in all.

A member who has a slot, or waits for one, is refused a second at once. Others wait in line while
all slots are taken. Nobody stands in the line twice, so it serves members in turn. This file does
not know what the work is.
"""

import asyncio
from collections import deque
from contextlib import ExitStack
from typing import Final

from engine.base.aio import first_of
from engine.base.clock import Clock
from engine.model.errors import Busy

#: Recordings that are fetched and analyzed at once: each may be on the disk at its full size.
MOST_ANALYZED: Final = 12
#: Seconds in the line, of the nine that an upload may take in all (`uploads.WORK_SECONDS`).
LINE_SECONDS: Final = 3.0
#: Exports that are made at once: each is in memory as a whole, for seconds. Answers may be late.
MOST_EXPORTED: Final = 4
EXPORT_LINE_SECONDS: Final = 120.0


class WorkSlots:
    """`most` at once. `second` is the code of the error for members who already have a slot, `full`
    for members who got none within `line_seconds`."""

    def __init__(
        self, clock: Clock, most: int, line_seconds: float, *, second: str, full: str
    ) -> None:
        self._clock = clock
        self._free = most
        self._line_seconds = line_seconds
        self._second = second
        self._full = full
        self._members: set[str] = set()
        self._line: deque[asyncio.Future[None]] = deque()

    def claim(self, member: str) -> "WorkSlot":
        """The member's only claim, until it ends (`with`). Raises Busy if they have one already."""
        if member in self._members:
            raise Busy("a second claim of a member", code=self._second)
        self._members.add(member)
        slot = WorkSlot(self)
        slot.callback(self._members.discard, member)
        return slot

    async def take(self) -> None:
        """Wait in line for a slot. For `WorkSlot` only. Raises Busy."""
        if self._free and not self._line:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(mine)
        try:
            await first_of(asyncio.shield(mine), self._clock.sleep(self._line_seconds))
        except asyncio.CancelledError:
            if mine.done():
                self.leave()
            raise
        finally:
            if not mine.done():
                self._line.remove(mine)
        if not mine.done():
            raise Busy("all slots are taken", code=self._full)

    def leave(self) -> None:
        """The slot goes to the first in line. For `WorkSlot` only."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._free += 1


class WorkSlot(ExitStack):
    def __init__(self, slots: WorkSlots) -> None:
        super().__init__()
        self._slots = slots

    async def wait(self) -> None:
        """Have a slot. Raises Busy if none was free in time."""
        await self._slots.take()
        self.callback(self._slots.leave)


def slots_for_analyses(clock: Clock) -> WorkSlots:
    """For recordings that the bot fetches, analyzes or encodes."""
    return WorkSlots(
        clock, MOST_ANALYZED, LINE_SECONDS, second="still-analyzing", full="analyzing-many"
    )


def slots_for_exports(clock: Clock) -> WorkSlots:
    """For exports of members' data."""
    return WorkSlots(
        clock, MOST_EXPORTED, EXPORT_LINE_SECONDS, second="still-exporting", full="exporting-many"
    )
