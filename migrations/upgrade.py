"""Running migrations from code: the same on SQLite and PostgreSQL, no alembic.ini needed.

Alembic is synchronous: it gets the engine's connection by `run_sync`. Batch mode lets SQLite alter tables.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.engine import WRITES
from app.store.schema import METADATA

_FOLDER: Final = Path(__file__).parent


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; `connection` is what `env.py` will use."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the database up to `revision`. Doing it again changes nothing."""
    async with engine.execution_options(**{WRITES: True}).begin() as connection:
        await connection.run_sync(lambda one: command.upgrade(alembic_config(one), revision))


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Bring the database down to `revision` (``base`` for empty). Data of the tables that go is lost."""
    async with engine.execution_options(**{WRITES: True}).begin() as connection:
        await connection.run_sync(lambda one: command.downgrade(alembic_config(one), revision))


async def current(engine: AsyncEngine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda one: MigrationContext.configure(one).get_current_revision())


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


async def differences(engine: AsyncEngine) -> list[object]:
    """What autogenerate would still have to change for the database to equal the tables in code."""
    async with engine.connect() as connection:
        return await connection.run_sync(_compare)


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
    return list(compare_metadata(context, METADATA))
