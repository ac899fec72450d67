"""Gateways of sites and their keys."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError
from app.store.gateway_tables import site_gateways


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteGateway:
    """A gateway at a site's edge; `public` is its Ed25519 key, hex32."""

    id: str
    site: str
    name: str
    public: str
    registered_at: str
    registered_by: str
    revoked_at: str | None = None


_COLUMNS: Final = tuple(site_gateways.c[name] for name in SiteGateway.__slots__)


class SiteGatewayRepository:
    """Access to gateways inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, gateway: SiteGateway) -> None:
        """Raises ConflictError ``gateway.exists`` when another gateway has this key."""
        values = {name: getattr(gateway, name) for name in SiteGateway.__slots__}
        try:
            await self._connection.execute(site_gateways.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("gateway.exists") from error

    async def get(self, gateway_id: str) -> SiteGateway | None:
        """One gateway, also a revoked one."""
        query = select(*_COLUMNS).where(site_gateways.c.id == gateway_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else SiteGateway(**row._mapping)

    async def all(self) -> list[SiteGateway]:
        """Every gateway, by site and time."""
        query = select(*_COLUMNS).order_by(site_gateways.c.site, site_gateways.c.registered_at)
        return [SiteGateway(**row._mapping) for row in await self._connection.execute(query)]

    async def revoke(self, gateway_id: str, *, at: str) -> None:
        """Believe it no longer."""
        query = update(site_gateways).where(site_gateways.c.id == gateway_id).values(revoked_at=at)
        await self._connection.execute(query)
