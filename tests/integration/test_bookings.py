"""The dispatch model through the API on both engines: apply, confirm, return, change, cancel, refusals."""

from typing import Any

import httpx
import pytest

from tests.support.service import Service, faults
from tests.support.troubles import refusal
from tests.support.venues import (
    CITY,
    COUNTY,
    SPAN,
    booked,
    centre,
    decide,
    draw,
    hire,
    open_venues,
    seats,
    site,
    wanted,
)

pytestmark = pytest.mark.anyio


def states(answer: httpx.Response) -> tuple[str, list[str]]:
    assert answer.status_code in (200, 201), answer.text
    body = answer.json()
    return body["state"], [one["state"] for one in body["centres"]]


async def test_apply_and_both_centres_confirm(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    assert (one["state"], one["revision"]) == ("pending", 1)
    assert [(part["site"], part["main"]) for part in one["centres"]] == [(CITY, True), (COUNTY, False)]
    assert states(await decide(api, "dana", one, "confirm")) == ("pending", ["confirmed"])
    assert states(await decide(api, "carlo", one, "confirm")) == ("confirmed", ["confirmed"])
    seen = await api.get("bob", f"/v1/bookings/{one['id']}")
    assert states(seen) == ("confirmed", ["confirmed", "confirmed"])


async def test_a_part_is_decided_once(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    assert refusal(await decide(api, "dana", one, "confirm")) == (409, "booking.repeat-approval")
    again = await decide(api, "dana", one, "return", reason="停电")
    assert refusal(again) == (409, "booking.repeat-approval")


async def test_a_returned_part_is_free_for_others_and_the_operator_sees_why(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    returned = await decide(api, "carlo", one, "return", reason="当日停电检修")
    assert states(returned) == ("returned", ["returned"])
    seen = (await api.get("bob", f"/v1/bookings/{one['id']}")).json()
    assert [part["reason"] for part in seen["centres"]] == [None, "当日停电检修"]
    other = wanted(await draw(api, "s2"))
    other["centres"][0]["seats"] = seats(CITY, "m1", 1, 2, 3)
    assert (await api.post("bob", "/v1/bookings", other)).status_code == 201


async def test_an_order_that_was_changed_is_decided_anew(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    await decide(api, "carlo", one, "confirm")
    body = wanted("x") | {"reason": "换席位"}
    del body["draw"]
    body["centres"][1] = centre(COUNTY, "county", *seats(COUNTY, "e1", 3, 4))
    changed = await api.post("bob", f"/v1/bookings/{one['id']}:change", body)
    # The city's time and seats stayed, so its word stands; the county is asked anew.
    assert states(changed) == ("pending", ["confirmed", "pending"])
    stale = await decide(api, "carlo", one, "confirm")
    assert refusal(stale) == (409, "booking.order-changed")
    assert stale.json()["figures"] == {"revision": 2}
    assert states(await decide(api, "carlo", changed.json(), "confirm")) == ("confirmed", ["confirmed"])


async def test_a_change_of_time_asks_every_centre_again(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    await decide(api, "dana", one, "confirm")
    body = wanted("x", to="2026-11-24T11:00:00Z") | {"reason": "延长"}
    del body["draw"]
    changed = await api.post("bob", f"/v1/bookings/{one['id']}:change", body)
    assert states(changed) == ("pending", ["pending", "pending"])


async def test_a_cancelled_order_takes_no_decision_and_its_seats_are_free(api: Service) -> None:
    draw_id = await open_venues(api)
    one = await booked(api, draw_id)
    path = f"/v1/bookings/{one['id']}"
    assert states(await api.post("bob", f"{path}:cancel", {"reason": "改期"}))[0] == "cancelled"
    assert refusal(await decide(api, "dana", one, "confirm")) == (409, "booking.order-cancelled")
    assert refusal(await api.post("bob", f"{path}:cancel", {"reason": "改期"})) == (
        409,
        "booking.order-cancelled",
    )
    body = wanted("x") | {"reason": "恢复"}
    del body["draw"]
    assert refusal(await api.post("bob", f"{path}:change", body)) == (409, "booking.order-cancelled")
    again = await booked(api, draw_id)
    assert (again["id"], again["revision"]) == (one["id"], 3)


async def test_a_draw_has_one_booking_that_holds(api: Service) -> None:
    draw_id = await open_venues(api)
    await booked(api, draw_id)
    free = wanted(draw_id)
    free["centres"][0]["seats"] = seats(CITY, "e1", 4, 5, 6)
    free["centres"][1]["seats"] = seats(COUNTY, "e1", 4, 5)
    assert refusal(await api.post("bob", "/v1/bookings", free)) == (409, "booking.exists")


async def test_a_draw_that_was_given_up_cannot_be_booked(api: Service) -> None:
    draw_id = await open_venues(api)
    await api.post("alice", f"/v1/draws/{draw_id}:abort", {"reason": "fault"})
    answer = await api.post("bob", "/v1/bookings", wanted(draw_id))
    assert refusal(answer) == (409, "booking.draw-over")


async def test_every_fault_of_an_order_is_told_at_once_with_its_words(api: Service) -> None:
    draw_id = await open_venues(api)
    await booked(api, await draw(api, "s2"))
    await api.post(
        "dana",
        f"/v1/venues/{CITY}/seats/{seats(CITY, 'e1', 4)[0]}/reports",
        {"part": "microphone", "condition": "faulty", "note": "无声"},
    )
    body = wanted(draw_id, experts=9)
    body["centres"] = [
        centre(CITY, "city", *seats(CITY, "e1", 1, 4, 99), main=False),
        centre("nowhere", "county", "x", "x"),
    ]
    body["centres"][1]["experts"] = 1
    answer = await api.post("bob", "/v1/bookings", body, Accept_Language="en")
    assert refusal(answer) == (422, "booking.refused")
    assert set(faults(answer)) == {
        ("booking.experts-sum", "/experts"),
        ("booking.one-main", "/centres"),
        ("booking.seat-taken", "/centres/0/seats/0"),
        ("booking.room-taken", "/centres/0/seats/1"),
        ("booking.seat-faulty", "/centres/0/seats/1"),
        ("booking.seat-unknown", "/centres/0/seats/2"),
        ("booking.site-unknown", "/centres/1/site"),
        ("booking.seat-count", "/centres/1/seats"),
        ("booking.seat-twice", "/centres/1/seats/1"),
    }
    assert all(one["detail"].isascii() and "{" not in one["detail"] for one in answer.json()["errors"])
    listed = (await api.get("bob", "/v1/bookings")).json()["items"]
    assert [one["draw"] == draw_id for one in listed] == [False]


async def test_a_time_that_is_no_time_is_refused(api: Service) -> None:
    draw_id = await open_venues(api)
    answer = await api.post("bob", "/v1/bookings", wanted(draw_id, to="2026-13-45T00:00:00Z"))
    assert faults(answer) == [("schema.format", "/to")]


async def test_a_single_room_is_one_projects_alone_even_where_seats_are_left(api: Service) -> None:
    first = await open_venues(api)
    await booked(api, first)
    other = wanted(await draw(api, "s2"), mixed=True)
    other["centres"][0]["seats"] = seats(CITY, "e1", 4, 5, 6)
    other["centres"][1]["seats"] = seats(COUNTY, "m1", 1, 2)
    answer = await api.post("bob", "/v1/bookings", other)
    assert {one for one, _ in faults(answer)} == {"booking.room-taken"}


@pytest.mark.parametrize(
    ("first", "second", "meets"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
async def test_projects_meet_in_a_mixed_room_only_if_both_agreed(
    api: Service, first: bool, second: bool, meets: bool
) -> None:
    one = wanted(await open_venues(api), mixed=first)
    one["centres"][0]["seats"] = seats(CITY, "m1", 1, 2, 3)
    assert (await api.post("bob", "/v1/bookings", one)).status_code == 201
    other = wanted(await draw(api, "s2"), mixed=second)
    other["centres"][0]["seats"] = seats(CITY, "m1", 4, 5, 6)
    other["centres"][1]["seats"] = seats(COUNTY, "m1", 1, 2)
    answer = await api.post("bob", "/v1/bookings", other)
    assert (answer.status_code == 201) is meets, answer.text
    if not meets:
        assert {one for one, _ in faults(answer)} == {"booking.room-taken"}


async def test_a_seat_is_free_again_on_the_half_hour(api: Service) -> None:
    await booked(api, await open_venues(api))
    evening = {"from": "2026-11-24T09:30:00Z", "to": "2026-11-24T12:00:00Z"}
    path = f"/v1/venues:free?from={evening['from']}&to={evening['to']}&need={CITY}=12&need={COUNTY}=13"
    found = (await api.get("bob", path)).json()["items"]
    assert [(one["site"], one["free"], one["seats"] is None) for one in found] == [
        (CITY, 12, False),
        (COUNTY, 12, True),
    ]
    path = path.replace("T09:30", "T09:29")
    assert [one["free"] for one in (await api.get("bob", path)).json()["items"]] == [6, 6]


async def test_a_search_for_no_time_or_one_site_twice_is_refused(api: Service) -> None:
    await open_venues(api)
    span = f"from={SPAN['from']}&to={SPAN['to']}"
    twice = await api.get("bob", f"/v1/venues:free?{span}&need={CITY}=1&need={CITY}=2")
    assert faults(twice) == [("schema.duplicate", "#query/need")]
    backwards = await api.get("bob", f"/v1/venues:free?from={SPAN['to']}&to={SPAN['from']}&need={CITY}=1")
    assert faults(backwards) == [("booking.time-order", "#query/to")]
    assert (await api.get("bob", f"/v1/venues:free?{span}&need={CITY}")).status_code == 400


async def test_a_site_sees_its_own_part_and_another_sites_not_at_all(api: Service) -> None:
    draw_id = await open_venues(api)
    one = await booked(api, draw_id)
    for person, own in (("dana", CITY), ("carlo", COUNTY)):
        seen = (await api.get(person, f"/v1/bookings/{one['id']}")).json()
        assert [part["site"] for part in seen["centres"]] == [own]
        assert (seen["draw"], seen["experts"], seen["centres"][0]["place"]) == (None, None, None)
        assert (await api.get(person, "/v1/bookings")).json()["items"] == [seen]
        assert draw_id not in (await api.get(person, "/v1/bookings")).text
    await api.post("bob", "/v1/venues", {"sites": [site("far")]})
    await hire(api, eve="far")
    assert refusal(await api.get("eve", f"/v1/bookings/{one['id']}")) == (404, "booking.unknown")
    assert refusal(await decide(api, "eve", one, "confirm")) == (404, "booking.unknown")
    assert (await api.get("eve", "/v1/bookings")).json()["items"] == []


async def test_a_site_that_a_change_dropped_learns_so(api: Service) -> None:
    draw_id = await open_venues(api)
    await api.post("bob", "/v1/venues", {"sites": [site("far")]})
    one = await booked(api, draw_id)
    body = wanted("x") | {"reason": "换场地"}
    del body["draw"]
    body["centres"][1] = centre("far", "county", *seats("far", "e1", 1, 2))
    await api.post("bob", f"/v1/bookings/{one['id']}:change", body)
    assert refusal(await decide(api, "carlo", one, "confirm")) == (409, "booking.order-changed")
    assert (await api.get("carlo", "/v1/bookings")).json()["items"] == []


async def test_an_agency_sees_its_own_bookings_and_no_seat(api: Service) -> None:
    one = await booked(api, await open_venues(api))
    seen = (await api.get("alice", f"/v1/bookings/{one['id']}")).json()
    assert [part["seats"] for part in seen["centres"]] == [None, None]
    assert [part["experts"] for part in seen["centres"]] == [3, 2]
    assert (await api.get("mallory", f"/v1/bookings/{one['id']}")).status_code == 404
    assert (await api.get("mallory", "/v1/bookings")).json()["items"] == []


@pytest.mark.parametrize("person", ["alice", "carol", "dana"])
async def test_only_operators_book(api: Service, person: str) -> None:
    draw_id = await open_venues(api)
    assert refusal(await api.post(person, "/v1/bookings", wanted(draw_id))) == (403, "access.role")


@pytest.mark.parametrize("person", ["alice", "bob", "carol"])
async def test_nobody_confirms_for_a_site(api: Service, person: str) -> None:
    one = await booked(api, await open_venues(api))
    assert refusal(await decide(api, person, one, "confirm")) == (403, "access.role")


async def test_pages_of_bookings_follow_the_time(api: Service) -> None:
    await booked(api, await open_venues(api))
    later = wanted(await draw(api, "s2"), **{"from": "2026-11-24T00:00:00Z"})
    later["centres"][0]["seats"] = seats(CITY, "m1", 1, 2, 3)
    later["centres"][1]["seats"] = seats(COUNTY, "m1", 1, 2)
    assert (await api.post("bob", "/v1/bookings", later)).status_code == 201
    first: dict[str, Any] = (await api.get("bob", "/v1/bookings?limit=1")).json()
    rest = (await api.get("bob", f"/v1/bookings?limit=1&cursor={first['next']}")).json()
    assert [page["items"][0]["from"] for page in (first, rest)] == [
        "2026-11-24T00:30:00Z",
        "2026-11-24T00:00:00Z",
    ]
    assert rest["next"] is None


async def test_the_booking_of_a_draw_is_found_by_it_and_by_nobody_who_may_not_know(api: Service) -> None:
    draw = await open_venues(api)
    path = f"/v1/bookings?draw={draw}"
    assert (await api.get("bob", path)).json()["items"] == []
    made = await booked(api, draw)
    for person in ("bob", "carol", "alice"):
        assert [one["id"] for one in (await api.get(person, path)).json()["items"]] == [made["id"]]
    # A site knows its part, never which draw it is for; another agency knows nothing.
    for person in ("dana", "mallory"):
        assert (await api.get(person, path)).json()["items"] == []
