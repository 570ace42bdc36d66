"""Shows a member's text inside our messages exactly as it is, without markup.

Source of the escapes: Discord's client shows any sign that follows a backslash and is neither a
letter, a digit nor white space. Only signs that would begin markup are escaped, because people also
read the raw text: in a notification, in a log of the channel.
"""

import re
import unicodedata
from typing import Final

#: Combining marks on one letter: more of them would cover the lines above.
_MOST_MARKS: Final = 4
#: They join letters and emoji. Every other format character is removed, above all those that
#: change the direction of writing.
_JOINERS: Final = frozenset("\u200c\u200d")

_SIGNS: Final = re.compile(r"[\\*_~`|<\[\]]")
_LINE_START: Final = re.compile(r"^(\d+(?=[.)] )|(?=[-+>#]))")


class Markup(str):
    """A string that Discord may read as markup: a sentence of the catalogue, a mention, or what
    `escape` returns. Joining it with other strings gives a plain `str`."""

    __slots__ = ()


def escape(text: str, most: int) -> Markup:
    """One line of at most `most` characters of `text` (the escapes may double that), without
    markdown, mentions, links and changes of direction."""
    line = _cut(_one_line(text), most)
    line = _SIGNS.sub(r"\\\g<0>", line)
    line = _LINE_START.sub(r"\1\\", line)
    # Discord makes a link of a whole address only, and mentions a name only directly after its @.
    return Markup(line.replace("://", "\\://").replace("@", "@\u200b"))


def plain(text: str, most: int) -> str:
    """The same without escapes, for places where Discord shows no markup, such as completions."""
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
