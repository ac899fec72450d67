"""Devices at the sites and the nonces of their signed events."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import AccessRefusedError, ConflictError
from app.store.desk_tables import device_nonces, devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A gate, detector, locker, ID reader or jammer; `public` is its Ed25519 key, hex32.

    `clock_offset`: seconds by which its clock was ahead when it was last heard.
    """

    id: str
    site: str
    kind: str
    name: str
    public: str
    url: str | None
    gate: str | None
    registered_at: str
    registered_by: str
    last_heartbeat: str | None = None
    clock_offset: int | None = None
    lost_at: str | None = None
    revoked_at: str | None = None


_COLUMNS: Final = tuple(devices.c[name] for name in Device.__slots__)


class DeviceRepository:
    """Access to devices inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, device: Device) -> None:
        """Raises ConflictError ``device.exists`` when another device has this key."""
        values = {name: getattr(device, name) for name in Device.__slots__}
        try:
            await self._connection.execute(devices.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("device.exists") from error

    async def get(self, device_id: str) -> Device | None:
        """One device, also a revoked one."""
        query = select(*_COLUMNS).where(devices.c.id == device_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Device(**row._mapping)

    async def of_site(self, site: str) -> list[Device]:
        """The devices of a site that are not revoked."""
        query = select(*_COLUMNS).where(devices.c.site == site, devices.c.revoked_at.is_(None))
        return [
            Device(**row._mapping) for row in await self._connection.execute(query.order_by(devices.c.id))
        ]

    async def detectors_of(self, gate: str) -> list[Device]:
        """The detectors that stand before a gate."""
        query = select(*_COLUMNS).where(devices.c.gate == gate, devices.c.revoked_at.is_(None))
        return [Device(**row._mapping) for row in await self._connection.execute(query)]

    async def change(self, device_id: str, **changes: Any) -> None:
        """Note what is known anew about a device."""
        await self._connection.execute(update(devices).where(devices.c.id == device_id).values(**changes))

    async def silent(self, *, since: str) -> list[Device]:
        """Devices not heard of after `since` and not yet reported as lost."""
        unheard = or_(
            devices.c.last_heartbeat < since,
            devices.c.last_heartbeat.is_(None) & (devices.c.registered_at < since),
        )
        known = devices.c.lost_at.is_(None) & devices.c.revoked_at.is_(None)
        query = select(*_COLUMNS).where(unheard, known).order_by(devices.c.id)
        return [Device(**row._mapping) for row in await self._connection.execute(query)]

    async def spend_nonce(self, device_id: str, nonce: str, *, expires_at: str, now: str) -> None:
        """Note a nonce as used; forget those that have expired. Raises AccessRefusedError once used."""
        await self._connection.execute(delete(device_nonces).where(device_nonces.c.expires_at < now))
        try:
            await self._connection.execute(
                device_nonces.insert().values(device_id=device_id, nonce=nonce, expires_at=expires_at)
            )
        except IntegrityError as error:
            raise AccessRefusedError("signature.replayed") from error
