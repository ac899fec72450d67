"""Who must be there for a room to go on: the quorum whatever froze it, a way out when it cannot, a witness.

An engine or recorder that is gone for long is an outage like a site's, with the same limits and the same ways
on (R24, R39).
"""

from dataclasses import replace
from typing import Any

import pytest

from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.room_events import from_json, to_json
from remote_eval.room_fold import replay
from tests.support.rooms import BEGINS, HOUR, SEATS, Room, evaluating, filled, on_call, person, signing

MINUTE = 60_000
WHOLE = ("e3", "e4")
NORTH = ("e1", "e2", "o1")


def lose(made: Room, site: str = "south") -> None:
    made.fact(cmd.SiteFact(site=site, link=rs.LOST))


def back(made: Room, site: str = "south") -> None:
    made.fact(cmd.SiteFact(site=site, link=rs.UP))


def resume(made: Room, *confirmed: str, site: str = "south") -> None:
    made.do("w1", cmd.ResumeSite(site=site, confirmed=confirmed))


def causes(made: Room) -> tuple[str, ...]:
    held = made.state.holds.get(rs.FROZEN)
    return () if held is None else held.causes


def codes(made: Room) -> set[str]:
    return {one.code for one in made.state.alarms.values()}


def gone(made: Room, *members: str) -> None:
    """These left, and did not come back within the minute."""
    for one in members:
        made.fact(cmd.Present(member=one, presence=rs.RECONNECTING))
    made.later(MINUTE).tick()


def silent(made: Room) -> bool:
    return all(
        made.refused(seat, cmd.Chat(text="继续"))[0] == "signal.not-allowed"
        for seat in SEATS
        if seat in made.state.members
    )


# ---- a freeze that ends, whatever ends it


@pytest.mark.parametrize("code", ["engine", "recorder"])
def test_an_alarm_that_ends_last_does_not_let_a_site_back_in_that_nobody_identified(code: str) -> None:
    """A site is lost while the recorder is: resuming it without a look at anybody, then the alarm's end."""
    made = evaluating()
    lose(made)
    made.fact(cmd.Raise(code=code))
    back(made)
    assert made.refused("w1", cmd.ResumeSite(site="south", confirmed=())) == ("room.quorum", ["quorum"])
    made.fact(cmd.Clear(code=code))
    assert causes(made) == ("site:south",)
    assert silent(made)
    resume(made, *WHOLE)
    assert made.state.holds == {}


def test_whoever_was_identified_while_the_recorder_was_lost_goes_on_when_it_is_back() -> None:
    made = evaluating()
    lose(made)
    made.fact(cmd.Raise(code="recorder"))
    back(made)
    resume(made, *WHOLE)
    assert causes(made) == ("recorder",)
    made.fact(cmd.Clear(code="recorder"))
    assert made.state.holds == {}


def test_a_member_lost_while_the_engine_was_down_is_missed_when_it_is_back() -> None:
    made = evaluating()
    made.fact(cmd.Raise(code="engine"), cmd.Present(member="e4", presence=rs.RECONNECTING))
    made.fact(cmd.Clear(code="engine"))
    assert causes(made) == ("quorum",)
    made.fact(cmd.Present(member="e4", presence=rs.HERE))
    assert made.state.holds == {}


# ---- below the quorum


def test_a_member_who_is_gone_stops_the_others_until_the_quorum_is_back() -> None:
    made = evaluating()
    made.fact(cmd.Present(member="e4", presence=rs.RECONNECTING))
    made.later(MINUTE - 1).tick()
    assert made.state.holds == {}, "who is back within the minute was not gone"
    events = made.later(1).tick()
    assert causes(made) == ("quorum",)
    assert [one.member for one in events if one.kind in {"hold", "alarm"}] == [None, None]
    (alarm,) = made.state.alarms.values()
    assert (alarm.code, alarm.value) == ("quorum", 4)
    assert silent(made)
    assert made.state.ran_since is None
    # A witness is told what is missing, not only that the room is held.
    assert made.refused("w1", cmd.MoveTo(to=rs.SIGNING)) == ("room.not-ready", ["quorum"])
    made.later(5 * HOUR).fact(cmd.Present(member="e4", presence=rs.HERE))
    assert (made.state.holds, codes(made)) == ({}, set())
    assert made.state.outages == {}, "people who are gone are no outage, and no limit runs for them"
    made.do("e1", cmd.Chat(text="继续"))


def test_a_freeze_below_the_quorum_holds_a_call_too_and_ends_with_the_successor() -> None:
    made, _ = on_call()
    made.fact(cmd.Expel(member="e4", cause="recused"))
    assert causes(made) == ("quorum",)
    assert made.grants("b1").receive == frozenset()
    made.fact(cmd.Admit(member=person("e5", rs.EXPERT, "south")))
    assert made.state.holds == {}


def test_a_smaller_quorum_goes_on_without_the_one_who_left() -> None:
    made = evaluating(quorum=4)
    gone(made, "e4")
    assert (made.state.holds, codes(made)) == ({}, set())
    gone(made, "e3")
    assert causes(made) == ("quorum",)


