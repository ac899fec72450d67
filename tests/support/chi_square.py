"""Pearson's chi-square test of equal frequencies, for the fairness tests.

The upper tail of the distribution with k degrees of freedom is Q(k/2, x/2), built up from erfc or exp by the
recurrence Q(a + 1, y) = Q(a, y) + y^a·e^-y / Γ(a + 1). Its known answers stand in the fairness tests."""

import math
from collections.abc import Sequence


def p_value(counts: Sequence[int]) -> float:
    """The chance of frequencies at least this uneven when all are equally likely. Needs two counts or
    more."""
    expected = sum(counts) / len(counts)
    return upper_tail(sum((count - expected) ** 2 for count in counts) / expected, len(counts) - 1)


def upper_tail(x: float, freedom: int) -> float:
    """P(chi-square with `freedom` >= 1 degrees of freedom exceeds x)."""
    y = x / 2
    if y == 0:
        return 1.0
    a, tail = (0.5, math.erfc(math.sqrt(y))) if freedom % 2 else (1.0, math.exp(-y))
    while a < freedom / 2:
        tail += math.exp(a * math.log(y) - y - math.lgamma(a + 1))
        a += 1
    return tail
