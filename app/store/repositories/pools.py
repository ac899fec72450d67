"""Frozen pool versions: heads, sealed expert records, the sealed salt key and the dated change log (R04,
R05).

Records are opened here, on the way out, and sealed on the way in; what goes through is canonical JSON bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.tables import pool_changes, pool_experts, pools

_BATCH: Final = 5_000  # rows of one INSERT


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolVersion:
    """The head of one frozen version: what the `pool` entry at `entry_index` says."""

    id: str
    version: int
    mode: str
    size: int
    root: bytes
    basis: str
    entry_index: int
    frozen_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChange:
    """One expert's difference between two versions: which fields moved, never their values."""

    at: str
    expert_tag: str
    kind: str
    fields: tuple[str, ...]


_HEAD: Final = tuple(name for name in PoolVersion.__slots__)
_HEAD_COLUMNS: Final = tuple(pools.c[name] for name in _HEAD)


class PoolRepository:
    """Access to pools inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(
        self,
        pool: PoolVersion,
        *,
        salt_key: bytes,
        records: Sequence[bytes],
        changes: Sequence[PoolChange],
    ) -> None:
        """Store a version whole. Raises WriteConflictError when this version exists already."""
        values = {name: getattr(pool, name) for name in _HEAD}
        place = _row(pool.id, pool.version)
        sealed = self._cipher.seal(salt_key, table="pools", column="sealed_salt_key", row=place)
        try:
            await self._connection.execute(pools.insert().values(**values, sealed_salt_key=sealed))
        except IntegrityError as error:
            raise WriteConflictError("pool.version-exists") from error
        rows = self._sealed_rows(pool, records)
        while batch := list(islice(rows, _BATCH)):
            await self._connection.execute(pool_experts.insert(), batch)
        if changes:
            await self._connection.execute(pool_changes.insert(), [_change_row(pool, one) for one in changes])

    async def get(self, pool_id: str, version: int | None = None) -> PoolVersion | None:
        """One version's head; the newest without `version`."""
        query = select(*_HEAD_COLUMNS).where(pools.c.id == pool_id)
        if version is not None:
            query = query.where(pools.c.version == version)
        row = (await self._connection.execute(query.order_by(pools.c.version.desc()).limit(1))).one_or_none()
        return None if row is None else PoolVersion(**row._mapping)

    async def newest(self, *, mode: str) -> list[PoolVersion]:
        """The newest version of every pool of a mode, ascending by id."""
        latest = (
            select(pools.c.id, func.max(pools.c.version).label("version")).group_by(pools.c.id).subquery()
        )
        query = (
            select(*_HEAD_COLUMNS)
            .join(latest, (pools.c.id == latest.c.id) & (pools.c.version == latest.c.version))
            .where(pools.c.mode == mode)
        )
        rows = await self._connection.execute(query.order_by(pools.c.id))
        return [PoolVersion(**row._mapping) for row in rows]

    async def salt_key(self, pool_id: str, version: int) -> bytes:
        """The 32-byte key of this version's salts. The version must exist."""
        query = select(pools.c.sealed_salt_key).where(pools.c.id == pool_id, pools.c.version == version)
        sealed: bytes = (await self._connection.execute(query)).scalar_one()
        return self._cipher.open(sealed, table="pools", column="sealed_salt_key", row=_row(pool_id, version))

    async def records(self, pool_id: str, version: int) -> list[bytes]:
        """Every record's canonical bytes in the order they were stored in: the order of the salts."""
        query = select(pool_experts.c.row, pool_experts.c.sealed).where(
            pool_experts.c.pool_id == pool_id, pool_experts.c.version == version
        )
        rows = await self._connection.execute(query.order_by(pool_experts.c.row))
        place = _row(pool_id, version)
        return [
            self._cipher.open(row.sealed, table="pool_experts", column="sealed", row=f"{place}/{row.row}")
            for row in rows
        ]

    async def changes(
        self, pool_id: str, version: int, *, after: int = 0, limit: int
    ) -> list[tuple[int, PoolChange]]:
        """What this version changed against the one before, each with its row number: up to `limit` behind
        the row `after`.
        """
        query = select(pool_changes).where(
            pool_changes.c.pool_id == pool_id, pool_changes.c.version == version, pool_changes.c.id > after
        )
        rows = await self._connection.execute(query.order_by(pool_changes.c.id).limit(limit))
        return [
            (
                row.id,
                PoolChange(at=row.at, expert_tag=row.expert_tag, kind=row.kind, fields=tuple(row.fields)),
            )
            for row in rows
        ]

    def _sealed_rows(self, pool: PoolVersion, records: Sequence[bytes]) -> Iterator[dict[str, object]]:
        place = _row(pool.id, pool.version)
        for row, record in enumerate(records):
            sealed = self._cipher.seal(record, table="pool_experts", column="sealed", row=f"{place}/{row}")
            yield {"pool_id": pool.id, "version": pool.version, "row": row, "sealed": sealed}


def _row(pool_id: str, version: int) -> str:
    return f"{pool_id}/{version}"


def _change_row(pool: PoolVersion, change: PoolChange) -> dict[str, object]:
    return {
        "pool_id": pool.id,
        "version": pool.version,
        "at": change.at,
        "expert_tag": change.expert_tag,
        "kind": change.kind,
        "fields": list(change.fields),
    }
