"""A world of people about to arrive, made once per engine and copied for every test that begins there.

Making it runs a ceremony and a whole campaign; a test of desks and gates needs neither of its own. What is
copied is everything that a process would find after a restart: the database, the key folders, the nodes'
books; messages that lie in people's pockets and the hour are carried over.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from app.gateways.room_engines import recordings_in
from app.simulator.devices import SimulatedDevice
from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases.delivery.work import WorkContext
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker
from tests.support.arriving import Arriving, assembled, set_arriving
from tests.support.calling import URL, Calling, Letter, Line
from tests.support.grounds import Set, kept_stage, stage_over
from tests.support.stage import Stage, set_stage

USED = 10_000


@dataclass(kw_only=True)
class World(Set):
    """Everything of an `Arriving` that outlives its process, but for the database."""

    row: DrawRow
    lines: dict[str, Line]
    letters: dict[str, list[Letter]]
    seen: set[str]
    tokens: dict[str, str]
    devices: dict[str, str]
    house: list[SimulatedDevice] = field(default_factory=list)


def make_world(
    url: str, folder: Path, cipher: FieldCipher, play: Callable[[Stage], Awaitable[Arriving]] = set_arriving
) -> World:
    """Play everything up to the morning of the evaluation, or another moment, in a migrated database."""

    async def work() -> World:
        database = Database(make_engine(url), cipher)
        try:
            return kept(await play(await set_stage(database, folder)), folder)
        finally:
            await database.dispose()

    return asyncio.run(work())


def kept(arriving: Arriving, folder: Path) -> World:
    """What outlives this process."""
    calling, stage = arriving.calling, arriving.stage
    return World(
        **vars(kept_stage(stage, folder)),
        row=arriving.row,
        lines=calling.lines,
        letters=arriving.letters,
        seen=calling.seen,
        tokens=arriving.tokens,
        devices=arriving.devices,
        house=list(arriving.house.devices.values()),
    )


async def enter(world: World, database: Database, folder: Path) -> Arriving:
    """The world again, in a copy of its folders and over a copy of its database."""
    shutil.copytree(world.folder, folder)
    stage = await stage_over(world, database, folder)
    arriving = assembled(_calling(world, stage), world.row)
    arriving.letters = {site: list(found) for site, found in world.letters.items()}
    # Keys and nonces that were used before are used.
    arriving.numbers = count(USED)
    arriving.tokens, arriving.devices = dict(world.tokens), dict(world.devices)
    for device in world.house:
        arriving.house.add(replace(device, done={}, stuck=False))
    return arriving


def _calling(world: World, stage: Stage) -> Calling:
    context = WorkContext(
        platform=stage.one.platform,
        ceremony=stage.one.ceremony,
        public_url=URL,
        recordings=recordings_in(stage.one.settings.rooms),
    )
    lines = {
        name: replace(line, taken=list(line.taken), ids=set(line.ids), dead=set(line.dead))
        for name, line in world.lines.items()
    }
    wiring = Wiring(gateways=lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS)
    worker = Worker(context, wiring)
    return Calling(stage=stage, context=context, worker=worker, lines=lines, seen=set(world.seen))
