"""Pools as files: what goes out comes back, every fault is told, and no value leaks into a fault."""

import csv
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.errors import InputRefusedError
from app.gateways import pool_files, workbook_guard
from app.gateways.pool_columns import COLUMNS, guarded, unguarded
from app.gateways.pool_files import FileKind, PoolEntry, document_for, person_hash, read_pool, write_pool
from app.gateways.workbook_guard import workbook_fault
from app.synthetic import SyntheticPool, synthesise
from crypto.canonical import canonical
from draw.model import Absences, Leave
from tests.support.draw_cases import AGENCY, BIDDER, TENDEREE

KEY = b"k" * 32
NOW = "2026-03-01T00:00:00Z"
KINDS: list[FileKind] = ["csv", "xlsx", "jsonl"]


def a_pool(size: int = 60) -> SyntheticPool:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return synthesise(size, seed=b"s", tender_orgs=(TENDEREE, AGENCY, BIDDER), now=moment, person_key=KEY)


def entries(pool: SyntheticPool) -> list[PoolEntry]:
    return [
        PoolEntry(record=record, id_number=person.id_number, phone=person.phone)
        for record, person in zip(pool.records, pool.people, strict=True)
    ]


def read(path: Path, kind: FileKind, **options: Any) -> list[PoolEntry]:
    return list(read_pool(path, kind, person_key=KEY, now=NOW, **options))


def refused(path: Path, kind: FileKind, **options: Any) -> set[tuple[str, str]]:
    with pytest.raises(InputRefusedError) as answer:
        read(path, kind, **options)
    assert answer.value.code == "pool.faults"
    return {(fault.code, fault.pointer) for fault in answer.value.faults}


