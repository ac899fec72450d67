"""Cells of one draw: who is eligible where, and who is excluded why, as committed trees (draw-proof §5).

Every expert in scope is assessed once. The eligible stand in one cell per stratum, the others in the
exclusion tree with their reasons. Leaves are blinded with salts made from the draw's cell key, employers with
tags made from its tag key, so two draws cannot be linked. Only leaf hashes are kept; a leaf is opened by
making it again. Rules are the engine's, selection is `draw.selection`'s business.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

from crypto.canonical import JsonValue, canonical
from crypto.commitment import commit_size
from crypto.hashing import hmac_pads, hmac_sha256, tagged, u32be
from crypto.merkle import Tree
from crypto.merkle import leaf_hash as merkle_leaf_hash
from draw.avoidance.engine import employer_for_cap
from draw.errors import SnapshotError
from draw.feasibility import SharedPeople
from draw.model import Assessment, ExpertRecord
from draw.selection import Cell as At
from draw.snapshot import Snapshot

KEY_BYTES: Final = 32
_PERSON: Final = b"qt/1 person\x00"
_EMPLOYER: Final = b"qt/1 employer\x00"
_REASONS: Final = b"qt/1 reasons\x00"


class Assessor(Protocol):
    """What decides scope and reasons; `draw.avoidance.engine.Engine` is the one in use."""

    def in_scope(self, region: str, specialties: tuple[str, ...]) -> bool:
        """Whether experts of this region and these specialties are assessed."""
        ...

    def assess(self, record: ExpertRecord) -> Assessment:
        """Site (None: out of scope), strata and reasons of one expert."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SizedTree:
    """A committed list: rows of the snapshot in the order of the leaf hashes, tree and hidden size."""

    rows: tuple[int, ...]
    tree: Tree
    salt: bytes

    @property
    def root(self) -> bytes:
        """Root of the tree, 32 bytes."""
        return self.tree.root

    @property
    def size(self) -> int:
        """Number of leaves; secret until the opening."""
        return len(self.rows)

    @property
    def commitment(self) -> bytes:
        """H("qt/1 size", salt, root, u64be(size))."""
        return commit_size(self.salt, self.root, self.size)

    def public(self) -> dict[str, str]:
        """What the record says of the list: root and size commitment."""
        return {"root": self.root.hex(), "size": self.commitment.hex()}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeafOpening:
    """A cell leaf with everything that opens it and its proof."""

    leaf: bytes
    proof: tuple[bytes, ...]
    person_salt: bytes
    pool_leaf: bytes
    employer_salt: bytes
    tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExclusionOpening:
    """An exclusion leaf with everything that opens it and its proof."""

    index: int
    reasons: tuple[str, ...]
    person_salt: bytes
    reasons_salt: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cells:
    """All lists of one draw.

    `grid[j][s]` is a cell; `reasons` has the rows of the excluded, `tags` those of the eligible.
    """

    snapshot: Snapshot
    cell_key: bytes
    tag_key: bytes
    grid: tuple[tuple[SizedTree, ...], ...]
    excluded: SizedTree
    reasons: Mapping[int, tuple[str, ...]]
    tags: Mapping[int, bytes]

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """Cell sizes, sizes[stratum][site]."""
        return tuple(tuple(cell.size for cell in row) for row in self.grid)

    @property
    def tag_key_commitment(self) -> bytes:
        """H("qt/1 tag key", tag_key)."""
        return tagged("qt/1 tag key", self.tag_key)

    def row(self, j: int, s: int, i: int) -> int:
        """Row of the snapshot at position (j, s, i)."""
        return self.grid[j][s].rows[i]

    def person(self, j: int, s: int, i: int) -> bytes:
        """Pool leaf hash at a position: who it is, for the selection."""
        return self.snapshot.leaf_hashes[self.row(j, s, i)]

    def tag(self, j: int, s: int, i: int) -> bytes:
        """Employer tag at a position."""
        return self.tags[self.row(j, s, i)]

    def opening(self, j: int, s: int, i: int) -> LeafOpening:
        """Everything that opens the leaf at a position."""
        pool_leaf, tag = self.person(j, s, i), self.tag(j, s, i)
        person_salt = _salt(self.cell_key, b"person\x00", u32be(j), u32be(s), pool_leaf)
        employer_salt = _salt(self.cell_key, b"tag\x00", u32be(j), u32be(s), pool_leaf)
        return LeafOpening(
            leaf=_half(_PERSON, person_salt, pool_leaf) + _half(_EMPLOYER, employer_salt, tag),
            proof=tuple(self.grid[j][s].tree.inclusion(i)),
            person_salt=person_salt,
            pool_leaf=pool_leaf,
            employer_salt=employer_salt,
            tag=tag,
        )

    def exclusion(self, row: int) -> ExclusionOpening:
        """Everything that opens the exclusion of the expert in `row`. Raises SnapshotError otherwise."""
        if row not in self.reasons:
            raise SnapshotError("cells.not_excluded")
        index, pool_leaf = self.excluded.rows.index(row), self.snapshot.leaf_hashes[row]
        return ExclusionOpening(
            index=index,
            reasons=self.reasons[row],
            person_salt=_salt(self.cell_key, b"x-person\x00", pool_leaf),
            reasons_salt=_salt(self.cell_key, b"x-reasons\x00", pool_leaf),
            proof=tuple(self.excluded.tree.inclusion(index)),
        )

    def positions_of(self, row: int) -> list[tuple[int, int, int]]:
        """Positions of an eligible expert, ascending; empty for everyone else."""
        if row not in self.tags:
            return []
        return [
            (j, s, cell.rows.index(row))
            for j, line in enumerate(self.grid)
            for s, cell in enumerate(line)
            if row in cell.rows
        ]

    def eligible_rows(self) -> Iterator[int]:
        """Rows of all eligible experts, each once."""
        return iter(self.tags)

    def employer_counts(self) -> list[list[Counter[bytes]]]:
        """Experts per cell and employer tag, for the feasibility check."""
        tag = self.tags.__getitem__
        return [[Counter(map(tag, cell.rows)) for cell in line] for line in self.grid]

    def shared_people(self) -> list[SharedPeople]:
        """Groups of experts who stand in the same two or more cells, by employer."""
        standing = Counter(chain.from_iterable(cell.rows for line in self.grid for cell in line))
        often = {row for row, cells in standing.items() if cells > 1}
        stands: dict[int, list[At]] = {row: [] for row in often}
        for j, line in enumerate(self.grid):
            for s, cell in enumerate(line):
                for row in often.intersection(cell.rows):
                    stands[row].append((j, s))
        groups = Counter((self.tags[row], frozenset(at)) for row, at in stands.items())
        return [SharedPeople(employer=tag, cells=at, count=n) for (tag, at), n in groups.items()]


