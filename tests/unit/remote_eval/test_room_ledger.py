"""The chain of a room's events: each way of tampering is found, and named by its own code."""

from dataclasses import replace
from typing import Any

import pytest

from remote_eval.errors import LedgerError
from remote_eval.room_ledger import (
    RoomEntry,
    RoomHead,
    detail_digest,
    follow,
    head_document,
    head_of,
    verify_chain,
)

SALT = bytes(16)
ROOM = "room_1"


def course(number: int = 5) -> tuple[list[RoomEntry], RoomHead]:
    head, entries = RoomHead(room=ROOM), []
    for at in range(number):
        detail = detail_digest(SALT, f"event {at}".encode())
        member = None if at == 0 else "mem_alice"
        entry = follow(head, at="2026-11-23T03:00:00.000Z", kind="hand", member=member, detail=detail)
        head = head_of(entry)
        entries.append(entry)
    return entries, head


def test_an_honest_room_holds_and_an_empty_one_too() -> None:
    entries, head = course()
    verify_chain(entries, head)
    verify_chain([], RoomHead(room=ROOM))


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("at", "2026-11-23T03:00:01.000Z"),
        ("kind", "chat"),
        ("member", None),
        ("member", "mem_bob"),
        ("detail", bytes(32)),
    ],
)
def test_an_altered_event_is_found(field: str, other: Any) -> None:
    entries, head = course()
    entries[2] = replace(entries[2], **{field: other})
    with pytest.raises(LedgerError, match=r"ledger\.hash") as found:
        verify_chain(entries, head)
    assert found.value.details == {"number": 3}


def test_a_removed_event_is_found_also_with_its_number_closed_up() -> None:
    entries, head = course()
    with pytest.raises(LedgerError, match=r"ledger\.number"):
        verify_chain([*entries[:2], *entries[3:]], head)
    closed = [*entries[:2], *(replace(one, seq=one.seq - 1) for one in entries[3:])]
    with pytest.raises(LedgerError, match=r"ledger\.previous"):
        verify_chain(closed, head)


def test_an_event_of_another_room_is_found() -> None:
    entries, head = course()
    entries[1] = replace(entries[1], room="room_2")
    with pytest.raises(LedgerError, match=r"ledger\.number"):
        verify_chain(entries, head)


def test_a_cut_end_and_an_added_end_are_found() -> None:
    entries, head = course()
    with pytest.raises(LedgerError, match=r"ledger\.head"):
        verify_chain(entries[:-1], head)
    with pytest.raises(LedgerError, match=r"ledger\.head"):
        verify_chain(entries, head_of(entries[-2]))


def test_a_detail_without_a_whole_salt_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"ledger\.detail"):
        detail_digest(b"short", b"")


def test_what_goes_into_the_log_tells_the_head_and_the_phase() -> None:
    _, head = course()
    document = head_document(head, phase="signing")
    assert head.hash.hex().encode() in document
    assert document != head_document(head, phase="closed")
