"""Turns emoji into English words: "😀😀😀" becomes "3 times grinning face".

Knows: the names of Unicode emoji (CLDR's English short names, from the library `emoji`), and how
many of them a listener accepts. Does not know: a chat's custom emoji.
"""

import re
from itertools import groupby
from typing import Final

from emoji import EMOJI_DATA

#: Different emoji of one group that are named. The others are only counted.
MOST_TOGETHER: Final = 5
#: Emoji of one text that are named. A name has up to 60 letters: 4,000 names would be an hour of
#: speech.
MOST_IN_TEXT: Final = 40

_LONGEST: Final = max(map(len, EMOJI_DATA))
_FIRST: Final = frozenset(sequence[0] for sequence in EMOJI_DATA)
#: Silent characters between emoji: joiner, presentation selectors, spaces.
_SILENT: Final = frozenset("\u200d\ufe0e\ufe0f \t\u00a0\u3000")
#: Skin tones that modify an emoji: "thumbs up" is enough.
_SKIN_TONE: Final = re.compile("(?<=[^\\s\U0001f3fb-\U0001f3ff])[\U0001f3fb-\U0001f3ff]+")
_REGIONAL: Final = range(0x1F1E6, 0x1F200)  # two make a flag; one is a letter in a box


def emoji_to_words(text: str) -> str:
    """Replace every emoji by its name between spaces. All other text stays.

    Linear. The library's own tokenizer is quadratic in joiners, so this module has its own.
    """
    if text.isascii():
        return text
    text = _SKIN_TONE.sub("", text)
    parts: list[str] = []
    left = MOST_IN_TEXT
    at = 0
    while at < len(text):
        sequence = _emoji_at(text, at)
        if not sequence:
            parts.append(_unboxed(text[at]))
            at += 1
            continue
        names = []
        while at < len(text):
            if sequence := _emoji_at(text, at):
                names.append(_name(sequence))
            elif text[at] not in _SILENT:
                break
            at += len(sequence) or 1
        parts.append(f" {_words(names, left)} ")
        left = max(0, left - len(names))
    return "".join(parts)


def _emoji_at(text: str, at: int) -> str:
    """The longest emoji that begins at `at`, or "". A digit begins an emoji only as a keycap."""
    if text[at] in _FIRST:
        for end in range(min(len(text), at + _LONGEST), at, -1):
            if text[at:end] in EMOJI_DATA:
                return text[at:end]
    return ""


def _words(names: list[str], left: int) -> str:
    """Words for a group of emoji. The text has names for `left` more emoji."""
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    named = runs[: min(MOST_TOGETHER, left)]
    words = [name if count == 1 else f"{count} times {name}" for name, count in named]
    more = sum(count for _, count in runs[len(named) :])
    if named and more:
        words.append(f"and {more} more emoji")
    return ", ".join(words)


def _name(sequence: str) -> str:
    """The English short name: ":man's_shoe:" becomes "man's shoe"."""
    name = str(EMOJI_DATA[sequence]["en"]).strip(":").replace("_", " ")
    return f"flag of {name}" if len(sequence) == 2 and ord(sequence[0]) in _REGIONAL else name


def _unboxed(char: str) -> str:
    return chr(ord(char) - _REGIONAL.start + ord("A")) if ord(char) in _REGIONAL else char
