"""How long sealing takes, phase by phase, at 10^3, 10^4 and 10^5 eligible experts.

    python benchmarks/seal.py [--sizes 1000 10000 100000] [--runs 3]

    snapshot   16 commitments per expert and the pool tree: once per pool version, not once per draw
    assess     scope and reasons of every expert
    cells      assess, and leaves, trees and tags of every list
    record     legality, feasibility, pilot draws, anonymity, the record's body and its hash
    seal       cells and record: what a draw waits for, from a loaded snapshot to the built record

Baselines in the same run: `naive` makes the snapshot's commitments with `hmac.new` over `json.dumps` of
every field, one at a time; `sha256` is one SHA-256 over 65 bytes per inner node and leaf of a tree of the
eligible, the least that any committed list costs. Everyone in scope: no pool is harder.
"""

import argparse
import hashlib
import hmac
import json
import statistics

from timing import machine, table, verdict, worked

from draw import cells as draw_cells
from draw import record
from draw.avoidance.engine import Engine, beijing_date
from draw.cells import Cells
from draw.entries import Entry
from draw.model import DrawParameters, ExpertRecord
from draw.record import Deadlines, RecordParts
from draw.snapshot import Snapshot
from tests.support import synthetic_pool
from tests.support.synthetic_pool import Shape

GOAL_SECONDS, GOAL_SIZE = 2.0, 100_000
KEY = bytes(range(32))
SEALED_AT, LATER = "2023-08-23T15:40:00Z", "2023-08-26T10:00:00Z"


def shape(experts: int) -> Shape:
    """Seven seats in three strata and three sites."""
    return Shape(
        strata=(3, 2, 2), sites=((1, 4),) * 3, cap=1, experts=experts, employers=max(40, experts // 20)
    )


def eligible_pool(size: int) -> list[ExpertRecord]:
    """The shortest prefix of an invented pool with `size` eligible experts."""
    wanted = shape(size + size // 3 + 64)
    engine = Engine(synthetic_pool.case(), synthetic_pool.rules(), synthetic_pool.parameters(wanted))
    kept, found = [], 0
    for one in synthetic_pool.experts(wanted, 1):
        kept.append(one)
        found += engine.assess(one).eligible
        if found == size:
            return kept
    raise ValueError("the pool has too few eligible experts")


def naive(records: list[ExpertRecord]) -> None:
    """Commitments as one would write them first."""
    for one in records:
        for value in one.to_json().values():
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            hmac.new(KEY, text.encode(), hashlib.sha256).digest()


def plain(size: int) -> None:
    """One digest per node of a tree of `size` leaves."""
    block = bytes(65)
    for _ in range(2 * size):
        hashlib.sha256(block).digest()


def seal_parts(cells: Cells, parameters: DrawParameters) -> RecordParts:
    """A record's parts around these cells; keys and commitments are any 32 bytes."""
    case, rules = synthetic_pool.case(), synthetic_pool.rules()
    pool = {"pool": "experts", "version": 1, "size": cells.snapshot.size, "root": cells.snapshot.root.hex()}
    request = {
        "section": record.section_hash(case.project, case.section).hex(),
        "round": 1,
        "previous": None,
        "parties": dict.fromkeys(("platform", "agency", "supervisor", "cosigner"), KEY.hex()),
    }
    return RecordParts(
        draw=5,
        request=Entry(type="request", time=SEALED_AT, body=request),
        pool_index=4,
        pool=Entry(type="pool", time=SEALED_AT, body={**pool, "basis": "synthetic experts"}),
        rules=rules,
        case=case,
        case_salt=KEY,
        parameters=parameters,
        cells=cells,
        vrf=dict.fromkeys(("platform", "supervisor"), KEY),
        commitments=dict.fromkeys(("agency", "supervisor"), KEY),
        beacon=None,
        override=None,
        deadlines=Deadlines(reveal=LATER, result=LATER, open=LATER),
        sealed_at=SEALED_AT,
        invitations="elsewhere",
    )


def build_cells(snapshot: Snapshot, parameters: DrawParameters) -> Cells:
    """Every list of a draw over the whole pool."""
    case = synthetic_pool.case()
    return draw_cells.build(
        snapshot,
        Engine(case, synthetic_pool.rules(), parameters),
        strata=len(parameters.strata),
        sites=len(parameters.sites),
        t0=beijing_date(case.evaluation.since),
        cell_key=KEY,
        tag_key=KEY,
    )


def phases(records: list[ExpertRecord], size: int) -> dict[str, float]:
    """Processor seconds of each phase, once; one thread, and nothing to wait for."""
    parameters = synthetic_pool.parameters(shape(len(records)))
    engine = Engine(synthetic_pool.case(), synthetic_pool.rules(), parameters)
    snapshot, snapshot_s = worked(lambda: Snapshot.build(records, KEY))
    assessed, assess_s = worked(lambda: [engine.assess(one) for one in snapshot.records])
    assert sum(one.eligible for one in assessed) == size
    cells, cells_s = worked(lambda: build_cells(snapshot, parameters))
    assert len(cells.tags) == size
    built, record_s = worked(lambda: record.build(seal_parts(cells, parameters)))
    assert len(built.hash) == len(KEY)
    return {
        "snapshot": snapshot_s,
        "assess": assess_s,
        "cells": cells_s,
        "record": record_s,
        "seal": cells_s + record_s,
        "naive": worked(lambda: naive(records))[1],
        "sha256": worked(lambda: plain(size))[1],
    }


def measure(size: int, runs: int) -> list[object]:
    """One line of the table: medians in milliseconds, and ratios."""
    records = eligible_pool(size)
    taken = [phases(records, size) for _ in range(runs)]
    middle = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
    judged = verdict(middle["seal"], GOAL_SECONDS) if size == GOAL_SIZE else ""
    figures = [1000 * one for one in middle.values()]
    ratios = [
        f"{middle['snapshot'] / middle['naive']:.2f}x naive",
        f"{middle['seal'] / middle['sha256']:.1f}x sha256",
    ]
    return [size, len(records), *figures, *ratios, judged]


def main() -> None:
    """Measure every size in turn."""
    parser = argparse.ArgumentParser(description="Time of a seal, phase by phase")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, GOAL_SIZE])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(f"seal: processor milliseconds, medians of {given.runs} runs; {machine()}")
    names = ["snapshot", "assess", "cells", "record", "seal", "naive", "sha256"]
    head = ["eligible", "pool", *names, "snapshot is", "seal is", f"seal at {GOAL_SIZE}, s"]
    table(head, [measure(size, given.runs) for size in given.sizes])


if __name__ == "__main__":
    main()
