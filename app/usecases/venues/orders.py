"""Ordering seats for a draw over several centres: apply, change, cancel (R06, R72).

An order is judged whole before anything moves, and holds its seats in the transaction that stores it: all of
them or none. A change gives the seats of the order before back in the same step; a centre whose time and
seats stay as they were keeps its decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.errors import ConflictError, InputRefusedError
from app.store.repositories.bookings import Booking, CentrePart, OrderRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.draw_requests import find_draw
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.rounds import base_of
from app.usecases.venues.bookings import Booked, advance, find, refusal, whole
from app.usecases.venues.checks import BookingOrder, Checked, checked
from app.usecases.venues.seats import holds
from remote_eval import booking as rules
from remote_eval.errors import BookingError

ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who orders, why and when."""

    actor: Actor
    at: datetime
    reason: str = ""

    @property
    def now(self) -> str:
        """The time in its written form."""
        return to_text(self.at)


async def book(
    uow: UnitOfWork, platform: Platform, principal: Principal, draw_id: str, order: BookingOrder, *, act: Act
) -> Booked:
    """Apply for seats for a draw, and with it for whoever tops its committee up.

    Raises NotFoundError ``draw.unknown``, ConflictError ``booking.exists``, ``booking.of-first-round`` (draw)
    for a further round of a committee, or ``booking.draw-over``, InputRefusedError ``booking.refused`` with
    every fault.
    """
    row = await find_draw(uow, principal, draw_id)
    first = await base_of(uow, row.id)
    if first != row.id:
        raise ConflictError("booking.of-first-round", draw=first)
    before = await uow.bookings.of_draw(row.id)
    ordered(None if before is None else before.state, rules.APPLY)
    try:
        good = await checked(uow, row, order, now=act.at)
    except InputRefusedError:
        await _not_taken_by_itself(uow, row)
        raise
    if before is None:
        before = _new(row, good, f"bkg_{platform.random(ID_BYTES).hex()}", act.now)
        await uow.bookings.add(before)
    return await hold(uow, before, good, rules.APPLY, act=act, kept=())


async def _not_taken_by_itself(uow: UnitOfWork, row: DrawRow) -> None:
    """Seats that an order of the same draw took while this one was judged are no fault of this one: its
    caller is told that the booking exists. Raises ConflictError ``booking.exists``."""
    now = await uow.bookings.of_draw(row.id)
    ordered(None if now is None else now.state, rules.APPLY)


async def change(
    uow: UnitOfWork, principal: Principal, booking_id: str, order: BookingOrder, *, act: Act
) -> Booked:
    """Put another order in place of the one before. Raises as `book`, and ``booking.order-cancelled``."""
    booking = await find(uow, principal, booking_id)
    row = await find_draw(uow, principal, booking.draw_id)
    return await reorder(uow, booking, row, order, act=act)


async def reorder(
    uow: UnitOfWork, booking: Booking, row: DrawRow, order: BookingOrder, *, act: Act
) -> Booked:
    """`change` of a booking that the caller has found and may change."""
    ordered(booking.state, rules.CHANGE)
    good = await checked(uow, row, order, now=act.at, besides=booking.id)
    kept = (await whole(uow, booking)).centres
    await uow.bookings.free(booking.id)
    return await hold(uow, booking, good, rules.CHANGE, act=act, kept=kept)


async def cancel(uow: UnitOfWork, principal: Principal, booking_id: str, *, act: Act) -> Booked:
    """Give every seat back. Raises ConflictError ``booking.order-cancelled``, NotFoundError."""
    return await withdraw(uow, await find(uow, principal, booking_id), act=act)


async def withdraw(uow: UnitOfWork, booking: Booking, *, act: Act) -> Booked:
    """`cancel` of a booking that the caller has found. The parts stay on record as they were decided."""
    state, revision = ordered(booking.state, rules.CANCEL), booking.revision + 1
    parts = [replace(one, revision=revision) for one in (await whole(uow, booking)).centres]
    await uow.bookings.free(booking.id)
    await uow.bookings.add_order(_row(booking, revision, rules.CANCEL, act=act), parts)
    seen = Booked(booking=booking, centres=parts)
    changes = {"state": state, "revision": revision, "updated_at": act.now}
    return await advance(uow, seen, "booking.cancel", actor=act.actor, now=act.now, **changes)


async def hold(
    uow: UnitOfWork,
    before: Booking,
    good: Checked,
    kind: str,
    *,
    act: Act,
    kept: Sequence[CentrePart],
) -> Booked:
    """Hold the seats of a checked order and make it the one that holds; `kept` are the parts before it."""
    order, revision = good.order, before.revision + 1
    since, until = to_text(order.since), to_text(order.until)
    moved = (since, until, order.mixed) != (before.since, before.until, before.mixed)
    parts = [_part(before.id, revision, one, () if moved else kept) for one in order.centres]
    booking = replace(before, since=since, until=until)
    await uow.bookings.add_order(_row(booking, revision, kind, act=act), parts)
    await uow.bookings.take(before.id, holds(order, good.seats.layouts), good.slots)
    changes = {
        "state": rules.together([one.state for one in parts]),
        "revision": revision,
        "since": since,
        "until": until,
        "experts": order.experts,
        "mixed": order.mixed,
        "updated_at": act.now,
    }
    seen = Booked(booking=before, centres=parts)
    return await advance(uow, seen, f"booking.{kind}", actor=act.actor, now=act.now, **changes)


def _part(booking_id: str, revision: int, centre: rules.Centre, kept: Sequence[CentrePart]) -> CentrePart:
    fresh = CentrePart(
        booking_id=booking_id,
        revision=revision,
        site_id=centre.site,
        place=centre.place,
        main=centre.main,
        experts=centre.experts,
        seats=list(centre.seats),
        state=rules.PENDING,
    )
    for one in kept:
        asked = replace(one, revision=revision, state=rules.PENDING, decided_by=None, decided_at=None)
        if one.state == rules.CONFIRMED and replace(asked, reason=None) == fresh:
            return replace(one, revision=revision)
    return fresh


def ordered(state: str | None, kind: str) -> str:
    """The state behind an order. Raises ConflictError ``booking.…``."""
    try:
        return rules.ordered(state, kind)
    except BookingError as error:
        raise refusal(error) from error


def _new(row: DrawRow, good: Checked, booking_id: str, now: str) -> Booking:
    return Booking(
        id=booking_id,
        draw_id=row.id,
        mode=row.mode,
        agency_id=row.agency_id,
        state=rules.PENDING,
        revision=0,
        since=to_text(good.order.since),
        until=to_text(good.order.until),
        experts=good.order.experts,
        mixed=good.order.mixed,
        created_at=now,
        updated_at=now,
    )


def _row(booking: Booking, revision: int, kind: str, *, act: Act) -> OrderRow:
    return OrderRow(
        booking_id=booking.id,
        revision=revision,
        kind=kind,
        since=booking.since,
        until=booking.until,
        reason=act.reason,
        ordered_by=act.actor.person,
        ordered_at=act.now,
    )
