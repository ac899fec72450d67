"""A booking that ends later, while its people sit: the same seats, taken for the half hours that come.

`prolong` works in its caller's transaction, together with whatever else the later end changes: every seat is
had until then, or nothing moved. Each centre keeps what it decided, as nobody comes or goes by it; the order
stands on record with its reason.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.bookings import Booking, OrderRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.rounds import booking_of
from app.usecases.venues.bookings import Booked, advance, refusal, whole
from app.usecases.venues.orders import Act
from app.usecases.venues.seats import Occupancy, hold, occupancy
from app.usecases.venues.texts import fault
from remote_eval import booking as rules
from remote_eval.errors import BookingError
from remote_eval.slots import slots_of


async def prolong(uow: UnitOfWork, draw_id: str, *, until: datetime, act: Act) -> Booked:
    """The booking of a draw, until then; as it is where it ends no earlier.

    Raises ConflictError ``booking.none``, ``booking.order-cancelled`` or ``booking.too-long``, and
    InputRefusedError ``booking.refused`` with a fault for each seat that somebody else has by then.
    """
    booking = await booking_of(uow, draw_id)
    if booking is None or booking.state == rules.CANCELLED:
        raise ConflictError("booking.none" if booking is None else "booking.order-cancelled")
    seen = await whole(uow, booking)
    if until <= from_text(booking.until):
        return seen
    await _take(uow, seen, _more(booking, until))
    return await _ordered(uow, seen, until, act)


def _more(booking: Booking, until: datetime) -> range:
    """The slots that the booking does not hold yet."""
    since = from_text(booking.since)
    try:
        return range(slots_of(since, from_text(booking.until)).stop, slots_of(since, until).stop)
    except BookingError as error:
        raise refusal(error) from error


async def _take(uow: UnitOfWork, seen: Booked, slots: range) -> None:
    """Hold the seats over these slots too; there may be none, when the last one is not over."""
    if not slots:
        return
    booking = seen.booking
    sites = [one.site_id for one in seen.centres]
    seats = await occupancy(uow, sites, slots, mode=booking.mode, besides=booking.id)
    faults = list(_taken(seen, seats))
    if faults:
        raise InputRefusedError("booking.refused", faults)
    holds = [
        hold(seats.layouts[part.site_id], seat, mixed=booking.mixed)
        for part in seen.centres
        for seat in part.seats
    ]
    await uow.bookings.take(booking.id, holds, slots)


def _taken(seen: Booked, seats: Occupancy) -> Iterator[Fault]:
    """Seats and rooms that others have; what is out of order bears its people all the same."""
    facts = seats.facts(mixed=seen.booking.mixed)
    for at, part in enumerate(seen.centres):
        for index, seat in enumerate(part.seats):
            here, known = f"/centres/{at}/seats/{index}", facts[part.site_id].seats[seat]
            if known.taken or known.room_taken:
                code = "booking.seat-taken" if known.taken else "booking.room-taken"
                yield fault(code, here, site=part.site_id, seat=seat)


async def _ordered(uow: UnitOfWork, seen: Booked, until: datetime, act: Act) -> Booked:
    booking = seen.booking
    order = OrderRow(
        booking_id=booking.id,
        revision=booking.revision + 1,
        kind=rules.CHANGE,
        since=booking.since,
        until=to_text(until),
        reason=act.reason,
        ordered_by=act.actor.person,
        ordered_at=act.now,
    )
    parts = [replace(one, revision=order.revision) for one in seen.centres]
    await uow.bookings.add_order(order, parts)
    changes = {"revision": order.revision, "until": order.until, "updated_at": act.now}
    moved = Booked(booking=booking, centres=parts)
    return await advance(uow, moved, "booking.prolong", actor=act.actor, now=act.now, **changes)
