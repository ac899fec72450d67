"""Database engines for SQLite (aiosqlite) and PostgreSQL (psycopg 3), set up so that a commit is durable.

SQLite runs in WAL with synchronous=FULL and foreign keys on; its driver's own transaction handling is
switched off and every transaction is opened here, a writing one with BEGIN IMMEDIATE: a deferred one that
later writes fails at once when another writer was faster. Units of work live in `app.store.unit_of_work`.
"""

from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import AppError

# How long a process waits for another process's write transaction, milliseconds.
BUSY_TIMEOUT_MS: Final = 10_000
WRITES: Final = "qiantong_writes"
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}


def make_engine(url: str) -> AsyncEngine:
    """An engine for `url` (``sqlite:///file.db`` or ``postgresql://…``). Nothing is connected yet.

    Its errors show no values: a value may be personal.

    Raises AppError ``store.bad-url`` for any other database.
    """
    parsed = make_url(url)
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise AppError("store.bad-url")
    parsed = parsed.set(drivername=driver)
    if driver == "sqlite+aiosqlite":
        engine = create_async_engine(
            parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        parsed, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True
    )


def is_sqlite(engine: AsyncEngine) -> bool:
    """Whether writers of this process must queue on a lock of their own."""
    return engine.dialect.name == "sqlite"


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # None hands transaction control to _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
