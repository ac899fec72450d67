"""Whole ceremonies with real nodes on both databases: the honest course, and each way in which one party
misbehaves.
"""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.composition import compose
from app.errors import ConflictError, InputRefusedError, QuorumMissingError
from app.gateways.beacons import BeaconUnavailableError
from app.gateways.parties import PartyError
from app.store.unit_of_work import Database
from app.usecases import openings
from app.usecases.draw_requests import BEACON_LEAD_SECONDS
from app.usecases.evidence import course
from app.usecases.log import verify_log
from app.usecases.openings import Vacated, open_draw, replace
from app.usecases.previews import DrawOrder, look
from crypto.beacon import round_time
from draw.disclosure import pool_file, pool_file_bytes, receipt, receipt_bytes, roster
from draw.entries import to_json
from draw.errors import LifecycleError
from draw.verify.verifier import verify
from tests.support.stage import PARAMETERS, Clock, Stage, person, set_stage

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]


async def entry_types(stage: Stage, draw_id: str) -> list[str]:
    async with stage.one.platform.database.read() as uow:
        return [entry.type for entry in await uow.draws.entries(draw_id)]


async def bundle_of(stage: Stage, draw_id: str) -> bytes:
    return await openings.bundle(stage.one.platform, await stage.one.ceremony.row(draw_id))


async def test_the_whole_course_with_two_replacements_verifies_at_all_three_levels(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id)
    assert await replace(ceremony, row.id, Vacated(seat=1, cause="decline", document=b"ill")) == 1
    assert await replace(ceremony, row.id, Vacated(seat=4, cause="no_show", document=b"absent")) == 2
    stage.clock.advance(hours=2)
    row = await open_draw(ceremony, row.id)

    found = await openings.opened(stage.one.platform, row)
    seated = roster(found.outcome, found.cells)
    report = verify(
        await bundle_of(stage, row.id),
        trust=stage.trust,
        pool_file=pool_file_bytes(
            pool_file(row.k or 0, found.cells, found.frozen.case, found.frozen.case_salt)
        ),
        receipt=receipt_bytes(receipt(row.k or 0, found.cells, seated[0][1].id)),
    )
    assert report.stage == "opened"
    assert report.levels == ("public", "supervisor", "expert")
    assert len(seated) == 5
    platform = stage.one.platform
    assert await verify_log(platform.database, platform.log, platform.cosigners) > 10


async def test_before_the_opening_the_bundle_tells_nobody_who_was_drawn(stage: Stage) -> None:
    row = await stage.one.ceremony.run((await stage.request()).id)
    found = await openings.opened(stage.one.platform, row)
    data = await bundle_of(stage, row.id)
    assert verify(data, trust=stage.trust).stage == "revealed"
    for _, expert in roster(found.outcome, found.cells):
        assert expert.name.encode() not in data
        assert expert.id.encode() not in data


async def test_running_again_changes_nothing(stage: Stage) -> None:
    row = await stage.one.ceremony.run((await stage.request()).id)
    before = await entry_types(stage, row.id)
    assert await stage.one.ceremony.run(row.id) == row
    assert await entry_types(stage, row.id) == before
    assert before.count("result") == 1


@pytest.mark.parametrize("role", ["agency", "supervisor"])
async def test_a_withheld_reveal_comes_out_of_the_escrow_after_the_deadline(stage: Stage, role: str) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="escrowed")
    stage.wire.broken.add((f"{role}.example", "/reveal"))
    with pytest.raises(PartyError, match="unreachable"):
        await ceremony.run(row.id)
    stage.clock.advance(minutes=11)
    row = await ceremony.run(row.id)
    stage.clock.advance(hours=2)
    row = await open_draw(ceremony, row.id)
    bundle = json.loads(await bundle_of(stage, row.id))
    reveals = [one["entry"]["body"] for one in bundle["entries"] if one["entry"]["type"] == "reveal"]
    assert {one["role"]: one["from"] for one in reveals}[role] == "escrow"
    assert verify(await bundle_of(stage, row.id), trust=stage.trust).stage == "opened"


