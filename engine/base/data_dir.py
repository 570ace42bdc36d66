"""The data directory: its paths; created, checked, and locked for one process."""

import fcntl
import os
from pathlib import Path
from typing import IO

from engine.model.errors import DataDirectoryInUse, SetupError


class DataDirectory:
    """A directory that only this process uses from `lock` to `unlock`. The lock ends with the
    process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "mynah.db"
        self.audio = path / "audio"
        self.converted_recordings = path / "references"
        self.embeddings = path / "conditionals"
        self.blocked_recordings = path / "frozen"
        self.attempt_keys = path / "attempts.json"
        self.uploads = path / "uploads"
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Create the directory if it is missing, and lock it.

        Raises DataDirectoryInUse, which names the process that has locked it; SetupError if the
        directory cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # "a+" creates the file, and does not erase the id of the process that has it.
            lock = (self.path / "mynah.lock").open("a+")
        except OSError as error:
            raise SetupError(
                f"The data directory {self.path} cannot be written ({error.strerror}). Give this "
                "user the right to write it, or set MYNAH_DATA_DIR to another directory."
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
