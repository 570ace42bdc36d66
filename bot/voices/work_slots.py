"""Places for work that costs something, shared fairly among members: one a member, so many in all.

Knows: who has a place, who waits for one and for how long. Does not know: what is done there.

A member who has a place, or waits for one, is refused a second at once. Others wait in line while
all places are taken. As nobody stands in the line twice, it serves members in turn.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Final, Self

from engine.base.clock import Clock
from engine.model.errors import Busy

#: Recordings that are fetched and examined at once: each may lie on the disk at its full size.
MOST_EXAMINED: Final = 12
#: Seconds in the line, of the nine that an upload may take in all.
LINE_SECONDS: Final = 3.0
#: Exports that are made at once: each is in memory whole, for seconds; their answers may be late.
MOST_EXPORTED: Final = 4
EXPORT_LINE_SECONDS: Final = 120.0

STILL_EXAMINING: Final = (
    "I am still examining your last recording. Try again when I have answered that."
)
EXAMINING_MANY: Final = (
    "Many recordings are being examined just now. Try again in a moment; nothing was kept so far."
)
STILL_EXPORTING: Final = "I am still putting your data together. It comes as an answer of its own."
EXPORTING_MANY: Final = "Many members are having their data put together. Try again in a moment."


class WorkSlots:
    """`most` at once. `second` is what a member is told who has a place, `full` what one is told
    who waited for `line_seconds` in vain."""

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
        """The member's only claim, until it is left (`with`). Raises Busy where there is one."""
        if member in self._members:
            raise Busy("a second claim of a member", user_message=self._second)
        self._members.add(member)
        return WorkSlot(self, member)

    async def take(self) -> None:
        """Wait in line for a place. For `WorkSlot` only. Raises Busy."""
        if self._free and not self._line:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(mine)
        late = asyncio.create_task(self._clock.sleep(self._line_seconds), name="line")
        try:
            await asyncio.wait({mine, late}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if mine.done():
                self.leave()
            raise
        finally:
            late.cancel()
            if not mine.done():
                self._line.remove(mine)
        if not mine.done():
            raise Busy("all places are taken", user_message=self._full)

    def leave(self) -> None:
        """The place goes to the first in line. For `WorkSlot` only."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._free += 1

    def forget(self, member: str) -> None:
        """The member may claim again. For `WorkSlot` only."""
        self._members.discard(member)


class WorkSlot:
    """A member's claim to one place."""

    def __init__(self, places: WorkSlots, member: str) -> None:
        self._places = places
        self._member = member
        self._has_place = False

    async def place(self) -> None:
        """Have the place. Raises Busy where none was free in time."""
        await self._places.take()
        self._has_place = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._places.forget(self._member)
        if self._has_place:
            self._places.leave()


def places_for_examinations(clock: Clock) -> WorkSlots:
    """For recordings that are fetched, examined or encoded."""
    return WorkSlots(
        clock, MOST_EXAMINED, LINE_SECONDS, second=STILL_EXAMINING, full=EXAMINING_MANY
    )


def places_for_exports(clock: Clock) -> WorkSlots:
    """For exports of members' data."""
    return WorkSlots(
        clock, MOST_EXPORTED, EXPORT_LINE_SECONDS, second=STILL_EXPORTING, full=EXPORTING_MANY
    )
