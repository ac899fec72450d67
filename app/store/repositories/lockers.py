"""Locker records (R15): what lies where, when it was put in and given back, both signatures of each act.

That a locker holds the things of one person at a time is a unique index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.desk_tables import locker_deposits
from app.store.field_cipher import FieldCipher

_TABLE: Final = "locker_deposits"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRow:
    """One deposit. `items` are [kind, count] pairs."""

    id: str
    site: str
    locker: str
    arrival_id: str
    items: Sequence[Sequence[str | int]]
    deposited_at: str
    deposited_by: str
    returned_at: str | None = None
    returned_by: str | None = None


_COLUMNS: Final = tuple(locker_deposits.c[name] for name in DepositRow.__slots__)


class LockerRepository:
    """Access to locker records inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def put(self, deposit: DepositRow, signatures: bytes) -> None:
        """Raises ConflictError ``locker.taken`` when the locker, or this arrival, has a deposit already."""
        values = {name: getattr(deposit, name) for name in DepositRow.__slots__}
        sealed = self._cipher.seal(signatures, table=_TABLE, column="sealed_deposit", row=deposit.id)
        try:
            await self._connection.execute(
                locker_deposits.insert().values(**values | {"sealed_deposit": sealed})
            )
        except IntegrityError as error:
            raise ConflictError("locker.taken") from error

    async def open_of(self, arrival_id: str) -> DepositRow | None:
        """What lies in a locker for this arrival now."""
        query = select(*_COLUMNS).where(
            locker_deposits.c.arrival_id == arrival_id, locker_deposits.c.returned_at.is_(None)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else DepositRow(**row._mapping)

    async def give_back(self, deposit: DepositRow, signatures: bytes, *, by: str, now: str) -> None:
        """Note the return. Raises WriteConflictError when it was noted meanwhile."""
        sealed = self._cipher.seal(signatures, table=_TABLE, column="sealed_return", row=deposit.id)
        done = await self._connection.execute(
            update(locker_deposits)
            .where(locker_deposits.c.id == deposit.id, locker_deposits.c.returned_at.is_(None))
            .values(returned_at=now, returned_by=by, sealed_return=sealed)
        )
        if done.rowcount != 1:
            raise WriteConflictError("locker.returned")
