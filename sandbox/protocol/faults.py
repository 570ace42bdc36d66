"""Faults of REST that a test orders, and the log of requests."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.model import Json
from sandbox.model.clock import Watch
from sandbox.protocol.errors import ApiError
from sandbox.protocol.limits import too_many


@dataclass(frozen=True)
class Asked:
    """One request, and its answer. `status` is None if the connection was cut."""

    time: float  # the sandbox's clock
    method: str
    path: str  # below /api/v10
    status: int | None
    json: Json | list[Json] | None
    code: int | None  # Discord's error code


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that does not come from Discord."""

    body: str
    status: int = 200
    media_type: str = "text/html"


@dataclass
class Fault:
    """An order for the next `times` requests that match."""

    method: str
    path: str
    times: int
    error: ApiError | None = None
    is_cut: bool = False
    is_applied: bool = False  # the request takes effect nevertheless
    seconds: float = 0.0
    page: Page | None = None

    def fits(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and re.search(self.path, path) is not None


@dataclass
class Faults:
    """`discord.rest`."""

    watch: Watch
    requests: list[Asked] = field(default_factory=list)
    _orders: list[Fault] = field(default_factory=list)

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int = 500,
        times: int = 1,
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float = 1.0,
        everywhere: bool = False,
    ) -> Fault:
        """Answer with `status`, without effect. A 429 is complete, with `Via` and `retry_after`;
        `everywhere` makes it the global one. `path` is a regular expression, searched for in the
        path below /api/v10. `method` may be "*"."""
        error = _error(status, code, retry_after, everywhere)
        error.headers |= dict(headers or {})
        return self._order(Fault(method, path, times, error=error))

    def cut(self, method: str, path: str, *, times: int = 1) -> Fault:
        """Cut the connection instead of answering; the request has no effect."""
        return self._order(Fault(method, path, times, is_cut=True))

    def stand_in(self, method: str, path: str, page: Page, *, times: int = 1) -> Fault:
        """Answer with `page`, without effect, as a proxy in front of Discord does."""
        return self._order(Fault(method, path, times, page=page))

    def apply_then_fail(
        self, method: str, path: str, *, status: int | None = 502, times: int = 1
    ) -> Fault:
        """Perform the request, but answer `status`, or cut the connection if it is None."""
        error = None if status is None else _error(status, None, 1.0, False)
        return self._order(
            Fault(method, path, times, error=error, is_cut=status is None, is_applied=True)
        )

    def slow(self, method: str, path: str, seconds: float, *, times: int = 1) -> Fault:
        """Wait for `seconds` of the sandbox's clock before the request is read."""
        return self._order(Fault(method, path, times, seconds=seconds))

    async def until(self, predicate: Callable[[list[Asked]], object], timeout: float = 5.0) -> None:
        """Wait until `predicate` holds for the log of requests, which is then not empty."""
        await self.watch.until(
            lambda: self.requests and predicate(self.requests), timeout, "a request"
        )

    def clear(self) -> None:
        self._orders.clear()

    def due(self, method: str, path: str) -> list[Fault]:
        """The faults that apply to a request now. Counts them as used once."""
        due = [each for each in self._orders if each.fits(method, path)]
        slow = [each for each in due if each.seconds][:1]
        failing = [each for each in due if not each.seconds][:1]
        for each in slow + failing:
            each.times -= 1
        self._orders = [each for each in self._orders if each.times > 0]
        return slow + failing

    def _order(self, fault: Fault) -> Fault:
        self._orders.append(fault)
        return fault


def _error(status: int, code: int | None, retry_after: float, everywhere: bool) -> ApiError:
    if status == 429:
        return too_many(retry_after, everywhere=everywhere)
    return ApiError(status, code or 0, f"{status}: ordered by the test")
