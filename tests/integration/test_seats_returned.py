"""A seat is given only where the centre has said yes, and never while somebody of another draw has it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.times import from_text, to_text
from crypto.canonical import parse
from tests.support import venues
from tests.support.arriving import CITY, COUNTY, Arriving, ask_again, confirm
from tests.support.calling import Letter, later
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio
SEAT = f"{CITY}-e1-1"


async def ask_for_seat(arriving: Arriving, arrival: str) -> tuple[int, str]:
    return refusal(await arriving.post("dana", f"/desk/arrivals/{arrival}/seat"))


async def test_a_returned_seat_is_given_to_nobody(arriving: Arriving) -> None:
    """What a centre has returned is free for the next draw: the desk must not put anybody there."""
    booking = await ask_again(arriving)
    returned = {"revision": booking["revision"], "reason": "停电"}
    assert (await arriving.post("dana", f"/bookings/{booking['id']}:return", returned)).status_code == 200
    arrival = await arriving.inside(arriving.letters[CITY][0])
    assert await ask_for_seat(arriving, arrival) == (409, "seat.returned")
    assert await arriving.state(arrival) == "inside"


async def test_a_seat_waits_for_the_word_of_its_centre(arriving: Arriving) -> None:
    booking = await ask_again(arriving)
    arrival = await arriving.inside(arriving.letters[CITY][0])
    assert await ask_for_seat(arriving, arrival) == (409, "seat.unconfirmed")
    await confirm(arriving, booking, "carlo")
    assert await ask_for_seat(arriving, arrival) == (409, "seat.unconfirmed")
    await confirm(arriving, booking, "dana")
    assert (await arriving.seat(arrival))["seat"].startswith(f"{CITY}-e1-")


async def the_next_draw(arriving: Arriving) -> list[Letter]:
    """Another draw has the same seats once the booking of the first is over; its letters for the city, except
    of those who are there already, drawn twice."""
    (first,) = (await arriving.get("olga", "/bookings")).json()["items"]
    calling, known = arriving.calling, set(arriving.calling.seen)
    row = await calling.started_at("s2", later(first["to"], minutes=30))
    await calling.fill(row)
    fresh = [one for one in calling.letters() if one.keys.id not in known]
    sites = {one.keys.id: await calling.of(one) for one in fresh}
    coming = [one for one in fresh if sites[one.keys.id].state == "accepted"]
    at = {site: [one for one in coming if sites[one.keys.id].venue_site == site] for site in (CITY, COUNTY)}
    # Whoever of the first draw sits in the city sits on one of these.
    numbers = {CITY: 4, COUNTY: len(at[COUNTY])}
    asked = {
        "draw": row.id,
        "from": first["to"],
        "to": to_text(from_text(first["to"]) + timedelta(hours=5)),
        "experts": sum(numbers.values()),
        "mixed": False,
        "centres": [
            venues.centre(CITY, "city", *venues.seats(CITY, "e1", *range(1, numbers[CITY] + 1)), main=True),
            venues.centre(COUNTY, "county", *venues.seats(COUNTY, "e1", *range(1, numbers[COUNTY] + 1))),
        ],
    }
    booked = await arriving.post("olga", "/bookings", asked)
    assert booked.status_code == 201, booked.text
    await confirm(arriving, booked.json(), "dana", "carlo")
    there = {await arriving.document(one) for one in arriving.letters[CITY]}
    return [one for one in at[CITY] if await arriving.document(one) not in there]


async def only_one_seat_works(arriving: Arriving) -> None:
    """Every other seat of the room is out of order."""
    report = {"part": "microphone", "condition": "faulty", "note": "无声"}
    for number in range(2, 7):
        path = f"/venues/{CITY}/seats/{CITY}-e1-{number}/reports"
        assert (await arriving.post("dana", path, report)).status_code == 201


async def test_two_draws_that_race_for_one_seat_get_it_once(arriving: Arriving) -> None:
    """The first draw runs over; its late seat and the first seat of the next draw are asked for at once."""
    mine = await arriving.inside(arriving.letters[CITY][0], "A-01")
    theirs_letters = await the_next_draw(arriving)
    await arriving.calling.until(later(arriving.row.evaluation_from or "", hours=6, minutes=1))
    await arriving.heartbeats()
    theirs = await arriving.inside(theirs_letters[0], "A-02")
    await only_one_seat_works(arriving)
    answers = await asyncio.gather(
        arriving.post("dana", f"/desk/arrivals/{mine}/seat"),
        arriving.post("dora", f"/desk/arrivals/{theirs}/seat"),
    )
    assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
    won, lost = sorted(answers, key=lambda one: one.status_code)
    assert won.json()["seat"] == SEAT
    assert refusal(lost) == (409, "seat.none-free")
    async with arriving.platform.database.read() as uow:
        assert len(await uow.seat_access.open_at(CITY, SEAT)) == 1


async def test_who_still_sits_keeps_the_seat_and_the_document_says_so(arriving: Arriving) -> None:
    """The first draw runs over: the next one's people are seated around those who still sit."""
    sitting = await arriving.seat(await arriving.inside(arriving.letters[CITY][0], "A-01"))
    letters = await the_next_draw(arriving)
    await arriving.calling.until(later(arriving.row.evaluation_from or "", hours=6, minutes=1))
    await arriving.heartbeats()
    arrival = await arriving.inside(letters[0], "A-02")
    given = await arriving.seat(arrival)
    assert given["seat"] != sitting["seat"]
    async with arriving.platform.database.read() as uow:
        seating = await uow.seat_access.seating_of(arrival)
    assert seating is not None
    document: Any = parse(seating.document, max_bytes=65_536)
    assert document["occupied"] == [sitting["seat"]]
