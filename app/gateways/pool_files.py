"""Pools as files: CSV, XLSX and JSON lines, in and out.

Rows are read one at a time and every fault of the file is collected, with row and column but never a value: a
fault list travels further than the file. A person is recognised by the keyed hash of the 18-character
identity number, so the 15-digit form of the same number is found as a double. Exported cells are never run as
formulas by a spreadsheet. Storing a pool and deciding who may export one happen elsewhere.
"""

import csv
import hmac
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import openpyxl
import python_calamine

from app.errors import Fault, InputRefusedError
from app.gateways.pool_columns import COLUMNS, cells_of, columns_of, document_of, unguarded
from app.gateways.workbook_guard import MAX_COLUMNS, workbook_fault
from crypto.canonical import canonical, parse
from crypto.errors import CanonicalError
from draw.avoidance.engine import Span
from draw.errors import SnapshotError
from draw.identifiers import birth_of, id_number_fault, normal_id_number, org_fault
from draw.model import Duty, Employment, ExpertRecord, Interest

MAX_ROWS: Final = 1_000_000
MAX_BYTES: Final = 512 * 1024**2
MAX_CELL: Final = 4096  # characters
MAX_LINE: Final = 256 * 1024  # characters of a CSV or JSON line
MAX_FAULTS: Final = 1000  # told; further ones are counted
MAX_PHONE: Final = 32
_EXACT_FLOAT: Final = 10**15  # a spreadsheet number keeps 15 digits
_PROGRESS_ROWS: Final = 1000

FileKind = Literal["csv", "xlsx", "jsonl"]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEntry:
    """An expert as a file gives them: the record, and what never enters a record."""

    record: ExpertRecord = field(repr=False)
    id_number: str = field(repr=False)
    phone: str = field(repr=False)


def person_hash(person_key: bytes, id_number: str) -> str:
    """The person of a record: HMAC-SHA-256 of the normalised 18-character number, hex."""
    return hmac.digest(person_key, normal_id_number(id_number).encode("ascii"), "sha256").hex()


def read_pool(
    path: Path,
    kind: FileKind,
    *,
    person_key: bytes,
    now: str,
    progress: Progress | None = None,
    encoding: Literal["utf-8", "gb18030"] = "utf-8",
) -> Iterator[PoolEntry]:
    """The experts of a file, row by row; `progress` hears the number of rows about every 1000.

    Raises InputRefusedError("pool.faults") with every fault when the file was read, at once when it cannot be
    read further. Entries given before that must not be kept: an import is whole or not at all. Fault pointers
    are `/row/column…`, rows counted as a spreadsheet shows them. `now` (time) stands for an empty `changed`.
    """
    if path.stat().st_size > MAX_BYTES:
        raise _refused("file.size", limit=MAX_BYTES)
    judge = _Judge(person_key, now)
    rows = {"csv": _csv_rows, "xlsx": _xlsx_rows, "jsonl": _json_rows}[kind](path, encoding, judge)
    count = 0
    for number, document in rows:
        count += 1
        if count > MAX_ROWS:
            raise _refused("file.rows", limit=MAX_ROWS)
        entry = judge.entry(number, document)
        if progress is not None and count % _PROGRESS_ROWS == 0:
            progress(count)
        if entry is not None and not judge.faults:
            yield entry
    if progress is not None:
        progress(count)
    if judge.faults:
        raise InputRefusedError("pool.faults", judge.faults, rows=count, more=judge.more)


