"""Which seat a logged invitation is for: sealed here, a commitment in the log."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.tables import draw_invites

_TABLE: Final = "draw_invites"
_SEAT_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawInvite:
    """Invitation n of a draw: its seat, from 0, and the log index of its entry."""

    n: int
    seat: int = field(repr=False)
    entry_index: int
    created_at: str


class DrawInviteRepository:
    """Access to the seats of invitations inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, draw_id: str, invite: DrawInvite) -> None:
        """Raises WriteConflictError ``draw.invite-exists`` when the number is taken."""
        seat = invite.seat.to_bytes(_SEAT_BYTES, "big")
        sealed = self._cipher.seal(seat, table=_TABLE, column="sealed", row=f"{draw_id}/{invite.n}")
        try:
            await self._connection.execute(
                draw_invites.insert().values(
                    draw_id=draw_id,
                    n=invite.n,
                    sealed=sealed,
                    entry_index=invite.entry_index,
                    created_at=invite.created_at,
                )
            )
        except IntegrityError as error:
            raise WriteConflictError("draw.invite-exists") from error

    async def of_draw(self, draw_id: str) -> list[DrawInvite]:
        """A draw's invitations, ascending by n."""
        query = select(draw_invites).where(draw_invites.c.draw_id == draw_id).order_by(draw_invites.c.n)
        return [
            DrawInvite(
                n=row["n"],
                seat=self._seat(row["sealed"], f"{draw_id}/{row['n']}"),
                entry_index=row["entry_index"],
                created_at=row["created_at"],
            )
            for row in (await self._connection.execute(query)).mappings()
        ]

    def _seat(self, sealed: bytes, row: str) -> int:
        opened = self._cipher.open(sealed, table=_TABLE, column="sealed", row=row)
        return int.from_bytes(opened, "big")
