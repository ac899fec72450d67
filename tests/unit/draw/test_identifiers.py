"""Identifiers: the published vectors, the remainder that trips implementations, and what each fault is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.errors import SnapshotError
from draw.identifiers import (
    USCC_ALPHABET,
    birth_of,
    id_check_character,
    id_number_fault,
    normal_id_number,
    org_fault,
    organisation_check_character,
    province_of,
    region_prefix_fault,
    uscc_check_character,
    uscc_fault,
)

KNOWN = ["91110108551385082Q", "91350100M000100Y43", "91110108MA00000070", "91110108MA01ABCDH0"]


@pytest.mark.parametrize("code", KNOWN)
def test_known_credit_codes_pass(code: str) -> None:
    assert uscc_fault(code) is None


def test_remainder_zero_gives_the_character_zero() -> None:
    # Published validators index one past the alphabet here.
    assert uscc_check_character("91110108MA01ABCDH") == "0"
    assert uscc_check_character("91110108MA0000007") == "0"


@pytest.mark.parametrize(("first", "check"), [("55138508", "2"), ("M000100Y", "4")])
def test_organisation_codes_of_gb_11714(first: str, check: str) -> None:
    assert organisation_check_character(first) == check


def test_organisation_code_can_end_in_x() -> None:
    first = next(f"{n:08d}" for n in range(100) if organisation_check_character(f"{n:08d}") == "X")
    seventeen = f"91110108{first}X"
    assert uscc_fault(seventeen + uscc_check_character(seventeen)) is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", "length"),
        ("91110108551385082", "length"),
        ("91110108551385082q", "alphabet"),
        ("9111010855138508IQ", "alphabet"),
        ("911101A8551385082Q", "alphabet"),
        ("９1110108551385082Q", "alphabet"),
        ("91110108551385083Q", "check"),
        ("91110108MA01ABCDH1", "check"),
        ("91110108551385082R", "check"),
    ],
)
def test_a_wrong_credit_code_is_told_what_is_wrong(code: str, fault: str) -> None:
    assert uscc_fault(code) == fault


@given(st.sampled_from(KNOWN), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_one_changed_character_is_always_found(code: str, place: int, char: str) -> None:
    changed = code[:place] + char + code[place + 1 :]
    assert (uscc_fault(changed) is None) is (changed == code)


def test_known_identity_number() -> None:
    assert id_check_character("11010519491231002") == "X"
    assert id_number_fault("11010519491231002X") is None
    assert normal_id_number("11010519491231002x") == "11010519491231002X"
    assert birth_of("11010519491231002X") == "1949-12-31"


def test_fifteen_digits_become_the_same_eighteen() -> None:
    assert normal_id_number("110105491231002") == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("1101051949123100", "length"),
        ("11010519491231002Y", "digits"),
        ("1101051949123100２X", "digits"),
        ("11010549123100X", "digits"),
        ("110105194902290028", "date"),
        ("110105490229002", "date"),
        ("110105194912310021", "check"),
    ],
)
def test_a_wrong_identity_number_is_told_what_is_wrong_without_the_number(number: str, fault: str) -> None:
    assert id_number_fault(number) == fault
    with pytest.raises(SnapshotError) as refused:
        normal_id_number(number)
    assert refused.value.code == f"id_number.{fault}"
    assert number not in repr(refused.value) + repr(refused.value.details)


@given(st.integers(0, 16), st.integers(0, 9))
def test_one_changed_digit_of_an_identity_number_is_always_found(place: int, digit: int) -> None:
    number = "11010519491231002X"
    changed = f"{number[:place]}{digit}{number[place + 1 :]}"
    assert (id_number_fault(changed) is None) is (changed == number)


@pytest.mark.parametrize(
    ("org", "fault"),
    [
        ("uscc:91110108551385082Q", None),
        ("org:any-thing", None),
        ("uscc:91110108551385082R", "uscc_check"),
        ("91110108551385082Q", "syntax"),
        ("o:x", "syntax"),
        ("org:", "syntax"),
        ("org:a b", "syntax"),
    ],
)
def test_organisations(org: str, fault: str | None) -> None:
    assert org_fault(org) == fault


@pytest.mark.parametrize(
    ("prefix", "fault"),
    [("3", None), ("35", None), ("350100", None), ("9", "unknown"), ("99", "unknown"), ("3501001", "syntax"),
     ("", "syntax"), ("35a", "syntax")],
)  # fmt: skip
def test_region_prefixes(prefix: str, fault: str | None) -> None:
    assert region_prefix_fault(prefix) == fault


def test_provinces_of_gb_2260() -> None:
    assert province_of("350100") == "福建省"
    assert province_of("990100") is None
