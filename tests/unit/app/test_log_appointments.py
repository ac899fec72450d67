"""A log with appointments, read whole: one that nobody approved, one that fills another section's seats, and
one that is to pass for a draw."""

from collections.abc import Callable
from typing import Any

import pytest

from app.errors import LogCorruptError
from app.usecases.log_appointments import SectionAppointments
from crypto.signing import SigningKey
from draw.entries import Entry, check_sequence, draft, entry_bytes, sign, sign_all, to_json
from draw.errors import EntryError
from draw.verify import format_entries
from draw.verify.shapes import MismatchError
from tests.support.ceremony import Ceremony, Plan

TIME = "2026-11-23T01:00:00Z"
A, B = "0a" * 32, "0b" * 32
KEYS = {
    role: SigningKey.from_seed(bytes([number]) * 32)
    for number, role in enumerate(("platform", "agency", "supervisor", "cosigner"), start=1)
}
PARTIES = {role: key.public.hex() for role, key in KEYS.items()}


def registered(*roles: str) -> list[Entry]:
    """Key entries as the log begins with them."""
    made = []
    for role in roles:
        body = {"role": role, "name": role, "public": PARTIES[role], "vrf": None, "seal": None}
        if role in ("platform", "supervisor"):
            body["vrf"] = PARTIES[role]
        if role == "cosigner":
            body["seal"] = PARTIES[role]
        made.append(sign_all(draft("key", TIME, body), KEYS))
    return made


def request(section: str) -> Entry:
    body = {"section": section, "round": 1, "previous": None, "parties": PARTIES}
    return sign_all(draft("request", TIME, body), KEYS)


def appointment(section: str = A, *, keys: dict[str, SigningKey] | None = None, **changes: Any) -> Entry:
    """An appointment of one expert for the draw with number 4, as it should be."""
    body: dict[str, Any] = {
        "section": section,
        "number": 1,
        "previous": None,
        "parties": PARTIES,
        "way": "self_selected",
        "fills": 4,
        "reason": "short_pool",
        "approval": "ab" * 32,
        "rules": "cd" * 32,
        "seats": 1,
        "outside": 0,
        "document": "ef" * 32,
        "deadlines": {"open": TIME},
        **changes,
    }
    return sign_all(draft("appointment", TIME, body), keys or KEYS)


def commit(draw: int) -> Entry:
    body = {"draw": draw, "role": "agency", "commitment": "11" * 32}
    return sign_all(draft("commit", TIME, body), KEYS)


def ground() -> list[Entry]:
    """Four keys and the draw 4 of section A."""
    return [*registered("platform", "agency", "supervisor", "cosigner"), request(A)]


def forged() -> Entry:
    """Signed by somebody who says that they are the supervisor."""
    return appointment(keys={**KEYS, "supervisor": SigningKey.from_seed(bytes(32))})


WALKS: dict[str, tuple[Callable[[], list[Entry]], str | None]] = {
    "one that is in order, and another": (
        lambda: [*ground(), appointment(), appointment(number=2, previous=5)],
        None,
    ),
    "one without any draw": (lambda: [*ground(), appointment(B, way="direct", fills=None)], None),
    "the supervisor's name under a stranger's signature": (
        lambda: [*ground(), forged()],
        "log.appointment-unsigned",
    ),
    "a supervisor whom the log does not know": (
        lambda: [*registered("platform", "agency", "cosigner"), request(A), appointment(fills=3)],
        "log.appointment-unsigned",
    ),
    "seats of another section": (lambda: [*ground(), appointment(B)], "log.appointment-unlinked"),
    "seats of no draw": (lambda: [*ground(), appointment(fills=3)], "log.appointment-unlinked"),
    "the first one twice": (
        lambda: [*ground(), appointment(), appointment()],
        "log.appointment-unlinked",
    ),
    "the one before left out": (
        lambda: [*ground(), appointment(number=2, previous=4)],
        "log.appointment-unlinked",
    ),
    "a friend who is shown as drawn": (
        lambda: [*ground(), appointment(), commit(4), commit(5)],
        "log.appointment-drawn",
    ),
}


@pytest.mark.parametrize("story", WALKS)
def test_a_walk_over_the_log_finds_an_appointment_that_is_not_one(story: str) -> None:
    made, code = WALKS[story]
    entries, walk = made(), SectionAppointments()
    for index, entry in enumerate(entries[:-1]):
        walk.read(index, entry_bytes(entry))
    if code is None:
        walk.read(len(entries) - 1, entry_bytes(entries[-1]))
        return
    with pytest.raises(LogCorruptError) as found:
        walk.read(len(entries) - 1, entry_bytes(entries[-1]))
    assert (found.value.code, found.value.details["index"]) == (code, len(entries) - 1)


def test_the_platform_alone_appoints_nobody() -> None:
    half = sign(draft("appointment", TIME, appointment().body), "platform", KEYS["platform"])
    with pytest.raises(EntryError, match=r"entry\.signatures"):
        entry_bytes(half)


@pytest.mark.parametrize("label", ["commit:agency", "seal", "result", "event:1"])
def test_no_step_of_a_draw_follows_an_appointment(label: str) -> None:
    honest = Ceremony(Plan(seed=3, events=((0, "decline", "supervisor"),)))
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([appointment(), honest.entry(label)])


def test_no_verifier_of_draws_reads_an_appointment() -> None:
    with pytest.raises(MismatchError, match="type"):
        format_entries.entry(to_json(appointment()), "entries/0/entry")
