"""Gateways of sites and their keys."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, select, update
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
    proposed_at: str
    proposed_by: str
    approved_at: str | None = None
    approved_by: str | None = None
    revoked_at: str | None = None
    revoked_by: str | None = None

    @property
    def is_believed(self) -> bool:
        """Two persons stand for its key, and nobody has revoked it."""
        return self.approved_at is not None and self.revoked_at is None


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

    async def by_key(self, public: str) -> SiteGateway | None:
        """The gateway of a key, hex32."""
        query = select(*_COLUMNS).where(site_gateways.c.public == public)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else SiteGateway(**row._mapping)

    async def all(self, site: str | None = None) -> list[SiteGateway]:
        """Every gateway, or those of a site, by site and time."""
        order = site_gateways.c.site, site_gateways.c.proposed_at, site_gateways.c.id
        query = select(*_COLUMNS).order_by(*order)
        if site is not None:
            query = query.where(site_gateways.c.site == site)
        return [SiteGateway(**row._mapping) for row in await self._connection.execute(query)]

    async def approve(self, gateway_id: str, *, by: str, at: str) -> bool:
        """Believe it; false when it was approved or revoked before."""
        open_ = site_gateways.c.approved_at.is_(None) & site_gateways.c.revoked_at.is_(None)
        return await self._settle(gateway_id, open_, approved_by=by, approved_at=at)

    async def revoke(self, gateway_id: str, *, by: str, at: str) -> bool:
        """Believe it no longer; false when it was revoked before."""
        standing = site_gateways.c.revoked_at.is_(None)
        return await self._settle(gateway_id, standing, revoked_by=by, revoked_at=at)

    async def _settle(self, gateway_id: str, while_: ColumnElement[bool], **changes: str) -> bool:
        query = update(site_gateways).where((site_gateways.c.id == gateway_id) & while_).values(**changes)
        return (await self._connection.execute(query)).rowcount == 1
