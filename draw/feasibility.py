"""Feasibility: can any panel at all be drawn, and if not, why (draw-proof §7, before the seal).

    1. strata      enough eligible experts in every stratum
    2. sites       ranges, seats and cell sizes admit a table
    3. people      nobody has to sit twice
    4. employers   the cap leaves enough, per stratum, per site and for some table as a whole

3 and 4 are maximum flows cells → people → employers. A flow that falls short yields a cut: a set of cells
that together can never fill more than so many seats. Cuts rule out further tables without another flow.
Employers that look alike are merged; that is exact, because a flow may be shared out evenly among them and
rounded. Every reason is returned at once; no chance, no seeds and no names occur here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from draw.errors import FeasibilityError, SelectionError
from draw.flow import Network
from draw.selection import MAX_TABLES, Cell, Problem, Table, tables

MAX_SHARED_GROUPS: Final = 1 << 20

Counts = Sequence[Sequence[Mapping[bytes, int]]]
Demand = Mapping[Cell, int]
Standing = Mapping[tuple[Cell, ...], int]
Look = tuple[tuple[tuple[Cell, ...], int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SharedPeople:
    """`count` people of one employer who stand in the same two or more cells, each of whom may sit only
    once."""

    employer: bytes
    cells: frozenset[Cell]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """One reason why no panel exists: `needed` seats against `available`. Codes: stratum.eligible,
    site.eligible, sites.minimum_sum, sites.maximum_sum, sites.minimum_cells, sites.maximum_cells,
    tables.too_many, people.stratum, people.site, people.shared, employer.stratum, employer.site,
    employer.cap."""

    code: str
    stratum: int | None = None
    site: int | None = None
    needed: int
    available: int


def check(problem: Problem, employers: Counts, shared: Iterable[SharedPeople] = ()) -> list[Shortfall]:
    """Every reason why `problem` has no panel; empty when there is one.

    `employers[stratum][site]` counts the cell's experts by employer tag, shared people included in each of
    their cells. Raises FeasibilityError when counts, shared people and cell sizes contradict each other."""
    groups = tuple(shared)
    _require_consistent(problem, employers, groups)
    found = [*_strata(problem), *_sites(problem)]
    standing = _standing(employers, groups)
    people = _Supply(standing, cap=problem.seats)
    found += _narrow(problem, people, "people")
    capped = _Supply(standing, cap=problem.cap)
    found += [reason for reason in _narrow(problem, capped, "employer") if not _covered(reason, found)]
    return found or _whole(problem, people, capped)


def _strata(problem: Problem) -> list[Shortfall]:
    return [
        Shortfall(code="stratum.eligible", stratum=j, needed=seats, available=sum(problem.sizes[j]))
        for j, seats in enumerate(problem.rows)
        if sum(problem.sizes[j]) < seats
    ]


def _sites(problem: Problem) -> list[Shortfall]:
    """§7 tables exist exactly when the rows can be filled under the maxima and the minima can be reached
    within the rows: two flows through strata and sites that each succeed can be merged into one (Mendelsohn
    and Dulmage 1958)."""
    seats, least, most = problem.seats, sum(problem.site_min), sum(problem.site_max)
    found = [
        Shortfall(code="site.eligible", site=s, needed=least_s, available=reach)
        for s, least_s in enumerate(problem.site_min)
        if (reach := sum(_reach(problem, s).values())) < least_s
    ]
    if least > seats:
        found.append(Shortfall(code="sites.minimum_sum", needed=least, available=seats))
    elif not found and (reach := _through_sites(problem, problem.site_min)) < least:
        found.append(Shortfall(code="sites.minimum_cells", needed=least, available=reach))
    fillable = sum(min(n, sum(row)) for n, row in zip(problem.rows, problem.sizes, strict=True))
    if most < seats:
        found.append(Shortfall(code="sites.maximum_sum", needed=seats, available=most))
    elif (reach := _through_sites(problem, problem.site_max)) < fillable:
        found.append(Shortfall(code="sites.maximum_cells", needed=seats, available=reach))
    return found


def _reach(problem: Problem, site: int) -> dict[Cell, int]:
    """Per cell of the site, the most seats its stratum could give it."""
    return {(j, site): min(n, problem.sizes[j][site]) for j, n in enumerate(problem.rows)}


def _through_sites(problem: Problem, limits: tuple[int, ...]) -> int:
    network = Network()
    for j, seats in enumerate(problem.rows):
        network.connect("source", ("stratum", j), seats)
        for s, size in enumerate(problem.sizes[j]):
            network.connect(("stratum", j), ("site", s), size)
    for s, limit in enumerate(limits):
        network.connect(("site", s), "sink", limit)
    return network.push("source", "sink")


class _Supply:
    """What sets of cells can fill under one cap, employers of one look merged."""

    def __init__(self, standing: Iterable[Standing], *, cap: int) -> None:
        self._cap = cap
        self._kinds = Counter(_look(mine, cap) for mine in standing)

    def serve(self, demand: Demand) -> tuple[int, frozenset[Cell]]:
        """The most seats of `demand` that can be filled, and the cells of a least cut (empty if all are
        filled)."""
        if self._fills(demand):
            return sum(demand.values()), frozenset()
        network = Network()
        for cell, seats in demand.items():
            network.connect("source", cell, seats)
        for kind, (look, alike) in enumerate(self._kinds.items()):
            network.connect(("employer", kind), "sink", alike * self._cap)
            for part, (cells, count) in enumerate(look):
                self._connect(network, demand, (kind, part), cells, alike * count)
        filled = network.push("source", "sink")
        near = network.reachable("source")
        return filled, frozenset(cell for cell in demand if cell in near)

    def _fills(self, demand: Demand) -> bool:
        """Whether seats taken as they come fill `demand`: then a flow would, too, and large pools need none.
        A False says nothing."""
        wanted = {cell: seats for cell, seats in demand.items() if seats}
        for look, alike in self._kinds.items():
            if not wanted:
                return True
            left = alike * self._cap
            for cells, count in look:
                people = alike * count
                for cell in cells:
                    taken = min(wanted.get(cell, 0), people, left)
                    people, left = people - taken, left - taken
                    if taken:
                        wanted[cell] -= taken
            wanted = {cell: seats for cell, seats in wanted.items() if seats}
        return not wanted

    def _connect(
        self, network: Network, demand: Demand, part: tuple[int, int], cells: tuple[Cell, ...], count: int
    ) -> None:
        wanted = [cell for cell in cells if cell in demand]
        for cell in wanted:
            network.connect(cell, ("people", *part), count)
        if wanted:
            network.connect(("people", *part), ("employer", part[0]), count)


def _standing(employers: Counts, groups: Sequence[SharedPeople]) -> list[Standing]:
    """Per employer, how many people it has in which sets of cells."""
    found: dict[bytes, dict[tuple[Cell, ...], int]] = {}
    for j, row in enumerate(employers):
        for s, counts in enumerate(row):
            for employer, count in counts.items():
                found.setdefault(employer, {})[((j, s),)] = count
    for group in groups:
        mine = found[group.employer]
        cells = tuple(sorted(group.cells))
        mine[cells] = mine.get(cells, 0) + group.count
        for cell in cells:
            mine[(cell,)] -= group.count
    return list(found.values())


def _look(mine: Standing, cap: int) -> Look:
    """An employer's people by sets of cells, counted up to the cap."""
    return tuple(sorted((cells, min(count, cap)) for cells, count in mine.items() if count))


