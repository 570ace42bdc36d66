"""Uploads that wait for their member: for a name, then for consent to the recording's use.

Knows: how many may wait, whose they are, when they lapse. Does not know: the words of the question,
how a front end asks it, sound. Everything is in memory, because nothing is kept before the member
agrees.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.model.errors import Busy
from engine.model.voices import Scope

#: What a front end keeps with an upload: where the recording is, and the question that it asked.
SourceT = TypeVar("SourceT")

LAPSE_SECONDS: Final = 600.0
#: Of all members together; a member has one.
MOST_PENDING: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload(Generic[SourceT]):
    token: str = field(repr=False)
    member: str
    name: str
    scope: Scope
    lapses_at: float  # the clock's monotonic seconds
    source: SourceT


class PendingUploads(Generic[SourceT]):
    """`lapsed` is called for each upload that nobody has answered in time; it still waits then."""

    def __init__(
        self, clock: Clock, lapsed: Callable[[PendingUpload[SourceT]], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._lapsed = lapsed
        self._by_token: dict[str, PendingUpload[SourceT]] = {}
        self._of_member: dict[str, str] = {}
        self._lapsing: dict[str, asyncio.Task[None]] = {}  # by token
        self._tasks = TaskSet()

    def add(
        self, *, member: str, name: str, scope: Scope, source: SourceT
    ) -> tuple[PendingUpload[SourceT], PendingUpload[SourceT] | None]:
        """The new one, and the one of the same member that it replaces. Raises Busy."""
        now = self._clock.monotonic()
        for each in [one for one in self._by_token.values() if one.lapses_at <= now]:
            self.take(each.token)
        if len(self._by_token) >= MOST_PENDING and member not in self._of_member:
            raise Busy("too many uploads wait for consent", code="too-many-uploads")
        replaced = self.of(member)
        if replaced is not None:
            self.take(replaced.token)
        pending = PendingUpload(
            token=secrets.token_urlsafe(16),
            member=member,
            name=name,
            scope=scope,
            lapses_at=now + LAPSE_SECONDS,
            source=source,
        )
        self._by_token[pending.token] = pending
        self._of_member[member] = pending.token
        self._lapsing[pending.token] = self._tasks.start(self._lapse(pending), name="upload-lapse")
        return pending, replaced

    def get(self, token: str, member: str) -> PendingUpload[SourceT] | None:
        """The upload with this token, if it is this member's and has not lapsed."""
        pending = self._by_token.get(token)
        if pending is None or pending.member != member:
            return None
        return None if pending.lapses_at <= self._clock.monotonic() else pending

    def of(self, member: str) -> PendingUpload[SourceT] | None:
        """The upload of this member, lapsed or not."""
        return self._by_token.get(self._of_member.get(member, ""))

    def take(self, token: str) -> None:
        """The upload no longer waits."""
        pending = self._by_token.pop(token, None)
        if pending is None:
            return
        if self._of_member.get(pending.member) == token:
            del self._of_member[pending.member]
        lapsing = self._lapsing.pop(token)
        if lapsing is not asyncio.current_task():
            lapsing.cancel()

    async def close(self) -> None:
        """Forget them all."""
        await self._tasks.cancel()

    async def _lapse(self, pending: PendingUpload[SourceT]) -> None:
        await self._clock.sleep(LAPSE_SECONDS)
        await self._lapsed(pending)
