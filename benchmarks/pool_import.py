"""Import of 100 000 experts from CSV and XLSX: rows a second and peak memory, beside the bare readers.

    python benchmarks/pool_import.py [--experts 100000]

    bare     the library alone reads every cell of the same file: `csv`, or calamine for XLSX
    read     `read_pool`: every row checked, identity numbers hashed, progress told about every 1000 rows
    store    `import_pool` into SQLite: salts and commitments, records sealed, log entry, one transaction
    export   `write_pool`, which made the file, for the record

Each phase runs in a process of its own, so its peak memory (resident, the interpreter included) is its own.
`is bare` is read beside bare in the same run.
"""

import argparse
import asyncio
import csv
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import python_calamine
from timing import machine, table

from app.gateways.pool_files import FileKind, PoolEntry, read_pool, write_pool
from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from app.synthetic import synthesise
from app.usecases.pools import import_pool
from draw.identifiers import organisation_check_character, uscc_check_character
from draw.model import ExpertRecord
from migrations.upgrade import upgrade
from tests.support.parties import scene

NOW = "2026-01-05T00:00:00Z"
KEY = bytes(range(32))
KINDS: tuple[FileKind, ...] = ("csv", "xlsx")
CIPHER = FieldCipher(current="k1", keys={"k1": KEY}, tags=bytes(range(1, 33)))


def organisation(number: int) -> str:
    """A credit code of the unallocated area 990102, right in its check characters."""
    body = f"M{number:07d}"
    first = f"91990102{body}{organisation_check_character(body)}"
    return f"uscc:{first}{uscc_check_character(first)}"


def export(path: Path, kind: FileKind, size: int) -> float:
    """Write an invented pool; seconds of the writing alone."""
    orgs = [organisation(number) for number in range(3)]
    pool = synthesise(size, seed=KEY, tender_orgs=orgs, now=datetime.fromisoformat(NOW).astimezone(UTC))
    entries = [
        PoolEntry(record=record, id_number=person.id_number, phone=person.phone)
        for record, person in zip(pool.records, pool.people, strict=True)
    ]
    start = time.perf_counter()
    assert write_pool(path, kind, entries) == size
    return time.perf_counter() - start


def bare(path: Path, kind: FileKind, size: int) -> float:
    """Every cell, by the library alone; seconds."""
    start = time.perf_counter()
    if kind == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = sum(1 for _ in csv.reader(file))
    else:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            rows = sum(1 for _ in book.get_sheet_by_index(0).iter_rows())
    assert rows == size + 1
    return time.perf_counter() - start


def read(path: Path, kind: FileKind, size: int) -> float:
    """The checked experts; seconds."""
    told: list[int] = []
    start = time.perf_counter()
    count = sum(1 for _ in read_pool(path, kind, person_key=KEY, now=NOW, progress=told.append))
    assert count == told[-1] == size
    assert len(told) > size // 1000
    return time.perf_counter() - start


def store(path: Path, kind: FileKind, size: int) -> float:
    """Into a fresh SQLite file; seconds, reading left out."""
    records = [one.record for one in read_pool(path, kind, person_key=KEY, now=NOW)]
    assert len(records) == size
    return asyncio.run(_store(path.parent, records))


async def _store(folder: Path, records: list[ExpertRecord]) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        engine = make_engine(f"sqlite:///{place}/pool.sqlite")
        await upgrade(engine)
        database = Database(engine, CIPHER)
        cast = await scene(database, Path(place))
        start = time.perf_counter()
        done = await import_pool(cast.platform, pool_id="city", basis="synthetic experts", records=records)
        took = time.perf_counter() - start
        assert done.pool.size == len(records)
        await database.dispose()
    return took


PHASES: dict[str, Callable[[Path, FileKind, int], float]] = {
    "export": export,
    "bare": bare,
    "read": read,
    "store": store,
}


def _child(name: str, path: Path, kind: FileKind, size: int, answer: Connection) -> None:
    seconds = PHASES[name](path, kind, size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send((seconds, peak / (1024**2 if sys.platform == "darwin" else 1024)))


def alone(name: str, path: Path, kind: FileKind, size: int) -> tuple[float, float]:
    """Seconds and peak MiB of a phase in a process of its own."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=_child, args=(name, path, kind, size, theirs)
    )
    process.start()
    theirs.close()
    try:
        seconds, peak = ours.recv()
    except EOFError as error:
        raise RuntimeError(f"{name} failed, see above") from error
    finally:
        process.join()
    return seconds, peak


def measure(kind: FileKind, size: int, folder: Path) -> list[list[object]]:
    """The lines of one kind of file."""
    path = folder / f"pool.{kind}"
    taken = {name: alone(name, path, kind, size) for name in PHASES}
    mebibytes = path.stat().st_size / 1024**2
    return [
        [kind, name, mebibytes, seconds, size / seconds, peak, f"{seconds / taken['bare'][0]:.1f}x"]
        for name, (seconds, peak) in taken.items()
    ]


def main() -> None:
    """Measure both kinds of file."""
    parser = argparse.ArgumentParser(description="Import of a large pool")
    parser.add_argument("--experts", type=int, default=100_000)
    given = parser.parse_args()
    print(f"pool files of {given.experts} experts; {machine()}")
    with tempfile.TemporaryDirectory(prefix="qiantong-bench-") as folder:
        rows = [row for kind in KINDS for row in measure(kind, given.experts, Path(folder))]
    table(["file", "phase", "file MiB", "seconds", "rows/s", "peak MiB", "is bare"], rows)


if __name__ == "__main__":
    main()
