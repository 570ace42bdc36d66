"""Random prose of any length, almost never the same twice, so that nothing comes from the cache.

It contains no person's text: it combines a few words at random.
"""

import random
from typing import Final

_NOUNS: Final = ("river", "garden", "window", "engine", "letter", "village", "harbour", "lantern")
_VERBS: Final = ("crosses", "follows", "remembers", "carries", "watches", "leaves", "repairs")
_ADJECTIVES: Final = ("quiet", "narrow", "golden", "patient", "distant", "crooked", "ordinary")


def prose(characters: int, rng: random.Random) -> str:
    """Sentences of two clauses, cut after `characters` characters."""
    text = ""
    while len(text) < characters:
        text += f"{_clause(rng)}, and {_clause(rng)}. ".capitalize()
    return text[:characters]


def sentence(rng: random.Random) -> str:
    """One clause, with nothing that makes a pause."""
    return f"{_clause(rng)}.".capitalize()


def _clause(rng: random.Random) -> str:
    subject, thing = rng.sample(_NOUNS, 2)
    one, another = rng.sample(_ADJECTIVES, 2)
    return f"the {one} {subject} {rng.choice(_VERBS)} the {another} {thing}"
