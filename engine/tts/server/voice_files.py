"""What engines made of reference voices, on disk: `FOLDER/ENGINE-VERSION/HASH`.

Knows: files, for this user alone, that are whole or not there. Does not know: what is in them.

All of it can be made anew from the recordings. All calls block.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from engine.base.error_text import describe
from engine.model.engine import EngineInfo

log = structlog.get_logger(__name__)

#: The name's end of a file that is being written. It begins with the hash, as the file's own does:
#: what deletes a voice's files finds it too.
_UNFINISHED: Final = ".part"


class EmbeddingFiles:
    """`folder` None: nothing is kept."""

    def __init__(self, folder: Path | None, info: EngineInfo) -> None:
        name = re.sub(r"[^\w.-]", "_", f"{info.name}-{info.version}")
        self._place = None if folder is None else folder / name

    def sweep(self) -> None:
        """Remove what a killed process left unfinished."""
        if self._place is not None:
            for file in self._place.glob(f"*{_UNFINISHED}"):
                file.unlink(missing_ok=True)

    def read(self, reference: str) -> bytes | None:
        if self._place is None:
            return None
        try:
            return (self._place / reference).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("a voice's state cannot be read", reference=reference, error=describe(error))
            return None

    def write(self, reference: str, state: bytes) -> None:
        """The file is there whole, or not at all: a full disk costs time at the next start."""
        if self._place is None:
            return
        unfinished = self._place / (reference + _UNFINISHED)
        try:
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
                file.write(state)
            unfinished.replace(self._place / reference)
        except OSError as error:
            log.error("a voice's state cannot be kept", reference=reference, error=describe(error))
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def drop(self, reference: str) -> None:
        if self._place is not None:
            with suppress(OSError):
                (self._place / reference).unlink(missing_ok=True)


def forget(folder: Path | None, reference: str) -> None:
    """Remove what any engine made of a recording. Raises OSError for what cannot be removed."""
    if folder is not None:
        for file in folder.glob(f"*/{reference}*"):
            file.unlink(missing_ok=True)
