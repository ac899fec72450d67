"""Forged pool files and receipts, and dishonest lists behind honest bundles: checks 31 to 44 (§10, §11).

The public level cannot see who was eligible. Here the platform lies about exactly that: it hides experts,
invents reasons, stuffs lists; the supervisor's and the expert's checks have to find it.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crypto.commitment import commit_size
from crypto.hashing import hmac_sha256, tagged
from crypto.merkle import Tree, leaf_hash
from draw.avoidance.rules import Rules
from draw.cells import Assessor, Cells, SizedTree
from draw.model import Assessment, ExpertRecord
from tests.support.ceremony import Ceremony, bundle_bytes
from tests.support.forgery import (
    RICH,
    Evidence,
    Json,
    add,
    body,
    cheated,
    flip,
    forges,
    inside,
    put,
)

SEALED = replace(RICH, events=(), stage="sealed")
OPENED = replace(RICH, events=())


class Bent:
    """An engine that is overruled for some experts."""

    def __init__(self, engine: Assessor, overrule: Callable[[ExpertRecord, Assessment], Assessment]) -> None:
        self._engine = engine
        self._overrule = overrule

    def in_scope(self, _region: str, _specialties: tuple[str, ...]) -> bool:
        return True

    def assess(self, record: ExpertRecord) -> Assessment:
        return self._overrule(record, self._engine.assess(record))


def _pool_json(ceremony: Ceremony) -> Json:
    value: Json = json.loads(bundle_bytes(ceremony.pool_file()))
    return value


def with_pool(ceremony: Ceremony, change: Callable[[Json], Any] | None = None) -> Evidence:
    """The ceremony's bundle with its pool file, changed."""
    file = _pool_json(ceremony)
    if change is not None:
        change(file)
    return Evidence(bundle=bundle_bytes(ceremony.bundle()), pool_file=bundle_bytes(file))


def _pool(number: int, name: str, title: str, change: Callable[[Json], Any]) -> None:
    add(number, name, title, lambda: with_pool(Ceremony(SEALED), change))


def _experts(file: Json) -> list[Json]:
    experts: list[Json] = file["experts"]
    return experts


# -- 31 pool-format
_pool(31, "pool-file-format", "another format", lambda f: put(f, "format", value="qt/2 pool-file"))
_pool(31, "pool-file-of-another-draw", "the pool file of another draw", lambda f: put(f, "draw", value=0))
_pool(31, "pool-file-extra", "a member nobody asked for", lambda f: put(f, "note", value="complete"))
_pool(31, "pool-file-no-key", "the cell key is kept back", lambda f: f.pop("cell_key"))
_pool(
    31,
    "record-without-duties",
    "a record of fifteen fields",
    lambda f: f["experts"][0]["record"].pop("duties"),
)
_pool(
    31,
    "record-birth-not-a-day",
    "a birthday that never was",
    lambda f: put(f, "experts", 0, "record", "birth", value="1970-02-31"),
)
_pool(
    31,
    "record-role-unknown",
    "an employer with an unknown role",
    lambda f: put(f, "experts", 0, "record", "employers", 0, "role", value="friend"),
)
_pool(31, "fifteen-salts", "fifteen salts", lambda f: f["experts"][0]["salts"].pop())


@forges(31, "a pool file with a space too many")
def pool_file_not_canonical() -> Evidence:
    ceremony = Ceremony(SEALED)
    return Evidence(
        bundle=bundle_bytes(ceremony.bundle()), pool_file=bundle_bytes(ceremony.pool_file()) + b" "
    )


@forges(31, "a pool file for a draw that was never sealed")
def pool_file_too_early() -> Evidence:
    return with_pool(Ceremony(replace(SEALED, stage="requested")))


# -- 32 pool-tree
_pool(
    32,
    "record-edited",
    "an expert's status edited",
    lambda f: put(f, "experts", 0, "record", "status", value="withdrawn"),
)
_pool(
    32,
    "salt-edited",
    "another salt",
    lambda f: put(f, "experts", 0, "salts", 5, value=flip(f["experts"][0]["salts"][5])),
)
_pool(32, "expert-left-out", "an expert is left out of the file", lambda f: f["experts"].pop())
_pool(32, "expert-twice", "an expert twice in the file", lambda f: f["experts"].append(f["experts"][-1]))
_pool(32, "experts-reordered", "experts in another order", lambda f: f["experts"].reverse())
_pool(32, "pool-emptied", "nobody in the file", lambda f: put(f, "experts", value=[]))


