"""Records of late arrivals, leaves and no-shows: one per invitation and act. Who it was is sealed."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.invitation_tables import conduct_records

_TABLE: Final = "conduct_records"
_COLUMN: Final = "sealed_expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductRecord:
    """One act. `expert` is the id in the pool, `person_tag` a keyed hash that joins a person's records;
    `points`, `layer` and `source` are None where no scale speaks of the act."""

    invitation_id: str
    act: str
    draw_id: str
    expert: str = field(repr=False)
    person_tag: str = field(repr=False)
    minutes: int
    points: int | None
    layer: str | None
    source: str | None
    at: str


_CLEAR: Final = tuple(name for name in ConductRecord.__slots__ if name != "expert")


class ConductRepository:
    """Access to conduct records inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, record: ConductRecord) -> None:
        """Raises WriteConflictError ``conduct.recorded`` when this act of this invitation stands already."""
        values = {name: getattr(record, name) for name in _CLEAR}
        sealed = self._cipher.seal(
            record.expert.encode(), table=_TABLE, column=_COLUMN, row=_row(record.invitation_id, record.act)
        )
        try:
            await self._connection.execute(conduct_records.insert().values(**values, sealed_expert=sealed))
        except IntegrityError as error:
            raise WriteConflictError("conduct.recorded") from error

    async def of_draw(self, draw_id: str) -> list[ConductRecord]:
        """A draw's records in the order of their times."""
        table = conduct_records
        query = select(table).where(table.c.draw_id == draw_id)
        rows = await self._connection.execute(query.order_by(table.c.at, table.c.invitation_id, table.c.act))
        return [
            ConductRecord(
                **{name: row[name] for name in _CLEAR},
                expert=self._cipher.open(
                    row[_COLUMN], table=_TABLE, column=_COLUMN, row=_row(row["invitation_id"], row["act"])
                ).decode(),
            )
            for row in rows.mappings()
        ]


def _row(invitation_id: str, act: str) -> str:
    return f"{invitation_id}/{act}"
