"""Every pair of states: the table's steps are allowed, all others refused (draw-proof §2, §9)."""

from itertools import product

import pytest

from draw.errors import EntryError, LifecycleError
from draw.lifecycle import FINAL, STATES, TRANSITIONS, advance, may_open_escrow
from draw.record import Deadlines

NOW = "2026-03-01T08:00:00Z"
DEADLINES = Deadlines(
    reveal="2026-03-01T09:00:00Z", result="2026-03-01T10:00:00Z", open="2026-03-01T12:00:00Z"
)
ORDER = ("requested", "committed", "sealed", "escrowed", "revealed", "drawn", "opened")


@pytest.mark.parametrize(("state", "target"), list(product(STATES, STATES)))
def test_every_pair_of_states_is_either_in_the_course_or_refused(state: str, target: str) -> None:
    onward = state in ORDER[:-1] and target == ORDER[ORDER.index(state) + 1]
    # Whoever was appointed was never drawn, and no draw becomes an appointment.
    onward = onward or (state, target) == ("appointed", "opened")
    aborting = target == "aborted" and state not in ("opened", "aborted")
    if onward or aborting:
        step = advance(state, target, now=NOW)
        assert (step.source, step.target, step.time) == (state, target, NOW)
    else:
        with pytest.raises(LifecycleError, match=r"draw\.transition"):
            advance(state, target, now=NOW)


def test_opened_and_aborted_are_the_only_ends() -> None:
    assert {"opened", "aborted"} == FINAL
    assert set(TRANSITIONS) == {*ORDER, "appointed", "aborted"}


@pytest.mark.parametrize(("state", "target"), [("drawn", "burnt"), ("burnt", "opened")])
def test_unknown_states_are_refused(state: str, target: str) -> None:
    with pytest.raises(LifecycleError, match=r"draw\.state"):
        advance(state, target, now=NOW)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(EntryError, match=r"entry\.time"):
        advance("requested", "committed", now="tomorrow")


@pytest.mark.parametrize(
    ("now", "allowed"),
    [("2026-03-01T10:00:00Z", True), ("2026-03-01T10:00:01Z", False)],
    ids=["at the deadline", "a second later"],
)
def test_a_result_is_logged_by_its_deadline(now: str, allowed: bool) -> None:
    if allowed:
        assert advance("revealed", "drawn", now=now, deadlines=DEADLINES).target == "drawn"
    else:
        with pytest.raises(LifecycleError, match=r"draw\.too_late"):
            advance("revealed", "drawn", now=now, deadlines=DEADLINES)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [("2026-03-01T11:59:59Z", False), ("2026-03-01T12:00:00Z", True)],
    ids=["a second early", "on time"],
)
def test_an_opening_waits_for_its_time(now: str, allowed: bool) -> None:
    if allowed:
        assert advance("drawn", "opened", now=now, deadlines=DEADLINES).target == "opened"
    else:
        with pytest.raises(LifecycleError, match=r"draw\.too_early"):
            advance("drawn", "opened", now=now, deadlines=DEADLINES)


def test_the_escrow_opens_only_after_the_reveal_deadline_has_passed() -> None:
    assert not may_open_escrow("escrowed", now="2026-03-01T09:00:00Z", deadlines=DEADLINES)
    assert may_open_escrow("escrowed", now="2026-03-01T09:00:01Z", deadlines=DEADLINES)
    assert not may_open_escrow("revealed", now="2026-03-01T09:30:00Z", deadlines=DEADLINES)
