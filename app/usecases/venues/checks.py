"""An order for seats judged whole: by itself, against its draw, and against the seats as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.rounds import parameters_of, rounds_of
from app.usecases.venues.seats import Occupancy, occupancy
from app.usecases.venues.texts import of_order
from draw.lifecycle import ABORTED
from draw.schema import is_time
from remote_eval import booking as rules
from remote_eval.slots import slots_of

_TIMELESS: Final = frozenset({"booking.time-order", "booking.too-long"})
_NO_SEATS: Final = Occupancy(layouts={}, held={}, regimes={}, serves={})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingOrder:
    """What a caller orders for a draw; times in their written form, not yet checked."""

    since: str
    until: str
    experts: int
    mixed: bool
    centres: tuple[rules.Centre, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An order without faults, its slots, and the sites as they were when it was judged."""

    order: rules.Order
    slots: range
    seats: Occupancy


def wanted(row: DrawRow, further: Sequence[DrawRow] = ()) -> rules.Wanted:
    """What a draw asks of its booking. Once `further` rounds topped its committee up, people come from
    wherever those were drawn: any number at each place. Raises ConflictError ``booking.draw-over`` for a draw
    that was given up."""
    if row.state == ABORTED or row.evaluation_from is None or row.evaluation_to is None:
        raise ConflictError("booking.draw-over")
    parameters = parameters_of(row)
    experts = parameters.committee.experts
    places = {one.id: (one.minimum, one.maximum) for one in parameters.sites}
    if further:
        also = {one.id for each in further for one in parameters_of(each).sites}
        places = dict.fromkeys(sorted({*places, *also}), (0, experts))
    return rules.Wanted(
        experts=experts,
        since=from_text(row.evaluation_from),
        until=from_text(row.evaluation_to),
        places=places,
    )


async def checked(
    uow: UnitOfWork, row: DrawRow, asked: BookingOrder, *, now: datetime, besides: str = ""
) -> Checked:
    """The order once nothing is wrong with it; what booking `besides` holds counts as free.

    Raises InputRefusedError ``request.invalid`` or ``booking.refused`` with every fault.
    """
    order = _parsed(asked)
    further = [one for one in await rounds_of(uow, row.id) if one.id != row.id]
    found, seats = rules.order_faults(order, wanted(row, further), now=now), _NO_SEATS
    timeless = any(one.code in _TIMELESS for one in found)
    slots = range(0) if timeless else slots_of(order.since, order.until)
    if not timeless:
        sites = [centre.site for centre in order.centres]
        seats = await occupancy(uow, sites, slots, mode=row.mode, besides=besides)
        found += rules.seat_faults(order, seats.facts(mixed=order.mixed))
    if found:
        raise InputRefusedError("booking.refused", [of_order(one) for one in found])
    return Checked(order=order, slots=slots, seats=seats)


def _parsed(asked: BookingOrder) -> rules.Order:
    faults = [
        Fault(code="schema.format", pointer=pointer)
        for text, pointer in ((asked.since, "/from"), (asked.until, "/to"))
        if not is_time(text)
    ]
    if faults:
        raise InputRefusedError("request.invalid", faults)
    return rules.Order(
        since=from_text(asked.since),
        until=from_text(asked.until),
        experts=asked.experts,
        mixed=asked.mixed,
        centres=asked.centres,
    )
