"""Checks 20 and 21: the published roster, and that nothing else was opened (draw-proof §3, §9, §10)."""

from typing import Any

from draw.verify import canonical, merkle
from draw.verify.bundle import Bundle
from draw.verify.checks_opening import Opening, place
from draw.verify.errors import require
from draw.verify.format_entries import FIELDS
from draw.verify.format_pool import RECORD
from draw.verify.hashing import field_commitment
from draw.verify.selection import Position
from draw.verify.shapes import MismatchError


def check_20_roster(bundle: Bundle, opening: Opening) -> None:
    """§9. Every occupied seat once, ascending, with its pool leaf in the pool and exactly the published
    fields."""
    roster = bundle.value["opening"]["roster"]
    occupied = [(seat, at) for seat, at in enumerate(opening.seats) if at is not None]
    stated = [(item["seat"], place(item["at"])) for item in roster]
    require(stated == occupied, 20, "the roster does not list the occupied seats")
    for item in roster:
        _check_pool_leaf(bundle, opening.persons[place(item["at"])], item)
        _check_fields(bundle.value["rules"]["publish"], item)


def _check_pool_leaf(bundle: Bundle, person: bytes, item: Any) -> None:
    seat, pool = item["seat"], bundle.of("pool")[0].body
    leaf = merkle.leaf_hash(bytes.fromhex("".join(item["commitments"])))
    require(leaf == person, 20, f"seat {seat}: another pool leaf than the one drawn")
    path = [bytes.fromhex(node) for node in item["pool"]["proof"]]
    stands = merkle.included(leaf, item["pool"]["index"], pool["size"], bytes.fromhex(pool["root"]), path)
    require(stands, 20, f"seat {seat}: the pool leaf is not in the pool")


def _check_fields(publish: list[str], item: Any) -> None:
    seat = item["seat"]
    require(set(item["fields"]) == set(publish), 20, f"seat {seat}: not exactly the published fields")
    for name, opened in item["fields"].items():
        encoded = canonical.encode(opened["value"])
        made = field_commitment(bytes.fromhex(opened["salt"]), name, encoded).hex()
        require(made == item["commitments"][FIELDS.index(name)], 20, f"seat {seat}: {name} does not open")
        require(_has_shape(name, opened["value"]), 20, f"seat {seat}: {name} is not a value of its field")


def _has_shape(name: str, value: Any) -> bool:
    try:
        RECORD[name](value, name)
    except MismatchError:
        return False
    return True


def check_21_minimal(opening: Opening) -> None:
    """§9. Every leaf and every half opened was needed by checks 17–19."""
    needed: set[Position] = opening.need_persons | opening.need_tags
    require(opening.leaves == needed, 21, "a leaf was opened that nothing needs")
    require(set(opening.persons) == opening.need_persons, 21, "a person was opened that nothing needs")
    require(set(opening.tags) == opening.need_tags, 21, "an employer was opened that nothing needs")