def test_who_was_not_identified_does_not_count_in_the_place_of_one_who_leaves() -> None:
    made = evaluating(quorum=4)
    lose(made)
    back(made)
    resume(made, "e3")
    made.do("e1", cmd.Bye())
    assert causes(made) == ("quorum",)
    resume(made, "e4")
    assert made.state.holds == {}


def test_in_a_break_nobody_is_missed_and_after_it_the_room_waits_for_its_quorum() -> None:
    made = evaluating()
    made.do("w1", cmd.TakeBreak(on=True, kind="meal", minutes=40))
    for seat in SEATS:
        made.do(seat, cmd.Bye())
    assert set(made.state.holds) == {rs.BREAK}
    assert made.refused("v1", cmd.Reform(reason="都走了")) == ("room.state", ["limit"])
    made.do("w1", cmd.TakeBreak(on=False))
    assert causes(made) == ("quorum",)
    for seat in SEATS:
        assert causes(made) == ("quorum",)
        made.fact(cmd.Present(member=seat, presence=rs.HERE))
    assert made.state.holds == {}


def test_those_who_wait_for_a_successor_may_have_their_meal() -> None:
    made = evaluating()
    made.fact(cmd.Expel(member="e4", cause="recused"))
    made.do("w1", cmd.TakeBreak(on=True, kind="meal", minutes=40))
    assert set(made.state.holds) == {rs.FROZEN, rs.BREAK}
    made.fact(cmd.Admit(member=person("e5", rs.EXPERT, "south")))
    assert set(made.state.holds) == {rs.BREAK}


def test_with_nobody_to_succeed_the_room_is_sealed_for_a_new_committee() -> None:
    """Fewer than required, nobody left: postponed, then sealed by a supervisor who says why."""
    made = evaluating()
    assert made.refused("v1", cmd.Reform(reason="不想评了")) == ("room.state", ["limit"])
    made.fact(cmd.Expel(member="e4", cause="recused"))
    assert made.refused("w1", cmd.Reform(reason="人数不足"))[0] == "signal.not-allowed"
    (closed,) = made.do("v1", cmd.Reform(reason="成员回避后无人递补"))
    assert (closed.member, closed.body["cause"], closed.body["reason"]) == (
        "v1",
        "reform",
        "成员回避后无人递补",
    )


@pytest.mark.parametrize("start", [on_call, signing])
def test_the_same_way_out_leads_from_a_call_and_from_signing(start: Any) -> None:
    made = start()[0] if start is on_call else start()
    made.fact(cmd.Expel(member="e4", cause="ill"))
    made.do("v1", cmd.Reform(reason="无人递补"))
    assert made.state.cause == "reform"


def test_people_cut_off_with_their_site_are_not_gone_and_its_limit_still_runs() -> None:
    made = evaluating()
    lose(made)
    gone(made, *WHOLE)
    assert made.state.members["e3"].presence == rs.AWAY
    assert (causes(made), codes(made)) == (("site:south",), set())
    assert made.refused("v1", cmd.Reform(reason="等不及")) == ("room.state", ["limit"])


def test_after_a_night_with_one_ill_and_nobody_to_succeed_the_room_can_be_sealed() -> None:
    made = evaluating()
    made.do("w1", cmd.TakeBreak(on=True, kind="night", minutes=600))
    made.do("e4", cmd.Bye())
    made.later(10 * HOUR).do("w1", cmd.TakeBreak(on=False))
    resume(made, *NORTH, site="north")
    assert made.refused("w1", cmd.ResumeSite(site="south", confirmed=("e3",)))[0] == "room.quorum"
    made.do("v1", cmd.Reform(reason="夜间突发疾病，无人递补"))
    assert made.state.cause == "reform"


# ---- engine and recorder gone for long


def only(made: Room) -> rs.Outage:
    (outage,) = made.state.outages.values()
    return outage


@pytest.mark.parametrize("code", ["engine", "recorder"])
def test_an_engine_or_recorder_dead_for_hours_ends_in_a_new_committee(code: str) -> None:
    made = evaluating()
    made.fact(cmd.Raise(code=code))
    made.later(2 * MINUTE).tick()
    outage = only(made)
    assert (outage.scope, outage.site, outage.rule, outage.state) == (code, None, "during", "open")
    assert rs.milliseconds(outage.due - BEGINS) == 4 * HOUR, "the limit runs from the alarm"
    made.now = outage.due
    made.tick()
    assert made.refused("v1", cmd.Reform(reason="等不及")) == ("room.state", ["limit"])
    made.later(1).tick()
    assert only(made).state == "due"
    made.fact(cmd.Clear(code=code))
    assert causes(made) == (code,), "what comes back after its limit opens nothing"
    made.do("v1", cmd.Reform(reason="音视频中断超过四小时"))
    assert made.state.cause == "reform"


