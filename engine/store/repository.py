"""What all repositories share: a connection, long lists in batches, rows as values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, Label, Row, Select, Table

T = TypeVar("T")

#: SQLite allows 32,766 parameters a statement; older builds allow 999.
_BATCH: Final = 500


class Repository:
    """The statements of one noun, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._execute = connection.execute

    def _scalars(self, query: Executable) -> list[Any]:
        """The first column of each row."""
        return list(self._execute(query).scalars())

    def _values(self, query: Select[Any], kind: type[T]) -> list[T]:
        """Each row as a `kind`, whose fields are the names of the columns."""
        return [kind(**row) for row in self._execute(query).mappings()]

    def _in_batches(
        self, items: Iterable[object], statement: Callable[[Sequence[Any]], Executable]
    ) -> list[Row[Any]]:
        """The rows that `statement` finds for all `items`; it is made for a part of them."""
        results = [self._execute(statement(some)) for some in batches(items)]
        return [row for result in results if result.returns_rows for row in result]


def batches(items: Iterable[T]) -> Iterable[Sequence[T]]:
    """`items` in parts that fit the parameters of one statement."""
    found = list(items)
    return (found[at : at + _BATCH] for at in range(0, len(found), _BATCH))


def columns(table: Table, value: type[Any]) -> list[Label[Any]]:
    """The columns of `table` that are fields of the dataclass `value`, with the fields'
    names, so that a row makes the value by name. A new column needs only a new field."""
    return [table.c[each.name].label(each.name) for each in fields(value) if each.name in table.c]
