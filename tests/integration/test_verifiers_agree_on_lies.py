"""Two verifiers, one verdict, also on lies that nobody thought of: random changes, signed anew by the liars.

A change before signing reaches the checks behind the signatures; flipped bits never do. Each case bends the
entries of a ceremony (bodies, times and order) and then the unsigned parts, the trust file or a receipt.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from crypto.errors import CryptoError
from draw.entries import Entry
from draw.entry_bodies import from_seconds
from draw.errors import DrawError
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.ceremony import START, Ceremony, bundle_bytes
from tests.support.forgery import ABORTED, BEACON, RICH, SMALL, Evidence
from tests.support.invited import ABSENCES, INVITED, PARALLEL
from tests.support.second_verifier import verdicts

CASES = 400
PLANS = (
    RICH,
    BEACON,
    SMALL,
    ABORTED,
    replace(RICH, stage="sealed", events=()),
    replace(RICH, stage="revealed"),
    PARALLEL,
    INVITED,
    replace(ABSENCES, stage="revealed"),
)
NUMBERS = (0, 1, 2, 16, 17, 64, 65, 99, 100, 101, 2**32 - 1, 2**32, 2**53 - 1, -1)
LENGTHS = (2, 16, 17, 64, 65, 99, 100, 101, 257, 1001)
TEXTS = (
    "",
    "a",
    "a b",
    "é",
    "x" * 200,
    "x" * 201,
    "😀" * 200,
    "\x7f",
    "2199-12-31T23:59:59Z",
    "00" * 97,
    "f" * 64,
)
# What building a bundle from a bent ceremony may answer; such a lie cannot be told at all.
UNTELLABLE = (
    DrawError,
    CryptoError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    StopIteration,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member below a value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def bend(value: Any, chance: random.Random) -> Any:
    """A copy with one member changed, dropped, doubled or put in another's place."""
    bent = copy.deepcopy(value)
    paths = list(places(bent))
    if not paths:
        return bent
    *way, last = chance.choice(paths)
    holder = bent
    for step in way:
        holder = holder[step]
    old = holder[last]
    if chance.random() < 0.2 and isinstance(holder, list):
        chance.choice((holder.pop, lambda place: holder.insert(place, old)))(last)
    else:
        holder[last] = other(old, chance)
    return bent


def other(old: Any, chance: random.Random) -> Any:
    """Another value, mostly of the same kind."""
    if chance.random() < 0.1:
        return chance.choice((None, True, 0, "", [], {}, [old]))
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return chance.choice((*NUMBERS, old + 1, old - 1))
    if isinstance(old, str):
        at = chance.randrange(len(old) or 1)
        near = old[:at] + chance.choice("0123456789abcdef" + old) + old[at + 1 :]
        return near if chance.random() < 0.6 else chance.choice(TEXTS)
    if isinstance(old, list):
        count = chance.choice(LENGTHS)
        return (old * count)[:count]
    return {}


def lied(ceremony: Ceremony, chance: random.Random) -> None:
    """One lie about an entry: its body, its time, its place, its number."""
    label = chance.choice(ceremony.labels)
    body: Callable[[Entry], Entry] = lambda entry: replace(entry, body=bend(dict(entry.body), chance))  # noqa: E731
    moment = from_seconds(START + chance.randrange(-100_000, 100_000))
    kind = chance.random()
    if kind < 0.6:
        ceremony.cheats[label] = body
    elif kind < 0.75:
        ceremony.cheats[label] = lambda entry: replace(entry, time=moment)
    else:
        if kind < 0.9:
            ceremony.labels.remove(label)
        if kind > 0.8:
            ceremony.labels.insert(chance.randrange(len(ceremony.labels) + 1), label)


def evidence(number: int) -> Evidence | None:
    """The lie of this number, None when no bundle can be made of it."""
    chance = random.Random(f"lie {number}")
    ceremony = Ceremony(chance.choice(PLANS))
    for _ in range(chance.choice((0, 1, 1, 2))):
        lied(ceremony, chance)
    try:
        bundle = json.loads(bundle_bytes(ceremony.bundle()))
        for part in chance.sample(("opening", "rules", "entries", "checkpoints"), chance.choice((0, 1, 1))):
            bundle[part] = bend(bundle[part], chance)
        expert = chance.choice(ceremony.records).id
        answered = ceremony.plan.guests.said and chance.random() < 0.4
        receipt = bend(ceremony.reply_receipt(1), chance) if answered else None
        return Evidence(
            bundle=bundle_bytes(bundle),
            reply=None if receipt is None else bundle_bytes(receipt),
            trust=bundle_bytes(bend(ceremony.trust(), chance)) if chance.random() < 0.2 else None,
            receipt=bundle_bytes(bend(ceremony.receipt(expert), chance)) if chance.random() < 0.2 else None,
        )
    except UNTELLABLE:
        return None


def verdict(one: Evidence) -> int | None:
    try:
        verify(one.bundle, trust=one.trust, pool_file=one.pool_file, receipt=one.receipt, reply=one.reply)
    except ProofError as error:
        # A fault of the verifier itself agrees with nobody.
        return -1 if "internal" in error.detail else error.number
    return None


def test_both_give_the_same_verdict_on_random_lies() -> None:
    told = [one for number in range(CASES) if (one := evidence(number)) is not None]
    first, second = [verdict(one) for one in told], verdicts(told)
    assert len(told) > CASES // 2
    # The lies must reach beyond the schema, or the test tells nothing.
    assert len(set(first)) > 10
    assert [
        (number, *pair) for number, pair in enumerate(zip(first, second, strict=True)) if len(set(pair)) > 1
    ] == []
