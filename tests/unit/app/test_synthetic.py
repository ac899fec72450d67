"""Synthetic pools: the right shape, nobody real, and every planted truth is there to be found."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.synthetic import SyntheticPool, person_of, synthesise
from draw.avoidance.engine import Engine
from draw.identifiers import id_number_fault, normal_id_number, org_fault, province_of
from draw.model import AvoidUnit, Bidder, Case, ExpertRecord, Interval
from tests.support.draw_cases import AGENCY, BIDDER, PARTNER, TENDEREE, a_case, some_parameters, some_rules

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
ORGS = (TENDEREE, AGENCY, BIDDER, PARTNER)


def a_pool(size: int = 603, seed: bytes = b"seed") -> SyntheticPool:
    return synthesise(size, seed=seed, tender_orgs=ORGS, now=NOW)


def case_of(pool: SyntheticPool) -> Case:
    return a_case(
        authorities=(pool.authority,),
        bidders=(Bidder(id="b", withdrawn=False, orgs=(BIDDER, PARTNER)),),
        groups=pool.groups,
        avoid_units=(AvoidUnit(org=pool.avoid_unit, reason="正在诉讼"),),
        prepared_by=pool.prepared_by,
        engagements=pool.engagements,
        evaluation=Interval(since="2026-03-10T01:00:00Z", until="2026-03-11T09:00:00Z"),
    )


def everywhere(pool: SyntheticPool) -> dict[str, tuple[str, ...]]:
    """Reasons of every expert, whatever their specialty."""
    base = some_parameters()
    parameters = replace(
        base,
        strata=(replace(base.strata[0], prefixes=("A", "B", "C")),),
        sites=(replace(base.sites[0], regions=("35",)),),
    )
    engine = Engine(case_of(pool), some_rules(), parameters)
    return {record.id: engine.assess(record).reasons for record in pool.records}


def test_a_pool_of_603_has_the_shape_of_the_real_city() -> None:
    pool = a_pool()
    kinds = Counter(record.specialties[0][0] for record in pool.records)
    assert kinds == {"B": 265, "A": 270, "C": 68}
    county = sum(record.region[4] in "28" for record in pool.records)
    assert (len(pool.records) - county, county) == (429, 174)


def test_employers_are_few_and_large_or_many_and_small() -> None:
    employers = Counter(record.employers[0].org for record in a_pool().records)
    assert employers.most_common(1)[0][1] > 30
    assert sum(count == 1 for count in employers.values()) > 10


@pytest.mark.parametrize("size", [30, 603])
@pytest.mark.parametrize("code", [f"K{n}" for n in range(1, 15)])
def test_the_engine_finds_every_planted_conflict(size: int, code: str) -> None:
    pool = a_pool(size)
    reasons = everywhere(pool)
    assert pool.truths[code]
    assert all(code in reasons[expert] for expert in pool.truths[code])


def test_most_of_the_pool_has_no_conflict() -> None:
    reasons = everywhere(a_pool())
    conflicted = sum(any(code.startswith("K") for code in found) for found in reasons.values())
    assert conflicted < len(reasons) / 20


def test_the_other_truths_hold() -> None:
    pool = a_pool()
    by_id: dict[str, ExpertRecord] = {record.id: record for record in pool.records}
    first, second = (by_id[expert] for expert in pool.truths["namesake"])
    assert (first.name, first.person == second.person) == (second.name, False)
    (aged,), (retired,) = pool.truths["aged"], pool.truths["retired"]
    assert "Q2" in everywhere(pool)[aged]
    assert by_id[retired].status == "withdrawn"
    (lately,) = pool.truths["changed_yesterday"]
    assert by_id[lately].absences.changed == "2026-02-28T06:00:00Z"


def test_doubles_are_people_of_the_pool_under_their_old_number() -> None:
    pool = a_pool()
    key_free = {record.person for record in pool.records}
    numbers = {person.id_number for person in pool.people}
    assert len(pool.doubles) == len(pool.truths["double"]) == 3
    for record, person in pool.doubles:
        assert len(person.id_number) == 15
        assert normal_id_number(person.id_number) in numbers
        assert record.person in key_free


def test_nobody_is_real() -> None:
    pool = a_pool()
    for record, person in zip(pool.records, pool.people, strict=True):
        assert id_number_fault(person.id_number) is None
        assert province_of(person.id_number) is None
        assert person.phone.startswith("000")
        assert person.synthetic
        assert record.name.startswith("虚")
        assert all(province_of(employer.org[7:]) is None for employer in record.employers
                   if employer.org not in ORGS)  # fmt: skip


def test_records_are_well_formed_and_people_distinct() -> None:
    pool = a_pool()
    for record in pool.records:
        assert ExpertRecord.from_json(record.to_json()) == record
        assert all(org_fault(employer.org) is None for employer in record.employers)
    assert len({record.person for record in pool.records}) == len(pool.records)
    assert len({person.id_number for person in pool.people}) == len(pool.people)


def test_the_person_in_a_record_is_the_hash_of_the_number() -> None:
    key = b"k" * 32
    pool = synthesise(30, seed=b"s", tender_orgs=ORGS, now=NOW, person_key=key)
    for record, person in zip(pool.records, pool.people, strict=True):
        assert record.person == person_of(key, person.id_number)


def test_the_same_seed_gives_the_same_pool_and_another_does_not() -> None:
    assert a_pool() == a_pool()
    assert a_pool().records != a_pool(seed=b"other").records


def test_numbers_stay_out_of_what_is_printed() -> None:
    pool = a_pool(30)
    assert pool.people[0].id_number not in repr(pool)
    assert pool.people[0].phone not in repr(pool)


@pytest.mark.parametrize("size", [29, 1_000_001])
def test_sizes_out_of_bounds_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="experts"):
        a_pool(size)


def test_a_tender_needs_three_organisations() -> None:
    with pytest.raises(ValueError, match="bidder"):
        synthesise(30, seed=b"s", tender_orgs=ORGS[:2], now=NOW)
