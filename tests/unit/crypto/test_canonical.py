"""Strict canonical JSON: RFC 8785 samples, agreement with a second implementation, and hostile inputs."""

import enum
import json

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crypto.canonical import MAX_DEPTH, MAX_INT, JsonValue, canonical, parse, parse_canonical
from crypto.errors import CanonicalError

LIMIT = 1 << 20

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INT, MAX_INT)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


def refused(data: bytes, *, max_bytes: int = LIMIT, max_depth: int = 32) -> str:
    with pytest.raises(CanonicalError) as caught:
        parse(data, max_bytes=max_bytes, max_depth=max_depth)
    return caught.value.code


def refused_value(value: object) -> str:
    with pytest.raises(CanonicalError) as caught:
        canonical(value)  # type: ignore[arg-type]
    return caught.value.code


def test_keys_are_sorted_by_utf_16_units_as_in_rfc_8785_section_3_2_3() -> None:
    value: JsonValue = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    order = json.loads(canonical(value), object_pairs_hook=lambda pairs: [v for _, v in pairs])
    assert order == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_strings_are_escaped_as_in_rfc_8785_section_3_2_2_2() -> None:
    value: JsonValue = {"literals": [None, True, False], "string": '\u20ac$\u000f\nA\'B"\\\\"/'}
    assert canonical(value).hex() == (
        b'{"literals":[null,true,false],"string":"'.hex()
        + "e282ac"
        + rb"$\u000f\nA'B\"\\\\\"/".hex()
        + b'"}'.hex()
    )


def test_every_control_character_has_its_one_spelling() -> None:
    assert canonical("".join(map(chr, range(0x20)))) == (
        b'"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
        b"\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d"
        b'\\u001e\\u001f"'
    )
    assert canonical("\x7f\u2028") == b'"\x7f\xe2\x80\xa8"'


def test_small_forms() -> None:
    assert canonical({}) == b"{}"
    assert canonical([]) == b"[]"
    assert canonical((1, -1)) == b"[1,-1]"
    assert canonical(0) == b"0"
    assert canonical({"b": {"d": 1, "c": 2}, "a": [MAX_INT, -MAX_INT]}) == (
        b'{"a":[9007199254740991,-9007199254740991],"b":{"c":2,"d":1}}'
    )


@given(values)
@settings(max_examples=200, deadline=None)
def test_the_bytes_equal_an_independent_implementation_and_read_back(value: JsonValue) -> None:
    data = canonical(value)
    assert data == rfc8785.dumps(value)
    assert parse_canonical(data, max_bytes=len(data)) == value


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), b"bytes", {1: "x"}, {"a": object()}, [1, {2}], Colour.RED, {"k": [Colour.RED]}],
)
def test_a_value_without_a_canonical_form_is_refused(value: object) -> None:
    assert refused_value(value) == "canonical.type"


@pytest.mark.parametrize("value", [2**53, -(2**53), [10**400]])
def test_an_integer_that_javascript_would_round_is_refused(value: object) -> None:
    assert refused_value(value) == "canonical.number"


@pytest.mark.parametrize("value", ["\ud800", ["x\udfff"], {"\udc00": 1}])
def test_a_lone_surrogate_is_refused_in_values_and_keys(value: object) -> None:
    assert refused_value(value) == "canonical.surrogate"


def test_a_value_nested_too_deep_or_in_itself_is_refused_without_recursion() -> None:
    nested: list[object] = []
    for _ in range(MAX_DEPTH - 1):
        nested = [nested]
    assert canonical(nested) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH  # type: ignore[arg-type]
    assert refused_value([nested]) == "canonical.too-deep"
    loop: list[object] = []
    loop.append(loop)
    assert refused_value(loop) == "canonical.too-deep"


def test_whitespace_and_key_order_are_free_for_parse_but_not_for_parse_canonical() -> None:
    loose = b' { "b" : [ 1 , -2 ] ,\n "a" : "\\u0041" } '
    assert parse(loose, max_bytes=LIMIT) == {"a": "A", "b": [1, -2]}
    assert parse_canonical(b'{"a":"A","b":[1,-2]}', max_bytes=LIMIT) == {"a": "A", "b": [1, -2]}
    for other in (loose, b'{"b":1,"a":2}', b'"\\u0041"', b'"\\/"', b'"\\u000A"'):
        with pytest.raises(CanonicalError) as caught:
            parse_canonical(other, max_bytes=LIMIT)
        assert caught.value.code == "canonical.not-canonical"


