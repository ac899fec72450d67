"""Races for seats between two servers, a move by two hours, and seats that break after they were booked."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import ConflictError, InputRefusedError
from app.store.repositories.bookings import SeatHold
from app.store.unit_of_work import UnitOfWork
from app.store.venue_tables import room_slots, seat_slots
from app.usecases.operations import Actor
from app.usecases.venues.bookings import Booked
from app.usecases.venues.moves import rebook
from app.usecases.venues.orders import Act
from app.usecases.venues.places import places
from tests.support.service import Service, faults
from tests.support.venues import CITY, COUNTY, booked, decide, draw, open_venues, seats, wanted

pytestmark = pytest.mark.anyio
TWO_HOURS = timedelta(hours=2)
BOB = Actor(person="bob", address="test", source="test")


async def move(api: Service, draw_id: str, shift: timedelta = TWO_HOURS) -> Booked | None:
    act = Act(actor=BOB, at=api.platform.clock(), reason="招标人改期")
    return await api.platform.database.transact(lambda uow: rebook(uow, draw_id, shift=shift, act=act))


async def held(api: Service) -> Counter[tuple[str, int]]:
    """How often each seat and slot is held, and that no slot of a room outlives its seats."""
    async with api.platform.database.read() as uow:
        rows = await uow.bookings._connection.execute(select(seat_slots.c.seat_id, seat_slots.c.slot))
        found = Counter((row.seat_id, row.slot) for row in rows)
        rooms = await uow.bookings._connection.execute(select(room_slots))
        seats_of = {
            (row.site_id, row.room_id, row.slot)
            for row in await uow.bookings._connection.execute(select(seat_slots))
        }
        assert {(row.site_id, row.room_id, row.slot) for row in rooms} == seats_of
    return found


async def test_of_two_servers_that_book_one_seat_at_once_one_wins_and_one_is_told(
    api: Service, second_api: Service
) -> None:
    draws = [await open_venues(api), await draw(api, "s2")]
    orders = [wanted(one) for one in draws]
    answers = await asyncio.gather(
        api.post("bob", "/v1/bookings", orders[0]), second_api.post("bob", "/v1/bookings", orders[1])
    )
    assert sorted(one.status_code for one in answers) == [201, 422]
    lost = next(one for one in answers if one.status_code == 422)
    assert {code for code, _ in faults(lost)} == {"booking.seat-taken"}
    assert len(faults(lost)) == 5
    assert set((await held(api)).values()) == {1}
    assert len((await api.get("bob", "/v1/bookings")).json()["items"]) == 1


async def test_two_servers_book_one_draw_once(api: Service, second_api: Service) -> None:
    draw_id = await open_venues(api)
    answers = await asyncio.gather(
        api.post("bob", "/v1/bookings", wanted(draw_id)),
        second_api.post("bob", "/v1/bookings", wanted(draw_id)),
    )
    assert sorted(one.status_code for one in answers) == [201, 409]


async def test_two_servers_share_a_mixed_room_at_once(api: Service, second_api: Service) -> None:
    orders = [wanted(await open_venues(api), mixed=True), wanted(await draw(api, "s2"), mixed=True)]
    for number, order in enumerate(orders):
        for part, size in zip(order["centres"], (3, 2), strict=True):
            part["seats"] = seats(part["site"], "m1", *range(1 + 3 * number, 1 + 3 * number + size))
    answers = await asyncio.gather(
        api.post("bob", "/v1/bookings", orders[0]), second_api.post("bob", "/v1/bookings", orders[1])
    )
    assert [one.status_code for one in answers] == [201, 201], [one.text for one in answers]
    await api.post("bob", f"/v1/bookings/{answers[0].json()['id']}:cancel", {"reason": "撤销"})
    assert {seat for seat, _ in await held(api)} == {
        *seats(CITY, "m1", 4, 5, 6),
        *seats(COUNTY, "m1", 4, 5),
    }


async def test_one_part_is_confirmed_once_by_two_servers(api: Service, second_api: Service) -> None:
    one = await booked(api, await open_venues(api))
    answers = await asyncio.gather(
        decide(api, "dana", one, "confirm"), decide(second_api, "dana", one, "return", reason="停电")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_the_database_itself_keeps_two_bookings_off_one_seat(api: Service) -> None:
    """Whoever goes past every check meets the primary key of seat and slot."""
    one = await booked(api, await open_venues(api))
    async with api.platform.database.read() as uow:
        rows = await uow.bookings._connection.execute(select(seat_slots).limit(1))
        row = dict(rows.one()._mapping)
    other = await api.post("bob", "/v1/bookings", wanted(await draw(api, "s2"), **LATE))
    stolen = row | {"booking_id": other.json()["id"], "regime": other.json()["id"]}
    assert row["booking_id"] == one["id"]
    with pytest.raises(IntegrityError):
        async with api.platform.database.write() as uow:
            await uow.bookings._connection.execute(seat_slots.insert().values(**stolen))


LATE = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-24T09:30:00Z"} | {
    "centres": [
        {"site": CITY, "place": "city", "main": True, "experts": 3, "seats": seats(CITY, "m1", 1, 2, 3)},
        {"site": COUNTY, "place": "county", "main": False, "experts": 2, "seats": seats(COUNTY, "m1", 1, 2)},
    ]
}


@pytest.mark.parametrize("claims", ["alone", "shared"])
async def test_the_database_itself_keeps_two_bookings_out_of_one_room(api: Service, claims: str) -> None:
    """A free seat of a room that another booking has alone is refused by the reference to the room's slot."""
    await booked(api, await open_venues(api))
    other = (await api.post("bob", "/v1/bookings", wanted(await draw(api, "s2"), **LATE))).json()["id"]
    async with api.platform.database.read() as uow:
        rows = await uow.bookings._connection.execute(
            select(seat_slots.c.slot).where(seat_slots.c.seat_id == seats(CITY, "e1", 1)[0])
        )
        slot = rows.scalars().first()
    hold = SeatHold(site_id=CITY, room_id="e1", seat_id=seats(CITY, "e1", 6)[0], shared=claims == "shared")

    async def intrude(uow: UnitOfWork) -> None:
        assert slot is not None
        await uow.bookings.take(other, [hold], range(slot, slot + 1))

    with pytest.raises(ConflictError, match=r"store\.write-conflict"):
        async with api.platform.database.write() as uow:
            await intrude(uow)


