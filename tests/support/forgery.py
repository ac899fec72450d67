"""Tools to forge proofs: honest material to start from, ways to bend it, and the registry's type.

A forgery fails exactly at the check it names: whatever an earlier check looks at is right, signed anew by the
malicious producer where need be.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from draw.entries import Entry
from tests.support import synthetic_pool
from tests.support.ceremony import ROUND_1000, Ceremony, Cheat, Plan, bundle_bytes
from tests.support.synthetic_pool import Shape

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a verifier is handed: the bundle, and what a supervisor or an expert holds besides."""

    bundle: bytes
    pool_file: bytes | None = None
    receipt: bytes | None = None
    trust: bytes | None = None
    reply: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """A lie that check `number` must find first. `make` builds it from nothing."""

    number: int
    name: str
    title: str
    make: Callable[[], Evidence]


_FOUND: list[Forgery] = []


def forges(
    number: int, title: str
) -> Callable[[Callable[[], Evidence | Json | bytes]], Callable[[], Evidence]]:
    """Register a maker; it may answer with bundle bytes, a bundle object or whole evidence."""

    def register(make: Callable[[], Evidence | Json | bytes]) -> Callable[[], Evidence]:
        def evidence() -> Evidence:
            return as_evidence(make())

        name = make.__name__.strip("_").replace("_", "-")
        _FOUND.append(Forgery(number=number, name=name, title=title, make=evidence))
        return evidence

    return register


def add(number: int, name: str, title: str, make: Callable[[], Evidence | Json | bytes]) -> None:
    """`forges` for makers that come from a table."""
    _FOUND.append(Forgery(number=number, name=name, title=title, make=lambda: as_evidence(make())))


def registered() -> list[Forgery]:
    """Everything registered so far, by check and then in order of registration."""
    return sorted(_FOUND, key=lambda forgery: forgery.number)


def as_evidence(made: Evidence | Json | bytes) -> Evidence:
    if isinstance(made, Evidence):
        return made
    return Evidence(bundle=made if isinstance(made, bytes) else bundle_bytes(made))


# A panel of three with two rejected attempts (one of each kind), four events, every kind of skip, one seat
# left vacant; test_forgeries asserts all of that, so that the lies below keep something to bite on.
RICH = Plan(
    seed=1749,
    shape=Shape(experts=24, double=60, employers=8),
    events=(
        (0, "decline", "supervisor"),
        (2, "timeout", "supervisor"),
        (1, "venue", "own-order"),
        (0, "conflict", "supervisor"),
    ),
)
BEACON = Plan(seed=5, beacon=ROUND_1000, shape=Shape(experts=24))
# As few bytes as an opened draw can have.
SMALL = Plan(
    seed=3,
    shape=Shape(experts=16, strata=(1,), sites=((0, 1),)),
    rules=replace(synthetic_pool.rules(minimum=1), predicates=(), publish=("region",)),
)
SEALED = replace(BEACON, stage="sealed")
# Three seats for a committee of five: two were seated by the round before.
TOP_UP = replace(
    BEACON,
    shape=replace(BEACON.shape, seated=2),
    rules=replace(BEACON.rules, committee=replace(BEACON.rules.committee, minimum=5)),
    round=2,
    previous=3,
)
ABORTED = replace(BEACON, stage="escrowed", abort="reveal_missing")


@lru_cache(maxsize=64)
def _honest(name: str) -> bytes:
    plans = {"rich": RICH, "beacon": BEACON, "sealed": SEALED, "aborted": ABORTED}
    return bundle_bytes(Ceremony(plans[name]).bundle())


def honest(name: str = "rich") -> Json:
    """A fresh honest bundle to bend."""
    value: Json = json.loads(_honest(name))
    return value


def opened(change: Callable[[Json], None], name: str = "rich") -> Json:
    """An honest bundle whose opening was changed afterwards; nothing signs an opening."""
    bundle = honest(name)
    change(bundle["opening"])
    return bundle


def bent(change: Callable[[Json], None], name: str = "beacon") -> Json:
    """An honest bundle changed afterwards."""
    bundle = honest(name)
    change(bundle)
    return bundle


def cheated(plan: Plan, **cheats: Cheat) -> Ceremony:
    """A ceremony whose entries are changed before they are signed; `commit_agency` means commit:agency."""
    ceremony = Ceremony(plan)
    for label, cheat in cheats.items():
        ceremony.cheats[label.replace("_", ":", 1)] = cheat
    return ceremony


def body(**changes: Any) -> Cheat:
    """Other members in the body."""
    return lambda entry: replace(entry, body={**entry.body, **changes})


def inside(*path: Any, value: Any) -> Cheat:
    """Another value deep in the body."""

    def cheat(entry: Entry) -> Entry:
        changed = copy.deepcopy(dict(entry.body))
        put(changed, *path, value=value)
        return replace(entry, body=changed)

    return cheat


def put(target: Any, *path: Any, value: Any) -> None:
    """target[path…] = value, in place."""
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value


def flip(text: str, at: int = 0) -> str:
    """Hexadecimal text with one bit of digit `at` flipped."""
    return text[:at] + f"{int(text[at], 16) ^ 1:x}" + text[at + 1 :]


def at_time(time: str) -> Cheat:
    """Another time of the entry."""
    return lambda entry: replace(entry, time=time)


def entry_of(bundle: Json, kind: str, nth: int = 0) -> Json:
    """The nth entry item of a type in a bundle."""
    found: Json = [item for item in bundle["entries"] if item["entry"]["type"] == kind][nth]
    return found


def forged_line(role: str, line: int = 0) -> Cheat:
    """The entry's signature line with one bit flipped; the stated key stays."""

    def forge(entry: Entry) -> Entry:
        lines = list(entry.signatures)
        one = lines[line]
        assert one.role == role
        lines[line] = replace(one, signature=bytes([one.signature[0] ^ 1]) + one.signature[1:])
        return replace(entry, signatures=tuple(lines))

    return forge
