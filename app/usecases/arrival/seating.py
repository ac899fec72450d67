"""A seat by chance for whoever came through the gate, and the one-time code of the printed slip (R14, R16).

1. The order of the seats follows from the draw's own seed, which nobody outside knows before the opening and
   everybody can compute afterwards (`remote_eval.seating`).
2. The n-th arrival of a draw at a site gets the first seat of that order which is neither given nor out of
   order nor in use by people of another draw; two desks never give the same one. Rounds of one committee
   share its seats: what another round gave is in use.
3. What was given, from which seats and as the how-manieth, is a document whose digest stands in the draw's
   log before the slip is printed.

Only seats that the centre has confirmed are given: what it returned may be somebody else's by now.
The slip's code is stored as a keyed hash; a new slip makes the old one void and ends the seat's session.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, NotFoundError, WriteConflictError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.draws import DrawRow
from app.store.repositories.seat_access import Seating
from app.store.unit_of_work import UnitOfWork
from app.usecases import appointed, openings
from app.usecases.arrival.desk import Desk, find_arrival, has_a_seat, invitation_of, step
from app.usecases.arrival.ledger import Act
from app.usecases.ceremony import k_of
from app.usecases.invites import log_record
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.rounds import booking_of, rounds_of
from crypto.canonical import canonical
from remote_eval import arrival as way
from remote_eval import booking as rules
from remote_eval.seating import next_seat, seating_seed

SLIP_DIGITS: Final = 8
FORMAT: Final = "qt/1 seating"
_SLIP_BYTES: Final = 8
_BROKEN: Final = "faulty"
_AT_A_SEAT: Final = frozenset({way.SEAT_ASSIGNED, way.SEATED})
_NOT_CONFIRMED: Final = {rules.PENDING: "seat.unconfirmed", rules.RETURNED: "seat.returned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The seat, and the code that is printed once and kept nowhere."""

    seating: Seating
    slip: str = field(repr=False)


async def assign(desk: Desk, principal: Principal, arrival_id: str, *, actor: Actor) -> Assigned:
    """A seat for somebody inside; asked again, the same seat with a fresh slip.

    Raises NotFoundError ``arrival.unknown``, ConflictError ``arrival.transition`` before the gate,
    ``seat.none-booked``, ``seat.unconfirmed``, ``seat.returned``, ``seat.none-free``, ``seat.other-draw`` or
    ``seat.passed-on``, QuorumMissingError when the log cannot be published: the seat stands and a new slip is
    asked for.
    """
    platform = desk.platform
    async with platform.database.read() as uow:
        arrival = await find_arrival(uow, principal, arrival_id)
    seed = seating_seed(await _private_seed(platform, arrival.draw_id), arrival.site)
    slip = fresh_slip(platform)

    async def work(uow: UnitOfWork) -> Seating:
        here = await find_arrival(uow, principal, arrival_id)
        act = Act(platform=platform, site=here.site, actor=actor, now=platform.now())
        if not has_a_seat(await invitation_of(uow, here)):
            raise ConflictError("seat.passed-on")
        known = await uow.seat_access.seating_of(here.id)
        if known is not None:
            return await _new_slip(uow, act, here, known, slip)
        return await _seat(uow, act, here, seed, slip)

    seating = await platform.database.transact(work)
    await platform.publisher.covering(seating.log_index + 1, now=platform.clock)
    return Assigned(seating=seating, slip=slip)


def fresh_slip(platform: Platform) -> str:
    """A one-time code, eight digits."""
    number = int.from_bytes(platform.random(_SLIP_BYTES), "big")
    return f"{number % 10**SLIP_DIGITS:0{SLIP_DIGITS}d}"


def slip_value(arrival_id: str, code: str) -> str:
    """What the keyed hash ``seat-slip`` is made of."""
    return f"{arrival_id}:{code}"


async def _seat(uow: UnitOfWork, act: Act, arrival: Arrival, seed: bytes, slip: str) -> Seating:
    row = await uow.draws.get(arrival.draw_id)
    if row is None:
        raise NotFoundError("draw.unknown")
    moved = await step(uow, arrival, way.SEAT_ASSIGNED, shown={"seat"}, now=act.now)
    given = await uow.seat_access.seatings(arrival.draw_id, arrival.site)
    held = await _held(uow, act, given)
    for one in await _other_rounds(uow, arrival):
        await _held(uow, act, await uow.seat_access.seatings(one, arrival.site))
    booked = await _booked(uow, arrival)
    broken = await _broken(uow, booked)
    occupied = await _occupied(uow, arrival, booked, now=act.now)
    seat = next_seat(seed, booked, broken | held | occupied)
    if seat is None:
        raise ConflictError("seat.none-free")
    said = {
        "format": FORMAT,
        "draw": k_of(row),
        "site": arrival.site,
        "seats": list(booked),
        "broken": sorted(broken),
        "occupied": sorted(occupied),
        "position": len(given) + 1,
        "seat": seat,
        "at": act.now,
    }
    seating = await _logged(uow, act, row, moved, said, slip=slip)
    await uow.seat_access.add_seating(seating)
    # Entries of the log are made one after the other: whoever gave this seat at the same time is seen by now.
    if await _occupied(uow, arrival, [seat], now=act.now):
        raise WriteConflictError("seat.given")
    await act.enter(uow, "seat-given", arrival=arrival.id, seat=seat, position=seating.position)
    await note(uow, act.actor, "desk.seat", arrival.id, now=act.now)
    return seating


