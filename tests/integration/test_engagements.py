"""An expert drawn elsewhere for the same hours is not drawn here (K14), and nobody learns who that is."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ConflictError
from app.gateways.parties import PartyError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases import disclosures
from app.usecases.engagements import Bound, bound_elsewhere
from app.usecases.openings import Opened, Vacated, open_draw, opened
from app.usecases.openings import replace as vacate
from draw.avoidance.engine import Engine
from draw.disclosure import roster
from draw.model import Case
from tests.support import synthetic_pool
from tests.support.parties import Scene, scene

pytestmark = pytest.mark.anyio
BEFORE = ("2023-08-20T00:00:00Z", "2023-08-21T00:00:00Z")
DURING = ("2023-08-25T06:00:00Z", "2023-08-25T12:00:00Z")


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> Scene:
    return await scene(database, tmp_path)


async def drawn(stage: Scene) -> tuple[DrawRow, Opened]:
    row = await stage.ceremony.run((await stage.request()).id)
    return row, await opened(stage.platform, row)


async def bound(stage: Scene, row: DrawRow, span: tuple[str, str]) -> Bound:
    async with stage.platform.database.read() as uow:
        return await bound_elsewhere(
            uow, stage.platform, replace(row, id="drw_two"), since=span[0], until=span[1]
        )


async def test_a_panel_still_sealed_binds_its_experts_for_the_same_hours_only(stage: Scene) -> None:
    row, found = await drawn(stage)
    seated = {expert.id for _, expert in roster(found.outcome, found.cells)}
    other = await bound(stage, row, DURING)
    assert other.draws == (row.id,)
    assert len(seated) == len(other.engagements) == 3
    assert (await bound(stage, row, BEFORE)).draws == ()
    case = Case.from_json(
        {**synthetic_pool.case("works-0002").to_json(), "engagements": list(other.engagements)}
    )
    engine = Engine(case, synthetic_pool.rules(), synthetic_pool.parameters(stage.shape))
    busy = {one.id for one in found.cells.snapshot.records if "K14" in engine.assess(one).reasons}
    assert seated <= busy


async def test_an_event_that_waits_for_its_answer_keeps_no_other_draw_from_its_seal(stage: Scene) -> None:
    row, before = await drawn(stage)
    panel = {expert.id for _, expert in roster(before.outcome, before.cells)}
    stage.lines["supervisor"].down.add("/answers/")
    with pytest.raises(PartyError):
        await vacate(stage.ceremony, row.id, Vacated(seat=0, cause="decline", document=b"ill"))
    found = await bound(stage, row, DURING)
    assert {str(one["expert"]) for one in found.engagements if isinstance(one, dict)} == panel


async def test_a_draw_does_not_bind_its_own_experts(stage: Scene) -> None:
    row, _ = await drawn(stage)
    async with stage.platform.database.read() as uow:
        own = await bound_elsewhere(uow, stage.platform, row, since=DURING[0], until=DURING[1])
    assert own == Bound(engagements=(), draws=())


async def test_the_pool_file_waits_for_the_draws_that_bound_somebody(stage: Scene) -> None:
    row, found = await drawn(stage)
    other = replace(found, frozen=replace(found.frozen, bound_by=(row.id,)))
    with pytest.raises(ConflictError, match="pool-file-waits"):
        await disclosures.pool_file(stage.platform, replace(row, state="opened"), other)
    now_open = await open_draw(stage.ceremony, row.id)
    assert await disclosures.pool_file(stage.platform, now_open, other)


async def test_nothing_is_disclosed_before_the_opening(stage: Scene) -> None:
    row, found = await drawn(stage)
    with pytest.raises(ConflictError, match="not-open"):
        await disclosures.pool_file(stage.platform, row, found)
    with pytest.raises(ConflictError, match="not-open"):
        disclosures.receipt(row, found, found.cells.snapshot.records[0].id)