async def test_a_move_by_two_hours_takes_the_seats_along_and_asks_every_centre_again(api: Service) -> None:
    draw_id = await open_venues(api)
    one = await booked(api, draw_id)
    await decide(api, "dana", one, "confirm")
    before = await held(api)
    moved = await move(api, draw_id)
    assert moved is not None
    assert (moved.booking.since, moved.booking.until) == ("2026-11-24T02:30:00Z", "2026-11-24T11:30:00Z")
    assert [part.state for part in moved.centres] == ["pending", "pending"]
    assert [list(part.seats) for part in moved.centres] == [part["seats"] for part in one["centres"]]
    # Four half hours later, everything else as before.
    assert await held(api) == Counter({(seat, slot + 4): 1 for seat, slot in before})
    assert (await decide(api, "dana", one, "confirm")).json()["code"] == "booking.order-changed"


async def test_a_move_into_taken_seats_takes_others_and_nothing_is_booked_twice(api: Service) -> None:
    draw_id = await open_venues(api)
    await booked(api, draw_id)
    evening = {"from": "2026-11-24T09:30:00Z", "to": "2026-11-24T12:00:00Z"}
    other = await draw(api, "s2")
    async with api.platform.database.write() as uow:
        await uow.draws.advance(
            other,
            expected=0,
            evaluation_from="2026-11-24T10:00:00Z",
            evaluation_to="2026-11-24T11:00:00Z",
        )
    await booked(api, other, **evening)
    moved = await move(api, draw_id)
    assert moved is not None
    # Room e1 is the other project's alone in the evening: everybody goes to room m1.
    assert [list(part.seats) for part in moved.centres] == [
        seats(CITY, "m1", 1, 2, 3),
        seats(COUNTY, "m1", 1, 2),
    ]
    assert set((await held(api)).values()) == {1}


