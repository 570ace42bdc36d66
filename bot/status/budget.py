"""How often messages of one channel may be edited, and which edit is worth the next one.

Knows: seconds, priorities. Does not know: Discord, what a message shows.

Discord allows about five edits in five seconds a channel, whoever's messages they are, and a
bot that meets the limit is slowed for everything. Four in five seconds leaves one for others.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

BURST: Final = 4
REFILL_SECONDS: Final = 1.25
#: An edit of the job being spoken comes at least so long after the one before.
SPEAKING_SECONDS: Final = 1.5
#: Places in the queue change with every job: they are worth less.
PLACE_SECONDS: Final = 5.0


class Urgency(IntEnum):
    """What an edit is worth; the lowest goes first."""

    OUTCOME = 0
    SPEAKING = 1
    PLACE = 2


@dataclass(slots=True)
class Wish:
    """A message that no longer shows how things stand."""

    job_id: int
    urgency: Urgency
    not_before: float  # the clock's monotonic seconds


class Budget:
    """A bucket of edits that fills up with time."""

    def __init__(self, now: float) -> None:
        self._edits = float(BURST)
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until one edit may be made."""
        self._fill(now)
        return max(0.0, (1.0 - self._edits) * REFILL_SECONDS)

    def spend(self, now: float) -> None:
        self._fill(now)
        self._edits -= 1.0

    def _fill(self, now: float) -> None:
        self._edits = min(float(BURST), self._edits + (now - self._at) / REFILL_SECONDS)
        self._at = now


def choose(wishes: list[Wish], now: float) -> tuple[Wish | None, float]:
    """The wish to fulfil now, and the seconds until one is ripe when none is."""
    ripe = [wish for wish in wishes if wish.not_before <= now]
    if ripe:
        return min(ripe, key=lambda wish: (wish.urgency, wish.not_before, wish.job_id)), 0.0
    return None, min((wish.not_before - now for wish in wishes), default=0.0)
