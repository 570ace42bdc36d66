"""Reads a database that a running bot may hold: read-only, it locks and changes nothing."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.model.errors import SetupError


def print_of(file: Path, reference: str) -> bytes:
    """The fingerprint of a voice's recording; empty if none is known. Blocks. Raises
    SetupError."""
    rows = _ask(
        file,
        "voice_prints",
        "SELECT print FROM voice_prints JOIN voices ON voices.id = voice_id WHERE reference = ?",
        reference,
    )
    return max((bytes(made) for (made,) in rows), key=len, default=b"")


def blocked_as(file: Path, reference: str) -> list[str]:
    """The recordings blocked everywhere that the voices with this recording were recognized as,
    by content hash. Blocks. Raises SetupError."""
    rows = _ask(
        file,
        "frozen_voices",
        "SELECT DISTINCT freezes.reference FROM freezes "
        "JOIN frozen_voices ON freeze_id = freezes.id JOIN voices ON voices.id = voice_id "
        "WHERE freezes.place = '' AND voices.reference = ? ORDER BY 1",
        reference,
    )
    return [str(found) for (found,) in rows]


def voices_by_reference(file: Path) -> Counter[str]:
    """How many voices have each recording, by content hash; empty if there is no database, or if
    it is older than the voices. Blocks. Raises SetupError if it cannot be read."""
    rows = _ask(file, "voices", "SELECT reference, count(*) FROM voices GROUP BY reference")
    return Counter(dict(rows))


def _ask(file: Path, table: str, query: str, *values: str) -> list[Any]:
    """The rows; none if there is no database, or if it does not have this table yet."""
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
            return [] if known.fetchone() is None else connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise SetupError(
            f"The database {file} cannot be read ({error}). Let this user read the file and its "
            "directory, or run `mynah doctor`."
        ) from error
