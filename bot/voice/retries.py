"""When a server's next try to get into voice may begin. Pure.

Knows: how the earlier tries ended, and when. Does not know: Discord, what a try does.

Each failure sets a time before which no try begins. Events never shorten it: the bot's own voice
state changes with every try, so a retry that an event could wake would wake itself. Only a member's
command shortens it, and by one try.
"""

import math
from typing import Final

#: Pauses in seconds after a failed try, growing.
RETRY_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: Failures are forgotten when so many seconds have passed since the last one, or since the try that
#: went well. A connection that lives shorter than this counts as a failure when it is lost.
STEADY_SECONDS: Final = 30.0
#: Two tries that commands cause begin at least so many seconds apart, however many commands come.
HURRIED_SECONDS: Final = 5.0


class Retries:
    """All times are those of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._failures = 0
        self._tried_at = -math.inf
        self._not_before = -math.inf

    @property
    def keeps_failing(self) -> bool:
        """Whether more than one try in a row has failed."""
        return self._failures > 1

    def wait(self, now: float) -> float:
        """Seconds until a try may begin; 0 when it may begin now."""
        return max(0.0, self._not_before - now)

    def begin(self, now: float) -> None:
        """A try begins."""
        self._forget(now)
        self._tried_at = now

    def failed(self, now: float, *, at_least: float = 0.0) -> None:
        """The try failed. `at_least`: seconds of pause that this failure asks for."""
        self._pause(now, RETRY_SECONDS, at_least)

    def lost(self, now: float) -> None:
        """What a try had made is lost. The first loss costs no pause, but losses that follow each
        other are failures like any other."""
        self._pause(now, (0.0, *RETRY_SECONDS), 0.0)

    def hurry(self, now: float) -> None:
        """A member asks for a try: it may begin now, or soon after the one before. Later pauses
        are as long as they would have been."""
        self._not_before = min(self._not_before, max(now, self._tried_at + HURRIED_SECONDS))

    def _pause(self, now: float, pauses: tuple[float, ...], at_least: float) -> None:
        self._forget(now)
        seconds = pauses[min(self._failures, len(pauses) - 1)]
        self._failures += 1
        self._not_before = now + max(seconds, at_least)

    def _forget(self, now: float) -> None:
        if now - max(self._tried_at, self._not_before) > STEADY_SECONDS:
            self._failures = 0
