"""Checks 31–36, the supervisor level: the pool file recomputes every list that the seal hides (draw-proof §4,
§5, §10, §11)."""

from dataclasses import dataclass
from typing import Any

from draw.verify import canonical, eligibility, merkle
from draw.verify.bundle import Bundle
from draw.verify.checks_opening import figures_hold
from draw.verify.errors import require
from draw.verify.format import read
from draw.verify.format_entries import FIELDS
from draw.verify.format_pool import MAX_POOL_FILE, pool_file
from draw.verify.hashing import field_commitment, mac, size_commitment, tagged, u32be
from draw.verify.shapes import seconds

RECENT = 72 * 3600  # seconds before the request entry


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Expert:
    """An expert of the pool file with the pool leaf hash; `cells` is empty and `reasons` is not when
    excluded."""

    record: Any
    pool_leaf: bytes
    cells: tuple[tuple[int, int], ...]
    reasons: tuple[str, ...]
    tag: bytes


def pool_leaf(record: Any, salts: list[str]) -> bytes:
    """The pool leaf hash of §3: RFC 6962 leaf hash over the sixteen joined field commitments."""
    return merkle.leaf_hash(
        b"".join(
            field_commitment(bytes.fromhex(salt), name, canonical.encode(record[name]))
            for name, salt in zip(FIELDS, salts, strict=True)
        )
    )


def check_31_pool_format(bundle: Bundle, data: bytes) -> Any:
    """§11. A canonical pool file of this draw, which must be sealed."""
    value = read(data, MAX_POOL_FILE, pool_file, 31)
    require(value["draw"] == bundle.draw, 31, "the pool file is of another draw")
    require(bundle.sealed, 31, "the draw is not sealed: there is nothing to compare")
    return value


def check_32_pool_tree(bundle: Bundle, value: Any) -> list[bytes]:
    """§3. Records and salts give the pool's size and root, in ascending order of leaf hashes. The leaf
    hashes."""
    pool = bundle.of("pool")[0].body
    leaves = [pool_leaf(expert["record"], expert["salts"]) for expert in value["experts"]]
    require(leaves == sorted(set(leaves)), 32, "experts are not in ascending order of their leaf hashes")
    require(len(leaves) == pool["size"], 32, "the number of experts is not the pool's size")
    require(merkle.root_of(leaves).hex() == pool["root"], 32, "the records do not give the pool's root")
    return leaves


def check_33_case(bundle: Bundle, value: Any) -> None:
    """§4. The case opens its commitment, is of this section, and has the stated number of units to avoid."""
    case, sdr = value["case"], bundle.sdr
    made = tagged("qt/1 case", bytes.fromhex(value["case_salt"]), canonical.encode(case)).hex()
    require(made == sdr["case"], 33, "the case does not open its commitment")
    names = canonical.encode({"project": case["project"], "section": case["section"]})
    require(tagged("qt/1 section", names).hex() == sdr["section"], 33, "the case is of another section")
    require(len(case["avoid_units"]) == sdr["avoid_units"], 33, "another number of units to avoid")
    period = case["evaluation"]
    require(period["from"] <= period["to"], 33, "the evaluation ends before it begins")


def experts_in_scope(bundle: Bundle, value: Any, leaves: list[bytes]) -> list[Expert]:
    """§4. Every expert in scope, eligible or with reasons."""
    about = eligibility.context(value["case"], bundle.value["rules"])
    tag_key = bytes.fromhex(value["tag_key"])
    found = []
    for item, leaf in zip(value["experts"], leaves, strict=True):
        record = item["record"]
        within = eligibility.scope(record, bundle.sdr)
        if within is not None:
            reasons = tuple(eligibility.reasons(record, about))
            employer = eligibility.cap_employer(record, about).encode()
            found.append(
                Expert(
                    record=record,
                    pool_leaf=leaf,
                    cells=() if reasons else tuple((j, within[0]) for j in within[1]),
                    reasons=reasons,
                    tag=mac(tag_key, b"qt/1 tag\0" + employer),
                )
            )
    return found


def check_34_exclusions(bundle: Bundle, value: Any, experts: list[Expert]) -> None:
    """§5. The recomputed exclusion tree and its size are the sealed ones."""
    key = bytes.fromhex(value["cell_key"])
    leaves = [_exclusion_leaf(key, expert) for expert in experts if expert.reasons]
    sealed, root = bundle.sdr["excluded"], merkle.root_of(sorted(leaves))
    require(root.hex() == sealed["root"], 34, "the exclusions are not what the rules give")
    made = size_commitment(mac(key, b"x-size\0"), root, len(leaves)).hex()
    require(made == sealed["size"], 34, "the number of exclusions is not the sealed one")


def _exclusion_leaf(key: bytes, expert: Expert) -> bytes:
    person = tagged("qt/1 person", mac(key, b"x-person\0" + expert.pool_leaf), expert.pool_leaf)
    codes = canonical.encode(list(expert.reasons))
    return merkle.leaf_hash(
        person + tagged("qt/1 reasons", mac(key, b"x-reasons\0" + expert.pool_leaf), codes)
    )


def check_35_cells(bundle: Bundle, value: Any, experts: list[Expert]) -> list[list[int]]:
    """§5. The tag key, and every cell's recomputed tree and size, are the sealed ones. The sizes."""
    sdr, tag_key = bundle.sdr, bytes.fromhex(value["tag_key"])
    require(tagged("qt/1 tag key", tag_key).hex() == sdr["tag_key"], 35, "the tag key is not the sealed one")
    key, leaves = bytes.fromhex(value["cell_key"]), [[list[bytes]() for _ in row] for row in sdr["cells"]]
    for expert in experts:
        for j, s in expert.cells:
            leaves[j][s].append(_cell_leaf(key, expert, u32be(j) + u32be(s)))
    for j, row in enumerate(leaves):
        for s, cell in enumerate(row):
            sealed, root = sdr["cells"][j][s], merkle.root_of(sorted(cell))
            require(root.hex() == sealed["root"], 35, f"cell ({j}, {s}) is not what the rules give")
            salt = mac(key, b"size\0" + u32be(j) + u32be(s))
            made = size_commitment(salt, root, len(cell)).hex()
            require(made == sealed["size"], 35, f"the size of cell ({j}, {s}) is not the sealed one")
    return [[len(cell) for cell in row] for row in leaves]


def _cell_leaf(key: bytes, expert: Expert, cell: bytes) -> bytes:
    person_salt = mac(key, b"person\0" + cell + expert.pool_leaf)
    tag_salt = mac(key, b"tag\0" + cell + expert.pool_leaf)
    return merkle.leaf_hash(
        tagged("qt/1 person", person_salt, expert.pool_leaf) + tagged("qt/1 employer", tag_salt, expert.tag)
    )


def check_36_figures(bundle: Bundle, experts: list[Expert], sizes: list[list[int]]) -> None:
    """§5. Anonymity figures and recent changes follow from the recomputed lists."""
    require(figures_hold(bundle.sdr, bundle.value["rules"], sizes), 36, "an anonymity figure is wrong")
    since = seconds(bundle.request.time) - RECENT
    changed = [seconds(expert.record["absences"]["changed"]) for expert in experts if expert.cells]
    recent = sum(moment >= since for moment in changed)
    require(recent == bundle.sdr["recent_changes"], 36, "the number of recent changes is wrong")
