"""The operation log (R50): who did what, when, from which address, through which channel."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables import operation_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One act. `target` names a project, draw, pool or key by id, never a person of the pool."""

    time: str
    address: str
    operator: str
    source: str
    action: str
    target: str


class OperationRepository:
    """Access to the operation log inside one transaction. There is no way to change or remove a record."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, operation: Operation) -> None:
        """Append one record."""
        values = {name: getattr(operation, name) for name in Operation.__slots__}
        await self._connection.execute(operation_log.insert().values(**values))

    async def newest(self, limit: int) -> list[Operation]:
        """The newest records, newest first."""
        columns = tuple(operation_log.c[name] for name in Operation.__slots__)
        query = select(*columns).order_by(operation_log.c.id.desc()).limit(limit)
        return [Operation(**row._mapping) for row in await self._connection.execute(query)]

    async def page(
        self, *, before: int | None, target: str | None, limit: int
    ) -> list[tuple[int, Operation]]:
        """Up to `limit` records with their numbers, newest first: older than `before`, about `target`."""
        columns = tuple(operation_log.c[name] for name in Operation.__slots__)
        query = select(operation_log.c.id, *columns)
        if before is not None:
            query = query.where(operation_log.c.id < before)
        if target is not None:
            query = query.where(operation_log.c.target == target)
        rows = await self._connection.execute(query.order_by(operation_log.c.id.desc()).limit(limit))
        return [
            (row.id, Operation(**{name: row._mapping[name] for name in Operation.__slots__})) for row in rows
        ]
