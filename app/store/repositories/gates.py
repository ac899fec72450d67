"""Passages through gates, and alerts of a site that stay open until somebody closes them by name and note."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.desk_tables import gate_passages, site_alerts
from app.store.field_cipher import FieldCipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A gate asked to open for one arrival. `ended`: ``passed``, ``shut``, ``held``, None while open."""

    id: str
    site: str
    gate: str
    arrival_id: str
    direction: str
    emergency: bool
    opened: bool
    reasons: Sequence[str]
    asked_at: str
    asked_by: str
    ended: str | None = None
    ended_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAlert:
    """Something that needs a person. `subject` is the id of a device or an arrival."""

    id: str
    site: str
    kind: str
    level: str
    subject: str
    gate: str | None
    opened_at: str
    closed_at: str | None = None
    closed_by: str | None = None


_PASSAGE: Final = tuple(gate_passages.c[name] for name in Passage.__slots__)
_ALERT: Final = tuple(site_alerts.c[name] for name in SiteAlert.__slots__)


class GateRepository:
    """Access to passages and alerts inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add_passage(self, passage: Passage) -> None:
        """Store a decision, also one against opening."""
        values = {name: getattr(passage, name) for name in Passage.__slots__}
        await self._connection.execute(gate_passages.insert().values(**values))

    async def passage(self, passage_id: str) -> Passage | None:
        """One passage."""
        query = select(*_PASSAGE).where(gate_passages.c.id == passage_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Passage(**row._mapping)

    async def open_passages(self, gate: str) -> list[Passage]:
        """Passages of a gate that opened and have not ended."""
        query = select(*_PASSAGE).where(
            gate_passages.c.gate == gate, gate_passages.c.opened, gate_passages.c.ended.is_(None)
        )
        rows = await self._connection.execute(query.order_by(gate_passages.c.asked_at, gate_passages.c.id))
        return [Passage(**row._mapping) for row in rows]

    async def held_at(self, gate: str) -> list[str]:
        """Ids of the arrivals whose passage through a gate was held."""
        query = select(gate_passages.c.arrival_id).where(
            gate_passages.c.gate == gate, gate_passages.c.ended == "held"
        )
        return [row.arrival_id for row in await self._connection.execute(query.distinct())]

    async def end_passage(self, passage_id: str, ended: str, *, now: str) -> bool:
        """End an open passage; false when it had ended before."""
        done = await self._connection.execute(
            update(gate_passages)
            .where(gate_passages.c.id == passage_id, gate_passages.c.ended.is_(None))
            .values(ended=ended, ended_at=now)
        )
        return done.rowcount == 1

    async def open_alert(self, alert: SiteAlert) -> bool:
        """Store an alert; false when the same one is open already."""
        same = (site_alerts.c.kind == alert.kind) & (site_alerts.c.subject == alert.subject)
        query = select(site_alerts.c.id).where(same, site_alerts.c.closed_at.is_(None))
        if (await self._connection.execute(query)).first() is not None:
            return False
        values = {name: getattr(alert, name) for name in SiteAlert.__slots__}
        try:
            await self._connection.execute(site_alerts.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("alert.open") from error
        return True

    async def alert(self, alert_id: str) -> SiteAlert | None:
        """One alert."""
        query = select(*_ALERT).where(site_alerts.c.id == alert_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else SiteAlert(**row._mapping)

    async def alerts(self, site: str, *, limit: int) -> list[SiteAlert]:
        """The alerts of a site, newest first."""
        query = select(*_ALERT).where(site_alerts.c.site == site)
        rows = await self._connection.execute(
            query.order_by(site_alerts.c.opened_at.desc(), site_alerts.c.id).limit(limit)
        )
        return [SiteAlert(**row._mapping) for row in rows]

    async def open_at_gate(self, gate: str, kind: str) -> list[SiteAlert]:
        """Open alerts of one kind at a gate."""
        query = select(*_ALERT).where(
            site_alerts.c.gate == gate, site_alerts.c.kind == kind, site_alerts.c.closed_at.is_(None)
        )
        return [SiteAlert(**row._mapping) for row in await self._connection.execute(query)]

    async def sites_with(self, kind: str, sites: Collection[str]) -> frozenset[str]:
        """Those of the sites where an alert of this kind is open."""
        query = select(site_alerts.c.site).where(
            site_alerts.c.site.in_(sites), site_alerts.c.kind == kind, site_alerts.c.closed_at.is_(None)
        )
        return frozenset(row.site for row in await self._connection.execute(query.distinct()))

    async def close_alert(self, alert_id: str, *, by: str, note: str, now: str) -> bool:
        """Close with name and sealed note; false when it was closed before."""
        sealed = self._cipher.seal(
            note.encode("utf-8"), table="site_alerts", column="sealed_note", row=alert_id
        )
        done = await self._connection.execute(
            update(site_alerts)
            .where(site_alerts.c.id == alert_id, site_alerts.c.closed_at.is_(None))
            .values(closed_at=now, closed_by=by, sealed_note=sealed)
        )
        return done.rowcount == 1
