"""Selection: known draws, tables, conflicts in their order, limits (draw-proof §7)."""

import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise, product
from math import comb, prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import draw.selection as selection_module
from draw.errors import RulesError, SelectionError
from draw.selection import (
    MIN_ACCEPTANCE,
    UNIFORM_1,
    Position,
    Problem,
    pilot_acceptance,
    pilot_seeds,
    rule_for,
    select,
    tables,
    weights,
)
from draw.streams import order, stream_key

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "uniform-1.json").read_text(encoding="utf-8")
)
SEED = bytes(range(32))


def one_cell(seats: int, size: int, cap: int = 1) -> Problem:
    return Problem(rows=(seats,), site_min=(0,), site_max=(seats,), cap=cap, sizes=((size,),))


def everybody(stratum: int, site: int, index: int) -> tuple[int, int, int]:
    return stratum, site, index


def own_employer(stratum: int, site: int, index: int) -> bytes:
    return f"{stratum}/{site}/{index}".encode()


def walk_of(
    seed: bytes, attempt: int, table: tuple[tuple[int, ...], ...], problem: Problem
) -> list[Position]:
    return [
        Position(j, s, index)
        for j, row in enumerate(table)
        for s, seats in enumerate(row)
        for index in islice(order(stream_key(seed, "cell", attempt, j, s), problem.sizes[j][s]), seats)
    ]


@pytest.mark.parametrize("case", VECTORS["draws"], ids=lambda case: f"attempt-{case['accepted_attempt']}")
def test_known_draws(case: dict[str, Any]) -> None:
    starts: list[list[int]] = []
    total = 0
    for row in case["cell_sizes"]:
        starts.append([])
        for size in row:
            starts[-1].append(total)
            total += size
    employers = int(case["tag"].removeprefix("leaf index mod "))

    def leaf(stratum: int, site: int, index: int) -> int:
        return starts[stratum][site] + index

    drawn = select(
        bytes.fromhex(case["seed"]),
        Problem(
            rows=tuple(case["rows"]),
            site_min=tuple(case["site_min"]),
            site_max=tuple(case["site_max"]),
            cap=case["employer_cap"],
            sizes=tuple(map(tuple, case["cell_sizes"])),
        ),
        person=leaf,
        tag=lambda j, s, i: bytes([leaf(j, s, i) % employers]),
    )
    assert drawn.attempt == case["accepted_attempt"] == len(drawn.rejected)
    assert [[q.stratum, q.site, leaf(q.stratum, q.site, q.index)] for q in drawn.seats] == case["panel"]


def brute_force_tables(problem: Problem) -> list[tuple[tuple[int, ...], ...]]:
    sites = len(problem.site_min)
    found = []
    for flat in product(*(range(m + 1) for row in problem.sizes for m in row)):
        table = tuple(flat[j * sites : (j + 1) * sites] for j in range(len(problem.rows)))
        rows_fit = all(sum(row) == n for row, n in zip(table, problem.rows, strict=True))
        columns = [sum(row[s] for row in table) for s in range(sites)]
        if rows_fit and all(
            lo <= column <= hi
            for lo, column, hi in zip(problem.site_min, columns, problem.site_max, strict=True)
        ):
            found.append(table)
    return found


@st.composite
def small_problems(draw: st.DrawFn) -> Problem:
    strata, sites = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    low = draw(st.tuples(*[st.integers(0, 2)] * sites))
    return Problem(
        rows=draw(st.tuples(*[st.integers(1, 3)] * strata)),
        site_min=low,
        site_max=tuple(lo + draw(st.integers(0, 3)) for lo in low),
        cap=draw(st.integers(1, 2)),
        sizes=draw(st.tuples(*[st.tuples(*[st.integers(0, 3)] * sites)] * strata)),
    )


@given(problem=small_problems())
@settings(max_examples=60, deadline=None)
def test_tables_are_those_of_brute_force_in_lexicographic_order(problem: Problem) -> None:
    assume(prod(m + 1 for row in problem.sizes for m in row) <= 20_000)
    assert tables(problem) == brute_force_tables(problem)


def test_a_table_weighs_as_many_fillings_as_it_has() -> None:
    problem = Problem(rows=(2, 1), site_min=(0, 0), site_max=(3, 3), cap=9, sizes=((4, 3), (5, 2)))
    listed = tables(problem)
    expected = [prod(comb(problem.sizes[j][s], t[j][s]) for j in (0, 1) for s in (0, 1)) for t in listed]
    assert weights(problem, listed) == expected
    assert sum(expected) == comb(7, 2) * 7


@st.composite
def roomy_problems(draw: st.DrawFn) -> Problem:
    """Always feasible for the people below: ten or more to a site, at most six seats, eleven employers or
    more."""
    strata, sites = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows = draw(st.tuples(*[st.integers(1, 2)] * strata))
    least = tuple(draw(st.integers(0, 1)) if s < sum(rows) else 0 for s in range(sites))
    return Problem(
        rows=rows,
        site_min=least,
        site_max=tuple(max(sum(rows) - s, 1) for s in range(sites)),
        cap=draw(st.integers(1, 2)),
        sizes=draw(st.tuples(*[st.tuples(*[st.integers(6, 10)] * sites)] * strata)),
    )


