"""The anonymity gate compares integers, at the edge too."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.anonymity import measure, needs_override, whole_bits
from draw.avoidance.rules import AnonymityRule

RULE = AnonymityRule(factor=3, bits=12)


@pytest.mark.parametrize(
    ("experts", "seats", "verdict"),
    [(14, 5, "stop"), (15, 5, "yellow"), (16, 5, "ok"), (12, 4, "yellow"), (4096, 1, "ok"),
     (4095, 1, "yellow"), (0, 1, "stop"), (2, 3, "stop")],
)  # fmt: skip
def test_verdicts(experts: int, seats: int, verdict: str) -> None:
    assert measure(experts, seats, RULE).verdict == verdict


def test_the_public_part_hides_the_size() -> None:
    assert measure(100, 3, RULE).to_json() == {"met": True, "bits": True}


def test_no_float_rounds_a_near_miss_up() -> None:
    rule = AnonymityRule(factor=1, bits=200)
    assert not measure((1 << 200) - 1, 1, rule).bits
    assert measure(1 << 200, 1, rule).bits


def test_one_small_stratum_asks_for_the_supervisor() -> None:
    assert needs_override([measure(100, 3, RULE), measure(8, 3, RULE)])
    assert not needs_override([measure(100, 3, RULE), measure(9, 3, RULE)])


@given(st.integers(0, 400), st.integers(0, 99))
def test_whole_bits_are_the_largest_power_below(experts: int, seats: int) -> None:
    bits, outcomes = whole_bits(experts, seats), comb(experts, seats)
    assert outcomes == 0 or 1 << bits <= outcomes < 1 << bits + 1
