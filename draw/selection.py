"""Selection rule `uniform/1`: every feasible panel is equally likely (draw-proof §7).

A panel fills n_j seats in each stratum j; a table says how many of them come from each site. An attempt
  1. picks a table with chance proportional to the number of ways to fill it, conflicts ignored,
  2. walks the cells by (stratum, site) and takes the first t of each cell's uniform order,
  3. is dropped as a whole at the first repeated person or employer above the cap.
Dropping whole attempts is what keeps the rule uniform: skipping to the next compatible expert would not. A
cell is only its size here; who sits at a position is asked through `person` and `tag`, a few positions per
attempt, so a draw costs the same at a hundred and a million experts. Feasibility is proved elsewhere, before
the seal."""

import hmac
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, islice
from math import comb, prod
from operator import add
from types import MappingProxyType
from typing import Final, Literal, Protocol

from draw.errors import RulesError, SelectionError
from draw.streams import Stream, order, stream_key

UNIFORM_1: Final = "uniform/1"
MAX_ATTEMPTS: Final = 1 << 20
MIN_ACCEPTANCE: Final = Fraction(
    1, 10_000
)  # a request whose pilot acceptance is lower is refused before the seal
MAX_STRATA: Final = 16
MAX_SITES: Final = 16
MAX_SEATS: Final = 99  # of all strata together
MAX_CAP: Final = 99
MAX_CELL: Final = (1 << 32) - 1  # experts in one cell
MAX_TABLES: Final = 1 << 16  # tables of one draw
MAX_TABLE_WORK: Final = 1 << 18  # rows looked at while listing them, dead ends included

