"""The log's rows: head, entries, perfect-subtree hashes and published checkpoints (draw-proof §2).

The head moves by compare-and-swap only. This module stores and fetches; what may be appended, and when it
counts, is decided in `app.usecases.log`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import LogConflictError, LogCorruptError
from app.store.tables import log_checkpoints, log_entries, log_head, log_nodes
from crypto.merkle import Node, NodeReader

T = TypeVar("T")
_HEAD: Final = 1
# SQLite nests an OR at most a thousand deep.
_NODES_PER_QUERY: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """How far the log reaches, how much of it is published, and the note that says so."""

    size: int
    published_size: int
    published_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry's canonical bytes at its index, with the stored leaf hash."""

    index: int
    entry: bytes
    leaf_hash: bytes


class LogRepository:
    """Access to the log inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def head(self, *, lock: bool = False) -> LogHead:
        """The head; with `lock` other appenders on PostgreSQL wait here instead of losing the swap later."""
        query = select(log_head).where(log_head.c.id == _HEAD)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            raise LogCorruptError("log.no-head")
        return LogHead(size=row.size, published_size=row.published_size, published_note=row.published_note)

    async def swap_size(self, *, expected: int, size: int) -> None:
        """Move the head from `expected` to `size`; exactly one row must change. Raises LogConflictError."""
        swap = update(log_head).where(log_head.c.id == _HEAD, log_head.c.size == expected).values(size=size)
        if (await self._connection.execute(swap)).rowcount != 1:
            raise LogConflictError("log.head-moved")

    async def swap_published(self, *, size: int, note: str, at: str) -> bool:
        """Record a checkpoint unless one as large is already published; says whether it was recorded."""
        swap = (
            update(log_head)
            .where(log_head.c.id == _HEAD, log_head.c.published_size < size)
            .values(published_size=size, published_note=note)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            return False
        await self._connection.execute(log_checkpoints.insert().values(size=size, note=note, published_at=at))
        return True

    async def insert(self, entry: LogEntry, nodes: Sequence[Node]) -> None:
        """Store an entry and the subtrees it completes."""
        await self._connection.execute(
            log_entries.insert().values(index=entry.index, entry=entry.entry, leaf_hash=entry.leaf_hash)
        )
        rows = [{"level": level, "index": index, "hash": digest} for level, index, digest in nodes]
        await self._connection.execute(log_nodes.insert(), rows)

    async def entries(self, start: int, end: int) -> list[LogEntry]:
        """Entries start … end − 1, ascending."""
        query = select(log_entries).where(log_entries.c.index >= start, log_entries.c.index < end)
        rows = await self._connection.execute(query.order_by(log_entries.c.index))
        return [LogEntry(**row) for row in rows.mappings()]

    async def entries_at(self, indexes: Iterable[int]) -> list[LogEntry]:
        """The entries at the given indexes, ascending; missing ones are left out."""
        query = select(log_entries).where(log_entries.c.index.in_(sorted(set(indexes))))
        rows = await self._connection.execute(query.order_by(log_entries.c.index))
        return [LogEntry(**row) for row in rows.mappings()]

    async def nodes_from(self, level: int, start: int, end: int) -> list[bytes]:
        """Stored hashes of one level, start … end − 1, ascending."""
        query = select(log_nodes.c.hash).where(
            log_nodes.c.level == level, log_nodes.c.index >= start, log_nodes.c.index < end
        )
        return list((await self._connection.execute(query.order_by(log_nodes.c.index))).scalars())

    async def checkpoint(self, size: int) -> str | None:
        """The published note of exactly this size, if there is one."""
        query = select(log_checkpoints.c.note).where(log_checkpoints.c.size == size)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def first_checkpoint_covering(self, index: int) -> tuple[int, str] | None:
        """Size and note of the smallest published checkpoint that covers `index`."""
        query = select(log_checkpoints.c.size, log_checkpoints.c.note).where(log_checkpoints.c.size > index)
        row = (await self._connection.execute(query.order_by(log_checkpoints.c.size).limit(1))).one_or_none()
        return None if row is None else (row.size, row.note)

    async def checkpoints(self) -> list[tuple[int, str]]:
        """Size and note of every published checkpoint, ascending."""
        query = select(log_checkpoints.c.size, log_checkpoints.c.note).order_by(log_checkpoints.c.size)
        return [(row.size, row.note) for row in await self._connection.execute(query)]

    async def compute(self, function: Callable[[NodeReader], T]) -> T:
        """`function` applied to the stored subtrees, which are fetched together.

        `function` (one of `crypto.merkle`'s ``*_at``) asks for the same nodes whatever their hashes are: it
        runs once on blank hashes to learn which, then on the real ones. Raises LogCorruptError when one is
        missing.
        """
        wanted: set[tuple[int, int]] = set()

        def learn(level: int, index: int) -> bytes:
            wanted.add((level, index))
            return bytes(32)

        function(learn)
        found = await self._nodes(wanted)
        if len(found) != len(wanted):
            raise LogCorruptError("log.node-missing")
        return function(lambda level, index: found[level, index])

    async def _nodes(self, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        found: dict[tuple[int, int], bytes] = {}
        listed = sorted(wanted)
        for start in range(0, len(listed), _NODES_PER_QUERY):
            group = listed[start : start + _NODES_PER_QUERY]
            places = [and_(log_nodes.c.level == level, log_nodes.c.index == index) for level, index in group]
            rows = await self._connection.execute(select(log_nodes).where(or_(*places)))
            found.update({(one["level"], one["index"]): one["hash"] for one in rows.mappings()})
        return found
