"""A look before the draw: how far each filter shrinks the pool, and whether a panel is possible at all.

Counts only: no names, no positions, no randomness; the same question gives the same answer, so asking again
teaches nothing new. An expert leaves at the first filter that excludes them, in the order of draw-proof §4;
what is left after the last filter are the eligible. Showing these numbers to whom is the caller's decision:
sizes are hidden from the public until opening."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from draw.anonymity import StratumAnonymity, measure
from draw.avoidance.engine import Engine, employer_for_cap
from draw.avoidance.rules import Rules
from draw.feasibility import SharedPeople, Shortfall, check
from draw.model import Assessment, DrawParameters, ExpertRecord
from draw.selection import Problem

_STAGES: Final = {"S1": "status", "S2": "status", "Q1": "qualification", "Q2": "qualification"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterStep:
    """Experts left after a filter: `site`, `specialty`, `status`, `qualification` or a code `K1`…`K14`."""

    filter: str
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`pool` experts were looked at; `cells[stratum][site]` are the eligible, one expert in each stratum of
    theirs. `shortfalls` are the reasons why no panel exists, all of them.
    """

    pool: int
    steps: tuple[FilterStep, ...]
    cells: tuple[tuple[int, ...], ...]
    strata: tuple[StratumAnonymity, ...]
    shortfalls: tuple[Shortfall, ...]


def preview(
    records: Iterable[ExpertRecord], engine: Engine, parameters: DrawParameters, rules: Rules
) -> Preview:
    """Count what the rules leave of `records`.

    Raises SelectionError when the parameters break a limit; `draw.avoidance.requests` names those before.
    """
    tally = _Tally(parameters, rules)
    for record in records:
        tally.add(record, engine.assess(record), engine.t0)
    return tally.result()


class _Tally:
    """Counts while records pass by."""

    def __init__(self, parameters: DrawParameters, rules: Rules) -> None:
        self._parameters = parameters
        self._rules = rules
        self._pool = 0
        self._left_at: Counter[str] = Counter()
        self._cells = [[Counter[bytes]() for _ in parameters.sites] for _ in parameters.strata]
        self._shared: Counter[tuple[bytes, frozenset[tuple[int, int]]]] = Counter()

    def add(self, record: ExpertRecord, assessment: Assessment, t0: str) -> None:
        """Count one expert."""
        self._pool += 1
        site = assessment.site
        if site is None or not assessment.eligible:
            self._left_at[_first_filter(assessment)] += 1
            return
        employer = employer_for_cap(record, t0).encode("utf-8")
        for stratum in assessment.strata:
            self._cells[stratum][site][employer] += 1
        if len(assessment.strata) > 1:
            self._shared[employer, frozenset((stratum, site) for stratum in assessment.strata)] += 1

    def result(self) -> Preview:
        """The counts so far."""
        sizes = tuple(tuple(cell.total() for cell in row) for row in self._cells)
        return Preview(
            pool=self._pool,
            steps=tuple(self._steps()),
            cells=sizes,
            strata=tuple(
                measure(sum(row), stratum.seats, self._rules.anonymity)
                for row, stratum in zip(sizes, self._parameters.strata, strict=True)
            ),
            shortfalls=tuple(self._shortfalls(sizes)),
        )

    def _steps(self) -> Iterable[FilterStep]:
        left = self._pool
        listed = (predicate.code for predicate in self._rules.predicates)
        for name in ("site", "specialty", "status", "qualification", *listed):
            left -= self._left_at[name]
            yield FilterStep(filter=name, left=left)

    def _shortfalls(self, sizes: tuple[tuple[int, ...], ...]) -> list[Shortfall]:
        parameters = self._parameters
        problem = Problem(
            rows=tuple(stratum.seats for stratum in parameters.strata),
            site_min=tuple(site.minimum for site in parameters.sites),
            site_max=tuple(site.maximum for site in parameters.sites),
            cap=parameters.cap,
            sizes=sizes,
        )
        shared = [
            SharedPeople(employer=employer, cells=cells, count=count)
            for (employer, cells), count in self._shared.items()
        ]
        return check(problem, self._cells, shared)


def _first_filter(assessment: Assessment) -> str:
    if assessment.site is None:
        return "site"
    if not assessment.strata:
        return "specialty"
    first = assessment.reasons[0]
    return _STAGES.get(first, first)
