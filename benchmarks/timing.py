"""Clock, medians and tables of the benchmarks: the same words for the same thing in each of them.

Times are wall clock in seconds unless a name says otherwise. Nothing here decides whether a figure is good:
a goal is printed beside it, and the reader compares.
"""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` gives, and the seconds it took, on a heap that was just collected."""
    gc.collect()
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def worked(work: Callable[[], T]) -> tuple[T, float]:
    """As `timed`, in processor seconds: for work in one thread that waits for nothing, what the clock would
    show on an idle machine."""
    gc.collect()
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Median of `runs` runs after one that is thrown away."""
    work()
    return statistics.median(timed(work)[1] for _ in range(runs))


def machine() -> str:
    """One line: processor count, load, interpreter. Figures of two machines are no comparison."""
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}"
    )


def verdict(figure: float, goal: float, *, at_least: bool = False) -> str:
    """`met` or `MISSED`, with the goal."""
    met = figure >= goal if at_least else figure <= goal
    return f"{'met' if met else 'MISSED'} (goal {'≥' if at_least else '≤'} {goal:g})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns, the first to the left."""
    shown = [list(head), *([_cell(one) for one in row] for row in rows)]
    widths = [max(len(row[at]) for row in shown) for at in range(len(head))]
    for row in shown:
        first, *rest = (
            one.ljust(width) if not at else one.rjust(width)
            for at, (one, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())
    print()


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"
