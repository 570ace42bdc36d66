"""Long lists of parameters, in pieces that one statement can take. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

#: SQLite takes 32,766 parameters a statement; older builds 999.
_AT_ONCE: Final = 500


def slices(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))
