"""A platform process that kills itself (SIGKILL) at a chosen point of a ceremony.

Points are counted: before and after every write transaction, every call of a party's node and every question
to a cosigner. Nothing is cleaned up, as when the machine loses its power.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.synchronize import Barrier
from typing import Any

import httpx

from app.composition import Installation, compose
from app.gateways.cosigners import HttpCosigner
from app.gateways.parties import HttpPartyNode
from app.settings import Settings
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from app.usecases.openings import Vacated, open_draw, replace
from tests.integration.conftest import CIPHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the process does: run a draw, or replace a seat and open it, at a fixed moment."""

    url: str
    settings: Settings
    moment: datetime
    draw: str
    finish: bool = False


class Points:
    """Counts the points passed; at number `fatal` (from 1) the process is gone."""

    def __init__(self, fatal: int) -> None:
        self.passed = 0
        self._fatal = fatal

    def cross(self) -> None:
        self.passed += 1
        if self.passed == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*arguments: Any, **named: Any) -> Any:
            self.cross()
            result = await function(*arguments, **named)
            self.cross()
            return result

        return counted


def run_errand(errand: Errand, fatal: int, barrier: Barrier | None = None) -> None:
    """Body of the process; `fatal` 0 never kills."""
    points = Points(fatal)
    for owner, name in ((Database, "transact"), (HttpPartyNode, "call"), (HttpCosigner, "add_checkpoint")):
        setattr(owner, name, points.around(getattr(owner, name)))
    asyncio.run(_work(errand, barrier))


async def _work(errand: Errand, barrier: Barrier | None) -> None:
    database = Database(make_engine(errand.url), CIPHER)
    async with httpx.AsyncClient(trust_env=False) as client:
        async with database.read() as uow:
            parties = await uow.parties.all()
        one = compose(errand.settings, database, client, parties, clock=lambda: errand.moment)
        if barrier is not None:
            barrier.wait()
        await _do(one, errand)
    await database.dispose()


async def _do(one: Installation, errand: Errand) -> None:
    if not errand.finish:
        await one.ceremony.run(errand.draw)
        return
    await replace(one.ceremony, errand.draw, Vacated(seat=0, cause="decline", document=b"ill"))
    await open_draw(one.ceremony, errand.draw)
