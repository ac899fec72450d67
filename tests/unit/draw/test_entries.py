"""Log entries: only signers complete them, only their own bytes parse, only a lawful course passes (§2)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from crypto.canonical import canonical
from crypto.signing import SigningKey
from draw import entries
from draw.entries import (
    Entry,
    Signature,
    check_sequence,
    draft,
    draw_entries,
    from_json,
    parse_entry,
    sign_all,
    signers,
)
from draw.entry_bodies import from_seconds, to_seconds
from draw.errors import EntryError
from tests.support.ceremony import Ceremony, Plan
from tests.support.forgery import BEACON, RICH
from tests.support.invited import ABSENCES, PARALLEL

HONEST = Ceremony(replace(RICH, beacon=None))
LABELS = [label for label in HONEST.labels if not label.startswith("foreign")]
OF_THE_DRAW = [label for label in LABELS if label.partition(":")[0] not in ("key", "pool")]


@pytest.mark.parametrize("label", LABELS)
def test_every_entry_survives_the_way_to_bytes_and_back(label: str) -> None:
    entry = HONEST.entry(label)
    assert parse_entry(entries.entry_bytes(entry)) == entry
    entries.verify(entry, {role: key.public for role, key in HONEST.keys.items()})


def test_each_type_asks_for_the_signers_of_the_table() -> None:
    asked = {label: signers(HONEST.entry(label)) for label in LABELS}
    assert asked["key:platform"] == ("platform",)
    assert asked["key:cosigner"] == ("platform", "cosigner")
    assert asked["commit:agency"] == ("agency",)
    assert asked["seal"] == ("platform", "agency", "supervisor")
    assert asked["escrow:agency"] == ("cosigner",)
    assert asked["reveal:supervisor"] == ("supervisor",)
    assert asked["answer:1"] == ("supervisor",)
    assert asked["open"] == ("platform", "supervisor")


def test_a_reveal_from_escrow_is_signed_by_the_cosigner() -> None:
    ceremony = Ceremony(replace(BEACON, from_escrow=("agency",)))
    assert signers(ceremony.entry("reveal:agency")) == ("cosigner",)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("t", 0),
        ("t", True),
        ("seat", "zz"),
        ("class", "luck"),
        ("mode", "platform"),
        ("evidence", None),
        ("sdr", "AB" * 32),
        ("extra", 1),
    ],
)
def test_a_body_outside_its_table_is_refused(member: str, value: Any) -> None:
    body = {**HONEST.entry("event:1").body, member: value}
    with pytest.raises(EntryError, match=r"entry\.body"):
        draft("event", "2026-01-01T00:00:00Z", body)


def test_members_that_belong_together_are_refused_apart() -> None:
    key = HONEST.entry("key:supervisor").body
    request = HONEST.entry("request").body
    beacon = {"chain": "quicknet", "round": 1, "signature": "00" * 96, "previous": None}
    for kind, body in (
        ("key", {**key, "vrf": None}),
        ("key", {**key, "seal": "00" * 32}),
        ("request", {**request, "round": 2}),
        ("request", {**request, "previous": 3}),
        ("result", {**HONEST.entry("result").body, "beacon": beacon}),
        ("result", {**HONEST.entry("result").body, "beacon": {**beacon, "chain": "default"}}),
    ):
        with pytest.raises(EntryError, match=r"entry\.body"):
            draft(kind, "2026-01-01T00:00:00Z", body)


@pytest.mark.parametrize(
    "time", ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z", "1899-01-01T00:00:00Z"]
)
def test_a_time_that_is_no_moment_is_refused(time: str) -> None:
    with pytest.raises(EntryError, match=r"entry\.time"):
        draft("open", time, HONEST.entry("open").body)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(EntryError, match=r"entry\.type"):
        draft("redraw", "2026-01-01T00:00:00Z", {})


def test_an_entry_with_a_signature_missing_has_no_bytes() -> None:
    seal = HONEST.entry("seal")
    with pytest.raises(EntryError, match=r"entry\.signatures"):
        entries.entry_bytes(replace(seal, signatures=seal.signatures[:2]))


def test_nobody_signs_for_a_role_that_the_table_does_not_ask() -> None:
    unsigned = replace(HONEST.entry("commit:agency"), signatures=())
    with pytest.raises(EntryError, match=r"entry\.signer"):
        entries.sign(unsigned, "supervisor", HONEST.keys["supervisor"])


def test_nobody_signs_twice() -> None:
    commit = HONEST.entry("commit:agency")
    with pytest.raises(EntryError, match=r"entry\.signer"):
        entries.sign(commit, "agency", HONEST.keys["agency"])


def test_a_signature_made_elsewhere_has_to_hold() -> None:
    unsigned = replace(HONEST.entry("commit:agency"), signatures=())
    wrong = Signature(role="agency", key=HONEST.keys["agency"].public, signature=bytes(64))
    with pytest.raises(EntryError, match=r"entry\.signature"):
        entries.with_signature(unsigned, wrong)


def test_parties_sign_in_any_order_and_stand_in_the_order_of_roles() -> None:
    entry = replace(HONEST.entry("seal"), signatures=())
    for role in ("supervisor", "platform", "agency"):
        entry = entries.sign(entry, role, HONEST.keys[role])
    assert entry == HONEST.entry("seal")
    assert sign_all(replace(entry, signatures=()), HONEST.keys) == entry


def test_a_stranger_with_a_good_signature_is_not_a_party() -> None:
    stranger = SigningKey.from_seed(bytes(32))
    entry = HONEST.sign(HONEST.entry("pool"), {"platform": stranger})
    with pytest.raises(EntryError, match=r"entry\.key"):
        entries.verify(entry, {role: key.public for role, key in HONEST.keys.items()})


def test_an_edited_entry_no_longer_verifies() -> None:
    pool = HONEST.entry("pool")
    edited = replace(pool, body={**pool.body, "size": 1})
    with pytest.raises(EntryError, match=r"entry\.signature"):
        entries.verify(edited, {role: key.public for role, key in HONEST.keys.items()})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"a":1,"a":2}',
        canonical({"protocol": "qt/2"}),
        entries.entry_bytes(HONEST.entry("pool")) + b"\n",
        entries.entry_bytes(HONEST.entry("pool")).replace(b"qt/1", b"qt/2", 1),
        entries.entry_bytes(HONEST.entry("pool")).replace(b'"time":"', b'"time":"x', 1),
        entries.entry_bytes(HONEST.entry("pool")).replace(b'"platform"', b'"nobody"', 1),
    ],
)
def test_bytes_that_no_party_wrote_do_not_parse(data: bytes) -> None:
    with pytest.raises(EntryError):
        parse_entry(data)


def test_wrong_types_in_the_frame_do_not_parse() -> None:
    honest: Any = json.loads(entries.entry_bytes(HONEST.entry("pool")))
    for member, value in (("type", 1), ("time", 1), ("body", []), ("signatures", {}), ("signatures", [1])):
        with pytest.raises(EntryError):
            from_json({**honest, member: value})


def test_the_honest_course_is_lawful_at_every_moment() -> None:
    course = [HONEST.entry(label) for label in OF_THE_DRAW]
    for end in range(len(course) + 1):
        check_sequence(course[:end])


@pytest.mark.parametrize("missing", [label for label in OF_THE_DRAW if label not in ("open", "answer:4")])
def test_no_step_can_be_left_out(missing: str) -> None:
    course = [HONEST.entry(label) for label in OF_THE_DRAW if label != missing]
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence(course)


@pytest.mark.parametrize("twice", OF_THE_DRAW)
def test_no_step_happens_twice(twice: str) -> None:
    at = OF_THE_DRAW.index(twice)
    labels = [*OF_THE_DRAW[: at + 1], twice, *OF_THE_DRAW[at + 1 :]]
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([HONEST.entry(label) for label in labels])


@pytest.mark.parametrize("end", range(1, len(OF_THE_DRAW)))
def test_a_draw_may_be_aborted_at_any_moment_and_then_stands_still(end: int) -> None:
    aborted = Ceremony(Plan(stage="sealed", abort="fault")).entry("abort")
    course = [HONEST.entry(label) for label in OF_THE_DRAW]
    check_sequence([*course[:end], aborted])
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([*course[:end], aborted, course[end]])


def test_an_opened_draw_cannot_be_aborted() -> None:
    aborted = Ceremony(Plan(stage="sealed", abort="fault")).entry("abort")
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([*(HONEST.entry(label) for label in OF_THE_DRAW), aborted])


INVITED_LABELS = [
    label for label in Ceremony(ABSENCES).labels if label.partition(":")[0] not in ("key", "pool")
]


def invited(labels: list[str]) -> list[Entry]:
    ceremony = Ceremony(ABSENCES)
    return [ceremony.entry(label) for label in labels]


def test_invitations_and_answers_stand_beside_the_events() -> None:
    check_sequence(invited(INVITED_LABELS))
    parallel = Ceremony(PARALLEL)
    check_sequence([parallel.entry(label) for label in parallel.labels[parallel.index("request") :]])


@pytest.mark.parametrize("kind", ["invite:1", "reply:1"])
@pytest.mark.parametrize("place", ["seal", "result", "open"])
def test_nobody_is_invited_before_the_result_or_behind_the_opening(kind: str, place: str) -> None:
    labels = [label for label in INVITED_LABELS if label != kind]
    labels.insert(labels.index(place) + (place == "open"), kind)
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence(invited(labels))


def test_invitations_are_numbered_and_answers_name_one_that_stands() -> None:
    swapped = list(INVITED_LABELS)
    at = swapped.index("invite:1")
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence(invited(swapped))
    early = [label for label in INVITED_LABELS if label != "reply:4"]
    early.insert(early.index("invite:4"), "reply:4")
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence(invited(early))


@pytest.mark.parametrize("place", ["seal", "commit:agency"])
def test_no_document_is_put_on_record_before_the_seal(place: str) -> None:
    ceremony = Ceremony(PARALLEL)
    labels = [label for label in ceremony.labels[ceremony.index("request") :] if label != "record:1"]
    labels.insert(labels.index(place), "record:1")
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([ceremony.entry(label) for label in labels])


def test_a_draw_that_was_given_up_takes_no_records() -> None:
    ceremony = Ceremony(replace(PARALLEL, stage="revealed", abort="fault"))
    course = [ceremony.entry(label) for label in ceremony.labels[ceremony.index("request") :]]
    check_sequence(course)
    with pytest.raises(EntryError, match=r"entry\.order"):
        check_sequence([*course, ceremony.entry("record:1")])


@pytest.mark.parametrize(("signature", "record"), [(None, None), ("00" * 64, "00" * 32)])
def test_an_answer_is_proved_in_exactly_one_way(signature: str | None, record: str | None) -> None:
    body = {**Ceremony(ABSENCES).entry("reply:1").body, "signature": signature, "record": record}
    with pytest.raises(EntryError, match=r"entry\.body"):
        draft("reply", "2026-11-21T08:00:00Z", body)


def test_a_draws_entries_are_its_request_and_what_names_it() -> None:
    numbered = [(at, HONEST.entry(label)) for at, label in enumerate(HONEST.labels)]
    own = draw_entries(numbered, HONEST.index("request"))
    assert [entry.type for _, entry in own] == [label.partition(":")[0] for label in OF_THE_DRAW]


def test_times_and_seconds_are_the_same_moment() -> None:
    assert to_seconds("2023-08-23T15:20:00Z") == 1_692_804_000
    assert from_seconds(1_692_804_000) == "2023-08-23T15:20:00Z"
    with pytest.raises(EntryError):
        to_seconds("2023-08-23")
