"""Small shapes that JSON values must have (draw-proof §1–§3): integers, texts, hex, dates, closed objects,
bounded lists.

A shape is called with a value and its path and raises MismatchError(path) otherwise. Paths are made of the
specification's own member names and list indices, so a MismatchError never repeats input.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date as calendar_date
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from unicodedata import category

from draw.verify.canonical import MAX_INTEGER

Shape = Callable[[Any, str], None]
FIRST_YEAR, LAST_YEAR = 1900, 2199
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


class MismatchError(Exception):
    """The value at this path does not have its shape."""


def integer(low: int = 0, high: int = MAX_INTEGER) -> Shape:
    """An integer within [low, high]; booleans are not integers."""

    def shape(value: Any, path: str) -> None:
        if type(value) is not int or not low <= value <= high:
            raise MismatchError(path)

    return shape


def pattern(expression: str) -> Shape:
    """A string that the whole expression matches."""
    compiled = re.compile(expression)

    def shape(value: Any, path: str) -> None:
        if type(value) is not str or compiled.fullmatch(value) is None:
            raise MismatchError(path)

    return shape


def hex_bytes(length: int) -> Shape:
    """Lowercase hexadecimal of `length` bytes."""
    return pattern(rf"[0-9a-f]{{{2 * length}}}")


def one_of(*choices: str) -> Shape:
    """One of these strings."""

    def shape(value: Any, path: str) -> None:
        if type(value) is not str or value not in choices:
            raise MismatchError(path)

    return shape


def nullable(inner: Shape) -> Shape:
    """null, or the inner shape."""

    def shape(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return shape


def boolean(value: Any, path: str) -> None:
    """True or false."""
    if type(value) is not bool:
        raise MismatchError(path)


def listing(inner: Shape, low: int = 0, high: int | None = None, *, unique: bool = False) -> Shape:
    """A list of low to high members; `unique` forbids equal (hashable) members."""

    def shape(value: Any, path: str) -> None:
        if type(value) is not list or len(value) < low or (high is not None and len(value) > high):
            raise MismatchError(path)
        for index, item in enumerate(value):
            inner(item, f"{path}[{index}]")
        if unique and len(set(value)) != len(value):
            raise MismatchError(path)

    return shape


def closed(members: Mapping[str, Shape]) -> Shape:
    """An object with exactly these members."""
    names = frozenset(members)

    def shape(value: Any, path: str) -> None:
        if type(value) is not dict or value.keys() != names:
            raise MismatchError(path)
        for name, inner in members.items():
            inner(value[name], f"{path}.{name}")

    return shape


def constant(expected: str) -> Shape:
    """Exactly this string."""
    return one_of(expected)


def text(value: Any, path: str) -> None:
    """1–200 code points, none of Unicode category Cc."""
    if type(value) is not str or not 1 <= len(value) <= 200 or any(category(c) == "Cc" for c in value):
        raise MismatchError(path)


def date(value: Any, path: str) -> None:
    """A real Gregorian day of the years 1900–2199, YYYY-MM-DD."""
    if type(value) is not str or not _is_date(value):
        raise MismatchError(path)


def time(value: Any, path: str) -> None:
    """A UTC second of the years 1900–2199, YYYY-MM-DDTHH:MM:SSZ, no leap seconds."""
    match = _TIME.fullmatch(value) if type(value) is str else None
    if match is None or not _is_date(match[1]):
        raise MismatchError(path)


@lru_cache(maxsize=65536)
def _is_date(value: str) -> bool:
    match = _DATE.fullmatch(value)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return False
    try:
        calendar_date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def seconds(value: str) -> int:
    """POSIX seconds of a checked time."""
    return int(datetime.fromisoformat(value).timestamp())


def beijing_date(value: str) -> str:
    """The Beijing calendar date (UTC + 8 h) of a checked time."""
    return (datetime.fromisoformat(value) + timedelta(hours=8)).date().isoformat()


ident = pattern(r"[a-z0-9][a-z0-9_.:-]{0,63}")
org = pattern(r"[a-z0-9]{2,16}:[A-Za-z0-9._-]{1,64}")
code = pattern(r"[A-C]([0-9]{2}){0,3}")
hex32 = hex_bytes(32)
hex64 = hex_bytes(64)
hex80 = hex_bytes(80)
natural = integer()
positive = integer(1)