async def test_the_cosigner_opens_no_escrow_before_the_deadline_on_its_own_clock(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="escrowed")
    stage.wire.broken.add(("agency.example", "/reveal"))
    # Ten seconds before the deadline there, ten seconds after it here.
    slow = Clock(stage.clock.now + timedelta(minutes=9, seconds=50))
    object.__setattr__(stage.nodes["cosigner"], "clock", slow)
    stage.clock.advance(minutes=10, seconds=10)
    with pytest.raises(PartyError) as caught:
        await ceremony.run(row.id)
    assert caught.value.details["refusal"] == "node.not_yet"
    assert "reveal" not in await entry_types(stage, row.id)


@pytest.mark.parametrize("role", ["agency", "supervisor"])
async def test_a_node_signs_no_second_record_for_a_draw_that_is_rolled_again(stage: Stage, role: str) -> None:
    """A platform that dislikes its draw forgets the seal that the first party signed, and drafts another."""
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id, until="committed")
    other = {"agency": "supervisor", "supervisor": "agency"}[role]
    stage.wire.broken.add((f"{other}.example", "/seal"))
    if role == "supervisor":
        # The agency is asked first: let it sign, cut it off only for what follows.
        stage.wire.broken.clear()
        stage.wire.broken.add(("supervisor.example", "/never"))
        await _sign_only(stage, row.id)
    else:
        with pytest.raises(PartyError):
            await ceremony.run(row.id)
    stage.wire.broken.clear()
    async with stage.one.platform.database.engine.begin() as connection:
        await connection.execute(text("update draws set sealed_secrets = null"))
    with pytest.raises(PartyError) as caught:
        await ceremony.run(row.id)
    assert caught.value.details["refusal"] == "node.other_record"
    assert "seal" not in await entry_types(stage, row.id)


async def _sign_only(stage: Stage, draw_id: str) -> None:
    """Both parties sign, and the platform 'loses' the entry before it is logged."""
    ceremony = stage.one.ceremony
    row = await ceremony.row(draw_id)
    frozen = await ceremony._frozen(row)
    shown, found = await ceremony.shown(row, pool_index=frozen.seal.body["pool"]["index"])
    entry = ceremony.own("seal", frozen.seal.body)
    for role in ("agency", "supervisor"):
        rules = frozen.rules.to_json()
        entry = await ceremony.countersigned(entry, found, role, "seal", shown, rules=rules)


@pytest.mark.parametrize("silent", ["supervisor.example", "cosigner.example"])
async def test_without_both_cosigners_no_step_is_taken(stage: Stage, silent: str) -> None:
    ceremony, platform = stage.one.ceremony, stage.one.platform
    row = await ceremony.run((await stage.request()).id, until="committed")
    async with platform.database.read() as uow:
        published = (await uow.log.head()).published_note
    stage.wire.broken.add((silent, "/add-checkpoint"))
    with pytest.raises(QuorumMissingError):
        await ceremony.run(row.id)
    async with platform.database.read() as uow:
        assert (await uow.log.head()).published_note == published
    # Only the seal, which nobody acknowledged, may have been appended: no secret was asked for.
    assert not [path for _, path in stage.wire.asked if path.endswith(("/escrow", "/reveal"))]
    stage.wire.broken.clear()
    assert (await ceremony.run(row.id)).state == "drawn"
    assert (await entry_types(stage, row.id)).count("seal") == 1


async def test_an_opening_before_its_time_is_refused_by_the_platform(stage: Stage) -> None:
    row = await stage.one.ceremony.run((await stage.request()).id)
    stage.clock.advance(hours=1, minutes=59)
    with pytest.raises(LifecycleError, match=r"too_early"):
        await open_draw(stage.one.ceremony, row.id)
    assert "open" not in await entry_types(stage, row.id)