def build(
    snapshot: Snapshot, engine: Assessor, *, strata: int, sites: int, t0: str, cell_key: bytes, tag_key: bytes
) -> Cells:
    """Assess everybody in scope and commit to every list.

    `strata` and `sites` are their numbers, `t0` is the Beijing date on which the employer for the cap is
    looked up, keys are 32 bytes each. Raises SnapshotError("cells.key").
    """
    if len(cell_key) != KEY_BYTES or len(tag_key) != KEY_BYTES:
        raise SnapshotError("cells.key")
    sorter = _Sorter(snapshot, strata=strata, sites=sites, t0=t0, cell_key=cell_key, tag_key=tag_key)
    records, assess, place = snapshot.records, engine.assess, sorter.place
    for (region, specialties), rows in snapshot.rows_by_place.items():
        if engine.in_scope(region, specialties):
            for row in rows:
                place(row, records[row], assess(records[row]))
    return sorter.finish()


class _Sorter:
    """Sorts assessed experts into lists of (leaf hash, row)."""

    def __init__(
        self, snapshot: Snapshot, *, strata: int, sites: int, t0: str, cell_key: bytes, tag_key: bytes
    ) -> None:
        self._snapshot, self._t0 = snapshot, t0
        self._cell_key, self._tag_key = cell_key, tag_key
        inner, self._outer = hmac_pads(cell_key)
        self._grid: list[list[list[tuple[bytes, int]]]] = [[[] for _ in range(sites)] for _ in range(strata)]
        self._at = [[u32be(j) + u32be(s) for s in range(sites)] for j in range(strata)]
        # What the two inner hashes of a cell's salts begin with.
        self._inner = [
            [(inner + b"person\x00" + at, inner + b"tag\x00" + at) for at in line] for line in self._at
        ]
        self._excluded: list[tuple[bytes, int]] = []
        self._reasons: dict[int, tuple[str, ...]] = {}
        self._encoded: dict[tuple[str, ...], bytes] = {}
        self._tags: dict[int, bytes] = {}
        self._tag_of: dict[str, bytes] = {}

    def place(self, row: int, record: ExpertRecord, assessment: Assessment) -> None:
        site = assessment.site
        if site is None or not assessment.strata:
            return
        if assessment.reasons:
            self._exclude(row, tuple(assessment.reasons))
            return
        pool_leaf = self._snapshot.leaf_hashes[row]
        tag = self._tag(employer_for_cap(record, self._t0))
        self._tags[row] = tag
        for j in assessment.strata:
            self._grid[j][site].append((self._cell_leaf_hash(*self._inner[j][site], pool_leaf, tag), row))

    def finish(self) -> Cells:
        return Cells(
            snapshot=self._snapshot,
            cell_key=self._cell_key,
            tag_key=self._tag_key,
            grid=tuple(
                tuple(
                    _sized(listed, _salt(self._cell_key, b"size\x00", self._at[j][s]))
                    for s, listed in enumerate(line)
                )
                for j, line in enumerate(self._grid)
            ),
            excluded=_sized(self._excluded, _salt(self._cell_key, b"x-size\x00")),
            reasons=self._reasons,
            tags=self._tags,
        )

    def _exclude(self, row: int, reasons: tuple[str, ...]) -> None:
        pool_leaf = self._snapshot.leaf_hashes[row]
        person_salt = _salt(self._cell_key, b"x-person\x00", pool_leaf)
        reasons_salt = _salt(self._cell_key, b"x-reasons\x00", pool_leaf)
        leaf = _half(_PERSON, person_salt, pool_leaf)
        if reasons not in self._encoded:
            self._encoded[reasons] = canonical(list(reasons))
        leaf += _half(_REASONS, reasons_salt, self._encoded[reasons])
        self._excluded.append((merkle_leaf_hash(leaf), row))
        self._reasons[row] = reasons

    def _cell_leaf_hash(self, of_person: bytes, of_tag: bytes, pool_leaf: bytes, tag: bytes) -> bytes:
        # The hot path of sealing, without the layers of crypto.hashing; `Cells.opening` takes them.
        outer, new = self._outer, hashlib.sha256
        person_salt = new(outer + new(of_person + pool_leaf).digest()).digest()
        employer_salt = new(outer + new(of_tag + pool_leaf).digest()).digest()
        person = new(_PERSON + person_salt + pool_leaf).digest()
        return new(b"\x00" + person + new(_EMPLOYER + employer_salt + tag).digest()).digest()

    def _tag(self, employer: str) -> bytes:
        found = self._tag_of.get(employer)
        if found is None:
            found = hmac_sha256(self._tag_key, b"qt/1 tag\x00", employer.encode("utf-8"))
            self._tag_of[employer] = found
        return found


