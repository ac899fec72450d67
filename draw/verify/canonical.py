"""JSON in and out: strict parsing and the RFC 8785 form (draw-proof §1).

Parsing refuses duplicate keys, floats, integers beyond 2^53 − 1, nesting deeper than 32, lone surrogates, a
byte order mark and (for committed bytes) every spelling but the canonical one. Nothing is repaired.
`RefusedError` carries a reason without input text.
"""

import json
from typing import Any, NoReturn

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class RefusedError(Exception):
    """The bytes are not acceptable JSON; the caller turns this into its own check number."""


def parse(data: bytes, *, limit: int, canonical: bool = True) -> Any:
    """The JSON value of `data`, at most `limit` bytes. Raises RefusedError."""
    if len(data) > limit:
        raise RefusedError(f"longer than {limit} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_int=_small_integer,
            parse_constant=_no_float,
        )
    except UnicodeDecodeError as error:
        raise RefusedError("not UTF-8") from error
    except ValueError as error:
        raise RefusedError("not JSON") from error
    except RecursionError as error:
        raise RefusedError(f"nested deeper than {MAX_DEPTH}") from error
    except MemoryError as error:
        raise RefusedError("too large for this machine") from error
    encoded = encode(value)
    if canonical and encoded != data:
        raise RefusedError("not in the RFC 8785 form")
    return value


def encode(value: Any) -> bytes:
    """C(value), RFC 8785. Raises RefusedError on floats, big integers, lone surrogates, depth > 32 or foreign
    types."""
    ordered = _ordered(value, 0)
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RefusedError("lone surrogate") from error


def _ordered(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return value
        raise RefusedError("integer beyond 2^53 - 1")
    if depth >= MAX_DEPTH:
        raise RefusedError(f"nested deeper than {MAX_DEPTH}")
    if kind is list:
        return [_ordered(item, depth + 1) for item in value]
    if kind is dict:
        return {name: _ordered(value[name], depth + 1) for name in _names(value)}
    raise RefusedError("not a JSON value of this protocol")


def _names(value: dict[Any, Any]) -> list[str]:
    # RFC 8785 §3.2.3 sorts by UTF-16 code units; for ASCII names that is the order of Python strings.
    names = list(value)
    if not all(type(name) is str for name in names):
        raise RefusedError("member name is not a string")
    if all(name.isascii() for name in names):
        return sorted(names)
    try:
        return sorted(names, key=lambda name: name.encode("utf-16-be"))
    except UnicodeEncodeError as error:
        raise RefusedError("lone surrogate") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RefusedError("duplicate member name")
    return members


def _small_integer(digits: str) -> int:
    # 2^53 has 16 digits; the length test comes first so that int() never sees a megabyte of digits.
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise RefusedError("integer beyond 2^53 - 1")
    return int(digits)


def _no_float(_text: str) -> NoReturn:
    raise RefusedError("number is not an integer")