async def test_an_opening_before_its_time_is_refused_by_the_supervisor_though_the_platform_lies(
    stage: Stage,
) -> None:
    row = await stage.one.ceremony.run((await stage.request()).id)
    right = Clock(stage.clock.now + timedelta(hours=1, minutes=59, seconds=50))
    object.__setattr__(stage.nodes["supervisor"], "clock", right)
    stage.clock.advance(hours=2, seconds=10)
    with pytest.raises(PartyError) as caught:
        await open_draw(stage.one.ceremony, row.id)
    assert caught.value.details["refusal"] == "node.not_yet"
    assert "open" not in await entry_types(stage, row.id)


async def test_a_replacement_waits_for_the_supervisor_and_goes_on_later(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id)
    stage.wire.broken.add(("supervisor.example", "/answers/1"))
    with pytest.raises(PartyError):
        await replace(ceremony, row.id, Vacated(seat=0, cause="leave", document=b"left"))
    assert (await entry_types(stage, row.id))[-1] == "event"
    stage.wire.broken.clear()
    stage.clock.advance(hours=2)
    row = await open_draw(ceremony, row.id)
    assert (await entry_types(stage, row.id))[-3:] == ["event", "answer", "open"]
    assert verify(await bundle_of(stage, row.id), trust=stage.trust).stage == "opened"


async def test_own_order_replaces_without_the_supervisor_and_the_verdict_says_so(stage: Stage) -> None:
    ceremony = stage.one.ceremony
    row = await ceremony.run((await stage.request()).id)
    await replace(ceremony, row.id, Vacated(seat=2, cause="timeout", document=b"none"), own_order=True)
    stage.clock.advance(hours=2)
    await open_draw(ceremony, row.id)
    report = verify(await bundle_of(stage, row.id), trust=stage.trust)
    assert "own-order" in {note.code for note in report.notes}


@pytest.mark.parametrize(
    ("vacated", "code"),
    [
        (Vacated(seat=5, cause="decline", document=b"x"), "draw.seat"),
        (Vacated(seat=0, cause="dislike", document=b"x"), "draw.event-class"),
        (Vacated(seat=0, cause="decline", document=b""), "draw.event-evidence"),
    ],
)
async def test_a_replacement_that_does_not_fit_is_not_logged(
    stage: Stage, vacated: Vacated, code: str
) -> None:
    row = await stage.one.ceremony.run((await stage.request()).id)
    with pytest.raises(ConflictError, match=code):
        await replace(stage.one.ceremony, row.id, vacated)
    assert "event" not in await entry_types(stage, row.id)


@pytest.mark.parametrize("until", ["requested", "sealed", "drawn"])
async def test_an_aborted_draw_stays_visible_and_the_next_round_counts_on(stage: Stage, until: str) -> None:
    ceremony = stage.one.ceremony
    row = await stage.request()
    if until != "requested":
        row = await ceremony.run(row.id, until=until)
    row = await ceremony.abort(row.id, "project_cancelled")
    assert verify(await bundle_of(stage, row.id), trust=stage.trust).stage == "aborted"
    with pytest.raises(ConflictError):
        await ceremony.run(row.id)
    again = await stage.request(redraw_reason="cancelled by mistake")
    assert (again.round, again.previous) == (2, row.k)
    assert (await ceremony.run(again.id)).state == "drawn"


async def test_two_servers_running_one_draw_end_with_one_result(
    stage: Stage, second_server: Database
) -> None:
    async with second_server.read() as uow:
        parties = await uow.parties.all()
    twin = compose(stage.one.settings, second_server, stage.one.client, parties, clock=stage.clock)
    row = await stage.request()
    first, second = await asyncio.gather(stage.one.ceremony.run(row.id), twin.ceremony.run(row.id))
    assert first.sdr_hash == second.sdr_hash
    types = await entry_types(stage, row.id)
    assert types.count("seal") == types.count("result") == 1
    async with second_server.read() as uow:
        whole = await course(uow, second)
    assert len(whole.all("commit")) == len(whole.all("reveal")) == 2
    await verify_log(second_server, twin.platform.log, twin.platform.cosigners)


