"""Requests with consent, clarification calls, watches, the intercom: each rule by what breaks it alone."""

from remote_eval import commands as cmd
from remote_eval import room_state as rs
from tests.support.rooms import Room, called, evaluating, filled, on_call

# ---- requests and consent


def ask(made: Room, actor: str, command: cmd.Command) -> str:
    return str(made.do(actor, command)[0].body["request"])


def test_an_entry_needs_a_witness_and_a_supervisor() -> None:
    made = evaluating()
    entry = ask(made, "s1", cmd.EntryAsk(whom="staff", zone="evaluation", reason="更换麦克风"))
    made.do("w1", cmd.Agree(request=entry, reason="同意"))
    assert made.state.requests[entry].state == "open"
    assert made.refused("w2", cmd.Agree(request=entry, reason="我也同意")) == ("room.state", ["decided"])
    made.do("v1", cmd.Agree(request=entry, reason="同意"))
    assert made.state.requests[entry].state == "allowed"
    assert made.refused("v1", cmd.Deny(request=entry, reason="后悔")) == ("room.state", ["decided"])


def test_one_no_ends_an_entry() -> None:
    made = evaluating()
    entry = ask(made, "s1", cmd.EntryAsk(whom="agency", zone="evaluation", reason="送材料"))
    made.do("v1", cmd.Deny(request=entry, reason="不必"))
    assert made.refused("w1", cmd.Agree(request=entry, reason="同意")) == ("room.state", ["decided"])
    assert made.state.requests[entry].state == "denied"


def test_before_the_evaluation_there_is_no_entry_to_ask_for() -> None:
    made = filled()
    entry = cmd.EntryAsk(whom="staff", zone="evaluation", reason="布置")
    assert made.refused("s1", entry) == ("room.phase", ["not-sitting"])


def test_an_outside_call_exists_only_with_consent_and_a_recording_of_its_own() -> None:
    made = evaluating()
    contact = ask(made, "e1", cmd.ContactAsk(reason="家中急事"))
    begin = cmd.ContactBegin(request=contact, recording="tape-1")
    assert made.refused("s1", begin) == ("room.state", ["no-consent"])
    assert made.refused("v1", cmd.Agree(request=contact, reason="同意")) == ("room.state", ["not-yours"])
    made.do("w1", cmd.Agree(request=contact, reason="同意"))
    made.do("s1", begin)
    assert made.state.requests[contact].state == "running"
    assert made.refused("s1", begin) == ("room.state", ["no-consent"])
    second = ask(made, "e2", cmd.ContactAsk(reason="身体不适"))
    made.do("w1", cmd.Agree(request=second, reason="同意"))
    again = cmd.ContactBegin(request=second, recording="tape-1")
    assert made.refused("s1", again) == ("room.state", ["recording-used"])
    wrong = cmd.ContactEnd(request=contact, recording="tape-2")
    assert made.refused("s1", wrong) == ("room.state", ["recording-other"])
    assert made.refused("w1", cmd.MoveTo(to=rs.SIGNING)) == ("room.not-ready", ["contact"])
    made.do("s1", cmd.ContactEnd(request=contact, recording="tape-1"))
    assert made.state.requests[contact].state == "settled"


def test_staff_of_another_site_cannot_see_a_request_nor_touch_it() -> None:
    made = evaluating()
    contact = ask(made, "e1", cmd.ContactAsk(reason="家中急事"))
    made.do("w1", cmd.Agree(request=contact, reason="同意"))
    assert made.refused("s2", cmd.ContactBegin(request=contact, recording="t"))[0] == "signal.unknown"
    problem = ask(made, "e1", cmd.Problem(part="microphone"))
    assert made.refused("s2", cmd.Settle(request=problem, text="好了"))[0] == "signal.unknown"
    assert made.refused("s2", cmd.Settle(request="req_none", text="好了"))[0] == "signal.unknown"
    made.do("s1", cmd.Settle(request=problem, text="已更换"))
    assert made.refused("w1", cmd.Settle(request=problem, text="再次")) == ("room.state", ["settled"])


def test_a_contact_that_nobody_decided_cannot_be_settled_away() -> None:
    made = evaluating()
    contact = ask(made, "e1", cmd.ContactAsk(reason="家中急事"))
    assert made.refused("s1", cmd.Settle(request=contact, text="算了")) == ("room.state", ["undecided"])


def test_nobody_floods_the_witness_with_requests() -> None:
    made = evaluating()
    for _ in range(8):
        made.do("e1", cmd.CallWitness(reason="help"))
    assert made.refused("e1", cmd.CallWitness(reason="help")) == ("room.state", ["too-many"])
    made.do("e2", cmd.CallWitness(reason="help"))


# ---- clarification calls


def test_only_the_chair_asks_for_a_call_and_a_witness_releases_it() -> None:
    made = evaluating()
    question = cmd.Clarify(bidder="B-07", question="请说明工期")
    assert made.refused("e2", question)[0] == "signal.not-allowed"
    call = str(made.do("e1", question)[0].body["call"])
    assert made.refused("e1", cmd.CallRelease(call=call))[0] == "signal.not-allowed"
    assert made.refused("e1", cmd.CallStart(call=call)) == ("room.state", ["call"])


