"""Terms of recordings, what forbids a deletion, and a course that contradicts itself."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.gateways.room_pack import room_pack
from crypto.canonical import JsonValue, parse
from remote_eval import preservation
from remote_eval.errors import PreservationError
from remote_eval.preservation import CLASSES, EVALUATION, PUBLIC, Act, Circumstances, class_of, kept_until
from remote_eval.venue import ZONES

CLOSED = datetime(2026, 8, 31, 17, 30, tzinfo=UTC)
FREE = Circumstances(
    until="2027-02-28T00:00:00Z", now="2027-03-01T00:00:00Z", cases=0, sealed=True, files=["a.qtr"]
)
FACTS: dict[str, dict[str, Any]] = {
    "proposal": {"class": EVALUATION},
    "approval": {"class": EVALUATION, "files": ["a.qtr"]},
    "deletion": {"class": EVALUATION, "files": ["a.qtr"]},
}


def acts(*told: str) -> list[Act]:
    """Acts by kind and, behind a colon, the letter of what they are about."""
    made = []
    for number, one in enumerate(told, start=1):
        kind, _, subject = one.partition(":")
        made.append(
            Act(
                number=number,
                kind=kind,
                at="2026-11-24T02:10:00Z",
                actor="olga",
                subject=subject or None,
                body=FACTS.get(kind, {}),
            )
        )
    return made


def test_the_pack_keeps_public_areas_six_months_and_evaluations_fifteen_years() -> None:
    terms = room_pack().terms
    assert terms.months == {PUBLIC: 6, EVALUATION: 15 * 12}
    assert (terms.check_days, terms.rule) == (30, "remote.cn@2026.3")
    for name in ("retention.evaluation_months", "retention.public_months"):
        assert room_pack().parameters[name].citable


@pytest.mark.parametrize(
    ("months", "until"),
    [
        (6, datetime(2027, 2, 28, 17, 30, tzinfo=UTC)),
        (18, datetime(2028, 2, 29, 17, 30, tzinfo=UTC)),
        (4, datetime(2026, 12, 31, 17, 30, tzinfo=UTC)),
        (180, datetime(2041, 8, 31, 17, 30, tzinfo=UTC)),
    ],
)
def test_a_term_ends_by_the_calendar_and_on_the_last_day_of_a_shorter_month(
    months: int, until: datetime
) -> None:
    assert kept_until(CLOSED, months) == until


def test_only_areas_open_to_all_have_the_short_term() -> None:
    assert {zone for zone in ZONES if class_of(zone) == PUBLIC} == {"check-in", "waiting"}
    assert [class_of(one) for one in (None, "outside", "somewhere")] == [EVALUATION] * 3


@pytest.mark.parametrize(
    ("changed", "course", "code"),
    [
        ({"now": "2027-02-27T23:59:59Z"}, [], "preservation.term"),
        ({"cases": 1}, [], "preservation.case"),
        ({"sealed": False}, [], "preservation.unsealed"),
        ({"files": []}, [], "preservation.nothing"),
        ({}, ["hold:h"], "preservation.held"),
        ({}, ["hold:h", "hold:i", "release:h"], "preservation.held"),
        ({}, ["check", "incident:i"], "preservation.incident"),
        ({}, ["proposal:d"], "preservation.asked"),
        ({}, ["proposal:d", "approval:d"], "preservation.nothing"),
        ({}, ["proposal:d", "approval:d", "deletion:d"], "preservation.nothing"),
    ],
)
def test_each_obstacle_forbids_alone(changed: dict[str, Any], course: list[str], code: str) -> None:
    found = replace(FREE, **changed)
    assert preservation.obstacles(preservation.fold(acts(*course)), EVALUATION, found) == [code]


@pytest.mark.parametrize(
    "course", [[], ["hold:h", "release:h"], ["incident:i", "closure:i"], ["proposal:d", "refusal:d"]]
)
def test_what_is_settled_forbids_nothing(course: list[str]) -> None:
    assert preservation.obstacles(preservation.fold(acts(*course)), EVALUATION, FREE) == []


def test_a_deletion_of_one_class_does_not_wait_for_that_of_another() -> None:
    course = preservation.fold(acts("proposal:d"))
    assert [course.asked(klass) for klass in CLASSES] == [True, False]


def test_everything_that_forbids_is_told_at_once() -> None:
    course = preservation.fold(acts("hold:h", "incident:i"))
    found = replace(FREE, now="2026-12-01T00:00:00Z", cases=2)
    assert preservation.obstacles(course, EVALUATION, found) == [
        "preservation.term",
        "preservation.held",
        "preservation.case",
        "preservation.incident",
    ]


@pytest.mark.parametrize(
    "course",
    [
        ["release:h"],
        ["hold:h", "release:h", "release:h"],
        ["hold:h", "hold:h"],
        ["closure:i"],
        ["approval:d"],
        ["proposal:d", "refusal:d", "approval:d"],
        ["proposal:d", "deletion:d"],
        ["proposal:d", "approval:d", "deletion:d", "deletion:d"],
    ],
)
def test_acts_that_contradict_one_another_are_refused(course: list[str]) -> None:
    with pytest.raises(PreservationError, match=r"preservation\.acts"):
        preservation.fold(acts(*course))


def test_an_act_that_was_taken_out_is_missed() -> None:
    first, _, third = acts("hold:h", "check", "release:h")
    with pytest.raises(PreservationError) as refused:
        preservation.fold([first, third])
    assert refused.value.details == {"number": 2}


def test_a_certificate_says_what_goes_by_which_rule_and_whose_word() -> None:
    (proposed,) = acts("proposal:d")
    file: dict[str, JsonValue] = {
        "file": "0001-a.mem_a.camera.qtr",
        "track": "mem_a/camera",
        "bytes": 9,
        "head": "00" * 32,
    }
    told = parse(
        preservation.certificate(
            room="room_1",
            deletion="d",
            klass=EVALUATION,
            until=FREE.until,
            rule="remote.cn@2026.3",
            proposed=proposed,
            approved_by="sven",
            at=FREE.now,
            words="11" * 32,
            files=[file],
        ),
        max_bytes=4096,
    )
    assert told == {
        "format": "qt/1 recording-deletion",
        "room": "room_1",
        "deletion": "d",
        "class": "evaluation",
        "kept_until": FREE.until,
        "rule": "remote.cn@2026.3",
        "proposed": {"by": "olga", "at": proposed.at},
        "approved": {"by": "sven", "at": FREE.now},
        "reason": "11" * 32,
        "files": [file],
    }
