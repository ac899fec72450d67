"""The failure table, rows of the draw: a pool that is too small at the request or runs short afterwards, a
start with somebody missing, requests told twice, servers that die, bidders that join, a beacon that is down.

A contributor who refuses to reveal is `test_ceremony` (a withheld reveal comes out of the escrow), a server
that is killed between any two steps `test_kill` and `test_campaign_kill`. `…_answers` has the rows of what
experts say, `…_venue` those of the day, `…_room` those of the evaluation room.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.composition import compose
from app.gateways.beacons import BeaconUnavailableError
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.draw_requests import BEACON_LEAD_SECONDS
from app.usecases.invitations.contacts import synthetic_contacts
from app.usecases.invitations.ladder import document as ladder_document
from app.usecases.invites import holders
from app.usecases.pools import import_pool
from app.usecases.projects import ProjectOrder, register
from crypto.beacon import round_time
from draw.invitation import next_steps
from draw.letters import record_digest
from draw.record import section_hash
from tests.support.arriving import Arriving
from tests.support.calling import plan_of
from tests.support.stage import BASIS, Stage, document, person, set_stage
from tests.support.troubles import (
    ORDER,
    accept,
    accepted_by_both,
    act,
    begin,
    classes,
    everybody_accepts,
    expect,
    logged,
    moment,
    newcomers,
    notices,
    open_room,
    proved,
    refusal,
    seen,
    states,
    texts,
    told_agency,
)

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
REASON = {"zh": "本地合格专家已全部联系", "en": "everybody eligible was asked"}
RARE = "本市仅此五名专家"
LADDERS = {
    "tender.cn": ["widen_region", "sibling_specialty", "other_province", "postpone"],
    "govproc.cn": ["widen_region", "sibling_specialty", "other_province", "self_selection", "postpone"],
}


async def asked_for(case: Arriving, *, section: str = "s1", **more: Any) -> Any:
    """A draw that alice asks for, over the API; the case is about it from now on."""
    made = expect(await case.post("alice", "/draws", {**ORDER, "section": section, **more}), 201)
    case.row = await case.stage.one.ceremony.row(made["id"])
    return made


async def register_section(case: Arriving, name: str, pack: str = "tender.cn") -> None:
    """Another section of the works, under a pack."""
    now = case.platform.now()
    content = {**document(case.stage), "pack": {"base": pack, "overlays": []}}
    order = ProjectOrder(project="works-1", section=name, owner="owner", document=content)

    async def store(uow: UnitOfWork) -> None:
        await register(uow, person("requester", "agency"), order, case.platform.packs, now=now)

    await case.platform.database.transact(store)


async def five(case: Arriving) -> None:
    """A pool `five` of exactly five eligible experts for five seats: who was drawn, and is free again."""
    drawn = [one for one in await holders(case.platform, case.row) if one is not None]
    expect(await case.post("alice", f"/draws/{case.row.id}:abort", {"reason": "project_cancelled"}), 200)
    await case.calling.work()
    case.calling.fresh()
    await import_pool(case.platform, pool_id="five", basis=BASIS, records=[one.record for one in drawn])
    reached = synthetic_contacts(one.record.id for one in drawn)

    async def store(uow: UnitOfWork) -> None:
        for expert, contact in reached.items():
            await uow.contacts.put("five", expert, contact, now=case.platform.now())

    await case.platform.database.transact(store)


def approve_override(case: Arriving, section: str) -> None:
    """What ``qiantong party override`` writes into the supervisor's own book."""
    key = section_hash("works-1", section).hex()
    case.stage.nodes["supervisor"].book.put_once("override", 0, RARE.encode(), key=key)


async def drawn_of_five(case: Arriving, pack: str = "tender.cn") -> None:
    """Five of five are drawn under a pack with an approved override, and asked."""
    await five(case)
    await register_section(case, "rare", pack)
    approve_override(case, "rare")
    await asked_for(case, section="rare", pool="five", override=RARE)
    case.row = await case.stage.one.ceremony.run(case.row.id)
    await begin(case)


async def test_a_pool_too_small_is_refused_with_its_numbers(asked: Arriving) -> None:
    await five(asked)
    await register_section(asked, "rare")
    order = {**ORDER, "section": "rare", "pool": "five"}
    refused = await asked.post("alice", "/draws", order)
    assert refusal(refused) == (422, "draw.refused")
    stops = [one for one in refused.json()["errors"] if one["code"] == "anonymity.stop"]
    assert [one["pointer"] for one in stops] == ["/parameters/strata/0", "/parameters/strata/1"]
    figures = [one["figures"] for one in stops]
    assert [(one["stratum"], one["seats"], one["factor"]) for one in figures] == [
        ("civil", 3, 3),
        ("goods", 2, 3),
    ]
    assert all(one["seats"] <= one["experts"] <= 5 for one in figures)
    listed = (await asked.get("alice", "/draws")).json()["items"]
    assert [one["section"] for one in listed] == ["s1"]