def write_pool(
    path: Path, kind: FileKind, entries: Iterable[PoolEntry], *, progress: Progress | None = None
) -> int:
    """Write the experts to a new file and answer their number; the file holds personal data in clear."""
    header = list(COLUMNS.values())
    documents = _counted((document_for(entry) for entry in entries), progress)
    if kind == "jsonl":
        with path.open("xb") as file:
            return sum(bool(file.write(canonical(document) + b"\n")) for document in documents)
    if kind == "csv":
        with path.open("x", encoding="utf-8-sig", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(header)
            return sum(bool(writer.writerow(cells_of(document))) for document in documents)
    if path.exists():
        raise FileExistsError(path)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("experts")
    sheet.append(header)
    count = 0
    for document in documents:
        sheet.append(cells_of(document))
        count += 1
    book.save(path)
    return count


def document_for(entry: PoolEntry) -> dict[str, Any]:
    """The JSON form of a line: the record without `person`, with `id_number`, `phone`, `changed`, `leave`."""
    document: dict[str, Any] = dict(entry.record.to_json())
    absences = document.pop("absences")
    del document["person"]
    return {**document, **absences, "id_number": entry.id_number, "phone": entry.phone}


class _Judge:
    """Turns JSON forms into entries and remembers all that is wrong with the file."""

    def __init__(self, person_key: bytes, now: str) -> None:
        self._person_key = person_key
        self._now = now
        self._people: dict[bytes, int] = {}
        self._ids: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.more = 0

    def note(self, row: int, at: str, code: str, **figures: object) -> None:
        """Remember one fault; `at` begins with the column."""
        if len(self.faults) >= MAX_FAULTS:
            self.more += 1
            return
        column = at.partition("/")[0]
        figures = {"row": row, "column": column, **figures}
        self.faults.append(Fault(code=f"pool.{code}", pointer=f"/{row}/{at}", figures=figures))

    def entry(self, row: int, document: Mapping[str, Any]) -> PoolEntry | None:
        """The expert of one row, None when something is wrong with it."""
        before = len(self.faults) + self.more
        rest = dict(document)
        for made_here in ("person", "absences"):
            if rest.pop(made_here, None) is not None:
                self.note(row, made_here, "value.unknown")
        number, phone = rest.pop("id_number", None), rest.pop("phone", "")
        person = self._person(row, number, rest)
        if not isinstance(phone, str) or len(phone) > MAX_PHONE:
            self.note(row, "phone", "phone")
        absences = {"changed": rest.pop("changed", self._now), "leave": rest.pop("leave", [])}
        rest = {**_DEFAULTS, **rest, "person": person or "0" * 64, "absences": absences}
        record = self._record(row, rest)
        if record is None or len(self.faults) + self.more > before:
            return None
        return PoolEntry(record=record, id_number=normal_id_number(number), phone=phone)

    def _person(self, row: int, number: object, rest: dict[str, Any]) -> str | None:
        fault = id_number_fault(number) if isinstance(number, str) else "missing"
        if fault is not None or not isinstance(number, str):
            self.note(row, "id_number", f"id_number.{fault}")
            rest.setdefault("birth", "1900-01-01")
            return None
        normal = normal_id_number(number)
        if rest.setdefault("birth", birth_of(normal)) != birth_of(normal):
            self.note(row, "birth", "birth.differs")
        if birth_of(normal) > self._now[:10]:
            self.note(row, "id_number", "birth.future")
        person = person_hash(self._person_key, normal)
        first = self._people.setdefault(bytes.fromhex(person), row)
        if first != row:
            self.note(row, "id_number", "person.repeated", first=first)
        return person

    def _record(self, row: int, value: dict[str, Any]) -> ExpertRecord | None:
        try:
            record = ExpertRecord.from_json(value)
        except SnapshotError as error:
            found: Any = error.details["faults"]
            for fault in found:
                self.note(row, fault.pointer[1:].removeprefix("absences/"), f"value.{fault.code}")
            return None
        first = self._ids.setdefault(record.id, row)
        if first != row:
            self.note(row, "id", "id.repeated", first=first)
        self._check(row, record)
        return record

    def _check(self, row: int, record: ExpertRecord) -> None:
        """What a well-formed record can still have wrong: check characters and intervals."""
        if not record.specialties:
            self.note(row, "specialties", "value.length")
        if record.valid_to is not None and record.valid_to < record.valid_from:
            self.note(row, "valid_to", "interval.order")
        ties: dict[str, Sequence[Employment | Interest | Duty]] = {
            "employers": record.employers,
            "interests": record.interests,
            "duties": record.duties,
        }
        for column, members in ties.items():
            for index, tie in enumerate(members):
                kind = org_fault(tie.org)
                if kind is not None:
                    self.note(row, f"{column}/{index}/org", f"org.{kind}")
        spans: dict[str, Sequence[Span]] = {
            **ties,
            "sanctions": record.sanctions,
            "leave": record.absences.leave,
        }
        for column, lasting in spans.items():
            for index, span in enumerate(lasting):
                if span.since is not None and span.until is not None and span.until < span.since:
                    self.note(row, f"{column}/{index}", "interval.order")


_DEFAULTS: Final[Mapping[str, Any]] = {
    "status": "active",
    "valid_to": None,
    "interests": [],
    "duties": [],
    "sanctions": [],
}

_Row = tuple[int, Mapping[str, Any]]


def _csv_rows(path: Path, encoding: str, judge: _Judge) -> Iterator[_Row]:
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=codec, newline="") as file:
        try:
            yield from _table_rows(csv.reader(_lines(file), strict=True), judge)
        except UnicodeDecodeError as error:
            raise _refused("file.encoding") from error
        except csv.Error as error:
            raise _refused("file.syntax") from error


