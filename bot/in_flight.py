"""The door: uses of commands and buttons come in by it, until the bot is to end.

Knows: which uses are under way. Does not know: what they do.

Without it a command that is under way, or comes, while the parts are closed one after the other
would open a closed one again: join a voice channel that was just left.
"""

import asyncio
from typing import Any


class InFlightTracker:
    """Open from the start; once closed, closed for good."""

    def __init__(self) -> None:
        self._inside: set[asyncio.Task[Any]] = set()
        self._closed = False

    def enter(self) -> bool:
        """Whether the current task may go on. Until its end it counts as a use under way."""
        task = asyncio.current_task()
        assert task is not None
        if not self._closed:
            self._inside.add(task)
            task.add_done_callback(self._inside.discard)
        return not self._closed

    async def close(self, *, seconds: float) -> None:
        """Let nothing in any more. What is under way has so long to end by itself."""
        self._closed = True
        if self._inside:
            _, left = await asyncio.wait(set(self._inside), timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
