"""Ids that come from outside, as text: of voices, of jobs, of members. Pure.

Knows: which numbers are ids. Does not know: whose they are, or whether there is such a thing.
"""

import re
from typing import Final

#: SQLite keeps 64 bits with a sign; Discord's ids have no more. A larger number is nobody's id.
LARGEST: Final = 2**63 - 1
#: `int` would also take "²" and "٣", "1_000", " 7 ", and 4,300 digits.
_ID: Final = re.compile("[1-9][0-9]{0,18}")


def parse_id(text: str) -> int | None:
    """The id that is written so, from 1 to `LARGEST`; None for anything else."""
    if _ID.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= LARGEST else None
