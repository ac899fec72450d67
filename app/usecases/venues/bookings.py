"""Bookings as callers may see them, and what a centre decides about its own part (R72).

A centre decides about the order that holds now and about no other; what it returns is free again at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.errors import ConflictError, NotFoundError
from app.store.repositories.bookings import Booking, CentrePart
from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import Actor, note
from app.usecases.principals import AT_A_SITE, Principal
from app.usecases.rounds import booking_of
from remote_eval import booking as rules
from remote_eval.errors import BookingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A booking with the parts of its present order, the main site first."""

    booking: Booking
    centres: Sequence[CentrePart]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A centre's word about order `revision`: ``confirm``, or ``return`` with a reason."""

    revision: int
    kind: str
    reason: str | None = None


async def find(uow: UnitOfWork, principal: Principal, booking_id: str) -> Booking:
    """A booking that this caller may know of: the agency's own, one with a part at the caller's site.

    Raises NotFoundError ``booking.unknown``.
    """
    booking = await uow.bookings.get(booking_id)
    if booking is None or not await _visible(uow, principal, booking):
        raise NotFoundError("booking.unknown")
    return booking


async def whole(uow: UnitOfWork, booking: Booking) -> Booked:
    """A booking with its parts."""
    return Booked(booking=booking, centres=(await uow.bookings.centres([booking]))[booking.id])


async def of_draw(uow: UnitOfWork, principal: Principal, draw_id: str) -> list[Booked]:
    """The booking of a draw, where there is one that this caller may know of; sites know of no draw."""
    booking = await booking_of(uow, draw_id)
    if booking is None or principal.role in AT_A_SITE or not await _visible(uow, principal, booking):
        return []
    return [await whole(uow, booking)]


async def page(
    uow: UnitOfWork, principal: Principal, *, after: tuple[str, str] | None, limit: int
) -> list[Booked]:
    """Bookings that this caller may know of, latest evaluation first."""
    at_site = principal.role in AT_A_SITE
    rows = await uow.bookings.page(
        mode=principal.mode,
        agency_id=principal.agency_id,
        # A role that is bound to a site, without one, sees nothing: no site has an empty id.
        site_id=(principal.site_id or "") if at_site else None,
        after=after,
        limit=limit,
    )
    parts = await uow.bookings.centres(rows)
    return [Booked(booking=one, centres=parts[one.id]) for one in rows]


async def decide(
    uow: UnitOfWork, principal: Principal, booking_id: str, decision: Decision, *, actor: Actor, now: str
) -> Booked:
    """A centre's own staff confirms or returns its part.

    Raises NotFoundError ``booking.unknown`` for a booking that never had a part at their site, ConflictError
    ``booking.order-changed``, ``booking.order-cancelled`` or ``booking.repeat-approval``.
    """
    booking, part = await own_part(uow, principal, booking_id)
    state = _decided(booking, part, decision)
    who = {"decided_by": principal.person, "decided_at": now, "reason": decision.reason}
    await uow.bookings.change_centre(part, state=state, **who)
    if state == rules.RETURNED:
        await uow.bookings.free(booking.id, site_id=part.site_id)
    seen = await whole(uow, booking)
    moved = {"state": rules.together([one.state for one in seen.centres]), "updated_at": now}
    return await advance(uow, seen, f"booking.{decision.kind}", actor=actor, now=now, **moved)


async def own_part(uow: UnitOfWork, principal: Principal, booking_id: str) -> tuple[Booking, CentrePart]:
    """The part of a booking at the caller's own site.

    Raises NotFoundError ``booking.unknown``; ConflictError ``booking.order-changed`` when only an earlier
    order had a part there.
    """
    booking = await find(uow, principal, booking_id)
    for part in (await whole(uow, booking)).centres:
        if part.site_id == principal.site_id:
            return booking, part
    raise ConflictError("booking.order-changed", revision=booking.revision)


async def advance(
    uow: UnitOfWork, seen: Booked, act: str, *, actor: Actor, now: str, **changes: Any
) -> Booked:
    """Move a booking by compare-and-swap and put the act on record."""
    await uow.bookings.advance(seen.booking, **changes)
    await note(uow, actor, act, seen.booking.id, now=now)
    moved = replace(seen.booking, **changes, version=seen.booking.version + 1)
    return Booked(booking=moved, centres=sorted(seen.centres, key=lambda one: (not one.main, one.site_id)))


def refusal(error: BookingError) -> ConflictError:
    """A refusal of the booking rules as one of the application."""
    return ConflictError(error.code, **error.details)


def _decided(booking: Booking, part: CentrePart, decision: Decision) -> str:
    try:
        return rules.decided(
            booking.state,
            part.state,
            decision.kind,
            revision=decision.revision,
            current=booking.revision,
        )
    except BookingError as error:
        raise refusal(error) from error


async def _visible(uow: UnitOfWork, principal: Principal, booking: Booking) -> bool:
    if booking.mode != principal.mode:
        return False
    if principal.agency_id is not None:
        return principal.agency_id == booking.agency_id
    if principal.role in AT_A_SITE:
        site = principal.site_id
        return site is not None and await uow.bookings.ever_at(booking.id, site)
    return True
