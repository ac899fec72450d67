"""Specialty codes match by prefix, and nothing is made up about codes the table does not hold."""

import pytest

from draw.errors import RulesError
from draw.specialties import matches, prefixes, read_csv, read_table
from tests.support.draw_cases import shipped_specialties


@pytest.mark.parametrize(
    ("code", "wanted", "answer"),
    [
        ("A0803", ("A08",), True),
        ("A0803", ("A",), True),
        ("A0803", ("A0803",), True),
        ("A08", ("A0803",), False),
        ("A0803", ("A09", "B"), False),
        ("A0803", ("A0",), False),
        ("A0803", (), False),
    ],
)
def test_matching_is_by_prefix_and_no_wish_matches_nothing(
    code: str,
    wanted: tuple[str, ...],
    answer: bool,
) -> None:
    assert matches(code, wanted) is answer


def test_prefixes_go_by_level() -> None:
    assert prefixes("A080301") == ("A", "A08", "A0803", "A080301")


@pytest.mark.parametrize(
    ("code", "standing"),
    [("A", "known"), ("A08", "known"), ("A99", "unknown"), ("A0803", "unlisted"), ("B0101", "unlisted"),
     ("D", "malformed"), ("A8", "malformed"), ("", "malformed")],
)  # fmt: skip
def test_standing_in_the_table_that_ships(code: str, standing: str) -> None:
    assert shipped_specialties().standing(code) == standing


def test_an_operator_loads_the_full_table() -> None:
    table = read_csv("\ufeffcode,zh\r\nA,工程\r\nA08,施工\r\n".encode(), source="官方目录")
    assert table.names["A08"] == ("施工", "")
    assert table.standing("A0803") == "unlisted"
    assert table.standing("B") == "unknown"


def test_all_faults_of_a_table_come_at_once() -> None:
    with pytest.raises(RulesError) as refused:
        read_csv("code,zh,en\nA,工程,Works\nA,重复,Twice\nA1,,x\nB\n".encode(), source="x")
    found = refused.value.details["faults"]
    assert [(fault.pointer, fault.code) for fault in found] == [  # type: ignore[attr-defined]
        ("/2/code", "duplicate"),
        ("/3/code", "format"),
        ("/3/zh", "format"),
        ("/4", "length"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "specialties.header"),
        (b"name,code\n", "specialties.header"),
        (b"code,zh\n\xff,x\n", "specialties.encoding"),
        (b'code,zh\nA,"x\n', "specialties.encoding"),
        (b"x" * (4 * 1024 * 1024 + 1), "specialties.size"),
        (b"code,zh\n" + b"A,x\n" * 20_001, "specialties.size"),
    ],
)
def test_a_file_that_is_no_table_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(RulesError) as refused:
        read_csv(data, source="x")
    assert refused.value.code == code


def test_a_table_with_a_doubled_code_is_refused() -> None:
    entry = {"code": "A", "zh": "x", "en": "x", "status": "excerpt"}
    with pytest.raises(RulesError, match=r"specialties\.faults"):
        read_table({"source": "x", "entries": [entry, entry]})