Row = tuple[int, ...]
Table = tuple[Row, ...]
Cell = tuple[int, int]
Person = Callable[[int, int, int], Hashable]
Tag = Callable[[int, int, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Problem:
    """Seats per stratum, seat range per site, employer cap, and cell sizes `sizes[stratum][site]`.
    Raises SelectionError when the shape or a limit is wrong; a problem nobody can fill is still a Problem."""

    rows: tuple[int, ...]
    site_min: tuple[int, ...]
    site_max: tuple[int, ...]
    cap: int
    sizes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        _require(0 < len(self.rows) <= MAX_STRATA, "problem.strata")
        _require(0 < len(self.site_min) <= MAX_SITES, "problem.sites")
        _require(len(self.site_max) == len(self.site_min), "problem.site_ranges")
        _require(len(self.sizes) == len(self.rows), "problem.sizes")
        _require(all(len(row) == len(self.site_min) for row in self.sizes), "problem.sizes")
        _require(all(n >= 1 for n in self.rows) and self.seats <= MAX_SEATS, "problem.seats")
        _require(
            all(0 <= lo <= hi for lo, hi in zip(self.site_min, self.site_max, strict=True)),
            "problem.site_ranges",
        )
        _require(1 <= self.cap <= MAX_CAP, "problem.cap")
        _require(all(0 <= m <= MAX_CELL for row in self.sizes for m in row), "problem.cell_size")

    @property
    def seats(self) -> int:
        """Seats of all strata."""
        return sum(self.rows)


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Position:
    """One place in one cell list: the index counts from 0 within the cell, by cell leaf hash."""

    stratum: int
    site: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rejection:
    """Why an attempt was dropped: two positions of one person, or cap + 1 positions with one employer tag,
    ascending. It is the first conflict met on the walk; at one candidate the person is tested before the
    employer."""

    attempt: int
    kind: Literal["person", "employer"]
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Selection:
    """The first accepted attempt, its table, its seats in walk order, and one rejection per earlier
    attempt."""

    attempt: int
    table: Table
    seats: tuple[Position, ...]
    rejected: tuple[Rejection, ...]


class Rule(Protocol):
    """A selection rule: the same arguments always give the same selection. Raises SelectionError."""

    def __call__(self, seed: bytes, problem: Problem, *, person: Person, tag: Tag) -> Selection:
        """The selection on a 32-byte seed."""
        ...


def tables(problem: Problem) -> list[Table]:
    """All tables with row sums n_j, column sums in [min_s, max_s] and 0 <= t <= m_js, in lexicographic
    row-major order; empty when there is none. Raises SelectionError("tables.too_many") above MAX_TABLES or
    MAX_TABLE_WORK."""
    return _Listing(problem).endings(0, (0,) * len(problem.site_min))


def weights(problem: Problem, candidates: Iterable[Table]) -> list[int]:
    """Per table, the number of ways to fill it: ∏ C(m_js, t_js)."""
    ways: dict[tuple[int, Row], int] = {}

    def row_ways(stratum: int, row: Row) -> int:
        key = (stratum, row)
        if key not in ways:
            ways[key] = prod(map(comb, problem.sizes[stratum], row))
        return ways[key]

    return [prod([row_ways(j, row) for j, row in enumerate(table)]) for table in candidates]


def select(seed: bytes, problem: Problem, *, person: Person, tag: Tag) -> Selection:
    """Rule `uniform/1`: the first accepted attempt on the 32-byte seed.

    Raises SelectionError("selection.no_table") when no table exists, and
    SelectionError("selection.exhausted") when MAX_ATTEMPTS attempts conflict; a request proved feasible with
    acceptance of MIN_ACCEPTANCE never gets there."""
    choice = _TableChoice(problem)
    rejected: list[Rejection] = []
    for attempt in range(MAX_ATTEMPTS):
        table = choice.pick(seed, attempt)
        outcome = _walk(seed, attempt, table, problem, person=person, tag=tag)
        if not isinstance(outcome, Rejection):
            return Selection(attempt=attempt, table=table, seats=outcome, rejected=tuple(rejected))
        rejected.append(outcome)
    raise SelectionError("selection.exhausted", attempts=MAX_ATTEMPTS)


RULES: Final[Mapping[str, Rule]] = MappingProxyType({UNIFORM_1: select})


def rule_for(rule_id: str) -> Rule:
    """The rule of a sealed record. Raises RulesError("rule.unknown")."""
    if rule_id not in RULES:
        raise RulesError("rule.unknown", known=tuple(RULES))
    return RULES[rule_id]


def pilot_seeds(count: int) -> Iterator[bytes]:
    """Public pilot seeds HMAC-SHA256("qt/1 pilot", u32be(i)), i < count: a dry run can foretell no real
    draw."""
    return (hmac.digest(b"qt/1 pilot", i.to_bytes(4, "big"), "sha256") for i in range(count))


def pilot_acceptance(
    problem: Problem, person: Person, tag: Tag, *, seeds: Iterable[bytes], attempts: int
) -> Fraction:
    """The share of accepted attempts among the first `attempts` of every pilot seed; 0 when no table exists.
    Raises SelectionError("pilot.empty") without seeds or attempts. Compare it with MIN_ACCEPTANCE."""
    pilots = tuple(seeds)
    _require(bool(pilots) and 1 <= attempts <= MAX_ATTEMPTS, "pilot.empty")
    if not tables(problem):
        return Fraction(0)
    choice = _TableChoice(problem)
    accepted = sum(
        not isinstance(_walk(seed, a, choice.pick(seed, a), problem, person=person, tag=tag), Rejection)
        for seed in pilots
        for a in range(attempts)
    )
    return Fraction(accepted, len(pilots) * attempts)


def _walk(
    seed: bytes, attempt: int, table: Table, problem: Problem, *, person: Person, tag: Tag
) -> tuple[Position, ...] | Rejection:
    seated: dict[Hashable, Position] = {}
    colleagues: dict[bytes, list[Position]] = {}
    for position in _candidates(seed, attempt, table, problem):
        stratum, site, index = position.stratum, position.site, position.index
        earlier = seated.setdefault(person(stratum, site, index), position)
        if earlier is not position:
            return Rejection(attempt=attempt, kind="person", positions=_ascending((earlier, position)))
        same_employer = colleagues.setdefault(tag(stratum, site, index), [])
        same_employer.append(position)
        if len(same_employer) > problem.cap:
            return Rejection(attempt=attempt, kind="employer", positions=_ascending(same_employer))
    return tuple(seated.values())


def _ascending(positions: Iterable[Position]) -> tuple[Position, ...]:
    return tuple(sorted(positions))


def _candidates(seed: bytes, attempt: int, table: Table, problem: Problem) -> Iterator[Position]:
    for stratum, row in enumerate(table):
        for site, seats in enumerate(row):
            if seats:
                key = stream_key(seed, "cell", attempt, stratum, site)
                for index in islice(order(key, problem.sizes[stratum][site]), seats):
                    yield Position(stratum, site, index)


class _TableChoice:
    """The weighted choice of a table, prepared once for all attempts."""

    def __init__(self, problem: Problem) -> None:
        self._tables = tables(problem)
        _require(bool(self._tables), "selection.no_table")
        self._upto = list(accumulate(weights(problem, self._tables)))

    def pick(self, seed: bytes, attempt: int) -> Table:
        ticket = Stream(stream_key(seed, "table", attempt)).big(self._upto[-1])
        return self._tables[bisect_right(self._upto, ticket)]


class _Listing:
    """Lists tables row by row; what can follow depends only on the seats each site already has."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[tuple[int, Row], list[Table]] = {}
        self._work = 0

    def endings(self, stratum: int, used: Row) -> list[Table]:
        """The ways to fill rows `stratum`… when the sites hold `used` seats so far, lexicographic."""
        if stratum == len(self._problem.rows):
            return [()]
        if (stratum, used) not in self._known:
            self._known[stratum, used] = self._list(stratum, used)
        return self._known[stratum, used]

    def _list(self, stratum: int, used: Row) -> list[Table]:
        found: list[Table] = []
        low, high = self._bounds(stratum, used)
        for row in _rows(self._problem.rows[stratum], low, high):
            self._work += 1
            after = tuple(map(add, used, row))
            found.extend([(row, *ending) for ending in self.endings(stratum + 1, after)])
            _require(len(found) <= MAX_TABLES and self._work <= MAX_TABLE_WORK, "tables.too_many")
        return found

    def _bounds(self, stratum: int, used: Row) -> tuple[Row, Row]:
        """Per site, the least this row must give so that later rows can still reach the minimum, and its
        most."""
        problem = self._problem
        later = [
            sum(min(problem.rows[j], problem.sizes[j][s]) for j in range(stratum + 1, len(problem.rows)))
            for s in range(len(used))
        ]
        low = tuple(max(0, problem.site_min[s] - used[s] - later[s]) for s in range(len(used)))
        high = tuple(min(problem.sizes[stratum][s], problem.site_max[s] - used[s]) for s in range(len(used)))
        return low, high


def _rows(seats: int, low: Row, high: Row) -> Iterator[Row]:
    """Rows of this sum within [low, high] per site, lexicographic."""
    if not low:
        if seats == 0:
            yield ()
        return
    least = max(low[0], seats - sum(high[1:]))
    most = min(high[0], seats - sum(low[1:]))
    for first in range(least, most + 1):
        for rest in _rows(seats - first, low[1:], high[1:]):
            yield (first, *rest)


def _require(condition: bool, code: str) -> None:
    if not condition:
        raise SelectionError(code)
