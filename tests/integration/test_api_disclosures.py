"""What an opened draw discloses over the API: to whoever had a duty in it, and on record."""

import json
from typing import Any

import pytest

from app.usecases.access import issue_key
from app.usecases.openings import opened
from draw.verify.verifier import verify
from tests.support.service import NOW, Service, order, project

pytestmark = pytest.mark.anyio


async def drawn(api: Service, asked: dict[str, Any] | None = None) -> str:
    """A drawn draw that carol supervises and bob operates."""
    await api.post("alice", "/v1/projects", project())
    draw: str = (await api.post("alice", "/v1/draws", asked or order())).json()["id"]
    assert (await api.post("carol", f"/v1/draws/{draw}:attend")).status_code == 200
    assert (await api.post("bob", f"/v1/draws/{draw}:run")).status_code == 200
    return draw


async def opened_draw(api: Service) -> str:
    draw = await drawn(api)
    api.scene.clock.move(days=1, minutes=1)
    assert (await api.post("bob", f"/v1/draws/{draw}:open")).json()["state"] == "opened"
    return draw


async def another(api: Service, person: str, role: str) -> None:
    """A key for one more person."""

    async def work(uow: Any) -> str:
        return await issue_key(
            uow,
            person=person,
            role=role,
            agency_id=None,
            scopes=None,
            mode="live",
            signing_key=None,
            expires_at=NOW.replace(year=2027),
            now=NOW,
            secret=person.encode().ljust(32, b"."),
        )

    api.tokens[person] = await api.platform.database.transact(work)


async def ask(api: Service, person: str, draw: str) -> dict[str, tuple[int, str]]:
    """Status and code of the three disclosures."""
    answers = {
        "pool-file": await api.get(person, f"/v1/draws/{draw}/pool-file"),
        "receipt": await api.post(person, f"/v1/draws/{draw}:receipt", {"expert": "nobody"}),
        "roster": await api.post(person, f"/v1/draws/{draw}:roster"),
    }
    return {name: (one.status_code, one.json().get("code", "")) for name, one in answers.items()}


async def test_the_supervisor_of_the_draw_gets_the_pool_file_and_it_verifies(api: Service) -> None:
    draw = await opened_draw(api)
    answer = await api.get("carol", f"/v1/draws/{draw}/pool-file")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    bundle = (await api.get("carol", f"/v1/draws/{draw}/proof")).content
    assert "supervisor" in verify(bundle, pool_file=answer.content).levels


