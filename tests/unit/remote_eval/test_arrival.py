"""The way to the seat as a table: every pair of states, what each step needs, gates, lateness, mismatches."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from remote_eval import arrival as way
from remote_eval.errors import ArrivalError

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
EVERYTHING = frozenset(itertools.chain.from_iterable(way.NEEDS.values())) | {"clearance"}
READY = way.GateFacts(
    state=way.DEPOSITED,
    deposited=True,
    detector_clear=True,
    detector_alive=True,
    released=False,
    other_gate=False,
    dismissed=False,
)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(way.STATES, way.STATES)))
def test_every_pair_of_states_is_a_step_or_is_refused(source: str, target: str) -> None:
    if target in way.TRANSITIONS[source]:
        step = way.advance(source, target, shown=EVERYTHING, now=NOW)
        assert (step.source, step.target, step.at) == (source, target, NOW)
        return
    with pytest.raises(ArrivalError, match=r"arrival\.transition"):
        way.advance(source, target, shown=EVERYTHING, now=NOW)


def test_each_need_of_each_step_is_asked_for_by_name() -> None:
    walked = 0
    for source, targets in way.TRANSITIONS.items():
        for target in targets:
            for need in way.needs_of(source, target):
                with pytest.raises(ArrivalError) as refused:
                    way.advance(source, target, shown=EVERYTHING - {need}, now=NOW)
                assert refused.value.details == {"need": need}
                walked += 1
    assert walked > 15


def test_nobody_comes_to_a_seat_on_another_way() -> None:
    """Every path from the door to the seat goes through document and code, locker, gate and chance."""
    must = [way.IDENTIFIED, way.CONFIRMED, way.DEPOSITED, way.GATE_OPEN, way.INSIDE, way.SEAT_ASSIGNED]
    for left_out in must:
        reached, waiting = {way.EXPECTED}, [way.EXPECTED]
        while waiting:
            for target in way.TRANSITIONS[waiting.pop()] - reached - {left_out}:
                reached.add(target)
                waiting.append(target)
        assert way.SEATED not in reached, left_out


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ArrivalError, match=r"arrival\.state"):
        way.advance("beamed_in", way.SEATED, shown=EVERYTHING, now=NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"deposited": False}, "no-deposit"),
        ({"detector_clear": False}, "detector-alarm"),
        ({"detector_alive": False}, "detector-silent"),
        ({"other_gate": True}, "other-gate"),
        ({"dismissed": True}, "dismissed"),
        ({"state": way.INSIDE}, "passback"),
        ({"state": way.SEATED}, "passback"),
        ({"state": way.CONFIRMED}, "not-checked-in"),
        ({"state": way.DETECTOR_HOLD}, "detector-alarm"),
    ],
)
def test_each_reason_alone_keeps_the_gate_shut(change: dict[str, object], reason: str) -> None:
    assert way.decide_gate("in", READY) == way.GateDecision(opens=True)
    decided = way.decide_gate("in", replace(READY, **change))  # type: ignore[arg-type]
    assert (decided.opens, decided.reasons) == (False, (reason,))


def test_every_reason_is_told_at_once() -> None:
    facts = replace(READY, deposited=False, detector_clear=False, detector_alive=False)
    assert way.decide_gate("in", facts).reasons == ("no-deposit", "detector-alarm", "detector-silent")


@pytest.mark.parametrize("state", way.STATES)
def test_out_opens_whatever_is_wrong(state: str) -> None:
    facts = way.GateFacts(
        state=state,
        deposited=False,
        detector_clear=False,
        detector_alive=False,
        released=False,
        other_gate=True,
        dismissed=True,
    )
    assert way.decide_gate("out", facts).opens


def test_leaving_before_release_is_told_and_after_it_is_not() -> None:
    inside = replace(READY, state=way.SEATED)
    assert way.decide_gate("out", inside).alerts == ("left-before-release",)
    assert way.decide_gate("out", replace(inside, released=True)).alerts == ()
    assert way.decide_gate("out", READY).alerts == ("passback",)


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [(-5, "in-time"), (0, "in-time"), (1, "late"), (16, "late"), (30, "late"), (31, "too-late")],
)
def test_sixteen_minutes_are_late_and_thirty_one_too_late(minutes: int, verdict: str) -> None:
    late = way.lateness(NOW + timedelta(minutes=minutes), begins=NOW, arrive_by=NOW + timedelta(minutes=30))
    assert (late.verdict, late.minutes) == (verdict, max(0, minutes))


def test_a_begun_minute_counts() -> None:
    late = way.lateness(NOW + timedelta(seconds=1), begins=NOW, arrive_by=NOW + timedelta(minutes=30))
    assert (late.verdict, late.minutes) == ("late", 1)


def test_gates_and_seats_are_held_against_each_other() -> None:
    found = way.reconcile(inside={"a", "b"}, seated={"b", "c"})
    assert [(one.arrival, one.kind) for one in found] == [("a", "no-seat"), ("c", "not-inside")]
    assert way.reconcile(inside={"a"}, seated={"a"}) == []
