"""Whoever is cancelled in the middle of a write, at whatever moment and however often, holds nothing
afterwards: neither the write lock, nor a connection, nor half of a transaction.
"""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.engine import WRITES, make_engine
from app.store.sqlite_connection import SqliteConnection, connect
from tests.support.cancelling import CancelledAt

pytestmark = pytest.mark.anyio
# Longer than what is written and fetched without a thread.
ROWS = 200
WRITTEN = [{"number": number} for number in range(ROWS)]
# Suspensions of a transaction on a fresh engine: opening, beginning, the long insert, the long result, the
# commit, handing the connection back.
MOMENTS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = sqlite3.connect(tmp_path / "one.sqlite")
    made.execute("PRAGMA journal_mode=WAL")
    made.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    made.close()
    return tmp_path / "one.sqlite"


async def write_and_read(engine: AsyncEngine) -> None:
    async with engine.execution_options(**{WRITES: True}).begin() as connection:
        await connection.execute(text("INSERT INTO numbers VALUES (:number)"), WRITTEN)
        await connection.execute(text("SELECT number FROM numbers"))


async def interrupted(engine: AsyncEngine, *, first: int, times: int) -> tuple[int, BaseException | None]:
    """How often the write was suspended, and what it raised: kept, as a caller that cleans up keeps it."""
    counted = CancelledAt(write_and_read(engine), first=first, times=times)

    async def whole() -> None:
        await counted

    raised = (await asyncio.gather(asyncio.create_task(whole()), return_exceptions=True))[0]
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*(one for one in others if "close" in repr(one.get_coro())))
    return counted.suspended, raised


async def test_a_write_that_nobody_cancels_is_suspended_at_the_moments_that_are_tried(path: Path) -> None:
    engine = make_engine(f"sqlite:///{path}")
    assert await interrupted(engine, first=1, times=0) == (MOMENTS, None)
    await engine.dispose()


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("first", range(1, MOMENTS + 1))
async def test_a_cancelled_write_leaves_the_lock_free_and_all_or_nothing(
    path: Path, first: int, times: int
) -> None:
    engine = make_engine(f"sqlite:///{path}")
    _, raised = await interrupted(engine, first=first, times=times)
    assert isinstance(raised, asyncio.CancelledError)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # at once, or "database is locked"
    assert other.execute("SELECT count(*) FROM numbers").fetchone()[0] in (0, ROWS)
    other.execute("DELETE FROM numbers")
    other.execute("COMMIT")
    other.close()
    await write_and_read(engine)
    await engine.dispose()


async def test_who_is_cancelled_twice_while_waiting_for_the_lock_never_gets_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins, begun = SqliteConnection.begin_writing, asyncio.Event()

    async def begin(one: SqliteConnection, operation: str) -> None:
        begun.set()
        await begins(one, operation)

    monkeypatch.setattr(SqliteConnection, "begin_writing", begin)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    engine = make_engine(f"sqlite:///{path}")
    task = asyncio.create_task(write_and_read(engine))
    await begun.wait()
    for _ in range(2):
        for _turn in range(100):
            await asyncio.sleep(0)
        task.cancel()
    for _turn in range(100):
        await asyncio.sleep(0)
    assert not task.done()  # its thread still uses the connection
    holder.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    holder.execute("BEGIN IMMEDIATE")
    holder.close()
    await engine.dispose()


async def test_stopping_a_connection_that_is_being_closed_does_nothing(path: Path) -> None:
    one = await connect(str(path), ())
    await one.begin_writing("BEGIN IMMEDIATE")
    closing = asyncio.create_task(one.close())
    await asyncio.sleep(0)
    one.stop()
    await closing
    with pytest.raises(sqlite3.ProgrammingError):
        one.raw.execute("SELECT 1")


async def test_stopping_a_connection_frees_the_lock_though_a_result_was_not_read_to_its_end(
    path: Path,
) -> None:
    one = await connect(str(path), ("journal_mode=WAL",))
    await one.begin_writing("BEGIN IMMEDIATE")
    half_read = one.raw.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n"
    )
    assert half_read.fetchone() == (1,)
    one.stop()
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.close()
