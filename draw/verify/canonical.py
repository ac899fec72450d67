"""JSON in and out: strict parsing and the RFC 8785 form (draw-proof §1).

Parsing refuses duplicate keys, floats, integers beyond 2^53 − 1, nesting deeper than 32, lone surrogates, a
byte order mark and (for committed bytes) every spelling but the canonical one. Nothing is repaired.
`RefusedError` carries a reason without input text.
"""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class RefusedError(Exception):
    """The bytes are not acceptable JSON; the caller turns this into its own check number."""


def parse(data: bytes, *, limit: int) -> Any:
    """The JSON value of `data`, at most `limit` bytes. Raises RefusedError."""
    value = load(data, limit=limit)
    inspect(value, data)
    return value


def inspect(value: Any, data: bytes) -> None:
    """Refuses a loaded value that the protocol does not know or that `data` spells otherwise."""
    if encode(value) != data:
        raise RefusedError("not in the RFC 8785 form")


def load(data: bytes, *, limit: int) -> Any:
    """As `parse`, without `inspect`: depth, surrogates and spelling are still open."""
    if len(data) > limit:
        raise RefusedError(f"longer than {limit} bytes")
    try:
        return json.loads(
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


def encode(value: Any) -> bytes:
    """C(value), RFC 8785. Raises RefusedError on floats, big integers, lone surrogates, depth > 32 or foreign
    types."""
    plain = _inspect(value, 0)
    ordered = value if plain else _ordered(value)
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=plain)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RefusedError("lone surrogate") from error


def _inspect(value: Any, depth: int) -> bool:
    """Refuses what the protocol does not know; whether all member names are ASCII. Copies nothing."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return True
        raise RefusedError("integer beyond 2^53 - 1")
    if depth >= MAX_DEPTH:
        raise RefusedError(f"nested deeper than {MAX_DEPTH}")
    if kind is list:
        return _inspect_all(value, depth + 1)
    if kind is not dict or not all(type(name) is str for name in value):
        raise RefusedError("not a JSON value of this protocol")
    return _inspect_all(value.values(), depth + 1) and all(name.isascii() for name in value)


def _inspect_all(items: Iterable[Any], depth: int) -> bool:
    # No short cut: every item must be inspected, whatever the names before it.
    plain = True
    for item in items:
        plain &= _inspect(item, depth)
    return plain


def _ordered(value: Any) -> Any:
    # RFC 8785 §3.2.3 sorts by UTF-16 code units; strings of Python sort so only when all names are ASCII.
    if type(value) is list:
        return [_ordered(item) for item in value]
    if type(value) is dict:
        return {name: _ordered(value[name]) for name in sorted(value, key=_code_units)}
    return value


def _code_units(name: str) -> bytes:
    try:
        return name.encode("utf-16-be")
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
