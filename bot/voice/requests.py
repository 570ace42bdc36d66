"""One server's requests to enter and to leave voice: which ones the gateway has not answered yet,
and when the next try to enter may begin. Pure; all times are monotonic seconds.
"""

import math
from collections import deque
from typing import Final

#: Seconds of pause after a failed try; they grow.
RETRY_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: Failures are forgotten this many seconds after the last one, or after the last try that
#: succeeded. A connection that is lost earlier than this counts as a failure.
STEADY_SECONDS: Final = 30.0
#: However many commands come, the tries that they cause begin at least this many seconds apart.
HURRIED_SECONDS: Final = 5.0


class PendingVoiceRequests:
    """Requests that the gateway has not answered yet.

    When a moderator disconnects a bot, Discord sends the same as when the bot's own request to
    leave is done: a voice state without a channel. The gateway answers requests in order. So the
    oldest request that fits explains a voice state, and the requests before it will not be answered
    (such as one to leave when the bot had left already).
    """

    def __init__(self) -> None:
        self._channels: deque[int | None] = deque()

    def requested(self, channel_id: int | None) -> None:
        """A request to be in `channel_id` (None: in none) was sent."""
        self._channels.append(channel_id)

    def explain(self, channel_id: int | None) -> bool:
        """Whether one of our requests explains that the bot is in `channel_id` now. The request is
        used up."""
        if channel_id not in self._channels:
            return False
        while self._channels.popleft() != channel_id:
            pass
        return True

    def forget(self) -> None:
        """A new gateway session has begun: requests of the old one will not be answered."""
        self._channels.clear()


class Retries:
    """When the next try to enter may begin.

    Each failure sets a time before which no try begins. Events never shorten that pause: every try
    changes the bot's own voice state, so a pause that events could end would end itself. Only a
    member's command shortens it, for one try.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._tried_at = -math.inf
        self._not_before = -math.inf

    @property
    def keeps_failing(self) -> bool:
        """Whether more than one try in a row has failed."""
        return self._failures > 1

    def wait(self, now: float) -> float:
        """Seconds until a try may begin; 0 if it may begin now."""
        return max(0.0, self._not_before - now)

    def begin(self, now: float) -> None:
        self._forget(now)
        self._tried_at = now

    def failed(self, now: float, *, at_least: float = 0.0) -> None:
        """The try failed. `at_least`: the shortest pause after this failure, in seconds."""
        self._pause(now, RETRY_SECONDS, at_least)

    def disconnected(self, now: float) -> None:
        """The connection that a try made was lost. The first loss causes no pause; losses that
        follow each other are failures like any other."""
        self._pause(now, (0.0, *RETRY_SECONDS), 0.0)

    def hurry(self, now: float) -> None:
        """A member asks for a try: it may begin now, or soon after the last one. Later pauses are
        not shortened."""
        self._not_before = min(self._not_before, max(now, self._tried_at + HURRIED_SECONDS))

    def _pause(self, now: float, pauses: tuple[float, ...], at_least: float) -> None:
        self._forget(now)
        seconds = pauses[min(self._failures, len(pauses) - 1)]
        self._failures += 1
        self._not_before = now + max(seconds, at_least)

    def _forget(self, now: float) -> None:
        if now - max(self._tried_at, self._not_before) > STEADY_SECONDS:
            self._failures = 0
