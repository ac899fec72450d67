"""An SQLite connection for the event loop that goes to a thread only where the disk or another process may
make it wait.

A statement on a local file takes some ten microseconds, handing it to a thread and back ten times as long.
So statements run where they are called. Opening, BEGIN IMMEDIATE (which waits for other processes), the
commit of a writing transaction (which waits for the disk), long inserts and the rest of a long result run in
a thread, and the loop goes on meanwhile. The methods are those that SQLAlchemy's aiosqlite dialect calls.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")
# Rows that are written or fetched without a thread: well under a millisecond.
_ROWS_INLINE: Final = 64
# Writers of one process queue on a lock, so few threads suffice; seals must not take them.
_THREADS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sqlite")


class SqliteCursor:
    """A cursor whose methods are awaited."""

    arraysize = 1

    def __init__(self, connection: "SqliteConnection") -> None:
        """Of an open connection."""
        self._connection = connection
        self._cursor = connection.raw.cursor()

    async def __aenter__(self) -> Self:
        """The cursor is open as it is."""
        return self

    @property
    def description(self) -> Any:
        """Column names of a result, None for a statement without one."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """Rows that a statement changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Row id of the last insert."""
        return self._cursor.lastrowid

    async def execute(self, operation: str, parameters: Any = ()) -> Self:
        """Run one statement."""
        if operation.startswith("BEGIN IMMEDIATE"):
            await self._connection.begin_writing(operation)
        else:
            self._cursor.execute(operation, parameters)
        return self

    async def executemany(self, operation: str, parameters: Sequence[Any]) -> Self:
        """Run one statement for each set of parameters."""
        work = partial(self._cursor.executemany, operation, parameters)
        if len(parameters) > _ROWS_INLINE:
            await _aside(work)
        else:
            work()
        return self

    async def fetchall(self) -> list[Any]:
        """The rows not yet fetched."""
        rows = self._cursor.fetchmany(_ROWS_INLINE)
        if len(rows) == _ROWS_INLINE:
            rows += await _aside(self._cursor.fetchall)
        return rows

    async def close(self) -> None:
        """Let go of the result."""
        self._cursor.close()


class SqliteConnection:
    """A connection in SQLite's own autocommit: every transaction is opened by a BEGIN."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        """`raw` may be used by any thread; it is used by one at a time."""
        self.raw = raw
        # What the dialect looks at before it ends a transaction: whether the connection is open.
        self._connection: sqlite3.Connection | None = raw
        self._writes = False

    def cursor(self) -> SqliteCursor:
        """A fresh cursor."""
        return SqliteCursor(self)

    async def begin_writing(self, operation: str) -> None:
        """Begin a transaction that may wait for another process's."""
        await _aside(partial(self.raw.execute, operation))
        self._writes = True

    async def commit(self) -> None:
        """End the transaction; on the disk when this returns."""
        if self._writes:
            await _aside(self.raw.commit)
            self._writes = False
        else:
            self.raw.commit()

    async def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        self.raw.rollback()
        self._writes = False

    async def create_function(self, *args: Any, **options: Any) -> None:
        """A function for SQL, as of `sqlite3`."""
        self.raw.create_function(*args, **options)

    async def close(self) -> None:
        """Close; the last connection of a database moves its journal into it."""
        self._connection = None
        await _aside(partial(_close, self.raw))

    def stop(self) -> None:
        """Close without a loop, unless that is under way."""
        if self._connection is not None:
            self._connection = None
            _close(self.raw)


async def connect(database: str, pragmas: Sequence[str], **options: Any) -> SqliteConnection:
    """Open `database` (options of `sqlite3.connect`) and set `pragmas`."""
    raws: list[sqlite3.Connection] = []
    try:
        await _aside(lambda: raws.append(_opened(database, pragmas, options)))
    except asyncio.CancelledError:
        for raw in raws:
            raw.close()
        raise
    return SqliteConnection(raws[0])


def _opened(database: str, pragmas: Sequence[str], options: dict[str, Any]) -> sqlite3.Connection:
    options.update(isolation_level=None, check_same_thread=False)
    raw: sqlite3.Connection = sqlite3.connect(database, **options)
    try:
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
    except BaseException:
        raw.close()
        raise
    return raw


def _close(raw: sqlite3.Connection) -> None:
    # A cursor that still holds its statement keeps a closed connection, and its write lock, until it is
    # collected: the exception that left it there may be kept for long.
    raw.rollback()
    raw.close()


async def _aside(work: Callable[[], T]) -> T:
    """The result of `work`, done in a thread. Whoever is cancelled, however often, waits for its end: the
    connection is not to be used by two at once.
    """
    future = asyncio.get_running_loop().run_in_executor(_THREADS, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        raise
