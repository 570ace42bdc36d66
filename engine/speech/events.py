"""What changed, told to whoever follows: ids only, coalesced. Who is told reads the queue again.

Knows: subscriptions. Does not know: what changed about a job, or who listens.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from weakref import WeakSet

#: Beyond so many jobs that a slow follower has yet to look at, it is told the lanes only.
_MOST_PENDING: Final = 10_000


@dataclass(frozen=True, slots=True)
class Changed:
    """Something about this job, or, with `job_id` None, about the lane and all its jobs."""

    lane: str
    job_id: int | None


class Subscription:
    """One follower's own view of the changes. However slow it is, it holds each change once."""

    def __init__(self) -> None:
        self._pending: dict[Changed, None] = {}  # in order of arrival
        self._news = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Changed:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        change = next(iter(self._pending))
        del self._pending[change]
        return change

    def tell(self, change: Changed) -> None:
        self._pending[change] = None
        if len(self._pending) > _MOST_PENDING:
            self._pending = {Changed(each.lane, None): None for each in self._pending}
        self._news.set()

    def close(self) -> None:
        """What is pending is still given, then the iteration ends."""
        self._closed = True
        self._news.set()


class Feed:
    """All subscriptions. One that its follower has let go of is forgotten."""

    def __init__(self) -> None:
        self._subscriptions: WeakSet[Subscription] = WeakSet()

    def subscribe(self) -> Subscription:
        subscription = Subscription()
        self._subscriptions.add(subscription)
        return subscription

    def tell(self, lane: str, job_id: int | None = None) -> None:
        for subscription in self._subscriptions:
            subscription.tell(Changed(lane, job_id))

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()
