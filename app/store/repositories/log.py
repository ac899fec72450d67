"""The log's rows: head, entries, perfect-subtree hashes and published checkpoints (draw-proof §2).

The head moves by compare-and-swap only. This module stores and fetches; what may be appended, and when it
counts, is decided in `app.usecases.log`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from sqlalchemy import Select, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import LogConflictError, LogCorruptError
from app.store.tables import log_checkpoints, log_entries, log_head, log_nodes
from crypto.merkle import Node, NodeReader

T = TypeVar("T")
# Statements are built once: building one costs more than SQLite takes to answer it.
_HEAD: Final = select(log_head.c.size, log_head.c.published_size, log_head.c.published_note).where(
    log_head.c.id == 1
)
_LOCKED_HEAD: Final = _HEAD.with_for_update()
_SWAP_SIZE: Final = (
    update(log_head)
    .where(log_head.c.id == 1, log_head.c.size == bindparam("expected"))
    .values(size=bindparam("grown"))
)
_SWAP_PUBLISHED: Final = (
    update(log_head)
    .where(log_head.c.id == 1, log_head.c.published_size < bindparam("reached"))
    .values(published_size=bindparam("reached"), published_note=bindparam("note"))
)
_ENTRIES_AT: Final = (
    select(log_entries)
    .where(log_entries.c.index.in_(bindparam("places", expanding=True)))
    .order_by(log_entries.c.index)
)
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
        row = (await self._connection.execute(_LOCKED_HEAD if lock else _HEAD)).one_or_none()
        if row is None:
            raise LogCorruptError("log.no-head")
        return LogHead(size=row.size, published_size=row.published_size, published_note=row.published_note)

    async def swap_size(self, *, expected: int, size: int) -> None:
        """Move the head from `expected` to `size`; exactly one row must change. Raises LogConflictError."""
        swapped = await self._connection.execute(_SWAP_SIZE, {"expected": expected, "grown": size})
        if swapped.rowcount != 1:
            raise LogConflictError("log.head-moved")

    async def swap_published(self, *, size: int, note: str, at: str) -> bool:
        """Record a checkpoint unless one as large is already published; says whether it was recorded."""
        swapped = await self._connection.execute(_SWAP_PUBLISHED, {"reached": size, "note": note})
        if swapped.rowcount != 1:
            return False
        row = {"size": size, "note": note, "published_at": at}
        await self._connection.execute(log_checkpoints.insert(), row)
        return True

    async def insert(self, entries: Sequence[LogEntry], nodes: Sequence[Node]) -> None:
        """Store entries and the subtrees they complete."""
        listed = [{"index": one.index, "entry": one.entry, "leaf_hash": one.leaf_hash} for one in entries]
        await self._connection.execute(log_entries.insert(), listed)
        rows = [{"level": level, "index": index, "hash": digest} for level, index, digest in nodes]
        await self._connection.execute(log_nodes.insert(), rows)

    async def entries(self, start: int, end: int) -> list[LogEntry]:
        """Entries start … end − 1, ascending."""
        query = select(log_entries).where(log_entries.c.index >= start, log_entries.c.index < end)
        rows = await self._connection.execute(query.order_by(log_entries.c.index))
        return [LogEntry(**row) for row in rows.mappings()]

    async def entries_at(self, indexes: Iterable[int]) -> list[LogEntry]:
        """The entries at the given indexes, ascending; missing ones are left out."""
        rows = await self._connection.execute(_ENTRIES_AT, {"places": sorted(set(indexes))})
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
            # Few lengths of statement: the places are filled up by repeating the last.
            group += group[-1:] * ((1 << (len(group) - 1).bit_length()) - len(group))
            values = {f"{name}{n}": at[part] for n, at in enumerate(group) for part, name in _PLACE}
            rows = await self._connection.execute(_nodes_at(len(group)), values)
            found.update({(one["level"], one["index"]): one["hash"] for one in rows.mappings()})
        return found


_PLACE: Final = ((0, "level"), (1, "index"))


@cache
def _nodes_at(places: int) -> Select[tuple[int, int, bytes]]:
    """The nodes at the given number of places (:level0, :index0), (:level1, :index1), and so on."""
    alternatives = [
        and_(log_nodes.c.level == bindparam(f"level{n}"), log_nodes.c.index == bindparam(f"index{n}"))
        for n in range(places)
    ]
    return select(log_nodes.c.level, log_nodes.c.index, log_nodes.c.hash).where(or_(*alternatives))
