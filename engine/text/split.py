"""Cuts a text into the pieces that an engine speaks one by one. The first piece is short, so that
sound starts early. The others are as long as the engine's info allows.

Knows: how long a piece should be, and how long a speaker pauses after it.
Does not know: where sentences end (`boundaries.py`).

A piece ends where a sentence ends, else a clause, else a word. A word is cut only if it is longer
than the longest piece, and then between clusters: no accent and no emoji is cut.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.text.boundaries import HANGUL, IDEOGRAPHIC, Ends, Places


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` has single spaces only; `pause_after` is in seconds."""

    text: str
    pause_after: float


PAUSES: Final = {
    Ends.NOTHING: 0.0,
    Ends.WORD: 0.05,
    Ends.CLAUSE: 0.12,
    Ends.SENTENCE: 0.3,
    Ends.PARAGRAPH: 0.5,
}

#: Characters of the first piece: two to five seconds of speech. A shorter one sounds chopped, and
#: leaves an engine at real-time factor 0.3 little time to make the second.
FIRST_LEAST: Final = 30
FIRST_MOST: Final = 80
#: The first piece may have as few or as many characters as this if a clause ends there.
FIRST_SHORTEST: Final = 12
FIRST_LONGEST: Final = 120
#: An ideograph, a kana or a syllable of Hangul takes about as long to say as this many letters.
LETTERS_PER_WIDE: Final = 3

_WIDE: Final = re.compile(f"[{IDEOGRAPHIC}{HANGUL}]")


def split(text: str, *, least: int, most: int) -> list[Piece]:
    """Cut `text` into pieces of at least `least` and at most `most` characters.

    Only white space is lost. No piece is longer than `most`. A piece is shorter than `least`, or
    has no letter, only if no neighbour has room for it. The pause after the last piece is 0.
    Linear in the text's length.

    Raises ValueError unless 1 <= least <= most.
    """
    if not 1 <= least <= most:
        raise ValueError(f"a piece cannot have {least} to {most} characters")
    places = Places(text)
    pieces: list[Piece] = []
    start = 0
    while start < places.length:
        if start == 0:
            end = _first_cut(places, least, most)
        else:
            end = _cut(places, start, least, most, most)
        pause = PAUSES[places.ends(end)] if end < places.length else 0.0
        pieces.append(Piece(places.text[start:end], pause))
        start = places.after(end)
    return pieces


def _first_cut(places: Places, least: int, most: int) -> int:
    scale = LETTERS_PER_WIDE if _mostly_wide(places.text[:FIRST_MOST]) else 1
    shift = max(0, least - FIRST_LEAST // scale)
    low = FIRST_LEAST // scale + shift
    high = min(most, FIRST_MOST // scale + shift)
    longest = min(most, FIRST_LONGEST // scale + shift)
    shortest = max(least, FIRST_SHORTEST // scale)
    if places.length <= high:
        return places.length

    def allowed(level: Ends, first: int, last: int) -> list[int]:
        found = places.within(level, first, last)
        return [end for end in found if _is_allowed(places, 0, end, least)]

    if cuts := allowed(Ends.CLAUSE, low, high):
        return cuts[0]
    if cuts := allowed(Ends.CLAUSE, shortest, min(low - 1, most)):
        return cuts[-1]
    if cuts := allowed(Ends.CLAUSE, high + 1, longest):
        return cuts[0]
    return _cut(places, 0, least, most, high)


def _cut(places: Places, start: int, least: int, most: int, wanted: int) -> int:
    """Where the piece that begins at `start` ends: after `wanted` characters or a little before,
    and after `most` at the latest."""
    if places.length - start <= wanted:
        return places.length
    first, last = start + least, min(start + wanted, places.length - least)

    def allowed(ends: Iterable[int]) -> int | None:
        return next((end for end in ends if _is_allowed(places, start, end, least)), None)

    end = allowed(places.within(Ends.PARAGRAPH, first, last))
    for level in (Ends.SENTENCE, Ends.CLAUSE, Ends.WORD):
        end = end or allowed(reversed(places.within(level, first, last)))
    if end:
        return end

    # No word ends at a suitable place. A word that is too long for a piece is cut to fill this
    # piece. Any other word stays whole, even if this makes a piece shorter than wanted.
    word_start, word_end = places.word_around(start + wanted)
    if word_end - word_start > most and (end := places.last_cluster_end(start, first, last)):
        return end
    if ends := places.within(Ends.WORD, start + 1, start + most):
        return ends[-1]
    end = places.last_cluster_end(start, start + 1, start + most)
    return end or start + most  # a single cluster longer than a piece: hardly language


def _is_allowed(places: Places, start: int, end: int, least: int) -> bool:
    """Whether a cut at `end` leaves enough to say on both sides."""
    rest = places.after(end)
    return (
        (end == places.length or places.length - rest >= least)
        and places.says_something(start, end)
        and (end == places.length or places.says_something(rest, places.length))
    )


def _mostly_wide(text: str) -> bool:
    return 2 * len(_WIDE.findall(text)) > len(text)
