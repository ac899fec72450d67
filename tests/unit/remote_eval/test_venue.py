"""Who may enter which zone when, and when a seat is ready."""

from datetime import UTC, datetime, timedelta

import pytest

from remote_eval.venue import (
    BIDDER,
    CHECK_COUNTS,
    ENTRY,
    EQUIPMENT,
    EVALUATING,
    EXPERT,
    FAULTY,
    OK,
    PHASES,
    PREPARING,
    ROLES,
    SEATED_ZONES,
    SIGNING,
    STAFF,
    WITNESS,
    ZONES,
    Part,
    faulty,
    may_be_let_in,
    may_enter,
    shared,
    unready,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def seat(**conditions: str) -> tuple[Part, ...]:
    """A seat checked an hour ago, all ok but what is named."""
    checked = NOW - timedelta(hours=1)
    return tuple(Part(name=one, condition=conditions.get(one, OK), checked_at=checked) for one in EQUIPMENT)


def test_every_kind_of_zone_says_for_every_phase_who_may_enter() -> None:
    assert ENTRY.keys() == ZONES.keys()
    for zone, phases in ENTRY.items():
        assert phases.keys() == set(PHASES), zone
        assert all(roles <= set(ROLES) for roles in phases.values()), zone


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("zone", sorted(ZONES))
def test_a_bidder_is_only_ever_heard_face_to_face_while_the_committee_sits(zone: str, phase: str) -> None:
    heard = zone in SEATED_ZONES - {"evaluation"} and phase in (EVALUATING, SIGNING)
    assert may_enter(zone, BIDDER, phase) is heard
    assert may_be_let_in(zone, BIDDER, phase, consent=True, witnessed=True) is heard


def test_staff_prepare_a_room_and_leave_it_before_the_evaluation() -> None:
    assert may_enter("evaluation", STAFF, PREPARING)
    assert not may_enter("evaluation", EXPERT, PREPARING)
    assert may_enter("evaluation", EXPERT, EVALUATING)
    assert not may_enter("evaluation", STAFF, EVALUATING)
    assert may_enter("evaluation", WITNESS, EVALUATING)


@pytest.mark.parametrize(
    ("consent", "witnessed", "enters"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_staff_come_in_during_the_evaluation_by_consent_and_beside_a_witness(
    consent: bool, witnessed: bool, enters: bool
) -> None:
    assert may_be_let_in("evaluation", STAFF, EVALUATING, consent=consent, witnessed=witnessed) is enters


def test_unknown_zones_phases_and_roles_are_closed() -> None:
    assert not may_enter("attic", STAFF, PREPARING)
    assert not may_enter("evaluation", STAFF, "holiday")
    assert not may_enter("evaluation", "stranger", PREPARING)
    assert not may_be_let_in("attic", STAFF, EVALUATING, consent=True, witnessed=True)
    assert not may_be_let_in("evaluation", "stranger", EVALUATING, consent=True, witnessed=True)


@pytest.mark.parametrize("part", EQUIPMENT)
def test_one_faulty_part_makes_a_seat_unready_and_is_named(part: str) -> None:
    broken = seat(**{part: FAULTY})
    assert faulty(broken) == (part,)
    assert unready(broken, now=NOW) == (part,)
    assert unready(seat(), now=NOW) == ()


def test_a_check_counts_for_a_day_and_not_a_second_longer() -> None:
    old = Part(name="pc", condition=OK, checked_at=NOW - CHECK_COUNTS)
    rest = seat()[1:]
    assert unready((old, *rest), now=NOW) == ()
    assert unready((old, *rest), now=NOW + timedelta(seconds=1)) == ("pc",)


def test_a_part_that_nobody_checked_or_that_is_not_there_is_not_ready() -> None:
    assert unready((Part(name="pc"), *seat()[1:]), now=NOW) == ("pc",)
    assert unready((), now=NOW) == EQUIPMENT
    assert faulty((Part(name="pc"),)) == ()


def test_a_room_is_shared_only_if_it_allows_it_and_the_project_agrees() -> None:
    assert shared("mixed", agreed=True)
    assert not shared("mixed", agreed=False)
    assert not shared("single", agreed=True)
