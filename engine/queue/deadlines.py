"""Which lane's next chunk will be heard soonest? A heap by deadline. Pure.

Knows: lanes' ids, and for each the moment by which its next chunk is due: when its listeners run
dry. Does not know: chunks, clocks, why a lane is in or out.

A scan over views of 1,000 lanes took 1.1 ms a decision. Here a lane is put in again at each event
that changes its deadline, and what it had in the heap before is skipped when it comes up.
"""

import heapq
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T", bound=Hashable)

#: Superseded entries are swept out when they outnumber the current ones by this factor.
_SWEEP_AT: Final = 4


class DeadlineQueue(Generic[T]):
    """The lanes that have something to synthesize, the earliest due first."""

    def __init__(self) -> None:
        self._due: dict[T, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._order = 0  # of entry: at equal deadlines, first come, first served

    def __len__(self) -> int:
        return len(self._due)

    @property
    def superseded(self) -> int:
        """Entries that wait to be swept out."""
        return len(self._heap) - len(self._due)

    def put(self, lane: T, due: float) -> None:
        """`lane`'s next chunk is due at `due` (seconds, on any one clock)."""
        current = self._due.get(lane)
        if current is not None and current[0] == due:
            return
        self._order += 1
        self._due[lane] = (due, self._order)
        heapq.heappush(self._heap, (due, self._order, lane))
        if len(self._heap) > _SWEEP_AT * (len(self._due) + 16):
            self._heap = [(at, order, lane) for lane, (at, order) in self._due.items()]
            heapq.heapify(self._heap)

    def remove(self, lane: T) -> None:
        """`lane` has nothing to synthesize now."""
        self._due.pop(lane, None)

    def earliest(self) -> tuple[T, float] | None:
        """The lane whose listeners run dry first, and when; None if no lane is in."""
        while self._heap:
            due, order, lane = self._heap[0]
            if self._due.get(lane) == (due, order):
                return lane, due
            heapq.heappop(self._heap)
        return None
