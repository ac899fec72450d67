"""Appointments: proposed by one person, decided by another. Who was chosen is sealed."""

from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.appointment_tables import appointments
from app.store.field_cipher import FieldCipher

_PLACE: Final = {"table": "appointments", "column": "sealed_chosen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRow:
    """An appointment as stored: `document` holds counts and digests, `digest` is the document's."""

    id: str
    project_id: str
    section: str
    agency_id: str
    mode: str
    way: str
    fills: str | None
    draw_id: str | None = None
    state: str
    pool_id: str
    pool_version: int
    seats: int
    outside: int
    opens_at: str
    document: bytes
    digest: str
    proposed_by: str
    proposer: str
    decided_by: str | None = None
    decided_at: str | None = None
    decision: str | None = None
    log_index: int | None = None
    created_at: str


_COLUMNS: Final = tuple(column.name for column in fields(AppointmentRow))
_SELECT: Final = tuple(appointments.c[name] for name in _COLUMNS)


class AppointmentRepository:
    """Access to appointments inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, row: AppointmentRow, chosen: bytes) -> None:
        """Store a proposal with who was chosen, sealed."""
        values = {name: getattr(row, name) for name in _COLUMNS}
        sealed = self._cipher.seal(chosen, row=row.id, **_PLACE)
        await self._connection.execute(appointments.insert().values(**values, sealed_chosen=sealed))

    async def get(self, appointment_id: str) -> AppointmentRow | None:
        """One appointment."""
        return await self._one(appointments.c.id == appointment_id)

    async def of_draw(self, draw_id: str) -> AppointmentRow | None:
        """The appointment that this row of draws carries."""
        return await self._one(appointments.c.draw_id == draw_id)

    async def of_section(self, project_id: str, section: str) -> list[AppointmentRow]:
        """The appointments of a section, oldest first."""
        query = select(*_SELECT).where(
            appointments.c.project_id == project_id, appointments.c.section == section
        )
        return await self._listed(query)

    async def listed(self, *, mode: str, agency_id: str | None, limit: int) -> list[AppointmentRow]:
        """The newest appointments of a mode, and of one agency where it is named."""
        query = select(*_SELECT).where(appointments.c.mode == mode)
        if agency_id is not None:
            query = query.where(appointments.c.agency_id == agency_id)
        query = query.order_by(appointments.c.created_at.desc(), appointments.c.id).limit(limit)
        return [AppointmentRow(**row._mapping) for row in await self._connection.execute(query)]

    async def chosen(self, appointment_id: str) -> bytes | None:
        """Who was chosen, while it is not decided; None afterwards."""
        query = select(appointments.c.sealed_chosen).where(appointments.c.id == appointment_id)
        sealed = (await self._connection.execute(query)).scalar_one_or_none()
        return None if sealed is None else self._cipher.open(sealed, row=appointment_id, **_PLACE)

    async def decide(self, appointment_id: str, **decided: Any) -> None:
        """Write down a decision, once, and forget who was chosen. Raises WriteConflictError."""
        swap = (
            update(appointments)
            .where(appointments.c.id == appointment_id, appointments.c.state == "proposed")
            .values(**decided, sealed_chosen=None)
        )
        try:
            changed = (await self._connection.execute(swap)).rowcount
        except IntegrityError as error:
            raise WriteConflictError("appointment.moved") from error
        if changed != 1:
            raise WriteConflictError("appointment.moved")

    async def count_seats(self, *, mode: str) -> dict[str, int]:
        """How many seats were filled without a draw, by way."""
        query = (
            select(appointments.c.way, func.sum(appointments.c.seats).label("seats"))
            .where(appointments.c.mode == mode, appointments.c.state == "approved")
            .group_by(appointments.c.way)
        )
        return {one.way: int(one.seats) for one in await self._connection.execute(query)}

    async def _one(self, condition: Any) -> AppointmentRow | None:
        row = (await self._connection.execute(select(*_SELECT).where(condition))).one_or_none()
        return None if row is None else AppointmentRow(**row._mapping)

    async def _listed(self, query: Any) -> list[AppointmentRow]:
        rows = await self._connection.execute(query.order_by(appointments.c.created_at, appointments.c.id))
        return [AppointmentRow(**row._mapping) for row in rows]
