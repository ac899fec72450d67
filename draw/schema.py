"""Shapes of JSON values, as data, and a walker that collects every fault (draw-proof §1, §3).

A shape says what a value may be; checking never stops at the first fault and never repairs. A fault is a JSON
pointer (RFC 6901) and a code, so a caller can be told everything at once. Values never appear in a fault:
records hold names and identity hashes. Building objects from checked values is the model's work.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from draw.errors import DrawError

MAX_FAULTS: Final = 1000  # faults reported for one value; a hostile list cannot make the answer longer
MAX_INTEGER: Final = (1 << 53) - 1
MAX_TEXT: Final = 200  # code points
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DATE: Final = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK: Final = re.compile(r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z", re.ASCII)
_SHOWN_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class SchemaFault:
    """Where (JSON pointer) and what.

    Codes: `type`, `format`, `choice`, `range`, `length`, `duplicate`, `missing`, `unknown`.
    """

    pointer: str
    code: str


class Faults:
    """The faults found so far, at most MAX_FAULTS of them."""

    def __init__(self) -> None:
        self.found: list[SchemaFault] = []

    def add(self, pointer: str, code: str) -> None:
        """Note one fault."""
        if len(self.found) < MAX_FAULTS:
            self.found.append(SchemaFault(pointer, code))


class Shape(Protocol):
    """What a JSON value may be."""

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Add every fault of `value`, which stands at JSON pointer `at`."""
        ...


def is_date(text: str) -> bool:
    """Whether `text` is a real Gregorian day `YYYY-MM-DD` of the years 1900–2199."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_time(text: str) -> bool:
    """Whether `text` is `YYYY-MM-DDTHH:MM:SSZ` on a day that `is_date` takes; no leap second."""
    return _CLOCK.fullmatch(text, 10) is not None and is_date(text[:10])


def is_text(text: str) -> bool:
    """Whether `text` has 1–200 code points, none of them a control character or a lone surrogate."""
    return 0 < len(text) <= MAX_TEXT and not _CONTROL.search(text)


@dataclass(frozen=True, slots=True)
class Text:
    """A string that `accepts` takes, or one that matches it whole where it is a pattern."""

    accepts: Callable[[str], object]

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Faults `type` and `format`."""
        if type(value) is not str:
            faults.add(at, "type")
        elif not self.accepts(value):
            faults.add(at, "format")


def matching(pattern: str) -> Text:
    """The strings that match `pattern` whole, ASCII rules."""
    return Text(re.compile(pattern, re.ASCII).fullmatch)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings."""

    values: frozenset[str]

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Faults `type` and `choice`."""
        if type(value) is not str:
            faults.add(at, "type")
        elif value not in self.values:
            faults.add(at, "choice")


def one_of(*values: str) -> Choice:
    """The given strings."""
    return Choice(frozenset(values))


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer of [low, high]; a boolean is none."""

    low: int
    high: int = MAX_INTEGER

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Faults `type` and `range`."""
        if type(value) is not int:
            faults.add(at, "type")
        elif not self.low <= value <= self.high:
            faults.add(at, "range")


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Fault `type`."""
        if type(value) is not bool:
            faults.add(at, "type")


@dataclass(frozen=True, slots=True)
class Nullable:
    """null or the inner shape."""

    inner: Shape

    def check(self, value: object, at: str, faults: Faults) -> None:
        """The inner shape's faults."""
        if value is not None:
            self.inner.check(value, at, faults)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of `low` to `high` members of one shape, pairwise different where `unique`."""

    item: Shape
    high: int
    low: int = 0
    unique: bool = False

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Faults `type`, `length`, `duplicate` and those of the members. An overlong list is not walked."""
        if type(value) is not list and type(value) is not tuple:
            faults.add(at, "type")
            return
        if not self.low <= len(value) <= self.high:
            faults.add(at, "length")
        if len(value) > self.high:
            return
        for index, item in enumerate(value):
            self.item.check(item, f"{at}/{index}", faults)
            if self.unique and item in value[:index]:
                faults.add(f"{at}/{index}", "duplicate")


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object with exactly these members."""

    members: Mapping[str, Shape]

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Faults `type`, `missing`, `unknown` and those of the members."""
        if type(value) is not dict:
            faults.add(at, "type")
            return
        for name, shape in self.members.items():
            if name in value:
                shape.check(value[name], f"{at}/{name}", faults)
            else:
                faults.add(f"{at}/{name}", "missing")
        if len(value) > len(self.members) or not value.keys() <= self.members.keys():
            for name in value:
                if name not in self.members:
                    faults.add(f"{at}/{_shown(name)}", "unknown")


def checked(shape: Shape, value: object, error: type[DrawError], code: str) -> Any:
    """`value` itself once it has the shape. Raises `error(code, faults=(SchemaFault, …))` with all faults."""
    faults = Faults()
    shape.check(value, "", faults)
    if faults.found:
        raise error(code, faults=tuple(faults.found))
    return value


def _shown(name: object) -> str:
    """A member's name where it looks like a name of ours, else `*`: keys can carry personal data too."""
    return name if isinstance(name, str) and _SHOWN_KEY.fullmatch(name) else "*"
