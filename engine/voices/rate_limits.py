"""Limits how often a member may try an action in an hour, because each attempt costs work.

Knows: the limits, how to count attempts without naming a member, when to delete a count. Does not
know: what an attempt does.

An attempt is committed before the work begins, and counts whatever its result is: a bad file costs
the same work, and so does an upload whose owner deletes their data meanwhile. A refusal that costs
nothing (a name that is taken) is not counted.

An attempt is stored as a mark and a time. The mark is BLAKE2b of the kind and the member's id,
under a random key (`rate_limit_keys.py`). The mark is deleted after an hour, and the key with its
last mark. `/mydata delete` therefore does not delete marks: otherwise it would reset the limit.
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

#: The keys' file in the data directory.
FILE: Final = "attempts.json"
_MARK_BYTES: Final = 16


class LimitedAction(StrEnum):
    """An action whose attempts are counted."""

    UPLOAD = "upload"  # a recording that is downloaded and analyzed
    PREVIEW = "preview"  # a preview that is encoded because none is stored
    REPORT = "report"  # a voice that is reported to admins and the operator


#: Per member and hour. The limit of uploads is a setting.
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
        #: Held while keys are used or deleted.
        self._counting = asyncio.Lock()
        #: When the next mark or key must be deleted, in seconds since the epoch.
        self._forget_at = 0.0

    async def attempt(self, member: str, kind: LimitedAction) -> None:
        """Count one attempt of this member. It is on disk when this returns.

        Raises TooOften, which says when the next attempt is allowed; StorageFull. Nothing is
        counted then.
        """
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
        """The marks that this member's attempts may have, one per key; newest key first."""
        return [_mark(key, member, kind) for key in self._keys.all(now)]

    def _check_attempts(
        self, tx: Transaction, marks: Sequence[str], kind: LimitedAction, now: float
    ) -> None:
        """Raise TooOften if no attempt is left. `marks`: see `_marks`."""
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
        """Read the keys at the start, and delete what is due."""
        await asyncio.to_thread(self._keys.load)
        await self._forget_attempts()

    async def _forget_attempts(self) -> None:
        """Delete marks and keys that no longer count, if any is due."""
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