async def test_the_supervisors_override_is_needed_published_and_the_same_words(asked: Arriving) -> None:
    await five(asked)
    await register_section(asked, "rare")
    await asked_for(asked, section="rare", pool="five", override=RARE)
    path = f"/draws/{asked.row.id}:run"
    # Before the supervisor has approved these very words nobody signs the seal.
    refused = await asked.post("olga", path)
    assert refused.status_code in (409, 502, 503), refused.text
    assert expect(await asked.get("alice", f"/draws/{asked.row.id}"), 200)["state"] == "committed"
    approve_override(asked, "rare")
    assert expect(await asked.post("olga", path), 200)["state"] == "drawn"
    published = (await asked.client.get(f"/v1/proofs/{await code_of(asked)}")).content
    (seal,) = logged((await asked.get("sven", f"/draws/{asked.row.id}/proof")).content, "seal")
    assert seal["anonymity"]["override"] == RARE
    assert published
    await accepted_by_both(asked, "revealed")


async def code_of(case: Arriving) -> str:
    """The public code of the case's draw."""
    return str((await case.stage.one.ceremony.row(case.row.id)).code)


async def test_five_eligible_for_five_seats_are_all_drawn_and_the_verdict_says_how_few(
    asked: Arriving,
) -> None:
    await drawn_of_five(asked)
    held = [one for one in await holders(asked.platform, asked.row) if one is not None]
    assert len({one.record.id for one in held}) == 5
    await everybody_accepts(asked, *asked.calling.fresh())
    assert (await told_agency(asked))["state"] == "sealed"
    report = await proved(asked)
    assert "anonymity-override" in {note.code for note in report.notes}


@pytest.mark.parametrize("pack", list(LADDERS))
async def test_nobody_left_climbs_the_packs_ladder_step_by_step_to_the_end(
    asked: Arriving, pack: str
) -> None:
    """One of five declines and nobody follows: the ladder in the pack's order, each step a record with
    reasons in two languages; then a later date, and at last a committee formed anew."""
    await drawn_of_five(asked, pack)
    first, *others = asked.calling.fresh()
    await asked.calling.say(first, "decline", reason="health")
    await accept(asked, *others)
    assert await classes(asked) == ["decline"]
    assert sorted(await states(asked), key=str) == sorted([None, *["accepted"] * 4], key=str)
    agency = await told_agency(asked)
    assert (agency["state"], agency["accepted"], agency["needed"]) == ("short", 4, 5)
    assert (await asked.get("olga", "/campaigns")).json()["items"][0]["state"] == "short"
    assert refusal(await open_room(asked)) == (409, "roster.not-sealed")
    path, order = f"/draws/{asked.row.id}/campaign/ladder", LADDERS[pack]
    assert refusal(await asked.post("alice", path, {"step": order[0], "reason": REASON})) == (
        403,
        "access.role",
    )
    for number, step in enumerate(order):
        assert (
            (await seen(asked))["ladder"]["open"] == list(next_steps(order, order[:number])) == order[number:]
        )
        for other in set(order) - {step}:
            answer = await asked.post("olga", path, {"step": other, "reason": REASON})
            assert refusal(answer) == (409, "campaign.ladder-order")
        blank = {"step": step, "reason": {"zh": " ", "en": "x"}}
        assert refusal(await asked.post("olga", path, blank)) == (422, "campaign.refused")
        await act(asked, "olga", "ladder", {"step": step, "reason": REASON})
    async with asked.platform.database.read() as uow:
        campaign = await uow.campaigns.of_draw(asked.row.id)
        assert campaign is not None
        taken = await uow.campaigns.steps(campaign.id)
    proof = (await asked.get("sven", f"/draws/{asked.row.id}/proof")).content
    digests = [one["digest"] for one in logged(proof, "record") if one["topic"] == "ladder"]
    assert digests == [record_digest(ladder_document(asked.row.k or 0, one)).hex() for one in taken]
    # Postponed: whoever accepted is asked for the other hour; nobody had been told anything before.
    asked.calling.fresh()
    await act(asked, "olga", "move", {"begins": moment(asked, hours=24), "reason": "专家不足，延期"})
    again = asked.calling.fresh()
    assert sorted(one.to for one in again) == sorted(one.to for one in others)
    await accept(asked, *again)
    assert (await told_agency(asked))["state"] == "short"
    # Nobody could be found: stop, tell everybody, form the committee anew. The first one's proof stays.
    before = len(texts(asked, "已取消"))
    await act(asked, "sven", "cancel", {"reason": "专家不足，停止评审"})
    assert sorted(texts(asked, "已取消")[before:]) == sorted(one.to for one in again)
    expect(await asked.post("olga", f"/draws/{asked.row.id}:abort", {"reason": "infeasible"}), 200)
    await accepted_by_both(asked, "aborted")
    stopped = asked.row
    await asked_for(asked, section="rare", pool="city", redraw_reason="重新组建")
    assert (asked.row.round, asked.row.previous) == (2, stopped.k)
    asked.row = await asked.stage.one.ceremony.run(asked.row.id)
    assert len([one for one in await holders(asked.platform, asked.row) if one is not None]) == 5


