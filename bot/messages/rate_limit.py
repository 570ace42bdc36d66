"""How often messages of one channel may be edited, and which edit is worth the next one.

Knows: seconds, priorities. Does not know: Discord, what a message shows.

Discord allows five edits in five seconds a channel, whichever messages they are of; discord.py
holds the sixth back, and an outcome would wait behind it. Four leave one for what else there is.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

MOST_EDITS: Final = 4
WINDOW_SECONDS: Final = 5.0
#: An edit of the job being spoken comes at least so long after the one before.
SPEAKING_SECONDS: Final = 1.5
#: Places in the queue change with every job: they are worth less.
PLACE_SECONDS: Final = 5.0


class Urgency(IntEnum):
    """What an edit is worth; the lowest goes first."""

    OUTCOME = 0
    SPEAKING = 1
    PLACE = 2
    NAME = 3  # of what is over and was shown: its voice is called otherwise now


@dataclass(slots=True)
class PendingEdit:
    """A message that no longer shows how things stand."""

    job_id: int
    urgency: Urgency
    not_before: float  # the clock's monotonic seconds


class RateLimiter:
    """At most so many edits in any stretch of so many seconds, for nobody knows where Discord's
    own stretches begin."""

    def __init__(self, most: int = MOST_EDITS, seconds: float = WINDOW_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._spent: deque[float] = deque(maxlen=most)

    def wait(self, now: float, *, leaving: int = 0) -> float:
        """Seconds until one edit may be made, and so many more at once after it."""
        full = len(self._spent) + leaving - self._most
        if full < 0:
            return 0.0
        return max(0.0, self._spent[full] + self._seconds - now)

    def spend(self, now: float) -> None:
        self._spent.append(now)


def choose(wishes: list[PendingEdit], now: float) -> tuple[PendingEdit | None, float]:
    """The wish to fulfil now, and the seconds until one is ripe when none is."""
    ripe = [wish for wish in wishes if wish.not_before <= now]
    if ripe:
        return min(ripe, key=lambda wish: (wish.urgency, wish.not_before, wish.job_id)), 0.0
    return None, min((wish.not_before - now for wish in wishes), default=0.0)
