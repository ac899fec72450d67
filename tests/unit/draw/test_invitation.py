"""Invitations and campaigns: every pair of states is a step or refused, and the ladder has one order."""

from itertools import pairwise, product

import pytest

from draw import invitation
from draw.entry_bodies import EVENT_CLASSES
from draw.errors import LifecycleError
from draw.invitation import (
    ACCEPTED,
    CAMPAIGN,
    INVITATION,
    LADDER_STEPS,
    VACATING,
    Table,
    advance,
    next_steps,
    require_next,
    standing,
)

NOW = "2026-11-23T01:00:00Z"
# Written out once more by hand: the table is what is tested.
LETTERS = """
queued: sent heard invalid_number accept1 declined timeout replaced superseded
sent: heard invalid_number accept1 declined timeout replaced superseded
invalid_number: sent heard accept1 declined timeout replaced superseded
heard: accept1 declined timeout replaced superseded
accept1: accepted declined timeout replaced superseded
accepted: on_leave_early on_leave_late arrived late no_show replaced superseded
declined: replaced
timeout: accept1 declined replaced
on_leave_early: replaced
on_leave_late: replaced
no_show: replaced
arrived: seated recused_at_venue on_leave_late replaced superseded
late: seated recused_at_venue on_leave_late replaced superseded
seated: finished recused_at_venue on_leave_late replaced superseded
recused_at_venue: replaced
replaced:
finished:
superseded:
"""
CAMPAIGNS = """
proposed: inviting cancelled
inviting: filled short closed cancelled
filled: inviting short sealed closed cancelled
short: inviting filled closed cancelled
sealed: inviting short checked_in closed cancelled
checked_in: inviting short opened closed cancelled
opened: inviting short closed cancelled
closed: published
published:
cancelled:
"""


def listed(text: str) -> dict[str, set[str]]:
    lines = (line.split(":") for line in text.strip().splitlines())
    return {source: set(targets.split()) for source, targets in lines}


PAIRS = [
    (table, listed(text)[source], source, target)
    for table, text in ((INVITATION, LETTERS), (CAMPAIGN, CAMPAIGNS))
    for source, target in product(table, repeat=2)
]


@pytest.mark.parametrize(("table", "allowed", "source", "target"), PAIRS)
def test_every_pair_of_states(table: Table, allowed: set[str], source: str, target: str) -> None:
    if target in allowed:
        step = advance(table, source, target, now=NOW)
        assert (step.source, step.target, step.time) == (source, target, NOW)
    else:
        with pytest.raises(LifecycleError, match=r"invitation\.transition"):
            advance(table, source, target, now=NOW)


@pytest.mark.parametrize("pair", [("asleep", "sent"), ("queued", "asleep")])
def test_an_unknown_state_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(LifecycleError, match=r"invitation\.state"):
        advance(INVITATION, *pair, now=NOW)


JOURNEYS = [
    "queued sent heard accept1 accepted arrived seated finished",
    "queued sent heard declined replaced",
    "queued sent timeout replaced",
    "queued sent invalid_number heard accept1 accepted late seated finished",
    "queued sent invalid_number timeout replaced",
    "queued sent heard accept1 accepted on_leave_early replaced",
    "queued sent heard accept1 accepted on_leave_late replaced",
    "queued sent heard accept1 accepted no_show replaced",
    "queued sent heard accept1 accepted late recused_at_venue replaced",
    "queued sent heard accept1 accepted superseded",
]


@pytest.mark.parametrize("journey", JOURNEYS)
def test_the_journeys_of_an_invitation(journey: str) -> None:
    for source, target in pairwise(journey.split()):
        advance(INVITATION, source, target, now=NOW)


def test_one_press_accepts_nothing() -> None:
    assert {source for source, targets in INVITATION.items() if ACCEPTED in targets} == {"accept1"}


def test_no_seat_passes_on_because_a_number_is_dead() -> None:
    assert invitation.INVALID_NUMBER not in VACATING
    assert invitation.INVALID_NUMBER in invitation.OPEN


def test_each_vacating_state_has_a_class_of_the_format_and_leads_on() -> None:
    for state, cause in VACATING.items():
        assert cause in EVENT_CLASSES
        assert "replaced" in INVITATION[state]
        assert state == "timeout" or INVITATION[state] == {"replaced"}


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        (["accepted", "accepted"], "filled"),
        (["accepted", "arrived", "late", "seated"], "filled"),
        (["accepted", None], "short"),
        (["sent", None], "inviting"),
        (["accepted", "declined"], "inviting"),
        (["accepted", "invalid_number"], "inviting"),
        ([None, None], "short"),
    ],
)
def test_what_a_campaign_has_come_to(seats: list[str | None], expected: str) -> None:
    assert standing(seats) == expected


def test_the_ladder_is_climbed_in_order() -> None:
    assert next_steps(LADDER_STEPS, []) == LADDER_STEPS
    assert next_steps(LADDER_STEPS, ["widen_region"]) == LADDER_STEPS[1:]
    require_next(LADDER_STEPS, ["widen_region"], "sibling_specialty")


def test_no_step_is_left_out_and_none_is_taken_twice() -> None:
    for taken, step in (([], "self_selection"), (["widen_region"], "widen_region"), ([], "postpone")):
        with pytest.raises(LifecycleError, match=r"ladder\.order"):
            require_next(LADDER_STEPS, taken, step)


def test_a_pack_without_self_selection_never_offers_it() -> None:
    ladder = tuple(step for step in LADDER_STEPS if step != "self_selection")
    with pytest.raises(LifecycleError, match=r"ladder\.unknown"):
        require_next(ladder, ["widen_region", "sibling_specialty", "other_province"], "self_selection")
    require_next(ladder, ["widen_region", "sibling_specialty", "other_province"], "postpone")
