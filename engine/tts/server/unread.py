"""What was made of one answer and not read yet: a bounded number of bytes between two tasks.

Knows: one task that makes pieces, one that takes them. Does not know: what they are, who reads.
"""

import asyncio
from collections import deque


class Unread:
    """`most`: bytes beyond which `put` waits until some were taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Add `piece`, however large it is; then wait while there is too much."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._news.set()
        while self._size > self._most:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._news.set()

    async def take(self) -> bytes | None:
        """The next piece, in order; None after the last."""
        while not self._pieces:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
        self._size -= len(piece)
        self._room.set()
        return piece
