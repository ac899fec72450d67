"""Shapes of draw-proof §1–§3: texts, times, dates, hex, closed objects."""

from typing import Any

import pytest

from draw.verify import shapes
from draw.verify.shapes import MismatchError, Shape


def accepts(shape: Shape, value: Any) -> bool:
    try:
        shape(value, "$")
    except MismatchError:
        return False
    return True


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (shapes.natural, [0, 2**53 - 1], [-1, 2**53, True, False, "1", None, 1.0]),
        (shapes.positive, [1], [0, True]),
        (shapes.hex32, ["0" * 64, "af" * 32], ["0" * 63, "0" * 65, "A" * 64, "٠" * 64, "0" * 64 + "\n", 0]),
        (shapes.ident, ["a", "a" * 64, "0_.:-"], ["", "a" * 65, "A", "-a", "a\n", "é"]),
        (shapes.org, ["uscc:91110108551385082Q"], ["u:1", "uscc:", "USCC:1", "uscc:a b", "uscc"]),
        (shapes.code, ["A", "C010203"], ["D", "A1", "A01020304", "a", ""]),
        (shapes.text, ["x", "签", "𝄞" * 200], ["", "x" * 201, "a\nb", "\x7f", "\x85", "\x00", 1]),
        (shapes.date, ["1900-01-01", "2199-12-31", "2024-02-29"], ["1899-12-31", "2200-01-01", "2023-02-29"]),
        (shapes.date, [], ["2023-1-01", "2023-13-01", "2023-00-10", "20230101", "２０２３-01-01", None]),
        (shapes.time, ["2023-08-23T15:59:24Z", "2199-12-31T23:59:59Z"], ["2023-08-23T24:00:00Z"]),
        (shapes.time, [], ["2023-08-23T15:59:60Z", "2023-08-23 15:59:24Z", "2023-08-23T15:59:24+00:00"]),
        (shapes.time, [], ["2023-02-30T15:59:24Z", "9999-12-31T23:59:59Z", "2023-08-23T15:59:24Z\n"]),
        (shapes.boolean, [True, False], [0, 1, None]),
        (shapes.nullable(shapes.boolean), [None, True], [0]),
        (shapes.one_of("a", "b"), ["a"], ["c", 1, None, ["a"]]),
        (shapes.listing(shapes.natural, 1, 2), [[1], [1, 2]], [[], [1, 2, 3], {"0": 1}, "1", [None]]),
        (shapes.listing(shapes.natural, unique=True), [[1, 2]], [[1, 1]]),
        (shapes.closed({"a": shapes.natural}), [{"a": 1}], [{}, {"a": 1, "b": 1}, {"a": None}, [], None]),
    ],
)
def test_shapes_take_what_the_page_allows_and_nothing_else(
    shape: Shape, good: list[Any], bad: list[Any]
) -> None:
    assert [value for value in good if not accepts(shape, value)] == []
    assert [value for value in bad if accepts(shape, value)] == []


def test_a_mismatch_names_the_place_and_never_the_value() -> None:
    shape = shapes.closed({"people": shapes.listing(shapes.closed({"name": shapes.hex32}))})
    with pytest.raises(MismatchError) as caught:
        shape({"people": [{"name": "王小明"}]}, "$")
    assert str(caught.value) == "$.people[0].name"


def test_times_turn_into_seconds_and_beijing_days() -> None:
    assert shapes.seconds("2023-08-23T15:09:27Z") == 1692803367
    assert shapes.seconds("1900-01-01T00:00:00Z") == -2208988800
    assert shapes.beijing_date("2023-08-23T15:59:59Z") == "2023-08-23"
    assert shapes.beijing_date("2023-12-31T16:00:00Z") == "2024-01-01"
