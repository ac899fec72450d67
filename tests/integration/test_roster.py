"""The sealed roster over the API: opened by two custodians of three at its time, read by tier, always on
record.
"""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import ConflictError, NotFoundError
from app.gateways.parties import PartyError
from app.times import to_text
from app.usecases import invites
from app.usecases.ceremony import Ceremony
from app.usecases.openings import Vacated, replace
from app.usecases.operations import Actor
from app.usecases.principals import Principal, scopes_of
from app.usecases.roster import custody, openings, readings
from draw import roster
from draw.roster import SealedRoster
from tests.integration.test_api_disclosures import drawn
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio

VENUES = {"city": "ste_city"}
TWO_SITES = [
    {"id": "city", "regions": ["35010", "35011"], "min": 2, "max": 3},
    {"id": "county", "regions": ["35012", "35018"], "min": 2, "max": 3},
]
ACTOR = Actor(person="carol", address="test", source="test")
WISH = {"tier": 2, "reason": "开评 room start"}


def ceremony(api: Service) -> Ceremony:
    return api.scene.ceremony


async def sealed(api: Service, *, hours: int = 1) -> str:
    """A drawn draw whose roster may be opened in an hour."""
    draw = await drawn(api)
    await seal(api, draw, hours=hours)
    return draw


async def seal(api: Service, draw: str, *, hours: int = 1) -> None:
    not_before = to_text(api.scene.clock.now + timedelta(hours=hours))
    await custody.seal_roster(ceremony(api), draw, not_before=not_before, venues=VENUES)


async def wish(api: Service, draw: str, person: str = "carol", **changes: Any) -> Any:
    return await api.post(person, f"/v1/draws/{draw}/roster/openings", {**WISH, **changes})


async def names(api: Service, draw: str) -> list[str]:
    row = await ceremony(api).row(draw)
    return [one.record.name for one in await invites.holders(api.platform, row) if one is not None]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def at_site(site: str | None) -> Principal:
    return Principal(
        key_id="desk",
        person="dora",
        role="site",
        agency_id=None,
        scopes=frozenset(scopes_of("site")),
        mode="live",
        signed=False,
        site_id=site,
    )


