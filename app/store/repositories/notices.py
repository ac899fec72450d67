"""Who was told of which change, each once. Recipients stand here as keyed hashes."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.delivery_tables import notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One recipient of one change. `audience` is a word such as ``expert`` or ``site``."""

    change_id: str
    recipient_tag: str
    audience: str
    draw_id: str | None
    message_id: str
    created_at: str


class NoticeRepository:
    """Access to notices inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, notice: Notice) -> bool:
        """Note a recipient; False when they were told of this change already.

        Raises WriteConflictError when somebody else is telling them right now.
        """
        known = select(notices.c.message_id).where(
            notices.c.change_id == notice.change_id, notices.c.recipient_tag == notice.recipient_tag
        )
        if (await self._connection.execute(known)).scalar_one_or_none() is not None:
            return False
        values = {name: getattr(notice, name) for name in Notice.__slots__}
        try:
            await self._connection.execute(notices.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("notice.exists") from error
        return True

    async def of_draw(self, draw_id: str) -> list[Notice]:
        """Everybody who was told of the changes of a draw, oldest first."""
        query = select(notices).where(notices.c.draw_id == draw_id)
        rows = await self._connection.execute(
            query.order_by(notices.c.created_at, notices.c.change_id, notices.c.message_id)
        )
        return [Notice(**row) for row in rows.mappings()]