@given(problem=roomy_problems(), seed=st.binary(min_size=32, max_size=32), employers=st.integers(11, 29))
@settings(max_examples=60, deadline=None)
def test_an_accepted_panel_keeps_every_rule(problem: Problem, seed: bytes, employers: int) -> None:
    def person(stratum: int, site: int, index: int) -> int:
        return site * 100 + index + stratum  # neighbours in two strata are the same human being

    def tag(stratum: int, site: int, index: int) -> bytes:
        return bytes([person(stratum, site, index) % employers])

    drawn = select(seed, problem, person=person, tag=tag)
    at = [(q.stratum, q.site, q.index) for q in drawn.seats]
    assert len({person(*q) for q in at}) == problem.seats
    assert max(Counter(tag(*q) for q in at).values()) <= problem.cap
    assert tuple(Counter(j for j, _, _ in at)[j] for j in range(len(problem.rows))) == problem.rows
    for s, (low, high) in enumerate(zip(problem.site_min, problem.site_max, strict=True)):
        assert low <= sum(site == s for _, site, _ in at) <= high
    assert all(0 <= i < problem.sizes[j][s] for j, s, i in at)
    assert [rejection.attempt for rejection in drawn.rejected] == list(range(drawn.attempt))


def test_each_rejection_names_positions_of_its_own_walk_that_do_conflict() -> None:
    problem = Problem(rows=(3, 2), site_min=(1, 1), site_max=(4, 4), cap=2, sizes=((6, 5), (4, 6)))

    def person(_: int, site: int, index: int) -> tuple[int, int]:
        return site, index

    def tag(_: int, site: int, index: int) -> bytes:
        return bytes([(site + index) % 3])

    kinds: Counter[str] = Counter()
    for n in range(60):
        seed = n.to_bytes(32, "big")
        for rejection in select(seed, problem, person=person, tag=tag).rejected:
            walks = [walk_of(seed, rejection.attempt, table, problem) for table in tables(problem)]
            assert any(set(rejection.positions) <= set(walk) for walk in walks)
            assert all(a < b for a, b in pairwise(rejection.positions))
            at = [(q.stratum, q.site, q.index) for q in rejection.positions]
            same = person if rejection.kind == "person" else tag
            assert len(at) == (2 if rejection.kind == "person" else problem.cap + 1)
            assert len({same(*q) for q in at}) == 1
            kinds[rejection.kind] += 1
    assert kinds["person"] > 0
    assert kinds["employer"] > 0


def test_someone_met_twice_is_a_person_conflict_even_when_the_employer_is_full_too() -> None:
    """Alice alone stands in both strata with one employer and cap 1; whoever looks at the employer first
    would say so."""
    problem = Problem(rows=(1, 1), site_min=(0,), site_max=(2,), cap=1, sizes=((2,), (2,)))
    drawn = [
        select(n.to_bytes(32, "big"), problem, person=lambda _j, _s, i: i, tag=lambda _j, _s, i: bytes([i]))
        for n in range(40)
    ]
    rejected = [rejection for selection in drawn for rejection in selection.rejected]
    assert rejected
    assert {rejection.kind for rejection in rejected} == {"person"}


def test_the_first_conflict_of_the_walk_is_the_one_reported() -> None:
    """Cap 1, every employer alike: the second seat of the walk already conflicts, so the third is never
    looked at."""
    asked: list[int] = []

    def person(_: int, __: int, index: int) -> int:
        asked.append(index)
        return index

    problem = one_cell(3, 50)
    share = pilot_acceptance(problem, person, lambda *_: b"one", seeds=pilot_seeds(1), attempts=10)
    assert share == 0
    assert len(asked) == 20


def test_a_cap_allows_exactly_its_number() -> None:
    full = select(SEED, one_cell(3, 9, cap=3), person=everybody, tag=lambda *_: b"one")
    assert full.attempt == 0
    share = pilot_acceptance(
        one_cell(3, 9, cap=2), everybody, lambda *_: b"one", seeds=pilot_seeds(2), attempts=5
    )
    assert share == 0


def test_cost_does_not_grow_with_the_pool() -> None:
    """A cell is its size: of four billion experts those seven are looked up that are drawn."""
    looked_up: list[int] = []

    def person(stratum: int, site: int, index: int) -> tuple[int, int, int]:
        looked_up.append(index)
        return stratum, site, index

    drawn = select(SEED, one_cell(7, 2**32 - 1), person=person, tag=own_employer)
    assert len(looked_up) == len(drawn.seats) == 7


def test_the_same_seed_draws_the_same_and_another_seed_another_panel() -> None:
    problem = one_cell(5, 1000)
    first = select(SEED, problem, person=everybody, tag=own_employer)
    assert select(SEED, problem, person=everybody, tag=own_employer) == first
    assert select(bytes(32), problem, person=everybody, tag=own_employer).seats != first.seats


