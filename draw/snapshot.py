"""A pool snapshot: field commitments, pool leaves and the pool tree (draw-proof §3).

The rows are the records in the order given, which also decides their salts: row r, field f has salt 16·r + f
of the version's keystream. The tree orders leaves by leaf hash, so neither order nor position tells who came
when. Only leaf hashes are kept; commitments, salts and proofs of one expert are made again when asked for.
Storing records and keeping the salt key secret happen elsewhere.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.canonical import JsonValue, canonical
from crypto.commitment import SALT_BYTES, keystream_salts
from crypto.merkle import Tree
from crypto.merkle import leaf_hash as merkle_leaf_hash
from draw.errors import SnapshotError
from draw.model import FIELDS, ExpertRecord

MAX_POOL: Final = 5_000_000  # experts
_LEAF_SALT_BYTES: Final = SALT_BYTES * len(FIELDS)
_PREFIXES: Final = tuple(b"qt/1 field\x00" + name.encode("ascii") + b"\x00" for name in FIELDS)
# 8 MiB of keystream at a time.
_ROWS_PER_CHUNK: Final = 1 << 14
_CACHED_VALUES: Final = 1 << 16
# Fields that seldom repeat are not worth remembering.
_UNIQUE: Final = frozenset({"id", "person", "name", "employers"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PoolEntry:
    """One expert of the snapshot with everything that opens it: 16 salts, 16 commitments, place and proof."""

    record: ExpertRecord
    row: int
    leaf_hash: bytes
    salts: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    index: int
    proof: tuple[bytes, ...]


class Snapshot:
    """A fixed version of the pool."""

    __slots__ = ("_key", "_rank", "_rows_by_id", "leaf_hashes", "records", "rows_by_place", "tree")

    def __init__(self, records: Sequence[ExpertRecord], key: bytes, leaf_hashes: Sequence[bytes]) -> None:
        """Use `build`, which makes the leaf hashes that belong to the records."""
        self._key = key
        self.records = tuple(records)
        self.leaf_hashes = tuple(leaf_hashes)
        order = sorted(range(len(self.records)), key=self.leaf_hashes.__getitem__)
        self.tree = Tree([self.leaf_hashes[row] for row in order])
        self._rank = {row: index for index, row in enumerate(order)}
        self._rows_by_id = {record.id: row for row, record in enumerate(self.records)}
        # Region and specialties decide who is in scope: a draw looks at each pair once, not at each expert.
        self.rows_by_place: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for row, record in enumerate(self.records):
            self.rows_by_place.setdefault((record.region, record.specialties), []).append(row)

    @classmethod
    def build(cls, records: Sequence[ExpertRecord], salt_key: bytes) -> "Snapshot":
        """Commit to `records` under the 32-byte key of this version.

        Raises SnapshotError for a wrong key size, a pool above MAX_POOL or an id that occurs twice.
        """
        if len(salt_key) != SALT_BYTES:
            raise SnapshotError("snapshot.salt_key")
        if len(records) > MAX_POOL:
            raise SnapshotError("snapshot.too_large", size=len(records), limit=MAX_POOL)
        if len({record.id for record in records}) != len(records):
            raise SnapshotError("snapshot.id_twice")
        return cls(records, salt_key, [merkle_leaf_hash(leaf) for leaf in _leaves(records, salt_key)])

    @property
    def root(self) -> bytes:
        """The pool root, 32 bytes."""
        return self.tree.root

    @property
    def size(self) -> int:
        """Number of experts."""
        return len(self.records)

    def entry(self, expert_id: str) -> PoolEntry:
        """The opening of one expert. Raises SnapshotError("snapshot.unknown")."""
        row = self._rows_by_id.get(expert_id)
        if row is None:
            raise SnapshotError("snapshot.unknown")
        return self.entry_at(row)

    def entry_at(self, row: int) -> PoolEntry:
        """The opening of the expert in `row`."""
        record, index = self.records[row], self._rank[row]
        salts = _cut(keystream_salts(self._key, len(FIELDS), start=row * len(FIELDS)))
        values = field_values(record)
        commitments = tuple(
            _commit(salt, prefix, canonical(value))
            for salt, prefix, value in zip(salts, _PREFIXES, values, strict=True)
        )
        return PoolEntry(
            record=record,
            row=row,
            leaf_hash=self.leaf_hashes[row],
            salts=salts,
            commitments=commitments,
            index=index,
            proof=tuple(self.tree.inclusion(index)),
        )

    def rows_by_leaf(self) -> Iterator[int]:
        """Rows in the order of the tree."""
        return iter(sorted(self._rank, key=self._rank.__getitem__))


def field_values(record: ExpertRecord) -> tuple[JsonValue, ...]:
    """The sixteen field values of a record in the order of §3."""
    values = record.to_json()
    return tuple(values[name] for name in FIELDS)


def _leaves(records: Sequence[ExpertRecord], key: bytes) -> Iterator[bytes]:
    """The 512-byte pool leaves, row by row."""
    encode = _Encoder()
    for start in range(0, len(records), _ROWS_PER_CHUNK):
        chunk = records[start : start + _ROWS_PER_CHUNK]
        salts = keystream_salts(key, len(chunk) * len(FIELDS), start=start * len(FIELDS))
        for offset, record in enumerate(chunk):
            own = salts[offset * _LEAF_SALT_BYTES : (offset + 1) * _LEAF_SALT_BYTES]
            yield _leaf(own, encode.fields(record))


def _leaf(salts: bytes, encoded: Sequence[bytes]) -> bytes:
    mac = hmac.digest
    return b"".join(
        [
            mac(salts[at : at + SALT_BYTES], prefix + value, "sha256")
            for at, prefix, value in zip(_OFFSETS, _PREFIXES, encoded, strict=True)
        ]
    )


_OFFSETS: Final = range(0, _LEAF_SALT_BYTES, SALT_BYTES)


class _Encoder:
    """canonical() of a record's fields; strings and lists that repeat in a pool are encoded once."""

    def __init__(self) -> None:
        self._known: dict[object, bytes] = {None: b"null", (): b"[]"}

    def fields(self, record: ExpertRecord) -> list[bytes]:
        known, encoded = self._known, []
        for name in FIELDS:
            value = getattr(record, name)
            found = known.get(value)
            encoded.append(self._add(record, name, value) if found is None else found)
        return encoded

    def _add(self, record: ExpertRecord, name: str, value: object) -> bytes:
        encoded = canonical(value if isinstance(value, str) else record.to_json()[name])
        if len(self._known) < _CACHED_VALUES and name not in _UNIQUE:
            self._known[value] = encoded
        return encoded


def _cut(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[at : at + SALT_BYTES] for at in range(0, len(joined), SALT_BYTES))


def _commit(salt: bytes, prefix: bytes, encoded: bytes) -> bytes:
    return hmac.digest(salt, prefix + encoded, "sha256")
