"""What a member may try only so often an hour, because each try costs something.

Knows: the limits, how a try is counted so that the count names nobody, when it is forgotten. Does
not know: what is tried, what becomes of it.

A try is committed before the work begins, and counts whatever becomes of it: a member who has bad
files examined, or whose data was deleted meanwhile, has had the work done all the same. A refusal
that costs nothing (a name that is taken) is not counted.

What is kept is a mark and a time: BLAKE2b of the kind and the member's id, under a random key
(`attempt_keys`). The mark goes after an hour, the key with its last mark. So `/mydata delete` need
not take it, and does not: otherwise deleting would begin the hour again.
"""

import asyncio
import hashlib
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.errors import StorageFull, TooOften
from engine.queue import SpeechQueue
from engine.store.transaction import Transaction
from engine.voices.rate_limit_keys import HOUR, RateLimitKeys
from engine.voices.transactions import VoiceTransactions

#: In the data directory.
FILE: Final = "attempts.json"
_MARK_BYTES: Final = 16


class LimitedAction(StrEnum):
    """What is counted."""

    UPLOAD = "upload"  # a recording that is fetched and examined
    PREVIEW = "preview"  # one that is encoded because none is kept
    REPORT = "report"  # a voice that admins and the operator are told of


#: In an hour. That of uploads is a setting.
MOST_PREVIEWS: Final = 20
MOST_REPORTS: Final = 5


class RateLimits(VoiceTransactions):
    def __init__(self, settings: Settings, speech: SpeechQueue, clock: Clock) -> None:
        super().__init__(settings, speech, clock)
        self._most: Mapping[LimitedAction, int] = {
            LimitedAction.UPLOAD: settings.mynah_max_uploads,
            LimitedAction.PREVIEW: MOST_PREVIEWS,
            LimitedAction.REPORT: MOST_REPORTS,
        }
        self._keys = RateLimitKeys(settings.mynah_data_dir / FILE)
        #: Held while keys are used or thrown away.
        self._counting = asyncio.Lock()
        #: When something counted is due to be forgotten, in seconds since the epoch.
        self._forget_at = 0.0

    async def attempt(self, member: str, kind: LimitedAction) -> None:
        """Count one try of this member's; it is on disk when this returns. Raises TooOften, which
        says when the next one is free, and counts nothing; StorageFull."""
        await self._tasks.run_to_completion(self._attempt(member, kind))

    async def _attempt(self, member: str, kind: LimitedAction) -> None:
        now = self._clock.time()
        async with self._counting:
            if not self._keys.has_current(now):
                await self._add_key(now)
            marks = self._marks(member, kind, now)

            def write(tx: Transaction) -> None:
                self._check_attempts(tx, marks, kind, now)
                tx.attempts.put(marks[0], now)

            await self._database.write(write)
            self._forget_at = min(self._forget_at, now + HOUR)

    async def _add_key(self, now: float) -> None:
        try:
            await asyncio.to_thread(self._keys.add, now)
        except OSError as error:
            raise StorageFull(
                f"the key of attempts cannot be kept: {describe(error)}",
                user_message="This bot's disk takes nothing more. Tell the operator, and try again "
                "later.",
            ) from error

    def _marks(self, member: str, kind: LimitedAction, now: float) -> list[str]:
        """The marks under which this member's tries may stand; the first is of the newest key."""
        return [_mark(key, member, kind) for key in self._keys.all(now)]

    def _check_attempts(
        self, tx: Transaction, marks: Sequence[str], kind: LimitedAction, now: float
    ) -> None:
        """Raise TooOften where no try is free. `marks`: the member's."""
        if not marks:
            return
        most = self._most[kind]
        made = tx.attempts.latest(marks, since=now - HOUR, limit=most)
        if len(made) >= most:
            raise TooOften(
                f"{most} times {kind} within an hour",
                user_message=_refusal(kind, most, made[-1] + HOUR - now),
            )

    async def _load_attempts(self) -> None:
        """At the start: take up the count, and forget what is due."""
        await asyncio.to_thread(self._keys.load)
        await self._forget_attempts()

    async def _forget_attempts(self) -> None:
        """Delete what no longer counts, if something is due."""
        now = self._clock.time()
        if now >= self._forget_at:
            await self._tasks.run_to_completion(self._forget_due(now))

    async def _forget_due(self, now: float) -> None:
        async with self._counting:
            oldest = await self._database.write(
                lambda tx: tx.attempts.forget(until=now - HOUR, after=now + HOUR)
            )
            due = await asyncio.to_thread(self._keys.forget, now, every=oldest is None)
            oldest_due = math.inf if oldest is None else oldest + HOUR
            self._forget_at = min(oldest_due, math.inf if due is None else due)


def _mark(key: bytes, member: str, kind: LimitedAction) -> str:
    counted = f"{kind} {member}".encode()
    return hashlib.blake2b(counted, key=key, digest_size=_MARK_BYTES).hexdigest()


def _refusal(kind: LimitedAction, most: int, seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    again = f"Try again in {minutes} minute{'' if minutes == 1 else 's'}"
    match kind:
        case LimitedAction.UPLOAD:
            what = "1 recording" if most == 1 else f"{most} recordings"
            return (
                f"You have uploaded {what} within an hour. Those that were refused count, too. "
                f"{again}."
            )
        case LimitedAction.PREVIEW:
            return f"I have made {most} previews for you within an hour. {again}."
        case LimitedAction.REPORT:
            return (
                f"You have made {most} reports within an hour, and they were passed on. {again}, "
                "or speak to an admin of this server."
            )