async def test_two_custodians_open_at_the_start_of_the_room_and_the_supervisor_reads(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    opened = await wish(api, draw)
    assert opened.status_code == 200, opened.text
    seats = (await api.get("carol", f"/v1/draws/{draw}/roster")).json()["seats"]
    assert [one["name"] for one in seats] == await names(api, draw)


async def test_before_its_time_nobody_opens_and_nobody_reads(api: Service) -> None:
    draw = await sealed(api)
    assert code(await wish(api, draw)) == (409, "roster.too-early")
    for person in ("alice", "bob", "carol"):
        assert code(await api.get(person, f"/v1/draws/{draw}/roster")) == (404, "roster.not-open")


async def test_the_nodes_clocks_count_not_the_platforms(api: Service) -> None:
    # An operator who sets the platform's clock forward gets no share: the custodians look at their own.
    draw = await sealed(api)
    for role in ("agency", "supervisor"):
        stopped = api.scene.clock.now
        object.__setattr__(api.scene.nodes[role], "clock", lambda at=stopped: at)
    api.scene.clock.move(hours=2)
    assert code(await wish(api, draw)) == (503, "roster.custodians-missing")


async def test_one_custodian_may_be_away_but_not_two(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    for role in ("supervisor", "agency"):
        api.scene.lines[role].down.add("roster-share")
    assert code(await wish(api, draw)) == (503, "roster.custodians-missing")
    api.scene.lines["agency"].down.clear()
    assert (await wish(api, draw)).status_code == 200


async def test_agency_and_supervisor_open_without_the_platforms_share(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    object.__setattr__(api.platform, "custody", bytes(31) + b"\x01")
    answer = await wish(api, draw)
    assert answer.status_code == 200, answer.text


async def test_an_operator_and_an_agency_read_nothing_at_tier_two(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    assert (await wish(api, draw, "bob")).status_code == 200
    for person in ("alice", "bob"):
        assert code(await api.get(person, f"/v1/draws/{draw}/roster")) == (404, "roster.not-open")
    assert code(await api.get(None, f"/v1/proofs/{await proof(api, draw)}/roster")) == (
        404,
        "roster.not-open",
    )


async def test_an_agency_opens_nothing(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    assert (await wish(api, draw, "alice")).status_code == 403


async def test_a_sites_staff_see_their_own_people_only(api: Service) -> None:
    parameters = {**order()["parameters"], "sites": TWO_SITES}
    draw = await drawn(api, order(parameters=parameters))
    await seal(api, draw)
    api.scene.clock.move(hours=1)
    assert (await wish(api, draw)).status_code == 200
    row = await ceremony(api).row(draw)
    own = {one.record.name for one in await invites.holders(api.platform, row) if one and one.site == "city"}
    seen = await readings.read_roster(api.platform, at_site("ste_city"), draw, actor=ACTOR)
    assert {one.name for one in seen.seats} == own < set(await names(api, draw))
    for site in ("ste_other", None):
        with pytest.raises(NotFoundError):
            await readings.read_roster(api.platform, at_site(site), draw, actor=ACTOR)


async def test_after_a_replacement_the_old_roster_is_stale_until_it_is_sealed_anew(api: Service) -> None:
    draw = await sealed(api)
    before = await names(api, draw)
    await replace(ceremony(api), draw, Vacated(seat=0, cause="decline", document=b"declined"))
    api.scene.clock.move(hours=1)
    assert code(await wish(api, draw)) == (409, "roster.stale")
    await seal(api, draw, hours=0)
    assert (await wish(api, draw)).json()["version"] == 2
    seen = [one["name"] for one in (await api.get("carol", f"/v1/draws/{draw}/roster")).json()["seats"]]
    assert seen == await names(api, draw) != before


async def test_the_same_holders_are_sealed_once(api: Service) -> None:
    draw = await sealed(api)
    await seal(api, draw)
    async with api.platform.database.read() as uow:
        version = await uow.rosters.newest(draw)
    assert version is not None
    assert version.version == 1


async def test_the_wish_stands_in_the_log_before_a_share_is_given(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    for role in ("supervisor", "agency"):
        api.scene.lines[role].down.add("roster-share")
    await wish(api, draw)
    entries = json.loads((await api.get("carol", f"/v1/draws/{draw}/proof")).content)["entries"]
    topics = [one["entry"]["body"]["topic"] for one in entries if one["entry"]["type"] == "record"]
    assert topics == ["roster", "roster-open"]


async def test_a_custodian_gives_no_share_for_a_wish_that_the_log_does_not_show(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    row = await ceremony(api).row(draw)
    async with api.platform.database.read() as uow:
        version = await uow.rosters.newest(draw)
    assert version is not None
    document = roster.opening_document(
        opening="rop_unlogged",
        draw=row.k or 0,
        version=1,
        tier=2,
        asked_by="operator",
        reason="x",
        at=row.updated_at,
    )
    shown, course = await ceremony(api).shown(row)
    for role in ("agency", "supervisor"):
        with pytest.raises(PartyError) as refused:
            await ceremony(api).ask(
                course,
                role,
                "roster-share",
                shown,
                manifest=b64encode(version.manifest).decode(),
                opening=b64encode(document).decode(),
            )
        assert refused.value.details["refusal"] == "node.evidence"


async def test_the_database_alone_opens_no_roster(api: Service) -> None:
    # A stolen database with the platform's share is one share of two.
    draw = await sealed(api)
    async with api.platform.database.read() as uow:
        version = await uow.rosters.newest(draw)
    assert version is not None
    share = roster.own_share(roster.read_manifest(version.manifest), "platform", api.platform.custody)
    with pytest.raises(Exception, match=r"roster\.too-few"):
        roster.open_roster(SealedRoster(manifest=version.manifest, ciphertext=version.ciphertext), [share])


async def test_no_name_stands_in_clear_after_an_opening(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    assert (await wish(api, draw)).status_code == 200
    async with api.platform.database.engine.connect() as connection:
        stored = [
            str(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row))
            for table in ("rosters", "roster_openings", "operation_log")
            for row in (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
        ]
    for name in await names(api, draw):
        assert not any(name in row or name.encode().hex() in row for row in stored)


async def test_tier_three_waits_for_the_open_proof(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(days=1, minutes=1)
    assert code(await wish(api, draw, tier=3)) == (409, "roster.not-result")
    assert (await api.post("bob", f"/v1/draws/{draw}:open")).status_code == 200
    assert (await wish(api, draw, tier=3)).status_code == 200
    # Tendering: the archive reads, the public does not.
    assert (await api.get("bob", f"/v1/draws/{draw}/roster")).status_code == 200
    assert code(await api.get(None, f"/v1/proofs/{await proof(api, draw)}/roster")) == (
        404,
        "roster.not-open",
    )


async def test_government_procurement_publishes_names_with_the_result_and_not_before(api: Service) -> None:
    await api.post("alice", "/v1/projects", project(pack={"base": "govproc.cn", "overlays": []}))
    draw = await drawn(api)
    await seal(api, draw)
    where = f"/v1/proofs/{await proof(api, draw)}/roster"
    api.scene.clock.move(days=1, minutes=1)
    assert (await wish(api, draw)).status_code == 200
    assert code(await api.get(None, where)) == (404, "roster.not-open")
    assert (await api.post("bob", f"/v1/draws/{draw}:open")).status_code == 200
    assert code(await api.get(None, where)) == (404, "roster.not-open")
    assert (await wish(api, draw, tier=3)).status_code == 200
    seen = [one["name"] for one in (await api.get(None, where)).json()["seats"]]
    assert seen == [
        one.name for one in (await readings.public_roster(api.platform, await proof(api, draw))).seats
    ]
    assert len(seen) == 5


async def test_reading_and_opening_are_on_record(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    await wish(api, draw)
    await api.get("carol", f"/v1/draws/{draw}/roster")
    async with api.platform.database.read() as uow:
        acts = [(one.operator, one.action) for one in await uow.operations.newest(5) if one.target == draw]
    assert ("carol", "roster.read") in acts
    assert ("carol", "roster.open") in acts


async def test_an_unsealed_roster_cannot_be_opened(api: Service) -> None:
    draw = await drawn(api)
    assert code(await wish(api, draw)) == (409, "roster.not-sealed")


async def test_holders_that_move_during_the_sealing_stop_it(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = await drawn(api)
    real = custody._custody_keys

    async def slow(one: Ceremony, row: Any) -> dict[str, bytes]:
        await replace(one, draw, Vacated(seat=0, cause="decline", document=b"declined"))
        return await real(one, row)

    monkeypatch.setattr(custody, "_custody_keys", slow)
    with pytest.raises(ConflictError, match=r"roster\.holders-moved"):
        await seal(api, draw)


async def test_a_forged_custody_key_is_refused(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = await drawn(api)
    line = api.scene.lines["agency"]
    real = line.call

    async def forged(path: str, document: Any) -> Any:
        answer = dict(await real(path, document))
        return {**answer, "key": "09" + "00" * 31} if path == "/custody-key" else answer

    monkeypatch.setattr(line, "call", forged)
    with pytest.raises(PartyError, match=r"party\.malformed"):
        await seal(api, draw)


async def proof(api: Service, draw: str) -> str:
    row = await ceremony(api).row(draw)
    assert row.code is not None
    return row.code


def test_tiers_are_those_of_the_issue() -> None:
    assert (openings.ROOM_START, openings.RESULT) == (2, 3)
