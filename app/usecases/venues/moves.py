"""Moving what is booked: a whole draw to another time or other centres, or one seat that is out of order.

`rebook` works in its caller's transaction, together with whatever else the move changes: either every centre
has seats there and then and the old ones are free, or nothing moved. A refusal leaves the booking as it was.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.bookings import Booking, CentrePart
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.operations import Actor
from app.usecases.principals import Principal
from app.usecases.rounds import booking_of
from app.usecases.venues.bookings import Booked, advance, own_part, whole
from app.usecases.venues.checks import Checked
from app.usecases.venues.orders import Act, hold, ordered
from app.usecases.venues.seats import Occupancy, occupancy, pick
from app.usecases.venues.seats import hold as seat_hold
from app.usecases.venues.texts import fault, of_order
from remote_eval import booking as rules
from remote_eval.slots import slots_of
from remote_eval.venue import HOST, REMOTE


async def rebook(
    uow: UnitOfWork, draw_id: str, *, shift: timedelta, act: Act, venues: Mapping[str, str] | None = None
) -> Booked | None:
    """The booking of a draw, moved by `shift` and to `venues` (by place of the draw; others stay where they
    are); None when the draw has none that holds.

    Each centre keeps the seats that are free then and gets others for the rest, near by where it can. One
    that is left has no part any more; one that is new, or whose time or seats changed, has to confirm. Raises
    ConflictError ``booking.past``, or InputRefusedError ``booking.refused`` with everything that stands
    against a centre.
    """
    booking = await booking_of(uow, draw_id)
    if booking is None or booking.state == rules.CANCELLED:
        return None
    ordered(booking.state, rules.CHANGE)
    seen = await whole(uow, booking)
    parts = [replace(one, site_id=(venues or {}).get(one.place, one.site_id)) for one in seen.centres]
    if not shift and parts == seen.centres:
        return seen
    since, until = from_text(booking.since) + shift, from_text(booking.until) + shift
    if shift and since < act.at:
        raise ConflictError("booking.past")
    slots = slots_of(since, until)
    sites = [one.site_id for one in parts]
    seats = await occupancy(uow, sites, slots, mode=booking.mode, besides=booking.id)
    centres = _chosen(parts, seats, mixed=booking.mixed)
    order = rules.Order(
        since=since, until=until, experts=booking.experts, mixed=booking.mixed, centres=centres
    )
    good = Checked(order=order, slots=slots, seats=seats)
    await uow.bookings.free(booking.id)
    return await hold(uow, booking, good, rules.CHANGE, act=act, kept=seen.centres)


async def swap(
    uow: UnitOfWork,
    principal: Principal,
    booking_id: str,
    seat: str,
    instead: str | None,
    *,
    actor: Actor,
    now: str,
) -> Booked:
    """A site's own staff gives a booked seat back and takes another, `instead` or one near by.

    The part keeps its state: time, number and site stay. Raises NotFoundError ``seat.unknown`` unless the
    seat is booked there, ConflictError ``booking.order-cancelled`` or ``booking.part-returned``,
    InputRefusedError ``booking.refused`` when the other seat, or any, is not to be had.
    """
    booking, part = await own_part(uow, principal, booking_id)
    _require_held(booking, part, seat)
    slots = slots_of(from_text(booking.since), from_text(booking.until))
    seats = await occupancy(uow, [part.site_id], slots, mode=booking.mode, besides=booking.id)
    other = instead if instead is not None else _near(seats, booking, part)
    _require_free(seats, booking, part, other)
    layout = seats.layouts[part.site_id]
    await uow.bookings.free(booking.id, site_id=part.site_id, seat_id=seat)
    await uow.bookings.take(booking.id, [seat_hold(layout, other, mixed=booking.mixed)], slots)
    kept = [other if one == seat else one for one in part.seats]
    await uow.bookings.change_centre(part, seats=kept)
    seen = await whole(uow, booking)
    return await advance(uow, seen, "booking.swap", actor=actor, now=now, updated_at=now)


def _chosen(parts: Sequence[CentrePart], seats: Occupancy, *, mixed: bool) -> tuple[rules.Centre, ...]:
    """The centres with seats that are free. Raises InputRefusedError ``booking.refused``."""
    faults: list[Fault] = []
    centres = []
    asked = Counter(one.site_id for one in parts)
    for at, part in enumerate(parts):
        found = _site_faults(part, seats, f"/centres/{at}", twice=asked[part.site_id] > 1)
        chosen = None if found else _seats_for(part, seats, mixed=mixed)
        if chosen is None:
            faults += found or [_too_few(part, seats, f"/centres/{at}/seats", mixed=mixed)]
            continue
        centres.append(
            rules.Centre(
                site=part.site_id,
                place=part.place,
                main=part.main,
                experts=part.experts,
                seats=tuple(sorted(chosen)),
            )
        )
    if faults:
        raise InputRefusedError("booking.refused", faults)
    return tuple(centres)


def _site_faults(part: CentrePart, seats: Occupancy, at: str, *, twice: bool) -> list[Fault]:
    """What stands against the site itself, whatever its seats."""
    if part.site_id not in seats.serves:
        return [fault("booking.site-unknown", f"{at}/site")]
    found = [fault("booking.site-twice", f"{at}/site")] if twice else []
    if (HOST if part.main else REMOTE) not in seats.serves[part.site_id]:
        found.append(fault("booking.site-part", f"{at}/main"))
    return found


def _seats_for(part: CentrePart, seats: Occupancy, *, mixed: bool) -> list[str] | None:
    layout = seats.layouts[part.site_id]
    near = {layout.seats[one].room_id for one in part.seats if one in layout.seats}
    free = seats.free(part.site_id, mixed=mixed)
    return pick(free, part.experts, wanted=part.seats, near=near)


def _too_few(part: CentrePart, seats: Occupancy, at: str, *, mixed: bool) -> Fault:
    free = len(seats.free(part.site_id, mixed=mixed))
    return fault("booking.too-few", at, site=part.site_id, needed=part.experts, free=free)


def _near(seats: Occupancy, booking: Booking, part: CentrePart) -> str:
    """A free seat that this booking does not have, in one of its rooms where it can be."""
    layout = seats.layouts[part.site_id]
    rooms = {layout.seats[one].room_id for one in part.seats if one in layout.seats}
    free = [one for one in seats.free(part.site_id, mixed=booking.mixed) if one.id not in part.seats]
    chosen = pick(free, 1, near=rooms)
    if chosen is None:
        lacking = fault("booking.too-few", "/instead", site=part.site_id, needed=1, free=0)
        raise InputRefusedError("booking.refused", [lacking])
    return chosen[0]


def _require_free(seats: Occupancy, booking: Booking, part: CentrePart, other: str) -> None:
    facts = seats.facts(mixed=booking.mixed)[part.site_id]
    if other in part.seats:
        facts = replace(facts, seats={other: replace(facts.seats[other], taken=True)})
    found = rules.one_seat_faults(facts.seats.get(other), "/instead")
    if found:
        raise InputRefusedError("booking.refused", [of_order(one) for one in found])


def _require_held(booking: Booking, part: CentrePart, seat: str) -> None:
    """A booking that holds, a part that was not returned, and a seat of it."""
    if booking.state == rules.CANCELLED:
        raise ConflictError("booking.order-cancelled")
    if part.state == rules.RETURNED:
        raise ConflictError("booking.part-returned")
    if seat not in part.seats:
        raise NotFoundError("seat.unknown")
