"""The room's phases and rules: every pair of phases, a start refused with all reasons, consent, calls.

Each rule is shown by the act that breaks it alone.
"""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from remote_eval import commands as cmd
from remote_eval import room
from remote_eval import room_state as rs
from remote_eval.checklist import POINTS, open_nodes
from remote_eval.errors import RoomError, SignallingError
from remote_eval.presence import evaluation_ms
from remote_eval.room_phases import BY_CALL, BY_REFORM, BY_WITNESS, TRANSITIONS
from tests.support.rooms import (
    BEGINS,
    HOUR,
    LABEL,
    LIMITS,
    OPENED,
    SEATS,
    Room,
    called,
    evaluating,
    filled,
    on_call,
    person,
    signing,
)


def in_phase(phase: str) -> Room:
    if phase == rs.PREPARING:
        return filled()
    if phase == rs.CLARIFYING:
        return on_call()[0]
    made = (
        signing() if phase in {rs.SIGNING, rs.CLOSED} else filled() if phase == rs.CHECK_IN else evaluating()
    )
    if phase == rs.CHECK_IN:
        made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    if phase == rs.CLOSED:
        made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    return made


@pytest.mark.parametrize(("source", "target"), list(product(rs.PHASES, rs.PHASES)))
def test_every_pair_of_phases_is_a_step_of_its_own_act_or_is_refused(source: str, target: str) -> None:
    made = in_phase(source)
    by = TRANSITIONS[source].get(target)
    if by == BY_WITNESS:
        made.do("w1", cmd.MoveTo(to=target))
        assert made.state.phase == target
        return
    refused, reasons = made.refused("w1", cmd.MoveTo(to=target))
    if source == rs.CLOSED:
        assert refused == "signal.not-allowed"
        return
    assert refused == "room.phase"
    assert reasons == ["reform-only" if by == BY_REFORM else "transition"]
    if by == BY_CALL:
        call = called(made) if source == rs.EVALUATING else made.state.live_call
        act = cmd.CallStart(call=call) if isinstance(call, str) else cmd.CallEnd(call=call.id if call else "")
        made.do("e1", act)
        assert made.state.phase == target


def test_nobody_but_a_witness_moves_the_room() -> None:
    made = filled()
    for other in ("e1", "v1", "s1", "c1"):
        assert made.refused(other, cmd.MoveTo(to=rs.CHECK_IN))[0] == "signal.not-allowed"


# ---- the start of the evaluation


def checked_in() -> Room:
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    return made


BLOCKS: dict[str, list[cmd.Fact]] = {
    "recording": [cmd.SiteFact(site="south", recording="off")],
    "link": [cmd.SiteFact(site="south", link=rs.DEGRADED)],
    "clock": [cmd.SiteFact(site="south", clock_ms=90_000)],
    "view": [cmd.TrackFact(track="c2/camera", up=False, cause="unplugged")],
    "black": [cmd.Raise(code="black", track="c1/camera")],
    "frozen": [cmd.Raise(code="frozen", track="e1/camera")],
    "camera": [cmd.TrackFact(track="e1/camera", up=False, cause="unplugged")],
    "microphone": [cmd.TrackFact(track="e1/microphone", up=False, cause="unplugged")],
    "quorum": [cmd.Present(member="e4", presence=rs.RECONNECTING)],
    "alarm": [cmd.Raise(code="disk", site="south")],
}


@pytest.mark.parametrize("reason", BLOCKS)
def test_one_thing_out_of_order_blocks_the_start_and_is_named(reason: str) -> None:
    made = checked_in()
    made.fact(*BLOCKS[reason])
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.not-ready", [reason])


def test_a_clock_that_is_behind_blocks_like_one_that_is_ahead() -> None:
    made = checked_in()
    made.fact(cmd.SiteFact(site="south", clock_ms=-2_001))
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.not-ready", ["clock"])


def test_a_lazy_witness_who_went_away_cannot_be_the_only_one() -> None:
    made = checked_in()
    made.fact(cmd.Present(member="w2", presence=rs.RECONNECTING))
    made.do("w1", cmd.Bye())
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.not-ready", ["witness"])


