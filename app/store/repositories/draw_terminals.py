"""Draw terminals with their keys, and starts of draws at them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError
from app.store.terminal_tables import draw_starts, draw_terminals


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawTerminal:
    """A terminal of a draw room; its public key is proposed by one person and approved by another."""

    id: str
    site: str
    zone: str
    thumbprint: str
    jwk: Mapping[str, str]
    proposed_by: str
    proposed_at: str
    approved_by: str | None = None
    approved_at: str | None = None
    revoked_by: str | None = None
    revoked_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawStart:
    """A draw about to be started, or started, at a terminal. `request` is hex32, `signature` 64 bytes."""

    id: str
    draw_id: str
    terminal_id: str
    challenge: bytes = field(repr=False)
    origin: str
    request: str
    operator: str
    asked_at: str
    expires_at: str
    supervisor: str | None = None
    supervised_at: str | None = None
    begun_at: str | None = None
    signature: bytes | None = field(default=None, repr=False)


_TERMINAL: Final = tuple(draw_terminals.c[name] for name in DrawTerminal.__slots__)
_START: Final = tuple(draw_starts.c[name] for name in DrawStart.__slots__)


class DrawTerminalRepository:
    """Access to terminals and starts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, terminal: DrawTerminal) -> None:
        """Raises ConflictError ``terminal.known`` when another terminal has this key."""
        values = {name: getattr(terminal, name) for name in DrawTerminal.__slots__}
        try:
            await self._connection.execute(draw_terminals.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("terminal.known") from error

    async def get(self, terminal_id: str) -> DrawTerminal | None:
        """One terminal, also a revoked one."""
        return await self._one(draw_terminals.c.id == terminal_id)

    async def by_key(self, thumbprint: str) -> DrawTerminal | None:
        """The terminal of a key."""
        return await self._one(draw_terminals.c.thumbprint == thumbprint)

    async def all(self, site: str | None = None) -> list[DrawTerminal]:
        """Every terminal, or those of a site, by site and time."""
        order = draw_terminals.c.site, draw_terminals.c.proposed_at, draw_terminals.c.id
        query = select(*_TERMINAL).order_by(*order)
        if site is not None:
            query = query.where(draw_terminals.c.site == site)
        return [DrawTerminal(**row._mapping) for row in await self._connection.execute(query)]

    async def approve(self, terminal_id: str, *, by: str, at: str) -> bool:
        """Believe it; false when it was approved or revoked before."""
        open_ = draw_terminals.c.approved_at.is_(None) & draw_terminals.c.revoked_at.is_(None)
        return await self._settle(terminal_id, open_, approved_by=by, approved_at=at)

    async def revoke(self, terminal_id: str, *, by: str, at: str) -> bool:
        """Believe it no longer; false when it was revoked before."""
        standing = draw_terminals.c.revoked_at.is_(None)
        return await self._settle(terminal_id, standing, revoked_by=by, revoked_at=at)

    # -- starts

    async def add_start(self, start: DrawStart) -> None:
        """Keep a start that waits for its second person."""
        values = {name: getattr(start, name) for name in DrawStart.__slots__}
        await self._connection.execute(draw_starts.insert().values(**values))

    async def start(self, start_id: str) -> DrawStart | None:
        """One start, begun or not."""
        query = select(*_START).where(draw_starts.c.id == start_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else DrawStart(**row._mapping)

    async def begun(self, draw_id: str) -> DrawStart | None:
        """The start that a draw was begun with; None without one."""
        query = select(*_START).where(draw_starts.c.draw_id == draw_id, draw_starts.c.begun_at.is_not(None))
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else DrawStart(**row._mapping)

    async def draws_begun_at(self, site: str, *, since: str, until: str) -> list[str]:
        """Draws that were begun at a site in a span of time."""
        query = (
            select(draw_starts.c.draw_id)
            .join(draw_terminals, draw_terminals.c.id == draw_starts.c.terminal_id)
            .where(draw_terminals.c.site == site)
            .where(draw_starts.c.begun_at >= since, draw_starts.c.begun_at < until)
        )
        return list((await self._connection.execute(query.order_by(draw_starts.c.draw_id))).scalars())

    async def supervise(self, start_id: str, *, by: str, at: str) -> bool:
        """Put the second person in; false when another one stands there."""
        free = draw_starts.c.supervisor.is_(None) & draw_starts.c.begun_at.is_(None)
        query = update(draw_starts).where((draw_starts.c.id == start_id) & free)
        done = await self._connection.execute(query.values(supervisor=by, supervised_at=at))
        return done.rowcount == 1

    async def begin(self, start_id: str, *, signature: bytes, at: str) -> bool:
        """Spend the start; false when it was spent before. Raises ConflictError ``start.spent`` for a draw
        that another start has begun.
        """
        query = update(draw_starts).where(draw_starts.c.id == start_id, draw_starts.c.begun_at.is_(None))
        try:
            done = await self._connection.execute(query.values(signature=signature, begun_at=at))
        except IntegrityError as error:
            raise ConflictError("start.spent") from error
        return done.rowcount == 1

    async def _one(self, wanted: ColumnElement[bool]) -> DrawTerminal | None:
        row = (await self._connection.execute(select(*_TERMINAL).where(wanted))).one_or_none()
        return None if row is None else DrawTerminal(**row._mapping)

    async def _settle(self, terminal_id: str, while_: ColumnElement[bool], **changes: str) -> bool:
        query = update(draw_terminals).where((draw_terminals.c.id == terminal_id) & while_)
        return (await self._connection.execute(query.values(**changes))).rowcount == 1