async def test_the_supervisor_is_absent_at_the_start(asked: Arriving) -> None:
    """Without the supervisor's node there is no draw, without the supervisor's word no invitation; with both
    everything goes on where it stood."""
    await register_section(asked, "s2")
    await asked_for(asked, section="s2")
    asked.stage.wire.silent.add("supervisor.example")
    absent = await asked.post("olga", f"/draws/{asked.row.id}:run")
    assert absent.status_code == 503, absent.text
    assert absent.json()["retryable"] is True
    assert expect(await asked.get("alice", f"/draws/{asked.row.id}"), 200)["state"] == "requested"
    asked.stage.wire.silent.clear()
    assert expect(await asked.post("olga", f"/draws/{asked.row.id}:run"), 200)["state"] == "drawn"
    asked.row = await asked.stage.one.ceremony.row(asked.row.id)
    letters = len(asked.calling.letters())
    await begin_alone(asked)
    await asked.calling.wait(minutes=20)
    assert (await told_agency(asked))["state"] == "proposed"
    assert len(asked.calling.letters()) == letters
    queued = {one["draw"]: one["state"] for one in (await asked.get("sven", "/campaigns")).json()["items"]}
    assert queued[asked.row.id] == "proposed"
    expect(await asked.post("sven", f"/draws/{asked.row.id}/campaign/approval"), 200)
    await asked.calling.work()
    assert len(asked.calling.letters()) == letters + 5


async def begin_alone(case: Arriving) -> None:
    """An operator proposes; nobody approves."""
    order = {"owner": "王工", "plan": plan_of(case.calling, case.row)}
    expect(await case.post("olga", f"/draws/{case.row.id}/campaign", order), 201)


async def test_one_person_cannot_start_alone_in_whatever_role(asked: Arriving) -> None:
    await register_section(asked, "s2")
    await asked_for(asked, section="s2")
    expect(await asked.post("olga", f"/draws/{asked.row.id}:run"), 200)
    asked.row = await asked.stage.one.ceremony.row(asked.row.id)
    letters = len(asked.calling.letters())
    await begin_alone(asked)
    path = f"/draws/{asked.row.id}/campaign/approval"
    for who in ("olga", "oscar", "alice"):
        assert refusal(await asked.post(who, path)) == (403, "access.role")
    # The same human under a second account as a supervisor.
    async with asked.platform.database.write() as uow:
        campaign = await uow.campaigns.of_draw(asked.row.id)
        assert campaign is not None
        await uow.campaigns.advance(campaign.id, expected=campaign.state_version, proposed_by="sven")
    assert refusal(await asked.post("sven", path)) == (409, "campaign.two-persons")
    await asked.calling.work()
    assert len(asked.calling.letters()) == letters


async def test_an_agency_that_asks_twice_has_one_draw(asked: Arriving) -> None:
    await register_section(asked, "s2")
    order = {**ORDER, "section": "s2"}
    answers = await asyncio.gather(
        *(asked.post("alice", "/draws", order, Idempotency_Key="twice") for _ in range(2))
    )
    again = await asked.post("alice", "/draws", order, Idempotency_Key="twice")
    made = {one.json()["id"] for one in (*answers, again) if one.status_code == 201}
    assert len(made) == 1
    assert again.status_code == 201
    assert {one.status_code for one in answers} <= {201, 409}
    assert refusal(await asked.post("alice", "/draws", order)) == (409, "draw.live-exists")
    listed = (await asked.get("alice", "/draws")).json()["items"]
    assert [one["section"] for one in listed].count("s2") == 1


