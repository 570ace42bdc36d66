"""Recordings that the operator has blocked everywhere: a file each, named by content hash.

Knows: that folder. A file holds the recording's fingerprint, or nothing where none is known: then
the recording is recognized by its bytes alone. `mynah voices freeze` writes it; a running bot reads
the folder each second. Does not know: whose recordings they are. Every call blocks.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Its name in the data directory.
FOLDER: Final = "frozen"
_HASH: Final = re.compile("[0-9a-f]{64}")


def blocked_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(each.name for each in folder.iterdir() if _HASH.fullmatch(each.name))
    except FileNotFoundError:
        return frozenset()


def print_in(folder: Path, reference: str) -> bytes:
    """Empty where there is none."""
    try:
        return (folder / reference).read_bytes()
    except FileNotFoundError:
        return b""


def block(folder: Path, reference: str, made: bytes = b"") -> None:
    """`made`: the fingerprint, where it is known."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / reference).touch(mode=0o600)
    if made:
        add_print(folder, reference, made)


def add_print(folder: Path, reference: str, made: bytes) -> None:
    """Nothing where it is not barred any more: the operator may release it at any moment."""
    with (
        suppress(FileNotFoundError),
        os.fdopen(os.open(folder / reference, os.O_WRONLY | os.O_TRUNC), "wb") as file,
    ):
        file.write(made)


def unblock(folder: Path, reference: str) -> None:
    (folder / reference).unlink(missing_ok=True)
