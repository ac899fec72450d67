"""A case's states, its documents, and the check of what it froze, item by item."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from crypto.canonical import canonical, parse
from remote_eval import case_check, case_file, room_ledger
from remote_eval import ledger as site_ledger
from remote_eval.case_check import Finding
from remote_eval.case_file import (
    STATES,
    AlertEvidence,
    Evidence,
    NodeEvidence,
    RecordingHead,
    RoomEvidence,
    Step,
)
from remote_eval.errors import CaseError
from remote_eval.ledger import LedgerEntry, LedgerHead
from remote_eval.room_ledger import RoomEntry, RoomHead

SALT = bytes(16)
ALERT: dict[str, str | None] = {
    "id": "alr_1",
    "site": "ste_1",
    "kind": "detector-alarm",
    "level": "high",
    "subject": "dev_1",
    "gate": "dev_2",
    "opened_at": "2026-11-24T02:00:00Z",
}
STEP = Step(
    case="cas_1",
    draw="drw_1",
    number=1,
    state="opened",
    previous=None,
    by="sven",
    at="2026-11-24T02:10:00Z",
    words=case_file.words_digest(SALT, b"{}"),
    salt=SALT,
)


def room_of(*kinds: str) -> list[RoomEntry]:
    """The ledger of a room with these events."""
    head, entries = RoomHead(room="room_1"), []
    for kind in kinds:
        detail = room_ledger.detail_digest(SALT, kind.encode())
        entry = room_ledger.follow(head, at="2026-11-24T02:00:00.000Z", kind=kind, member=None, detail=detail)
        entries.append(entry)
        head = room_ledger.head_of(entry)
    return entries


def day_of(*kinds: str) -> list[LedgerEntry]:
    """The ledger of a site's day with these entries."""
    head, entries = LedgerHead(site="ste_1", day="2026-11-24"), []
    for kind in kinds:
        detail = site_ledger.detail_digest(SALT, kind.encode())
        entry = site_ledger.follow(head, time="2026-11-24T02:00:00Z", kind=kind, actor="dana", detail=detail)
        entries.append(entry)
        head = site_ledger.head_of(entry)
    return entries


ROOM, DAY = room_of("opened", "phase", "node", "chat"), day_of("check-in", "alert", "alert-closed")
# Frozen before the last entry of each.
FROZEN = Evidence(
    rooms=[
        RoomEvidence(
            head=room_ledger.head_of(ROOM[2]),
            recordings=[
                RecordingHead(file="p1-a.qtr", frames=3, head=b"h" * 32),
                RecordingHead(file="p1-a.idx", frames=9, head=b"i" * 32),
            ],
        )
    ],
    alert=AlertEvidence(
        id="alr_1",
        site="ste_1",
        digest=case_file.alert_digest(ALERT),
        day="2026-11-24",
        number=2,
        hash=DAY[1].hash,
    ),
    node=NodeEvidence(room="room_1", node="ste_1/conduct", seq=3, hash=ROOM[2].hash),
)


def checked(**changes: Any) -> list[Finding]:
    """What does not hold, of everything frozen, with these things kept otherwise than they were."""
    kept: dict[str, Any] = {"room": ROOM, "day": DAY, "alert": ALERT, "faults": {}, "shut": (), "closed": ()}
    kept |= changes
    room, alert, node = FROZEN.rooms[0], FROZEN.alert, FROZEN.node
    assert alert is not None
    assert node is not None
    found = [
        case_check.room_ledger(room, kept["room"], shut=kept["shut"]),
        *case_check.recordings(room, kept["faults"]),
        case_check.alert(alert, kept["alert"]),
        case_check.site_ledger(alert, kept["day"], shut=kept["closed"]),
        case_check.node(node, kept["room"], shut=kept["shut"]),
    ]
    return [one for one in found if one.code is not None]


# -- states and documents


@pytest.mark.parametrize(("state", "target"), list(product([*STATES, "none"], STATES)))
def test_every_cell_of_the_state_table(state: str, target: str) -> None:
    ways = {("opened", "decided"), ("decided", "transferred"), ("decided", "closed")}
    if (state, target) in ways:
        case_file.require_step(state, target)
        return
    with pytest.raises(CaseError, match=r"^case\.state$"):
        case_file.require_step(state, target)