def test_six_faults_get_six_reasons_at_once() -> None:
    made = checked_in()
    for reason in ("recording", "clock", "view", "black", "camera", "quorum"):
        made.fact(*BLOCKS[reason])
    code, reasons = made.refused("w1", cmd.MoveTo(to=rs.EVALUATING))
    assert code == "room.not-ready"
    assert sorted(reasons) == sorted(["recording", "clock", "view", "black", "camera", "quorum"])


def test_what_was_repaired_blocks_no_longer() -> None:
    made = checked_in()
    made.fact(cmd.Raise(code="black", track="c1/camera"), cmd.SiteFact(site="south", clock_ms=-90_000))
    made.fact(cmd.Clear(code="black", track="c1/camera"), cmd.SiteFact(site="south", clock_ms=40))
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    assert made.state.phase == rs.EVALUATING
    assert not made.state.alarms


def test_nobody_checks_in_before_the_recorders_run() -> None:
    made = filled()
    made.fact(cmd.SiteFact(site="north", recording="late"))
    assert made.refused("w1", cmd.MoveTo(to=rs.CHECK_IN)) == ("room.not-ready", ["recording"])


def test_a_room_needs_one_host_and_a_quorum_that_can_be() -> None:
    site = rs.Site(id="north", label=LABEL, part="remote")
    with pytest.raises(RoomError) as refused:
        room.start(
            room="room_1",
            sites=[site, site],
            begins_at=BEGINS,
            ends_at=BEGINS,
            committee=5,
            quorum=6,
            limits=LIMITS,
            now=OPENED,
        )
    reasons: Any = refused.value.details["reasons"]
    assert [one["code"] for one in reasons] == ["one-host", "site-twice", "quorum", "times"]


# ---- who may do what, beyond the table


def test_a_fact_cannot_come_from_a_member() -> None:
    made = evaluating()
    assert made.refused("e1", cmd.SiteFact(site="south", link=rs.LOST))[0] == "signal.not-allowed"


def test_a_command_cannot_come_from_nobody_or_from_a_stranger() -> None:
    made = evaluating()
    assert made.refused(None, cmd.Chat(text="谁在说话"))[0] == "signal.not-allowed"
    stranger = person("e9", rs.EXPERT, "north")
    with pytest.raises(SignallingError, match=r"signal\.not-allowed"):
        room.decide(made.state, stranger, cmd.Chat(text="我也是专家"), now=made.now, new_id=lambda: "1")


def test_a_member_that_claims_another_role_in_its_object_gets_the_rights_of_the_room() -> None:
    """The actor is looked up: what the caller's object says about its role is not believed."""
    made = evaluating()
    forged = replace(made.state.members["e1"], role=rs.WITNESS, zone="witness")
    with pytest.raises(SignallingError, match=r"signal\.not-allowed"):
        room.decide(made.state, forged, cmd.MoveTo(to=rs.SIGNING), now=made.now, new_id=lambda: "1")


def test_nobody_comes_back_with_another_role_or_site() -> None:
    made = evaluating()
    for other in (person("e1", rs.WITNESS, "north"), person("e1", rs.EXPERT, "south")):
        assert made.refused(None, cmd.Admit(member=other)) == ("room.state", ["identity"])


def test_the_room_is_full_at_its_limit() -> None:
    made = evaluating()
    for number in range(64 - len(made.state.members)):
        made.fact(cmd.Admit(member=person(f"x{number}", rs.SUPERVISOR, None)))
    assert made.refused(None, cmd.Admit(member=person("late", rs.SUPERVISOR, None))) == (
        "room.state",
        ["full"],
    )


# ---- what holds the room, and breaks


def test_a_directive_pauses_at_once_and_also_while_results_are_signed() -> None:
    made = signing()
    made.do("v1", cmd.Direct(order="pause", reason="收到投诉"))
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.held", ["paused"])
    assert made.refused("e1", cmd.Chat(text="继续吗"))[0] == "signal.not-allowed"
    assert made.refused("v1", cmd.Direct(order="pause", reason="再停")) == ("room.state", ["paused"])
    made.do("v1", cmd.Direct(order="resume", reason="核查完毕"))
    assert made.refused("v1", cmd.Direct(order="resume", reason="又")) == ("room.state", ["not-paused"])
    made.do("e1", cmd.Chat(text="继续"))