async def test_an_operator_hands_over_a_receipt_that_verifies(api: Service) -> None:
    draw = await opened_draw(api)
    seats = (await api.post("bob", f"/v1/draws/{draw}:roster")).json()["seats"]
    answer = await api.post("bob", f"/v1/draws/{draw}:receipt", {"expert": seats[0]["expert"]})
    assert answer.status_code == 200, answer.text
    bundle = (await api.get("bob", f"/v1/draws/{draw}/proof")).content
    assert "expert" in verify(bundle, receipt=answer.content).levels
    assert json.loads(answer.content)["record"]["name"] == seats[0]["name"]
    unknown = await api.post("bob", f"/v1/draws/{draw}:receipt", {"expert": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "expert.unknown")
    assert "nobody" not in unknown.text


@pytest.mark.parametrize("person", ["bob", "carol"])
async def test_the_roster_is_the_one_of_the_bundle(api: Service, person: str) -> None:
    draw = await opened_draw(api)
    answer = await api.post(person, f"/v1/draws/{draw}:roster")
    assert answer.headers["cache-control"] == "no-store"
    seats = answer.json()["seats"]
    assert [one["seat"] for one in seats] == [0, 1, 2, 3, 4]
    assert {(one["stratum"], one["site"]) for one in seats} == {("works", "main")}
    bundle = json.loads((await api.get(None, f"/v1/proofs/{await code(api, draw)}")).content)
    snapshot = (await opened(api.platform, await api.ceremony.row(draw))).cells.snapshot
    entries = [snapshot.entry(one["expert"]) for one in seats]
    assert [one.index for one in entries] == [one["pool"]["index"] for one in bundle["opening"]["roster"]]
    assert [one["name"] for one in seats] == [one.record.name for one in entries]


async def code(api: Service, draw: str) -> str:
    found: str = (await api.get("bob", f"/v1/draws/{draw}")).json()["code"]
    return found


async def test_before_the_opening_nothing_is_disclosed_to_anybody(api: Service) -> None:
    draw = await drawn(api)
    closed, role = (409, "draw.not-open"), (403, "access.role")
    assert await ask(api, "carol", draw) == {"pool-file": closed, "receipt": role, "roster": closed}
    assert await ask(api, "bob", draw) == {"pool-file": role, "receipt": closed, "roster": closed}
    assert set((await ask(api, "alice", draw)).values()) == {role}
    assert await acts(api) == []


async def test_a_person_without_a_duty_in_this_draw_is_refused_and_cannot_take_one_late(
    api: Service,
) -> None:
    draw = await opened_draw(api)
    await another(api, "dora", "supervisor")
    await another(api, "erin", "operator")
    duty, role = (403, "access.duty"), (403, "access.role")
    assert await ask(api, "dora", draw) == {"pool-file": duty, "receipt": role, "roster": duty}
    assert await ask(api, "erin", draw) == {"pool-file": role, "receipt": duty, "roster": duty}
    for person, step in (("dora", "attend"), ("erin", "run"), ("erin", "open")):
        late = await api.post(person, f"/v1/draws/{draw}:{step}")
        assert (late.status_code, late.json()["code"]) == (409, "draw.duty-late")
    assert (await ask(api, "dora", draw))["roster"] == duty
    assert await acts(api) == []


async def test_every_disclosure_is_on_record_without_an_expert_in_any_log(
    api: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = await opened_draw(api)
    found = await opened(api.platform, await api.ceremony.row(draw))
    expert = found.cells.snapshot.records[0]
    await api.get("carol", f"/v1/draws/{draw}/pool-file")
    await api.post("bob", f"/v1/draws/{draw}:receipt", {"expert": expert.id})
    await api.post("carol", f"/v1/draws/{draw}:roster")
    assert await acts(api) == [
        ("bob", "draw.receipt", draw),
        ("carol", "draw.pool-file", draw),
        ("carol", "draw.roster", draw),
    ]
    written = capsys.readouterr()
    for one in found.cells.snapshot.records:
        assert one.id not in written.out + written.err
        assert one.name not in written.out + written.err
    async with api.platform.database.read() as uow:
        assert all(expert.id not in repr(one) for one in await uow.operations.newest(50))
        assert await uow.idempotency.get("person:bob", "key-9") is None


async def acts(api: Service) -> list[tuple[str, str, str]]:
    """The disclosures on record, sorted."""
    async with api.platform.database.read() as uow:
        listed = await uow.operations.newest(50)
    wanted = ("draw.pool-file", "draw.receipt", "draw.roster")
    return sorted((one.operator, one.action, one.target) for one in listed if one.action in wanted)


async def test_the_pool_file_waits_for_a_sealed_draw_that_bound_somebody(api: Service) -> None:
    """Two draws of the same hours: the later one's file would tell who sits in the earlier one's panel."""
    first = await drawn(api)
    await api.post("alice", "/v1/projects", project(section="s2"))
    second = (await api.post("alice", "/v1/draws", order(section="s2"))).json()["id"]
    await api.post("carol", f"/v1/draws/{second}:attend")
    await api.post("bob", f"/v1/draws/{second}:run")
    api.scene.clock.move(days=1, minutes=1)
    await api.post("bob", f"/v1/draws/{second}:open")
    waits = await api.get("carol", f"/v1/draws/{second}/pool-file", Accept_Language="en")
    assert (waits.status_code, waits.json()["code"]) == (409, "draw.pool-file-waits")
    assert waits.json()["figures"] == {"draws": 1}
    await api.post("bob", f"/v1/draws/{first}:open")
    assert (await api.get("carol", f"/v1/draws/{second}/pool-file")).status_code == 200
