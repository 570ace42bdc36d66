"""Recordings that the operator has blocked everywhere: one file each, named by content hash.

A file holds the recording's fingerprint. It is empty if the fingerprint is not known: only the same
bytes are recognized then. `mynah voices freeze` writes the folder, and a running bot reads it each
second. Every call blocks.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_HASH: Final = re.compile("[0-9a-f]{64}")


def blocked_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(each.name for each in folder.iterdir() if _HASH.fullmatch(each.name))
    except FileNotFoundError:
        return frozenset()


def print_in(folder: Path, reference: str) -> bytes:
    """The fingerprint of a blocked recording; empty if it is not known."""
    try:
        return (folder / reference).read_bytes()
    except FileNotFoundError:
        return b""


def block(folder: Path, reference: str, made: bytes = b"") -> None:
    """Block a recording. `made` is its fingerprint, if known."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / reference).touch(mode=0o600)
    if made:
        add_print(folder, reference, made)


def add_print(folder: Path, reference: str, made: bytes) -> None:
    """Do nothing if the recording is no longer blocked: the operator may unblock it at any time."""
    with (
        suppress(FileNotFoundError),
        os.fdopen(os.open(folder / reference, os.O_WRONLY | os.O_TRUNC), "wb") as file,
    ):
        file.write(made)


def unblock(folder: Path, reference: str) -> None:
    (folder / reference).unlink(missing_ok=True)