def csv_file(folder: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    path = folder / "pool.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


PLAIN = {
    "id": "e-1",
    "id_number": "99000019700101000X",
    "name": "虚明礼文",
    "phone": "00000000001",
    "employers": "uscc:91110108551385082Q|staff|2010-01-01|",
    "specialties": "A08;B",
    "region": "350102",
    "title": "senior",
    "practice_from": "1995-01-01",
    "valid_from": "2020-01-01",
}


def a_row(**changed: str) -> dict[str, str]:
    return {**PLAIN, **changed}


def table(folder: Path, *rows: dict[str, str]) -> Path:
    header = list(dict.fromkeys(name for row in rows for name in row))
    return csv_file(folder, [header, *([row.get(name, "") for name in header] for row in rows)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_comes_back_as_it_went_out(tmp_path: Path, kind: FileKind) -> None:
    path, out = tmp_path / f"pool.{kind}", entries(a_pool())
    assert write_pool(path, kind, out) == 60
    assert read(path, kind) == out


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_never_overwrites(tmp_path: Path, kind: FileKind) -> None:
    path = tmp_path / "pool"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        write_pool(path, kind, entries(a_pool()))
    assert path.read_bytes() == b"precious"


def test_a_plain_row_becomes_a_record(tmp_path: Path) -> None:
    (entry,) = read(table(tmp_path, a_row()), "csv")
    assert entry.record.birth == "1970-01-01"
    assert entry.record.absences == Absences(changed=NOW, leave=())
    assert entry.record.status == "active"
    assert entry.record.specialties == ("A08", "B")
    assert entry.record.person == person_hash(KEY, PLAIN["id_number"])


def test_chinese_headers_words_and_separators(tmp_path: Path) -> None:
    row = a_row(
        title="正高级",
        status="正常",
        employers="uscc:91110108551385082Q｜职工｜2010-01-01｜；org:x｜董事｜｜2020-01-01",
        leave="2026-05-01|2026-05-05",
    )
    path = csv_file(tmp_path, [[COLUMNS[name] for name in row], list(row.values())])
    (entry,) = read(path, "csv")
    assert entry.record.title == "senior"
    assert [employer.role for employer in entry.record.employers] == ["staff", "director"]
    assert entry.record.absences.leave == (Leave(since="2026-05-01", until="2026-05-05"),)


def test_a_file_of_a_chinese_spreadsheet(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [list(PLAIN), list(PLAIN.values())], encoding="gb18030")
    assert len(read(path, "csv", encoding="gb18030")) == 1
    assert refused(path, "csv") == {("pool.file.encoding", "")}


@pytest.mark.parametrize(
    ("changed", "code", "at"),
    [
        ({"id": "E 1"}, "value.format", "id"),
        ({"id": ""}, "value.missing", "id"),
        ({"id_number": "990000197001010001"}, "id_number.check", "id_number"),
        ({"id_number": "99000019700101000"}, "id_number.length", "id_number"),
        ({"id_number": "990000197002300009"}, "id_number.date", "id_number"),
        ({"id_number": ""}, "id_number.missing", "id_number"),
        ({"id_number": "1.1010519491231e+17"}, "id_number.length", "id_number"),
        ({"birth": "1970-01-02"}, "birth.differs", "birth"),
        ({"name": ""}, "value.missing", "name"),
        ({"phone": "0" * 33}, "phone", "phone"),
        ({"employers": "uscc:91110108551385082R|staff||"}, "org.uscc_check", "employers/0/org"),
        ({"employers": "uscc:91110108551385083Q|staff||"}, "org.uscc_check", "employers/0/org"),
        ({"employers": "org:x|staff|"}, "list.parts", "employers"),
        ({"employers": "org:x|boss||"}, "value.choice", "employers/0/role"),
        ({"employers": "org:x|staff|2020-01-01|2019-12-31"}, "interval.order", "employers/0"),
        ({"interests": "org:x|kin|2020-02-30|"}, "value.format", "interests/0/from"),
        ({"leave": "2026-05-05|2026-05-01"}, "interval.order", "leave/0"),
        ({"specialties": "A08;Z"}, "value.format", "specialties/1"),
        ({"specialties": ""}, "value.length", "specialties"),
        ({"region": "35010"}, "value.format", "region"),
        ({"title": "教授"}, "value.choice", "title"),
        ({"practice_from": "1995/01/01"}, "value.format", "practice_from"),
        ({"valid_to": "2019-12-31"}, "interval.order", "valid_to"),
        ({"changed": "yesterday"}, "value.format", "changed"),
        ({"name": "x" * 4097}, "cell.length", "name"),
    ],
)
def test_each_fault_is_told_with_row_and_column(
    tmp_path: Path, changed: dict[str, str], code: str, at: str
) -> None:
    path = table(tmp_path, a_row(id="e-0", id_number="990000197001010018"), a_row(**changed))
    assert refused(path, "csv") == {(f"pool.{code}", f"/3/{at}")}


def test_somebody_not_yet_born_is_no_expert(tmp_path: Path) -> None:
    path = table(tmp_path, a_row(id_number="990000202703010008"))
    assert refused(path, "csv") == {("pool.birth.future", "/2/id_number")}


def test_all_faults_come_at_once_and_none_repeats_a_value(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        a_row(id_number="990000197001010001", region="x"),
        a_row(id="e-2", name="虚秘密\x00", title="虚秘密"),
        a_row(id="e-3", phone="00012345678" * 4),
    )
    with pytest.raises(InputRefusedError) as answer:
        read(path, "csv")
    assert [fault.pointer for fault in answer.value.faults] == [
        "/2/id_number",
        "/2/region",
        "/3/name",
        "/3/title",
        "/4/id_number",
        "/4/phone",
    ]
    told = repr(answer.value.faults) + repr(answer.value.details) + str(answer.value)
    for value in ("990000197001010001", "虚秘密", "00012345678"):
        assert value not in told


@pytest.mark.parametrize("again", ["99000019700101000X", "990000700101000"])
def test_the_same_person_twice_is_found_in_either_form(tmp_path: Path, again: str) -> None:
    path = table(tmp_path, a_row(), a_row(id="e-2", id_number=again))
    with pytest.raises(InputRefusedError) as answer:
        read(path, "csv")
    (fault,) = answer.value.faults
    assert (fault.code, fault.pointer, fault.figures["first"]) == (
        "pool.person.repeated",
        "/3/id_number",
        2,
    )


def test_planted_doubles_are_refused_and_namesakes_are_not(tmp_path: Path) -> None:
    pool = a_pool()
    out = entries(pool)
    record, person = pool.doubles[0]
    double = PoolEntry(record=record, id_number=person.id_number, phone=person.phone)
    write_pool(tmp_path / "good.csv", "csv", out)
    assert len(read(tmp_path / "good.csv", "csv")) == 60
    write_pool(tmp_path / "double.csv", "csv", [*out, double])
    assert refused(tmp_path / "double.csv", "csv") == {("pool.person.repeated", "/62/id_number")}


def test_an_id_used_twice_is_found(tmp_path: Path) -> None:
    path = table(tmp_path, a_row(), a_row(id_number="990000197001010018"))
    assert refused(path, "csv") == {("pool.id.repeated", "/3/id")}


def test_a_double_is_compared_under_the_key() -> None:
    assert person_hash(KEY, "110105491231002") == person_hash(KEY, "11010519491231002x")
    assert person_hash(KEY, "110105491231002") != person_hash(b"other", "110105491231002")


def test_after_the_first_fault_nothing_more_is_given(tmp_path: Path) -> None:
    path = table(
        tmp_path, a_row(id="e-1"), a_row(region="x"), a_row(id="e-3", id_number="990000197001010018")
    )
    given = read_pool(path, "csv", person_key=KEY, now=NOW)
    assert next(given).record.id == "e-1"
    with pytest.raises(InputRefusedError):
        next(given)


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        ([*PLAIN, "surprise"], {("pool.column.unknown", "/1/11")}),
        ([*PLAIN, "姓名"], {("pool.column.repeated", "/1/name")}),
        ([name for name in PLAIN if name not in ("id", "region")],
         {("pool.column.missing", "/1/id"), ("pool.column.missing", "/1/region")}),
        ([""] * 65, None),
    ],
)  # fmt: skip
def test_a_wrong_header_is_refused_at_once(
    tmp_path: Path, header: list[str], faults: set[tuple[str, str]] | None
) -> None:
    found = refused(csv_file(tmp_path, [header, ["x"] * len(header)]), "csv")
    assert found == faults or (faults is None and found)


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    assert ("pool.column.missing", "/1/id") in refused(csv_file(tmp_path, []), "csv")


def test_rows_longer_than_the_header_and_blank_rows(tmp_path: Path) -> None:
    rows = [list(PLAIN), [""] * 3, [*PLAIN.values(), "more"]]
    assert refused(csv_file(tmp_path, rows), "csv") == {("pool.row.length", "/3/*")}


DANGEROUS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'x", "'=x"]


@pytest.mark.parametrize("value", DANGEROUS)
def test_active_cells_are_written_as_text_and_come_back(value: str) -> None:
    assert guarded(value) == f"'{value}"
    assert unguarded(guarded(value)) == value
    assert guarded("plain=1") == "plain=1"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_exported_cell_is_a_formula(tmp_path: Path, kind: FileKind) -> None:
    first = entries(a_pool())[0]
    evil = replace(first, record=replace(first.record, name='=HYPERLINK("http://x")'), phone="+860")
    path = tmp_path / "pool"
    write_pool(path, kind, [evil])
    if kind == "xlsx":
        path = path.rename(tmp_path / "pool.xlsx")
        cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]
        assert not any(cell.data_type == "f" for cell in cells)
        texts = [str(cell.value or "") for cell in cells]
    else:
        text = path.read_text(encoding="utf-8-sig")
        texts = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in texts)
    assert read(path, kind) == [evil]


