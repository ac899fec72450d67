"""Who comes in while a room sits, what is let off the record, who goes where in a break: by its attack."""

from typing import Any

import pytest

from app.usecases.room.reading import report_document
from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.isolation import grants_of
from remote_eval.presence import ledger, session_ms
from remote_eval.protocol.views import Health, event_view, snapshot
from remote_eval.room_ledger import RoomHead
from remote_eval.room_phases import readiness
from tests.support.rooms import Room, evaluating, filled, signing

MINUTE = 60_000
FOUND = cmd.VisitIn(whom="unknown", zone="evaluation", site="north", text="门未锁")


def allowed(made: Room, *, minutes: int = 30) -> str:
    """An entry that witness and supervisor have consented to."""
    ask = cmd.EntryAsk(whom="staff", zone="evaluation", reason="更换麦克风", minutes=minutes)
    entry = str(made.do("s1", ask)[0].body["request"])
    for role in ("w1", "v1"):
        made.do(role, cmd.Agree(request=entry, reason="同意"))
    return entry


def came(made: Room, actor: str, command: cmd.VisitIn) -> str:
    return str(made.do(actor, command)[0].body["visit"])


def alarms(made: Room) -> set[tuple[str, str | None]]:
    return {(one.code, one.site) for one in made.state.alarms.values()}


def report(made: Room) -> Any:
    return report_document(made.state, RoomHead(room="room_1"), draw="draw_1", now=made.now)


# ---- R20: who came in, who left


def test_a_consent_lets_one_person_in_once_and_the_way_out_is_noted() -> None:
    made = evaluating()
    entry = allowed(made)
    visit = came(made, "s1", cmd.VisitIn(request=entry))
    assert made.state.requests[entry].state == "running"
    assert not made.state.alarms
    # The second person on the same consent.
    assert made.refused("s1", cmd.VisitIn(request=entry)) == ("room.state", ["no-consent"])
    # What one tells of a person inside cannot be settled away.
    assert made.refused("w1", cmd.Settle(request=entry, text="算了")) == ("room.state", ["undecided"])
    made.later(5 * MINUTE).do("w2", cmd.VisitOut(visit=visit))
    assert made.refused("s1", cmd.VisitOut(visit=visit)) == ("room.state", ["left"])
    assert made.state.requests[entry].state == "settled"
    told = report(made)["visits"][0]
    assert (told["whom"], told["zone"], told["site"], told["request"]) == (
        "staff",
        "evaluation",
        "north",
        entry,
    )
    assert (told["member"], told["left_by"]) == ("s1", "w2")
    assert told["left_at"] > told["at"]
    assert {one["role"] for one in report(made)["entries"][0]["consents"]} == {rs.WITNESS, rs.SUPERVISOR}


def test_somebody_comes_in_that_nobody_consented_to() -> None:
    made = evaluating()
    asked = cmd.EntryAsk(whom="agency", zone="evaluation", reason="送材料")
    entry = str(made.do("s1", asked)[0].body["request"])
    assert made.refused("s1", cmd.VisitIn(request=entry)) == ("room.state", ["no-consent"])
    first, second = came(made, "w1", FOUND), came(made, "s1", FOUND)
    assert alarms(made) == {("entry", "north")}
    made.do("s1", cmd.VisitOut(visit=first))
    assert alarms(made) == {("entry", "north")}, "the other one is still inside"
    made.do("w1", cmd.VisitOut(visit=second))
    assert not made.state.alarms
    assert [one["request"] for one in report(made)["visits"]] == [None, None]


def test_a_consent_that_nobody_used_lapses() -> None:
    made = evaluating()
    entry = allowed(made)
    made.later(15 * MINUTE - 1).tick()
    assert made.state.requests[entry].state == "allowed"
    made.later(1)
    # In the same millisecond, before anybody looked at the clock.
    assert made.refused("s1", cmd.VisitIn(request=entry)) == ("room.state", ["no-consent"])
    assert made.tick()[0].kind == "lapsed"
    assert made.state.requests[entry].state == "lapsed"
    assert made.refused("s1", cmd.VisitIn(request=entry)) == ("room.state", ["no-consent"])
    assert made.refused("w1", cmd.Settle(request=entry, text="算了")) == ("room.state", ["settled"])
    assert report(made)["entries"][0]["state"] == "lapsed"


def test_who_stays_longer_than_was_allowed_is_an_alarm_until_the_last_one_has_left() -> None:
    made = evaluating()
    visits = [came(made, "s1", cmd.VisitIn(request=allowed(made, minutes=10))) for _ in range(2)]
    made.later(10 * MINUTE - 1).tick()
    assert not made.state.alarms
    made.later(1).tick()
    made.tick()
    assert [one.body["code"] for one in made.ledger if one.kind == "alarm"] == ["overstay"]
    made.do("s1", cmd.VisitOut(visit=visits[0]))
    assert alarms(made) == {("overstay", "north")}
    made.do("s1", cmd.VisitOut(visit=visits[1]))
    assert not made.state.alarms


