"""The ledger of a site and Beijing day: appended by compare-and-swap on its head, never changed or removed.

What an entry tells is sealed together with its salt; the chain holds the digest (`remote_eval.ledger`).
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.desk_tables import site_ledger, site_ledger_anchors, site_ledger_heads
from app.store.field_cipher import FieldCipher
from remote_eval.ledger import SALT_BYTES, LedgerEntry, LedgerHead

_TABLE: Final = "site_ledger"
_ENTRY: Final = tuple(site_ledger.c[name] for name in LedgerEntry.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A head that stands in the log of a draw."""

    draw_id: str
    site: str
    day: str
    number: int
    document: str
    log_index: int
    at: str


class SiteLedgerRepository:
    """Access to ledgers inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def head(self, site: str, day: str) -> LedgerHead:
        """The head of a day; number 0 before its first entry."""
        query = select(site_ledger_heads.c.number, site_ledger_heads.c.hash).where(
            site_ledger_heads.c.site == site, site_ledger_heads.c.day == day
        )
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return LedgerHead(site=site, day=day)
        return LedgerHead(site=site, day=day, number=row.number, hash=row.hash)

    async def append(self, head: LedgerHead, entry: LedgerEntry, *, salt: bytes, detail: bytes) -> None:
        """Put `entry` after `head`. Raises WriteConflictError when another writer was first."""
        row = f"{entry.site}|{entry.day}|{entry.number}"
        sealed = self._cipher.seal(salt + detail, table=_TABLE, column="sealed_detail", row=row)
        values = {name: getattr(entry, name) for name in LedgerEntry.__slots__}
        try:
            await self._swap(head, entry)
            await self._connection.execute(site_ledger.insert().values(**values, sealed_detail=sealed))
        except IntegrityError as error:
            raise WriteConflictError("ledger.moved") from error

    async def _swap(self, head: LedgerHead, entry: LedgerEntry) -> None:
        fresh = {"number": entry.number, "hash": entry.hash}
        table = site_ledger_heads
        if head.number == 0:
            await self._connection.execute(table.insert().values(site=head.site, day=head.day, **fresh))
            return
        same = (table.c.site == head.site) & (table.c.day == head.day) & (table.c.number == head.number)
        done = await self._connection.execute(
            update(table).where(same, table.c.hash == head.hash).values(**fresh)
        )
        if done.rowcount != 1:
            raise WriteConflictError("ledger.moved")

    async def entries(self, site: str, day: str) -> list[tuple[LedgerEntry, bytes]]:
        """Every entry of a day by number, with its sealed detail."""
        query = select(*_ENTRY, site_ledger.c.sealed_detail).where(
            site_ledger.c.site == site, site_ledger.c.day == day
        )
        found = []
        for row in await self._connection.execute(query.order_by(site_ledger.c.number)):
            values = {name: row._mapping[name] for name in LedgerEntry.__slots__}
            found.append((LedgerEntry(**values), row.sealed_detail))
        return found

    def opened(self, entry: LedgerEntry, sealed: bytes) -> tuple[bytes, bytes]:
        """Salt and detail of an entry. Raises CipherError when it is not the one that was sealed there."""
        row = f"{entry.site}|{entry.day}|{entry.number}"
        plain = self._cipher.open(sealed, table=_TABLE, column="sealed_detail", row=row)
        return plain[:SALT_BYTES], plain[SALT_BYTES:]

    async def add_anchor(self, anchor: Anchor) -> None:
        """Note that a head stands in a draw's log."""
        values = {name: getattr(anchor, name) for name in Anchor.__slots__}
        await self._connection.execute(site_ledger_anchors.insert().values(**values))

    async def anchors(self, draw_id: str) -> list[Anchor]:
        """The heads that stand in a draw's log, of every site, in the order of the log."""
        table = site_ledger_anchors
        columns = tuple(table.c[name] for name in Anchor.__slots__)
        query = select(*columns).where(table.c.draw_id == draw_id).order_by(table.c.log_index)
        return [Anchor(**row._mapping) for row in await self._connection.execute(query)]
