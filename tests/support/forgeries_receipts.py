"""Forged receipts: an expert is lied to about pool, outcome or position (checks 41 to 44, §11)."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from draw.cells import SizedTree
from tests.support.ceremony import Ceremony, Plan, bundle_bytes
from tests.support.forgeries_eligibility import OPENED, stuff_twice, with_cell
from tests.support.forgery import Evidence, Json, add, flip, forges, put


# -- receipts
def _someone(ceremony: Ceremony, kind: str, least_cells: int = 1) -> str:
    """An expert whose honest receipt is of this kind."""
    for record in ceremony.records:
        outcome: Any = ceremony.receipt(record.id)["outcome"]
        if outcome["kind"] == kind and len(outcome.get("cells", [1])) >= least_cells:
            return record.id
    raise LookupError(kind)


def with_receipt(
    ceremony: Ceremony, expert: str, change: Callable[[Json], Any] | None = None, bundle: Json | None = None
) -> Evidence:
    """The ceremony's bundle with one expert's receipt, changed."""
    receipt: Json = json.loads(bundle_bytes(ceremony.receipt(expert)))
    if change is not None:
        change(receipt)
    return Evidence(bundle=bundle_bytes(bundle or ceremony.bundle()), receipt=bundle_bytes(receipt))


def _receipt(  # noqa: PLR0917 - a table of lies reads best by position
    number: int,
    name: str,
    title: str,
    kind: str,
    change: Callable[[Json], Any],
    least_cells: int = 1,
    plan: Plan = OPENED,
) -> None:
    def make() -> Evidence:
        ceremony = Ceremony(plan)
        return with_receipt(ceremony, _someone(ceremony, kind, least_cells), change)

    add(number, name, title, make)


_INVENTED: Json = {
    "at": [0, 0, 0],
    "person_salt": "00" * 32,
    "tag_salt": "00" * 32,
    "tag": "00" * 32,
    "proof": [],
}
_receipt(41, "receipt-format", "another format", "eligible", lambda r: put(r, "format", value="qt/1 note"))
_receipt(
    41,
    "receipt-of-another-draw",
    "the receipt of another draw",
    "eligible",
    lambda r: put(r, "draw", value=0),
)
_receipt(
    41,
    "receipt-kind-unknown",
    "an outcome that does not exist",
    "eligible",
    lambda r: put(r, "outcome", value={"kind": "lucky"}),
)
_receipt(41, "receipt-salts", "fifteen salts", "eligible", lambda r: r["salts"].pop())
_receipt(
    41,
    "receipt-reason-unknown",
    "a reason that no rule knows",
    "excluded",
    lambda r: put(r, "outcome", "reasons", value=["K99"]),
)

_receipt(
    42,
    "receipt-record-edited",
    "the receipt is for an edited record",
    "eligible",
    lambda r: put(r, "record", "title", value="none"),
)
_receipt(
    42,
    "receipt-salt-edited",
    "another salt",
    "eligible",
    lambda r: put(r, "salts", 0, value=flip(r["salts"][0])),
)
_receipt(
    42,
    "receipt-pool-proof",
    "a pool proof with one bit changed",
    "excluded",
    lambda r: put(r, "pool", "proof", 0, value=flip(r["pool"]["proof"][0])),
)
_receipt(
    42,
    "receipt-pool-index",
    "another place in the pool",
    "excluded",
    lambda r: put(r, "pool", "index", value=r["pool"]["index"] ^ 1),
)

_receipt(
    43,
    "told-out-of-scope",
    "an eligible expert is told that they were out of scope",
    "eligible",
    lambda r: put(r, "outcome", value={"kind": "out_of_scope"}),
)
_receipt(
    43,
    "excluded-told-out-of-scope",
    "an excluded expert is told that they were out of scope",
    "excluded",
    lambda r: put(r, "outcome", value={"kind": "out_of_scope"}),
)
_receipt(
    43,
    "told-another-reason",
    "an excluded expert is told another reason",
    "excluded",
    lambda r: put(r, "outcome", "reasons", value=["K12"]),
)
_receipt(
    41,
    "told-no-reason",
    "an excluded expert is told no reason",
    "excluded",
    lambda r: put(r, "outcome", "reasons", value=[]),
)
_receipt(
    43,
    "exclusion-proof",
    "an exclusion proof with one bit changed",
    "excluded",
    lambda r: put(r, "outcome", "proof", 0, value=flip(r["outcome"]["proof"][0])),
)
_receipt(
    43,
    "exclusion-size",
    "another number of exclusions",
    "excluded",
    lambda r: put(r, "outcome", "size", value=r["outcome"]["size"] + 1),
)
_receipt(
    43,
    "cell-proof",
    "a cell proof with one bit changed",
    "eligible",
    lambda r: put(r, "outcome", "cells", 0, "proof", 0, value=flip(r["outcome"]["cells"][0]["proof"][0])),
)
_receipt(
    43,
    "cell-tag",
    "another employer tag",
    "eligible",
    lambda r: put(r, "outcome", "cells", 0, "tag", value=flip(r["outcome"]["cells"][0]["tag"])),
)
_receipt(
    43,
    "cell-left-out",
    "an expert of two strata is shown one",
    "eligible",
    lambda r: r["outcome"]["cells"].pop(),
    2,
)
_receipt(
    43, "cells-swapped", "cells in another order", "eligible", lambda r: r["outcome"]["cells"].reverse(), 2
)
_receipt(41, "no-cells", "eligible, but nowhere", "eligible", lambda r: put(r, "outcome", "cells", value=[]))
_receipt(
    43,
    "in-scope-invented",
    "an expert out of scope is told that they could have been drawn",
    "out_of_scope",
    lambda r: put(r, "outcome", value={"kind": "eligible", "cells": [_INVENTED]}),
)


# -- 44 receipt-position
@forges(44, "an expert stuffed into a list twice is drawn at the place their receipt does not show")
def drawn_at_the_other_place() -> Evidence:
    for seed in range(200):
        ceremony = Ceremony(replace(OPENED, seed=seed))
        ceremony.bend_cells = stuff_twice
        drawn = {(at.stratum, at.site, at.index) for at in ceremony.outcome.seats if at is not None}
        row = ceremony.cells.row(1, 1, 0)
        if (1, 1, 1) in drawn and (1, 1, 0) not in drawn:
            return with_receipt(ceremony, ceremony.records[row].id)
    raise LookupError("no seed draws the stuffed place")


@forges(44, "the last of a list can never be drawn: its size is committed one too small")
def position_beyond_the_cell() -> Evidence:
    for seed in range(400):
        ceremony = Ceremony(replace(OPENED, seed=seed))
        cell = ceremony.cells.grid[1][1]
        # From 2n + 2 to 2n + 1 leaves only the last proof changes its shape.
        if cell.size % 4 == 0 and cell.size:
            short = with_cell(ceremony.cells, 1, 1, _Short.of(cell))
            lied = Ceremony(replace(OPENED, seed=seed))
            lied.bend_cells = lambda _cells, short=short: short  # type: ignore[misc]
            edge = [at for at in map(list, _opened_at(lied)) if at[:2] == [1, 1] and at[2] >= cell.size - 2]
            if not edge:
                expert = ceremony.records[cell.rows[-1]].id
                receipt = bundle_bytes(_receipt_of_the_last(ceremony, expert, lied))
                return Evidence(bundle=bundle_bytes(lied.bundle()), receipt=receipt)
    raise LookupError("no seed leaves the edge alone")


class _Short(SizedTree):
    """A list that counts one expert less than its tree has."""

    @classmethod
    def of(cls, cell: SizedTree) -> "_Short":
        return cls(rows=cell.rows, tree=cell.tree, salt=cell.salt)

    @property
    def size(self) -> int:
        return len(self.rows) - 1


def _opened_at(ceremony: Ceremony) -> list[tuple[int, int, int]]:
    opening: Any = ceremony.opening()
    return [tuple(leaf["at"]) for leaf in opening["leaves"]]


def _receipt_of_the_last(ceremony: Ceremony, expert: str, lied: Ceremony) -> Json:
    receipt: Json = json.loads(bundle_bytes(ceremony.receipt(expert)))
    receipt["draw"] = lied.index("request")
    return receipt