def test_a_room_is_closed_while_somebody_is_inside() -> None:
    made = signing()
    came(made, "s1", cmd.VisitIn(request=allowed(made)))
    made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    assert alarms(made) == {("inside", "north")}
    assert [one.kind for one in made.ledger][-2:] == ["alarm", "closed"]
    assert report(made)["visits"][0]["left_at"] is None


def test_who_notes_an_entry_is_of_the_site_or_a_witness_and_others_learn_nothing() -> None:
    made = evaluating()
    entry = allowed(made)
    assert made.refused("s2", cmd.VisitIn(request=entry))[0] == "signal.unknown"
    assert made.refused("s2", FOUND)[0] == "signal.unknown"
    assert made.refused("e1", cmd.VisitIn(request=entry))[0] == "signal.not-allowed"
    assert made.refused("v1", FOUND)[0] == "signal.not-allowed"
    visit = came(made, "s1", cmd.VisitIn(request=entry))
    for other in (visit, "visit_none"):
        assert made.refused("s2", cmd.VisitOut(visit=other))[0] == "signal.unknown"
    # A witness of the other site notes it: the staff there is not told all the same.
    event = made.do("w2", FOUND)[0]
    everybody = made.state.members.items()
    told = {name for name, one in everybody if event_view(made.state, one, event, seq=1) is not None}
    assert told == {"w1", "w2", "v1", "s1"}
    for name, one in made.state.members.items():
        shown = snapshot(made.state, one, health=Health(), now=made.now)["visits"]
        assert bool(shown) == (name in told), name


def test_before_the_evaluation_coming_in_is_no_event_and_a_day_has_its_limit() -> None:
    made = filled()
    assert made.refused("s1", FOUND) == ("room.phase", ["not-sitting"])
    made = evaluating()
    for _ in range(500):
        made.do("s1", FOUND)
    assert made.refused("s1", FOUND) == ("room.state", ["too-many"])


# ---- R26: a room camera that is off by approval


def off(made: Room, *, camera: str = "c1", minutes: int = 60) -> str:
    ask = cmd.UnrecordedAsk(camera=camera, minutes=minutes, reason="涉密环节")
    return str(made.do(f"s{camera[1]}", ask)[0].body["request"])


def test_a_camera_is_off_by_a_supervisors_word_alone_and_for_a_time() -> None:
    made = filled()
    request = off(made, minutes=60)
    assert grants_of(made.state, made.state.members["c1"]).publish, "asking is not having"
    for actor in ("w1", "s1"):
        code, _ = made.refused(actor, cmd.Agree(request=request, reason="同意"))
        assert code in {"room.state", "signal.not-allowed"}
    made.do("v1", cmd.Agree(request=request, reason="涉密用途"))
    grants = grants_of(made.state, made.state.members["c1"])
    assert (grants.publish, grants.cause) == (frozenset(), "unrecorded")
    assert not {"c1/camera", "c1/microphone"} & made.receives("w1"), "nothing is shown that is not recorded"
    made.later(60 * MINUTE).tick()
    assert grants_of(made.state, made.state.members["c1"]).publish == {"camera", "microphone"}
    assert made.state.requests[request].state == "lapsed"
    assert report(made)["unrecorded"][0]["camera"] == "c1"


@pytest.mark.parametrize("ended", ["witness", "staff", "supervisor"])
def test_whoever_wants_the_record_back_gets_it_at_once(ended: str) -> None:
    made = evaluating()
    request = off(made)
    made.do("v1", cmd.Agree(request=request, reason="涉密用途"))
    if ended == "supervisor":
        made.do("v1", cmd.Deny(request=request, reason="已结束"))
    else:
        made.do("w1" if ended == "witness" else "s1", cmd.Settle(request=request, text="已结束"))
    assert grants_of(made.state, made.state.members["c1"]).publish
    assert made.refused("v1", cmd.Agree(request=request, reason="再来")) == ("room.state", ["decided"])


def test_a_seat_is_never_off_the_record_nor_another_sites_camera_nor_one_twice() -> None:
    made = evaluating()
    for wrong in ("e1", "o1", "w1", "c2", "nobody"):
        ask = cmd.UnrecordedAsk(camera=wrong, minutes=5, reason="涉密")
        assert made.refused("s1", ask)[0] == "signal.unknown", wrong
    off(made)
    again = cmd.UnrecordedAsk(camera="c1", minutes=5, reason="涉密")
    assert made.refused("s1", again) == ("room.state", ["asked"])
    assert made.refused("w1", again)[0] == "signal.not-allowed"


