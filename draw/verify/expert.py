"""Checks 41–44, the expert level: one expert's receipt against the seal and the opening (draw-proof §10,
§11)."""

from typing import Any

from draw.verify import canonical, eligibility, merkle
from draw.verify.bundle import Bundle
from draw.verify.checks_opening import place
from draw.verify.errors import require
from draw.verify.format import read
from draw.verify.format_pool import MAX_RECEIPT, REASONS, receipt
from draw.verify.hashing import size_commitment, tagged
from draw.verify.supervisor import pool_leaf


def check_41_receipt_format(bundle: Bundle, data: bytes) -> Any:
    """§11. A canonical receipt of this draw, which must be sealed."""
    value = read(data, MAX_RECEIPT, receipt, 41)
    require(value["draw"] == bundle.draw, 41, "the receipt is of another draw")
    require(bundle.sealed, 41, "the draw is not sealed: there is nothing to compare")
    return value


def check_42_receipt_pool(bundle: Bundle, value: Any) -> bytes:
    """§3. Record and salts give a leaf of the pool version used. The pool leaf hash."""
    pool, leaf = bundle.of("pool")[0].body, pool_leaf(value["record"], value["salts"])
    path = [bytes.fromhex(node) for node in value["pool"]["proof"]]
    stands = merkle.included(leaf, value["pool"]["index"], pool["size"], bytes.fromhex(pool["root"]), path)
    require(stands, 42, "the record is not in the pool version used")
    return leaf


def check_43_receipt_outcome(bundle: Bundle, value: Any, leaf: bytes) -> None:
    """§4, §5. Scope recomputed from the record; the stated cells or reasons stand in the sealed trees."""
    within, outcome = eligibility.scope(value["record"], bundle.sdr), value["outcome"]
    require((within is None) == (outcome["kind"] == "out_of_scope"), 43, "scope is not what the record gives")
    if outcome["kind"] == "excluded":
        _check_excluded(bundle, outcome, leaf)
    elif within is not None:
        site, strata = within
        stated = [tuple(cell["at"][:2]) for cell in outcome["cells"]]
        require(stated == [(j, site) for j in strata], 43, "not one cell per stratum in scope")
        _check_eligible(bundle, outcome, leaf)


def _check_excluded(bundle: Bundle, outcome: Any, leaf: bytes) -> None:
    codes, sealed = outcome["reasons"], bundle.sdr["excluded"]
    require(codes == [code for code in REASONS if code in codes], 43, "reasons are not in order")
    root = bytes.fromhex(sealed["root"])
    made = size_commitment(bytes.fromhex(outcome["size_salt"]), root, outcome["size"]).hex()
    require(made == sealed["size"], 43, "the number of exclusions does not open")
    content = tagged("qt/1 person", bytes.fromhex(outcome["person_salt"]), leaf) + tagged(
        "qt/1 reasons", bytes.fromhex(outcome["reasons_salt"]), canonical.encode(codes)
    )
    path = [bytes.fromhex(node) for node in outcome["proof"]]
    stands = merkle.included(merkle.leaf_hash(content), outcome["index"], outcome["size"], root, path)
    require(stands, 43, "the exclusion is not in the sealed tree")


def _check_eligible(bundle: Bundle, outcome: Any, leaf: bytes) -> None:
    require(bundle.stage == "opened", 43, "sizes are needed: bring the opened bundle")
    for cell in outcome["cells"]:
        j, s, i = place(cell["at"])
        size, root = _size(bundle, j, s), bytes.fromhex(bundle.sdr["cells"][j][s]["root"])
        content = tagged("qt/1 person", bytes.fromhex(cell["person_salt"]), leaf) + tagged(
            "qt/1 employer", bytes.fromhex(cell["tag_salt"]), bytes.fromhex(cell["tag"])
        )
        path = [bytes.fromhex(node) for node in cell["proof"]]
        stands = merkle.included(merkle.leaf_hash(content), i, size, root, path)
        # A position beyond the cell is check 44's to name.
        require(stands or i >= size, 43, f"the expert is not in cell ({j}, {s}) at {i}")


def _size(bundle: Bundle, j: int, s: int) -> int:
    return int(bundle.value["opening"]["sizes"][j][s]["size"])


def check_44_receipt_position(bundle: Bundle, value: Any, leaf: bytes) -> None:
    """§11. Opened bundles: positions lie within their cells, and the roster does not contradict them."""
    cells = value["outcome"].get("cells", [])
    positions = [place(cell["at"]) for cell in cells]
    for j, s, i in positions:
        require(i < _size(bundle, j, s), 44, f"position {i} is beyond cell ({j}, {s})")
    for item in bundle.value["opening"]["roster"]:
        own = merkle.leaf_hash(bytes.fromhex("".join(item["commitments"]))) == leaf
        require((place(item["at"]) in positions) == own, 44, "the roster contradicts the receipt")
