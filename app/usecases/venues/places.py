"""Where a draw's people go, which seats are free, and how ready every site is.

`places` is for whoever invites: the address behind each site of a draw. `search` looks for seats over several
centres at once, `readiness` at every site and its coming bookings. None of them changes anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.errors import Fault, InputRefusedError
from app.store.repositories.bookings import Booking, CentrePart
from app.store.repositories.venues import Layout, Seat
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.principals import Principal
from app.usecases.rounds import booking_of
from app.usecases.venues.seats import occupancy, pick
from app.usecases.venues.sites import SiteView, not_ready, out_of_order, views
from app.usecases.venues.texts import fault
from draw.schema import is_time
from remote_eval import booking as rules
from remote_eval.errors import BookingError
from remote_eval.slots import slots_of
from remote_eval.venue import EQUIPMENT, SEATED_ZONES

MAX_COMING: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The venue behind a site of a draw, and whether it has confirmed."""

    site_id: str
    name: str
    address: str
    contact: str
    main: bool
    experts: int
    seats: tuple[str, ...]
    state: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSeats:
    """What one site can give at a time: free seats, and a choice of as many as asked; None: too few."""

    site_id: str
    free: int
    seats: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A booking that comes up at a site, with the parts that keep booked seats from being ready."""

    booking: Booking
    part: CentrePart
    unready: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """A site: seats of committees, how many are ready, which are out of order, what is to come."""

    site_id: str
    name: str
    seats: int
    ready: int
    faulty: Mapping[str, tuple[str, ...]]
    coming: Sequence[Coming]


async def places(uow: UnitOfWork, draw_id: str) -> dict[str, Place]:
    """By site id of the draw's request; empty without a booking that holds."""
    booking = await booking_of(uow, draw_id)
    if booking is None or booking.state == rules.CANCELLED:
        return {}
    found = {}
    for part in (await uow.bookings.centres([booking]))[booking.id]:
        site = await uow.venues.site(part.site_id)
        if site is not None:
            found[part.place] = Place(
                site_id=site.id,
                name=site.name,
                address=site.address,
                contact=site.contact,
                main=part.main,
                experts=part.experts,
                seats=tuple(part.seats),
                state=part.state,
                since=booking.since,
                until=booking.until,
            )
    return found


async def search(
    uow: UnitOfWork,
    *,
    mode: str,
    since: str,
    until: str,
    asked: Mapping[str, int],
    mixed: bool,
    besides: str = "",
) -> list[FreeSeats]:
    """Free seats at each of the sites `asked` (site to number), by site; unknown sites are left out.

    Raises InputRefusedError ``request.invalid`` or ``booking.refused`` for times that cannot be booked.
    """
    slots = _slots(since, until)
    seats = await occupancy(uow, asked, slots, mode=mode, besides=besides)
    found = []
    for site in sorted(seats.layouts):
        free = seats.free(site, mixed=mixed)
        found.append(FreeSeats(site_id=site, free=len(free), seats=pick(free, asked[site])))
    return found


async def readiness(uow: UnitOfWork, principal: Principal, *, now: datetime) -> list[Readiness]:
    """Every site that the caller may know of, by id."""
    coming = await uow.bookings.coming(mode=principal.mode, now=to_text(now), limit=MAX_COMING)
    parts = await uow.bookings.centres(coming)
    return [
        _readiness(one, [(booking, part) for booking in coming for part in parts[booking.id]], now)
        for one in await views(uow, principal)
    ]


def _readiness(seen: SiteView, coming: Sequence[tuple[Booking, CentrePart]], now: datetime) -> Readiness:
    layout = seen.layout
    seats = [one for one in layout.seats.values() if layout.zone_of(one).kind in SEATED_ZONES]
    return Readiness(
        site_id=seen.site.id,
        name=seen.site.name,
        seats=len(seats),
        ready=sum(not not_ready(one, now=now) for one in seats),
        faulty={one.id: broken for one in seats if (broken := out_of_order(one))},
        coming=[
            Coming(booking=booking, part=part, unready=_unready(layout, part.seats, now))
            for booking, part in coming
            if part.site_id == seen.site.id
        ],
    )


def _unready(layout: Layout, seats: Sequence[str], now: datetime) -> dict[str, tuple[str, ...]]:
    """A booked seat that the site no longer has lacks everything."""

    def lacks(seat: Seat | None) -> tuple[str, ...]:
        return EQUIPMENT if seat is None else not_ready(seat, now=now)

    return {one: missing for one in seats if (missing := lacks(layout.seats.get(one)))}


def _slots(since: str, until: str) -> range:
    malformed = [
        Fault(code="schema.format", pointer=f"#query/{name}")
        for name, text in (("from", since), ("to", until))
        if not is_time(text)
    ]
    if malformed:
        raise InputRefusedError("request.invalid", malformed)
    try:
        return slots_of(from_text(since), from_text(until))
    except BookingError as error:
        refused = fault(error.code, "#query/to", **error.details)
        raise InputRefusedError("booking.refused", [refused]) from error
