"""Emoji to English words: "😀😀😀" is said as "3 times grinning face".

Knows: names of Unicode emoji (CLDR's English short names, from the library `emoji`), and how many
of them a listener can bear. Does not know: a chat's custom emoji, letters, engines.
"""

import re
from itertools import groupby
from typing import Final

from emoji import EMOJI_DATA

#: Of emoji that stand together, so many different ones are said; the rest is counted.
MOST_TOGETHER: Final = 5
#: So many are said of a whole text. One character of emoji has up to 60 letters of name, so that
#: 4,000 of them would be an hour of speech.
MOST_IN_TEXT: Final = 40

_LONGEST: Final = max(map(len, EMOJI_DATA))
_FIRST: Final = frozenset(sequence[0] for sequence in EMOJI_DATA)
#: May stand between emoji and says nothing: joiner, selectors of presentation, space in a line.
_UNSAID: Final = frozenset("\u200d\ufe0e\ufe0f \t\u00a0\u3000")
#: Skin tones that modify something: "thumbs up" says enough.
_SKIN_TONE: Final = re.compile("(?<=[^\\s\U0001f3fb-\U0001f3ff])[\U0001f3fb-\U0001f3ff]+")
_REGIONAL: Final = range(0x1F1E6, 0x1F200)  # two make a flag, one is a letter in a box


def emoji_to_words(text: str) -> str:
    """Replace every emoji by its name, set off by spaces; everything else stays as it is.

    Linear. The library's own tokenizer is not used, since it is quadratic in joiners.
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
            elif text[at] not in _UNSAID:
                break
            at += len(sequence) or 1
        parts.append(f" {_say(names, left)} ")
        left = max(0, left - len(names))
    return "".join(parts)


def _emoji_at(text: str, at: int) -> str:
    """The longest emoji that begins there, or nothing. A digit begins one only as a keycap."""
    if text[at] in _FIRST:
        for end in range(min(len(text), at + _LONGEST), at, -1):
            if text[at:end] in EMOJI_DATA:
                return text[at:end]
    return ""


def _say(names: list[str], left: int) -> str:
    """Words for emoji that stand together, of which `left` may still be said by name."""
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    said = runs[: min(MOST_TOGETHER, left)]
    words = [name if count == 1 else f"{count} times {name}" for name, count in said]
    more = sum(count for _, count in runs[len(said) :])
    if said and more:
        words.append(f"and {more} more emoji")
    return ", ".join(words)


def _name(sequence: str) -> str:
    """The English short name: ":man's_shoe:" becomes "man's shoe"."""
    name = str(EMOJI_DATA[sequence]["en"]).strip(":").replace("_", " ")
    return f"flag of {name}" if len(sequence) == 2 and ord(sequence[0]) in _REGIONAL else name


def _unboxed(char: str) -> str:
    return chr(ord(char) - _REGIONAL.start + ord("A")) if ord(char) in _REGIONAL else char
