"""What a party node remembers: facts written once, durable before the node answers.

A fact is (kind, draw, key) → bytes and never changes: the second writer gets the first one's value back.
That one rule gives the node its guarantees: one random value, one sealed record and one answer per draw,
also across restarts and repeated requests. The cosigned head is the only cell that moves, and only forward,
by compare-and-swap.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.private_files import make_private

_SCHEMA = (
    """create table if not exists facts (
        kind text not null, draw integer not null, key text not null, value blob not null,
        primary key (kind, draw, key)
    ) without rowid""",
    """create table if not exists head (
        only integer primary key check (only = 1), size integer not null, root blob not null
    )""",
)


class Book:
    """One SQLite file in full-sync mode, its owner's only: it holds r. Every call is one transaction.

    Raises sqlite3.Error when the disk fails.
    """

    def __init__(self, path: Path) -> None:
        make_private(path)
        self._path = path
        with self._transaction() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def put_once(self, kind: str, draw: int, value: bytes, *, key: str = "") -> bytes:
        """Store a fact unless one stands there; give the fact that stands."""
        with self._transaction() as connection:
            connection.execute("insert or ignore into facts values (?, ?, ?, ?)", (kind, draw, key, value))
            row = connection.execute(
                "select value from facts where kind = ? and draw = ? and key = ?", (kind, draw, key)
            ).fetchone()
        return bytes(row[0])

    def get(self, kind: str, draw: int, *, key: str = "") -> bytes | None:
        """The fact, or None."""
        with self._transaction() as connection:
            row = connection.execute(
                "select value from facts where kind = ? and draw = ? and key = ?", (kind, draw, key)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def of_draw(self, kind: str, draw: int) -> dict[str, bytes]:
        """Every fact of this kind of a draw, by key."""
        with self._transaction() as connection:
            rows = connection.execute(
                "select key, value from facts where kind = ? and draw = ?", (kind, draw)
            ).fetchall()
        return {str(key): bytes(value) for key, value in rows}

    def head(self) -> tuple[int, bytes | None]:
        """Size and root of the last checkpoint this node cosigned; (0, None) before the first."""
        with self._transaction() as connection:
            row = connection.execute("select size, root from head where only = 1").fetchone()
        return (0, None) if row is None else (int(row[0]), bytes(row[1]))

    def advance_head(self, *, old_size: int, size: int, root: bytes) -> bool:
        """Move the head from `old_size`; False when another request moved it first."""
        with self._transaction() as connection:
            row = connection.execute("select size from head where only = 1").fetchone()
            if (0 if row is None else int(row[0])) != old_size:
                return False
            connection.execute("insert or replace into head values (1, ?, ?)", (size, root))
        return True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        finally:
            connection.close()