@pytest.fixture
async def stage_of_2023(database: Database, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    """A minute and a half before the genuine round 1000 of quicknet, under rules dated back to that year."""
    packs = tmp_path / "rules" / "packs"
    packs.mkdir(parents=True)
    shipped = (ROOT / "draw/avoidance/packs/tender.cn.toml").read_text(encoding="utf-8")
    dated = shipped.replace('effective_from = "2025-01-01"', 'effective_from = "2023-01-01"')
    (packs / "tender.cn.toml").write_text(dated, encoding="utf-8")
    start = datetime.fromtimestamp(round_time("quicknet", 1000) - BEACON_LEAD_SECONDS, UTC)
    rounds = ROOT / "tests/vectors/drand.json"
    one = await set_stage(database, tmp_path, start=start, rules=tmp_path / "rules", rounds=rounds)
    yield one
    await one.one.client.aclose()


async def test_a_draw_with_a_genuine_beacon_round_waits_for_it_and_verifies(stage_of_2023: Stage) -> None:
    stage = stage_of_2023
    row = await stage.request(beacon="quicknet")
    with pytest.raises(BeaconUnavailableError, match="not-due") as caught:
        await stage.one.ceremony.run(row.id)
    assert (await stage.one.ceremony.row(row.id)).state == "revealed"
    assert caught.value.details["seconds"] == BEACON_LEAD_SECONDS + 1
    stage.clock.advance(seconds=BEACON_LEAD_SECONDS)
    await stage.one.ceremony.run(row.id)
    stage.clock.advance(hours=2)
    await open_draw(stage.one.ceremony, row.id)
    report = verify(await bundle_of(stage, row.id), trust=stage.trust)
    assert report.stage == "opened"
    assert "no-beacon" not in {note.code for note in report.notes}


async def test_a_node_registers_nobody_but_itself(stage: Stage) -> None:
    impostor: dict[str, Any] = {**stage.nodes["agency"].keys.identity(), "name": "somebody-else"}
    entry = stage.one.ceremony.own("key", impostor)
    with pytest.raises(PartyError) as caught:
        await stage.one.node("http://agency.example").call("/registration", {"entry": to_json(entry)})
    assert caught.value.details["refusal"] == "node.not_ours"


@pytest.fixture
async def stage_with_age(database: Database, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    one = await set_stage(database, tmp_path, pool_age_hours=1)
    yield one
    await one.one.client.aclose()


@pytest.mark.parametrize(
    ("waited", "sealed"), [({"minutes": 59, "seconds": 59}, False), ({"hours": 1}, True)]
)
async def test_a_pool_frozen_right_before_the_request_is_not_drawn_from(
    stage_with_age: Stage, waited: dict[str, float], sealed: bool
) -> None:
    """An operator stuffs the pool, freezes it, and has the draw requested at once."""
    stage = stage_with_age
    stage.clock.advance(**waited)
    order = DrawOrder(
        project="works-1", section="s1", pool="city", parameters=PARAMETERS, invitations="elsewhere"
    )
    seen = await look(stage.one.platform, person("requester", "agency"), order)
    if sealed:
        assert seen.faults == ()
        assert (await stage.one.ceremony.run((await stage.request()).id)).state == "drawn"
        return
    assert [(one.code, one.pointer) for one in seen.faults] == [("draw.pool-young", "/pool")]
    with pytest.raises(InputRefusedError):
        await stage.request()
    # A server that does not look at the age takes the request; one that does will not seal it.
    row = await stage.request(platform=dataclasses.replace(stage.one.platform, pool_age=timedelta(0)))
    # Waiting does not make it older: the age counts up to the request.
    for _ in range(2):
        with pytest.raises(ConflictError, match="pool-too-young"):
            await stage.one.ceremony.run(row.id)
        stage.clock.advance(minutes=30)
    assert "seal" not in await entry_types(stage, row.id)
    assert not [path for _, path in stage.wire.asked if path.endswith("/seal")]
