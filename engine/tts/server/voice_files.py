"""Serialized embeddings of reference voices, on disk: `FOLDER/ENGINE-VERSION/HASH`.

Only this user can read the files; a file is whole or not there. All of them can be computed again
from the recordings. All calls block.
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

#: Ends the name of a file that is being written. Its name begins with the hash too, so that
#: `forget` finds it.
_UNFINISHED: Final = ".part"


class EmbeddingFiles:
    """`folder` None: nothing is kept."""

    def __init__(self, folder: Path | None, info: EngineInfo) -> None:
        name = re.sub(r"[^\w.-]", "_", f"{info.name}-{info.version}")
        self._folder = None if folder is None else folder / name

    def sweep(self) -> None:
        """Remove files that a killed process left unfinished."""
        if self._folder is not None:
            for file in self._folder.glob(f"*{_UNFINISHED}"):
                file.unlink(missing_ok=True)

    def read(self, reference: str) -> bytes | None:
        if self._folder is None:
            return None
        try:
            return (self._folder / reference).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("an embedding cannot be read", reference=reference, error=describe(error))
            return None

    def write(self, reference: str, serialized: bytes) -> None:
        """Write the whole file or none. A full disk is logged: it costs time at the next start."""
        if self._folder is None:
            return
        unfinished = self._folder / (reference + _UNFINISHED)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
                file.write(serialized)
            unfinished.replace(self._folder / reference)
        except OSError as error:
            log.error("an embedding cannot be kept", reference=reference, error=describe(error))
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def drop(self, reference: str) -> None:
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / reference).unlink(missing_ok=True)


def forget(folder: Path | None, reference: str) -> None:
    """Remove what any engine made of a recording. Raises OSError for a file that stays."""
    if folder is not None:
        for file in folder.glob(f"*/{reference}*"):
            file.unlink(missing_ok=True)
