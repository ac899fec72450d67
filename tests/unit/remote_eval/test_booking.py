"""Each message of the dispatch model: an order that breaks exactly one rule is told exactly that one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from remote_eval.booking import (
    APPLY,
    CANCEL,
    CANCELLED,
    CHANGE,
    CONFIRM,
    CONFIRMED,
    PENDING,
    RETURN,
    RETURNED,
    STATES,
    Centre,
    Order,
    SeatFacts,
    SiteFacts,
    Wanted,
    decided,
    order_faults,
    ordered,
    seat_faults,
    together,
)
from remote_eval.errors import BookingError

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SINCE = NOW + timedelta(days=1)
UNTIL = SINCE + timedelta(hours=4)
WANTED = Wanted(experts=5, since=SINCE, until=UNTIL, places={"city": (2, 4), "county": (1, 3)})
CITY = Centre(site="s-city", place="city", main=True, experts=3, seats=("a1", "a2", "a3"))
COUNTY = Centre(site="s-county", place="county", main=False, experts=2, seats=("b1", "b2"))
ORDER = Order(since=SINCE, until=UNTIL, experts=5, mixed=False, centres=(CITY, COUNTY))
GOOD = SeatFacts(seated_zone=True, faulty=(), taken=False, room_taken=False)
SITES = {
    "s-city": SiteFacts(serves=frozenset({"host", "remote"}), seats=dict.fromkeys(("a1", "a2", "a3"), GOOD)),
    "s-county": SiteFacts(serves=frozenset({"remote"}), seats=dict.fromkeys(("b1", "b2"), GOOD)),
}


def told(order: Order, wanted: Wanted = WANTED) -> list[tuple[str, str]]:
    return [(one.code, one.pointer) for one in order_faults(order, wanted, now=NOW)]


def with_centres(*centres: Centre, experts: int = 5) -> Order:
    return replace(ORDER, centres=centres, experts=experts)


def test_an_order_in_order_has_no_fault() -> None:
    assert told(ORDER) == []
    assert seat_faults(ORDER, SITES) == []


FAULTY: dict[str, tuple[Order, list[tuple[str, str]]]] = {
    "no main site": (
        with_centres(replace(CITY, main=False), COUNTY),
        [("booking.one-main", "/centres")],
    ),
    "two main sites": (
        with_centres(CITY, replace(COUNTY, main=True)),
        [("booking.one-main", "/centres")],
    ),
    "seat count is not the application's": (
        replace(ORDER, experts=6),
        [("booking.experts-sum", "/experts")],
    ),
    "expert count is not the seat count": (
        with_centres(replace(CITY, seats=("a1", "a2")), COUNTY),
        [("booking.seat-count", "/centres/0/seats")],
    ),
    "one seat for two experts": (
        with_centres(replace(CITY, seats=("a1", "a2", "a1")), COUNTY),
        [("booking.seat-twice", "/centres/0/seats/2")],
    ),
    "fewer seats than drawn experts": (
        with_centres(replace(CITY, experts=2, seats=("a1", "a2")), COUNTY, experts=4),
        [("booking.experts-short", "/experts")],
    ),
    "more at a place than the draw may send there": (
        with_centres(CITY, replace(COUNTY, experts=4, seats=("b1", "b2", "b3", "b4")), experts=7),
        [("booking.place-range", "/centres/1/experts")],
    ),
    "one site for two places": (
        with_centres(CITY, replace(COUNTY, site="s-city")),
        [("booking.site-twice", "/centres/0/site"), ("booking.site-twice", "/centres/1/site")],
    ),
    "a place that the draw does not know, another without a centre": (
        with_centres(CITY, replace(COUNTY, place="moon")),
        [("booking.place-unknown", "/centres/1/place"), ("booking.place-missing", "/centres")],
    ),
    "one place twice, another without a centre": (
        with_centres(CITY, replace(COUNTY, place="city")),
        [
            ("booking.place-twice", "/centres/0/place"),
            ("booking.place-twice", "/centres/1/place"),
            ("booking.place-missing", "/centres"),
        ],
    ),
    "it begins when the evaluation has begun": (
        replace(ORDER, since=SINCE + timedelta(minutes=30)),
        [("booking.begins-late", "/from")],
    ),
    "it ends before the evaluation": (
        replace(ORDER, until=UNTIL - timedelta(minutes=30)),
        [("booking.ends-early", "/to")],
    ),
    "it has begun already": (replace(ORDER, since=NOW - timedelta(minutes=1)), [("booking.past", "/from")]),
    "it ends before it begins": (replace(ORDER, until=SINCE), [("booking.time-order", "/to")]),
    "it lasts for weeks": (replace(ORDER, until=SINCE + timedelta(days=8)), [("booking.too-long", "/to")]),
}


@pytest.mark.parametrize("case", FAULTY)
def test_an_order_that_breaks_one_rule_is_told_that_rule(case: str) -> None:
    order, expected = FAULTY[case]
    assert told(order) == expected


def test_every_fault_is_told_at_once() -> None:
    wrong = replace(
        with_centres(replace(CITY, main=False, seats=("a1",)), experts=9), until=UNTIL - timedelta(hours=1)
    )
    assert {code for code, _ in told(wrong)} == {
        "booking.ends-early",
        "booking.experts-sum",
        "booking.one-main",
        "booking.place-missing",
        "booking.seat-count",
    }


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(GOOD, faulty=("microphone",)), "booking.seat-faulty"),
        (replace(GOOD, taken=True), "booking.seat-taken"),
        (replace(GOOD, room_taken=True), "booking.room-taken"),
        (replace(GOOD, seated_zone=False), "booking.seat-zone"),
        (None, "booking.seat-unknown"),
    ],
)
def test_a_seat_that_cannot_be_had_is_named(facts: SeatFacts | None, code: str) -> None:
    seats = {"b1": GOOD} | ({"b2": facts} if facts else {})
    sites = SITES | {"s-county": replace(SITES["s-county"], seats=seats)}
    assert [(one.code, one.pointer) for one in seat_faults(ORDER, sites)] == [(code, "/centres/1/seats/1")]


def test_a_site_that_only_assists_cannot_be_the_main_site() -> None:
    turned = with_centres(replace(CITY, main=False), replace(COUNTY, main=True))
    assert [(one.code, one.pointer) for one in seat_faults(turned, SITES)] == [
        ("booking.site-part", "/centres/1/main")
    ]


def test_an_unknown_site_is_one_fault_and_hides_none_of_the_others() -> None:
    known = {"s-county": replace(SITES["s-county"], seats={})}
    assert [one.code for one in seat_faults(ORDER, known)] == [
        "booking.site-unknown",
        "booking.seat-unknown",
        "booking.seat-unknown",
    ]


LAWFUL: dict[tuple[str | None, str], str] = {
    (None, APPLY): PENDING,
    (CANCELLED, APPLY): PENDING,
    **{(state, CHANGE): PENDING for state in (PENDING, CONFIRMED, RETURNED)},
    **{(state, CANCEL): CANCELLED for state in (PENDING, CONFIRMED, RETURNED)},
}


@pytest.mark.parametrize("order", [APPLY, CHANGE, CANCEL])
@pytest.mark.parametrize("state", [None, *STATES])
def test_every_pair_of_state_and_order(state: str | None, order: str) -> None:
    if (state, order) in LAWFUL:
        assert ordered(state, order) == LAWFUL[state, order]
        return
    codes: dict[str | None, str] = {None: "booking.none", CANCELLED: "booking.order-cancelled"}
    code = codes.get(state, "booking.exists")
    with pytest.raises(BookingError, match=code):
        ordered(state, order)


@pytest.mark.parametrize("decision", [CONFIRM, RETURN])
@pytest.mark.parametrize("part", [CONFIRMED, RETURNED])
def test_what_a_centre_decided_is_not_decided_again(part: str, decision: str) -> None:
    with pytest.raises(BookingError, match=r"booking\.repeat-approval"):
        decided(PENDING, part, decision, revision=1, current=1)


def test_a_centre_confirms_or_returns_a_pending_part() -> None:
    assert decided(PENDING, PENDING, CONFIRM, revision=2, current=2) == CONFIRMED
    assert decided(RETURNED, PENDING, RETURN, revision=2, current=2) == RETURNED


def test_an_order_that_was_changed_or_cancelled_takes_no_decision() -> None:
    with pytest.raises(BookingError, match=r"booking\.order-changed"):
        decided(PENDING, PENDING, CONFIRM, revision=1, current=2)
    with pytest.raises(BookingError, match=r"booking\.order-cancelled"):
        decided(CANCELLED, PENDING, CONFIRM, revision=1, current=1)


def test_a_booking_is_confirmed_when_every_centre_has_and_returned_when_one_has() -> None:
    assert together([CONFIRMED, CONFIRMED]) == CONFIRMED
    assert together([CONFIRMED, PENDING]) == PENDING
    assert together([CONFIRMED, RETURNED, PENDING]) == RETURNED
