"""Limits how often a member may try an action in an hour, because each attempt costs work.

Knows: the limits, how to count attempts without naming a member, when to delete a count. Does not
know: what an attempt does.

An attempt is committed before the work begins, and counts whatever its result is: a bad file costs
the same work, and so does an upload whose owner deletes their data meanwhile. A refusal that costs
nothing (a name that is taken) is not counted.

An attempt is stored as a mark and a time. The mark is BLAKE2b of the kind and the member's id,
under a random key. The mark is deleted after an hour, and the key with its last mark. An erasure
therefore does not delete marks: otherwise it would reset the limit.

The hash of an id alone would identify its member, because all ids can be tried. A hash under a
random key identifies no member once the key is deleted. A key makes marks for an hour, and is
deleted when the last of these is an hour old. The keys are in a file of their own and not in the
database, so a backup of the database has marks without keys.
"""

import asyncio
import hashlib
import json
import math
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.errors import StorageFull, TooOften
from engine.store.transaction import Transaction
from engine.voices.transactions import VoiceTransactions

#: Seconds for which an attempt counts, and for which one key makes marks.
HOUR: Final = 3600.0
_KEY_BYTES: Final = 32
_MARK_BYTES: Final = 16

log = structlog.get_logger(__name__)


class LimitedAction(StrEnum):
    """An action whose attempts are counted."""

    UPLOAD = "upload"  # a recording that is downloaded and analyzed
    PREVIEW = "preview"  # a preview that is encoded because none is stored
    REPORT = "report"  # a voice that is reported to admins and the operator


#: Per member and hour. The limit of uploads is a setting.
MOST_PREVIEWS: Final = 20
MOST_REPORTS: Final = 5


class RateLimits:
    def __init__(self, transactions: VoiceTransactions, settings: Settings, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._most: Mapping[LimitedAction, int] = {
            LimitedAction.UPLOAD: settings.mynah_max_uploads,
            LimitedAction.PREVIEW: MOST_PREVIEWS,
            LimitedAction.REPORT: MOST_REPORTS,
        }
        self._keys = _Keys(DataDirectory(settings.mynah_data_dir).attempt_keys)
        #: Held while keys are used or deleted.
        self._counting = asyncio.Lock()
        #: When the next mark or key must be deleted, in seconds since the epoch.
        self._forget_at = 0.0

    async def attempt(self, member: str, kind: LimitedAction) -> None:
        """Count one attempt of this member. It is on disk when this returns.

        Raises TooOften, which says when the next attempt is allowed; StorageFull. Nothing is
        counted then.
        """
        await self._transactions.run_to_completion(self._attempt(member, kind))

    async def _attempt(self, member: str, kind: LimitedAction) -> None:
        now = self._clock.time()
        async with self._counting:
            if not self._keys.has_current(now):
                await self._add_key(now)
            marks = self._marks(member, kind, now)

            def write(tx: Transaction) -> None:
                self._check(tx, marks, kind, now)
                tx.attempts.put(marks[0], now)

            await self._transactions.write(write)
            self._forget_at = min(self._forget_at, now + HOUR)

    async def _add_key(self, now: float) -> None:
        try:
            await asyncio.to_thread(self._keys.add, now)
        except OSError as error:
            raise StorageFull(
                f"the key of attempts cannot be kept: {describe(error)}", code="attempt-not-kept"
            ) from error

    def _marks(self, member: str, kind: LimitedAction, now: float) -> list[str]:
        """The marks that this member's attempts may have, one per key; newest key first."""
        return [_mark(key, member, kind) for key in self._keys.all(now)]

    def check(self, tx: Transaction, member: str, kind: LimitedAction) -> None:
        """Raise TooOften if this member has no attempt left."""
        now = self._clock.time()
        self._check(tx, self._marks(member, kind, now), kind, now)

    def _check(
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
                code=f"too-often-{kind}",
                most=most,
                minutes=max(1, math.ceil((made[-1] + HOUR - now) / 60)),
            )

    async def load(self) -> None:
        """Read the keys at the start, and delete what is due."""
        await asyncio.to_thread(self._keys.load)
        await self.forget()

    async def forget(self) -> None:
        """Delete marks and keys that no longer count, if any is due."""
        now = self._clock.time()
        if now >= self._forget_at:
            await self._transactions.run_to_completion(self._forget_due(now))

    async def _forget_due(self, now: float) -> None:
        async with self._counting:
            oldest = await self._transactions.write(
                lambda tx: tx.attempts.forget(until=now - HOUR, after=now + HOUR)
            )
            due = await asyncio.to_thread(self._keys.forget, now, every=oldest is None)
            oldest_due = math.inf if oldest is None else oldest + HOUR
            self._forget_at = min(oldest_due, math.inf if due is None else due)


@dataclass(frozen=True, slots=True)
class _Key:
    since: float  # seconds since the epoch
    key: bytes

    def is_needed(self, now: float) -> bool:
        """Whether one of its marks may count. A key from the future: the clock was set back."""
        return now - 2 * HOUR < self.since <= now + HOUR


class _Keys:
    """The keys, and their file. `now` is always wall-clock time, in seconds since the epoch."""

    def __init__(self, file: Path, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._file = file
        self._random = random
        self._kept: tuple[_Key, ...] = ()  # newest first

    def load(self) -> None:
        """Read the file. Call this before any other method. Blocks."""
        try:
            found = json.loads(self._file.read_bytes())
            self._kept = tuple(
                _Key(since=float(each["since"]), key=bytes.fromhex(each["key"])) for each in found
            )
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError):
            log.warning(
                "The keys of attempts cannot be read: what was tried in the last hour is not "
                "counted",
                file=str(self._file),
            )

    def all(self, now: float) -> Sequence[bytes]:
        """The keys whose marks may count, newest first."""
        return [each.key for each in self._kept if each.is_needed(now)]

    def has_current(self, now: float) -> bool:
        """Whether the newest key may make marks."""
        return bool(self._kept) and now - HOUR < self._kept[0].since <= now

    def add(self, now: float) -> None:
        """Add a new key, which is on disk when this returns. Blocks. Raises OSError."""
        needed = [each for each in self._kept if each.is_needed(now)]
        self._write([_Key(since=now, key=self._random(_KEY_BYTES)), *needed])

    def forget(self, now: float, *, every: bool = False) -> float | None:
        """Delete the keys whose marks no longer count, or every key.

        Returns when the oldest remaining key is due, or None without keys. Blocks. Raises OSError.
        """
        kept = [each for each in self._kept if each.is_needed(now) and not every]
        if len(kept) < len(self._kept):
            self._write(kept)
        return min((each.since + 2 * HOUR for each in kept), default=None)

    def _write(self, kept: Sequence[_Key]) -> None:
        """Write a temporary file and rename it: the file is complete after a crash. Mode 0600."""
        if kept:
            handle, name = tempfile.mkstemp(prefix=self._file.name, dir=self._file.parent)
            part = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump([{"since": each.since, "key": each.key.hex()} for each in kept], file)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(self._file)
            finally:
                part.unlink(missing_ok=True)
        else:
            self._file.unlink(missing_ok=True)
        self._kept = tuple(kept)


def _mark(key: bytes, member: str, kind: LimitedAction) -> str:
    counted = f"{kind} {member}".encode()
    return hashlib.blake2b(counted, key=key, digest_size=_MARK_BYTES).hexdigest()
