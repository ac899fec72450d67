"""The chain of a site's day: each way of tampering is found, and named by its own code."""

from dataclasses import replace

import pytest

from remote_eval.errors import LedgerError
from remote_eval.ledger import (
    LedgerEntry,
    LedgerHead,
    detail_digest,
    follow,
    head_document,
    head_of,
    verify_chain,
)

SALT = bytes(16)


def day(number: int = 5) -> tuple[list[LedgerEntry], LedgerHead]:
    head, entries = LedgerHead(site="ste_city", day="2026-11-23"), []
    for at in range(number):
        detail = detail_digest(SALT, f"entry {at}".encode())
        entry = follow(head, time="2026-11-23T03:00:00Z", kind="came-in", actor="dana", detail=detail)
        head = head_of(entry)
        entries.append(entry)
    return entries, head


def test_an_honest_day_holds_and_an_empty_one_too() -> None:
    entries, head = day()
    verify_chain(entries, head)
    verify_chain([], LedgerHead(site="ste_city", day="2026-11-23"))


@pytest.mark.parametrize("member", ["time", "kind", "actor", "detail"])
def test_an_altered_line_is_found(member: str) -> None:
    entries, head = day()
    other = bytes(32) if member == "detail" else "other"
    entries[2] = replace(entries[2], **{member: other})  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match=r"ledger\.hash") as found:
        verify_chain(entries, head)
    assert found.value.details == {"number": 3}


def test_a_removed_line_is_found() -> None:
    entries, head = day()
    with pytest.raises(LedgerError, match=r"ledger\.number"):
        verify_chain([*entries[:2], *entries[3:]], head)


def test_a_removed_line_with_numbers_closed_up_is_found() -> None:
    entries, head = day()
    closed = [*entries[:2], *(replace(one, number=one.number - 1) for one in entries[3:])]
    with pytest.raises(LedgerError, match=r"ledger\.previous"):
        verify_chain(closed, head)


def test_reordered_lines_are_found() -> None:
    entries, head = day()
    entries[1], entries[2] = entries[2], entries[1]
    with pytest.raises(LedgerError, match=r"ledger\.number"):
        verify_chain(entries, head)


def test_a_missing_end_and_a_longer_one_are_found() -> None:
    entries, head = day()
    with pytest.raises(LedgerError, match=r"ledger\.head"):
        verify_chain(entries[:-1], head)
    with pytest.raises(LedgerError, match=r"ledger\.head"):
        verify_chain(entries, head_of(entries[-2]))


def test_a_line_of_another_site_or_day_is_found() -> None:
    entries, head = day()
    for stray in (replace(entries[0], site="ste_county"), replace(entries[0], day="2026-11-24")):
        with pytest.raises(LedgerError, match=r"ledger\.number"):
            verify_chain([stray, *entries[1:]], head)


def test_a_day_computed_anew_has_another_head() -> None:
    """A rebuilt chain holds in itself; what it meets nowhere is the head that the log has."""
    entries, head = day()
    forged, other = day(4)
    verify_chain(forged, other)
    assert head_document(head) != head_document(other)
    assert b"ledger-head" in head_document(head)
    assert entries[0].hash.hex() not in head_document(head).decode()


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"ledger\.detail"):
        detail_digest(bytes(15), b"x")
    assert detail_digest(SALT, b"x") != detail_digest(bytes([1] * 16), b"x")
