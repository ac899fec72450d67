"""How long a verification takes: Python, Node and Chromium, at the three levels, on bundles of real draws.

    python benchmarks/verification.py [--runs 9] [--pools 603 10000]

`public` is what everybody checks of an opened draw of seven seats with one replacement; `beacon` the same
with a drand round in the seed, which costs a pairing. `supervisor` adds the pool file, everybody in scope.
Python and Node get the bundle as bytes in a warm process (what a server or a tool does); the browser is the
offline page itself, driven like a person's: file chosen, until the page tells its verdict; the page's own
figure is the time of the verification alone.

Baseline in the same run: one VRF proof and one pairing verified alone by the same Python verifier, the parts
of a public verification that no implementation can do without.
"""

import argparse
import base64
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from playwright.sync_api import Page, sync_playwright
from timing import machine, median_seconds, table, verdict

from draw.verify import beacon, vrf
from draw.verify.verifier import verify
from tests.support.ceremony import DRAND, ROUND_1000, Ceremony, Plan, bundle_bytes
from tests.support.chromium import find_chromium, launch_options
from tests.support.second_verifier import module
from tests.support.synthetic_pool import Shape

PYTHON_GOAL_MS, BROWSER_GOAL_MS = 50.0, 150.0
DONE = re.compile(r"(\d+) ms")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to verify; `goals` holds for the public level."""

    name: str
    bundle: bytes
    pool_file: bytes | None = None


def cases(pools: list[int]) -> list[Case]:
    """Public with and without beacon, and the supervisor's at each size of pool."""
    found: list[Case] = []
    for size in pools:
        shape = Shape(strata=(3, 2, 2), sites=((1, 4),) * 3, experts=size, employers=max(40, size // 20))
        events = ((1, "decline", "supervisor"),)
        ceremony = Ceremony(Plan(shape=shape, beacon=ROUND_1000, events=events))
        bundle = bundle_bytes(ceremony.bundle())
        if not found:
            plain = bundle_bytes(Ceremony(Plan(shape=shape, events=events)).bundle())
            found += [Case(name="public", bundle=plain), Case(name="public, beacon", bundle=bundle)]
        pool_file = bundle_bytes(ceremony.pool_file())
        found.append(Case(name=f"supervisor, {size}", bundle=bundle, pool_file=pool_file))
    return found


def python_ms(case: Case, runs: int) -> float:
    """Median in this process."""
    assert verify(case.bundle, pool_file=case.pool_file).stage == "opened"
    return 1000 * median_seconds(lambda: verify(case.bundle, pool_file=case.pool_file), runs)


class Node:
    """The second verifier's `batch`, kept running."""

    def __init__(self) -> None:
        program = shutil.which("node")
        assert program, "node is needed"
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [program, str(module()), "batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ms(self, case: Case, runs: int) -> float:
        """Median of question to answer; the base64 of the question is part of it."""
        parts = {"bundle": case.bundle, "pool": case.pool_file}
        question = {name: base64.b64encode(data).decode() for name, data in parts.items() if data is not None}
        line = json.dumps(question).encode() + b"\n"
        to, back = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

        def ask() -> None:
            to.write(line)
            to.flush()
            answer: dict[str, Any] = json.loads(back.readline())
            assert answer["ok"], answer

        return 1000 * median_seconds(ask, runs)

    def close(self) -> None:
        """End it."""
        cast("IO[bytes]", self._process.stdin).close()
        self._process.wait()


def browser_ms(page: Page, case: Case, runs: int, folder: Path) -> tuple[float, float, float]:
    """First verification of a fresh page and median of later ones, as the page tells them; and the median
    from the choice of the files to the verdict."""
    files = [folder / "bundle.json", *([folder / "pool.json"] if case.pool_file else [])]
    for path, data in zip(files, (case.bundle, case.pool_file), strict=False):
        path.write_bytes(data or b"")
    page.goto((ROOT / "web/dist/verifier.html").as_uri())
    page.wait_for_timeout(1000)  # the page gets its engine ready while the reader looks for the file
    told, waited = [], []
    for _ in range(runs + 1):
        start = time.perf_counter()
        page.evaluate("document.querySelector('.qv-status')?.replaceChildren()")
        page.set_input_files("#qv-files", files)
        line = page.locator("p.qv-status", has_text=DONE)
        line.wait_for()
        waited.append(1000 * (time.perf_counter() - start))
        found = DONE.search(line.inner_text())
        assert found
        told.append(float(found[1]))
    assert page.locator("#qv-verdict").count() == 1
    return told[0], statistics.median(told[1:]), statistics.median(waited[1:])


def baselines(bundle: bytes, runs: int) -> tuple[float, float]:
    """Milliseconds of one VRF proof and one pairing, by the Python verifier's own functions."""
    value = json.loads(bundle)
    by_type = {one["entry"]["type"]: one["entry"]["body"] for one in value["entries"]}
    public = bytes.fromhex(by_type["seal"]["vrf"]["platform"])
    alpha, pi = bytes.fromhex(by_type["result"]["alpha"]), bytes.fromhex(value["opening"]["pi"])
    assert vrf.output(public, alpha, pi) is not None
    genuine = next(one for one in DRAND["quicknet"]["rounds"] if one["round"] == ROUND_1000.round)
    signature = bytes.fromhex(genuine["signature"])
    assert beacon.verified("quicknet", ROUND_1000.round, signature, None)
    return (
        1000 * median_seconds(lambda: vrf.output(public, alpha, pi), runs),
        1000 * median_seconds(lambda: beacon.verified("quicknet", ROUND_1000.round, signature, None), runs),
    )


def main() -> None:
    """Measure every case in the three places."""
    parser = argparse.ArgumentParser(description="Time of a verification")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--pools", type=int, nargs="+", default=[603, 10_000])
    given = parser.parse_args()
    print(f"verification: milliseconds, medians of {given.runs} runs; {machine()}")
    listed = cases(given.pools)
    vrf_ms, bls_ms = baselines(listed[0].bundle, given.runs)
    print(f"baseline, Python: one VRF proof {vrf_ms:.2f}, one pairing {bls_ms:.2f}")
    node, program = Node(), find_chromium()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        assert program, "a chromium is needed"
        browser = playwright.chromium.launch(**launch_options(program))  # type: ignore[arg-type]
        for case in listed:
            runs = given.runs if case.pool_file is None else max(3, given.runs // 3)
            least = vrf_ms + (bls_ms if case.name != "public" else 0)
            python = python_ms(case, runs)
            with browser.new_page() as page:
                first, later, waited = browser_ms(page, case, runs, Path(folder))
            row = [case.name, len(case.bundle) // 1024, python, f"{python / least:.1f}x", node.ms(case, runs)]
            met = ("", "")
            if case.pool_file is None:
                met = verdict(python, PYTHON_GOAL_MS), verdict(first, BROWSER_GOAL_MS)
            rows.append([*row, first, later, waited, *met])
        browser.close()
    node.close()
    head = ["level", "KiB", "Python", "is base", "Node", "page 1st", "page", "person waits"]
    table([*head, "Python", "page 1st"], rows)


if __name__ == "__main__":
    main()
