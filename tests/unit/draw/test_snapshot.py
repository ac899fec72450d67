"""Pool snapshots: commitments as §3 writes them, an order that tells nothing, openings that hold."""

import time
from dataclasses import replace

import pytest

from crypto.canonical import canonical
from crypto.commitment import commit_field, keystream_salts
from crypto.merkle import EMPTY_ROOT, leaf_hash, verify_inclusion
from draw.errors import SnapshotError
from draw.model import FIELDS
from draw.snapshot import Snapshot, field_values
from tests.support.synthetic_pool import Shape, experts

KEY = bytes(range(32))
RECORDS = experts(Shape(experts=50), seed=7)
SNAPSHOT = Snapshot.build(RECORDS, KEY)


@pytest.mark.parametrize("row", [0, 1, 17, 49])
def test_an_entry_opens_field_by_field_and_stands_in_the_tree(row: int) -> None:
    entry = SNAPSHOT.entry(RECORDS[row].id)
    keystream = keystream_salts(KEY, 16, start=16 * row)
    assert b"".join(entry.salts) == keystream
    values = RECORDS[row].to_json()
    made = [commit_field(salt, name, values[name]) for salt, name in zip(entry.salts, FIELDS, strict=True)]
    assert list(entry.commitments) == made
    assert entry.leaf_hash == leaf_hash(b"".join(made))
    verify_inclusion(
        leaf_hash=entry.leaf_hash,
        index=entry.index,
        size=SNAPSHOT.size,
        proof=entry.proof,
        root=SNAPSHOT.root,
    )


def test_the_tree_is_in_the_order_of_leaf_hashes() -> None:
    rows = list(SNAPSHOT.rows_by_leaf())
    assert [SNAPSHOT.leaf_hashes[row] for row in rows] == sorted(SNAPSHOT.leaf_hashes)
    assert [SNAPSHOT.entry_at(row).index for row in rows] == list(range(50))


def test_the_fast_encoding_is_the_canonical_one_for_every_field() -> None:
    odd = replace(RECORDS[0], name='引号"反斜\\ \u2028', valid_to=None, employers=(), specialties=())
    snapshot = Snapshot.build([odd], KEY)
    salts = snapshot.entry(odd.id).salts
    made = [commit_field(s, n, v) for s, n, v in zip(salts, FIELDS, field_values(odd), strict=True)]
    assert snapshot.leaf_hashes[0] == leaf_hash(b"".join(made))
    assert all(canonical(value) for value in field_values(odd))


def test_one_changed_field_changes_the_root() -> None:
    changed = [replace(RECORDS[0], status="withdrawn"), *RECORDS[1:]]
    assert Snapshot.build(changed, KEY).root != SNAPSHOT.root


def test_another_key_hides_the_same_pool_under_another_root() -> None:
    assert Snapshot.build(RECORDS, bytes(32)).root != SNAPSHOT.root


def test_an_empty_pool_is_a_pool() -> None:
    empty = Snapshot.build([], KEY)
    assert (empty.root, empty.size) == (EMPTY_ROOT, 0)


def test_a_wrong_key_a_double_id_and_a_stranger_are_refused() -> None:
    with pytest.raises(SnapshotError, match=r"snapshot\.salt_key"):
        Snapshot.build(RECORDS, b"short")
    with pytest.raises(SnapshotError, match=r"snapshot\.id_twice"):
        Snapshot.build([RECORDS[0], RECORDS[0]], KEY)
    with pytest.raises(SnapshotError, match=r"snapshot\.unknown"):
        SNAPSHOT.entry("expert-99999")


def test_a_pool_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("draw.snapshot.MAX_POOL", 49)
    with pytest.raises(SnapshotError, match=r"snapshot\.too_large"):
        Snapshot.build(RECORDS, KEY)


def test_rows_beyond_one_chunk_of_salts_keep_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("draw.snapshot._ROWS_PER_CHUNK", 7)
    monkeypatch.setattr("draw.snapshot._CACHED_VALUES", 3)
    assert Snapshot.build(RECORDS, KEY).leaf_hashes == SNAPSHOT.leaf_hashes


def test_ten_thousand_experts_are_committed_in_seconds() -> None:
    many = experts(Shape(experts=10_000), seed=1)
    start = time.process_time()
    Snapshot.build(many, KEY)
    assert time.process_time() - start < 4