@pytest.mark.parametrize(
    "line",
    ["[]", "{", '{"id":1.5}', '{"id":"a","id":"b"}', '"x"'],
)
def test_a_bad_json_line_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    assert refused(path, "jsonl") == {("pool.file.syntax", "/2/*")}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"person": "0" * 64}, ("pool.value.unknown", "/1/person")),
        ({"absences": {}}, ("pool.value.unknown", "/1/absences")),
        ({"surprise": 1}, ("pool.value.unknown", "/1/surprise")),
        ({"id_number": 5}, ("pool.id_number.missing", "/1/id_number")),
        ({"employers": {}}, ("pool.value.type", "/1/employers")),
        ({"leave": [1]}, ("pool.value.type", "/1/leave/0")),
        ({"phone": None}, ("pool.phone", "/1/phone")),
    ],
)
def test_json_lines_are_as_strict(tmp_path: Path, changed: dict[str, Any], fault: tuple[str, str]) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(canonical({**document_for(entries(a_pool())[0]), **changed}))
    assert refused(path, "jsonl") == {fault}


def test_spreadsheet_dates_and_numbers_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(PLAIN))
    book.active.append(list(a_row(region="").values()))
    for name, value in (("practice_from", date(1995, 1, 1)), ("region", 350102)):
        book.active.cell(2, list(PLAIN).index(name) + 1).value = value
    book.save(tmp_path / "pool.xlsx")
    (entry,) = read(tmp_path / "pool.xlsx", "xlsx")
    assert (entry.record.practice_from, entry.record.region) == ("1995-01-01", "350102")


def test_an_identity_number_kept_as_a_number_has_lost_digits(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(PLAIN))
    book.active.append(list(PLAIN.values()))
    book.active.cell(2, 2).value = 990000197001010018
    book.save(tmp_path / "pool.xlsx")
    ((code, pointer),) = refused(tmp_path / "pool.xlsx", "xlsx")
    assert code.startswith("pool.id_number.")
    assert pointer == "/2/id_number"


# Limits