def test_an_approval_outlives_the_camera_that_comes_in_anew() -> None:
    made = evaluating()
    made.do("v1", cmd.Agree(request=off(made), reason="涉密用途"))
    camera = made.state.members["c1"]
    made.fact(cmd.Expel(member="c1", cause="session-ended"), cmd.Admit(member=camera))
    assert not grants_of(made.state, made.state.members["c1"]).publish


def test_the_start_waits_for_a_dark_view_and_not_for_one_that_is_off_by_approval() -> None:
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.fact(cmd.Raise(code="black", site="north", track="c1/camera"))
    request = off(made)
    assert [one["code"] for one in readiness(made.state)] == ["black"], "asking excuses nothing"
    made.do("v1", cmd.Agree(request=request, reason="涉密用途"))
    made.fact(cmd.TrackFact(track="c1/camera", up=False, cause="unrecorded"))
    assert list(readiness(made.state)) == []
    # The other site's dark camera and a seat's are not excused by it.
    made.fact(cmd.Raise(code="frozen", site="south", track="c2/camera"))
    made.fact(cmd.Raise(code="black", site="north", track="e1/camera"))
    assert [one["code"] for one in readiness(made.state)] == ["frozen", "black"]
    made.do("v1", cmd.Deny(request=request, reason="已结束"))
    assert {one["code"] for one in readiness(made.state)} == {"view", "frozen", "black"}


# ---- R32: breaks with a place and people who go along


MEAL = cmd.TakeBreak(on=True, kind="meal", minutes=40, zone="dining", escorts=("s1", "w2"))


def test_nobody_goes_to_dine_without_somebody_of_the_site() -> None:
    made = evaluating()
    alone = cmd.TakeBreak(on=True, kind="meal", minutes=40, zone="dining", escorts=("s1", "w1"))
    assert made.refused("w1", alone) == ("room.state", ["escort"])
    made.fact(cmd.Present(member="w2", presence=rs.AWAY))
    assert made.refused("w1", MEAL) == ("room.state", ["escort"]), "who is away goes with nobody"
    made.fact(cmd.Present(member="w2", presence=rs.HERE))
    for wrong in ("e1", "v1", "c1", "nobody"):
        going = cmd.TakeBreak(on=True, kind="meal", minutes=40, zone="dining", escorts=("s1", wrong))
        assert made.refused("w1", going)[0] == "signal.unknown", wrong
    made.do("w1", MEAL)
    held = made.state.holds[rs.BREAK]
    assert (held.zone, held.escorts) == ("dining", ("s1", "w2"))
    made.later(MINUTE).do("w1", cmd.TakeBreak(on=False))
    rest = report(made)["breaks"][0]
    assert (rest["kind"], rest["zone"], rest["escorts"]) == ("meal", "dining", ["s1", "w2"])
    assert rest["ended_at"] > rest["since"]


def test_who_is_seen_outside_the_breaks_zone_rings_and_that_time_is_no_break() -> None:
    made = evaluating()
    assert made.refused("s1", cmd.Astray(member="e1", zone="outside")) == ("room.state", ["no-break"])
    made.do("w1", MEAL)
    assert made.refused("s2", cmd.Astray(member="e1", zone="outside"))[0] == "signal.unknown"
    assert made.refused("s1", cmd.Astray(member="w1", zone="outside"))[0] == "signal.unknown"
    assert made.do("s1", cmd.Astray(member="e1", zone="dining")) == []
    made.later(10 * MINUTE).do("s1", cmd.Astray(member="e1", zone="check-in"))
    made.do("w1", cmd.Astray(member="e2", zone="outside"))
    assert alarms(made) == {("astray", "north")}
    made.later(3 * MINUTE).do("s1", cmd.Astray(member="e1", zone="dining"))
    assert alarms(made) == {("astray", "north")}, "the other one is not back"
    made.do("s1", cmd.Astray(member="e2", zone="evaluation"))
    assert not made.state.alarms
    member = made.later(MINUTE).state.members["e1"]
    spent = ledger(made.state, member, made.now)
    assert (spent["break"], spent["astray"]) == (11 * MINUTE, 3 * MINUTE)
    assert sum(spent.values()) == session_ms(made.state, member, made.now)
    made.do("w1", cmd.TakeBreak(on=False))
    assert not made.state.holds


def test_who_is_astray_to_the_end_of_a_break_is_identified_again_with_the_site() -> None:
    made = evaluating()
    made.do("w1", MEAL)
    made.do("s1", cmd.Astray(member="e1", zone="outside"))
    made.later(MINUTE).do("w1", cmd.TakeBreak(on=False))
    assert made.state.holds[rs.FROZEN].causes == ("identify:north",)
    assert not made.state.alarms
    assert made.state.members["e1"].astray is None
    made.do("w1", cmd.ResumeSite(site="north", confirmed=("e1", "e2", "o1")))
    assert not made.state.holds