async def test_the_server_dies_during_the_ceremony_and_another_one_ends_the_same_draw(
    asked: Arriving, beside_asked: Database
) -> None:
    """At every stage another server goes on; the same entropy, one result, never a second draw."""
    await register_section(asked, "s2")
    await asked_for(asked, section="s2")
    one = asked.stage.one
    async with beside_asked.read() as uow:
        parties = await uow.parties.all()
    twin = compose(one.settings, beside_asked, one.client, parties, clock=asked.stage.clock)
    servers = [one.ceremony, twin.ceremony]
    for number, state in enumerate(("committed", "sealed", "escrowed", "revealed", "drawn")):
        assert (await servers[number % 2].run(asked.row.id, until=state)).state == state
    first, second = await asyncio.gather(*(server.run(asked.row.id) for server in servers))
    assert first.sdr_hash == second.sdr_hash
    asked.row = first
    assert await holders(asked.platform, first) == await holders(twin.platform, first)
    proof = (await asked.get("sven", f"/draws/{asked.row.id}/proof")).content
    assert [len(logged(proof, kind)) for kind in ("seal", "commit", "reveal", "result")] == [1, 2, 2, 1]
    await accepted_by_both(asked, "revealed")


async def test_bidders_that_join_after_the_draw_cost_their_people_the_seat(asked: Arriving) -> None:
    letters = asked.calling.fresh()
    await everybody_accepts(asked, *letters)
    held = [one for one in await holders(asked.platform, asked.row) if one is not None]
    employer = next(one.org for one in held[0].record.employers if one.until is None)
    project = expect(await asked.get("alice", "/projects/works-1/s1"), 200)
    bidders = [*project["document"]["bidders"], {"id": "late", "withdrawn": False, "orgs": [employer]}]
    put = await asked.client.put(
        "/v1/projects/works-1/bidders",
        json={"section": "s1", "bidders": bidders},
        headers={"Authorization": f"Bearer {asked.tokens['alice']}"},
    )
    assert put.status_code == 200, put.text
    await asked.calling.work()
    # Whoever has to judge anew is told that the list has changed.
    assert "supervisor" in {one["audience"] for one in await notices(asked)}
    clashing = [one.seat for one in held if any(job.org == employer for job in one.record.employers)]
    await act(asked, "sven", "vacate", {"cause": "conflict", "note": "开标后新增投标人"})
    assert set(await classes(asked)) == {"conflict"}
    replaced = await newcomers(asked)
    assert {(await asked.calling.of(one)).invited.seat for one in replaced} >= set(clashing[:1])
    # The agency sees numbers, and never whom its list has cost the seat.
    assert (await told_agency(asked))["accepted"] == 5
    await proved(asked)


@pytest.fixture
async def before_a_round(database: Database, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    """A minute and a half before a genuine beacon round, under rules dated back to its year."""
    packs = tmp_path / "rules" / "packs"
    packs.mkdir(parents=True)
    shipped = (ROOT / "draw/avoidance/packs/tender.cn.toml").read_text(encoding="utf-8")
    dated = shipped.replace('effective_from = "2025-01-01"', 'effective_from = "2023-01-01"')
    (packs / "tender.cn.toml").write_text(dated, encoding="utf-8")
    start = datetime.fromtimestamp(round_time("quicknet", 1000) - BEACON_LEAD_SECONDS, UTC)
    one = await set_stage(database, tmp_path, start=start, rules=tmp_path / "rules")
    yield one
    await one.one.client.aclose()


async def test_the_beacon_is_down_and_the_draw_waits_for_that_round_and_takes_no_other(
    before_a_round: Stage,
) -> None:
    stage = before_a_round
    row = await stage.request(beacon="quicknet", invitations="logged")
    for _try in range(2):
        with pytest.raises(BeaconUnavailableError):
            await stage.one.ceremony.run(row.id)
        assert (await stage.one.ceremony.row(row.id)).state == "revealed"
        stage.clock.advance(minutes=20)
    # The operator brings the round in a file: the very one that the seal names.
    one = stage.one
    async with one.platform.database.read() as uow:
        parties = await uow.parties.all()
    brought = one.settings.model_copy(update={"rounds": ROOT / "tests/vectors/drand.json"})
    again = compose(brought, one.platform.database, one.client, parties, clock=stage.clock)
    drawn = await again.ceremony.run(row.id)
    assert drawn.state == "drawn"
    assert len([seat for seat in await holders(one.platform, drawn) if seat is not None]) == 5
    _, course = await again.ceremony.shown(drawn)
    assert course.one("result").body["beacon"]["round"] == 1000
