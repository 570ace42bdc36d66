"""How often the log says the same: what strangers can cause must not fill the disk.

Knows: when each thing was last said. Does not know: where it is said.
"""

from collections.abc import Hashable
from typing import Final

from engine.base.clock import Clock

#: Seconds in which the same thing is said once.
PAUSE: Final = 60.0


class LogLimit:
    """Things to say are known by a key. Keys must be few: all of them are kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: dict[Hashable, float] = {}

    def due(self, key: Hashable) -> bool:
        """Whether it is time to say this again. True counts as said."""
        now = self._clock.monotonic()
        if key in self._said and now - self._said[key] < PAUSE:
            return False
        self._said[key] = now
        return True