def test_what_is_frozen_is_read_back_from_canonical_bytes() -> None:
    document = case_file.opening_document(STEP, reason="phone-found-inside", seat=3, evidence=FROZEN)
    told = parse(document, max_bytes=1 << 16)
    assert canonical(told) == document
    assert case_file.evidence_of(document) == FROZEN
    bare = case_file.opening_document(STEP, reason="tampering", seat=None, evidence=Evidence(rooms=[]))
    assert case_file.evidence_of(bare) == Evidence(rooms=[])


def test_words_are_in_no_document_and_a_digest_without_its_salt_tells_nothing() -> None:
    words = canonical({"words": "席位发现手机"})
    step = replace(STEP, words=case_file.words_digest(SALT, words))
    document = case_file.opening_document(step, reason="tampering", seat=None, evidence=FROZEN)
    assert words not in document
    assert "手机".encode() not in document
    assert case_file.words_digest(b"s" * 16, words) != step.words
    # The same step twice is two documents: the log holds no digest that can be guessed.
    other = replace(step, salt=b"s" * 16)
    assert document != case_file.opening_document(other, reason="tampering", seat=None, evidence=FROZEN)


def test_what_is_no_case_is_refused() -> None:
    later = replace(STEP, number=2, state="decided", previous="0" * 64)
    for wrong in (
        lambda: case_file.opening_document(STEP, reason="dislike", seat=1, evidence=FROZEN),
        lambda: case_file.step_document(later),
        lambda: case_file.step_document(later, outcome="promoted"),
        lambda: case_file.step_document(replace(later, state="closed"), outcome="stays"),
        lambda: case_file.step_document(replace(later, salt=b"short"), outcome="stays"),
        lambda: case_file.words_digest(b"", b"{}"),
        lambda: case_file.read(b"[]"),
        lambda: case_file.read(canonical({"format": "qt/1 room-head"})),
        lambda: case_file.evidence_of(case_file.step_document(later, outcome="stays")),
    ):
        with pytest.raises(CaseError):
            wrong()


# -- what was frozen


def test_what_only_grew_still_holds() -> None:
    assert checked() == []
    assert checked(room=[*ROOM, *room_of("x")], day=DAY[:2]) == []


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"room": [ROOM[0], replace(ROOM[1], kind="hand"), *ROOM[2:]]}, {"room-ledger": "ledger.hash"}),
        ({"room": [ROOM[0], *ROOM[2:]]}, {"room-ledger": "ledger.number"}),
        # The chain computed anew holds in itself, and does not come to the frozen head; so does its node.
        (
            {"room": room_of("opened", "hand", "node", "chat")},
            {"room-ledger": "ledger.head", "node": "node.altered"},
        ),
        (
            {"room": [*ROOM[:2], replace(ROOM[2], kind="hand"), ROOM[3]]},
            {"room-ledger": "ledger.hash", "node": "node.altered"},
        ),
        ({"room": ROOM[:2]}, {"room-ledger": "ledger.head", "node": "node.missing"}),
        ({"shut": {2}}, {"room-ledger": "ledger.detail"}),
        ({"shut": {3}}, {"room-ledger": "ledger.detail", "node": "node.altered"}),
        # What came after the freezing is no part of it.
        ({"shut": {4}, "closed": {3}}, {}),
        ({"faults": {"p1-a.qtr": "recording.frame"}}, {"recording": "recording.frame"}),
        ({"faults": {"p9-z.qtr": "recording.frame"}}, {}),
        ({"alert": ALERT | {"kind": "gate-forced"}}, {"alert": "alert.altered"}),
        ({"alert": ALERT | {"opened_at": "2026-11-24T01:00:00Z"}}, {"alert": "alert.altered"}),
        ({"alert": None}, {"alert": "alert.missing"}),
        ({"day": [replace(DAY[0], actor="olga"), *DAY[1:]]}, {"site-ledger": "ledger.hash"}),
        ({"day": day_of("check-in", "chat")}, {"site-ledger": "ledger.head"}),
        ({"closed": {1}}, {"site-ledger": "ledger.detail"}),
    ],
)
def test_exactly_what_was_changed_no_longer_holds(changes: dict[str, Any], codes: dict[str, str]) -> None:
    assert {one.item: one.code for one in checked(**changes)} == codes


def test_without_an_archive_each_of_its_files_is_missing() -> None:
    lost = checked(faults=None)
    assert [(one.of, one.code) for one in lost] == [
        ("room_1/p1-a.qtr", "recording.missing"),
        ("room_1/p1-a.idx", "recording.missing"),
    ]
