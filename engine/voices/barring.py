"""Recordings that the operator has barred everywhere: an empty file each, named by content hash.

Knows: that folder. `mynah voices freeze` writes it; a running bot reads it each second.
Does not know: whose recordings they are. Every call blocks.
"""

import re
from pathlib import Path
from typing import Final

#: Its name in the data directory.
FOLDER: Final = "frozen"
_HASH: Final = re.compile("[0-9a-f]{64}")


def barred_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(each.name for each in folder.iterdir() if _HASH.fullmatch(each.name))
    except FileNotFoundError:
        return frozenset()


def bar(folder: Path, reference: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / reference).touch(mode=0o600)


def unbar(folder: Path, reference: str) -> None:
    (folder / reference).unlink(missing_ok=True)
