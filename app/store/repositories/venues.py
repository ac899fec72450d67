"""Sites with their zones, rooms and seats, and what is known of each seat's equipment.

Nothing is ever deleted: what a new plan leaves out is retired, because bookings and reports refer to it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.venue_tables import (
    seat_equipment,
    seat_reports,
    venue_rooms,
    venue_seats,
    venue_sites,
    venue_zones,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A centre: `hosts` it can be the main site 主场, `assists` it can be a sub-site 副场."""

    id: str
    mode: str
    name: str
    address: str
    contact: str
    hosts: bool
    assists: bool
    version: int
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A typed zone 功能区 of a site."""

    site_id: str
    id: str
    kind: str
    name: str
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of a zone; `cameras` are the views that must be recorded."""

    site_id: str
    id: str
    zone_id: str
    name: str
    use: str
    cameras: Sequence[str]
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One part of a seat as it stands, from which source and when; `own_...`: the seat's own last check.

    `own_fault`: the seat found a fault there which nobody has mended since.
    """

    condition: str = "unchecked"
    checked_at: str | None = None
    source: str | None = None
    own_fault: bool = False
    own_condition: str | None = None
    own_at: str | None = None
    own_figures: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A seat of a room. `equipment`: what is known of its parts; what is not in it is unchecked."""

    site_id: str
    id: str
    room_id: str
    label: str
    retired: bool = False
    equipment: Mapping[str, Check] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody found at a seat: a fault, a repair, a check. `figures`: what the seat measured."""

    site_id: str
    seat_id: str
    part: str
    condition: str
    note: str
    reported_by: str
    reported_at: str
    source: str = "staff"
    figures: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything inside one site that is not retired."""

    zones: Mapping[str, Zone]
    rooms: Mapping[str, Room]
    seats: Mapping[str, Seat]

    def zone_of(self, seat: Seat) -> Zone:
        """The zone that a seat stands in."""
        return self.zones[self.rooms[seat.room_id].zone_id]


_CHECKED = tuple(one.name for one in fields(Check))
_REPORTED = tuple(one.name for one in fields(Report))
_SEAT = tuple(venue_seats.c[name] for name in ("site_id", "id", "room_id", "label", "retired"))


class VenueRepository:
    """Access to venues inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def sites(self, *, mode: str) -> list[Site]:
        """Every site of a mode, by id."""
        query = select(venue_sites).where(venue_sites.c.mode == mode).order_by(venue_sites.c.id)
        return [Site(**row._mapping) for row in await self._connection.execute(query)]

    async def site(self, site_id: str) -> Site | None:
        """One site, whatever its mode: the caller checks."""
        query = select(venue_sites).where(venue_sites.c.id == site_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Site(**row._mapping)

    async def layouts(self, site_ids: Collection[str]) -> dict[str, Layout]:
        """The layout of each of these sites; a site that does not exist has an empty one."""
        zones = await self._live(venue_zones, site_ids)
        rooms = await self._live(venue_rooms, site_ids)
        seats = await self._seats(site_ids)
        return {
            one: Layout(
                zones={row["id"]: Zone(**row) for row in zones if row["site_id"] == one},
                rooms={row["id"]: Room(**row) for row in rooms if row["site_id"] == one},
                seats={seat.id: seat for seat in seats if seat.site_id == one},
            )
            for one in site_ids
        }

    async def seat(self, seat_id: str) -> Seat | None:
        """One seat that is not retired, with its equipment."""
        query = select(*_SEAT).where(venue_seats.c.id == seat_id, ~venue_seats.c.retired)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        equipment = await self._equipment([row.site_id])
        return Seat(**row._mapping, equipment=equipment.get((row.site_id, seat_id), {}))

    async def homes_of_seats(self, seat_ids: Collection[str]) -> dict[str, str]:
        """The site of each of these seats, retired ones too."""
        query = select(venue_seats.c.id, venue_seats.c.site_id).where(venue_seats.c.id.in_(seat_ids))
        return {row.id: row.site_id for row in await self._connection.execute(query)}

    async def store(self, site: Site, layout: Layout) -> None:
        """Make a site what the plan says. What is in the plan lives, what is not is retired.

        Raises WriteConflictError when another writer brings in the same site or seat.
        """
        tables = ((venue_zones, layout.zones), (venue_rooms, layout.rooms), (venue_seats, layout.seats))
        try:
            await self._put(venue_sites, [_values(venue_sites, site)], keys=("id",))
            for table, rows in tables:
                await self._retire(table, site.id)
                values = [_values(table, one) for one in rows.values()]
                await self._put(table, values, keys=("site_id", "id"))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def checks(self, site_id: str, seat_id: str) -> Mapping[str, Check]:
        """What is known of each part of a seat."""
        return (await self._equipment([site_id])).get((site_id, seat_id), {})

    async def report(self, one: Report, stands: Check | None) -> None:
        """Keep a report, and let the seat's part stand so; None: the report changes nothing of it."""
        values = {name: getattr(one, name) for name in _REPORTED}
        await self._connection.execute(seat_reports.insert().values(**values))
        if stands is None:
            return
        place = {"site_id": one.site_id, "seat_id": one.seat_id, "part": one.part}
        now = place | {name: getattr(stands, name) for name in _CHECKED}
        try:
            await self._put(seat_equipment, [now], keys=("site_id", "seat_id", "part"))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def reports(self, site_id: str, *, limit: int) -> list[Report]:
        """The newest reports of a site."""
        query = select(seat_reports).where(seat_reports.c.site_id == site_id)
        rows = await self._connection.execute(query.order_by(seat_reports.c.id.desc()).limit(limit))
        return [Report(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in rows]

    async def _live(self, table: Table, site_ids: Collection[str]) -> list[dict[str, Any]]:
        query = select(table).where(table.c.site_id.in_(site_ids), ~table.c.retired).order_by(table.c.id)
        return [dict(row._mapping) for row in await self._connection.execute(query)]

    async def _seats(self, site_ids: Collection[str]) -> list[Seat]:
        rows = await self._live(venue_seats, site_ids)
        equipment = await self._equipment(site_ids)
        return [Seat(**row, equipment=equipment.get((row["site_id"], row["id"]), {})) for row in rows]

    async def _equipment(self, site_ids: Collection[str]) -> dict[tuple[str, str], dict[str, Check]]:
        found: dict[tuple[str, str], dict[str, Check]] = defaultdict(dict)
        query = select(seat_equipment).where(seat_equipment.c.site_id.in_(site_ids))
        for row in await self._connection.execute(query):
            found[row.site_id, row.seat_id][row.part] = Check(**{n: row._mapping[n] for n in _CHECKED})
        return found

    async def _retire(self, table: Table, site_id: str) -> None:
        await self._connection.execute(update(table).where(table.c.site_id == site_id).values(retired=True))

    async def _put(self, table: Table, rows: Sequence[Mapping[str, Any]], *, keys: tuple[str, ...]) -> None:
        """Change each row that is there, add it otherwise."""
        for row in rows:
            same = [table.c[key] == row[key] for key in keys]
            changed = await self._connection.execute(update(table).where(*same).values(**row))
            if changed.rowcount == 0:
                await self._connection.execute(table.insert().values(**row))


def _values(table: Table, row: object) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.columns}
