"""Rate limits as Discord has them: a bucket for each route and channel, and one for everything.

Knows: windows on the sandbox's clock, and the headers that describe them.
Does not know: which request belongs to which bucket (`rest`).
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from sandbox.model.clock import Clock
from sandbox.protocol.errors import ApiError


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests in `seconds`."""

    limit: int
    seconds: float


#: Sending to and editing in one channel are two buckets of this size.
CHANNEL: Final = Rate(5, 5.0)
#: Everything under one interaction's token.
WEBHOOK: Final = Rate(5, 2.0)
#: All of a bot's requests together, except those of interactions.
GLOBAL: Final = Rate(50, 1.0)


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


class Limits:
    """Counts requests, and refuses those over a limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self.is_on = True

    def take(self, name: str, major: str, rate: Rate) -> dict[str, str]:
        """Count one request in a bucket. Returns the headers for its answer. Raises 429."""
        if not self.is_on:
            return {}
        window, now = self._window(f"{name}:{major}", rate), self._clock.time()
        wait = max(0.0, window.ends - now)
        headers = {
            "X-RateLimit-Limit": str(rate.limit),
            "X-RateLimit-Remaining": str(max(0, rate.limit - window.used - 1)),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(name.encode()).hexdigest()[:32],
        }
        if window.used >= rate.limit:
            raise too_many(wait, headers=headers)
        window.used += 1
        return headers

    def take_global(self) -> None:
        """Count one request towards the global limit. Raises 429."""
        window = self._window("global", GLOBAL)
        if self.is_on and window.used >= GLOBAL.limit:
            raise too_many(max(0.0, window.ends - self._clock.time()), everywhere=True)
        window.used += 1

    def _window(self, key: str, rate: Rate) -> _Window:
        window = self._windows.get(key)
        if window is None or window.ends <= self._clock.time():
            window = self._windows[key] = _Window(self._clock.time() + rate.seconds)
        return window


def too_many(
    retry_after: float, *, everywhere: bool = False, headers: dict[str, str] | None = None
) -> ApiError:
    """A 429 as Discord's own edge sends it, with `Via`, which clients check."""
    text = "You are being rate limited."
    error = ApiError(429, 0, text)
    error.body = {"message": text, "retry_after": round(retry_after, 3), "global": everywhere}
    error.headers = dict(headers or {}) | {
        "Via": "1.1 google",
        "Retry-After": str(max(1, round(retry_after))),
        "X-RateLimit-Scope": "global" if everywhere else "user",
    }
    if everywhere:
        error.headers["X-RateLimit-Global"] = "true"
    return error
