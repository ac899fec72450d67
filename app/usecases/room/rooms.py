"""Opening an evaluation room over a draw's confirmed booking, and finding rooms (R20, R23).

A room takes its sites, the main one and the others, from the booking as it holds now; its committee are the
booked experts, by whichever round they came onto it: a room is kept under the first round of its committee.
It opens hours before the evaluation or while it runs, once at a time per committee; after a reform, another
room may be opened for the committee that is formed anew.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.errors import ConflictError, NotFoundError
from app.store.repositories.bookings import Booking, CentrePart
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.arrival.desk import new_id
from app.usecases.draw_requests import find_draw
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import AT_A_SITE, Principal
from app.usecases.room.keeping import append
from app.usecases.rounds import base_of, booking_of
from remote_eval import booking as bookings
from remote_eval import room
from remote_eval.room_events import time_text
from remote_eval.room_ledger import GENESIS, RoomHead
from remote_eval.room_state import Label, Limits, Site

# How long before the begin of the booked time a room may open: equipment is looked at on the day.
EARLIEST: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new room is: the draw, the engine that will carry it, and the limits of the rules in force."""

    draw_id: str
    engine: str
    limits: Limits


async def open_room(
    uow: UnitOfWork, platform: Platform, principal: Principal, asked: Opening, *, actor: Actor
) -> RoomRow:
    """A new room for the committee of a draw, with its first event.

    Raises NotFoundError ``draw.unknown``, ConflictError ``room.no-booking`` unless every centre has
    confirmed, ``room.too-early``, ``room.too-late``, ``room.exists``.
    """
    draw = await find_draw(uow, principal, asked.draw_id)
    base = await base_of(uow, draw.id)
    booking, centres = await _booked(uow, base)
    now = platform.clock()
    if now < from_text(booking.since) - EARLIEST:
        raise ConflictError("room.too-early", since=booking.since)
    if now >= from_text(booking.until):
        raise ConflictError("room.too-late", until=booking.until)
    row = RoomRow(
        id=new_id(platform, "room"),
        draw_id=base,
        engine=asked.engine,
        part=0,
        opened_at=time_text(now),
        opened_by=actor.person,
        head=GENESIS,
    )
    await uow.rooms.add(row)
    first = room.start(
        room=row.id,
        sites=sites_of(centres),
        begins_at=from_text(booking.since),
        ends_at=from_text(booking.until),
        committee=booking.experts,
        quorum=booking.experts,
        limits=asked.limits,
        now=now,
    )
    await append(uow, platform, RoomHead(room=row.id), [first])
    await note(uow, actor, "room.open", row.id, now=platform.now())
    return await _found(uow, row.id)


async def _booked(uow: UnitOfWork, draw_id: str) -> tuple[Booking, list[CentrePart]]:
    booking = await booking_of(uow, draw_id)
    if booking is None or booking.state != bookings.CONFIRMED:
        raise ConflictError("room.no-booking")
    return booking, (await uow.bookings.centres([booking]))[booking.id]


def sites_of(centres: list[CentrePart]) -> list[Site]:
    """The sites of a room: 主场 first, then 副场, numbered where there are several."""
    host = [one for one in centres if one.main]
    others = sorted((one for one in centres if not one.main), key=lambda one: one.site_id)
    named = [Site(id=one.site_id, label=Label(zh="主场", en="Main site"), part="host") for one in host]
    for number, one in enumerate(others, start=1):
        mark = f" {number}" if len(others) > 1 else ""
        label = Label(zh=f"副场{mark}", en=f"Sub-site{mark}")
        named.append(Site(id=one.site_id, label=label, part="remote"))
    return named


async def find_room(uow: UnitOfWork, principal: Principal, room_id: str) -> RoomRow:
    """A room that this caller may know of: of its mode, and of its own site where it is bound to one.

    Raises NotFoundError ``room.unknown``.
    """
    row = await uow.rooms.get(room_id)
    draw = None if row is None else await uow.draws.get(row.draw_id)
    if row is None or draw is None or draw.mode != principal.mode:
        raise NotFoundError("room.unknown")
    if principal.role in AT_A_SITE and principal.site_id not in await site_ids(uow, row.draw_id):
        raise NotFoundError("room.unknown")
    return row


async def site_ids(uow: UnitOfWork, draw_id: str) -> frozenset[str]:
    """The sites of the booking of a draw's committee; empty without one."""
    booking = await booking_of(uow, draw_id)
    if booking is None:
        return frozenset()
    return frozenset(one.site_id for one in (await uow.bookings.centres([booking]))[booking.id])


async def _found(uow: UnitOfWork, room_id: str) -> RoomRow:
    row = await uow.rooms.get(room_id)
    if row is None:
        raise NotFoundError("room.unknown")
    return row
