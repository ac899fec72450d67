"""uniform/1 (draw-proof §7): known answers are in test_conformance; here tables, bounds and hostile sizes."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.verify import selection
from draw.verify.selection import Tables, TooManyTablesError

SEED = bytes(range(32))


def enumerate_tables(
    rows: list[int], least: list[int], most: list[int], sizes: list[list[int]]
) -> list[tuple[tuple[tuple[int, ...], ...], int]]:
    """Every table with its weight by trying everything, in lexicographic row-major order."""
    width, found = len(least), []
    for cells in itertools.product(*(range(min(m, rows[j]) + 1) for j, row in enumerate(sizes) for m in row)):
        table = tuple(tuple(cells[j * width : (j + 1) * width]) for j in range(len(rows)))
        sums = [sum(column) for column in zip(*table, strict=True)]
        if [sum(row) for row in table] == rows and all(map(lambda a, b, c: a <= b <= c, least, sums, most)):
            weights = (
                math.comb(m, t)
                for row, sz in zip(table, sizes, strict=True)
                for t, m in zip(row, sz, strict=True)
            )
            found.append((table, math.prod(weights)))
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], list[int], list[int], list[list[int]]]:
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows = draw(st.lists(st.integers(1, 3), min_size=height, max_size=height))
    least = draw(st.lists(st.integers(0, 3), min_size=width, max_size=width))
    most = [low + draw(st.integers(0, 3)) for low in least]
    sizes = [draw(st.lists(st.integers(0, 4), min_size=width, max_size=width)) for _ in rows]
    return rows, least, most, sizes


@settings(max_examples=150, deadline=None)
@given(problems())
def test_count_weight_and_order_agree_with_trying_every_table(
    problem: tuple[list[int], list[int], list[int], list[list[int]]],
) -> None:
    expected, tables = enumerate_tables(*problem), Tables(*problem)
    assert tables.count == len(expected)
    assert tables.total == sum(weight for _, weight in expected)
    start = 0
    for table, weight in expected:
        assert tables.find(start) == tables.find(start + weight - 1) == table
        start += weight


def test_too_many_tables_are_refused_and_not_written_out() -> None:
    for rows in ([50, 49], [99], [7] * 14, [6] * 16):
        with pytest.raises(TooManyTablesError):
            Tables(rows, [0] * 16, [99] * 16, [[100] * 16] * len(rows))


def test_a_maze_of_dead_ends_is_given_up() -> None:
    """No table fits, and only a long search would tell: the verifier stops at its limit of steps."""
    rows, columns = 15, 14
    sizes = [[3] * columns + [0, 0] for _ in range(rows)] + [[0] * columns + [3, 3]]
    with pytest.raises(TooManyTablesError):
        Tables([3] * 16, [3] * 16, [3] * 16, sizes)


def test_sixteen_by_sixteen_with_forced_quotas_is_still_one_table() -> None:
    tables = Tables(
        [6] * 16, [6] * 16, [99] * 16, [[6 if j == s else 0 for s in range(16)] for j in range(16)]
    )
    assert (tables.count, tables.total) == (1, 1)


def test_a_single_row_with_minima_that_add_up_does_not_search() -> None:
    tables = Tables([96], [6] * 16, [99] * 16, [[2**53 - 1] * 16])
    assert tables.count == 1
    assert tables.find(tables.total - 1) == ((6,) * 16,)


def test_huge_cells_are_drawn_from_without_being_written_out() -> None:
    sizes = [[2**53 - 1, 10**15]]
    tables = Tables([7], [0, 0], [7, 7], sizes)
    walk = selection.walk(tables, SEED, 0, sizes)
    assert len(set(walk)) == 7


def test_order_is_a_permutation_and_ends() -> None:
    assert sorted(selection.order(SEED, 257)) == list(range(257))
    assert list(selection.order(SEED, 0)) == []
    assert list(selection.order(SEED, 1)) == [0]


def test_below_skips_the_words_that_would_bias() -> None:
    bound = 2**63 + 1
    assert selection.below(iter([2**64 - 1, bound, 5]), bound) == 5
    assert selection.below(iter([2**64 - 1]), 2**64) == 2**64 - 1


def test_big_takes_the_top_bits_and_whole_new_words() -> None:
    assert selection.big(iter([12345]), 1) == 0
    assert selection.big(iter([2**64 - 1, 0]), 3) == 0
    assert selection.big(iter([1, 0]), 2**128) == 2**64
    assert selection.big(iter([2**63, 0]), 2**65) == 2**64


def test_two_tables_are_drawn_in_proportion_to_their_weight() -> None:
    """Weights 3 and 1: of 400 attempts, three quarters give the heavier table, within five deviations."""
    tables = Tables([1], [0, 0], [1, 1], [[1, 3]])
    heavy = sum(selection.attempt_table(tables, SEED, a) == ((0, 1),) for a in range(400))
    assert abs(Fraction(heavy, 400) - Fraction(3, 4)) < Fraction(11, 100)
