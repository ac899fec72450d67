"""Freeze a new version of an expert pool: check, commit, store sealed, log, and note what changed (R01, R04,
R05).

Records come in as values; reading spreadsheets is elsewhere. Doubles (the same id or the same human being
twice) are refused with their row numbers: the draw treats every record as one person. A pool needs its legal
basis.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import Fault, InputRefusedError, LogCorruptError, NotFoundError
from app.store.field_cipher import FieldCipher
from app.store.repositories.pools import PoolChange, PoolVersion
from app.store.unit_of_work import UnitOfWork
from app.usecases.log import append
from app.usecases.platform import Platform
from crypto.canonical import canonical, parse_canonical
from draw.entries import draft, sign_all
from draw.errors import SnapshotError
from draw.model import FIELDS, ID, TEXT, ExpertRecord
from draw.schema import Faults, ObjectOf
from draw.snapshot import MAX_POOL, Snapshot

SALT_KEY_BYTES: Final = 32
MAX_FAULTS: Final = 1_000
MAX_RECORD_BYTES: Final = 256 * 1024
KEPT_SNAPSHOTS: Final = 4
_HEADER_SHAPE: Final = ObjectOf({"pool": ID, "basis": TEXT})
# The last few snapshots by root: a root commits to records and salts, so whoever has the same one has the
# same.
_KEPT: Final[OrderedDict[bytes, Snapshot]] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPool:
    """The new version and how many records were added, changed and removed against the one before."""

    pool: PoolVersion
    added: int
    changed: int
    removed: int


async def import_pool(
    platform: Platform, *, pool_id: str, basis: str, records: Sequence[ExpertRecord]
) -> ImportedPool:
    """Store `records` as the next version of the pool and log its root; not yet published.

    The caller publishes (`platform.publisher.covering(pool.entry_index + 1)`). Raises InputRefusedError with
    every fault; then nothing is stored.
    """
    faults = [*_header_faults(pool_id, basis), *double_faults(records)]
    if faults:
        raise InputRefusedError("pool.refused", faults)
    salt_key = platform.random(SALT_KEY_BYTES)
    snapshot = await asyncio.to_thread(Snapshot.build, records, salt_key)
    rows = await asyncio.to_thread(_encode, records)

    async def work(uow: UnitOfWork) -> ImportedPool:
        fresh = _Fresh(id=pool_id, basis=basis, snapshot=snapshot, salt_key=salt_key, rows=rows)
        return await _store(uow, platform, fresh)

    imported = await platform.database.transact(work)
    _keep(snapshot)
    return imported


async def load_snapshot(uow: UnitOfWork, pool_id: str, version: int) -> Snapshot:
    """The snapshot of a frozen version, from memory where it is there.

    Raises NotFoundError ``pool.unknown``, and LogCorruptError ``pool.root-differs`` when the records in the
    database are no longer those that the log's `pool` entry commits to.
    """
    head = await uow.pools.get(pool_id, version)
    if head is None:
        raise NotFoundError("pool.unknown")
    snapshot = _KEPT.get(head.root)
    if snapshot is None:
        salt_key = await uow.pools.salt_key(pool_id, version)
        stored = await uow.pools.records(pool_id, version)
        snapshot = await asyncio.to_thread(_rebuild, stored, salt_key)
        if snapshot.root != head.root or snapshot.size != head.size:
            raise LogCorruptError("pool.root-differs", pool=pool_id, version=version)
    _keep(snapshot)
    return snapshot


def records_from_json(rows: Iterable[object]) -> list[ExpertRecord]:
    """Records from their JSON objects. Raises InputRefusedError with the faults of every row by number."""
    records, faults = [], []
    for number, row in enumerate(rows):
        try:
            records.append(ExpertRecord.from_json(row))
        except SnapshotError as error:
            found: Any = error.details["faults"]
            faults += [Fault(code=f"schema.{one.code}", pointer=f"/{number}{one.pointer}") for one in found]
        if len(faults) >= MAX_FAULTS or number >= MAX_POOL:
            break
    if faults:
        raise InputRefusedError("pool.refused", faults[:MAX_FAULTS])
    return records


def double_faults(records: Sequence[ExpertRecord]) -> list[Fault]:
    """Rows whose id or human being has occurred before; the faults name rows, never people."""
    ids: dict[str, int] = {}
    people: dict[str, int] = {}
    faults = []
    for row, record in enumerate(records):
        for seen, value, field in ((ids, record.id, "id"), (people, record.person, "person")):
            first = seen.setdefault(value, row)
            if first != row:
                figures: dict[str, object] = {"row": row, "first": first}
                faults.append(Fault(code=f"pool.double-{field}", pointer=f"/{row}/{field}", figures=figures))
        if len(faults) >= MAX_FAULTS:
            break
    return faults


async def changes_of(
    uow: UnitOfWork, pool_id: str, version: int | None, *, mode: str, after: int = 0, limit: int
) -> tuple[PoolVersion, list[tuple[int, PoolChange]]]:
    """A version's head (None: the newest) with up to `limit` of its changes behind the row `after`.

    Raises NotFoundError ``pool.unknown``.
    """
    pool = await uow.pools.get(pool_id, version)
    if pool is None or pool.mode != mode:
        raise NotFoundError("pool.unknown")
    return pool, await uow.pools.changes(pool.id, pool.version, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fresh:
    """A version that is built and not yet stored; `rows` are the records' canonical bytes."""

    id: str
    basis: str
    snapshot: Snapshot
    salt_key: bytes
    rows: Sequence[bytes]