def test_nobody_signs_and_nobody_closes_past_a_supervisor_who_has_stopped_the_room() -> None:
    made = signing()
    for node in made.state.nodes:
        made.do("w1", cmd.TickNode(node=node, state="ok"))
    made.do("v1", cmd.Direct(order="pause", reason="收到投诉"))
    assert made.refused("w1", cmd.SignReport(digest="0" * 64)) == ("room.held", ["paused"])
    assert made.refused("w1", cmd.MoveTo(to=rs.CLOSED)) == ("room.held", ["paused"])
    made.do("v1", cmd.Direct(order="resume", reason="核查完毕"))
    # What cannot go on for want of an engine can be ended all the same.
    made.fact(cmd.Raise(code="engine"))
    made.do("w1", cmd.SignReport(digest="0" * 64))
    made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    assert made.state.phase == rs.CLOSED


def test_a_break_stops_the_clock_and_warns_when_it_is_over() -> None:
    made = evaluating().later(HOUR)
    assert evaluation_ms(made.state, made.now) == HOUR
    made.do("w1", cmd.TakeBreak(on=True, kind="meal", minutes=40))
    made.later(40 * 60_000).tick()
    assert not made.state.alarms
    made.later(1_000).tick()
    made.later(1_000).tick()
    assert [event.body["code"] for event in made.ledger if event.kind == "alarm"] == ["break-over"]
    assert evaluation_ms(made.state, made.now) == HOUR
    made.do("w1", cmd.TakeBreak(on=False))
    assert not made.state.alarms
    assert evaluation_ms(made.state, made.later(5_000).now) == HOUR + 5_000


def test_no_break_while_held_and_none_twice() -> None:
    made = evaluating()
    assert made.refused("w1", cmd.TakeBreak(on=False)) == ("room.state", ["no-break"])
    made.do("w1", cmd.TakeBreak(on=True, kind="rest", minutes=10))
    rest = cmd.TakeBreak(on=True, kind="rest", minutes=10)
    assert made.refused("w1", rest) == ("room.held", ["break"])