def _narrow(problem: Problem, supply: _Supply, family: str) -> list[Shortfall]:
    """Strata and sites that fall short on their own."""
    found = []
    for j, seats in enumerate(problem.rows):
        alone, _ = supply.serve({(j, s): min(seats, m) for s, m in enumerate(problem.sizes[j]) if m})
        if alone < min(seats, sum(problem.sizes[j])):
            found.append(Shortfall(code=f"{family}.stratum", stratum=j, needed=seats, available=alone))
    for s, least in enumerate(problem.site_min):
        reach = _reach(problem, s)
        alone, _ = supply.serve(reach)
        if alone < min(least, sum(reach.values())):
            found.append(Shortfall(code=f"{family}.site", site=s, needed=least, available=alone))
    return found


def _covered(reason: Shortfall, found: list[Shortfall]) -> bool:
    """Whether a reason already found says the same without the cap."""
    weaker = reason.code.replace("employer.", "people.")
    return any(
        other.code == weaker
        and (other.stratum, other.site) == (reason.stratum, reason.site)
        and other.available <= reason.available
        for other in found
    )


def _whole(problem: Problem, people: _Supply, capped: _Supply) -> list[Shortfall]:
    """No part falls short alone: look for one table that can be filled."""
    try:
        candidates = tables(problem)
    except SelectionError:
        return [Shortfall(code="tables.too_many", needed=MAX_TABLES + 1, available=MAX_TABLES)]
    best = _best_table(candidates, capped, problem.seats)
    if best == problem.seats:
        return []
    uncapped = _best_table(candidates, people, problem.seats)
    code = "employer.cap" if uncapped == problem.seats else "people.shared"
    return [Shortfall(code=code, needed=problem.seats, available=best)]


def _best_table(candidates: Iterable[Table], supply: _Supply, seats: int) -> int:
    """The most seats that can be filled for any table; stops at the first that can be filled whole."""
    best = 0
    cuts: dict[frozenset[Cell], int] = {}
    for table in candidates:
        demand = {(j, s): t for j, row in enumerate(table) for s, t in enumerate(row) if t}
        if _bound(demand, cuts, seats) <= best:
            continue
        filled, cut = supply.serve(demand)
        best = max(best, filled)
        if best == seats:
            return best
        # outside the cut everything is filled, so the cut's cells can fill the rest and not one seat more
        cuts[cut] = filled - sum(t for cell, t in demand.items() if cell not in cut)
    return best


def _bound(demand: Demand, cuts: Mapping[frozenset[Cell], int], seats: int) -> int:
    """The most seats the known cuts leave to a table: what it asks of a cut's cells beyond their limit is
    lost."""
    lost = (sum(demand.get(cell, 0) for cell in cut) - limit for cut, limit in cuts.items())
    return seats - max(lost, default=0)


def _require_consistent(problem: Problem, employers: Counts, groups: Sequence[SharedPeople]) -> None:
    _require(len(employers) == len(problem.sizes), "employers.shape")
    for row, counts in zip(problem.sizes, employers, strict=True):
        _require(len(counts) == len(row), "employers.shape")
        for size, cell in zip(row, counts, strict=True):
            _require(all(count >= 1 for count in cell.values()), "employers.count")
            _require(sum(cell.values()) == size, "employers.size")
    _require(len(groups) <= MAX_SHARED_GROUPS, "shared.too_many")
    taken: Counter[tuple[Cell, bytes]] = Counter()
    for group in groups:
        _require(group.count >= 1 and len(group.cells) >= 2, "shared.group")
        taken.update({(cell, group.employer): group.count for cell in group.cells})
    for ((j, s), employer), count in taken.items():
        inside = 0 <= j < len(employers) and 0 <= s < len(problem.site_min)
        _require(inside and employers[j][s].get(employer, 0) >= count, "shared.count")


def _require(condition: bool, code: str) -> None:
    if not condition:
        raise FeasibilityError(code)
