"""SQLite in the event loop: durable settings, whole results, and a loop that goes on while a writer waits."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.engine import make_engine
from app.store.sqlite_connection import SqliteConnection, connect

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = sqlite3.connect(tmp_path / "one.sqlite")
    made.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    made.close()
    return tmp_path / "one.sqlite"


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
async def test_a_connection_is_set_up_for_durable_commits(path: Path, pragma: str, expected: object) -> None:
    engine = make_engine(f"sqlite:///{path}")
    async with engine.connect() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one() == expected
    await engine.dispose()


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 1000])
async def test_a_result_of_any_length_comes_whole_and_in_order(path: Path, rows: int) -> None:
    one = await connect(str(path), ())
    await one.begin_writing("BEGIN IMMEDIATE")
    await one.cursor().executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(rows)])
    await one.commit()
    cursor = await one.cursor().execute("SELECT number FROM numbers ORDER BY number")
    assert await cursor.fetchall() == [(n,) for n in range(rows)]
    await one.close()


async def waiting(path: Path, holder: sqlite3.Connection) -> tuple[SqliteConnection, "asyncio.Task[None]"]:
    """A connection whose task waits for the write lock that `holder` has."""
    holder.execute("BEGIN IMMEDIATE")
    one = await connect(str(path), ("busy_timeout=10000",))
    task = asyncio.create_task(one.begin_writing("BEGIN IMMEDIATE"))
    for _ in range(100):
        await asyncio.sleep(0)  # the loop goes on: a blocked one would never get here
    assert not task.done()
    return one, task


async def test_the_loop_goes_on_while_a_writer_waits_for_another_process(path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None)
    one, task = await waiting(path, holder)
    holder.execute("COMMIT")
    await task
    await one.rollback()
    await one.close()
    holder.close()


async def test_who_is_cancelled_while_waiting_leaves_the_connection_to_nobody_else(path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None)
    one, task = await waiting(path, holder)
    task.cancel()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()  # its thread still uses the connection
    holder.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert one.raw.in_transaction
    await one.rollback()
    holder.execute("BEGIN IMMEDIATE")  # nothing is held any more
    holder.close()
    await one.close()
