"""Checks 15–18: sizes and anonymity figures, leaves, rejected attempts, the panel (draw-proof §5, §7, §9,
§10)."""

import math
from dataclasses import dataclass, field
from typing import Any

from draw.verify import merkle, selection
from draw.verify.bundle import Bundle
from draw.verify.errors import fail, require
from draw.verify.hashing import size_commitment, tagged
from draw.verify.selection import Position, Tables

Sizes = list[list[int]]


@dataclass(kw_only=True)
class Opening:
    """What the opened checks build on one another.

    `persons` and `tags` map an opened position to its pool leaf hash and tag; `need_persons` and `need_tags`
    collect the positions that some check used, which check 21 compares with what was opened.
    """

    seed: bytes
    sizes: Sizes
    tables: Tables
    persons: dict[Position, bytes] = field(default_factory=dict)
    tags: dict[Position, bytes] = field(default_factory=dict)
    leaves: set[Position] = field(default_factory=set)
    need_persons: set[Position] = field(default_factory=set)
    need_tags: set[Position] = field(default_factory=set)
    attempt: int = 0
    walk: list[Position] = field(default_factory=list)
    seats: list[Position | None] = field(default_factory=list)

    def person(self, at: Position, number: int) -> bytes:
        """The person at an opened position; fails check `number` when it is not opened."""
        self.need_persons.add(at)
        if at not in self.persons:
            fail(number, f"the person at {at} is not opened")
        return self.persons[at]

    def tag(self, at: Position, number: int) -> bytes:
        """The employer tag at an opened position; fails check `number` when it is not opened."""
        self.need_tags.add(at)
        if at not in self.tags:
            fail(number, f"the employer at {at} is not opened")
        return self.tags[at]


def place(value: Any) -> Position:
    """A position from its JSON list."""
    return (value[0], value[1], value[2])


def check_15_sizes(bundle: Bundle, seed: bytes) -> Opening:
    """§5, §7. Sizes open their commitments, some table fits, anonymity figures hold."""
    sdr, stated = bundle.sdr, bundle.value["opening"]["sizes"]
    dimensions = [len(row) for row in sdr["cells"]]
    require([len(row) for row in stated] == dimensions, 15, "not one size per cell")
    for j, row in enumerate(stated):
        for s, cell in enumerate(row):
            root = bytes.fromhex(sdr["cells"][j][s]["root"])
            opened = size_commitment(bytes.fromhex(cell["salt"]), root, cell["size"]).hex()
            require(opened == sdr["cells"][j][s]["size"], 15, f"the size of cell ({j}, {s}) does not open")
    sizes = [[cell["size"] for cell in row] for row in stated]
    # A record has one site, so that it stands in one cell of a stratum at most.
    most = bundle.of("pool")[0].body["size"]
    require(all(sum(row) <= most for row in sizes), 15, "a stratum has more members than the pool")
    tables = _tables(sdr, sizes)
    require(figures_hold(sdr, bundle.value["rules"], sizes), 15, "an anonymity figure is wrong")
    return Opening(seed=seed, sizes=sizes, tables=tables)


def _tables(sdr: Any, sizes: Sizes) -> Tables:
    rows = [stratum["seats"] for stratum in sdr["strata"]]
    least, most = [site["min"] for site in sdr["sites"]], [site["max"] for site in sdr["sites"]]
    try:
        tables = Tables(rows, least, most, sizes)
    except selection.TooManyTablesError:
        fail(15, "too many tables")
    require(tables.total > 0, 15, "no table fits")
    return tables


def figures_hold(sdr: Any, rules: Any, sizes: Sizes) -> bool:
    """§5: per stratum `met` is m ≥ factor · k and `bits` is C(m, k) ≥ 2^bits."""
    factor, bits = rules["anonymity"]["factor"], rules["anonymity"]["bits"]
    for stratum, row, figure in zip(sdr["strata"], sizes, sdr["anonymity"]["strata"], strict=True):
        m, k = sum(row), stratum["seats"]
        # C(m, k) ≥ 2^bits exactly when its bit length exceeds `bits`; 2^bits itself could be huge.
        if figure != {"met": m >= factor * k, "bits": math.comb(m, k).bit_length() > bits}:
            return False
    return True


def check_16_leaves(bundle: Bundle, opening: Opening) -> None:
    """§5, RFC 6962. Every leaf stands at its position of its cell's tree, and its openings match its
    halves."""
    for item in bundle.value["opening"]["leaves"]:
        j, s, i = at = place(item["at"])
        known = j < len(opening.sizes) and s < len(opening.sizes[j])
        require(known, 16, "a leaf of a cell that does not exist")
        leaf, root = bytes.fromhex(item["leaf"]), bytes.fromhex(bundle.sdr["cells"][j][s]["root"])
        path = [bytes.fromhex(node) for node in item["proof"]]
        stands = merkle.included(merkle.leaf_hash(leaf), i, opening.sizes[j][s], root, path)
        require(stands, 16, f"the leaf at {at} is not in its cell")
        opening.leaves.add(at)
        _open_halves(opening, at, leaf, item)


def _open_halves(opening: Opening, at: Position, leaf: bytes, item: Any) -> None:
    for member, value, tag, half, opened in (
        ("person", "pool_leaf", "qt/1 person", leaf[:32], opening.persons),
        ("employer", "tag", "qt/1 employer", leaf[32:], opening.tags),
    ):
        if item[member] is not None:
            salt, hidden = bytes.fromhex(item[member]["salt"]), bytes.fromhex(item[member][value])
            require(tagged(tag, salt, hidden) == half, 16, f"the {member} at {at} does not open")
            opened[at] = hidden


def check_17_attempts(bundle: Bundle, opening: Opening) -> None:
    """§7, §9. Each rejected attempt names positions of its own walk that hold one person, or cap + 1 that
    hold one tag."""
    rejected = bundle.value["opening"]["rejected"]
    require(len(rejected) < selection.MAX_ATTEMPTS, 17, "too many attempts")
    for attempt, item in enumerate(rejected):
        named = [place(at) for at in item["at"]]
        taken = selection.walk(opening.tables, opening.seed, attempt, opening.sizes)
        require(named == sorted(set(named)), 17, f"attempt {attempt}: positions not ascending")
        require(set(named) <= set(taken), 17, f"attempt {attempt}: a position is not in its walk")
        _check_conflict(opening, item["kind"], named, attempt, bundle.sdr["cap"])
    opening.attempt = len(rejected)


def _check_conflict(opening: Opening, kind: str, named: list[Position], attempt: int, cap: int) -> None:
    if kind == "person":
        wanted, held = 2, {opening.person(at, 17) for at in named}
    else:
        wanted, held = cap + 1, {opening.tag(at, 17) for at in named}
    require(len(named) == wanted, 17, f"attempt {attempt}: not the number of positions of a conflict")
    require(len(held) == 1, 17, f"attempt {attempt}: the positions are not in conflict")


def check_18_panel(bundle: Bundle, opening: Opening) -> None:
    """§7. The accepted walk is fully opened, repeats no person and respects the cap."""
    opening.walk = selection.walk(opening.tables, opening.seed, opening.attempt, opening.sizes)
    persons = [opening.person(at, 18) for at in opening.walk]
    tags = [opening.tag(at, 18) for at in opening.walk]
    require(len(set(persons)) == len(persons), 18, "a person is on the panel twice")
    most = max(tags.count(tag) for tag in tags)
    require(most <= bundle.sdr["cap"], 18, "an employer is on the panel too often")
    opening.seats = list(opening.walk)