async def _store(uow: UnitOfWork, platform: Platform, fresh: _Fresh) -> ImportedPool:
    now, snapshot = platform.now(), fresh.snapshot
    before = await uow.pools.get(fresh.id)
    version = 1 if before is None else before.version + 1
    root = snapshot.root.hex()
    body = {"pool": fresh.id, "version": version, "size": snapshot.size, "root": root, "basis": fresh.basis}
    entry = sign_all(draft("pool", now, body), {"platform": platform.log.key})
    pool = PoolVersion(
        id=fresh.id,
        version=version,
        mode=platform.mode,
        size=snapshot.size,
        root=snapshot.root,
        basis=fresh.basis,
        entry_index=await append(uow, entry),
        frozen_at=now,
    )
    old = [] if before is None else await uow.pools.records(fresh.id, before.version)
    changes = list(_changes(old, fresh.rows, uow.cipher, now))
    await uow.pools.add(pool, salt_key=fresh.salt_key, records=fresh.rows, changes=changes)
    kinds = [one.kind for one in changes]
    return ImportedPool(
        pool=pool, added=kinds.count("added"), changed=kinds.count("changed"), removed=kinds.count("removed")
    )


def _changes(
    old: Sequence[bytes], new: Sequence[bytes], cipher: FieldCipher, at: str
) -> Iterable[PoolChange]:
    """What differs, by fields. A first version is all additions and gets no list of them."""
    if not old:
        return
    unchanged = set(old) & set(new)
    before = {one["id"]: one for one in map(_decoded, (row for row in old if row not in unchanged))}
    after = {one["id"]: one for one in map(_decoded, (row for row in new if row not in unchanged))}
    for id_ in sorted(before.keys() | after.keys()):
        gone, come = before.get(id_), after.get(id_)
        kind = "added" if gone is None else "removed" if come is None else "changed"
        moved = FIELDS if gone is None or come is None else [n for n in FIELDS if gone[n] != come[n]]
        tag = cipher.tag("pool_changes", id_)
        yield PoolChange(at=at, expert_tag=tag, kind=kind, fields=tuple(moved))


def _keep(snapshot: Snapshot) -> None:
    _KEPT[snapshot.root] = snapshot
    _KEPT.move_to_end(snapshot.root)
    while len(_KEPT) > KEPT_SNAPSHOTS:
        _KEPT.popitem(last=False)


def _rebuild(stored: Sequence[bytes], salt_key: bytes) -> Snapshot:
    values = (parse_canonical(data, max_bytes=MAX_RECORD_BYTES) for data in stored)
    return Snapshot.build([ExpertRecord.from_json(value) for value in values], salt_key)


def _decoded(row: bytes) -> Mapping[str, Any]:
    value: Mapping[str, Any] = json.loads(row)
    return value


def _encode(records: Sequence[ExpertRecord]) -> list[bytes]:
    return [canonical(record.to_json()) for record in records]


def _header_faults(pool_id: str, basis: str) -> Iterable[Fault]:
    found = Faults()
    _HEADER_SHAPE.check({"pool": pool_id, "basis": basis}, "", found)
    for one in found.found:
        code = "pool.basis" if one.pointer == "/basis" else f"schema.{one.code}"
        yield Fault(code=code, pointer=one.pointer)
