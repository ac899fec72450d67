"""Registered parties: role, name and keys, each with the log index of its `key` entry (draw-proof §2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError
from app.store.tables import parties


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A key holder. `public`, `vrf` and `seal` are hex32; `url` is where its node answers, if it has one."""

    role: str
    name: str
    public: str
    vrf: str | None = None
    seal: str | None = None
    url: str | None = None
    entry_index: int


# Asked in every step of a draw, so built once.
_BY_PUBLICS: Final = (
    select(parties)
    .where(parties.c.public.in_(bindparam("publics", expanding=True)))
    .order_by(parties.c.entry_index)
)


class PartyRepository:
    """Access to parties inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, party: Party) -> None:
        """Register a party. Raises ConflictError ``party.exists`` when its key, or its role and name, are
        taken.
        """
        values = {name: getattr(party, name) for name in Party.__slots__}
        try:
            await self._connection.execute(parties.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("party.exists") from error

    async def by_public(self, public: str) -> Party | None:
        """The party that holds this key."""
        row = (
            await self._connection.execute(select(parties).where(parties.c.public == public))
        ).one_or_none()
        return None if row is None else Party(**row._mapping)

    async def by_publics(self, publics: Iterable[str]) -> list[Party]:
        """The parties that hold these keys, in the order of their registration."""
        rows = await self._connection.execute(_BY_PUBLICS, {"publics": sorted(set(publics))})
        return [Party(**row._mapping) for row in rows]

    async def by_role(self, role: str) -> list[Party]:
        """All parties of a role in the order of their registration."""
        query = select(parties).where(parties.c.role == role).order_by(parties.c.entry_index)
        return [Party(**row._mapping) for row in await self._connection.execute(query)]

    async def all(self) -> list[Party]:
        """Every party in the order of its registration."""
        query = select(parties).order_by(parties.c.entry_index)
        return [Party(**row._mapping) for row in await self._connection.execute(query)]
