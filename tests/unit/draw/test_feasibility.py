"""Feasibility: brute force agrees, every reason is named at once, large pools are quick (draw-proof §7)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw import feasibility
from draw.errors import FeasibilityError
from draw.feasibility import SharedPeople, Shortfall, check
from draw.selection import Cell, Problem, tables

Roster = list[tuple[bytes, frozenset[Cell]]]  # per person: employer, cells


def problem_of(
    people: Roster, rows: tuple[int, ...], ranges: tuple[tuple[int, int], ...], cap: int
) -> Problem:
    sizes = Counter(cell for _, cells in people for cell in cells)
    return Problem(
        rows=rows,
        site_min=tuple(low for low, _ in ranges),
        site_max=tuple(high for _, high in ranges),
        cap=cap,
        sizes=tuple(tuple(sizes[j, s] for s in range(len(ranges))) for j in range(len(rows))),
    )


def reasons(
    people: Roster, rows: tuple[int, ...], ranges: tuple[tuple[int, int], ...], cap: int
) -> list[Shortfall]:
    counts: dict[Cell, Counter[bytes]] = defaultdict(Counter)
    for employer, cells in people:
        for cell in cells:
            counts[cell][employer] += 1
    shared = [SharedPeople(employer=employer, cells=cells) for employer, cells in people if len(cells) > 1]
    employers = [[counts[j, s] for s in range(len(ranges))] for j in range(len(rows))]
    return check(problem_of(people, rows, ranges, cap), employers, shared)


def some_panel_exists(
    people: Roster, rows: tuple[int, ...], ranges: tuple[tuple[int, int], ...], cap: int
) -> bool:
    """Try everything: who sits, and in which of their cells."""
    for chosen in combinations(people, sum(rows)):
        if max(Counter(employer for employer, _ in chosen).values()) > cap:
            continue
        for cells in product(*(sorted(cells) for _, cells in chosen)):
            strata, sites = Counter(j for j, _ in cells), Counter(s for _, s in cells)
            if all(strata[j] == n for j, n in enumerate(rows)) and all(
                low <= sites[s] <= high for s, (low, high) in enumerate(ranges)
            ):
                return True
    return False


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    strata, sites = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    grid = [(j, s) for j in range(strata) for s in range(sites)]
    someone = st.tuples(
        st.sampled_from([b"x", b"y", b"z"]), st.frozensets(st.sampled_from(grid), min_size=1, max_size=3)
    )
    lows = draw(st.tuples(*[st.integers(0, 2)] * sites))
    return {
        "people": draw(st.lists(someone, max_size=7)),
        "rows": draw(st.tuples(*[st.integers(1, 3)] * strata)),
        "ranges": tuple((low, low + draw(st.integers(0, 3))) for low in lows),
        "cap": draw(st.integers(1, 3)),
    }


@given(request=requests())
@settings(max_examples=600, deadline=None)
def test_brute_force_agrees_on_what_is_feasible(request: dict[str, Any]) -> None:
    assert (reasons(**request) == []) is some_panel_exists(**request)


def plain(stratum: int, site: int, *employers: bytes) -> Roster:
    return [(employer, frozenset({(stratum, site)})) for employer in employers]


ROOMY = ((0, 9),)
SINGLE_REASONS: list[tuple[dict[str, Any], Shortfall]] = [
    (
        {"people": plain(0, 0, b"a", b"b"), "rows": (3,), "ranges": ROOMY, "cap": 1},
        Shortfall(code="stratum.eligible", stratum=0, needed=3, available=2),
    ),
    (
        {"people": [], "rows": (1,), "ranges": ROOMY, "cap": 1},
        Shortfall(code="stratum.eligible", stratum=0, needed=1, available=0),
    ),
    (
        {
            "people": plain(0, 0, b"a", b"b", b"c") + plain(0, 1, b"d"),
            "rows": (3,),
            "ranges": ((0, 3), (2, 3)),
            "cap": 1,
        },
        Shortfall(code="site.eligible", site=1, needed=2, available=1),
    ),
    (
        {
            "people": plain(0, 0, b"a", b"b", b"c") + plain(0, 1, b"d", b"e"),
            "rows": (3,),
            "ranges": ((2, 3), (2, 3)),
            "cap": 1,
        },
        Shortfall(code="sites.minimum_sum", needed=4, available=3),
    ),
    (
        {"people": plain(0, 0, b"a", b"b", b"c"), "rows": (3,), "ranges": ((0, 2),), "cap": 1},
        Shortfall(code="sites.maximum_sum", needed=3, available=2),
    ),
    (  # both sites can be reached alone, but only by the one seat of stratum 0
        {
            "people": plain(0, 0, b"a") + plain(0, 1, b"b") + plain(1, 2, b"c", b"d"),
            "rows": (1, 1),
            "ranges": ((1, 2), (1, 2), (0, 2)),
            "cap": 1,
        },
        Shortfall(code="sites.minimum_cells", needed=2, available=1),
    ),
    (  # room enough in both sites together, yet stratum 0 has people in site 0 only
        {
            "people": plain(0, 0, b"a", b"b") + plain(1, 1, b"c"),
            "rows": (2, 1),
            "ranges": ((0, 1), (0, 2)),
            "cap": 1,
        },
        Shortfall(code="sites.maximum_cells", needed=3, available=2),
    ),
    (
        {"people": plain(0, 0, b"a", b"a", b"b"), "rows": (3,), "ranges": ROOMY, "cap": 1},
        Shortfall(code="employer.stratum", stratum=0, needed=3, available=2),
    ),
    (
        {
            "people": plain(0, 0, b"a", b"a") + plain(0, 1, b"b", b"c"),
            "rows": (3,),
            "ranges": ((2, 3), (0, 3)),
            "cap": 1,
        },
        Shortfall(code="employer.site", site=0, needed=2, available=1),
    ),
    (  # each stratum has an employer of its own, the two together do not
        {"people": plain(0, 0, b"a") + plain(1, 0, b"a"), "rows": (1, 1), "ranges": ((0, 2),), "cap": 1},
        Shortfall(code="employer.cap", needed=2, available=1),
    ),
    (  # one person, two seats
        {"people": [(b"a", frozenset({(0, 0), (1, 0)}))], "rows": (1, 1), "ranges": ((0, 2),), "cap": 2},
        Shortfall(code="people.shared", needed=2, available=1),
    ),
    (  # listed in two sites of one stratum: the list is long enough, the people are not
        {
            "people": [(b"a", frozenset({(0, 0), (0, 1)}))],
            "rows": (2,),
            "ranges": ((0, 2), (0, 2)),
            "cap": 2,
        },
        Shortfall(code="people.stratum", stratum=0, needed=2, available=1),
    ),
    (
        {
            "people": [(b"a", frozenset({(0, 0), (1, 0)})), *plain(0, 1, b"b"), *plain(1, 1, b"c")],
            "rows": (1, 1),
            "ranges": ((2, 2), (0, 2)),
            "cap": 2,
        },
        Shortfall(code="people.site", site=0, needed=2, available=1),
    ),
]


@pytest.mark.parametrize(("request_", "reason"), SINGLE_REASONS, ids=[r.code for _, r in SINGLE_REASONS])
def test_each_reason_is_told_alone_with_its_figures(request_: dict[str, Any], reason: Shortfall) -> None:
    assert not some_panel_exists(**request_)
    assert reasons(**request_) == [reason]


def test_a_cut_from_one_table_does_not_condemn_a_table_that_just_meets_it() -> None:
    """Two from one site share an employer; one from each site do not, and that table is tried second."""
    people = plain(0, 0, b"x", b"x") + plain(0, 1, b"y", b"y")
    assert reasons(people, rows=(2,), ranges=((0, 2), (0, 2)), cap=1) == []


def test_every_reason_is_told_at_once() -> None:
    people = plain(0, 0, b"a") + plain(1, 0, b"b", b"b", b"b") + plain(1, 1, b"c")
    found = reasons(people, rows=(2, 3), ranges=((1, 2), (2, 2)), cap=1)
    assert {(reason.code, reason.stratum, reason.site) for reason in found} == {
        ("stratum.eligible", 0, None),
        ("site.eligible", None, 1),
        ("sites.maximum_sum", None, None),
        ("employer.stratum", 1, None),
    }


def test_too_many_tables_are_a_reason_too() -> None:
    sites = 16
    people: Roster = list(
        chain.from_iterable(plain(j, s, f"{j}/{s}".encode()) for j in range(3) for s in range(sites))
    )
    found = reasons(people, rows=(5, 5, 5), ranges=((0, 9),) * sites, cap=9)
    assert [reason.code for reason in found] == ["tables.too_many"]


def test_a_hundred_thousand_experts_and_thousands_of_employers_are_no_obstacle() -> None:
    cells = [[{b"%d" % e: 2 for e in range(n, n + 5600)} for n in (0, 100, 200)] for _ in range(3)]
    sizes = tuple(tuple(sum(cell.values()) for cell in row) for row in cells)
    problem = Problem(rows=(3, 2, 2), site_min=(2, 2, 1), site_max=(3, 3, 3), cap=1, sizes=sizes)
    assert sum(map(sum, sizes)) > 100_000
    assert check(problem, cells) == []


def test_an_infeasible_cap_is_known_without_a_flow_for_every_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six employers for seven seats, in every cell: hundreds of tables, most of them ruled out by cuts."""
    cell = {b"%d" % e: 50 for e in range(6)}
    problem = Problem(rows=(3, 2, 2), site_min=(0, 0, 0), site_max=(7, 7, 7), cap=1, sizes=((300,) * 3,) * 3)
    served: list[object] = []

    def counted(supply: Any, demand: Any) -> Any:
        served.append(demand)
        return serve(supply, demand)

    serve = feasibility._Supply.serve
    monkeypatch.setattr(feasibility._Supply, "serve", counted)
    assert check(problem, [[cell] * 3] * 3) == [Shortfall(code="employer.cap", needed=7, available=6)]
    assert len(served) < len(tables(problem)) / 4


