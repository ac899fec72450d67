"""The fairness audit of many draws: uniformity of ranks (S1) and how often everybody was drawn (S2).

S1: where somebody who was drawn stands among the eligible of their cell, ordered by expert id, is uniform on
[0, 1) under a fair draw; chi-square on 20 bins, for the panel and for the replacements apart. S2: for each
expert the chance of having been drawn as often as they were, given the sizes of their cells (upper tail of
the Poisson binomial); Benjamini–Hochberg at 5 %, and only from five times on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.usecases.openings import Opened
from draw.selection import Position
from tests.support.chi_square import p_value

BINS: Final = 20
LEAST: Final = 5
RATE: Final = 0.05


@dataclass
class Audit:
    """Collects draws, then judges them."""

    panel: list[float] = field(default_factory=list)
    replacements: list[float] = field(default_factory=list)
    drawn: dict[str, int] = field(default_factory=dict)
    chances: dict[str, list[float]] = field(default_factory=dict)

    def add(self, found: Opened) -> None:
        """Count one opened draw."""
        selection = found.outcome.drawn.selection
        for at in selection.seats:
            self.panel.append(_rank(found, at, set()))
            expert = _expert(found, at)
            self.drawn[expert] = self.drawn.get(expert, 0) + 1
        used: set[Position] = set(selection.seats)
        for pick in found.outcome.picks:
            if pick.position is not None:
                self.replacements.append(_rank(found, pick.position, used))
                used.add(pick.position)
        for j, row in enumerate(selection.table):
            for s, seats in enumerate(row):
                size = found.cells.sizes[j][s]
                for i in range(size if seats else 0):
                    expert = _expert(found, Position(j, s, i))
                    self.chances.setdefault(expert, []).append(seats / size)

    def uniformity(self) -> tuple[float, float | None]:
        """S1 as p-values: of the panels, and of the replacements when there are enough of them."""
        enough = len(self.replacements) >= LEAST * BINS
        return p_value(_binned(self.panel)), p_value(_binned(self.replacements)) if enough else None

    def favoured(self) -> list[tuple[int, float]]:
        """S2: times drawn and tail of everybody whom the audit flags, without saying who."""
        tails = sorted((tail(self.chances[one], times), times) for one, times in self.drawn.items())
        count = len(self.chances)
        last = max((n for n, (p, _) in enumerate(tails, 1) if p <= RATE * n / count), default=0)
        return [(times, p) for p, times in tails[:last] if times >= LEAST]


def tail(chances: Sequence[float], times: int) -> float:
    """P(X >= times) for a sum of independent trials with these chances."""
    below = [1.0] + [0.0] * (times - 1)
    for chance in chances:
        for n in range(times - 1, 0, -1):
            below[n] = below[n] * (1 - chance) + below[n - 1] * chance
        below[0] *= 1 - chance
    return max(0.0, 1 - sum(below)) if times else 1.0


def _rank(found: Opened, at: Position, besides: set[Position]) -> float:
    """(rank - 1/2) / m among the eligible of the cell that are not used up, ordered by expert id."""
    size = found.cells.sizes[at.stratum][at.site]
    others = [Position(at.stratum, at.site, i) for i in range(size)]
    order = sorted(_expert(found, one) for one in others if one == at or one not in besides)
    return (order.index(_expert(found, at)) + 0.5) / len(order)


def _expert(found: Opened, at: Position) -> str:
    return found.cells.snapshot.records[found.cells.row(at.stratum, at.site, at.index)].id


def _binned(ranks: Iterable[float]) -> list[int]:
    counts = [0] * BINS
    for rank in ranks:
        counts[min(BINS - 1, int(rank * BINS))] += 1
    return counts
