"""Discord's timestamps (`<t:1800000000:R>`) as words.

This file knows the styles, and how to say a date in English. It does not know the listener's time
zone, so it says times in UTC. The names of months do not come from the process's locale.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = int((datetime.min.replace(tzinfo=UTC) - _EPOCH).total_seconds())
_LAST: Final = int((datetime.max.replace(tzinfo=UTC) - _EPOCH).total_seconds())

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_YEAR: Final = 365.25 * 86_400
#: (up to so many seconds, the unit, its seconds)
_UNITS: Final = (
    (60, "second", 1),
    (3_600, "minute", 60),
    (86_400, "hour", 3_600),
    (_YEAR / 12, "day", 86_400),
    (_YEAR, "month", _YEAR / 12),
    (float("inf"), "year", _YEAR),
)


def timestamp_to_words(seconds: int, style: str, now: float) -> str:
    """`seconds` and `now` since the epoch; `style` is one of "tTdDfFsSR", "" as "f".

    Outside of the years 1 to 9999 it is "some time", as Discord's client shows an invalid date.
    """
    if not _FIRST <= seconds <= _LAST:
        return "some time"
    if style == "R":
        return _relative(seconds - now)
    moment = _EPOCH + timedelta(seconds=seconds)
    date = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    short, long = f"{moment:%H:%M} UTC", f"{moment:%H:%M:%S} UTC"
    match style:
        case "t":
            return short
        case "T":
            return long
        case "d" | "D":
            return date
        case "S":
            return f"{date} at {long}"
        case "F":
            return f"{_DAYS[moment.weekday()]}, {date} at {short}"
        case _:
            return f"{date} at {short}"


def _relative(seconds: float) -> str:
    distance = abs(seconds)
    if distance < 1:
        return "now"
    unit, length = next((unit, length) for most, unit, length in _UNITS if distance < most)
    count = int(distance / length)
    words = f"1 {unit}" if count == 1 else f"{count} {unit}s"
    return f"in {words}" if seconds > 0 else f"{words} ago"