def _xlsx_rows(path: Path, _encoding: str, judge: _Judge) -> Iterator[_Row]:
    fault = workbook_fault(path, max_rows=MAX_ROWS + 1)
    if fault is not None:
        raise _refused(fault)
    try:
        with closing(python_calamine.CalamineWorkbook.from_path(path)) as book:
            sheet = book.get_sheet_by_index(0)
            # The rectangle of a sheet may begin below row 1; rows are counted as the spreadsheet shows them.
            start = sheet.start[0] if sheet.start is not None else 0
            rows = ([_cell_text(cell) for cell in row] for row in sheet.iter_rows())
            yield from _table_rows(rows, judge, first=start + 1)
    except (python_calamine.CalamineError, IndexError) as error:
        raise _refused("workbook.format") from error


def _json_rows(path: Path, _encoding: str, judge: _Judge) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        try:
            for number, line in enumerate(_lines(file), 1):
                if not line.strip():
                    continue
                try:
                    value = parse(line.encode("utf-8"), max_bytes=4 * MAX_LINE)
                except CanonicalError:
                    value = None
                if isinstance(value, dict):
                    yield number, value
                else:
                    judge.note(number, "*", "file.syntax")
        except UnicodeDecodeError as error:
            raise _refused("file.encoding") from error


def _table_rows(rows: Iterable[list[str]], judge: _Judge, *, first: int = 1) -> Iterator[_Row]:
    numbered = enumerate(rows, first)
    number, header = next(numbered, (first, []))
    columns = columns_of(header[:MAX_COLUMNS], lambda at, code: judge.note(number, at, code))
    if judge.faults or len(header) > MAX_COLUMNS:
        raise InputRefusedError("pool.faults", judge.faults or [Fault(code="pool.column.many")])
    for row, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            judge.note(row, "*", "row.length", columns=len(columns))
            continue
        named = {column: unguarded(cell) for column, cell in zip(columns, cells, strict=False) if column}
        long = [column for column, cell in named.items() if len(cell) > MAX_CELL]
        for column in long:
            judge.note(row, column, "cell.length", limit=MAX_CELL)
        document = document_of(named, lambda at, code, row=row: judge.note(row, at, code))  # type: ignore[misc]
        if not long:
            yield row, document


def _lines(file: io.TextIOBase) -> Iterator[str]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise _refused("file.line", limit=MAX_LINE)
        yield line


def _cell_text(cell: object) -> str:
    """A spreadsheet's cell as text. A long number has lost digits already and reads as a fault."""
    if isinstance(cell, datetime):
        return (
            cell.strftime("%Y-%m-%dT%H:%M:%SZ") if cell.time() != datetime.min.time() else f"{cell:%Y-%m-%d}"
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_FLOAT:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _counted(documents: Iterable[dict[str, Any]], progress: Progress | None) -> Iterator[dict[str, Any]]:
    count = 0
    for count, document in enumerate(documents, 1):
        yield document
        if progress is not None and count % _PROGRESS_ROWS == 0:
            progress(count)
    if progress is not None:
        progress(count)


def _refused(code: str, **figures: object) -> InputRefusedError:
    return InputRefusedError("pool.faults", [Fault(code=f"pool.{code}", figures=dict(figures))])