@pytest.mark.parametrize("ticked", [True, False])
@pytest.mark.parametrize("code", ["engine", "recorder"])
def test_back_within_the_limit_everybody_is_identified_again(code: str, *, ticked: bool) -> None:
    made = evaluating()
    made.fact(cmd.Raise(code=code))
    made.later(3 * HOUR)
    if ticked:
        made.tick()
    made.fact(cmd.Clear(code=code))
    assert only(made).state == "over"
    assert causes(made) == ("identify:north", "identify:south")
    resume(made, *NORTH, site="north")
    assert made.refused("w1", cmd.ResumeSite(site="south", confirmed=()))[0] == "room.quorum"
    resume(made, *WHOLE)
    assert made.state.holds == {}


def test_a_limit_that_passed_while_nobody_looked_at_the_clock_has_passed() -> None:
    made = evaluating()
    made.fact(cmd.Raise(code="engine"))
    made.later(4 * HOUR + 1).fact(cmd.Clear(code="engine"))
    assert [one.body["state"] for one in made.ledger if one.kind == "outage"] == ["open", "due"]
    assert causes(made) == ("engine",)


def test_an_engine_that_is_started_again_at_once_is_no_outage() -> None:
    made = evaluating()
    for _ in range(40):
        made.fact(cmd.Raise(code="engine"))
        made.later(MINUTE).tick()
        made.fact(cmd.Clear(code="engine"))
        made.later(MINUTE).tick()
    assert (made.state.outages, made.state.holds) == ({}, {})


def test_an_engine_lost_before_the_start_waits_for_the_same_decision_as_a_site() -> None:
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.fact(cmd.Raise(code="engine"))
    made.now = BEGINS
    made.later(2 * HOUR + MINUTE).tick()
    outage = only(made)
    assert (outage.rule, outage.state) == ("before", "due")
    made.fact(cmd.Clear(code="engine"))
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.held", ["frozen"])
    made.do("v1", cmd.GoOn(outage=outage.id, reason="招标人决定继续"))
    assert only(made).state == "over"
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))


def test_a_decision_to_wait_for_an_engine_that_is_still_lost_lets_nobody_begin() -> None:
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.fact(cmd.Raise(code="engine"))
    made.now = BEGINS
    made.later(2 * HOUR + MINUTE).tick()
    made.do("v1", cmd.GoOn(outage=only(made).id, reason="招标人决定继续等待"))
    assert (only(made).state, causes(made)) == ("decided", ("engine",))
    made.fact(cmd.Clear(code="engine"))
    assert (only(made).state, causes(made)) == ("over", ())


# ---- a witness


def test_an_evaluation_without_a_witness_for_longer_than_the_pack_allows_raises_an_alarm() -> None:
    made = evaluating()
    made.do("w1", cmd.Bye())
    made.later(HOUR).tick()
    assert codes(made) == set(), "the other witness is there"
    made.fact(cmd.Present(member="w2", presence=rs.RECONNECTING))
    made.later(MINUTE).tick()
    assert codes(made) == set()
    made.later(1).tick()
    assert made.later(MINUTE).tick() == []
    assert [one.body["code"] for one in made.ledger if one.kind == "alarm"] == ["witness"]
    assert made.state.holds == {}
    made.fact(cmd.Present(member="w1", presence=rs.HERE))
    assert codes(made) == set()
    assert made.ledger[-1].body["code"] == "witness"


def test_a_witness_who_is_let_in_no_longer_is_missed_too() -> None:
    made = evaluating()
    made.fact(cmd.Expel(member="w1", cause="ended"), cmd.Expel(member="w2", cause="ended"))
    made.later(MINUTE + 1).tick()
    assert codes(made) == {"witness"}


def test_nobody_misses_a_witness_before_the_begin_or_in_a_break() -> None:
    made = filled()
    for one in ("w1", "w2"):
        made.do(one, cmd.Bye())
    made.later(HOUR).tick()
    assert codes(made) == set()
    sits = evaluating()
    sits.do("w2", cmd.Bye())
    sits.do("w1", cmd.TakeBreak(on=True, kind="meal", minutes=40))
    sits.do("w1", cmd.Bye())
    sits.later(30 * MINUTE).tick()
    assert codes(sits) == set()


# ---- ledgers from before


def test_a_ledger_of_before_is_read_as_it_was_written() -> None:
    """Neither its limits nor its outages know of what came later."""
    made = evaluating()
    lose(made)
    old = []
    for event in made.ledger:
        plain: dict[str, Any] = to_json(event)
        body = dict(plain["body"])
        if plain["kind"] == "opened":
            body["limits"] = {name: ms for name, ms in body["limits"].items() if name != "witness_ms"}
        if plain["kind"] == "outage":
            del body["scope"]
        old.append(from_json({**plain, "body": body}))
    assert replay(old) == made.state


def test_a_room_that_was_left_below_its_quorum_is_held_at_the_next_tick() -> None:
    """Led on by a newer version: nothing was written when the member went."""
    made = evaluating()
    members = {**made.state.members, "e4": replace(made.state.members["e4"], presence=rs.AWAY)}
    made.state = replace(made.state, members=members)
    made.tick()
    assert causes(made) == ("quorum",)
