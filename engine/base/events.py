"""What changed, published to subscribers: each change once, however slow the subscriber. They look
again at what the change names.

Knows: subscribers. Does not know: what a change is.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T", bound=Hashable)

#: Beyond so many changes that a slow subscriber has yet to look at, it is told in less detail.
_MOST_PENDING: Final = 10_000


class Subscription(Generic[T]):
    """One subscriber's own view of the changes: an iterator that waits for the next."""

    def __init__(self, coarser: Callable[[T], T]) -> None:
        self._coarser = coarser
        self._pending: dict[T, None] = {}  # in order of arrival
        self._news = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Subscription[T]":
        return self

    async def __anext__(self) -> T:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        change = next(iter(self._pending))
        del self._pending[change]
        return change

    def publish(self, change: T) -> None:
        self._pending[change] = None
        if len(self._pending) > _MOST_PENDING:
            self._pending = {self._coarser(each): None for each in self._pending}
        self._news.set()

    def close(self) -> None:
        """What is pending is still given, then the iteration ends."""
        self._closed = True
        self._news.set()


class Feed(Generic[T]):
    """All subscriptions. One that its subscriber has dropped is forgotten.

    `coarser` makes of a change one that says less, and that many share.
    """

    def __init__(self, coarser: Callable[[T], T]) -> None:
        self._coarser = coarser
        self._subscriptions: WeakSet[Subscription[T]] = WeakSet()

    def subscribe(self) -> Subscription[T]:
        subscription = Subscription(self._coarser)
        self._subscriptions.add(subscription)
        return subscription

    def publish(self, change: T) -> None:
        for subscription in self._subscriptions:
            subscription.publish(change)

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()