def test_a_problem_without_a_table_is_refused_not_drawn_from_everyone() -> None:
    for empty in (one_cell(2, 0), one_cell(2, 1)):
        with pytest.raises(SelectionError, match=r"selection\.no_table"):
            select(SEED, empty, person=everybody, tag=own_employer)
        assert pilot_acceptance(empty, everybody, own_employer, seeds=pilot_seeds(1), attempts=1) == 0


def test_attempts_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert selection_module.MAX_ATTEMPTS == 2**20
    monkeypatch.setattr(selection_module, "MAX_ATTEMPTS", 8)
    with pytest.raises(SelectionError, match=r"selection\.exhausted") as refusal:
        select(SEED, one_cell(2, 3), person=everybody, tag=lambda *_: b"one")
    assert refusal.value.details == {"attempts": 8}


def test_too_many_tables_are_refused_and_not_written_out() -> None:
    wide = Problem(rows=(9,) * 11, site_min=(0,) * 16, site_max=(99,) * 16, cap=1, sizes=((9,) * 16,) * 11)
    with pytest.raises(SelectionError, match=r"tables\.too_many"):
        tables(wide)


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("problem.strata", {"rows": (), "sizes": ()}),
    ("problem.strata", {"rows": (1,) * 17, "sizes": ((9,),) * 17}),
    ("problem.sites", {"site_min": (), "site_max": (), "sizes": ((),)}),
    ("problem.sites", {"site_min": (0,) * 17, "site_max": (1,) * 17, "sizes": ((1,) * 17,)}),
    ("problem.site_ranges", {"site_min": (2,), "site_max": (1,)}),
    ("problem.site_ranges", {"site_min": (-1,)}),
    ("problem.site_ranges", {"site_max": (1, 1)}),
    ("problem.sizes", {"sizes": ()}),
    ("problem.sizes", {"sizes": ((1, 2),)}),
    ("problem.cell_size", {"sizes": ((-1,),)}),
    ("problem.cell_size", {"sizes": ((2**32,),)}),
    ("problem.seats", {"rows": (0,)}),
    ("problem.seats", {"rows": (100,)}),
    ("problem.cap", {"cap": 0}),
    ("problem.cap", {"cap": 100}),
]


@pytest.mark.parametrize(("code", "change"), MALFORMED)
def test_a_malformed_problem_is_refused(code: str, change: dict[str, Any]) -> None:
    sound: dict[str, Any] = {"rows": (2,), "site_min": (0,), "site_max": (2,), "cap": 1, "sizes": ((9,),)}
    Problem(**sound)
    with pytest.raises(SelectionError) as refusal:
        Problem(**(sound | change))
    assert refusal.value.code == str(refusal.value) == code


def test_rules_are_looked_up_by_id_and_nothing_is_assumed() -> None:
    assert rule_for(UNIFORM_1) is select
    with pytest.raises(RulesError, match=r"rule\.unknown") as refusal:
        rule_for("equal/1")
    assert refusal.value.details == {"known": ("uniform/1",)}


def test_pilot_acceptance_is_the_exact_share_of_accepted_attempts() -> None:
    """Two seats, three experts of one employer and one of another: 3 of 6 pairs are allowed."""
    seeds: Iterator[bytes] = pilot_seeds(20)
    share = pilot_acceptance(
        one_cell(2, 4), everybody, lambda _j, _s, i: bytes([i == 0]), seeds=seeds, attempts=100
    )
    assert isinstance(share, Fraction)
    assert share.denominator <= 2000
    assert Fraction(46, 100) < share < Fraction(54, 100)
    assert share > MIN_ACCEPTANCE


def test_pilot_acceptance_agrees_with_the_attempts_of_real_draws() -> None:
    problem = one_cell(3, 12)

    def tag(_: int, __: int, index: int) -> bytes:
        return bytes([index % 4])

    seed = next(pilot_seeds(1))
    drawn = select(seed, problem, person=everybody, tag=tag)
    share = pilot_acceptance(problem, everybody, tag, seeds=[seed], attempts=drawn.attempt + 1)
    assert share == Fraction(1, drawn.attempt + 1)


def test_pilot_seeds_are_public_and_fixed() -> None:
    assert [seed.hex()[:16] for seed in pilot_seeds(2)] == [PILOT_0, PILOT_1]


PILOT_0, PILOT_1 = "375f0b8c49058217", "d6a1bba72075e883"


@pytest.mark.parametrize(("seeds", "attempts"), [(0, 5), (5, 0), (1, 2**20 + 1)])
def test_a_pilot_that_measures_nothing_or_never_ends_is_refused(seeds: int, attempts: int) -> None:
    with pytest.raises(SelectionError, match=r"pilot\.empty"):
        pilot_acceptance(one_cell(2, 4), everybody, own_employer, seeds=pilot_seeds(seeds), attempts=attempts)