def test_the_byte_limit_counts_bytes_exactly() -> None:
    assert parse(b'"\xe7\xad\xbe"', max_bytes=5) == "签"
    assert refused(b'"\xe7\xad\xbe"', max_bytes=4) == "canonical.too-large"


@pytest.mark.parametrize(
    "data", [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b"\xfe\xff\x00\x31", b'"\xf4\x90\x80\x80"']
)
def test_bytes_that_are_not_utf_8_are_refused(data: bytes) -> None:
    assert refused(data) == "canonical.utf8"


def test_a_byte_order_mark_is_refused() -> None:
    assert refused(b"\xef\xbb\xbf{}") == "canonical.bom"


@pytest.mark.parametrize("data", [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"x":{"a":1,"b":2,"a":3}}]'])
def test_a_duplicate_key_is_refused_however_it_is_spelled(data: bytes) -> None:
    assert refused(data) == "canonical.duplicate-key"


@pytest.mark.parametrize(
    "data",
    [
        b"1.0",
        b"1e2",
        b"1E+2",
        b"0.0",
        b"-0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"[9007199254740992]",
        b"-9007199254740992",
    ],
)
def test_numbers_outside_the_profile_are_refused(data: bytes) -> None:
    assert refused(data) == "canonical.number"


def test_the_largest_integers_are_read() -> None:
    assert parse(b"[9007199254740991,-9007199254740991]", max_bytes=LIMIT) == [MAX_INT, -MAX_INT]


def test_five_million_digits_are_refused_without_converting_them() -> None:
    assert refused(b"1" * 5_000_000, max_bytes=5_000_000) == "canonical.number"


@pytest.mark.parametrize("data", [b'"\\ud800"', b'{"\\udfff":1}', b'["\\udc00\\ud800"]'])
def test_an_escaped_lone_surrogate_is_refused(data: bytes) -> None:
    assert refused(data) == "canonical.surrogate"


def test_an_escaped_surrogate_pair_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"', max_bytes=LIMIT) == "\U0001f600"


def test_the_depth_limit_is_exact_and_ignores_brackets_in_strings() -> None:
    assert parse(b"[[[]]]", max_bytes=LIMIT, max_depth=3) == [[[]]]
    assert parse(b"[[],[],{},{}]", max_bytes=LIMIT, max_depth=2) == [[], [], {}, {}]
    assert refused(b"[[[]]]", max_depth=2) == "canonical.too-deep"
    assert refused(b'{"a":[{}]}', max_depth=2) == "canonical.too-deep"
    assert parse(b'["[[[{{{\\"[[["]', max_bytes=LIMIT, max_depth=1) == ['[[[{{{"[[[']
    assert parse(b"7", max_bytes=LIMIT, max_depth=0) == 7
    assert refused(b"[]", max_depth=0) == "canonical.too-deep"


@pytest.mark.parametrize("depth", [-1, MAX_DEPTH + 1])
def test_a_reader_cannot_ask_for_a_depth_that_could_exhaust_the_stack(depth: int) -> None:
    assert refused(b"[]", max_depth=depth) == "canonical.limit"


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'"\\"', b"]", b'"\\', b"\\"])
def test_a_megabyte_of_structure_is_refused_quickly(unit: bytes) -> None:
    data = unit * (LIMIT // len(unit))
    assert refused(data) in {"canonical.too-deep", "canonical.syntax"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"[1,]",
        b"{'a':1}",
        b'{"a" 1}',
        b"01",
        b"+1",
        b"-",
        b'"\x01"',
        b'"\\x"',
        b'"\\u12g4"',
        b"1 2",
        b"nul",
        b'"',
        b"\x00",
        b"\xc2\xa01",
        b"//\n1",
    ],
)
def test_texts_that_are_not_json_are_refused(data: bytes) -> None:
    assert refused(data) == "canonical.syntax"


@given(
    st.binary(max_size=200) | st.text(st.sampled_from('[]{}",:\\u0d8f1e-. ntf'), max_size=60).map(str.encode)
)
@example(b'{"a":[1,{"b":"\\ud83d"}]}')
@settings(max_examples=600, deadline=None)
def test_whatever_the_bytes_only_a_canonical_error_leaves_the_parser(data: bytes) -> None:
    try:
        value = parse(data, max_bytes=150, max_depth=4)
    except CanonicalError:
        return
    assert parse_canonical(canonical(value), max_bytes=1000) == value
