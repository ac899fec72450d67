"""Sealed rosters and the wishes to open them. What was opened is sealed by the field cipher."""

from dataclasses import dataclass, field, fields
from typing import Final

from sqlalchemy import Insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.roster_tables import roster_openings, rosters


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterVersion:
    """One sealing: `events` are the replacement events that it knows of."""

    draw_id: str
    version: int
    events: int
    manifest: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    record_index: int
    sealed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOpening:
    """One wish to open; `opened_at` is None until the custodians gave their shares."""

    id: str
    draw_id: str
    version: int
    tier: int
    person: str
    document: bytes = field(repr=False)
    record_index: int
    asked_at: str
    opened_at: str | None = None


_VERSION: Final = tuple(rosters.c[one.name] for one in fields(RosterVersion))
_OPENING: Final = tuple(roster_openings.c[one.name] for one in fields(RosterOpening))


class RosterRepository:
    """Access to rosters inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, version: RosterVersion) -> None:
        """Store a new version. Raises WriteConflictError when another of the same number was first."""
        values = {one.name: getattr(version, one.name) for one in fields(RosterVersion)}
        await self._insert(rosters.insert().values(**values))

    async def newest(self, draw_id: str) -> RosterVersion | None:
        """The newest version of a draw's roster."""
        query = select(*_VERSION).where(rosters.c.draw_id == draw_id).order_by(rosters.c.version.desc())
        row = (await self._connection.execute(query.limit(1))).first()
        return None if row is None else RosterVersion(**row._mapping)

    async def ask(self, opening: RosterOpening) -> None:
        """Store a wish to open; one for each version and tier. Raises WriteConflictError when another was
        first."""
        values = {one.name: getattr(opening, one.name) for one in fields(RosterOpening)}
        await self._insert(roster_openings.insert().values(**values))

    async def openings(self, draw_id: str) -> list[RosterOpening]:
        """Every wish of a draw, oldest first."""
        query = select(*_OPENING).where(roster_openings.c.draw_id == draw_id)
        rows = await self._connection.execute(query.order_by(roster_openings.c.record_index))
        return [RosterOpening(**row._mapping) for row in rows]

    async def opened(self, opening: RosterOpening, plain: bytes, *, at: str) -> None:
        """Keep what was opened, once. Raises WriteConflictError when another did."""
        place = roster_openings.c.id == opening.id
        changed = await self._connection.execute(
            update(roster_openings)
            .where(place, roster_openings.c.opened_at.is_(None))
            .values(opened_at=at, sealed=self._seal(opening.id, plain))
        )
        if changed.rowcount != 1:
            raise WriteConflictError("store.write-conflict")

    async def seats(self, opening_id: str) -> bytes | None:
        """The opened roster's bytes, or None before."""
        query = select(roster_openings.c.sealed).where(roster_openings.c.id == opening_id)
        sealed = (await self._connection.execute(query)).scalar_one_or_none()
        if sealed is None:
            return None
        return self._cipher.open(sealed, table="roster_openings", column="sealed", row=opening_id)

    async def _insert(self, statement: Insert) -> None:
        try:
            await self._connection.execute(statement)
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    def _seal(self, opening_id: str, plain: bytes) -> bytes:
        return self._cipher.seal(plain, table="roster_openings", column="sealed", row=opening_id)
