"""One edit at a time in a channel, within one budget, whoever makes it.

Knows: which channels are edited, and what each may still spend. Does not know: what is edited.

The board and who blanks messages edit in the same channels. Without turns an edit of the board
that is under way could arrive after the message was blanked, and show the text again: a job is
gone from the queue before its message is blanked, so who has the turn afterwards finds nothing to
show.
"""

import asyncio
from collections import defaultdict
from typing import Any

from bot.messages.rate_limit import RateLimiter
from engine.base.clock import Clock


class ChannelLock:
    """A channel's: hold `alone` while you read what is to be shown, and edit."""

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        self.budget = RateLimiter()


class ChannelLocks:
    """They outlive whoever edits: Discord remembers what was spent, too."""

    def __init__(self) -> None:
        self._turns: defaultdict[int, ChannelLock] = defaultdict(ChannelLock)

    def of(self, channel_id: int) -> ChannelLock:
        return self._turns[channel_id]


async def pause(clock: Clock, seconds: float, news: asyncio.Event | None = None) -> None:
    """Until so many seconds are over, or there is news."""
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(clock.sleep(seconds))]
    if news is not None:
        waits.append(asyncio.create_task(news.wait()))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