def seat_salt(cell_key: bytes, t: int) -> bytes:
    """Salt that hides the seat of event t: HMAC(cell_key, "seat" 00 u32be(t))."""
    return _salt(cell_key, b"seat\x00", u32be(t))


def invite_salt(cell_key: bytes, n: int) -> bytes:
    """Salt that hides the seat of invitation n: HMAC(cell_key, "invite" 00 u32be(n))."""
    return _salt(cell_key, b"invite\x00", u32be(n))


def seat_commitment(salt: bytes, seat: int) -> bytes:
    """H("qt/1 seat", salt, u32be(seat)): how a logged event or invitation names a seat."""
    return tagged("qt/1 seat", salt, u32be(seat))


def case_commitment(salt: bytes, case: JsonValue) -> bytes:
    """H("qt/1 case", salt, C(case))."""
    return tagged("qt/1 case", salt, canonical(case))


def _sized(listed: Sequence[tuple[bytes, int]], salt: bytes) -> SizedTree:
    ordered = sorted(listed)
    return SizedTree(
        rows=tuple(row for _, row in ordered), tree=Tree([leaf for leaf, _ in ordered]), salt=salt
    )


def _half(tag: bytes, salt: bytes, data: bytes) -> bytes:
    """One blinded half of a leaf, 32 bytes; `tag` ends with its zero byte."""
    return hashlib.sha256(tag + salt + data).digest()


def _salt(key: bytes, label: bytes, *parts: bytes) -> bytes:
    return hmac_sha256(key, label, *parts)
