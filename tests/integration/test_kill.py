"""kill -9 of the platform at every point of a ceremony, and two platforms at once: same draw, one result,
one log.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import SIGKILL
from typing import Any

import anyio.to_thread
import pytest

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases import openings
from app.usecases.log import verify_log
from app.usecases.openings import open_draw
from draw.verify.verifier import verify
from tests.support.killable import Errand, run_errand
from tests.support.stage import Servers, Stage, set_stage

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(400)]
ONCE = {"request": 1, "commit": 2, "seal": 1, "escrow": 2, "reveal": 2, "result": 1}
# More points than any ceremony has: the loop ends with the first process that lives.
MANY = 200


@pytest.fixture
def servers() -> Iterator[Servers]:
    one = Servers()
    yield one
    one.stop()


@pytest.fixture
async def stage(
    database: Database, servers: Servers, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Stage]:
    one = await set_stage(database, tmp_path, experts=120, servers=servers)
    yield one
    await one.one.client.aclose()


def points(url: str) -> list[int]:
    """The engines share all points: three of four fall to SQLite, which is faster."""
    mine = (1, 3, 0) if url.startswith("sqlite") else (2,)
    return [point for point in range(1, MANY) if point % 4 in mine]


def errand(stage: Stage, url: str, row: DrawRow, *, finish: bool = False) -> Errand:
    return Errand(url=url, settings=stage.one.settings, moment=stage.clock.now, draw=row.id, finish=finish)


async def fresh(stage: Stage, number: int) -> DrawRow:
    section = f"k{number}"
    await stage.project(section)
    return await stage.request(section)


async def entries_of(stage: Stage, draw_id: str) -> list[tuple[int, str]]:
    async with stage.one.platform.database.read() as uow:
        return [(one.log_index, one.type) for one in await uow.draws.entries(draw_id)]


async def ended(process: BaseProcess) -> int:
    """Exit code of a started process; the loop goes on meanwhile, as the nodes are elsewhere."""
    await anyio.to_thread.run_sync(process.join)
    code = process.exitcode
    assert code is not None
    return code


async def test_killed_at_any_point_the_same_draw_goes_on_to_one_result(
    stage: Stage, migrated_url: str, forks: ForkServerContext
) -> None:
    killed = 0
    for point in points(migrated_url):
        # Draws of the same hours would take each other's experts away (K14).
        stage.clock.advance(hours=4)
        row = await fresh(stage, point)
        process = forks.Process(target=run_errand, args=(errand(stage, migrated_url, row), point))
        process.start()
        code = await ended(process)
        if code == 0:
            break
        assert code == -SIGKILL
        killed += 1
        left, before = await stage.one.ceremony.row(row.id), await entries_of(stage, row.id)
        done = await stage.one.ceremony.run(row.id)
        after = await entries_of(stage, row.id)
        assert done.k == row.k
        assert left.sdr_hash in (None, done.sdr_hash)
        assert after[: len(before)] == before
        assert Counter(kind for _, kind in after) == ONCE
    assert killed >= 10
    await log_holds(stage)


async def test_killed_while_a_seat_is_refilled_and_the_draw_opened_it_opens_once(
    stage: Stage, migrated_url: str, forks: ForkServerContext
) -> None:
    killed = 0
    for point in points(migrated_url):
        row = await stage.one.ceremony.run((await fresh(stage, point)).id)
        stage.clock.advance(hours=2)
        process = forks.Process(
            target=run_errand, args=(errand(stage, migrated_url, row, finish=True), point)
        )
        process.start()
        if await ended(process) == 0:
            break
        killed += 1
        opened = await open_draw(stage.one.ceremony, row.id)
        found = Counter(kind for _, kind in await entries_of(stage, row.id))
        assert found["open"] == 1
        assert found["event"] == found["answer"] <= 1
        bundle = await openings.bundle(stage.one.platform, opened)
        assert verify(bundle, trust=stage.trust).stage == "opened"
    assert killed >= 4
    await log_holds(stage)


@pytest.mark.postgres
@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_two_processes_running_one_draw_end_with_one_result_and_one_log(
    stage: Stage, migrated_url: str, forks: ForkServerContext
) -> None:
    for number in range(3):
        row = await fresh(stage, number)
        barrier = forks.Barrier(2)
        work: tuple[Any, ...] = (errand(stage, migrated_url, row), 0, barrier)
        pair = [forks.Process(target=run_errand, args=work) for _ in range(2)]
        for process in pair:
            process.start()
        assert [await ended(process) for process in pair] == [0, 0]
        assert Counter(kind for _, kind in await entries_of(stage, row.id)) == ONCE
    await log_holds(stage)


async def log_holds(stage: Stage) -> None:
    platform = stage.one.platform
    assert await verify_log(platform.database, platform.log, platform.cosigners)
