"""Finds the places where a text may be cut, and what ends at each.

Knows: paragraphs, sentences (from the library `sentencex`), clauses, words, clusters (which a
reader sees as one character), and scripts without spaces. Does not know: how long a piece should
be (`split.py`).

Every pattern consumes the whole run of marks that it begins with, and Python checks what follows.
So no hostile text makes the search quadratic.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import IntEnum
from itertools import accumulate
from typing import Final

import sentencex

#: Ranges for a pattern's brackets: kana and ideographs, which have no spaces between words.
IDEOGRAPHIC: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: Hangul has spaces between words, but each character is a syllable.
HANGUL: Final = "\uac00-\ud7ff"


class Ends(IntEnum):
    """What ends at a place. A greater value is a better place for a cut."""

    NOTHING = 0
    WORD = 1
    CLAUSE = 2
    SENTENCE = 3
    PARAGRAPH = 4


_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_WIDE_CLOSING: Final = "」』）】》〉”’"
_CLOSING: Final = "\"'»›)\\]}" + _WIDE_CLOSING
#: Ends a clause where a space follows: "1,000" and "12:30" hold together.
_CLAUSE: Final = re.compile(rf"(?:[,;:،؛)…]|\.{{2,}}+)++[{_CLOSING}]*+|(?<= )[-–]")
#: Ends a clause in scripts without spaces, whatever follows.
_WIDE_CLAUSE: Final = re.compile(rf"[，、；：—]++[{_WIDE_CLOSING}]*+")

_IDEOGRAPHIC: Final = re.compile(rf"[{IDEOGRAPHIC}。！？．｡]")
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
_LEADING_JAMO: Final = range(0x1100, 0x1160)
_FOLLOWING_JAMO: Final = range(0x1160, 0x1200)
#: Joiners, vowels of Thai and Lao with the category of letters, skin tones, tags of flags.
_EXTENDS: Final = frozenset("\u200c\u200d\u0e33\u0eb3") | frozenset(
    map(chr, [*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)])
)
#: Characters of a paragraph that one call of sentencex gets. sentencex is quadratic in quotation
#: marks: 64,000 of them took 2 s, 4,000 take 8 ms.
_MOST_AT_ONCE: Final = 4000
_VIRAMA: Final = 9  # the combining class of a mark that joins two consonants


class Places:
    """A text with single spaces between its words, and what ends at each place in it."""

    def __init__(self, text: str) -> None:
        paragraphs = [" ".join(part.split()) for part in _PARAGRAPH.split(text)]
        paragraphs = [part for part in paragraphs if part]
        self.text = " ".join(paragraphs)
        self.length = len(self.text)
        self._ends = {found.start(): Ends.WORD for found in re.finditer(" ", self.text)}
        at = 0
        for part in paragraphs:
            self._ends.update((at + end, Ends.CLAUSE) for end in _clause_ends(part))
            self._ends.update((at + end, Ends.SENTENCE) for end in _sentence_ends(part))
            at += len(part)
            self._ends[at] = Ends.PARAGRAPH
            at += 1
        places = sorted(self._ends)
        self._at_least = {
            level: [place for place in places if self._ends[place] >= level] for level in Ends
        }
        self._alphanumeric = [0, *accumulate(map(str.isalnum, self.text))]

    def ends(self, place: int) -> Ends:
        return self._ends.get(place, Ends.NOTHING)

    def within(self, level: Ends, first: int, last: int) -> list[int]:
        """The places from `first` to `last`, inclusive, where at least `level` ends."""
        places = self._at_least[level]
        return places[bisect_left(places, first) : bisect_right(places, last)]

    def after(self, place: int) -> int:
        """Where the next piece starts when one ends at `place`."""
        return place + (self.text[place : place + 1] == " ")

    def says_something(self, start: int, end: int) -> bool:
        """Whether there is a letter or a digit between `start` and `end`."""
        return self._alphanumeric[end] > self._alphanumeric[start]

    def word_around(self, place: int) -> tuple[int, int]:
        """Start and end of the text around `place` in which no word ends."""
        places = self._at_least[Ends.WORD]
        next_at = bisect_right(places, place)
        start = self.after(places[next_at - 1]) if next_at else 0
        return start, places[next_at] if next_at < len(places) else self.length

    def last_cluster_end(self, start: int, first: int, last: int) -> int | None:
        """The last place from `first` to `last` between two clusters; `start` is such a place."""
        for place in range(last, first - 1, -1):
            if self._is_between_clusters(start, place):
                return place
        return None

    def _is_between_clusters(self, start: int, place: int) -> bool:
        # The rules of Unicode Standard Annex 29 that matter to speech, applied backwards.
        before, after = self.text[place - 1], self.text[place]
        if before == " ":
            return False
        if after in _EXTENDS or unicodedata.category(after)[0] == "M" or before == "\u200d":
            return False
        if unicodedata.combining(before) == _VIRAMA and after.isalpha():
            return False
        if ord(before) in _LEADING_JAMO and ord(after) in _LEADING_JAMO:
            return False
        if ord(after) in _FOLLOWING_JAMO:
            return False
        if ord(before) in _REGIONAL and ord(after) in _REGIONAL:
            flags = place
            while flags > start and ord(self.text[flags - 1]) in _REGIONAL:
                flags -= 1
            return (place - flags) % 2 == 0
        return True


def _clause_ends(text: str) -> Iterator[int]:
    for found in _CLAUSE.finditer(text):
        if text[found.end() : found.end() + 1] == " ":
            yield found.end()
    for found in _WIDE_CLAUSE.finditer(text):
        yield found.end()


def _sentence_ends(text: str) -> Iterator[int]:
    """Ends of sentences in a text whose only white space is single spaces.

    sentencex 1.0.32 panics, past every `except Exception`, if white space of several bytes is
    beside an initial ("A\\u3000. b"), and raises on surrogates. Neither reaches it here: 490,000
    random texts with ASCII spaces passed. The results are places in our text: sentencex can
    misplace a cut, but it cannot lose text.
    """
    for start, part in _parts(text):
        sentences = sentencex.segment("en", part.encode("utf-8", "replace").decode())
        ends = list(accumulate(map(len, sentences), initial=start))[1:]
        if not ends or ends[-1] != start + len(part):
            continue
        if ends[-1] != len(text):
            del ends[-1]  # a part can end within a sentence
        for end in ends:
            if text[end - 1] == " ":
                yield end - 1
            elif end == len(text) or _IDEOGRAPHIC.search(text[max(0, end - 2) : end + 1]):
                yield end  # "你好!我" ends there, "example.com/?q" does not


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each part begins, and the part: at most `_MOST_AT_ONCE` characters, cut behind a
    space if there is one."""
    start = 0
    while len(text) - start > _MOST_AT_ONCE:
        space = text.rfind(" ", start, start + _MOST_AT_ONCE)
        end = space + 1 if space >= start else start + _MOST_AT_ONCE
        yield start, text[start:end]
        start = end
    yield start, text[start:]
