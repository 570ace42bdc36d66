"""Prose of any length, no two texts alike: so nothing comes from the cache by chance."""

import itertools
import random
from typing import Final

_NOUNS: Final = "river garden window engine letter village captain harbour winter lantern".split()
_VERBS: Final = "crosses follows remembers carries watches leaves repairs answers".split()
_ADJECTIVES: Final = "quiet narrow golden patient distant crooked ordinary early".split()


def prose(characters: int, dice: random.Random) -> str:
    """Sentences of ten to fifteen words, `characters` long with the last full stop."""
    text = ""
    while len(text) < characters:
        text += " " * bool(text) + _sentence(dice)
    return text[: characters - 1].rstrip(" .,") .ljust(characters - 1, "s") + "."


def sentence(dice: random.Random) -> str:
    """One clause, without a comma: nothing in it asks for a pause."""
    return _clause(dice).capitalize() + "."


def _sentence(dice: random.Random) -> str:
    return f"{_clause(dice)}, and {_clause(dice)}.".capitalize()


def _clause(dice: random.Random) -> str:
    subject, object_ = dice.sample(_NOUNS, 2)
    first, second = dice.sample(_ADJECTIVES, 2)
    return f"the {first} {subject} {dice.choice(_VERBS)} the {second} {object_}"
