"""Canonical JSON (RFC 8785) in a strict profile, and the strict parser that reads it back.

Profile: null, booleans, integers with |n| <= 2^53 - 1, strings without lone surrogates, arrays, objects
with unique string keys. No floats, no exponents, no minus zero. Every hashed or signed record of the
project passes through here. The parser bounds size and nesting before any structure is built and answers
every malformed input with CanonicalError, whatever the bytes.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, NoReturn, TypeAlias

import rfc8785

from crypto.errors import CanonicalError

# Mapping and Sequence, not dict and list: the value types stay covariant for callers under mypy.
JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

MAX_INT: Final = (1 << 53) - 1
# Bound on nesting for writing, and the highest max_depth a reader may ask for; far below the recursion limit.
MAX_DEPTH: Final = 128
_MAX_INT_CHARS: Final = len(str(-MAX_INT))
_ONLY_STR: Final = frozenset({str})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A string (or the unterminated rest of the text) is skipped whole; possessive repeats keep the scan linear.
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
# RFC 8785 sorts keys by UTF-16 units, Python by code points: the two differ only where one of these occurs.
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")


def canonical(value: JsonValue) -> bytes:
    """Return the RFC 8785 bytes (UTF-8) of `value`; anything outside the profile raises CanonicalError.

    Arrays are list or tuple, objects dict; subclasses of str and int (enums) are refused so that what is
    signed never depends on how a class prints itself.
    """
    if not _is_scalar(value):
        _check_profile(value)
    # Within the profile the same bytes as rfc8785.dumps, many times faster: pools commit millions of values.
    text = _ENCODER.encode(value)
    if _ASTRAL.search(text):
        return rfc8785.dumps(value)
    return text.encode("utf-8")


def parse(data: bytes, *, max_bytes: int, max_depth: int = 32) -> JsonValue:
    """Read one JSON text of at most `max_bytes` bytes and at most `max_depth` nested arrays and objects.

    Whitespace and key order are free here; use `parse_canonical` where they are not. Raises CanonicalError
    with codes ``canonical.too-large``, ``.too-deep``, ``.utf8``, ``.bom``, ``.duplicate-key``, ``.number``,
    ``.surrogate`` or ``.syntax``.
    """
    if not 0 <= max_depth <= MAX_DEPTH:
        raise CanonicalError("canonical.limit", f"max_depth is 0 to {MAX_DEPTH}")
    if len(data) > max_bytes:
        raise CanonicalError("canonical.too-large", f"more than {max_bytes} bytes")
    text = _decode(data)
    _check_text_depth(text, max_depth)
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_int=_bounded_int,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except ValueError as error:
        raise CanonicalError("canonical.syntax", "not a JSON text") from error
    _check_profile(value)
    return value


def parse_canonical(data: bytes, *, max_bytes: int, max_depth: int = 32) -> JsonValue:
    """Like `parse`, and the bytes must be exactly the canonical form: else ``canonical.not-canonical``."""
    value = parse(data, max_bytes=max_bytes, max_depth=max_depth)
    if canonical(value) != data:
        raise CanonicalError("canonical.not-canonical", "not in RFC 8785 form")
    return value


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise CanonicalError("canonical.utf8", "not UTF-8") from error
    if text.startswith("\ufeff"):
        raise CanonicalError("canonical.bom", "starts with a byte order mark")
    return text


def _check_text_depth(text: str, max_depth: int) -> None:
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                raise CanonicalError("canonical.too-deep", f"more than {max_depth} levels")
        elif first in "]}":
            depth -= 1


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise CanonicalError("canonical.duplicate-key", "an object repeats a key")
    return members


def _bounded_int(digits: str) -> int:
    # Bounds the length only, as converting a megabyte of digits is quadratic; _check_profile is exact.
    if len(digits) > _MAX_INT_CHARS or digits == "-0":
        raise CanonicalError("canonical.number", "integers are within 2^53 - 1, and zero has no sign")
    return int(digits)


def _refuse_number(_text: str) -> NoReturn:
    raise CanonicalError("canonical.number", "only integers are allowed")


def _check_profile(value: object) -> None:
    """Walk `value` level by level (no recursion) and refuse whatever the profile has no place for."""
    level: list[object] = [value]
    depth = 0
    while level:
        below: list[object] = []
        containers = False
        for item in level:
            if type(item) is str and item.isascii():  # most of what there is
                continue
            if not _is_scalar(item):
                containers = True
                below.extend(_members(item))
        depth += containers
        if depth > MAX_DEPTH:
            raise CanonicalError("canonical.too-deep", f"more than {MAX_DEPTH} levels")
        level = below


def _is_scalar(item: object) -> bool:
    """Whether `item` is an allowed scalar; a str or int outside the profile raises. Exact types only."""
    if type(item) is str:
        if not item.isascii() and _SURROGATE.search(item):
            raise CanonicalError("canonical.surrogate", "a string holds a lone surrogate")
        return True
    if type(item) is int:
        if not -MAX_INT <= item <= MAX_INT:
            raise CanonicalError("canonical.number", "integers are within 2^53 - 1")
        return True
    return item is None or type(item) is bool


def _members(item: object) -> Iterable[object]:
    """What an array or object holds, keys included; any other type raises."""
    if type(item) is list or type(item) is tuple:
        return item
    if type(item) is dict:
        if not _ONLY_STR.issuperset(map(type, item)):
            raise CanonicalError("canonical.type", "object keys are strings")
        return chain(item.keys(), item.values())
    raise CanonicalError("canonical.type", f"no JSON form for {type(item).__name__}")
