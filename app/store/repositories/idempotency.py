"""Answers kept under (principal, Idempotency-Key), so that a repeated request has one effect.

A key is reserved in a transaction of its own, for the length of a lease; the answer is stored in the
transaction of the business change, so both exist or neither. A reservation whose lease has run out (the
server died) may be taken over.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.tables import idempotency


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """A reservation, with its answer once there is one. `log_size` must be published first."""

    request_digest: bytes
    lease_until: str
    status: int | None
    headers: Mapping[str, str] | None
    response: bytes | None
    log_size: int | None


class IdempotencyRepository:
    """Access to stored answers inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def get(self, principal: str, key: str) -> StoredAnswer | None:
        """The reservation under this key."""
        columns = tuple(idempotency.c[name] for name in StoredAnswer.__slots__)
        query = select(*columns).where(idempotency.c.principal == principal, idempotency.c.key == key)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else StoredAnswer(**row._mapping)

    async def reserve(self, principal: str, key: str, *, digest: bytes, lease_until: str, now: str) -> None:
        """Take the key. Raises WriteConflictError when somebody else just did."""
        try:
            await self._connection.execute(
                idempotency.insert().values(
                    principal=principal,
                    key=key,
                    request_digest=digest,
                    lease_until=lease_until,
                    created_at=now,
                )
            )
        except IntegrityError as error:
            raise WriteConflictError("idempotency.taken") from error

    async def take_over(self, principal: str, key: str, *, expired_lease: str, lease_until: str) -> None:
        """Take a key whose holder died. Raises WriteConflictError when somebody else just did."""
        swap = (
            update(idempotency)
            .where(
                idempotency.c.principal == principal,
                idempotency.c.key == key,
                idempotency.c.status.is_(None),
                idempotency.c.lease_until == expired_lease,
            )
            .values(lease_until=lease_until)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("idempotency.taken")

    async def answer(
        self,
        principal: str,
        key: str,
        *,
        lease_until: str,
        status: int,
        headers: Mapping[str, str],
        response: bytes,
        log_size: int | None,
    ) -> None:
        """Store the answer of the holder of this lease. Raises WriteConflictError when the lease was taken
        over.
        """
        swap = (
            update(idempotency)
            .where(
                idempotency.c.principal == principal,
                idempotency.c.key == key,
                idempotency.c.status.is_(None),
                idempotency.c.lease_until == lease_until,
            )
            .values(status=status, headers=dict(headers), response=response, log_size=log_size)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("idempotency.lost-lease")

    async def release(self, principal: str, key: str, *, lease_until: str) -> None:
        """Give up a reservation that led to nothing."""
        await self._connection.execute(
            delete(idempotency).where(
                idempotency.c.principal == principal,
                idempotency.c.key == key,
                idempotency.c.status.is_(None),
                idempotency.c.lease_until == lease_until,
            )
        )