async def test_a_move_without_enough_seats_moves_nothing_at_all(api: Service) -> None:
    draw_id = await open_venues(api)
    await booked(api, draw_id)
    for name in ("e1", "m1"):
        for number in range(1, 7):
            seat = seats(COUNTY, name, number)[0]
            if (name, number) != ("e1", 1):
                path = f"/v1/venues/{COUNTY}/seats/{seat}/reports"
                await api.post("carlo", path, {"part": "pc", "condition": "faulty", "note": "进水"})
    before = await held(api)
    with pytest.raises(InputRefusedError) as refusal:
        await move(api, draw_id)
    assert [(one.code, one.figures) for one in refusal.value.faults] == [
        ("booking.too-few", {"site": COUNTY, "needed": 2, "free": 1})
    ]
    assert await held(api) == before
    # Whoever goes on in the same transaction after the refusal has lost nothing either.
    async with api.platform.database.write() as uow:
        act = Act(actor=BOB, at=api.platform.clock(), reason="x")
        with pytest.raises(InputRefusedError):
            await rebook(uow, draw_id, shift=TWO_HOURS, act=act)
    assert await held(api) == before


async def test_a_move_into_the_past_is_refused(api: Service) -> None:
    draw_id = await open_venues(api)
    await booked(api, draw_id)
    with pytest.raises(ConflictError, match=r"booking\.past"):
        await move(api, draw_id, timedelta(days=-2))


async def test_a_draw_without_a_booking_moves_freely(api: Service) -> None:
    draw_id = await open_venues(api)
    assert await move(api, draw_id) is None
    one = await booked(api, draw_id)
    await api.post("bob", f"/v1/bookings/{one['id']}:cancel", {"reason": "撤销"})
    assert await move(api, draw_id) is None


async def test_two_moves_at_once_leave_one_booking_with_one_seat_each(
    api: Service, second_api: Service
) -> None:
    draw_id = await open_venues(api)
    await booked(api, draw_id)
    await asyncio.gather(move(api, draw_id), move(second_api, draw_id))
    found = await held(api)
    assert set(found.values()) == {1}
    assert len({seat for seat, _ in found}) == 5
    async with api.platform.database.read() as uow:
        booking = await uow.bookings.of_draw(draw_id)
        assert booking is not None
        # One after the other: four hours in all.
        assert (booking.since, booking.revision) == ("2026-11-24T04:30:00Z", 3)


async def test_a_seat_that_breaks_is_swapped_by_the_site_and_its_word_stands(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    broken = seats(CITY, "e1", 2)[0]
    await api.post(
        "dana",
        f"/v1/venues/{CITY}/seats/{broken}/reports",
        {"part": "camera", "condition": "faulty", "note": "黑屏"},
    )
    swapped = await api.post("dana", f"/v1/bookings/{one['id']}:swap", {"seat": broken})
    assert swapped.status_code == 200, swapped.text
    (part,) = swapped.json()["centres"]
    assert (part["state"], part["seats"]) == ("confirmed", seats(CITY, "e1", 1, 4, 3))
    found = await held(api)
    assert broken not in {seat for seat, _ in found}
    assert set(found.values()) == {1}


async def test_a_swap_to_a_seat_that_is_not_to_be_had_is_refused(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    path, own = f"/v1/bookings/{one['id']}:swap", seats(CITY, "e1", 1)[0]
    faulty = seats(CITY, "e1", 5)[0]
    await api.post(
        "dana",
        f"/v1/venues/{CITY}/seats/{faulty}/reports",
        {"part": "speaker", "condition": "faulty", "note": "无声"},
    )
    for instead, code in (
        (faulty, "booking.seat-faulty"),
        (seats(CITY, "e1", 2)[0], "booking.seat-taken"),
        (seats(COUNTY, "e1", 5)[0], "booking.seat-unknown"),
    ):
        answer = await api.post("dana", path, {"seat": own, "instead": instead})
        assert faults(answer) == [(code, "/instead")]
    foreign = await api.post("dana", path, {"seat": seats(COUNTY, "e1", 1)[0]})
    assert foreign.json()["code"] == "seat.unknown"
    await decide(api, "dana", one, "return", reason="停电")
    assert (await api.post("dana", path, {"seat": own})).json()["code"] == "booking.part-returned"


async def test_the_places_of_a_draw_are_told_to_whoever_invites(api: Service) -> None:
    draw_id = await open_venues(api)
    async with api.platform.database.read() as uow:
        assert await places(uow, draw_id) == {}
    one = await booked(api, draw_id)
    await decide(api, "dana", one, "confirm")
    async with api.platform.database.read() as uow:
        found = await places(uow, draw_id)
    assert {name: (at.site_id, at.address, at.state, at.main) for name, at in found.items()} == {
        "city": (CITY, f"{CITY} 1 号", "confirmed", True),
        "county": (COUNTY, f"{COUNTY} 1 号", "pending", False),
    }
