"""Steps that two servers take at the same moment, and steps repeated after an answer was lost."""

from typing import Any

import pytest
from sqlalchemy import text

from app import serving
from app.errors import QuorumMissingError
from app.store.repositories.draws import DrawRow
from app.usecases import ceremony as ceremonies
from app.usecases import frozen_draws
from app.usecases.ceremony import Ceremony
from app.usecases.openings import Vacated, open_draw, replace
from draw.errors import LifecycleError
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


def looked_before(monkeypatch: pytest.MonkeyPatch, ceremony: Ceremony, row: DrawRow) -> None:
    """The next look at the draw gives `row`: the other server moved it right afterwards."""
    genuine, stale = ceremony.row, [row]

    async def look(draw_id: str) -> DrawRow:
        return stale.pop() if stale else await genuine(draw_id)

    monkeypatch.setattr(ceremony, "row", look)


async def test_an_abort_that_meets_a_step_under_way_still_ends_the_draw(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    before = await ceremony.run((await stage.request()).id, until="committed")
    await ceremony.run(before.id, until="sealed")
    looked_before(monkeypatch, ceremony, before)
    row = await ceremony.abort(before.id, "project_cancelled")
    assert row.state == "aborted"
    assert row.sdr_hash is not None


async def test_an_abort_that_meets_the_opening_is_refused_and_never_taken_for_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    before = await ceremony.run((await stage.request()).id)
    stage.clock.advance(hours=2)
    await open_draw(ceremony, before.id)
    looked_before(monkeypatch, ceremony, before)
    with pytest.raises(LifecycleError, match="transition"):
        await ceremony.abort(before.id, "project_cancelled")
    assert (await ceremony.row(before.id)).state == "opened"


async def test_an_abort_without_quorum_is_repeated_until_it_is_published(stage: Stage) -> None:
    ceremony, database = stage.one.ceremony, stage.one.platform.database
    row = await ceremony.run((await stage.request()).id, until="committed")
    stage.wire.broken.add(("cosigner.example", "/add-checkpoint"))
    for _ in range(2):
        with pytest.raises(QuorumMissingError):
            await ceremony.abort(row.id, "fault")
    stage.wire.broken.clear()
    assert (await ceremony.abort(row.id, "fault")).state == "aborted"
    async with database.read() as uow:
        head = await uow.log.head()
        types = [one.type for one in await uow.draws.entries(row.id)]
    assert head.published_size == head.size
    assert types.count("abort") == 1


async def test_an_opening_that_meets_a_replacement_settles_it_and_opens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    before = await ceremony.run((await stage.request()).id)
    await replace(ceremony, before.id, Vacated(seat=0, cause="decline", document=b"ill"))
    stage.clock.advance(hours=2)
    looked_before(monkeypatch, ceremony, before)
    assert (await open_draw(ceremony, before.id)).state == "opened"


async def test_two_servers_that_draft_the_seal_at_once_go_on_with_the_first_draft(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="committed")
    first = await ceremony._frozen(row)
    genuine, blind = frozen_draws.load_frozen, [True, True]

    async def load(*given: Any) -> Any:
        # This server looked before the other one's draft was there, also inside its transaction.
        return None if blind and blind.pop() else await genuine(*given)

    monkeypatch.setattr(ceremonies, "load_frozen", load)
    assert (await ceremony._frozen(row)).record.hash == first.record.hash


async def test_a_restarted_server_lets_no_draw_wait_for_the_beacon_of_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony = stage.one.ceremony
    await stage.project("s2")
    slow = await ceremony.run((await stage.request(beacon="quicknet")).id, until="revealed")
    quick = await ceremony.run((await stage.request("s2")).id, until="sealed")
    waited: list[str] = []

    async def patient(_ceremony: Ceremony, draw_id: str, **_: Any) -> None:
        waited.append(draw_id)

    monkeypatch.setattr(serving, "run_patiently", patient)
    await serving.resume(stage.one)
    assert waited == [slow.id]
    assert (await ceremony.row(quick.id)).state == "drawn"


async def test_a_draw_that_cannot_go_on_keeps_no_other_from_going_on(stage: Stage) -> None:
    ceremony, database = stage.one.ceremony, stage.one.platform.database
    await stage.project("s2")
    broken = await ceremony.run((await stage.request()).id, until="committed")
    whole = await ceremony.run((await stage.request("s2")).id, until="sealed")
    async with database.engine.begin() as connection:
        await connection.execute(
            text("delete from draw_entries where draw_id = :broken and type = 'commit'"),
            {"broken": broken.id},
        )
    await serving.resume(stage.one)
    assert (await ceremony.row(whole.id)).state == "drawn"
    assert (await ceremony.row(broken.id)).state == "committed"
