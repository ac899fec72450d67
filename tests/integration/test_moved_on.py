"""A power cut in the building on the day: people are there already, and everybody meets elsewhere.

Whoever is inside goes free by the ledger, with the reason, is asked anew and identified anew at the other
place; nothing of the first arrival counts there.
"""

from typing import Any

import pytest

from tests.support import venues
from tests.support.arriving import CITY, SIGNED, TOWN, Arriving
from tests.support.calling import Letter
from tests.support.troubles import (
    act,
    classes,
    everyone,
    expect,
    moment,
    newcomers,
    notices,
    open_room,
    proved,
    refusal,
    sit,
    staff_office,
    states,
    told_agency,
)

pytestmark = pytest.mark.anyio
REASON = "主场停电，改到备用场地"


@pytest.fixture
async def day(arriving: Arriving) -> Arriving:
    return await staff_office(arriving)


async def elsewhere(day: Arriving) -> dict[str, Any]:
    """The city's people are to meet in the town instead, at the same hour."""
    expect(await day.post("olga", "/venues", venues.plan(venues.site(TOWN))), 201)
    plan = expect(await day.get("olga", f"/draws/{day.row.id}/campaign"), 200)["plan"]
    changed = {"venue": TOWN, "address": "福州市另一路 9 号"}
    sites = [one | changed if one["venue"] == CITY else one for one in plan["sites"]]
    return {"begins": plan["begins"], "reason": REASON, "sites": sites}


async def whose(day: Arriving, letters: list[Letter], old: Letter) -> Letter:
    """The new letter of whoever had an old one."""
    expert = (await day.calling.of(old)).invited.expert
    (mine,) = [one for one in letters if (await day.calling.of(one)).invited.expert == expert]
    return mine


async def test_a_power_cut_sends_those_who_are_there_elsewhere_and_identifies_them_anew(
    day: Arriving,
) -> None:
    at_the_seat, at_the_desk, *_ = day.letters[CITY]
    inside = await day.inside(at_the_seat)
    browser, _ = await sit(day, inside, CITY)
    waiting = await day.arrived(at_the_desk)
    assert {"seated", "arrived", "accepted"} == set(await states(day))
    shown = await act(day, "olga", "move", await elsewhere(day))
    assert (shown["moves"], shown["state"]) == (1, "inviting")
    # Their session and their seat are over; the ledger says why, and of whom.
    headers = {"Authorization": f"Seat {browser.token}"}
    assert (await day.client.get("/v1/seats/current", headers=headers)).status_code == 401
    ledger = (await day.ledger())["entries"]
    gone = [one["about"] for one in ledger if one["kind"] == "moved-on"]
    assert {one["arrival"] for one in gone} == {inside, waiting}
    assert {one["reason"] for one in gone} == {REASON}
    assert refusal(await day.post("dana", f"/desk/arrivals/{inside}/seat"))[0] == 409
    # Everybody was asked anew, and every office told once.
    letters = await newcomers(day)
    assert len(letters) == 5
    told = [one for one in await notices(day) if one["audience"] == "site"]
    assert sorted(one["template"] for one in told) == ["staff-cancelled", "staff-change", "staff-change"]
    # Nobody is at two places: as long as the phone lies in the first locker, the other desk knows nobody.
    mine, theirs = [await whose(day, letters, one) for one in (at_the_seat, at_the_desk)]
    assert refusal(await day.check_in(mine, "tilda")) == (403, "arrival.refused")
    assert expect(await day.check_in(theirs, "tilda"), 201)["verdict"] == "in-time"
    out = await day.gate(inside, "out")
    assert (out["opens"], out["alerts"]) == (True, [])
    await day.event(f"gate {CITY}", "passed", passage=out["passage"], direction="out")
    expect(await day.post("dana", f"/desk/arrivals/{inside}/return", SIGNED), 200)
    assert await day.state(inside) == "returned"
    # The old code opens nothing any more; the new letter's does.
    old = {"code": at_the_seat.keys.arrival_code}
    assert refusal(await day.check_in(mine, "tilda", **old)) == (403, "arrival.refused")
    assert expect(await day.check_in(mine, "tilda"), 201)["state"] == "confirmed"
    assert (await classes(day), (await told_agency(day))["accepted"]) == ([], 5)
    # The roster that opens is of the places where they sit now.
    versions = expect(await day.get("sven", f"/draws/{day.row.id}/campaign"), 200)
    assert versions["state"] == "sealed"
    await proved(day)


async def test_once_names_are_open_nothing_is_moved_and_the_lawful_ways_are_named(day: Arriving) -> None:
    letters = everyone(day)
    for number, letter in enumerate(letters, 1):
        site = (await day.calling.of(letter)).venue_site
        await day.inside(letter, f"A-{number:02}", {CITY: "dana"}.get(site, "carlo"))
    await day.calling.until(moment(day))
    expect(await open_room(day), 200)
    answer = await day.post("olga", f"/draws/{day.row.id}/campaign/move", await elsewhere(day))
    assert refusal(answer) == (409, "campaign.begun")
    assert all(word in answer.json()["title"] for word in ("暂停", "延时", "重新组建"))
    assert await states(day) == ["arrived"] * 5
