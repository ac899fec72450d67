"""The fairness audit of many draws: uniformity of ranks (S1) and how often everybody was drawn (S2).

S1: where somebody who was drawn stands among the eligible of their cell, ordered by expert id; chi-square on
20 bins, for the panel and for the replacements apart. What a fair draw gives is not a flat line: cells are
small against the bins, and the employer cap makes the people of large employers rarer, always the same ones.
So every draw and every replacement is made again `REDRAWS` times with other seeds, and the bins of these are
what is expected. S2: for each expert the chance of having been drawn so often (upper tail of the Poisson
binomial), given the sizes of their cells and how often the same draws made again took them: whoever has no
colleague is never passed over for one, so that fair chances lie at 0.6 to 1.5 of seats by size.
Benjamini–Hochberg at 5 %, and only from five times on: one fair audit in twenty flags somebody.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.usecases.openings import Opened
from crypto import vrf
from draw.record import parameters_of, problem
from draw.replacement import SUPERVISOR, Event, apply_event, replace
from draw.selection import Position, select
from tests.support.chi_square import p_value, upper_tail

BINS: Final = 20
REDRAWS: Final = 40
LEAST: Final = 5
RATE: Final = 0.05


@dataclass
class Audit:
    """Collects draws, then judges them."""

    panel: list[float] = field(default_factory=list)
    replacements: list[float] = field(default_factory=list)
    # The ranks of the same draws made again.
    fair_panel: list[float] = field(default_factory=list)
    fair_replacements: list[float] = field(default_factory=list)
    drawn: dict[str, int] = field(default_factory=dict)
    # How often the draws made again took each.
    fair_drawn: dict[str, int] = field(default_factory=dict)
    chances: dict[str, list[float]] = field(default_factory=dict)

    def add(self, found: Opened) -> None:
        """Count one opened draw."""
        selection = found.outcome.drawn.selection
        for at in selection.seats:
            self.panel.append(_rank(found, at, set()))
            expert = _expert(found, at)
            self.drawn[expert] = self.drawn.get(expert, 0) + 1
        self._draw_again(found)
        self._replace_again(found)
        for j, row in enumerate(selection.table):
            for s, seats in enumerate(row):
                size = found.cells.sizes[j][s]
                for i in range(size if seats else 0):
                    expert = _expert(found, Position(j, s, i))
                    self.chances.setdefault(expert, []).append(seats / size)

    def join(self, other: "Audit") -> None:
        """Count what another audit has counted: draws from the same pool, made elsewhere."""
        self.panel += other.panel
        self.replacements += other.replacements
        self.fair_panel += other.fair_panel
        self.fair_replacements += other.fair_replacements
        self.drawn = dict(Counter(self.drawn) + Counter(other.drawn))
        self.fair_drawn = dict(Counter(self.fair_drawn) + Counter(other.fair_drawn))
        for expert, chances in other.chances.items():
            self.chances.setdefault(expert, []).extend(chances)

    def _draw_again(self, found: Opened) -> None:
        question = problem(parameters_of(found.frozen.record.body), found.cells.sizes)
        for n in range(REDRAWS):
            again = select(_chance(found, n), question, person=found.cells.person, tag=found.cells.tag)
            for at in again.seats:
                self.fair_panel.append(_rank(found, at, set()))
                expert = _expert(found, at)
                self.fair_drawn[expert] = self.fair_drawn.get(expert, 0) + 1

    def _replace_again(self, found: Opened) -> None:
        """Each replacement as it was, and from the same state with other answers of the supervisor."""
        state, used = found.outcome.drawn.panel, set(found.outcome.drawn.selection.seats)
        for vacancy in found.outcome.vacancies:
            beta = None if vacancy.pi is None else vrf.proof_to_hash(vacancy.pi)
            for n in range(REDRAWS):
                beta_again = 2 * _chance(found, vacancy.t, n)
                other = Event(t=vacancy.t, seat=vacancy.seat, mode=SUPERVISOR, beta_s=beta_again)
                again = replace(state, other).position
                if again is not None:
                    self.fair_replacements.append(_rank(found, again, used))
            event = Event(t=vacancy.t, seat=vacancy.seat, mode=vacancy.mode, beta_s=beta)
            state, pick = apply_event(state, event)
            if pick.position is not None:
                self.replacements.append(_rank(found, pick.position, used))
                used.add(pick.position)

    def uniformity(self) -> tuple[float, float | None]:
        """S1 as p-values: of the panels, and of the replacements when there are enough of them."""
        enough = len(self.replacements) >= LEAST * BINS
        replaced = _against(self.replacements, self.fair_replacements) if enough else None
        return _against(self.panel, self.fair_panel), replaced

    def favoured(self) -> list[tuple[int, float]]:
        """S2: times drawn and tail of everybody whom the audit flags, without saying who."""
        tails = sorted((tail(self._fair(one), times), times) for one, times in self.drawn.items())
        count = len(self.chances)
        last = max((n for n, (p, _) in enumerate(tails, 1) if p <= RATE * n / count), default=0)
        return [(times, p) for p, times in tails[:last] if times >= LEAST]

    def _fair(self, expert: str) -> list[float]:
        """The chance in each draw: seats by size, in proportion to what the draws made again say of them."""
        chances = self.chances[expert]
        if not self.fair_drawn:
            return chances
        # One more of each, as expected: few draws leave the sizes to decide.
        share = (self.fair_drawn.get(expert, 0) + 1) / (REDRAWS * sum(chances) + 1)
        return [min(1.0, chance * share) for chance in chances]


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


def _chance(found: Opened, *numbers: int) -> bytes:
    """32 bytes that depend on the draw and the numbers only."""
    return hashlib.sha256(repr((found.frozen.record.hash, numbers)).encode()).digest()


def _against(ranks: Sequence[float], fair: Sequence[float]) -> float:
    """The chance of ranks at least this far from fair ones; from a flat line where none were drawn again."""
    if not fair:
        return p_value(_binned(ranks))
    share = len(ranks) / len(fair)
    pairs = [
        (seen, again * share) for seen, again in zip(_binned(ranks), _binned(fair), strict=True) if again
    ]
    distance = sum((seen - wanted) ** 2 / wanted for seen, wanted in pairs)
    # What is expected was drawn too, and is uncertain by `share` of what was seen.
    return upper_tail(distance / (1 + share), len(pairs) - 1)


def _binned(ranks: Iterable[float]) -> list[int]:
    counts = [0] * BINS
    for rank in ranks:
        counts[min(BINS - 1, int(rank * BINS))] += 1
    return counts