def test_progress_is_heard(tmp_path: Path) -> None:
    heard: list[int] = []
    out = entries(a_pool(1500))
    write_pool(tmp_path / "p.jsonl", "jsonl", out, progress=heard.append)
    read(tmp_path / "p.jsonl", "jsonl", progress=heard.append)
    assert heard == [1000, 1500, 1000, 1500]


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("MAX_BYTES", 100, "pool.file.size"),
        ("MAX_ROWS", 1, "pool.file.rows"),
        ("MAX_LINE", 80, "pool.file.line"),
    ],
)
def test_limits_stop_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int, code: str
) -> None:
    path = table(tmp_path, a_row(), a_row(id="e-2", id_number="990000197001010018"))
    assert len(read(path, "csv")) == 2
    monkeypatch.setattr(pool_files, name, limit)
    assert refused(path, "csv") == {(code, "")}


def test_faults_past_the_limit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_files, "MAX_FAULTS", 2)
    path = table(tmp_path, *(a_row(id_number="x", id=f"e-{n}") for n in range(5)))
    with pytest.raises(InputRefusedError) as answer:
        read(path, "csv")
    assert (len(answer.value.faults), answer.value.details["more"]) == (2, 3)


# Hostile workbooks

SHEET = "xl/worksheets/sheet1.xml"


def workbook(folder: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A good workbook with its entries changed."""
    good, path = folder / "good.xlsx", folder / "changed.xlsx"
    write_pool(good, "xlsx", entries(a_pool())[:2])
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def fault_of(path: Path) -> str | None:
    return workbook_fault(path, max_rows=pool_files.MAX_ROWS + 1)


def test_a_good_workbook_is_opened(tmp_path: Path) -> None:
    assert fault_of(workbook(tmp_path, lambda _: None)) is None


@pytest.mark.parametrize("place", [b"XFD1", b"BM2", b"A1000002", b"B900000", b"&#65;1", b"a1"])
def test_a_far_or_hidden_cell_does_not_blow_up_the_sheet(tmp_path: Path, place: bytes) -> None:
    def far(parts: dict[str, bytes]) -> None:
        parts[SHEET] = parts[SHEET].replace(b'r="A2"', b'r="' + place + b'"')

    path = workbook(tmp_path, far)
    assert fault_of(path) == "workbook.place"
    assert refused(path, "xlsx") == {("pool.workbook.place", "")}


def test_another_encoding_cannot_hide_places(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda parts: parts.update({SHEET: parts[SHEET].decode().encode("utf-16")}))
    assert fault_of(path) == "workbook.encoding"


def test_a_place_across_two_pieces_is_seen(tmp_path: Path) -> None:
    padding = b"<!--" + b"x" * 65_530
    for shift in range(12):
        sheet = padding[: len(padding) - shift] + b'--><c r="XFD1"/>'
        path = tmp_path / f"{shift}.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(SHEET, sheet)
        assert fault_of(path) == "workbook.place"


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path, lambda parts: parts.update({"xl/bomb.bin": bytes(1 << 22)}))
    assert fault_of(path) is None
    monkeypatch.setattr(workbook_guard, "MAX_UNPACKED", 1 << 21)
    assert fault_of(path) == "workbook.unpacked"


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda parts: parts.update({"xl/bomb.bin": bytes(1 << 20)}))
    data = bytearray(path.read_bytes())
    # The declared size stands 24 bytes into the last directory entry.
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 10)
    path.write_bytes(data)
    assert fault_of(path) == "workbook.unpacked"


def test_a_lying_entry_is_left_at_the_first_byte_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path, lambda _: None)

    def endless(_file: object, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        yield bytes(entry.file_size + 1)
        pytest.fail("read on after the declared size")

    monkeypatch.setattr(workbook_guard, "_unpacked", endless)
    assert fault_of(path) == "workbook.unpacked"


def test_too_many_entries_encryption_and_odd_methods_are_refused(tmp_path: Path) -> None:
    many = workbook(tmp_path, lambda parts: parts.update({f"x{n}": b"" for n in range(200)}))
    assert fault_of(many) == "workbook.entries"
    odd = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(odd, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(SHEET, b"x" * 100)
    assert fault_of(odd) == "workbook.method"
    locked = tmp_path / "locked.xlsx"
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr(SHEET, b"x")
    data = bytearray(locked.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(data)
    assert fault_of(locked) == "workbook.encrypted"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a workbook at all"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pool.xlsx"
    path.write_bytes(data)
    assert refused(path, "xlsx") == {("pool.workbook.format", "")}


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pool.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", b"hello")
    assert refused(path, "xlsx") == {("pool.workbook.format", "")}