@forges(32, "a friend stuffed into the file but not into the logged pool")
def pool_stuffed() -> Evidence:
    friend = Ceremony(replace(SEALED, seed=99)).pool_file()

    def stuff(file: Json) -> None:
        _experts(file).append(json.loads(bundle_bytes(friend))["experts"][0])

    return with_pool(Ceremony(SEALED), stuff)


# -- 33 case
_pool(33, "case-salt", "another salt of the case", lambda f: put(f, "case_salt", value=flip(f["case_salt"])))
_pool(33, "bidder-hidden", "a bidder is left out of the case", lambda f: f["case"]["bidders"].pop())
_pool(
    33,
    "case-moved",
    "the evaluation is moved by a day",
    lambda f: put(f, "case", "evaluation", "to", value="2023-08-27T09:00:00Z"),
)
_pool(
    33,
    "unit-added",
    "one more unit to avoid",
    lambda f: f["case"]["avoid_units"].append({"org": "uscc:X", "reason": "late"}),
)


@forges(33, "the sealed case is that of another section")
def case_of_another_section() -> Evidence:
    other = replace(SEALED, case=replace(SEALED.case, section="section-2"))
    section = Ceremony(SEALED).entry("request").body["section"]
    return with_pool(cheated(other, request=body(section=section)))


@forges(33, "the record tells of fewer units to avoid than the case names")
def units_miscounted() -> Evidence:
    return with_pool(cheated(SEALED, seal=inside("avoid_units", value=0)))


# -- 34 exclusions
def _first(
    wanted: Callable[[Assessment], bool], change: Callable[[Assessment], Assessment]
) -> Callable[[ExpertRecord, Assessment], Assessment]:
    """Overrule the first expert whose honest assessment is `wanted`."""
    chosen: list[str] = []

    def overrule(record: ExpertRecord, honest_one: Assessment) -> Assessment:
        if wanted(honest_one) and (not chosen or chosen[0] == record.id):
            chosen[:] = [record.id]
            return change(honest_one)
        return honest_one

    return overrule


def _eligible(one: Assessment) -> bool:
    return one.eligible


def _excluded(one: Assessment) -> bool:
    return bool(one.reasons)


def _bent_evidence(overrule: Callable[[ExpertRecord, Assessment], Assessment]) -> Evidence:
    ceremony = Ceremony(SEALED)
    ceremony.bend_engine = lambda engine: Bent(engine, overrule)
    return with_pool(ceremony)


_OUT = Assessment(None, (), ())


def _lists(
    number: int,
    name: str,
    title: str,
    *,
    wanted: Callable[[Assessment], bool],
    change: Callable[[Assessment], Assessment],
) -> None:
    """The engine is overruled for the first expert whose honest assessment is `wanted`."""
    add(number, name, title, lambda: _bent_evidence(_first(wanted, change)))


_lists(
    34,
    "false-exclusion",
    "an eligible expert is excluded for kinship that is not there",
    wanted=_eligible,
    change=lambda a: replace(a, reasons=("K1",)),
)
_lists(
    34,
    "friend-let-in",
    "an expert tied to a bidder is let in",
    wanted=_excluded,
    change=lambda a: replace(a, reasons=()),
)
_lists(
    34,
    "reason-edited",
    "an expert is excluded for another reason than the true one",
    wanted=_excluded,
    change=lambda a: replace(a, reasons=("K12",)),
)
_lists(
    34,
    "reason-added",
    "a second reason is invented",
    wanted=_excluded,
    change=lambda a: replace(a, reasons=(*a.reasons, "K14")),
)
_lists(
    34,
    "excluded-hidden",
    "an excluded expert vanishes from every list",
    wanted=_excluded,
    change=lambda _a: _OUT,
)
_lists(
    35,
    "eligible-hidden",
    "an eligible expert vanishes from every list",
    wanted=_eligible,
    change=lambda _a: _OUT,
)
_lists(
    35,
    "other-site",
    "an expert is moved to another site",
    wanted=_eligible,
    change=lambda a: replace(a, site=1 - (a.site or 0)),
)
_lists(
    35,
    "stratum-dropped",
    "an expert of two strata stands in one",
    wanted=lambda a: a.eligible and len(a.strata) > 1,
    change=lambda a: replace(a, strata=a.strata[:1]),
)
_lists(
    35,
    "stratum-added",
    "an expert of one stratum stands in two",
    wanted=lambda a: a.eligible and a.strata == (0,),
    change=lambda a: replace(a, strata=(0, 1)),
)


