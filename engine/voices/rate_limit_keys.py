"""The keys under which attempts are counted, in a file of their own.

Knows: when a key is created and deleted, the file. Does not know: what is counted
(`rate_limits.py`).

A hash of a member's id alone would identify the member, because all ids can be tried. A hash under
a random key identifies no member once the key is deleted. A key makes marks for an hour, and is
deleted when the last of these is an hour old. The keys are not in the database, so a backup of the
database has marks without keys.
"""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

#: Seconds for which an attempt counts, and for which one key makes marks.
HOUR: Final = 3600.0
_KEY_BYTES: Final = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Key:
    since: float  # seconds since the epoch
    key: bytes

    def is_needed(self, now: float) -> bool:
        """Whether one of its marks may count. A key from the future: the clock was set back."""
        return now - 2 * HOUR < self.since <= now + HOUR


class RateLimitKeys:
    """`now` is always wall-clock time, in seconds since the epoch."""

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
