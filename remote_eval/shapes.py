"""Shapes of JSON values: what a value must be, checked as a whole, every fault told with its JSON pointer.

A shape is a callable that looks at one value and adds to a list of faults; it never raises and never changes
the value. Messages of clients (docs/spec/signalling.md §4) and stored events of a room are held to shapes
before anything reads them. Pointers are RFC 6901; a fault never repeats the value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

# More tell nobody more, and an answer stays small whatever was sent.
MAX_FAULTS: Final = 64
_MAX_POINTER: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SITE_NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
# Control characters but the line feed, and marks that turn the direction of what follows.
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: where (RFC 6901) and what (``missing``, ``unknown``, ``type``, ``length``, …)."""

    pointer: str
    code: str


Faults: TypeAlias = list[Fault]
Shape: TypeAlias = Callable[[object, str, Faults], None]


def faults_of(value: object, shape: Shape) -> Faults:
    """Every fault of `value`, at most `MAX_FAULTS` of them; empty: it has the shape."""
    faults: Faults = []
    shape(value, "", faults)
    return faults[:MAX_FAULTS]


def _add(faults: Faults, pointer: str, code: str) -> None:
    if len(faults) < MAX_FAULTS:
        faults.append(Fault(pointer=pointer[:_MAX_POINTER], code=code))


def under(pointer: str, name: str) -> str:
    """The pointer of a member called `name`."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def text(longest: int = 500, *, shortest: int = 1) -> Shape:
    """Text for people: a length in characters, something to read in it, nothing that hides."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            _add(faults, pointer, "type")
        elif not shortest <= len(value) <= longest:
            _add(faults, pointer, "length")
        elif shortest and not value.strip():
            _add(faults, pointer, "blank")
        elif _UNPRINTABLE.search(value):
            _add(faults, pointer, "characters")

    return check


def opaque(longest: int) -> Shape:
    """Text for machines, such as an SDP: its length in UTF-8 bytes only."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            _add(faults, pointer, "type")
        elif not value or len(value.encode("utf-8", "surrogatepass")) > longest:
            _add(faults, pointer, "length")

    return check


def matching(pattern: re.Pattern[str]) -> Shape:
    """Text that `pattern` matches as a whole."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            _add(faults, pointer, "type")
        elif pattern.fullmatch(value) is None:
            _add(faults, pointer, "format")

    return check


def name() -> Shape:
    """An id as the platform makes them: 1 to 64 letters, digits and ``_.:-``."""
    return matching(_NAME)


def path() -> Shape:
    """Ids joined by a slash, as tracks and nodes have them."""
    return matching(_SITE_NAME)


def integer(lowest: int, highest: int) -> Shape:
    """A whole number within both bounds."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            _add(faults, pointer, "type")
        elif not lowest <= value <= highest:
            _add(faults, pointer, "range")

    return check


def flag(value: object, pointer: str, faults: Faults) -> None:
    """True or false."""
    if not isinstance(value, bool):
        _add(faults, pointer, "type")


def choice(*allowed: str) -> Shape:
    """One of these words."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            _add(faults, pointer, "type")
        elif value not in allowed:
            _add(faults, pointer, "choice")

    return check


def constant(expected: bool | int | str) -> Shape:
    """Exactly this value of exactly this type."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if type(value) is not type(expected) or value != expected:
            _add(faults, pointer, "value")

    return check


def nullable(shape: Shape) -> Shape:
    """Null, or what `shape` asks for."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if value is not None:
            shape(value, pointer, faults)

    return check


def record(members: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object with exactly these members, and perhaps some of the optional ones."""
    known = {**members, **(optional or {})}

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            _add(faults, pointer, "type")
            return
        for missing in members.keys() - value.keys():
            _add(faults, under(pointer, missing), "missing")
        for key, inner in value.items():
            if key in known:
                known[key](inner, under(pointer, key), faults)
            else:
                _add(faults, under(pointer, key), "unknown")

    return check


def table(key: Shape, shape: Shape, most: int) -> Shape:
    """An object with free names of a shape, at most `most` of them."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            _add(faults, pointer, "type")
            return
        if len(value) > most:
            _add(faults, pointer, "length")
            return
        for one, inner in value.items():
            key(one, under(pointer, one), faults)
            shape(inner, under(pointer, one), faults)

    return check


def array(shape: Shape, most: int) -> Shape:
    """A list of at most `most` values, none twice."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        if not isinstance(value, list):
            _add(faults, pointer, "type")
            return
        if len(value) > most:
            _add(faults, pointer, "length")
            return
        for index, inner in enumerate(value):
            shape(inner, f"{pointer}/{index}", faults)
            if inner in value[:index]:
                _add(faults, f"{pointer}/{index}", "twice")

    return check


def one_of(*shapes: Shape) -> Shape:
    """What one of these asks for; the faults told are those of the nearest one."""

    def check(value: object, pointer: str, faults: Faults) -> None:
        found: list[Faults] = []
        for shape in shapes:
            own: Faults = []
            shape(value, pointer, own)
            if not own:
                return
            found.append(own)
        for fault in min(found, key=len):
            _add(faults, fault.pointer, fault.code)

    return check