def with_cell(cells: Cells, j: int, s: int, cell: SizedTree) -> Cells:
    """The cells with one list replaced."""
    grid = [list(line) for line in cells.grid]
    grid[j][s] = cell
    return replace(cells, grid=tuple(tuple(line) for line in grid))


@forges(34, "the number of exclusions is committed wrongly")
def exclusions_miscounted() -> Evidence:
    ceremony = Ceremony(SEALED)
    excluded = ceremony.cells.excluded
    lie = commit_size(excluded.salt, excluded.root, excluded.size - 1).hex()
    ceremony.cheats["seal"] = inside("excluded", "size", value=lie)
    return with_pool(ceremony)


# -- 35 cells
@forges(35, "an expert stands in a list twice, for twice the chance")
def stuffed_cell() -> Evidence:
    ceremony = Ceremony(SEALED)
    ceremony.bend_cells = stuff_twice
    return with_pool(ceremony)


def stuff_twice(cells: Cells) -> Cells:
    """The first expert of cell (1, 1) once more, in the order that their leaf hash gives."""
    cell = cells.grid[1][1]
    leaves = [cell.tree.node(0, i) for i in range(cell.size)]
    return with_cell(
        cells,
        1,
        1,
        replace(
            cell, rows=(cell.rows[0], *cell.rows), tree=Tree([leaves[0], *leaves]),
        ),
    )  # fmt: skip


@forges(35, "employers are tagged with another key than the committed one")
def tag_key_swapped() -> Evidence:
    ceremony = Ceremony(SEALED)
    ceremony.cheats["seal"] = inside("tag_key", value=tagged("qt/1 tag key", bytes(32)).hex())
    return with_pool(ceremony)


@forges(35, "the supervisor is handed another tag key")
def tag_key_withheld() -> Evidence:
    return with_pool(Ceremony(SEALED), lambda f: put(f, "tag_key", value=flip(f["tag_key"])))


@forges(35, "a friend's firm gets two tags, so the cap does not count it")
def tag_forged() -> Evidence:
    ceremony = Ceremony(SEALED)
    ceremony.bend_cells = _split_employer
    return with_pool(ceremony)


def _split_employer(cells: Cells) -> Cells:
    row = cells.grid[1][1].rows[0]
    lied = replace(cells, tags={**cells.tags, row: hmac_sha256(cells.tag_key, b"qt/1 tag\x00other")})
    listed = sorted((tree_leaf(lied, i), r) for i, r in enumerate(lied.grid[1][1].rows))
    cell = lied.grid[1][1]
    rows = tuple(r for _, r in listed)
    return with_cell(lied, 1, 1, replace(cell, rows=rows, tree=Tree([leaf for leaf, _ in listed])))


def tree_leaf(cells: Cells, i: int) -> bytes:
    """Leaf hash of position (1, 1, i), made from its opening."""
    return leaf_hash(cells.opening(1, 1, i).leaf)


@forges(35, "a cell's size is committed one too small")
def size_committed_small() -> Evidence:
    ceremony = Ceremony(SEALED)
    ceremony.cheats["seal"] = inside("cells", 1, 1, "size", value=_small(ceremony.cells.grid[1][1]))
    return with_pool(ceremony)


def _small(cell: SizedTree) -> str:
    return commit_size(cell.salt, cell.root, cell.size - 1).hex()


# -- 36 figures
@forges(36, "records changed shortly before the request, and the record is silent")
def recent_changes_hidden() -> Evidence:
    count = Ceremony(SEALED).record.body["recent_changes"]
    return with_pool(cheated(SEALED, seal=inside("recent_changes", value=count + 1)))


@forges(36, "a sealed draw below its anonymity gate that says it is above")
def anonymity_feigned_at_seal() -> Evidence:
    plan = replace(SEALED, rules=_stricter(SEALED.rules))
    lie = [{"met": True, "bits": True} for _ in plan.shape.strata]
    return with_pool(cheated(plan, seal=inside("anonymity", "strata", value=lie)))


def _stricter(rules: Rules) -> Rules:
    return replace(rules, anonymity=replace(rules.anonymity, factor=8))
