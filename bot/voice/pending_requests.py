"""Which changes of the bot's own voice state it asked for itself, and which somebody else made.

Knows: the order of requests and of voice states. Does not know: Discord's objects, time.

Discord tells a bot that it was disconnected by a moderator in the same way as that its own
request to leave was done: a voice state without a channel. The gateway answers requests in
order, so the oldest one that fits explains a state, and those before it were answered by
nothing (a request to leave when one is out already).
"""

from collections import deque


class PendingVoiceRequests:
    """Requests that the gateway has not answered yet."""

    def __init__(self) -> None:
        self._asked: deque[int | None] = deque()

    def asked(self, channel_id: int | None) -> None:
        """A request to be in `channel_id` (None: in none) was sent."""
        self._asked.append(channel_id)

    def explain(self, channel_id: int | None) -> bool:
        """Whether a request of ours explains that we are in `channel_id` now; it is used up."""
        if channel_id not in self._asked:
            return False
        while self._asked.popleft() != channel_id:
            pass
        return True

    def forget(self) -> None:
        """A new gateway session began: what the old one was asked will not be answered."""
        self._asked.clear()
