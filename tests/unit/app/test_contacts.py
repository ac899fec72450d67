"""The file of contacts: every row with a fault is told, by its number and never by its value."""

import pytest

from app.errors import InputRefusedError
from app.store.repositories.contacts import Contact
from app.usecases.invitations.contacts import MAX_BYTES, read_contacts, synthetic_contacts

HEAD = "expert,phone,email,channels\n"


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InputRefusedError) as refusal:
        read_contacts(text.encode())
    assert "000" not in str(refusal.value.faults)
    return [(one.code, one.pointer) for one in refusal.value.faults]


def test_a_file_in_order() -> None:
    found = read_contacts((HEAD + "e1,00012345678,,sms+voice\ne2,,a@b.example,email\n").encode("utf-8-sig"))
    assert found == {
        "e1": Contact(phone="00012345678", email=None, channels=("sms", "voice")),
        "e2": Contact(phone=None, email="a@b.example", channels=("email",)),
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("e1,,,sms", [("contacts.value", "/0/phone")]),
        ("e1,000-1,,sms", [("contacts.value", "/0/phone")]),
        ("e1,,nobody,email", [("contacts.value", "/0/email")]),
        ("e1,00012345678,,pigeon", [("contacts.value", "/0/channels")]),
        ("e1,00012345678,,sms+sms", [("contacts.value", "/0/channels")]),
        ("e1,00012345678,,", [("contacts.value", "/0/channels")]),
        (",00012345678,,sms", [("contacts.row", "/0")]),
        ("e1,00012345678,sms", [("contacts.row", "/0")]),
        ("e1,00012345678,,sms,more", [("contacts.row", "/0")]),
        ("e1,00012345678,,sms\ne1,00012345679,,sms", [("contacts.row", "/1")]),
    ],
)
def test_each_fault(row: str, expected: list[tuple[str, str]]) -> None:
    assert faults(HEAD + row + "\n") == expected


def test_other_columns_no_rows_and_no_text() -> None:
    assert faults("expert,phone\ne1,000\n") == [("contacts.columns", "")]
    assert faults(HEAD) == [("contacts.columns", "")]
    with pytest.raises(InputRefusedError, match="contacts"):
        read_contacts(b"\xff\xfe")


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(InputRefusedError) as refusal:
        read_contacts(b" " * (MAX_BYTES + 1))
    assert refusal.value.faults[0].code == "contacts.size"


def test_numbers_of_nobody() -> None:
    found = synthetic_contacts(["a", "b"])
    assert {one.phone for one in found.values()} == {"00000000000", "00000000001"}
