"""Turns plain words into text that any engine can speak: nothing invisible or endless, no markup.

Knows: Unicode, and what engines interpret (eSpeak's `[[phonemes]]`, SSML, Chatterbox's `[laugh]`).
Does not know: a chat's markup.

Every step is linear, even for hostile text. Marks are limited before any Unicode normalization,
which sorts combining marks in quadratic time.
"""

import re
import unicodedata
from typing import Final

from engine.text.boundaries import IDEOGRAPHIC
from engine.text.emoji_words import emoji_to_words

#: Diacritics on one letter. Vietnamese needs two, the International Phonetic Alphabet three.
MOST_DIACRITICS: Final = 3
#: Marks of any kind on one letter. Hebrew with cantillation and stacks in Tibetan need about six.
MOST_MARKS: Final = 8
#: "Nooooooo" becomes "Noooo". No word in a dictionary has more than three.
MOST_SAME_LETTER: Final = 4
#: Repeated digits have a meaning, but no listener counts more than this.
MOST_SAME_DIGIT: Final = 20

PARAGRAPH: Final = "\n\n"  # the only line ends in a normalized text

#: Characters with the category of letters that are invisible and silent: the fillers of Hangul.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0")
#: Invisible characters with the category of marks: grapheme joiner, selectors, two Khmer vowels.
_INVISIBLE_MARKS: Final = (
    frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")
    | frozenset(map(chr, range(0xFE00, 0xFE10)))
    | frozenset(map(chr, range(0xE0100, 0xE01F0)))
)
_JOINERS: Final = frozenset("\u200c\u200d")
#: Scripts from Arabic to the extensions of Devanagari: a joiner inside a word changes its letters.
_JOINING: Final = range(0x0600, 0x1D00)
#: Decompositions of letters and digits that only look different: 𝓗, Ｈ, Ⓗ, 🄷, ﬁ, ﻫ.
_LOOKS: Final = (
    *("<font>", "<wide>", "<narrow>", "<circle>", "<square>", "<compat>"),
    *("<isolated>", "<initial>", "<medial>", "<final>"),
)
_LONGEST_LOOK: Final = 4  # letters; one Arabic ligature is a sentence of 18

_LINE_END: Final = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_SPACES: Final = re.compile(r"[^\S\n]+")
_ENDS_CLAUSE: Final = frozenset("&.!?…,;:—–-。！？．，、；：।॥؟،؛۔።‽")
_CLOSING: Final = "\"'”’»›)]}」』）】》〉"
_IDEOGRAPHIC: Final = re.compile(f"[{IDEOGRAPHIC}]")


def _mixed(marks: re.Match[str]) -> str:
    return "?!" if len(set(marks[0])) > 1 else marks[0][0]


#: Applied in this order. Each pattern matches a limited length, or a run of one class.
_RULES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<!\S)<3+(?!\w)", "heart"),
        (r"(?<!\S)(\d+) ?< ?(?=\d+(?!\S))|(?<= )<(?= )", r"\1 less than "),
        (r"(?<!\S)(\d+) ?> ?(?=\d+(?!\S))|(?<= )>(?= )", r"\1 greater than "),
        # Brackets and tags: the words stay. No character stays that could begin markup.
        (r"/?[\[\]<>{}]+/?", " "),
        # A lone ampersand cannot begin an entity. Engines say "and" in their language.
        (r"&[ &]*", " & "),
        (r"[_|\\^`~]+", " "),
        # One mark per end of a sentence or clause, up to three dots, "?!" for every mixture.
        (r"[!?]{2,}", _mixed),
        (r"([,;:。！？，、；：؟،])\1+", r"\1"),
        (r"\.{4,}", "..."),
        (r"…+", "…"),
        (rf"(\d)\1{{{MOST_SAME_DIGIT},}}", r"\1" * MOST_SAME_DIGIT),
        (rf"([^\W\d])\1{{{MOST_SAME_LETTER},}}", r"\1" * MOST_SAME_LETTER),
        # Any other sign at most twice, which keeps "C++" and "--".
        (r"([^\w\s.])\1{2,}", r"\1\1"),
    )
)


def normalize(text: str) -> str:
    """Return text that any engine can speak, in NFC; empty if nothing is left.

    Line ends become ends of sentences, empty lines `PARAGRAPH`, other white space one space.
    A second call changes nothing.
    """
    text = _LINE_END.sub("\n", emoji_to_words(text))
    text = unicodedata.normalize("NFC", _visible(text))
    text = _SPACES.sub(" ", "".join(map(_plain, text)))
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = unicodedata.normalize("NFC", text)
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if speakable(line):
            paragraphs[-1].append(" ".join(line.split()))
        else:
            paragraphs.append([])
    return _joined(PARAGRAPH, [_joined(" ", lines) for lines in paragraphs if lines])


def speakable(text: str) -> bool:
    """Whether the text has a letter or a digit of any script."""
    return any(char.isalnum() and char not in _BLANK for char in text)


def _visible(text: str) -> str:
    """Remove invisible characters, and more marks on a letter than scripts need."""
    kept: list[str] = []
    marks = diacritics = 0
    has_base = False
    for at, char in enumerate(text):
        category = unicodedata.category(char)
        if category[0] == "M":
            if char in _INVISIBLE_MARKS or category == "Me" or not has_base:
                continue
            marks += 1
            diacritics += _is_diacritic(char)
            if marks <= MOST_MARKS and diacritics <= MOST_DIACRITICS:
                kept.append(char)
        elif char.isspace():
            kept.append(char)
            has_base = False
        elif category[0] == "C" or char in _BLANK:
            if char in _JOINERS and _joins(text, at):
                kept.append(char)
        else:
            kept.append(char)
            marks = diacritics = 0
            has_base = category[0] in "LN"
    return "".join(kept)


def _is_diacritic(mark: str) -> bool:
    """Whether a mark belongs to no particular script. Endless stacks consist of such marks."""
    return unicodedata.name(mark, "").startswith("COMBINING")


def _joins(text: str, at: int) -> bool:
    """Whether the joiner at `at` is directly between two letters of a script that uses it."""
    if not 0 < at < len(text) - 1:
        return False
    before, after = text[at - 1], text[at + 1]
    return (
        ord(before) in _JOINING
        and ord(after) in _JOINING
        and unicodedata.category(before)[0] in "LM"
        and unicodedata.category(after)[0] == "L"
    )


def _plain(char: str) -> str:
    """The ordinary letter or digit for one that only looks different."""
    if char.isascii() or unicodedata.category(char)[0] not in "LNS":
        return char
    if not unicodedata.decomposition(char).startswith(_LOOKS):
        return char
    plain = unicodedata.normalize("NFKC", char)
    categories = [unicodedata.category(each)[0] for each in plain]
    if len(plain) > _LONGEST_LOOK or not set(categories) <= set("LMN"):
        return char
    # A Thai vowel would become a mark and a letter.
    return char if len(plain) > 1 and categories[0] == "M" else plain


def _joined(between: str, parts: list[str]) -> str:
    """Join the parts. Each part but the last gets a full stop if it ends without punctuation."""
    return between.join([*map(_ended, parts[:-1]), *parts[-1:]])


def _ended(line: str) -> str:
    last = line.rstrip(_CLOSING)[-1:]
    if last in _ENDS_CLAUSE:
        return line
    return line + ("。" if _IDEOGRAPHIC.match(last) else ".")
