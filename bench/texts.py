"""Prose of any length, hardly ever the same twice: so nothing comes from the cache by chance.

No text of anyone is in it: a few words are thrown together by dice.
"""

import random
from typing import Final

_NOUNS: Final = ("river", "garden", "window", "engine", "letter", "village", "harbour", "lantern")
_VERBS: Final = ("crosses", "follows", "remembers", "carries", "watches", "leaves", "repairs")
_ADJECTIVES: Final = ("quiet", "narrow", "golden", "patient", "distant", "crooked", "ordinary")


def prose(characters: int, rng: random.Random) -> str:
    """Sentences of two clauses, cut off after so many characters."""
    text = ""
    while len(text) < characters:
        text += f"{_clause(rng)}, and {_clause(rng)}. ".capitalize()
    return text[:characters]


def sentence(rng: random.Random) -> str:
    """One clause: nothing in it asks for a pause."""
    return f"{_clause(rng)}.".capitalize()


def _clause(rng: random.Random) -> str:
    subject, thing = rng.sample(_NOUNS, 2)
    one, another = rng.sample(_ADJECTIVES, 2)
    return f"the {one} {subject} {rng.choice(_VERBS)} the {another} {thing}"
