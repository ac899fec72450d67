"""What processes that tests start and kill have in common, loaded once into the process that they fork from.

The first request to an application resolves its routes, most of a second; here that is paid beforehand.
"""

import asyncio
import tempfile
from pathlib import Path

import httpx
from fastapi import FastAPI

from app.composition import compose
from app.main import create_app
from app.settings import Settings
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from tests.integration.conftest import CIPHER
from tests.support import killable, storm_server

__all__ = ["killable", "storm_server"]


async def _ask_once(folder: Path) -> None:
    database = Database(make_engine(f"sqlite:///{folder / 'none.sqlite'}"), CIPHER)
    settings = Settings(data=folder)
    async with httpx.AsyncClient(trust_env=False) as client:
        one = compose(settings, database, client, [])
        app: FastAPI = create_app(one.platform, one.ceremony, settings, static=None)
        wire = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=wire, base_url="http://preloaded.test") as asking:
            await asking.get("/v1/nothing")
    await database.dispose()


with tempfile.TemporaryDirectory() as made:
    asyncio.run(_ask_once(Path(made)))
