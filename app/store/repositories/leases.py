"""Leases on rows of work: claim by compare-and-swap, end only what one still holds.

A table of work has `next_at`, `attempts`, `lease_until` and `leased_by`. A claim carries a token of its own;
whoever is killed leaves a lease that runs out. What a claim is worth after the clock moved: forward, another
worker may hold the row and the older token ends nothing; backward, a lease that reaches further than any
lease does has run out too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, or_, select, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from app.times import from_text, to_text

LEASE: Final = timedelta(seconds=120)
# No retry is put off longer than this.
LONGEST_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One worker's claim: `token` is unpredictable and used once; `now` is text."""

    token: str
    now: str
    limit: int


async def claim(
    connection: AsyncConnection, table: Table, wanted: ColumnElement[bool], asked: Claim, **changes: Any
) -> Sequence[RowMapping]:
    """Lease up to `limit` due rows for which `wanted` holds; the rows as they now are, longest due first."""
    keys = [table.c[column.name] for column in table.primary_key]
    due = wanted & is_due(table, asked.now)
    chosen = select(*keys).where(due).order_by(table.c.next_at).limit(asked.limit)
    lease = {
        "leased_by": asked.token,
        "lease_until": _until(asked.now),
        "attempts": table.c.attempts + 1,
    }
    inside = tuple_(*keys).in_(chosen.with_for_update(skip_locked=True))
    await connection.execute(update(table).where(inside, due).values(**lease, **changes))
    held = select(table).where(table.c.leased_by == asked.token).order_by(table.c.next_at)
    return (await connection.execute(held)).mappings().all()


async def keep(
    connection: AsyncConnection, table: Table, held: ColumnElement[bool], token: str, *, now: str
) -> bool:
    """Hold a claimed row for a whole lease from now on; False when the claim was lost meanwhile."""
    longer = update(table).where(held, table.c.leased_by == token).values(lease_until=_until(now))
    return (await connection.execute(longer)).rowcount == 1


async def end(
    connection: AsyncConnection, table: Table, held: ColumnElement[bool], token: str, **changes: Any
) -> bool:
    """Give a claimed row back with `changes`; False when the claim was lost meanwhile and nothing changed."""
    swap = update(table).where(held, table.c.leased_by == token)
    swap = swap.values(leased_by=None, lease_until=None, **changes)
    return (await connection.execute(swap)).rowcount == 1


def is_due(table: Table, now: str) -> ColumnElement[bool]:
    """Due and held by nobody. After the clock went back, what was only put off is due at once."""
    moment = from_text(now)
    longest = to_text(moment + 2 * LEASE)
    put_off = (table.c.attempts > 0) & (table.c.next_at > to_text(moment + 2 * LONGEST_WAIT))
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now, table.c.lease_until > longest)
    return or_(table.c.next_at <= now, put_off) & free


def _until(now: str) -> str:
    return to_text(from_text(now) + LEASE)
