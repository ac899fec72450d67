"""Two verifiers, written apart from one page, judge the same evidence: their verdicts are the same.

Honest bundles of every stage, every forgery, three hundred random draws with replacements, and single flipped
bits of one small opened bundle. A fixed stride keeps the flips within minutes; `make flips` takes every bit,
in about half an hour.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count, islice

import pytest

from draw.errors import LifecycleError, SelectionError
from draw.verify.errors import ProofError
from draw.verify.verifier import verify
from tests.support.ceremony import ROUND_1000, STAGE_LABELS, Ceremony, Plan, bundle_bytes
from tests.support.forgeries import FORGERIES, Evidence
from tests.support.forgery import ABORTED, BEACON, RICH, SMALL
from tests.support.second_verifier import verdicts
from tests.support.synthetic_pool import Shape, rules

CLASSES = ("decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue")
# Single-bit flips tried: 2,000 take about 15 seconds in both verifiers.
FLIPS = {"quick": 2_000, "ci": 12_000, "all": 1 << 30}
BATCH = 2_000


def first_verdict(one: Evidence) -> int | None:
    """The number of the first failing check in the Python verifier, None when all pass."""
    try:
        verify(
            one.bundle,
            trust=one.trust,
            pool_file=one.pool_file,
            receipt=one.receipt,
            reply=one.reply,
        )
    except ProofError as error:
        return error.number
    return None


def of(ceremony: Ceremony, *, pool: bool = False, expert: str | None = None) -> Evidence:
    """A ceremony's honest evidence."""
    return Evidence(
        bundle=bundle_bytes(ceremony.bundle()),
        trust=bundle_bytes(ceremony.trust()),
        pool_file=bundle_bytes(ceremony.pool_file()) if pool else None,
        receipt=bundle_bytes(ceremony.receipt(expert)) if expert else None,
    )


def test_both_accept_honest_bundles_of_every_stage() -> None:
    plans = [replace(BEACON, stage=stage) for stage in STAGE_LABELS]
    plans += [
        replace(RICH, events=RICH.events if stage in ("revealed", "opened") else (), stage=stage)
        for stage in STAGE_LABELS
    ]
    plans += [replace(BEACON, stage=stage, abort="fault") for stage in STAGE_LABELS[:-1]]
    plans += [ABORTED, SMALL, replace(BEACON, from_escrow=("agency", "supervisor"))]
    evidence = [of(Ceremony(plan)) for plan in plans]
    assert [first_verdict(one) for one in evidence] == [None] * len(evidence)
    assert verdicts(evidence) == [None] * len(evidence)


def test_both_accept_the_pool_file_and_every_experts_receipt() -> None:
    ceremony = Ceremony(RICH)
    evidence = [of(ceremony, pool=True)]
    evidence += [of(ceremony, expert=record.id) for record in ceremony.records]
    assert [first_verdict(one) for one in evidence] == [None] * len(evidence)
    assert verdicts(evidence) == [None] * len(evidence)


def test_both_find_every_forgery_at_the_check_it_was_made_for() -> None:
    evidence = [forgery.make() for forgery in FORGERIES]
    second = verdicts(evidence)
    wrong = [
        (forgery.number, forgery.name, mine, theirs)
        for forgery, one, theirs in zip(FORGERIES, evidence, second, strict=True)
        if not (mine := first_verdict(one)) == theirs == forgery.number
    ]
    assert wrong == []


def random_plan(number: int) -> Plan:
    """A request of 1 to 3 strata and sites, with up to four events."""
    chance = random.Random(f"plan {number}")
    strata = tuple(chance.randrange(1, 4) for _ in range(chance.randrange(1, 4)))
    strata = strata if sum(strata) % 2 else (*strata[:-1], strata[-1] + 1)
    sites = chance.randrange(1, 4)
    shape = Shape(
        strata=strata,
        sites=tuple((0, sum(strata)) for _ in range(sites)),
        cap=chance.randrange(1, 3),
        experts=chance.randrange(30, 70),
        employers=chance.randrange(8, 30),
        double=chance.randrange(60),
    )
    seats = sum(strata)
    events = tuple(
        (
            chance.randrange(seats),
            chance.choice(CLASSES),
            chance.choice(("supervisor", "supervisor", "own-order")),
        )
        for _ in range(chance.randrange(5))
    )
    beacon = ROUND_1000 if chance.random() < 0.3 else None
    return Plan(seed=number, shape=shape, rules=rules(minimum=1), events=events, beacon=beacon)


def held(plan: Plan) -> Ceremony:
    """The ceremony of a plan, with as many of its events as still name an occupied seat."""
    while True:
        ceremony = Ceremony(plan)
        try:
            ceremony.outcome.seats  # noqa: B018 - asks for the outcome, which may be refused
        except LifecycleError:
            plan = replace(plan, events=plan.events[:-1])
        else:
            return ceremony


def test_both_accept_three_hundred_random_draws() -> None:
    ceremonies = [_with_override(ceremony) for ceremony in islice(_feasible(), 300)]
    evidence = [Evidence(bundle=bundle_bytes(ceremony.bundle())) for ceremony in ceremonies]
    assert sum(bool(ceremony.plan.events) for ceremony in ceremonies) > 150
    assert [first_verdict(one) for one in evidence] == [None] * len(evidence)
    assert verdicts(evidence) == [None] * len(evidence)


def _feasible() -> Iterator[Ceremony]:
    """Ceremonies of random plans, those left out that no panel can fill."""
    for number in count():
        try:
            yield held(random_plan(number))
        except SelectionError as error:
            assert error.code == "selection.no_table"  # noqa: PT017 - the reason to go on, not the test


def _with_override(ceremony: Ceremony) -> Ceremony:
    """Small pools miss the anonymity gate; the supervisor then has to give a reason."""
    figures = ceremony.record.body["anonymity"]["strata"]
    if all(figure["met"] for figure in figures):
        return ceremony
    return held(replace(ceremony.plan, override="small county, no other experts"))


def flips(data: bytes) -> Iterable[bytes]:
    """Every bundle that differs from `data` in one bit, or a fixed sample of them."""
    bits = len(data) * 8
    extent = os.environ.get("QIANTONG_FLIPS", "ci" if os.environ.get("CI") else "quick")
    step = max(1, bits // FLIPS[extent])
    # An odd step visits every bit place of the bytes.
    for at in range(0, bits, step | 1):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << (at % 8)
        yield bytes(flipped)


@pytest.mark.timeout(3600)
def test_no_flipped_bit_of_an_opened_bundle_goes_unnoticed_and_both_say_the_same() -> None:
    honest = bundle_bytes(Ceremony(SMALL).bundle())
    assert len(honest) < 24_000
    disagreements: list[tuple[int | None, int | None]] = []
    for batch in _batches(flips(honest)):
        evidence = [Evidence(bundle=data) for data in batch]
        mine = [first_verdict(one) for one in evidence]
        theirs = verdicts(evidence)
        assert None not in mine
        disagreements += [pair for pair in zip(mine, theirs, strict=True) if pair[0] != pair[1]]
    assert disagreements == []


def _batches(items: Iterable[bytes]) -> Iterable[list[bytes]]:
    batch: list[bytes] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def test_a_broken_second_verifier_would_not_look_like_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above need answers: a module that is not there is an error, not a pass."""
    missing: Callable[[], bool] = lambda *_: False  # noqa: E731
    monkeypatch.setattr("pathlib.Path.exists", missing)
    with pytest.raises(AssertionError, match="build the second verifier"):
        verdicts([Evidence(bundle=b"")])
