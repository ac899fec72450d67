"""The ceremony over real nodes and a real log, on both engines, from request to verified opening."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import QuorumMissingError
from app.gateways.parties import PartyError
from app.store.unit_of_work import Database
from app.usecases.openings import Vacated, bundle, open_draw, replace, settle
from app.usecases.proof_codes import proof_code, read_code
from draw.errors import LifecycleError
from draw.record import BeaconChoice
from draw.verify.verifier import verify
from tests.support.ceremony import DRAND
from tests.support.parties import Scene, scene

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> Scene:
    return await scene(database, tmp_path)


async def test_a_draw_runs_opens_and_verifies(stage: Scene) -> None:
    row = await stage.request()
    drawn = await stage.ceremony.run(row.id)
    assert drawn.state == "drawn"
    report = verify(await bundle(stage.platform, drawn), trust=stage.trust.to_bytes())
    assert report.stage == "revealed"
    opened = await open_draw(stage.ceremony, row.id)
    report = verify(await bundle(stage.platform, opened), trust=stage.trust.to_bytes())
    assert report.stage == "opened"
    assert len(report.seats) == 3
    assert drawn.code is not None
    assert read_code(drawn.code.lower()) == drawn.code == proof_code(bytes.fromhex(drawn.sdr_hash or ""))


async def test_a_declining_expert_is_replaced_and_the_bundle_shows_it(stage: Scene) -> None:
    row = await stage.request()
    await stage.ceremony.run(row.id)
    refusal = "我因故不能出席".encode()
    assert await replace(stage.ceremony, row.id, Vacated(seat=1, cause="decline", document=refusal)) == 1
    assert await replace(stage.ceremony, row.id, Vacated(seat=1, cause="timeout", document=b"{}")) == 2
    opened = await open_draw(stage.ceremony, row.id)
    data = await bundle(stage.platform, opened)
    assert verify(data).stage == "opened"
    assert len(json.loads(data)["opening"]["events"]) == 2


async def test_an_unreachable_supervisor_leaves_the_event_and_the_answer_comes_later(stage: Scene) -> None:
    row = await stage.request()
    await stage.ceremony.run(row.id)
    stage.lines["supervisor"].down.add("/answers/")
    with pytest.raises(PartyError):
        await replace(stage.ceremony, row.id, Vacated(seat=0, cause="no_show", document=b"gate log"))
    stage.lines["supervisor"].down.clear()
    await settle(stage.ceremony, row.id)
    opened = await open_draw(stage.ceremony, row.id)
    assert verify(await bundle(stage.platform, opened)).stage == "opened"


async def test_a_replacement_in_own_order_says_so(stage: Scene) -> None:
    row = await stage.request()
    await stage.ceremony.run(row.id)
    vacated = Vacated(seat=2, cause="leave", document=b"call record")
    await replace(stage.ceremony, row.id, vacated, own_order=True)
    opened = await open_draw(stage.ceremony, row.id)
    report = verify(await bundle(stage.platform, opened))
    assert "look" in json.dumps([str(note) for note in report.notes]).lower()


@pytest.mark.parametrize("role", ["agency", "supervisor"])
async def test_a_withheld_reveal_is_opened_from_escrow_only_after_the_deadline(
    stage: Scene, role: str
) -> None:
    row = await stage.request()
    stage.lines[role].down.add("/reveal")
    with pytest.raises(PartyError):
        await stage.ceremony.run(row.id)
    assert (await stage.ceremony.row(row.id)).state == "escrowed"
    stage.clock.move(minutes=11)
    drawn = await stage.ceremony.run(row.id)
    opened = await open_draw(stage.ceremony, drawn.id)
    data = await bundle(stage.platform, opened)
    assert verify(data).stage == "opened"
    assert '"from":"escrow"' in data.decode()


@pytest.mark.parametrize("role", ["supervisor", "cosigner"])
async def test_without_a_cosigner_no_step_is_acknowledged_and_the_draw_goes_on_later(
    stage: Scene, role: str
) -> None:
    row = await stage.request()
    stage.wires[role].cut = True
    with pytest.raises(QuorumMissingError):
        await stage.ceremony.run(row.id)
    stage.wires[role].cut = False
    assert (await stage.ceremony.run(row.id)).state == "drawn"


async def test_a_node_signs_one_sealed_record_per_draw(stage: Scene) -> None:
    row = await stage.request()
    await stage.ceremony.run(row.id, until="committed")
    assert row.k is not None
    for node in stage.nodes.values():
        node.book.put_once("sdr", row.k, bytes(32))
    with pytest.raises(PartyError) as refused:
        await stage.ceremony.run(row.id)
    assert refused.value.details["refusal"] == "node.other_record"


async def test_a_draw_does_not_open_before_its_time(stage: Scene) -> None:
    stage.opens = timedelta(hours=1)
    row = await stage.request()
    await stage.ceremony.run(row.id)
    with pytest.raises(LifecycleError, match="too_early"):
        await open_draw(stage.ceremony, row.id)
    stage.clock.move(hours=1)
    assert (await open_draw(stage.ceremony, row.id)).state == "opened"


async def test_a_beacon_round_enters_the_seed(stage: Scene) -> None:
    genuine = next(one for one in DRAND["quicknet"]["rounds"] if one["round"] == 1000)
    stage.beacon = BeaconChoice(chain="quicknet", round=1000)
    stage.rounds["quicknet", 1000] = {
        "chain": "quicknet",
        "round": 1000,
        "signature": genuine["signature"],
        "previous": None,
    }
    row = await stage.request()
    await stage.ceremony.run(row.id, until="revealed")
    stage.clock.move(minutes=40)
    opened = await open_draw(stage.ceremony, (await stage.ceremony.run(row.id)).id)
    assert verify(await bundle(stage.platform, opened)).stage == "opened"


async def test_an_aborted_draw_stays_in_the_log_and_the_next_round_names_it(stage: Scene) -> None:
    first = await stage.request(name="drw_first")
    await stage.ceremony.run(first.id, until="sealed")
    aborted = await stage.ceremony.abort(first.id, "project_cancelled")
    assert verify(await bundle(stage.platform, aborted)).stage == "aborted"
    second = await stage.request(name="drw_second")
    assert (second.round, second.previous) == (2, first.k)
