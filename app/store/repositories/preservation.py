"""Acts on the recordings of closed rooms, and their custodians. Both are appended and never changed."""

import json
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.preservation_tables import recording_acts, recording_custodians
from crypto.canonical import canonical
from remote_eval.preservation import Act

_TABLE = "recording_acts"
_COLUMN = "sealed_words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Whoever keeps the recordings of this installation, from then on."""

    user_id: str
    named_by: str
    at: str


class PreservationRepository:
    """Access to acts and custodians inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def acts(self, room_id: str) -> list[Act]:
        """The acts of a room, in their order."""
        table = recording_acts
        query = select(table).where(table.c.room_id == room_id).order_by(table.c.number)
        return [
            Act(
                number=row.number,
                kind=row.kind,
                at=row.at,
                actor=row.actor,
                subject=row.subject,
                body=json.loads(row.body),
            )
            for row in await self._connection.execute(query)
        ]

    async def words(self, room_id: str) -> dict[int, bytes]:
        """The words of a room's acts by number, with their salt in front. Raises CipherError."""
        table = recording_acts
        query = select(table.c.number, table.c.sealed_words).where(
            table.c.room_id == room_id, table.c.sealed_words.is_not(None)
        )
        return {
            row.number: self._cipher.open(
                row.sealed_words, table=_TABLE, column=_COLUMN, row=f"{room_id}|{row.number}"
            )
            for row in await self._connection.execute(query)
        }

    async def add(self, room_id: str, act: Act, *, words: bytes | None = None) -> None:
        """Append an act, its words sealed. Raises WriteConflictError when another has its number."""
        sealed = None
        if words is not None:
            row = f"{room_id}|{act.number}"
            sealed = self._cipher.seal(words, table=_TABLE, column=_COLUMN, row=row)
        values = {
            "room_id": room_id,
            "number": act.number,
            "kind": act.kind,
            "at": act.at,
            "actor": act.actor,
            "subject": act.subject,
            "body": canonical(dict(act.body)).decode(),
            "sealed_words": sealed,
        }
        await self._insert(recording_acts.insert().values(**values))

    async def custodian(self) -> Custodian | None:
        """Whoever was named last."""
        table = recording_custodians
        query = select(table.c.user_id, table.c.named_by, table.c.at).order_by(table.c.number.desc()).limit(1)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Custodian(**row._mapping)

    async def name_custodian(self, one: Custodian) -> None:
        """Name the next custodian. Raises WriteConflictError when another was named right now."""
        table = recording_custodians
        newest = (await self._connection.execute(select(func.max(table.c.number)))).scalar_one()
        await self._insert(
            table.insert().values(
                number=(newest or 0) + 1, user_id=one.user_id, named_by=one.named_by, at=one.at
            )
        )

    async def _insert(self, statement: object) -> None:
        try:
            await self._connection.execute(statement)  # type: ignore[call-overload]
        except IntegrityError as error:
            raise WriteConflictError("preservation.moved") from error
