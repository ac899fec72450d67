"""What tests begin from, laid once for each engine and copied for every test that begins there.

A stage, or a campaign on it, is what a process finds after a restart: database, key folders, nodes' books.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.composition import compose
from app.parties import keys
from app.parties.book import Book
from app.parties.node import Node
from app.parties.server import create_node_app
from app.parties.trust import Trust
from app.settings import Settings
from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from app.synthetic import SyntheticPool
from tests.support import service
from tests.support.calling import set_calling
from tests.support.guests import GATEWAY
from tests.support.stage import ORIGIN, ROLES, Clock, Stage, Wire, set_stage


@dataclass(kw_only=True)
class Set:
    """Everything of a `Stage` that outlives its process, but for the database."""

    folder: Path
    now: datetime
    pool: SyntheticPool
    trust: Trust
    proof: bytes


def kept_stage(stage: Stage, folder: Path) -> Set:
    """What of a stage outlives this process."""
    return Set(
        folder=folder,
        now=stage.clock(),
        pool=stage.pool,
        trust=stage.nodes["agency"].trust,
        proof=stage.trust,
    )


async def stage_again(kept: Set, database: Database, folder: Path) -> Stage:
    """The stage over a copy of its database, and of its folders, which are made in `folder`."""
    for part in ("platform", *ROLES):
        shutil.copytree(kept.folder / part, folder / part)
    return await stage_over(kept, database, folder)


async def stage_over(kept: Set, database: Database, folder: Path) -> Stage:
    """The stage over a copy of its database, and of its folders, which lie in `folder`."""
    clock, wire = Clock(kept.now), Wire()
    client = httpx.AsyncClient(transport=wire, trust_env=False)
    settings = Settings(data=folder / "platform", origin=ORIGIN, relays=(), pool_age_hours=0)
    async with database.read() as uow:
        parties = await uow.parties.all()
    nodes: dict[str, Node] = {
        role: Node(
            keys=keys.load(folder / role),
            book=Book(folder / role / "node.sqlite"),
            trust=kept.trust,
            clock=clock,
            random=os.urandom,
            gateways=frozenset({GATEWAY.public.hex()} if role == "supervisor" else ()),
        )
        for role in ROLES
    }
    for role, node in nodes.items():
        wire.hosts[f"{role}.example"] = httpx.ASGITransport(create_node_app(node))
    one = compose(settings, database, client, parties, clock=clock)
    return Stage(one=one, nodes=nodes, wire=wire, clock=clock, pool=kept.pool, trust=kept.proof)


async def _stage(database: Database, folder: Path) -> Set:
    return kept_stage(await set_stage(database, folder), folder)


async def _calling(database: Database, folder: Path) -> Set:
    stage = await set_stage(database, folder)
    await set_calling(stage)
    return kept_stage(stage, folder)


# By the fixture that hands a ground to the one that stands on it.
GROUNDS: dict[str, Callable[[Database, Path], Awaitable[Any]]] = {
    "service_ground": service.lay,
    "stage_ground": _stage,
    "calling_ground": _calling,
}


class Templates:
    """`files`: SQLite files to copy, by engine and ground; `grounds`: what else belongs to the copy at an
    address.
    """

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.grounds: dict[str, Any] = {}
        self._laid: dict[str, Any] = {}

    def lay(self, key: str, ground: str, url: str, folder: Path, cipher: FieldCipher) -> None:
        """Lay a ground, the name of none for nothing, in a migrated database."""

        async def work() -> None:
            database = Database(make_engine(url), cipher)
            try:
                self._laid[key] = await GROUNDS[ground](database, folder)
            finally:
                await database.dispose()

        if ground:
            asyncio.run(work())

    def copied(self, key: str, url: str) -> str:
        """Note that the database at this address is a copy; gives the address."""
        if key in self._laid:
            self.grounds[url] = self._laid[key]
        return url
