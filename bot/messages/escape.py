"""A member's text inside a message of ours: seen as it is, and nothing more.

Knows: Discord's markdown and what starts it. Does not know: what the text is part of.

Source of the escapes: Discord's client takes a backslash before any sign that is neither letter,
digit nor white space as "show this sign". Only what would begin markup is escaped, since the text
is also read raw: in a notification, in a log of the channel.
"""

import re
import unicodedata
from typing import Final

#: Marks on one letter: what towers over the lines above is cut.
_MOST_MARKS: Final = 4
#: Join letters and emoji; every other format character goes, those of direction above all.
_JOINERS: Final = frozenset("\u200c\u200d")

_SIGNS: Final = re.compile(r"[\\*_~`|<\[\]]")
_LINE_START: Final = re.compile(r"^(\d+(?=[.)] )|(?=[-+>#]))")


def escape(text: str, most: int) -> str:
    """One line of at most `most` characters of `text` (before the escapes, which may double it):
    no markdown, no mention, no link, no change of direction."""
    line = _cut(_one_line(text), most)
    line = _SIGNS.sub(r"\\\g<0>", line)
    line = _LINE_START.sub(r"\1\\", line)
    # An address is a link only whole, and a name is mentioned only directly behind its sign.
    return line.replace("://", "\\://").replace("@", "@\u200b")


def plain(text: str, most: int) -> str:
    """Likewise, for where Discord knows no markup: what a completion offers."""
    return _cut(_one_line(text), most)


def _one_line(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if char.isspace():
            kept.append(" ")
        elif category[0] == "C" and char not in _JOINERS:
            continue
        elif category[0] == "M":
            marks += 1
            if marks <= _MOST_MARKS:
                kept.append(char)
        else:
            marks = 0
            kept.append(char)
    return " ".join("".join(kept).split())


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[: most - 1].rstrip(" \u200c\u200d") + "…"
