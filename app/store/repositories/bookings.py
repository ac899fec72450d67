"""Bookings with their orders, the parts of their centres, and the half-hour slots that they hold.

`take` writes one row per seat and slot: the primary key lets one booking have it, the reference to the room's
slot lets two bookings meet in a room only when both share it (`app.store.venue_tables`). Whoever loses a race
gets WriteConflictError, looks again and finds the seat taken.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.venue_tables import booking_centres, booking_orders, bookings, room_slots, seat_slots

MIXED: Final = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """The seats of one draw. `revision` is the order that holds; `version` rises with every change."""

    id: str
    draw_id: str
    mode: str
    agency_id: str
    state: str
    revision: int
    since: str
    until: str
    experts: int
    mixed: bool
    created_at: str
    updated_at: str
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One application: apply, change or cancel."""

    booking_id: str
    revision: int
    kind: str
    since: str
    until: str
    reason: str
    ordered_by: str
    ordered_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CentrePart:
    """One centre's part of an order, and what the centre decided. `place` is the draw's name for it."""

    booking_id: str
    revision: int
    site_id: str
    place: str
    main: bool
    experts: int
    seats: Sequence[str]
    state: str
    decided_by: str | None = None
    decided_at: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatHold:
    """A seat to hold over slots: its room, and whether this booking shares the room."""

    site_id: str
    room_id: str
    seat_id: str
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A seat that somebody holds, and who has its room: the id of one booking, or `MIXED`."""

    site_id: str
    room_id: str
    seat_id: str
    regime: str


_BOOKING: Final = tuple(column.name for column in fields(Booking))
_CENTRE: Final = tuple(column.name for column in fields(CentrePart))
_ORDER: Final = tuple(column.name for column in fields(OrderRow))
_HELD: Final = tuple(column.name for column in fields(Held))


class BookingRepository:
    """Access to bookings inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, booking: Booking) -> None:
        """Raises WriteConflictError when the draw was given a booking meanwhile."""
        values = {name: getattr(booking, name) for name in _BOOKING}
        try:
            await self._connection.execute(bookings.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def get(self, booking_id: str) -> Booking | None:
        """One booking."""
        return await self._one(bookings.c.id == booking_id)

    async def of_draw(self, draw_id: str) -> Booking | None:
        """The booking of a draw, cancelled or not."""
        return await self._one(bookings.c.draw_id == draw_id)

    async def page(
        self,
        *,
        mode: str,
        agency_id: str | None,
        site_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[Booking]:
        """Up to `limit` bookings, latest evaluation first; of one agency, or with a part at one site now."""
        query = select(bookings).where(bookings.c.mode == mode)
        if agency_id is not None:
            query = query.where(bookings.c.agency_id == agency_id)
        if site_id is not None:
            query = query.where(
                exists().where(
                    booking_centres.c.booking_id == bookings.c.id,
                    booking_centres.c.revision == bookings.c.revision,
                    booking_centres.c.site_id == site_id,
                )
            )
        if after is not None:
            at, booking_id = after
            query = query.where(
                (bookings.c.since < at) | ((bookings.c.since == at) & (bookings.c.id < booking_id))
            )
        ordered = query.order_by(bookings.c.since.desc(), bookings.c.id.desc()).limit(limit)
        return [Booking(**row._mapping) for row in await self._connection.execute(ordered)]

    async def coming(self, *, mode: str, now: str, limit: int) -> list[Booking]:
        """Bookings that are not cancelled and not over, first to begin first."""
        query = select(bookings).where(
            bookings.c.mode == mode, bookings.c.until > now, bookings.c.state != "cancelled"
        )
        ordered = query.order_by(bookings.c.since, bookings.c.id).limit(limit)
        return [Booking(**row._mapping) for row in await self._connection.execute(ordered)]

    async def advance(self, booking: Booking, **changes: Any) -> None:
        """Apply `changes` to the booking at its version. Raises WriteConflictError when it moved."""
        swap = (
            update(bookings)
            .where(bookings.c.id == booking.id, bookings.c.version == booking.version)
            .values(**changes, version=booking.version + 1)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("store.write-conflict")

    async def add_order(self, order: OrderRow, centres: Iterable[CentrePart]) -> None:
        """A new order with its centres' parts. Raises WriteConflictError when the revision is taken."""
        values = {name: getattr(order, name) for name in _ORDER}
        try:
            await self._connection.execute(booking_orders.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error
        rows = [
            {name: getattr(one, name) for name in _CENTRE} | {"seats": list(one.seats)} for one in centres
        ]
        await self._connection.execute(insert(booking_centres), rows)

    async def orders(self, booking_id: str) -> list[OrderRow]:
        """Every order of a booking, oldest first."""
        query = select(booking_orders).where(booking_orders.c.booking_id == booking_id)
        rows = await self._connection.execute(query.order_by(booking_orders.c.revision))
        return [OrderRow(**row._mapping) for row in rows]

    async def centres(self, listed: Sequence[Booking]) -> dict[str, list[CentrePart]]:
        """The parts of each booking's present order, main site first, then by site."""
        found: dict[str, list[CentrePart]] = {one.id: [] for one in listed}
        current = {(one.id, one.revision) for one in listed}
        query = select(booking_centres).where(booking_centres.c.booking_id.in_(found))
        for row in await self._connection.execute(query.order_by(booking_centres.c.site_id)):
            if (row.booking_id, row.revision) in current:
                found[row.booking_id].append(CentrePart(**row._mapping))
        return {one: sorted(parts, key=lambda part: not part.main) for one, parts in found.items()}

    async def ever_at(self, booking_id: str, site_id: str) -> bool:
        """Whether any order of the booking had a part at this site."""
        query = select(booking_centres.c.revision).where(
            booking_centres.c.booking_id == booking_id, booking_centres.c.site_id == site_id
        )
        return (await self._connection.execute(query.limit(1))).first() is not None

    async def change_centre(self, part: CentrePart, **changes: Any) -> None:
        """Apply `changes` to a part that still stands as read. Raises WriteConflictError when it does not."""
        swap = (
            update(booking_centres)
            .where(
                booking_centres.c.booking_id == part.booking_id,
                booking_centres.c.revision == part.revision,
                booking_centres.c.site_id == part.site_id,
                booking_centres.c.state == part.state,
            )
            .values(**changes)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("store.write-conflict")

    async def take(self, booking_id: str, holds: Sequence[SeatHold], slots: range) -> None:
        """Hold each seat over every slot. Raises WriteConflictError when somebody else holds one of them."""
        ordered = sorted(holds, key=lambda one: (one.site_id, one.room_id, one.seat_id))
        rows = [_slot_row(booking_id, one, slot) for one in ordered for slot in slots]
        if not rows:
            return
        try:
            await self._open_rooms(rows, slots)
            await self._connection.execute(insert(seat_slots), rows)
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def free(self, booking_id: str, *, site_id: str | None = None, seat_id: str | None = None) -> None:
        """Give up what the booking holds: all of it, at one site, or of one seat."""
        mine: list[ColumnElement[bool]] = [seat_slots.c.booking_id == booking_id]
        if site_id is not None:
            mine.append(seat_slots.c.site_id == site_id)
        if seat_id is not None:
            mine.append(seat_slots.c.seat_id == seat_id)
        rooms = select(seat_slots.c.site_id, seat_slots.c.room_id, seat_slots.c.slot).where(*mine)
        held = {tuple(row) for row in await self._connection.execute(rooms.distinct())}
        try:
            await self._connection.execute(delete(seat_slots).where(*mine))
            await self._close_rooms(held)
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def held(self, site_ids: Collection[str], slots: range, *, besides: str = "") -> list[Held]:
        """The seats that bookings but `besides` hold in some of the slots."""
        query = select(*(seat_slots.c[name] for name in _HELD)).where(
            seat_slots.c.site_id.in_(site_ids),
            seat_slots.c.slot.between(slots[0], slots[-1]),
            seat_slots.c.booking_id != besides,
        )
        return [Held(**row._mapping) for row in await self._connection.execute(query.distinct())]

    async def held_from(self, site_id: str, slot: int) -> dict[str, str]:
        """The seats of a site that are held at or after a slot, each with its room."""
        query = select(seat_slots.c.seat_id, seat_slots.c.room_id).where(
            seat_slots.c.site_id == site_id, seat_slots.c.slot >= slot
        )
        return {row.seat_id: row.room_id for row in await self._connection.execute(query.distinct())}

    async def _open_rooms(self, rows: Sequence[Mapping[str, Any]], slots: range) -> None:
        """A slot row for each room that has none yet; one that another regime has is left for the seat's
        reference to refuse.
        """
        wanted = {(one["site_id"], one["room_id"], one["slot"]): one["regime"] for one in rows}
        sites = {site for site, _, _ in wanted}
        query = select(room_slots.c.site_id, room_slots.c.room_id, room_slots.c.slot).where(
            room_slots.c.site_id.in_(sites), room_slots.c.slot.between(slots[0], slots[-1])
        )
        there = {tuple(row) for row in await self._connection.execute(query)}
        missing = [
            {"site_id": site, "room_id": room, "slot": slot, "regime": regime}
            for (site, room, slot), regime in sorted(wanted.items())
            if (site, room, slot) not in there
        ]
        if missing:
            await self._connection.execute(insert(room_slots), missing)

    async def _close_rooms(self, held: Collection[tuple[Any, ...]]) -> None:
        """Remove the slots of rooms in which nobody is left."""
        nobody = ~exists().where(
            and_(
                seat_slots.c.site_id == room_slots.c.site_id,
                seat_slots.c.room_id == room_slots.c.room_id,
                seat_slots.c.slot == room_slots.c.slot,
            )
        )
        rooms: dict[tuple[str, str], list[int]] = defaultdict(list)
        for site, room, slot in held:
            rooms[site, room].append(slot)
        for (site, room), slots in sorted(rooms.items()):
            gone = and_(
                room_slots.c.site_id == site,
                room_slots.c.room_id == room,
                room_slots.c.slot.between(min(slots), max(slots)),
            )
            await self._connection.execute(delete(room_slots).where(gone, nobody))

    async def _one(self, which: ColumnElement[bool]) -> Booking | None:
        row = (await self._connection.execute(select(bookings).where(which))).one_or_none()
        return None if row is None else Booking(**row._mapping)


def _slot_row(booking_id: str, hold: SeatHold, slot: int) -> dict[str, Any]:
    return {
        "site_id": hold.site_id,
        "seat_id": hold.seat_id,
        "slot": slot,
        "room_id": hold.room_id,
        "regime": MIXED if hold.shared else booking_id,
        "booking_id": booking_id,
    }
