"""Migrations on both engines: up, equal to the tables in code, down to nothing, and up again."""

import pytest
from sqlalchemy import inspect, text

from app.store.engine import make_engine
from app.store.schema import METADATA
from migrations.upgrade import differences, downgrade, upgrade

pytestmark = pytest.mark.anyio


async def test_upgrade_makes_exactly_the_tables_in_code(database_url: str) -> None:
    engine = make_engine(database_url)
    await upgrade(engine)
    assert await differences(engine) == []
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda one: inspect(one).get_table_names())
    assert set(names) == {*METADATA.tables, "alembic_version"}
    await engine.dispose()


async def test_a_column_that_the_migrations_lack_is_reported(database_url: str) -> None:
    engine = make_engine(database_url)
    await upgrade(engine)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE draw_events DROP COLUMN answer_index"))
    assert len(await differences(engine)) == 1
    await engine.dispose()


async def test_downgrade_leaves_nothing_and_upgrade_works_again(database_url: str) -> None:
    engine = make_engine(database_url)
    await upgrade(engine)
    await downgrade(engine, "base")
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda one: inspect(one).get_table_names())
    assert set(names) <= {"alembic_version"}
    await upgrade(engine)
    await upgrade(engine)
    assert await differences(engine) == []
    await engine.dispose()


async def test_a_new_database_holds_an_empty_log(database_url: str) -> None:
    engine = make_engine(database_url)
    await upgrade(engine)
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT id, size, published_size FROM log_head"))).all()
    assert [tuple(row) for row in rows] == [(1, 0, 0)]
    await engine.dispose()
