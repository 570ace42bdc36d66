"""Which voices changed, told to whoever follows. Who is told reads the library again.

Knows: followers; each holds a key once, however slow it is. Does not know: what changed.
"""

import asyncio
from weakref import WeakSet


class Follower:
    """An iterator over keys of voices; it waits for the next."""

    def __init__(self) -> None:
        self._pending: dict[str, None] = {}  # in order of arrival
        self._news = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> str:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        key = next(iter(self._pending))
        del self._pending[key]
        return key

    def tell(self, key: str) -> None:
        self._pending[key] = None
        self._news.set()

    def close(self) -> None:
        """What is pending is still given, then the iteration ends."""
        self._closed = True
        self._news.set()


class News:
    """All followers. One that was let go of is forgotten."""

    def __init__(self) -> None:
        self._followers: WeakSet[Follower] = WeakSet()

    def follow(self) -> Follower:
        follower = Follower()
        self._followers.add(follower)
        return follower

    def tell(self, key: str) -> None:
        for follower in self._followers:
            follower.tell(key)

    def close(self) -> None:
        for follower in self._followers:
            follower.close()
