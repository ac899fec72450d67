"""RFC 8785 and the strictness of draw-proof §1: one spelling, no floats, no duplicates, bounded depth and
integers."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from draw.verify.canonical import MAX_DEPTH, MAX_INTEGER, RefusedError, encode, parse

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@given(JSON)
def test_encoding_agrees_with_an_independent_rfc_8785_library(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert parse(encode(value), limit=10**6) == value


def test_rfc_8785_sorts_names_by_utf16_code_units() -> None:
    """RFC 8785 §3.2.3: an astral name sorts by its surrogates, before U+FB33."""
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(encode(value))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


HOSTILE = {
    "nothing": b"",
    "white space": b'{"a": 1}',
    "trailing line feed": b"{}\n",
    "two values": b"{}{}",
    "duplicate member": b'{"a":1,"a":1}',
    "duplicate member deep inside": b'[{"b":{"a":1,"a":2}}]',
    "unsorted members": b'{"b":1,"a":1}',
    "float": b"[1.0]",
    "exponent": b"[1e2]",
    "1e400": b"[1e400]",
    "negative zero": b"[-0]",
    "leading zero": b"[01]",
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "2^53": b"[9007199254740992]",
    "a million digits": b"[" + b"9" * 10**6 + b"]",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "not UTF-8": b'["\xff"]',
    "overlong UTF-8": b'["\xc0\xaf"]',
    "surrogate in UTF-8": b'["\xed\xa0\x80"]',
    "lone surrogate": b'["\\ud800"]',
    "lone surrogate in a name": b'{"\\ud800":1}',
    "lone surrogate beside other names": b'{"\\ud800":1,"\xc3\xa9":1}',
    "escaped solidus": b'["\\/"]',
    "escaped letter": b'["\\u0061"]',
    "upper-case escape": b'["\\u001F"]',
    "raw control character": b'["\x01"]',
    "depth 33": nested(33),
    "depth 100000": nested(100_000),
    "objects 100000 deep": b'{"a":' * 100_000,
    "comment": b"[1/**/]",
    "single quotes": b"['a']",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_refused_with_one_error(data: bytes) -> None:
    with pytest.raises(RefusedError):
        parse(data, limit=2 * 10**6)


def test_depth_32_and_the_largest_integers_are_still_allowed() -> None:
    assert parse(nested(MAX_DEPTH), limit=100) is not None
    assert parse(b"[-9007199254740991,9007199254740991]", limit=100) == [-MAX_INTEGER, MAX_INTEGER]


def test_one_byte_beyond_the_limit_is_refused_before_parsing() -> None:
    assert parse(b"[1]", limit=3) == [1]
    with pytest.raises(RefusedError, match="longer than"):
        parse(b"[1]", limit=2)


@pytest.mark.parametrize("value", [1.0, 2**53, -(2**53), b"bytes", {1: 2}, (1,), {"a": {1.5}}, "\ud800"])
def test_values_outside_the_protocol_do_not_encode(value: object) -> None:
    with pytest.raises(RefusedError):
        encode(value)
