"""One connection to the database, in a thread of its own; transactions are whole or absent.

Knows: SQLite's pragmas and locks, threads, what cancellation does to a transaction in flight.
Does not know: tables.

A transaction is a plain function that runs in that thread from its BEGIN to its COMMIT: one hop
for all of it. Through SQLAlchemy's asyncio extra and aiosqlite, each statement took four; measured
here, with FULL, 205 submits a second became 550, and the event loop, beside which frames leave
every 20 ms, is woken once a transaction where it had been woken twenty times.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from engine.errors import StorageFull

T = TypeVar("T")

PRAGMAS: Final = (
    # Readers do not wait for the writer, and a commit is one fsync instead of three.
    "journal_mode = WAL",
    # A commit survives a power loss, not only the death of the process: what was acknowledged
    # is kept. NORMAL would leave the last commits in the system's cache.
    "synchronous = FULL",
    # macOS: fsync alone leaves data in the drive's cache. Elsewhere this does nothing.
    "fullfsync = ON",
    # Off by default in SQLite: chunks would outlive their job.
    "foreign_keys = ON",
    # A backup or `mynah doctor` may hold the file for a moment. Milliseconds.
    "busy_timeout = 5000",
    # After a burst the write-ahead log shrinks again. Bytes.
    "journal_size_limit = 16777216",
    # Purged texts are overwritten, not only unlinked from their page.
    "secure_delete = ON",
)


class Database:
    """Transactions on one file. One connection: with one shared among tasks, 120 of 300
    concurrent writes failed, and SQLite has a single writer anyway. (3.7.0 to 3.51.2 can even
    lose committed pages where two connections write or checkpoint at once.)
    """

    def __init__(self, file: Path) -> None:
        self._engine = _engine(f"sqlite:///{file}")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` in a transaction of its own that changes nothing."""
        return await self._run(self._read, query)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in a transaction; it is on disk when this returns. All of it, or, where
        it raises, nothing. If the caller is cancelled, it is still either. Raises StorageFull."""
        return await self._run(self._write, change)

    async def close(self) -> None:
        """After all that was asked for before, close the connection and end its thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()

    async def _run(
        self, run: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T]
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, run, work)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return query(connection)

    def _write(self, change: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                connection.execution_options(writes=True)
                with connection.begin():
                    return change(connection)
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", None)
            if code != sqlite3.SQLITE_FULL:
                raise
            raise StorageFull(
                "the disk is full: a transaction was not committed",
                user_message="The disk of this bot is full. Tell whoever runs it.",
            ) from error


def _engine(url: str) -> Engine:
    engine = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction control begins late and never IMMEDIATE: switch it off, and
    # let `_begin` say it (SQLAlchemy's documentation, "SQLite: Transactions with SQLite").
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE takes the lock before the first read. Deferred, three processes that read and
    # then wrote met 200,863 busy errors; so none.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
