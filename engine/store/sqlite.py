"""One connection to the database, in its own thread; each transaction commits whole or not at all.

Knows: SQLite's pragmas and locks, threads, how cancellation affects a running transaction.
Does not know: tables.

A transaction is a plain function that runs in aiosqlite's thread from its BEGIN to its COMMIT: one
thread switch for all of it. Through SQLAlchemy's asyncio extra, each statement took four. Measured
here, with FULL, 205 submits a second became 550, and each transaction wakes the event loop, beside
which frames are sent every 20 ms, once instead of twenty times.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from engine.model.errors import StorageFull
from engine.store.transaction import Transaction

T = TypeVar("T")

PRAGMAS: Final = (
    # Readers do not wait for the writer, and a commit is one fsync instead of three.
    "journal_mode = WAL",
    # An acknowledged commit survives a power loss, not only the death of the process. NORMAL
    # would leave the last commits in the system's cache.
    "synchronous = FULL",
    # On macOS, fsync alone leaves data in the drive's cache. Elsewhere this does nothing.
    "fullfsync = ON",
    # Off by default in SQLite; then chunks would outlive their job.
    "foreign_keys = ON",
    # A backup or `mynah doctor` may hold the file for a moment. Milliseconds.
    "busy_timeout = 5000",
    # The write-ahead log shrinks to this size after a burst. Bytes.
    "journal_size_limit = 16777216",
    # Deleted texts are overwritten, not only unlinked from their page.
    "secure_delete = ON",
)


class Database:
    """Transactions on one file, over one connection, one at a time.

    When tasks shared a connection directly, 120 of 300 concurrent writes failed. SQLite has a
    single writer anyway, and 3.7.0 to 3.51.2 can lose committed pages if two connections write or
    checkpoint at the same time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opening = asyncio.Lock()
        self._thread: _Thread | None = None
        self._closed = False

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """Run `query` in a read-only transaction."""
        return await self._run(self._read, query)

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in a transaction; it is on disk when this returns. If `change` raises,
        nothing is committed. If the caller is cancelled, all or nothing is. Raises StorageFull."""
        return await self._run(self._write, change)

    async def vacuum(self) -> None:
        """Remove all remains of deleted rows from the file and its log.

        `secure_delete` overwrites a row in its last place, but copies that SQLite made when it
        moved rows between pages stay in the gaps (of 1,000 deleted rows, 21 were still readable).
        Only rewriting the file removes them: 19 ms for 4 MB. Raises StorageFull if there is no
        room for a second copy of the file.
        """
        thread = self._thread or await self._open()
        await thread.vacuum()

    async def close(self) -> None:
        """Finish all earlier requests, close the connection and end its thread. The thread is not
        a daemon: if it kept running, the process could not exit."""
        async with self._opening:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            await thread.close()

    async def _run(
        self,
        run: Callable[[Engine, Callable[[Transaction], T]], T],
        work: Callable[[Transaction], T],
    ) -> T:
        thread = self._thread or await self._open()
        return await thread.run(lambda engine: run(engine, work))

    async def _open(self) -> "_Thread":
        async with self._opening:
            if self._closed:
                raise RuntimeError(f"the database {self._file} is closed")
            if self._thread is None:
                thread = _Thread(self._file)
                await thread
                self._thread = thread
            return self._thread

    @staticmethod
    def _read(engine: Engine, query: Callable[[Transaction], T]) -> T:
        with engine.connect() as connection:
            return query(Transaction(connection))

    @staticmethod
    def _write(engine: Engine, change: Callable[[Transaction], T]) -> T:
        try:
            with engine.connect() as connection:
                connection.execution_options(writes=True)
                with connection.begin():
                    return change(Transaction(connection))
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", None)
            if code != sqlite3.SQLITE_FULL:
                raise
            raise StorageFull(
                "the disk is full: a transaction was not committed",
                code="disk-full",
            ) from error


class _Thread(aiosqlite.Connection):
    """aiosqlite's connection and its thread, in which SQLAlchemy runs the statements."""

    def __init__(self, file: Path) -> None:
        super().__init__(lambda: self._connect_to(file), iter_chunk_size=64)
        self._engine: Engine | None = None

    async def run(self, work: Callable[[Engine], T]) -> T:
        """Run `work` in the thread, after all earlier requests. It runs to its end even if the
        caller is cancelled."""
        assert self._engine is not None
        execute: Callable[..., Awaitable[T]] = self._execute
        return await execute(work, self._engine)

    async def vacuum(self) -> None:
        """VACUUM, and empty the log; neither works in a transaction."""
        execute: Callable[..., Awaitable[None]] = self._execute
        await execute(self._vacuum)

    def _vacuum(self) -> None:
        # Uses the connection directly: SQLAlchemy would begin a transaction.
        try:
            self._conn.execute("VACUUM")
            self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise StorageFull(
                f"the database could not be written again: {error}",
                code="disk-full",
            ) from error

    def _connect_to(self, file: Path) -> sqlite3.Connection:
        # The driver's own transaction control is off, because it begins late and never IMMEDIATE;
        # `_begin` begins them (SQLAlchemy's documentation, "SQLite: Transactions with SQLite").
        connection = sqlite3.connect(file, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        self._engine = create_engine(
            "sqlite://",
            creator=lambda: connection,
            poolclass=StaticPool,
            hide_parameters=True,  # else errors would contain members' texts
        )
        event.listen(self._engine, "begin", _begin)
        return connection


def _begin(connection: Connection) -> None:
    # IMMEDIATE takes the lock before the first read. With DEFERRED, three processes that read and
    # then wrote got 200,863 busy errors; with IMMEDIATE, none.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
