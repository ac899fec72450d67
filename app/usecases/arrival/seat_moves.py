"""Somebody who sits is moved to another seat of the same site, by the site's own staff (R14, R16).

Booking, seating, slip, session and the site's ledger follow in the caller's transaction, or nothing does. The
seat of before has no session any more, so its token opens nothing; a slip for the seat to come is printed
once. Position and document of the seating stay: they say what chance gave, the ledger says who was moved by
hand. Whether a room allows it is its own matter (`app.usecases.room.swapping`).
"""

from dataclasses import dataclass, field
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.venues import Seat
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import find_arrival, has_a_seat, invitation_of, step
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.seat_keys import find_seat
from app.usecases.arrival.seating import slip_value
from app.usecases.operations import note
from app.usecases.principals import Principal
from app.usecases.rounds import booking_of, rounds_of
from app.usecases.venues import moves
from app.usecases.venues.bookings import own_part
from app.usecases.venues.sites import out_of_order
from remote_eval import arrival as way
from remote_eval.booking import CANCELLED, RETURNED

SWAPPED: Final = "swapped"
_AT_A_SEAT: Final = frozenset({way.SEAT_ASSIGNED, way.SEATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From seat `source` to seat `to`, whose browser then takes the code `slip`."""

    arrival: str
    source: str
    to: str
    slip: str = field(repr=False)


async def move(uow: UnitOfWork, act: Act, principal: Principal, asked: Move) -> None:
    """Move the person of an arrival.

    Raises NotFoundError ``arrival.unknown``, ConflictError ``seat.passed-on`` for whom no seat waits there,
    ``seat.none-booked`` or ``booking.…``, InputRefusedError ``seat.not-to-be-had`` with everything that
    stands against the other seat.
    """
    arrival = await find_arrival(uow, principal, asked.arrival)
    await _require_seated(uow, arrival, asked.source)
    found = await _faults(uow, arrival, await _seat(uow, act.site, asked.to))
    try:
        await _exchange(uow, act, principal, arrival.draw_id, asked)
    except InputRefusedError as refusal:
        found += refusal.faults
    if found:
        raise InputRefusedError("seat.not-to-be-had", found)
    await _leave(uow, act, arrival)
    tag = uow.cipher.tag("seat-slip", slip_value(arrival.id, asked.slip))
    await uow.seat_access.change_seating(arrival.id, seat=asked.to, code_tag=tag, tries=0)
    await act.enter(uow, "seat-moved", arrival=arrival.id, seat=asked.source, to=asked.to)
    await note(uow, act.actor, "desk.seat-move", arrival.id, now=act.now)


async def _require_seated(uow: UnitOfWork, arrival: Arrival, source: str) -> None:
    known = await uow.seat_access.seating_of(arrival.id)
    here = known is not None and known.closed_at is None and known.seat == source
    if not here or arrival.state not in _AT_A_SEAT or not has_a_seat(await invitation_of(uow, arrival)):
        raise ConflictError("seat.passed-on")


async def _seat(uow: UnitOfWork, site: str, seat_id: str) -> Seat:
    """A seat of this site; one of another site is as if it were not there."""
    try:
        seat = await find_seat(uow, seat_id)
    except NotFoundError as error:
        raise InputRefusedError("seat.not-to-be-had", [Fault(code="seat.unknown")]) from error
    if seat.site_id != site:
        raise InputRefusedError("seat.not-to-be-had", [Fault(code="seat.unknown")])
    return seat


async def _faults(uow: UnitOfWork, arrival: Arrival, seat: Seat) -> list[Fault]:
    """What the desk knows against a seat: no browser that is believed, somebody who has it, a fault."""
    keys = await uow.seat_access.keys_of(seat.site_id)
    found = []
    if not any(one.seat == seat.id and one.approved_at is not None for one in keys):
        found.append(Fault(code="seat.not-enrolled"))
    if await _is_given(uow, arrival, seat):
        found.append(Fault(code="seat.taken"))
    if out_of_order(seat):
        found.append(Fault(code="booking.seat-faulty"))
    return found


async def _is_given(uow: UnitOfWork, arrival: Arrival, seat: Seat) -> bool:
    """Whether somebody has the seat, in this committee or still from another one."""
    rounds = {one.id for one in await rounds_of(uow, arrival.draw_id)}
    for one in await uow.seat_access.open_at(seat.site_id, seat.id):
        holder = await uow.arrivals.get(one.arrival_id)
        if one.draw_id in rounds or (holder is not None and holder.state in _AT_A_SEAT):
            return True
    return False


async def _exchange(uow: UnitOfWork, act: Act, principal: Principal, draw_id: str, asked: Move) -> None:
    """The other seat becomes one of the booking; the desk may have exchanged the two before."""
    booking = await booking_of(uow, draw_id)
    if booking is None:
        raise ConflictError("seat.none-booked")
    _, part = await own_part(uow, principal, booking.id)
    if asked.source in part.seats:
        seats = (booking.id, asked.source, asked.to)
        await moves.swap(uow, principal, *seats, actor=act.actor, now=act.now)
    elif booking.state == CANCELLED or part.state == RETURNED or asked.to not in part.seats:
        raise ConflictError("seat.none-booked")


async def _leave(uow: UnitOfWork, act: Act, arrival: Arrival) -> None:
    """The session of before ends; the person waits for the other seat."""
    await uow.seat_access.end_sessions(reason=SWAPPED, now=act.now, arrival_id=arrival.id)
    if arrival.state == way.SEATED:
        await step(uow, arrival, way.SEAT_ASSIGNED, shown=(), now=act.now)
    else:
        # Whoever sits down at the old seat in this moment loses to the move, or the move begins anew.
        await uow.arrivals.move(arrival, now=act.now)
