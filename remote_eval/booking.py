"""Booking orders for the seats of one evaluation over several centres (R06, R72, the dispatch model YDPB).

An order applies, changes or cancels; each centre then confirms or returns its own part. The two tables say
which order a booking takes in which state and which decision a centre may make; `order_faults` and
`seat_faults` find everything wrong with an order at once. Whether a seat is held by somebody else is the
database's word, handed in as a fact.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from remote_eval.errors import BookingError
from remote_eval.slots import slots_of
from remote_eval.venue import HOST, REMOTE

APPLY: Final = "apply"
CHANGE: Final = "change"
CANCEL: Final = "cancel"

# States of a booking; of a centre's part, PENDING, CONFIRMED and RETURNED.
PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"
CANCELLED: Final = "cancelled"
STATES: Final = (PENDING, CONFIRMED, RETURNED, CANCELLED)

CONFIRM: Final = "confirm"
RETURN: Final = "return"

_CHANGED: Final[Mapping[str, str]] = MappingProxyType({CHANGE: PENDING, CANCEL: CANCELLED})
# State (None: no booking yet) to order to the state behind it; what is not here is refused.
TAKES: Final[Mapping[str | None, Mapping[str, str]]] = MappingProxyType(
    {
        None: MappingProxyType({APPLY: PENDING}),
        PENDING: _CHANGED,
        CONFIRMED: _CHANGED,
        RETURNED: _CHANGED,
        CANCELLED: MappingProxyType({APPLY: PENDING}),
    }
)
# A centre's part to decision to the part behind it: decided is decided, until the order changes.
DECISIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        PENDING: MappingProxyType({CONFIRM: CONFIRMED, RETURN: RETURNED}),
        CONFIRMED: MappingProxyType({}),
        RETURNED: MappingProxyType({}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFault:
    """One thing wrong with an order: code, JSON pointer into the order, figures for the text."""

    code: str
    pointer: str
    figures: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """What an order asks of one centre. `place` is the id of a site in the draw's request; `site` the venue
    that stands for it.
    """

    site: str
    place: str
    main: bool
    experts: int
    seats: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An application: when, how many experts in all, where. `mixed`: the project agrees to mixed rooms."""

    since: datetime
    until: datetime
    experts: int
    mixed: bool
    centres: tuple[Centre, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the draw asks for: drawn experts, the span of the evaluation, and least and most per place."""

    experts: int
    since: datetime
    until: datetime
    places: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFacts:
    """What is known of one seat at the time of the order."""

    seated_zone: bool
    faulty: tuple[str, ...]
    taken: bool
    room_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What is known of one site: the parts it can take, its seats by id."""

    serves: frozenset[str]
    seats: Mapping[str, SeatFacts]


def ordered(state: str | None, order: str) -> str:
    """The state behind an order.

    Raises BookingError ``booking.exists``, ``booking.none`` or ``booking.order-cancelled``.
    """
    target = TAKES[state].get(order)
    if target is not None:
        return target
    if state is None:
        raise BookingError("booking.none")
    raise BookingError("booking.order-cancelled" if state == CANCELLED else "booking.exists")


def decided(state: str, part: str, decision: str, *, revision: int, current: int) -> str:
    """The centre's part behind its decision about `revision` of a booking that stands at `current`.

    Raises BookingError ``booking.order-cancelled``, ``booking.order-changed`` or ``booking.repeat-approval``.
    """
    if state == CANCELLED:
        raise BookingError("booking.order-cancelled")
    if revision != current:
        raise BookingError("booking.order-changed", revision=current)
    target = DECISIONS[part].get(decision)
    if target is None:
        raise BookingError("booking.repeat-approval")
    return target


def together(parts: Sequence[str]) -> str:
    """The state of a booking from the parts of its centres."""
    if RETURNED in parts:
        return RETURNED
    return CONFIRMED if all(part == CONFIRMED for part in parts) else PENDING


def order_faults(order: Order, wanted: Wanted, *, now: datetime) -> list[OrderFault]:
    """Everything wrong with an order by itself and against its draw."""
    return [
        *_time_faults(order, wanted, now),
        *_number_faults(order, wanted),
        *_main_faults(order),
        *_place_faults(order, wanted),
        *_count_faults(order),
    ]


def seat_faults(order: Order, sites: Mapping[str, SiteFacts]) -> list[OrderFault]:
    """Everything that the sites have against an order; a site that is not in `sites` is unknown."""
    found: list[OrderFault] = []
    for at, centre in enumerate(order.centres):
        facts, here = sites.get(centre.site), f"/centres/{at}"
        if facts is None:
            found.append(OrderFault(code="booking.site-unknown", pointer=f"{here}/site"))
            continue
        if (HOST if centre.main else REMOTE) not in facts.serves:
            found.append(OrderFault(code="booking.site-part", pointer=f"{here}/main"))
        for index, seat in enumerate(centre.seats):
            found += one_seat_faults(facts.seats.get(seat), f"{here}/seats/{index}")
    return found


def one_seat_faults(facts: SeatFacts | None, at: str) -> list[OrderFault]:
    """What stands against one seat; None: the site has no such seat."""
    if facts is None:
        return [OrderFault(code="booking.seat-unknown", pointer=at)]
    found = []
    if not facts.seated_zone:
        found.append(OrderFault(code="booking.seat-zone", pointer=at))
    if facts.faulty:
        parts: dict[str, object] = {"parts": ", ".join(facts.faulty)}
        found.append(OrderFault(code="booking.seat-faulty", pointer=at, figures=parts))
    if facts.taken:
        found.append(OrderFault(code="booking.seat-taken", pointer=at))
    elif facts.room_taken:
        found.append(OrderFault(code="booking.room-taken", pointer=at))
    return found


def _time_faults(order: Order, wanted: Wanted, now: datetime) -> Iterator[OrderFault]:
    try:
        slots_of(order.since, order.until)
    except BookingError as error:
        yield OrderFault(code=error.code, pointer="/to", figures=error.details)
        return
    if order.since < now:
        yield OrderFault(code="booking.past", pointer="/from")
    if order.since > wanted.since:
        yield OrderFault(code="booking.begins-late", pointer="/from")
    if order.until < wanted.until:
        yield OrderFault(code="booking.ends-early", pointer="/to")


def _number_faults(order: Order, wanted: Wanted) -> Iterator[OrderFault]:
    """Seat count equals application; and the application has room for the committee."""
    asked = sum(centre.experts for centre in order.centres)
    if asked != order.experts:
        figures: dict[str, object] = {"asked": order.experts, "found": asked}
        yield OrderFault(code="booking.experts-sum", pointer="/experts", figures=figures)
    if order.experts < wanted.experts:
        short: dict[str, object] = {"needed": wanted.experts, "found": order.experts}
        yield OrderFault(code="booking.experts-short", pointer="/experts", figures=short)


def _main_faults(order: Order) -> Iterator[OrderFault]:
    mains = sum(centre.main for centre in order.centres)
    if mains != 1:
        yield OrderFault(code="booking.one-main", pointer="/centres", figures={"found": mains})


def _place_faults(order: Order, wanted: Wanted) -> Iterator[OrderFault]:
    """Each place of the draw has one centre, each centre its own site."""
    places = Counter(centre.place for centre in order.centres)
    sites = Counter(centre.site for centre in order.centres)
    for at, centre in enumerate(order.centres):
        if sites[centre.site] > 1:
            yield OrderFault(code="booking.site-twice", pointer=f"/centres/{at}/site")
        if places[centre.place] > 1:
            yield OrderFault(code="booking.place-twice", pointer=f"/centres/{at}/place")
        bounds = wanted.places.get(centre.place)
        if bounds is None:
            yield OrderFault(code="booking.place-unknown", pointer=f"/centres/{at}/place")
        elif not bounds[0] <= centre.experts <= bounds[1]:
            figures: dict[str, object] = {"least": bounds[0], "most": bounds[1]}
            yield OrderFault(code="booking.place-range", pointer=f"/centres/{at}/experts", figures=figures)
    for place in wanted.places:
        if place not in places:
            yield OrderFault(code="booking.place-missing", pointer="/centres", figures={"place": place})


def _count_faults(order: Order) -> Iterator[OrderFault]:
    """Expert count equals seat count at each centre, and no seat twice."""
    for at, centre in enumerate(order.centres):
        if len(centre.seats) != centre.experts:
            figures: dict[str, object] = {"experts": centre.experts, "seats": len(centre.seats)}
            yield OrderFault(code="booking.seat-count", pointer=f"/centres/{at}/seats", figures=figures)
        for index, seat in enumerate(centre.seats):
            if seat in centre.seats[:index]:
                yield OrderFault(code="booking.seat-twice", pointer=f"/centres/{at}/seats/{index}")
