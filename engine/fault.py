"""An error as the log may show it: its type, its status, and where it was raised.

Knows: types and places in the code. Does not know: the error's message, which can hold what a
member typed or what Discord sent (`int()` and `KeyError` quote what they were given).
"""

import traceback
from typing import Final

#: Places that are shown, the innermost first.
MOST_PLACES: Final = 6


def fault_of(error: BaseException) -> str:
    """One line: "ValueError at bot.acts:70 (skip) < bot.buttons:52 (pressed)"."""
    places = [
        f"{frame.f_globals.get('__name__', '?')}:{line} ({frame.f_code.co_name})"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    shown = " < ".join(reversed(places[-MOST_PLACES:]))
    return f"{_kind(error)} at {shown}" if shown else _kind(error)


def _kind(error: BaseException) -> str:
    """The type; of an answer of Discord's also its HTTP status and Discord's code."""
    numbers = [getattr(error, name, None) for name in ("status", "code")]
    known = [str(number) for number in numbers if isinstance(number, int)]
    return " ".join([type(error).__name__, *known])
