"""What all repositories share: a connection, long lists in batches, columns as fields."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Label, Table

T = TypeVar("T")

#: SQLite allows 32,766 parameters a statement; older builds allow 999.
_BATCH: Final = 500


class Repository:
    """The statements of one noun, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


def batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """`items` in parts that fit the parameters of one statement."""
    return (items[at : at + _BATCH] for at in range(0, len(items), _BATCH))


def columns(table: Table, value: type[Any]) -> list[Label[Any]]:
    """The columns of `table` that are fields of the dataclass `value`, with the fields'
    names, so that a row makes the value by name. A new column needs only a new field."""
    return [table.c[each.name].label(each.name) for each in fields(value) if each.name in table.c]
