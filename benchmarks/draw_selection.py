"""How long a draw takes, beside two others on the same people in the same run.

    python benchmarks/draw_selection.py [--sizes 100 1000 …] [--draws 200] [--limit 20]

Seven seats in three strata and three sites, one to four seats per site, at most one expert per employer.
Three columns:
    uniform/1    this project, one draw after bucketing; every feasible panel is equally likely
    rfc3797      seven of the pool by MD5; no strata, sites or employers, so it does less
    maximin      sortition-algorithms; the same quotas, and the lowest chance of anyone as high as it can be
The last is run in a process of its own and left out above the first size it does not finish within the limit.
Ratios are to uniform/1 at the same size; only they can be compared between machines.
"""

import argparse
import logging
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import rfc3797

from draw.selection import Problem, Selection, select

ROWS = (3, 2, 2)
SITE_MIN, SITE_MAX = (1, 1, 1), (4, 4, 4)
EMPLOYERS = 40  # at every size, so that conflicts are as frequent in a small pool as in a large one
GOAL_MS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """One invented expert: numbers only."""

    number: int
    stratum: int
    site: int
    employer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Experts by stratum and site, and the problem they make."""

    experts: list[list[list[Expert]]]
    problem: Problem

    def person(self, stratum: int, site: int, index: int) -> int:
        """The expert's number."""
        return self.experts[stratum][site][index].number

    def tag(self, stratum: int, site: int, index: int) -> bytes:
        """The expert's employer."""
        return self.experts[stratum][site][index].employer.to_bytes(2, "big")


def people(size: int) -> list[Expert]:
    """An invented pool, the same on every run."""
    chance = random.Random(size)
    return [
        Expert(
            number=number,
            stratum=chance.randrange(len(ROWS)),
            site=chance.randrange(len(SITE_MIN)),
            employer=chance.randrange(EMPLOYERS),
        )
        for number in range(size)
    ]


def bucket(pool: list[Expert]) -> Cells:
    """Sort a pool into cells."""
    experts: list[list[list[Expert]]] = [[[] for _ in SITE_MIN] for _ in ROWS]
    for expert in pool:
        experts[expert.stratum][expert.site].append(expert)
    sizes = tuple(tuple(len(cell) for cell in row) for row in experts)
    problem = Problem(rows=ROWS, site_min=SITE_MIN, site_max=SITE_MAX, cap=1, sizes=sizes)
    return Cells(experts=experts, problem=problem)


def median_ms(run: Callable[[int], object], repeats: int) -> float:
    """Median wall-clock time of `run(0)` … `run(repeats - 1)`, milliseconds."""
    times = []
    for turn in range(repeats):
        start = time.perf_counter()
        run(turn)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def draw(cells: Cells, turn: int) -> Selection:
    """One whole draw, tables included."""
    return select(turn.to_bytes(32, "big"), cells.problem, person=cells.person, tag=cells.tag)


def maximin(pool: list[Expert], answer: Connection) -> None:
    """Runs in its own process; sends the milliseconds of one selection with the same quotas, reading
    excluded."""
    from sortition_algorithms import (  # noqa: PLC0415 - heavy, and needed in this process only
        Settings,
        find_random_sample,
        read_in_features,
        read_in_people,
    )

    logging.disable(logging.WARNING)
    quotas = [("stratum", j, n, n) for j, n in enumerate(ROWS)]
    quotas += [("site", s, low, SITE_MAX[s]) for s, low in enumerate(SITE_MIN)]
    quotas += [("employer", e, 0, 1) for e in sorted({expert.employer for expert in pool})]
    head = ["feature", "value", "min", "max"]
    body = [dict(zip(head, map(str, quota), strict=True)) for quota in quotas]
    features, _, _ = read_in_features(head, body, number_to_select=sum(ROWS))
    columns = ["id", "stratum", "site", "employer"]
    rows = [
        {"id": str(e.number), "stratum": str(e.stratum), "site": str(e.site), "employer": str(e.employer)}
        for e in pool
    ]
    members, _ = read_in_people(columns, rows, features, Settings(id_column="id", columns_to_keep=[]))
    start = time.perf_counter()
    panels, _ = find_random_sample(features, members, sum(ROWS), [], selection_algorithm="maximin")
    took = time.perf_counter() - start
    assert len(panels[0]) == sum(ROWS)
    answer.send(took * 1000)


def maximin_ms(pool: list[Expert], limit: float) -> float | None:
    """Milliseconds, or None when it did not finish within `limit` seconds, reading included."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=maximin, args=(pool, theirs))
    process.start()
    theirs.close()
    try:
        return float(ours.recv()) if ours.poll(limit) else None
    except EOFError as error:
        raise RuntimeError("sortition-algorithms failed, see above") from error
    finally:
        process.kill()
        process.join()


def measure(size: int, draws: int, limit: float | None) -> bool:
    """Print one line. `limit` None leaves maximin out; the answer says whether to ask it again."""
    pool = people(size)
    start = time.perf_counter()
    cells = bucket(pool)
    bucketing = (time.perf_counter() - start) * 1000
    ours = median_ms(lambda turn: draw(cells, turn), draws)
    rfc = median_ms(lambda turn: rfc3797.select(f"{turn}./", size, sum(ROWS)), draws)
    other = None if limit is None else maximin_ms(pool, limit)
    shown = f"{other:11.1f} {other / ours:8.0f}x" if other is not None else f"{'left out':>11} {'-':>9}"
    verdict = "" if ours <= GOAL_MS else f"  over {GOAL_MS} ms"
    print(f"{size:>9} {bucketing:>10.1f} {ours:>10.3f} {rfc:>9.3f} {rfc / ours:>7.3f}x {shown}{verdict}")
    return other is not None


def main() -> None:
    """Measure every size in turn."""
    parser = argparse.ArgumentParser(description="Time of a draw beside RFC 3797 and maximin")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**n for n in range(2, 7)])
    parser.add_argument("--draws", type=int, default=200, help="draws per size")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds maximin may take")
    given = parser.parse_args()
    rfc3797.require_example()
    print("milliseconds, medians")
    print("  experts  bucketing  uniform/1   rfc3797    ratio     maximin     ratio")
    limit: float | None = given.limit
    for size in given.sizes:
        if not measure(size, given.draws, limit) and limit is not None:
            print(f"          maximin did not finish {size} within {limit:g} s; left out from here on")
            limit = None


if __name__ == "__main__":
    main()