CONTRADICTIONS: list[tuple[str, Any, Iterable[SharedPeople]]] = [
    ("employers.shape", [], ()),
    ("employers.shape", [[{b"a": 2}]], ()),
    ("employers.size", [[{b"a": 1}, {b"b": 1}]], ()),
    ("employers.count", [[{b"a": 2, b"b": 0}, {b"b": 1}]], ()),
    ("employers.count", [[{b"a": 3, b"b": -1}, {b"b": 1}]], ()),
    ("shared.group", [[{b"a": 2}, {b"b": 1}]], [SharedPeople(employer=b"a", cells=frozenset({(0, 0)}))]),
    (
        "shared.group",
        [[{b"a": 2}, {b"a": 1}]],
        [SharedPeople(employer=b"a", cells=frozenset({(0, 0), (0, 1)}), count=0)],
    ),
    (
        "shared.count",
        [[{b"a": 2}, {b"b": 1}]],
        [SharedPeople(employer=b"a", cells=frozenset({(0, 0), (0, 1)}))],
    ),
    (
        "shared.count",
        [[{b"a": 2}, {b"a": 1}]],
        [SharedPeople(employer=b"a", cells=frozenset({(0, 0), (0, 1)}), count=2)],
    ),
    (
        "shared.count",
        [[{b"a": 2}, {b"a": 1}]],
        [SharedPeople(employer=b"a", cells=frozenset({(0, 0), (0, 7)}))],
    ),
]


@pytest.mark.parametrize(("code", "employers", "shared"), CONTRADICTIONS)
def test_counts_that_contradict_each_other_are_refused(
    code: str, employers: Any, shared: Iterable[SharedPeople]
) -> None:
    problem = Problem(rows=(1,), site_min=(0, 0), site_max=(1, 1), cap=1, sizes=((2, 1),))
    assert check(problem, [[{b"a": 2}, {b"b": 1}]]) == []
    with pytest.raises(FeasibilityError) as refusal:
        check(problem, employers, shared)
    assert refusal.value.code == code
