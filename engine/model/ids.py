"""Ids that come from outside as text: of voices, jobs, members. Pure."""

import re
from typing import Final

#: SQLite stores 64 bits with a sign, and Discord's ids have no more. Nothing has a larger id.
LARGEST: Final = 2**63 - 1
#: `int` also accepts "²" and "٣", "1_000", " 7 ", and 4,300 digits.
_ID: Final = re.compile("[1-9][0-9]{0,18}")


def parse_id(text: str) -> int | None:
    """The id that `text` is, from 1 to `LARGEST`; None for any other text."""
    if _ID.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= LARGEST else None
