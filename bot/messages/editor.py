"""When messages are edited, and which edit goes first: the only place that decides it, for status
messages and redactions alike. Does not know what an edit shows.

Each channel has one task that makes one edit at a time. So a status edit that is under way never
arrives after the redaction of the same message, which would show the deleted text again: the job is
gone from the queue before its message is redacted, and a later status edit finds nothing to show.

Discord allows five edits in 5 s a channel, whichever messages they are of. discord.py holds the
sixth back, and an outcome would wait behind it. So the editor makes four, which leaves one for
anything else that edits.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import structlog

from engine.base.aio import first_of
from engine.base.clock import Clock

log = structlog.get_logger(__name__)

MOST_EDITS: Final = 4
WINDOW_SECONDS: Final = 5.0
#: Messages older than an hour: about three edits in 20 s a channel, as bots that edit many have
#: measured (Discord does not document it). When Discord refuses one all the same, redactions of old
#: messages in that channel wait for a minute.
OLD_SECONDS: Final = 3600.0
OLD_EDITS: Final = 3
OLD_WINDOW_SECONDS: Final = 21.0
OLD_REFUSED_SECONDS: Final = 60.0
#: Seconds before each further try after a fault of Discord or of the network; the last one repeats.
RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
#: Edits that are still made when the process ends.
MOST_AT_ONCE: Final = 8


class Urgency(IntEnum):
    """What an edit is worth; the lowest goes first."""

    OUTCOME = 0
    SPEAKING = 1
    PLACE = 2
    NAME = 3  # of a finished job that was shown: the name of its voice has changed
    REDACTION = 4  # leaves one edit of each window to the others


@dataclass(frozen=True, slots=True)
class EditResult:
    """`sent`: whether Discord was asked, which counts against the limits. `retry_after`: seconds
    before the second, third … try, the last one repeats; empty: nothing is left to do.
    `old_limit`: Discord refuses more edits of old messages in this channel."""

    sent: bool = True
    retry_after: Sequence[float] = ()
    old_limit: bool = False


DONE: Final = EditResult()
NOT_NEEDED: Final = EditResult(sent=False)
RETRY: Final = EditResult(retry_after=RETRY_SECONDS)

#: What is edited: a kind and a number.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEdit:
    """An edit that is due at `not_before` (monotonic seconds). A later one with the same `key`
    replaces it. `sent_at`: when the message was sent, in seconds since the epoch."""

    key: Key
    urgency: Urgency
    not_before: float
    sent_at: float
    make: Callable[[], Awaitable[EditResult]]


class RateLimiter:
    """Allows `most` edits in any stretch of `seconds`: we do not know where Discord's own stretches
    begin."""

    def __init__(self, most: int = MOST_EDITS, seconds: float = WINDOW_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._spent: deque[float] = deque(maxlen=most)

    def wait(self, now: float, *, leaving: int = 0) -> float:
        """Seconds until one edit may be made, and `leaving` more at once after it."""
        full = len(self._spent) + leaving - self._most
        if full < 0:
            return 0.0
        return max(0.0, self._spent[full] + self._seconds - now)

    def spend(self, now: float) -> None:
        self._spent.append(now)


def choose(
    edits: Iterable[PendingEdit], wait: Callable[[PendingEdit], float]
) -> tuple[PendingEdit | None, float]:
    """The edit to make now; when there is none, the seconds until one may be made. `wait` gives the
    seconds of one edit."""
    waits = [(edit, wait(edit)) for edit in edits]
    ready = [edit for edit, seconds in waits if seconds <= 0]
    if ready:
        return min(ready, key=lambda edit: (edit.urgency, edit.not_before, edit.key)), 0.0
    return None, min((seconds for _, seconds in waits), default=0.0)


@dataclass(slots=True)
class _Waiting:
    edit: PendingEdit
    failures: int = 0
    retry_at: float = 0.0  # monotonic seconds

    def fail(self, now: float, retry_after: Sequence[float]) -> None:
        self.retry_at = now + retry_after[min(self.failures, len(retry_after) - 1)]
        self.failures += 1


@dataclass(slots=True)
class _Channel:
    """It is kept when no edit waits: Discord remembers what was spent, too."""

    waiting: dict[Key, _Waiting] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    limit: RateLimiter = field(default_factory=RateLimiter)
    old_limit: RateLimiter = field(
        default_factory=lambda: RateLimiter(OLD_EDITS, OLD_WINDOW_SECONDS)
    )
    old_refused_until: float = 0.0  # monotonic seconds
    task: asyncio.Task[None] | None = None


class MessageEditor:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channels: defaultdict[int, _Channel] = defaultdict(_Channel)  # by id

    def submit(self, channel_id: int, edit: PendingEdit) -> None:
        """Make this edit when it is due and the channel's limits allow it. A newer edit of the same
        message does not shorten the pause after a failed try."""
        channel = self._channels[channel_id]
        waiting = channel.waiting.get(edit.key)
        if waiting is None:
            channel.waiting[edit.key] = _Waiting(edit)
        else:
            waiting.edit = edit
        channel.changed.set()
        if channel.task is None:
            channel.task = asyncio.create_task(self._work(channel), name=f"edit-{channel_id}")

    def drop(self, key: Key) -> None:
        """Make no edit of this message until another one is submitted."""
        for channel in self._channels.values():
            channel.waiting.pop(key, None)

    async def flush(self) -> None:
        """The process ends: make the most urgent edits now, whatever the limits. Redactions are
        made after the next start."""
        await self.close()
        waiting = [
            (each, channel)
            for channel in self._channels.values()
            for each in channel.waiting.values()
            if each.edit.urgency is not Urgency.REDACTION
        ]
        urgent = sorted(waiting, key=lambda pair: pair[0].edit.urgency)[:MOST_AT_ONCE]

        async def make(channel: _Channel) -> None:
            for each in [each for each, its_channel in urgent if its_channel is channel]:
                await self._make(channel, each)

        await asyncio.gather(*map(make, self._channels.values()))

    async def close(self) -> None:
        tasks = [channel.task for channel in self._channels.values() if channel.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, channel: _Channel) -> None:
        """Make a channel's edits, one after the other, until none waits."""
        try:
            while channel.waiting:
                channel.changed.clear()
                edits = [each.edit for each in channel.waiting.values()]
                edit, wait = choose(edits, lambda edit: self._wait(channel, edit))
                if edit is not None:
                    await self._make(channel, channel.waiting[edit.key])
                else:
                    await first_of(self._clock.sleep(wait), channel.changed.wait())
        finally:
            channel.task = None

    def _wait(self, channel: _Channel, edit: PendingEdit) -> float:
        """Seconds until this edit may be made. Only redactions wait for the limit on old messages:
        Discord may take a status edit all the same, and a refusal costs little."""
        now = self._clock.monotonic()
        is_redaction = edit.urgency is Urgency.REDACTION
        wait = max(edit.not_before, channel.waiting[edit.key].retry_at) - now
        wait = max(wait, channel.limit.wait(now, leaving=1 if is_redaction else 0))
        if is_redaction and self._is_old(edit):
            wait = max(wait, channel.old_limit.wait(now), channel.old_refused_until - now)
        return wait

    def _is_old(self, edit: PendingEdit) -> bool:
        return self._clock.time() - edit.sent_at > OLD_SECONDS

    async def _make(self, channel: _Channel, waiting: _Waiting) -> None:
        edit = waiting.edit
        try:
            result = await edit.make()
        except Exception:
            # The edge of this channel's messages: one that fails must not stop the others.
            log.exception("a message could not be edited", message=edit.key)
            result = RETRY
        now = self._clock.monotonic()
        if result.sent:
            channel.limit.spend(now)
            if self._is_old(edit):
                channel.old_limit.spend(now)
        if result.old_limit:
            channel.old_refused_until = now + OLD_REFUSED_SECONDS
        if result.retry_after:
            waiting.fail(now, result.retry_after)
        elif channel.waiting.get(edit.key) is waiting:
            del channel.waiting[edit.key]
            if waiting.edit is not edit:  # a newer one was submitted meanwhile
                channel.waiting[edit.key] = _Waiting(waiting.edit)