def test_after_a_night_everybody_is_identified_again() -> None:
    made = evaluating()
    made.do("w1", cmd.TakeBreak(on=True, kind="night", minutes=600))
    made.later(10 * HOUR)
    made.do("w1", cmd.TakeBreak(on=False))
    held = made.state.urgent_holds[0]
    assert (held.kind, held.causes) == (rs.FROZEN, ("identify:north", "identify:south"))
    made.do("w1", cmd.ResumeSite(site="north", confirmed=("e1", "e2", "o1")))
    short = cmd.ResumeSite(site="south", confirmed=("e3",))
    assert made.refused("w1", short) == ("room.quorum", ["quorum"])
    made.do("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))
    assert made.state.holds == {}


def test_alarms_of_engine_and_recorder_freeze_until_they_are_over() -> None:
    made = evaluating()
    made.fact(cmd.Raise(code="engine"), cmd.Raise(code="recorder", site="south"))
    assert made.fact(cmd.Raise(code="engine")) == []
    made.fact(cmd.Clear(code="engine"))
    held = made.state.urgent_holds[0]
    assert held.causes == ("recorder",)
    made.fact(cmd.Raise(code="recorder", site="north"))
    made.fact(cmd.Clear(code="recorder", site="south"))
    assert made.state.holds, "the other site still has no recorder"
    made.fact(cmd.Clear(code="recorder", site="north"))
    assert not made.state.holds


# ---- people at their seats


def test_a_person_moves_to_a_free_seat_of_the_same_site() -> None:
    made = evaluating()
    assert made.refused("s2", cmd.Swap(seat="seat-e1", to="seat-9"))[0] == "signal.unknown"
    assert made.refused("s1", cmd.Swap(seat="seat-e1", to="seat-e2")) == ("room.state", ["seat-taken"])
    before = made.later(5_000).state.members["e1"]
    made.do("s1", cmd.Swap(seat="seat-e1", to="seat-9"))
    moved = made.state.members["e1"]
    assert (moved.seat, moved.chair, moved.role, moved.presence) == (
        "seat-9",
        True,
        rs.EXPERT,
        rs.RECONNECTING,
    )
    assert (moved.joined_at, moved.confirmed) == (before.joined_at, True)
    assert moved.spent == {rs.HERE: rs.milliseconds(made.now - before.since)}


def test_whoever_is_moved_is_on_the_way_until_coming_in_and_nothing_comes_from_the_old_seat() -> None:
    made = evaluating()
    assert {"e1/camera", "e1/microphone"} <= made.state.tracks.keys()
    made.do("s1", cmd.Swap(seat="seat-e1", to="seat-9"))
    assert made.state.members["e1"].moving
    assert not [track for track in made.state.tracks if track.startswith("e1/")]
    made.later(60_000).tick()
    assert (made.state.members["e1"].presence, made.state.members["e1"].moving) == (rs.AWAY, True)
    # Moved once more before sitting down.
    made.do("s1", cmd.Swap(seat="seat-9", to="seat-10"))
    assert made.state.members["e1"].moving
    made.fact(cmd.Present(member="e1", presence=rs.HERE))
    assert (made.state.members["e1"].seat, made.state.members["e1"].moving) == ("seat-10", False)


def test_a_chair_who_speaks_to_a_bidder_is_out_of_the_voice_once_moved() -> None:
    made, call = on_call()
    made.do("e1", cmd.Speak(on=True))
    assert made.state.calls[call].speaking == {"e1"}
    made.do("s1", cmd.Swap(seat="seat-e1", to="seat-9"))
    assert made.state.calls[call].speaking == frozenset()


def test_who_does_not_come_back_within_the_minute_is_away_and_keeps_seat_and_role() -> None:
    made = evaluating()
    made.fact(cmd.Present(member="e1", presence=rs.RECONNECTING))
    made.later(59_999).tick()
    assert made.state.members["e1"].presence == rs.RECONNECTING
    made.later(1).tick()
    away = made.state.members["e1"]
    assert (away.presence, away.seat, away.chair) == (rs.AWAY, "seat-e1", True)
    made.fact(cmd.Present(member="e1", presence=rs.HERE))
    assert made.state.members["e1"].presence == rs.HERE


# ---- the checklist


def test_the_report_cannot_be_signed_with_an_open_node() -> None:
    made = signing()
    nodes = list(open_nodes(made.state))
    assert len(nodes) == 2 * len(POINTS)
    sign = cmd.SignReport(digest="ab" * 32)
    for node in nodes[:-1]:
        made.do("w1", cmd.TickNode(node=node, state="ok"))
    assert made.refused("w1", sign) == ("room.state", ["node-open"])
    silent = cmd.TickNode(node=nodes[-1], state="exception")
    assert made.refused("w1", silent) == ("room.state", ["text-missing"])
    made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    made.do("w1", cmd.TickNode(node=nodes[-1], state="exception", text="移交推迟到次日"))
    made.do("w1", sign)
    assert made.state.report == "ab" * 32
    assert made.refused("w1", sign) == ("room.state", ["report-signed"])
    late = cmd.TickNode(node=nodes[0], state="ok")
    assert made.refused("w1", late) == ("room.state", ["report-signed"])


def test_a_node_that_is_none_cannot_be_ticked() -> None:
    assert filled().refused("w1", cmd.TickNode(node="north/none", state="ok"))[0] == "signal.unknown"


# ---- reform


def test_a_room_is_not_sealed_for_a_new_committee_before_the_limit() -> None:
    made = evaluating()
    made.fact(cmd.SiteFact(site="south", link=rs.LOST))
    assert made.refused("v1", cmd.Reform(reason="等不及")) == ("room.state", ["limit"])


def test_chat_keeps_its_last_two_hundred_texts() -> None:
    made = evaluating()
    for number in range(205):
        made.do(SEATS[number % 5], cmd.Chat(text=f"第 {number} 条"))
    assert len(made.state.chat) == 200
    assert made.state.chat[0].text == "第 5 条"
