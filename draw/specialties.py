"""Specialty codes 专业分类: matching by prefix, and the table of known codes (发改法规〔2018〕316号).

A code is a letter and up to three pairs of digits; it covers every code that begins with it. The table that
ships holds the levels that were verified and nothing else, so a code below a listed branch without listed
children is `unlisted`, not unknown. An operator loads the full official table as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from draw.errors import RulesError
from draw.model import CODE, TEXT
from draw.schema import Faults, ListOf, ObjectOf, checked, one_of

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
MAX_CODES: Final = 20_000
COLUMNS: Final = ("code", "zh", "en")
_TABLE_SHAPE: Final = ObjectOf(
    {
        "source": TEXT,
        "entries": ListOf(
            ObjectOf({"code": CODE, "zh": TEXT, "en": TEXT, "status": one_of("excerpt", "unchecked")}),
            MAX_CODES,
        ),
    }
)

Standing = Literal["known", "unlisted", "unknown", "malformed"]


@dataclass(frozen=True, slots=True)
class Specialties:
    """Names of the known codes by code: (Chinese, English or empty)."""

    names: Mapping[str, tuple[str, str]]
    source: str

    def standing(self, code: str) -> Standing:
        """Whether a code is in the table.

        `unlisted`: its nearest listed ancestor has no listed children, so the table cannot tell.
        """
        if not is_code(code):
            return "malformed"
        if code in self.names:
            return "known"
        ancestor = next((prefix for prefix in reversed(prefixes(code)) if prefix in self.names), None)
        if ancestor is None:
            return "unknown"
        listed = any(other.startswith(ancestor) and other != ancestor for other in self.names)
        return "unknown" if listed else "unlisted"


def is_code(text: str) -> bool:
    """Whether `text` has the form of a code."""
    return bool(CODE.accepts(text))


def prefixes(code: str) -> tuple[str, ...]:
    """The codes that cover `code`, shortest first, itself included."""
    return tuple(code[:length] for length in range(1, len(code) + 1, 2))


def matches(code: str, wanted: Iterable[str]) -> bool:
    """Whether one of `wanted` covers `code`; no wanted code matches nothing, never everything."""
    return not set(prefixes(code)).isdisjoint(wanted)


def read_table(value: Mapping[str, Any]) -> Specialties:
    """The table from its parsed TOML. Raises RulesError("specialties.faults", faults=…)."""
    data = checked(_TABLE_SHAPE, dict(value), RulesError, "specialties.faults")
    found = Faults()
    names: dict[str, tuple[str, str]] = {}
    for index, entry in enumerate(data["entries"]):
        _add(names, entry["code"], (entry["zh"], entry["en"]), f"/entries/{index}/code", found)
    return _table(names, data["source"], found)


def read_csv(data: bytes, *, source: str) -> Specialties:
    """An operator's table: UTF-8 CSV with the header `code,zh` or `code,zh,en`, at most 4 MiB.

    Raises RulesError("specialties.faults", faults=…) with pointers `/row/column`, rows counted from 1 behind
    the header; RulesError("specialties.size"), ("specialties.encoding") and ("specialties.header").
    """
    if len(data) > MAX_TABLE_BYTES:
        raise RulesError("specialties.size", limit=MAX_TABLE_BYTES)
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RulesError("specialties.encoding") from error
    if not rows or tuple(rows[0]) not in (COLUMNS, COLUMNS[:2]):
        raise RulesError("specialties.header")
    if len(rows) - 1 > MAX_CODES:
        raise RulesError("specialties.size", limit=MAX_CODES)
    found = Faults()
    names: dict[str, tuple[str, str]] = {}
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(rows[0]):
            found.add(f"/{number}", "length")
            continue
        CODE.check(row[0], f"/{number}/code", found)
        TEXT.check(row[1], f"/{number}/zh", found)
        _add(names, row[0], (row[1], row[2] if len(row) == len(COLUMNS) else ""), f"/{number}/code", found)
    return _table(names, source, found)


def _add(names: dict[str, tuple[str, str]], code: str, name: tuple[str, str], at: str, found: Faults) -> None:
    if code in names:
        found.add(at, "duplicate")
    names[code] = name


def _table(names: Mapping[str, tuple[str, str]], source: str, found: Faults) -> Specialties:
    if found.found:
        raise RulesError("specialties.faults", faults=tuple(found.found))
    return Specialties(MappingProxyType(dict(names)), source)
