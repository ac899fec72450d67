"""Conformance files through this implementation: known answers of §6 and §7 computed again and compared.

`run` takes the JSON value of a file with any of the members seed, stream, below, orders, big, draws
(selection) or quicknet, default (drand), and returns the same members with every answer computed here, beside
a list of mismatches. Answers stated as null are filled in. Members of other names are left alone. Raises
UnusableError when a member is not of its shape.
"""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from draw.verify import beacon, selection
from draw.verify.selection import Position, Tables

MAX_ITEMS = 10**6
_TAG = re.compile(r"leaf index mod ([1-9][0-9]{0,15})")


class UnusableError(Exception):
    """The conformance file does not have the shape that this member needs."""


def run(file: dict[str, Any]) -> dict[str, Any]:
    """{"computed": {member: value…}, "mismatches": [{"at": path, "expected": …, "computed": …}…]}."""
    computed: dict[str, Any] = {}
    for member, compute in _MEMBERS.items():
        if member in file:
            try:
                computed[member] = compute(file)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
                raise UnusableError(f"member {member}: {type(error).__name__}") from error
            except selection.TooManyTablesError as error:
                raise UnusableError(f"member {member}: too many tables") from error
    mismatches: list[dict[str, Any]] = []
    for member, value in computed.items():
        _compare(member, file[member], value, mismatches)
    return {"computed": computed, "mismatches": mismatches}


def _compare(at: str, expected: Any, computed: Any, found: list[dict[str, Any]]) -> None:
    if isinstance(expected, dict) and isinstance(computed, dict):
        for name in computed:
            _compare(f"{at}.{name}", expected.get(name), computed[name], found)
    elif isinstance(expected, list) and isinstance(computed, list) and len(expected) == len(computed):
        for index, pair in enumerate(zip(expected, computed, strict=True)):
            _compare(f"{at}[{index}]", *pair, found)
    elif at.endswith(".verified"):
        if computed is not (True if expected is None else expected):
            found.append({"at": at, "expected": True if expected is None else expected, "computed": computed})
    elif expected is not None and expected != computed:
        found.append({"at": at, "expected": expected, "computed": computed})


def _words(file: dict[str, Any], item: dict[str, Any]) -> Any:
    return selection.words(_stream_key(file, item))


def _stream_key(file: dict[str, Any], item: dict[str, Any]) -> bytes:
    # An item may name its own stream; otherwise the file's one stream serves.
    source = item if "label" in item else file["stream"]
    seed = bytes.fromhex(item.get("seed", file["seed"]))
    return selection.stream_key(seed, source["label"], *source["ints"])


def _stream(file: dict[str, Any]) -> dict[str, Any]:
    item = file["stream"]
    key = _stream_key(file, item)
    words = [f"{word:016x}" for word in islice(selection.words(key), _count(item["words"]))]
    return {**item, "key": key.hex(), "words": words}


def _below(file: dict[str, Any]) -> Any:
    item = file["below"]
    return [_below_one(file, one) for one in item] if isinstance(item, list) else _below_one(file, item)


def _below_one(file: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    source, bound = _words(file, item), _bounded(_whole(item["m"]), 2**64)
    return {**item, "values": [str(selection.below(source, bound)) for _ in range(_count(item["values"]))]}


def _orders(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [_order_one(file, item) for item in file["orders"]]


def _order_one(file: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    size = _bounded(_whole(item["m"]), 2**53)
    stream = selection.order(_stream_key(file, item), size)
    return {**item, "first": list(islice(stream, min(size, _count(item["first"]))))}


def _big(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**item, "value": str(selection.big(_words(file, item), _bounded(_whole(item["W"]), 2**100_000)))}
        for item in file["big"]
    ]


def _draws(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [_draw(file, item) for item in file["draws"]]


def _draw(file: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    sizes, rows = item["cell_sizes"], item["rows"]
    seed = bytes.fromhex(item["seed"] if "seed" in item else file["seed"])
    tables = Tables(rows, item["site_min"], item["site_max"], sizes)
    if tables.total == 0:
        return {**item, "accepted_attempt": None, "panel": None}
    starts = _starts(sizes)
    tag_of = _tag(item["tag"], starts)
    for attempt in range(selection.MAX_ATTEMPTS):
        walk = selection.walk(tables, seed, attempt, sizes)
        tags = [tag_of(at) for at in walk]
        if all(tags.count(tag) <= item["employer_cap"] for tag in tags):
            panel = [[j, s, starts[j][s] + i] for j, s, i in walk]
            return {**item, "accepted_attempt": attempt, "panel": panel}
    return {**item, "accepted_attempt": None, "panel": None}


def _starts(sizes: list[list[int]]) -> list[list[int]]:
    """The global index of each cell's first leaf: cells concatenated in (j, s) order."""
    starts, total = [], 0
    for row in sizes:
        starts.append([total + sum(row[:s]) for s in range(len(row))])
        total += sum(row)
    return starts


def _tag(text: str, starts: list[list[int]]) -> Callable[[Position], int]:
    match = _TAG.fullmatch(text)
    if match is None:
        raise ValueError("tag is not `leaf index mod N`")
    modulus = int(match[1])
    return lambda at: (starts[at[0]][at[1]] + at[2]) % modulus


def _chain(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def compute(file: dict[str, Any]) -> dict[str, Any]:
        chain, constants = file[name], beacon.CHAINS[name]
        stated = {
            "public_key": constants.public_key.hex(),
            "period_s": constants.period,
            "genesis": constants.genesis,
        }
        known = {member: value for member, value in stated.items() if member in chain}
        return {**chain, **known, "rounds": [_round(name, item) for item in chain["rounds"]]}

    return compute


def _round(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """The round with its randomness, SHA-256 of the signature; null, which mismatches, when the signature
    fails."""
    previous = item.get("previous_signature")
    signature = bytes.fromhex(item["signature"])
    linked = None if previous is None else bytes.fromhex(previous)
    genuine = beacon.verified(name, item["round"], signature, linked)
    result = {**item, "verified": genuine}
    result["randomness"] = beacon.randomness(signature).hex() if genuine else None
    return result


def _whole(value: Any) -> int:
    """A number in digits, or one that every reader of JSON has exactly."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if type(value) is int and value < 2**53:
        return value
    raise ValueError("no exact whole number")


def _bounded(value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise ValueError("bound out of range")
    return value


def _count(answers: list[Any]) -> int:
    return min(len(answers), MAX_ITEMS)


_MEMBERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "stream": _stream,
    "below": _below,
    "orders": _orders,
    "big": _big,
    "draws": _draws,
    "quicknet": _chain("quicknet"),
    "default": _chain("default"),
}
