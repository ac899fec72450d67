"""Columns of a pool table and how one expert is written in them.

A row is an expert; lists stand in one cell, members parted by `;`, their parts by `|`, for example
`uscc:91110108551385082Q|staff|2010-01-01|`. Headers and fixed words may be Chinese or English. Here is syntax
only: what a row says is judged with the JSON form, which is the same for every file format."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

COLUMNS: Final[Mapping[str, str]] = {
    "id": "编号",
    "id_number": "身份证号",
    "name": "姓名",
    "phone": "手机号",
    "employers": "工作单位",
    "specialties": "专业代码",
    "region": "地区代码",
    "title": "职称",
    "practice_from": "从业起始日期",
    "birth": "出生日期",
    "status": "状态",
    "valid_from": "有效期起",
    "valid_to": "有效期止",
    "interests": "利害关系",
    "duties": "公务职责",
    "sanctions": "处罚记录",
    "changed": "变更时间",
    "leave": "请假",
}
REQUIRED: Final = frozenset(
    {"id", "id_number", "name", "employers", "specialties", "region", "title", "practice_from", "valid_from"}
)
_BY_HEADER: Final = {name: column for column, zh in COLUMNS.items() for name in (column, zh)}
_WORDS: Final[Mapping[str, str]] = {
    "正高级": "senior", "副高级": "associate", "中级": "intermediate", "无": "none",
    "正常": "active", "暂停": "suspended", "退出": "withdrawn",
    "职工": "staff", "董事": "director", "监事": "supervisor", "实际控制人": "controller",
    "股东": "shareholder",
    "亲属": "kin", "持股": "holding", "经济利益": "economic",
    "主管部门": "authority", "监督部门": "supervision", "财政部门": "finance",
    "招投标违法": "bidding_offence", "不良行为": "misconduct",
}  # fmt: skip
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "employers": ("org", "role", "from", "to"),
    "interests": ("org", "kind", "from", "to"),
    "duties": ("org", "kind", "from", "to"),
    "sanctions": ("kind", "from", "to"),
    "leave": ("from", "to"),
}
# A spreadsheet runs a cell that begins so. The apostrophe says "text"; it is itself escaped, so that a value
# comes back as it was.
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "'")

Note = Callable[[str, str], None]


def columns_of(header: Sequence[str], note: Note) -> list[str | None]:
    """The column of each place of a header row.

    Notes (column or place, code): `column.unknown`, `column.repeated`, `column.missing`.
    """
    found = [_BY_HEADER.get(name.strip()) for name in header]
    for place, column in enumerate(found):
        if column is None:
            note(str(place + 1), "column.unknown")
        elif column in found[:place]:
            note(column, "column.repeated")
    for column in COLUMNS:
        if column in REQUIRED and column not in found:
            note(column, "column.missing")
    return found


def guarded(cell: str) -> str:
    """`cell` as a spreadsheet shows but does not run it."""
    return f"'{cell}" if cell.startswith(_ACTIVE) else cell


def unguarded(cell: str) -> str:
    """The value behind `guarded`."""
    return cell.removeprefix("'")


def document_of(cells: Mapping[str, str], note: Note) -> dict[str, Any]:
    """The JSON form of a row; notes (column, `list.parts`) where a list member has too few or many parts."""
    document: dict[str, Any] = {}
    for column in COLUMNS:
        text = cells.get(column, "").strip()
        if column in _LISTS:
            document[column] = _members(column, text, note)
        elif column == "specialties":
            document[column] = [part.strip() for part in _split(text)]
        elif column in ("title", "status"):
            document[column] = _WORDS.get(text, text)
        elif column != "valid_to" or text:
            document[column] = text
    return {name: value for name, value in document.items() if value != ""}


def cells_of(document: Mapping[str, Any]) -> list[str]:
    """The cells of a JSON form, in the order of COLUMNS, guarded."""
    cells = []
    for column in COLUMNS:
        value = document.get(column)
        if column in _LISTS:
            text = ";".join("|".join(item[part] or "" for part in _LISTS[column]) for item in value or ())
        elif column == "specialties":
            text = ";".join(value or ())
        else:
            text = value or ""
        cells.append(guarded(text))
    return cells


def _split(text: str) -> list[str]:
    return [part for part in text.replace("；", ";").split(";") if part.strip()]


def _members(column: str, text: str, note: Note) -> list[dict[str, str | None]]:
    names = _LISTS[column]
    members = []
    for part in _split(text):
        values = [_WORDS.get(value.strip(), value.strip()) for value in part.replace("｜", "|").split("|")]
        if len(values) != len(names):
            note(column, "list.parts")
            continue
        members.append({name: value or None for name, value in zip(names, values, strict=True)})
    return members
