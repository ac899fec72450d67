"""Database engines for SQLite and PostgreSQL (psycopg 3), set up so that a commit is durable.

SQLite (`app.store.sqlite_connection`) runs in WAL with synchronous=FULL and foreign keys on; every
transaction is opened here, a writing one with BEGIN IMMEDIATE: a deferred one that later writes fails at once
when another writer was faster. Units of work live in `app.store.unit_of_work`.
"""

from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.errors import AppError
from app.store import sqlite_connection

# How long a process waits for another process's write transaction, milliseconds.
BUSY_TIMEOUT_MS: Final = 10_000
WRITES: Final = "qiantong_writes"
# Connections above `pool_size` are closed again after each use.
_POOL: Final[dict[str, Any]] = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 10, "max_overflow": 10}
_PRAGMAS: Final = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
)
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
        connect = partial(sqlite_connection.connect, pragmas=_PRAGMAS)
        engine = create_async_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "async_creator_fn": connect},
            hide_parameters=True,
            **_POOL,
        )
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True, **_POOL)


def is_sqlite(engine: AsyncEngine) -> bool:
    """Whether writers of this process must queue on a lock of their own."""
    return engine.dialect.name == "sqlite"


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
