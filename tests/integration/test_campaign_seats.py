"""A campaign is approved only where everybody can sit: known venues, booked and confirmed; or a second person
lets them go without, in the open."""

from typing import Any

import httpx
import pytest

from app.usecases.invites import holders
from tests.support import venues
from tests.support.campaign_stage import (
    BOOKED,
    PLACES,
    PLAN,
    Stage,
    booked_draw,
    drawn,
    drawn_for_two_centres,
    order_anew,
    seats_for,
)
from tests.support.service import Service, faults, order

pytestmark = pytest.mark.anyio
NOWHERE = PLACES[0] | {"venue": "nowhere"}


async def proposed(stage: Stage, **changes: Any) -> httpx.Response:
    return await stage.post("bob", "", {"owner": "王工", "plan": BOOKED | changes})


async def approved(stage: Stage, **changes: Any) -> httpx.Response:
    answer = await proposed(stage, **changes)
    assert answer.status_code == 201, answer.text
    return await stage.post("carol", "/approval")


async def test_nobody_is_sent_to_where_nothing_is_known_booked_or_confirmed(api: Service) -> None:
    """Without a booking, with one that does not bear the plan, before the centres have answered: every fault
    is told at once, and nobody is asked."""
    stage = await drawn_for_two_centres(api)
    refused = await approved(stage, sites=[NOWHERE, PLACES[1]])
    assert (refused.status_code, refused.json()["code"]) == (422, "campaign.refused")
    unknown = ("campaign.venue-unknown", "/plan/sites/0/venue")
    assert faults(refused) == [unknown, ("campaign.venue-unbooked", "/plan/sites/1/venue")]

    made = await venues.booked(api, stage.draw, **seats_for(4, 3))
    assert (await venues.decide(api, "carlo", made, "return", reason="停电")).status_code == 200
    assert faults(await approved(stage, hours=12, sites=[NOWHERE, PLACES[1]])) == [
        unknown,
        ("campaign.venue-returned", "/plan/sites/1/venue"),
        ("campaign.venue-hours", "/plan/begins"),
    ]
    changed_over = [PLACES[0] | {"venue": venues.COUNTY}, PLACES[1] | {"venue": venues.CITY}]
    assert faults(await approved(stage, sites=changed_over)) == [
        ("campaign.venue-unbooked", f"/plan/sites/{number}/venue") for number in (0, 1)
    ]
    again = await order_anew(api, made["id"], stage.draw, 4, 3)
    waits = [("campaign.venue-unconfirmed", f"/plan/sites/{number}/venue") for number in (0, 1)]
    assert faults(await approved(stage)) == waits
    assert (await venues.decide(api, "dana", again, "confirm")).status_code == 200
    assert faults(await approved(stage)) == waits[1:]
    assert (await stage.get("bob")).json()["state"] == "proposed"
    await stage.work()
    assert stage.letters() == []

    assert (await venues.decide(api, "carlo", again, "confirm")).status_code == 200
    assert (await approved(stage)).status_code == 200
    await stage.work()
    assert len(stage.letters()) == 5


async def test_a_campaign_for_more_people_than_seats_is_not_approved(api: Service) -> None:
    stage, made = await booked_draw(api)
    async with api.platform.database.read() as uow:
        row = await uow.draws.get(stage.draw)
    assert row is not None
    held = await holders(api.platform, row)
    city = sum(one is not None and one.site == "city" for one in held)
    # One seat too few where more than the least are drawn; the other place has room for all.
    short, order = (0, (city - 1, 3)) if city > 2 else (1, (4, 2))
    again = await order_anew(api, made["id"], stage.draw, *order)
    for who in venues.STAFF:
        assert (await venues.decide(api, who, again, "confirm")).status_code == 200
    assert faults(await approved(stage)) == [("campaign.venue-seats", f"/plan/sites/{short}/venue")]


async def test_a_place_without_a_booking_is_let_through_by_two_persons_who_say_so(api: Service) -> None:
    """The operator writes why; the supervisor approves those words or nothing; both stand in the log of
    operations."""
    stage = await drawn(api, order(invitations="logged"))
    outside = {**PLAN, "unbooked": None}
    seen = {"owner": "王工", "plan": outside}
    assert faults(await proposed(stage, sites=PLAN["sites"], unbooked="  ")) == [
        ("campaign.text", "/plan/unbooked")
    ]
    assert (await proposed(stage, **outside)).status_code == 201
    # Waived behind the back of whoever looked at a plan that did not say so.
    assert (await proposed(stage, **PLAN)).status_code == 201
    behind = await stage.post("carol", "/approval", seen)
    assert (behind.status_code, behind.json()["code"]) == (409, "campaign.other-proposal")

    shown = (await stage.get("carol")).json()["plan"]
    assert shown["unbooked"] == PLAN["unbooked"]
    started = await stage.post("carol", "/approval", {"owner": "王工", "plan": shown})
    assert (started.status_code, started.json()["plan"]["unbooked"]) == (200, PLAN["unbooked"])
    async with api.platform.database.read() as uow:
        lines = [(one.operator, one.action) for one in await uow.operations.newest(50)]
    assert [one for one in lines if one[1].endswith("-unbooked")] == [
        ("carol", "campaign.approve-unbooked"),
        ("bob", "campaign.propose-unbooked"),
    ]


async def test_whoever_has_seats_does_not_say_that_there_are_none(api: Service) -> None:
    """A centre that has not answered is not gone round by calling its seats unbooked."""
    stage = await drawn_for_two_centres(api)
    assert (await proposed(stage, unbooked="中心未答复")).status_code == 201
    await venues.booked(api, stage.draw, **seats_for(4, 3))
    fault = [("campaign.unbooked-booked", "/plan/unbooked")]
    assert faults(await stage.post("carol", "/approval")) == fault
    assert faults(await proposed(stage, unbooked="中心未答复")) == fault
