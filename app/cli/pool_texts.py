"""What the faults of a pool file say, Chinese and English; figures are rows and limits, never values."""

from collections.abc import Mapping
from typing import Final

_TWICE: Final = ("与第 {first} 行重复", "the same as in row {first}")
POOL_FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "file.size": ("文件超过 {limit} 字节", "the file exceeds {limit} bytes"),
    "file.rows": ("文件超过 {limit} 行", "the file exceeds {limit} rows"),
    "file.line": ("一行超过 {limit} 个字符", "a line exceeds {limit} characters"),
    "file.encoding": ("文件不是 UTF-8 编码", "the file is not UTF-8"),
    "file.syntax": ("文件格式有误", "the file does not parse"),
    "workbook.format": ("不是有效的 xlsx 工作簿", "this is no xlsx workbook"),
    "workbook.encoding": ("工作表不是 UTF-8 编码", "a sheet is not UTF-8"),
    "workbook.encrypted": ("工作簿已加密", "the workbook is encrypted"),
    "workbook.entries": ("工作簿所含文件过多", "the workbook holds too many files"),
    "workbook.method": ("工作簿的压缩方式不受支持", "the workbook is packed in an unusual way"),
    "workbook.place": ("单元格的位置超出范围", "a cell lies beyond the rows that may be"),
    "workbook.unpacked": ("工作簿解压后过大", "the workbook is too large unpacked"),
    "column.many": ("列数过多", "there are too many columns"),
    "row.length": ("本行的列数不是 {columns}", "the row does not have {columns} columns"),
    "cell.length": ("单元格超过 {limit} 个字符", "the cell exceeds {limit} characters"),
    "column.unknown": ("不认识此列", "the column is not known"),
    "column.repeated": ("此列重复", "the column occurs twice"),
    "column.missing": ("缺少此列", "the column is missing"),
    "list.parts": ("列表中一项的组成部分有误", "a member of the list has the wrong parts"),
    "phone": ("电话号码格式有误", "the phone number is malformed"),
    "id.repeated": _TWICE,
    "person.repeated": ("与第 {first} 行是同一人", "the same person as in row {first}"),
    "birth.differs": ("出生日期与身份证号不符", "the date of birth is not that of the identity number"),
    "birth.future": ("出生日期在未来", "the date of birth lies in the future"),
    "interval.order": ("起止日期颠倒", "the interval ends before it begins"),
}


def pool_fault(code: str) -> tuple[str, str] | None:
    """The words for a code ``pool.…``, or None when only the general ones fit."""
    return POOL_FAULTS.get(code.removeprefix("pool."))
