"""API keys (hashed, scoped, expiring) and the nonces of signed requests already seen."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import AccessRefusedError
from app.store.tables import api_keys, signature_nonces


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of one accountable person. `hash` is SHA-256 of the secret; `signing_key` (hex32) makes signing a
    duty.
    """

    id: str
    person: str
    role: str
    agency_id: str | None
    hash: bytes
    scopes: tuple[str, ...]
    mode: str
    signing_key: str | None
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    site_id: str | None = None
    label: str | None = None
    revoked_reason: str | None = None


class AccessRepository:
    """Access to API keys inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, key: ApiKey) -> None:
        """Store a new key."""
        values = {name: getattr(key, name) for name in ApiKey.__slots__}
        await self._connection.execute(api_keys.insert().values(**{**values, "scopes": list(key.scopes)}))

    async def get(self, key_id: str) -> ApiKey | None:
        """One key, also when it has expired or was revoked: the caller checks."""
        row = (await self._connection.execute(select(api_keys).where(api_keys.c.id == key_id))).one_or_none()
        return None if row is None else _key(row)

    async def listed(self, *, mode: str) -> list[ApiKey]:
        """Every key of a mode, in the order they were issued, with those that ended."""
        query = select(api_keys).where(api_keys.c.mode == mode).order_by(api_keys.c.created_at, api_keys.c.id)
        return [_key(row) for row in await self._connection.execute(query)]

    async def revoke(self, key_id: str, *, at: str, reason: str) -> bool:
        """Make a key useless from now on; False when it was so before, or is none."""
        ended = await self._connection.execute(
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=at, revoked_reason=reason)
        )
        return ended.rowcount == 1

    async def spend_nonce(self, key_id: str, nonce: str, *, expires_at: str, now: str) -> None:
        """Note a nonce as used; forget those that have expired. Raises AccessRefusedError when it was used
        before.
        """
        await self._connection.execute(delete(signature_nonces).where(signature_nonces.c.expires_at < now))
        try:
            await self._connection.execute(
                signature_nonces.insert().values(key_id=key_id, nonce=nonce, expires_at=expires_at)
            )
        except IntegrityError as error:
            raise AccessRefusedError("signature.replayed") from error


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(**{**row._mapping, "scopes": tuple(row.scopes)})
