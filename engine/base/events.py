"""Changes, published to subscribers: each change once, however slow the subscriber is. A change
names what has changed; the subscriber reads the new state itself.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T", bound=Hashable)

#: A slow subscriber with more pending changes gets them in less detail.
_MOST_PENDING: Final = 10_000


class Subscription(Generic[T]):
    """The changes for one subscriber: an iterator that waits for the next."""

    def __init__(self, coarser: Callable[[T], T]) -> None:
        self._coarser = coarser
        self._pending: dict[T, None] = {}  # in order of arrival
        self._arrived = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Subscription[T]":
        return self

    async def __anext__(self) -> T:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        change = next(iter(self._pending))
        del self._pending[change]
        return change

    def publish(self, change: T) -> None:
        self._pending[change] = None
        if len(self._pending) > _MOST_PENDING:
            self._pending = {self._coarser(each): None for each in self._pending}
        self._arrived.set()

    def close(self) -> None:
        """The pending changes are still given, then the iteration ends."""
        self._closed = True
        self._arrived.set()


class Feed(Generic[T]):
    """All subscriptions. A subscription that its subscriber has dropped is forgotten.

    `coarser` replaces a change by a less detailed one that covers many changes.
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
