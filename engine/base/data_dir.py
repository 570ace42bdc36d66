"""The data directory: made, checked, and locked for one process.

Knows: file permissions and locks. Does not know: what lies in it.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

from engine.model.errors import DataDirectoryInUse, SetupError


class DataDirectory:
    """A directory that is ours alone from `lock` to `unlock`. The lock dies with the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "mynah.db"
        self.audio = path / "audio"
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Make the directory if need be, and take it.

        Raises DataDirectoryInUse, which names the process that has it; SetupError where it cannot
        be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # "a+": made if missing, and the other process's id is not cut off before we know.
            lock = (self.path / "mynah.lock").open("a+")
        except OSError as error:
            raise SetupError(
                f"The data directory {self.path} cannot be written ({error.strerror}). "
                "Give it to this user, or set MYNAH_DATA_DIR to another one."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            other = lock.read().strip() or "unknown"
            lock.close()
            raise DataDirectoryInUse(
                f"Another mynah (process {other}) runs on the data directory {self.path}. "
                "Stop it, or set MYNAH_DATA_DIR to another directory."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
