"""From the door to the seat: the ordinary way of two people at two sites, over the API, on both engines."""

from pathlib import Path

import pytest

from app.store.unit_of_work import Database
from tests.support.arriving import CITY, COUNTY, SIGNED, Arriving, set_arriving
from tests.support.stage import set_stage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def arriving(database: Database, tmp_path: Path) -> Arriving:
    return await set_arriving(await set_stage(database, tmp_path))


async def test_a_person_comes_to_the_seat_that_chance_gave(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    answer = await arriving.check_in(letter)
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["name"], shown["verdict"], shown["next"]) == (
        await arriving.name(letter),
        "in-time",
        "deposit",
    )
    arrival = shown["arrival"]
    stored = await arriving.deposit(arrival)
    assert (stored.status_code, stored.json()["door"]) == (201, "locked"), stored.text
    decided = await arriving.gate(arrival)
    assert (decided["opens"], decided["door"], decided["state"]) == (True, "opened", "gate_open")
    await arriving.event(f"gate {CITY}", "passed", passage=decided["passage"], direction="in")
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    entered = await arriving.log_in(browser, given["slip"])
    assert entered.status_code == 201, entered.text
    assert entered.json()["code"] == shown["code"]
    assert (await arriving.calling.of(letter)).state == "seated"
    assert await arriving.state(arrival) == "seated"
    assert await arriving.kinds() == [
        *["device-registered"] * 5,
        *("checked-in", "deposited", "gate-opened", "came-in", "seat-given"),
        *("seat-key-proposed", "seat-key-approved", "seat-login"),
    ]
    found = await arriving.ledger()
    assert (found["intact"], found["fault"]) == (True, None)


async def test_both_sites_fill_and_close_and_everybody_goes_home(arriving: Arriving) -> None:
    desks = {CITY: "dana", COUNTY: "carlo"}
    for site, who in desks.items():
        seats = set()
        for number, letter in enumerate(arriving.letters[site], 1):
            arrival = await arriving.inside(letter, f"A-{number:02}", who)
            seats.add((await arriving.seat(arrival, who))["seat"])
        assert len(seats) == len(arriving.letters[site])
        closed = await arriving.post(who, "/desk/closures", {"draw": arriving.row.id})
        assert closed.status_code == 201, closed.text
        assert (await arriving.ledger(site))["intact"]
    await _home(arriving, desks)
    shown = (await arriving.get("dana", "/desk/expected")).json()
    assert {one["state"] for slot in shown["slots"] for one in slot["expected"]} == {"returned"}


async def _home(arriving: Arriving, desks: dict[str, str]) -> None:
    """Somebody has sat down; then all are released, go out, and get their things back."""
    async with arriving.platform.database.read() as uow:
        present = [one for site in desks for one in await uow.arrivals.present_at(site)]
        first = await uow.seat_access.seating_of(present[0].id)
    assert first is not None
    browser = await arriving.enrolled(first.seat)
    slip = (await arriving.seat(present[0].id))["slip"]
    assert (await arriving.log_in(browser, slip)).status_code == 201
    asked = {"draw": arriving.row.id, "reason": "评审结束"}
    assert (await arriving.post("sven", "/desk/releases", asked)).json()["released"] == len(present)
    for one in present:
        who = desks[one.site]
        decided = await arriving.gate(one.id, "out", who=who)
        assert decided["alerts"] == []
        await arriving.event(f"gate {one.site}", "passed", passage=decided["passage"], direction="out")
        assert (await arriving.gate(one.id, "in", who=who))["reasons"] == ["dismissed"]
        back = await arriving.post(who, f"/desk/arrivals/{one.id}/return", SIGNED)
        assert back.json()["state"] == "returned"
    async with arriving.platform.database.read() as uow:
        invitation = await uow.invitations.get(present[0].letter)
    assert invitation is not None
    assert invitation.state == "finished"
