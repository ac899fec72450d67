"""Is a workbook safe to unpack? Looked at before any library opens it.

An XLSX file is a ZIP archive of XML. Every entry is unpacked once in small pieces and counted, because the
sizes an archive declares may lie. Places of cells are read from the sheets: a reader that keeps a sheet as a
rectangle would give a single far cell gigabytes of nothing."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

MAX_ENTRIES: Final = 200
MAX_UNPACKED: Final = 2 * 1024**3  # bytes of all entries together
MAX_COLUMNS: Final = 64
_CHUNK: Final = 1 << 16
_LOCAL_HEADER: Final = 30
_TAIL: Final = 64  # longer than any place attribute
_SLACK: Final = 100_000  # empty cells a small sheet may have
_SPARSE: Final = 32  # empty cells per written one
_PLACE: Final = re.compile(rb"""\br\s*=\s*(?:"([^"]{0,40})"|'([^']{0,40})')""")
_CELL: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_ROW: Final = re.compile(rb"[0-9]{1,7}")


def workbook_fault(path: Path, *, max_rows: int) -> str | None:
    """Why a workbook must not be opened, or None.

    `workbook.format`, `.encrypted`, `.method`, `.entries`, `.unpacked` (too large, or not what was declared),
    `.encoding`, `.place` (a cell outside `max_rows` rows and 64 columns, or far from all others).
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            return _archive_fault(archive, file, max_rows)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError):
        return "workbook.format"


def _archive_fault(archive: zipfile.ZipFile, file: BinaryIO, max_rows: int) -> str | None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES or len({entry.filename for entry in entries}) < len(entries):
        return "workbook.entries"
    left = MAX_UNPACKED
    for entry in entries:
        fault = _header_fault(entry, left) or _entry_fault(file, entry, max_rows)
        if fault is not None:
            return fault
        left -= entry.file_size
    return None


def _header_fault(entry: zipfile.ZipInfo, left: int) -> str | None:
    if entry.flag_bits & 1:
        return "workbook.encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "workbook.method"
    return "workbook.unpacked" if entry.file_size > left else None


def _entry_fault(file: BinaryIO, entry: zipfile.ZipInfo, max_rows: int) -> str | None:
    """Unpack one entry; it may not give a byte more or less than it declares."""
    places = _Places(max_rows) if entry.filename.lower().startswith("xl/worksheets/") else None
    size = 0
    for piece in _unpacked(file, entry):
        size += len(piece)
        if size > entry.file_size:
            return "workbook.unpacked"
        fault = places.look(piece) if places is not None else None
        if fault is not None:
            return fault
    if size != entry.file_size:
        return "workbook.unpacked"
    return "workbook.place" if places is not None and places.sparse else None


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes in pieces of 64 KiB, whatever its header says."""
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER)
    name, extra = struct.unpack("<HH", header[26:30])
    file.seek(name + extra, 1)
    left = entry.compress_size
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        packed = file.read(min(_CHUNK, left))
        if not packed:
            raise EOFError
        left -= len(packed)
        if unpack is None:
            yield packed
            continue
        while packed:
            yield unpack.decompress(packed, _CHUNK)
            packed = unpack.unconsumed_tail
    if unpack is not None:
        yield unpack.flush()


class _Places:
    """Reads the places of cells out of a sheet that comes in pieces."""

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._tail = b""
        self._seen = 0
        self._columns = 0
        self._rows = 0

    def look(self, piece: bytes) -> str | None:
        """The fault of this piece. NUL bytes mean another encoding, in which places would go unseen."""
        if b"\0" in piece:
            return "workbook.encoding"
        data = self._tail + piece
        end = 0
        for match in _PLACE.finditer(data):
            end = match.end()
            if not self._count(match[1] if match[1] is not None else match[2]):
                return "workbook.place"
        self._tail = data[max(end, len(data) - _TAIL) :]
        return None

    def _count(self, place: bytes) -> bool:
        if _ROW.fullmatch(place):
            return int(place) <= self._max_rows
        match = _CELL.fullmatch(place)
        if match is None:
            return False
        column = 0
        for letter in match[1]:
            column = column * 26 + letter - 64
        self._seen += 1
        self._columns = max(self._columns, column)
        self._rows = max(self._rows, int(match[2]))
        return column <= MAX_COLUMNS and self._rows <= self._max_rows

    @property
    def sparse(self) -> bool:
        """Whether the rectangle around all cells is mostly nothing."""
        return self._columns * self._rows > _SLACK + _SPARSE * self._seen
