"""What operators and supervisors look at before they act: a roster's state, keys that wait, locks, presences.

None of it names anybody, and what only a supervisor may do, only a supervisor gets a list for.
"""

from typing import Any

import pytest

from tests.integration.test_api_disclosures import drawn
from tests.integration.test_roster import names, sealed, wish
from tests.support.arriving import CITY, COUNTY, Arriving, Browser
from tests.support.service import Service
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio
SITE = f"?site={CITY}"


async def state(api: Service, draw: str, person: str = "bob") -> dict[str, Any]:
    answer = await api.get(person, f"/v1/draws/{draw}/roster/openings")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def test_the_state_of_a_roster_goes_from_nothing_to_sealed_to_open_and_never_names_anybody(
    api: Service,
) -> None:
    draw = await sealed(api)
    known = await state(api, draw)
    assert (known["version"], known["tier"], known["readable"], known["openings"]) == (1, 0, False, [])
    assert (known["not_before"] > known["sealed_at"], known["due"]) == (True, False)
    api.scene.clock.move(hours=1)
    assert (await state(api, draw))["due"]
    opening = (await wish(api, draw)).json()
    seen = {person: await state(api, draw, person) for person in ("bob", "carol")}
    assert [one["tier"] for one in seen["bob"]["openings"]] == [2]
    assert seen["bob"]["openings"][0]["log_index"] == opening["log_index"]
    # The room's start lets the supervisor read, the operator only the archive behind the result.
    assert (seen["bob"]["readable"], seen["carol"]["readable"]) == (False, True)
    assert (await api.get("bob", f"/v1/draws/{draw}/roster")).status_code == 404
    assert (await api.get("carol", f"/v1/draws/{draw}/roster")).status_code == 200
    assert not [name for name in await names(api, draw) if name in str(seen)]


async def test_a_wish_that_no_custodian_met_is_told_as_one_that_waits(api: Service) -> None:
    draw = await sealed(api)
    api.scene.clock.move(hours=1)
    for role in ("supervisor", "agency"):
        api.scene.lines[role].down.add("roster-share")
    assert (await wish(api, draw)).status_code == 503
    known = await state(api, draw)
    assert [one["opened_at"] for one in known["openings"]] == [None]
    assert (known["tier"], known["readable"]) == (0, False)


async def test_without_a_sealing_there_is_no_version_and_an_agency_asks_in_vain(api: Service) -> None:
    draw = await drawn(api)
    known = await state(api, draw)
    assert (known["version"], known["not_before"], known["tiers"]) == (None, None, [])
    assert refusal(await api.get("alice", f"/v1/draws/{draw}/roster/openings")) == (403, "access.role")
    assert refusal(await api.get("bob", "/v1/draws/drw_0/roster/openings")) == (404, "draw.unknown")


async def test_the_keys_of_a_whole_site_are_listed_for_whoever_approves(arriving: Arriving) -> None:
    browser = Browser(seat=f"{CITY}-e1-1")
    live = await arriving.enrolled(f"{CITY}-e1-2")
    assert (await arriving.propose(browser)).status_code == 201
    found = (await arriving.get("sven", f"/seats/keys{SITE}")).json()["items"]
    assert {(one["seat"], one["thumbprint"], one["state"]) for one in found} == {
        (browser.seat, browser.thumbprint, "proposed"),
        (live.seat, live.thumbprint, "enrolled"),
    }
    assert (await arriving.get("olga", f"/seats/keys?site={COUNTY}")).json()["items"] == []
    assert refusal(await arriving.get("carlo", f"/seats/keys{SITE}")) == (404, "site.unknown")


async def test_a_supervisor_ends_a_key_without_asking_anybody_and_a_witness_does_not(
    arriving: Arriving,
) -> None:
    live = await arriving.enrolled(f"{CITY}-e1-2")
    path, body = f"/seats/{live.seat}/revocations", {"thumbprint": live.thumbprint}
    assert refusal(await arriving.post("wanda", path, body)) == (403, "access.role")
    assert (await arriving.post("sven", path, body)).json()["state"] == "revoked"
    assert refusal(await arriving.challenge(live)) == (401, "seat.refused")


async def test_locks_are_listed_until_they_are_released_and_for_supervisors_only(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    for _try in range(4):
        await arriving.check_in(letter, code="00000000")
    assert (await arriving.get("sven", f"/desk/locks{SITE}")).json()["items"] == []
    await arriving.check_in(letter, code="00000000")
    (lock,) = (await arriving.get("sven", f"/desk/locks{SITE}")).json()["items"]
    assert lock["tries"] == 5
    assert (await arriving.get("sven", f"/desk/locks?site={COUNTY}")).json()["items"] == []
    assert refusal(await arriving.get("olga", f"/desk/locks{SITE}")) == (403, "access.role")
    assert (await arriving.post("sven", f"/desk/locks/{lock['lock']}/release")).status_code == 200
    assert (await arriving.get("sven", f"/desk/locks{SITE}")).json()["items"] == []


async def test_whoever_is_present_is_listed_by_code_and_let_go(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    arrival = await arriving.inside(letter)
    answer = await arriving.get("sven", f"/desk/presences{SITE}")
    (here,) = answer.json()["items"]
    assert (here["arrival"], here["state"], here["released_at"]) == (arrival, "inside", None)
    assert await arriving.name(letter) not in answer.text
    assert await arriving.document(letter) not in answer.text
    path = f"/desk/arrivals/{arrival}/release"
    assert (await arriving.post("sven", path, {"reason": "回避"})).status_code == 200
    (gone,) = (await arriving.get("sven", f"/desk/presences{SITE}")).json()["items"]
    assert gone["released_at"] is not None
    assert refusal(await arriving.get("dana", "/desk/presences")) == (403, "access.role")


async def test_a_supervisor_counts_gates_against_seats_at_any_site_and_must_name_one(
    arriving: Arriving,
) -> None:
    await arriving.inside(arriving.letters[CITY][0])
    seen = (await arriving.get("sven", f"/desk/reconciliation{SITE}")).json()
    assert (seen["inside"], seen["seated"]) == (1, 0)
    for path in ("/desk/reconciliation", "/desk/reconciliation?site=no-such-place"):
        assert refusal(await arriving.get("sven", path)) == (404, "site.unknown")
    assert refusal(await arriving.get("carlo", f"/desk/reconciliation{SITE}")) == (404, "site.unknown")