async def _logged(
    uow: UnitOfWork, act: Act, row: DrawRow, arrival: Arrival, said: dict[str, Any], *, slip: str
) -> Seating:
    """The seating that a document says, with the place of its digest in the log."""
    document = canonical(said)
    return Seating(
        draw_id=arrival.draw_id,
        site=arrival.site,
        position=said["position"],
        seat=said["seat"],
        arrival_id=arrival.id,
        document=document,
        log_index=await log_record(uow, act.platform, row, topic="seating", document=document, now=act.now),
        code_tag=uow.cipher.tag("seat-slip", slip_value(arrival.id, slip)),
        assigned_at=act.now,
    )


async def _new_slip(uow: UnitOfWork, act: Act, arrival: Arrival, known: Seating, slip: str) -> Seating:
    if known.closed_at is not None:
        raise ConflictError("seat.passed-on")
    if await _occupied(uow, arrival, [known.seat], now=act.now):
        raise ConflictError("seat.other-draw")
    if arrival.state != way.SEAT_ASSIGNED:
        await uow.seat_access.end_sessions(reason="new-slip", now=act.now, arrival_id=arrival.id)
        await step(uow, arrival, way.SEAT_ASSIGNED, shown={"seat"}, now=act.now)
    tag = uow.cipher.tag("seat-slip", slip_value(arrival.id, slip))
    await uow.seat_access.change_seating(arrival.id, code_tag=tag, tries=0)
    await act.enter(uow, "slip-renewed", arrival=arrival.id, seat=known.seat)
    return known


async def _held(uow: UnitOfWork, act: Act, given: Sequence[Seating]) -> set[str]:
    """Seats that somebody has; those of people who were replaced since are closed to them."""
    held = set()
    for one in given:
        if one.closed_at is not None:
            continue
        arrival = await uow.arrivals.get(one.arrival_id)
        invitation = None if arrival is None else await uow.invitations.get(arrival.letter)
        if invitation is not None and has_a_seat(invitation):
            held.add(one.seat)
            continue
        await uow.seat_access.end_sessions(reason="replaced", now=act.now, arrival_id=one.arrival_id)
        await uow.seat_access.change_seating(one.arrival_id, closed_at=act.now, code_tag=None)
    return held


async def _other_rounds(uow: UnitOfWork, arrival: Arrival) -> list[str]:
    """The other rounds of the committee that somebody came for."""
    rounds = await rounds_of(uow, arrival.draw_id)
    return [one.id for one in rounds if one.id != arrival.draw_id]


async def _booked(uow: UnitOfWork, arrival: Arrival) -> Sequence[str]:
    """The seats that the centre has confirmed for this draw's committee."""
    booking = await booking_of(uow, arrival.draw_id)
    if booking is None or booking.state == rules.CANCELLED:
        raise ConflictError("seat.none-booked")
    parts = (await uow.bookings.centres([booking]))[booking.id]
    part = next((one for one in parts if one.site_id == arrival.site), None)
    if part is None or not part.seats:
        raise ConflictError("seat.none-booked")
    if part.state != rules.CONFIRMED:
        raise ConflictError(_NOT_CONFIRMED[part.state])
    return sorted(set(part.seats))


async def _occupied(uow: UnitOfWork, arrival: Arrival, seats: Collection[str], *, now: str) -> set[str]:
    """Seats that people of other draws have: they sit there, or come back while their booking lasts. Whoever
    has one by another round of this committee keeps it for as long as that round's seat waits for them."""
    occupied, beside = set(), await _other_rounds(uow, arrival)
    for seat in seats:
        for one in await uow.seat_access.open_at(arrival.site, seat):
            if one.draw_id == arrival.draw_id:
                continue
            kept = _is_kept(uow, one) if one.draw_id in beside else _has_it_still(uow, one, now=now)
            if await kept:
                occupied.add(seat)
    return occupied


async def _is_kept(uow: UnitOfWork, one: Seating) -> bool:
    """Whether the seat still waits for whom it was given to, in the own committee."""
    holder = await uow.arrivals.get(one.arrival_id)
    invitation = None if holder is None else await uow.invitations.get(holder.letter)
    return invitation is not None and has_a_seat(invitation)


async def _has_it_still(uow: UnitOfWork, one: Seating, *, now: str) -> bool:
    holder = await uow.arrivals.get(one.arrival_id)
    if holder is None or holder.state in way.FINAL:
        return False
    return holder.state in _AT_A_SEAT or await _lasts(uow, one.draw_id, now)


async def _lasts(uow: UnitOfWork, draw_id: str, now: str) -> bool:
    booking = await booking_of(uow, draw_id)
    return booking is not None and booking.state != rules.CANCELLED and booking.until > now


async def _broken(uow: UnitOfWork, seats: Collection[str]) -> set[str]:
    """Seats that were retired, or of whose equipment something is reported faulty."""
    broken = set()
    for one in seats:
        seat = await uow.venues.seat(one)
        if seat is None or any(one.condition == _BROKEN for one in seat.equipment.values()):
            broken.add(one)
    return broken


async def _private_seed(platform: Platform, draw_id: str) -> bytes:
    async with platform.database.read() as uow:
        row = await uow.draws.get(draw_id)
        if row is None:
            raise NotFoundError("draw.unknown")
        if row.appointed:
            return (await appointed.chosen(uow, row)).seed
    return (await openings.opened(platform, row)).outcome.drawn.seed
