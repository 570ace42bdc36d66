"""What the statements of every noun have in common: a connection, and long lists in parts.

Knows: no table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Label, Table

T = TypeVar("T")

#: SQLite takes 32,766 parameters a statement; older builds take 999.
_AT_ONCE: Final = 500


class Repository:
    """The statements of one noun, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


def batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """`items` in parts that one statement can take as parameters."""
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))


def columns(table: Table, value: type[Any]) -> list[Label[Any]]:
    """The columns of `table` that are fields of the dataclass `value`, under the fields' names: a
    row of them makes the value by name. A new column is a new field."""
    return [table.c[each.name].label(each.name) for each in fields(value) if each.name in table.c]
