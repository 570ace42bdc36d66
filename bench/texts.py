"""Prose of any length, hardly ever the same twice: so nothing comes from the cache by chance.

No text of anyone is in it: a few words are thrown together by dice.
"""

import random
from typing import Final

_NOUNS: Final = ("river", "garden", "window", "engine", "letter", "village", "harbour", "lantern")
_VERBS: Final = ("crosses", "follows", "remembers", "carries", "watches", "leaves", "repairs")
_ADJECTIVES: Final = ("quiet", "narrow", "golden", "patient", "distant", "crooked", "ordinary")


def prose(characters: int, dice: random.Random) -> str:
    """Sentences of two clauses, cut off after so many characters."""
    text = ""
    while len(text) < characters:
        text += f"{_clause(dice)}, and {_clause(dice)}. ".capitalize()
    return text[:characters]


def sentence(dice: random.Random) -> str:
    """One clause: nothing in it asks for a pause."""
    return f"{_clause(dice)}.".capitalize()


def _clause(dice: random.Random) -> str:
    subject, thing = dice.sample(_NOUNS, 2)
    one, another = dice.sample(_ADJECTIVES, 2)
    return f"the {one} {subject} {dice.choice(_VERBS)} the {another} {thing}"
