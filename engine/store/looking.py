"""A look at a database that a running bot may hold: read-only, nothing is locked or changed.

Knows: which recordings its voices have. Does not know: SQLAlchemy, transactions of the bot.
"""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from engine.errors import SetupError


def voices_by_reference(file: Path) -> Counter[str]:
    """How many voices have each recording, by content hash; none where there is no database, or
    one from before there were voices. Blocks. Raises SetupError where it cannot be read."""
    if not file.exists():
        return Counter()
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'voices'")
            if known.fetchone() is None:
                return Counter()
            rows = connection.execute("SELECT reference, count(*) FROM voices GROUP BY reference")
            return Counter(dict(rows.fetchall()))
    except sqlite3.Error as error:
        raise SetupError(
            f"The database {file} cannot be read ({error}). Let this user read the file and its "
            "directory, or run `mynah doctor`."
        ) from error