def test_a_call_waits_for_its_bidder_and_for_the_quorum() -> None:
    made = evaluating()
    call = str(made.do("e1", cmd.Clarify(bidder="B-07", question="工期？"))[0].body["call"])
    made.do("w1", cmd.CallRelease(call=call))
    made.fact(cmd.Present(member="e4", presence=rs.RECONNECTING))
    code, reasons = made.refused("e1", cmd.CallStart(call=call))
    assert (code, reasons) == ("room.not-ready", ["bidder-absent", "quorum"])


def test_a_call_waits_for_a_bidder_whose_line_broke_and_for_a_room_that_is_held() -> None:
    made = evaluating()
    call = called(made)
    made.fact(cmd.Present(member="b1", presence=rs.RECONNECTING))
    assert made.refused("e1", cmd.CallStart(call=call)) == ("room.not-ready", ["bidder-absent"])
    made.fact(cmd.Present(member="b1", presence=rs.HERE))
    made.do("v1", cmd.Direct(order="pause", reason="核查"))
    for actor in ("e1", "w1"):
        assert made.refused(actor, cmd.CallStart(call=call))[0] == "signal.not-allowed"


def test_a_refused_call_never_begins() -> None:
    made = evaluating()
    call = called(made)
    made.do("w1", cmd.CallRefuse(call=call, reason="问题已书面答复"))
    assert made.refused("e1", cmd.CallStart(call=call)) == ("room.state", ["call"])


def test_two_calls_are_never_live_at_once() -> None:
    made = evaluating()
    first, second = called(made), called(made, bidder="b2")
    made.do("e1", cmd.CallStart(call=first))
    assert made.refused("w1", cmd.CallStart(call=second))[0] == "signal.not-allowed"
    made.do("e1", cmd.CallEnd(call=first))
    made.do("w1", cmd.CallStart(call=second))
    live = made.state.live_call
    assert live is not None
    assert live.id == second
    assert made.receives("b1") == set()


def test_nothing_of_a_call_is_left_when_it_ended() -> None:
    made, call = on_call()
    made.do("e2", cmd.Speak(on=True))
    made.do("w1", cmd.CallEnd(call=call))
    ended = made.state.calls[call]
    assert (ended.state, ended.speaking, ended.masked) == ("ended", frozenset(), None)
    assert made.refused("e2", cmd.Speak(on=True))[0] == "signal.not-allowed"
    assert made.receives("b1") == set()


# ---- watches


def test_a_watch_is_asked_for_allowed_and_ends_by_itself() -> None:
    made = evaluating()
    assert made.receives("v1") == set()
    watch = str(made.do("v1", cmd.WatchAsk(minutes=10, reason="抽查"))[0].body["watch"])
    assert made.refused("v1", cmd.WatchAsk(minutes=10, reason="再看")) == ("room.state", ["watch-open"])
    assert made.receives("v1") == set()
    made.do("w1", cmd.WatchDecide(watch=watch, allow=True, reason="同意"))
    assert "e1/camera" in made.receives("v1")
    made.later(10 * 60_000 - 1).tick()
    assert "e1/camera" in made.receives("v1")
    made.later(1).tick()
    assert made.receives("v1") == set()
    assert made.refused("w1", cmd.WatchDecide(watch=watch, allow=True, reason="再来")) == (
        "room.state",
        ["decided"],
    )


def test_a_witness_ends_a_watch_that_runs_and_refuses_one_that_does_not() -> None:
    made = evaluating()
    for allow_first, state in ((True, "over"), (False, "refused")):
        watch = str(made.do("v1", cmd.WatchAsk(minutes=10, reason="抽查"))[0].body["watch"])
        if allow_first:
            made.do("w1", cmd.WatchDecide(watch=watch, allow=True, reason="同意"))
        made.do("w1", cmd.WatchDecide(watch=watch, allow=False, reason="涉密环节"))
        assert made.state.watches[watch].state == state
        assert made.receives("v1") == set()


# ---- intercom


def test_talking_needs_a_reason_and_an_addressee_who_can_hear() -> None:
    made, _ = on_call()
    assert made.refused("w1", cmd.PressIntercom(on=True)) == ("room.state", ["reason-missing"])
    for deaf in ("b1", "c1", "w1", "nobody"):
        press = cmd.PressIntercom(on=True, reason="order", to_member=deaf)
        assert made.refused("w1", press)[0] == "signal.unknown"
    assert (
        made.refused("w1", cmd.PressIntercom(on=True, reason="order", to_site="moon"))[0] == "signal.unknown"
    )


def test_every_press_is_in_the_ledger_and_a_lost_witness_lets_go() -> None:
    made = evaluating()
    made.do("w1", cmd.PressIntercom(on=True, reason="conduct", to_member="e1"))
    assert "w1/intercom" in made.receives("e1")
    made.fact(cmd.Present(member="w1", presence=rs.RECONNECTING))
    assert "w1/intercom" not in made.receives("e1")
    presses = [event.body["on"] for event in made.ledger if event.kind == "intercom"]
    assert presses == [True, False]
