"""Finds the lane that needs its next chunk soonest, with a heap by deadline. Pure.

A scan over views of 1,000 lanes took 1.1 ms a decision. Here each event that changes a lane's
deadline adds an entry, and the lane's older entries are skipped when they reach the top.
"""

import heapq
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T", bound=Hashable)

#: Superseded entries are removed when they outnumber the current ones by this factor.
_SWEEP_AT: Final = 4


class DeadlineQueue(Generic[T]):
    """The lanes that have something to synthesize, the earliest deadline first."""

    def __init__(self) -> None:
        self._due: dict[T, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._order = 0  # of entry: at equal deadlines, first come, first served

    def __len__(self) -> int:
        return len(self._due)

    def put(self, lane: T, due: float) -> None:
        """Set when the next chunk of `lane` is due (seconds; all calls use the same clock)."""
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
        """Remove `lane`: it has nothing to synthesize now."""
        self._due.pop(lane, None)

    def earliest(self) -> tuple[T, float] | None:
        """The lane whose listeners run out of sound first, and when; None if there is no lane."""
        while self._heap:
            due, order, lane = self._heap[0]
            if self._due.get(lane) == (due, order):
                return lane, due
            heapq.heappop(self._heap)
        return None
