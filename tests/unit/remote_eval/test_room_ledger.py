"""A room's ledger: replayed it gives the same room, stored it comes back the same, presence adds up.

Rooms are driven by random members doing random things in any order; whatever is refused changes nothing.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.canonical import canonical
from crypto.canonical import parse as parse_json
from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.errors import RoomError, SignallingError
from remote_eval.isolation import grants_of
from remote_eval.presence import evaluation_ms, ledger, session_ms
from remote_eval.room_events import BODIES, Event, from_json, moment_of, time_text, to_json
from remote_eval.room_fold import replay
from tests.support.rooms import CAST, OPENED, SEATS, Room, evaluating, filled, on_call, person, signing

NAMES = [name for name, _, _ in CAST] + ["b1"]
SITES = ["north", "south"]
name = st.sampled_from(NAMES)
site = st.sampled_from(SITES)
some_id = st.sampled_from(
    [f"{kind}_{number:06d}" for kind in ("req", "call", "watch", "out", "visit") for number in range(1, 5)]
)
reason = st.just("理由")
track = st.builds("{}/{}".format, name, st.sampled_from(["camera", "microphone", "intercom"]))
code = st.sampled_from(["black", "engine", "recorder", "disk"])

COMMANDS = st.one_of(
    st.builds(cmd.Chat, text=reason),
    st.builds(cmd.Hand, up=st.booleans()),
    st.builds(cmd.CallWitness, reason=st.just("help")),
    st.builds(cmd.Problem, part=st.just("camera")),
    st.builds(cmd.Settle, request=some_id, text=reason),
    st.builds(
        cmd.PressIntercom,
        on=st.booleans(),
        reason=st.just("order"),
        to_member=st.none() | name,
        to_site=st.none(),
    ),
    st.builds(cmd.Speak, on=st.booleans()),
    st.builds(cmd.Clarify, bidder=st.just("B-07"), question=reason),
    st.builds(cmd.CallRelease, call=some_id),
    st.builds(cmd.CallRefuse, call=some_id, reason=reason),
    st.builds(cmd.CallStart, call=some_id),
    st.builds(cmd.CallEnd, call=some_id),
    st.builds(cmd.EntryAsk, whom=st.just("staff"), zone=st.just("evaluation"), reason=reason),
    st.builds(cmd.VisitIn, request=some_id),
    st.builds(
        cmd.VisitIn, whom=st.just("unknown"), zone=st.just("evaluation"), site=site, text=st.just("门未锁")
    ),
    st.builds(cmd.VisitOut, visit=some_id),
    st.builds(cmd.UnrecordedAsk, camera=name, minutes=st.just(5), reason=reason),
    st.builds(cmd.Astray, member=name, zone=st.sampled_from(["outside", "evaluation", "dining"])),
    st.builds(
        cmd.TakeBreak,
        on=st.just(value=True),
        kind=st.just("meal"),
        minutes=st.just(5),
        zone=st.just("dining"),
        escorts=st.just(("s1", "s2")),
    ),
    st.builds(cmd.ContactAsk, reason=reason),
    st.builds(cmd.Agree, request=some_id, reason=reason),
    st.builds(cmd.Deny, request=some_id, reason=reason),
    st.builds(cmd.ContactBegin, request=some_id, recording=st.sampled_from(["t1", "t2"])),
    st.builds(cmd.ContactEnd, request=some_id, recording=st.sampled_from(["t1", "t2"])),
    st.builds(
        cmd.TickNode, node=st.just("north/views"), state=st.sampled_from(["ok", "exception"]), text=reason
    ),
    st.builds(cmd.MoveTo, to=st.sampled_from(rs.PHASES)),
    st.builds(cmd.TakeBreak, on=st.booleans(), kind=st.sampled_from(["meal", "night"]), minutes=st.just(5)),
    st.builds(cmd.AskTime, on=st.just(value=True), minutes=st.sampled_from([30, 60]), reason=reason),
    st.builds(cmd.AskTime, on=st.just(value=False)),
    st.builds(cmd.Extend, minutes=st.sampled_from([1, 1_440]), reason=reason),
    st.builds(cmd.Direct, order=st.sampled_from(["pause", "resume"]), reason=reason),
    st.builds(cmd.WatchAsk, minutes=st.just(3), reason=reason),
    st.builds(cmd.WatchDecide, watch=some_id, allow=st.booleans(), reason=reason),
    st.builds(
        cmd.ResumeSite,
        site=site,
        confirmed=st.lists(st.sampled_from(SEATS), unique=True, max_size=5).map(tuple),
    ),
    st.builds(cmd.Reform, reason=reason),
    st.builds(cmd.GoOn, outage=some_id, reason=reason),
    st.builds(cmd.Swap, seat=name.map("seat-{}".format), to=st.sampled_from(["seat-9", "seat-e1"])),
    st.builds(cmd.Bye),
    st.builds(cmd.SignReport, digest=st.just("0" * 64)),
)
FACTS = st.one_of(
    st.builds(cmd.Present, member=name, presence=st.sampled_from([rs.HERE, rs.RECONNECTING])),
    st.builds(cmd.Expel, member=name, cause=st.just("recused")),
    st.builds(cmd.NameChair, member=st.sampled_from(SEATS)),
    st.builds(cmd.TrackFact, track=track, up=st.booleans(), cause=st.just("test")),
    st.builds(cmd.SetMasked, call=some_id, track=st.just("engine/masked")),
    st.builds(cmd.FailCall, call=some_id, cause=st.just("raw-key")),
    st.builds(cmd.Raise, code=code, site=st.none() | site),
    st.builds(cmd.Clear, code=code, site=st.none() | site),
    st.builds(
        cmd.SiteFact, site=site, link=st.sampled_from(rs.LINKS), clock_ms=st.sampled_from([None, 0, 90_000])
    ),
    st.builds(cmd.Tick),
    st.builds(
        cmd.Admit,
        member=st.sampled_from([person(one, role, where) for one, role, where in CAST])
        | some_id.map(lambda call: person("b1", rs.BIDDER, None, call=call)),
    ),
)
STEPS = st.lists(
    st.tuples(st.integers(-5_000, 4_000_000), name, COMMANDS)
    | st.tuples(st.integers(0, 90_000), st.none(), FACTS),
    max_size=40,
)
STARTS = {
    "filled": filled,
    "evaluating": evaluating,
    "on call": lambda: on_call(quorum=3)[0],
    "signing": signing,
}


def driven(start: str, steps: list[tuple[int, str | None, Any]]) -> Room:
    made = STARTS[start]()
    for wait, actor, command in steps:
        made.later(wait)
        before = made.state
        try:
            if actor is None or actor in made.state.members:
                made.do(actor, command)
        except (RoomError, SignallingError):
            assert made.state == before
    return made


@given(start=st.sampled_from(sorted(STARTS)), steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_a_replayed_ledger_gives_the_same_room_and_everybody_the_same_rights(
    start: str, steps: list[tuple[int, str | None, Any]]
) -> None:
    made = driven(start, steps)
    stored = [canonical(to_json(event)) for event in made.ledger]
    read = [from_json(parse_json(one, max_bytes=65_536)) for one in stored]
    assert read == made.ledger
    again = replay(read)
    assert again == made.state
    assert again.seq == len(made.ledger)
    for one in again.members.values():
        assert grants_of(again, one) == grants_of(made.state, made.state.members[one.id])


@given(start=st.sampled_from(sorted(STARTS)), steps=STEPS, wait=st.integers(0, 10**8))
@settings(max_examples=80, deadline=None)
def test_the_presence_ledger_adds_up_to_the_session(
    start: str, steps: list[tuple[int, str | None, Any]], wait: int
) -> None:
    """R32: no millisecond of a member is in two buckets or in none."""
    made = driven(start, steps).later(wait)
    for member in made.state.members.values():
        spent = ledger(made.state, member, made.now)
        assert sum(spent.values()) == session_ms(made.state, member, made.now)
        assert all(value >= 0 for value in spent.values())
    assert 0 <= evaluation_ms(made.state, made.now) <= rs.milliseconds(max(made.now, made.state.at) - OPENED)


@given(start=st.sampled_from(sorted(STARTS)), steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_whatever_happens_no_raw_voice_reaches_a_bidder_and_a_live_call_is_the_phase(
    start: str, steps: list[tuple[int, str | None, Any]]
) -> None:
    made = driven(start, steps)
    state = made.state
    assert (state.phase == rs.CLARIFYING) == (state.live_call is not None)
    for member in state.members.values():
        received = grants_of(state, member).receive
        if member.role == rs.BIDDER:
            assert received <= {"engine/masked"}
        if member.role == rs.SUPERVISOR and not state.watching(member.id):
            assert not received
        if state.phase == rs.CLOSED:
            assert not received
    assert all(hold.causes for hold in state.holds.values())


@given(start=st.sampled_from(sorted(STARTS)), steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_whatever_happens_nobody_works_below_the_quorum_or_past_a_limit(
    start: str, steps: list[tuple[int, str | None, Any]]
) -> None:
    state = driven(start, steps).state
    if state.phase not in rs.WORKING or state.holds:
        return
    identified = [one for one in state.members.values() if one.role in rs.COMMITTEE and one.confirmed]
    assert sum(one.presence in {rs.HERE, rs.RECONNECTING} for one in identified) >= state.quorum
    assert all(one.state == "over" for one in state.outages.values())


def test_a_break_is_a_bucket_of_its_own_whatever_the_connection_does() -> None:
    made = evaluating()
    start = dict(ledger(made.state, made.state.members["e1"], made.now))
    made.later(60_000).do("w1", cmd.TakeBreak(on=True, kind="meal", minutes=30))
    made.later(10_000).fact(cmd.Present(member="e1", presence=rs.RECONNECTING))
    made.later(20_000).do("w1", cmd.TakeBreak(on=False))
    made.later(5_000).fact(cmd.Present(member="e1", presence=rs.HERE))
    spent = ledger(made.state, made.state.members["e1"], made.later(1_000).now)
    assert spent == {"here": start["here"] + 61_000, "break": 30_000, "reconnecting": 5_000}


def test_the_ledger_of_a_closed_room_stands_still() -> None:
    made = signing().later(90_000)
    made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    closed = ledger(made.state, made.state.members["e1"], made.now)
    made.later(3_600_000).fact(cmd.Present(member="e1", presence=rs.RECONNECTING))
    made.later(3_600_000).do("w1", cmd.TickNode(node="north/views", state="ok"))
    assert ledger(made.state, made.state.members["e1"], made.now) == closed
    assert session_ms(made.state, made.state.members["e1"], made.now) == sum(closed.values())


# ---- stored events


def good() -> dict[str, Any]:
    return json.loads(canonical(to_json(evaluating().ledger[-1])))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "lunch"},
        {"at": "2026-11-23T01:00:00Z"},
        {"at": "2026-02-30T01:00:00.000Z"},
        {"member": 7},
        {"body": {"from": "check-in"}},
        {"body": {"from": "check-in", "to": "lunch"}},
        {"body": {"from": "check-in", "to": "evaluating", "more": 1}},
        {"extra": 1},
    ],
)
def test_a_stored_event_that_does_not_hold_together_is_not_read(change: dict[str, Any]) -> None:
    from_json(good())
    with pytest.raises(RoomError, match=r"room\.event"):
        from_json({**good(), **change})


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
@settings(max_examples=100, deadline=None)
def test_any_other_value_is_refused_by_code(value: object) -> None:
    with pytest.raises(RoomError, match=r"room\.event"):
        from_json(value)


def test_a_ledger_begins_with_the_opening_of_its_room() -> None:
    made = evaluating()
    for events in ([], made.ledger[1:]):
        with pytest.raises(RoomError, match=r"room\.event"):
            replay(events)


def test_a_clock_finer_than_a_millisecond_leaves_no_trace_that_storing_would_lose() -> None:
    made = evaluating()
    made.now += timedelta(microseconds=1_999)
    made.do("e1", cmd.Chat(text="好"))
    assert replay([from_json(to_json(event)) for event in made.ledger]) == made.state


def test_a_disk_with_terabytes_left_does_not_make_the_ledger_unreadable() -> None:
    """An alarm's figure counts bytes as well as milliseconds."""
    made = evaluating()
    made.fact(cmd.Raise(code="disk", value=8 * 10**12))
    assert replay([from_json(to_json(event)) for event in made.ledger]) == made.state


def test_times_are_written_and_read_to_the_millisecond() -> None:
    assert time_text(OPENED) == "2026-11-23T00:30:00.000Z"
    assert moment_of(time_text(OPENED)) == OPENED


def test_every_kind_of_event_is_made_by_some_room() -> None:
    """The table of bodies has no kind that nothing decides."""
    made, call = on_call()
    made.do("e1", cmd.Speak(on=True))
    made.do("e1", cmd.CallEnd(call=call))
    made.do("e1", cmd.SetDevice(device=rs.Device(camera="ok")))
    made.do("e1", cmd.Chat(text="好"))
    made.do("e1", cmd.Hand(up=True))
    made.do("e1", cmd.CallWitness(reason="help"))
    problem = made.do("e1", cmd.Problem(part="pc"))[0].body["request"]
    made.do("s1", cmd.Settle(request=str(problem), text="好了"))
    made.do("s1", cmd.EntryAsk(whom="staff", zone="evaluation", reason="维修"))
    camera = made.do("s1", cmd.UnrecordedAsk(camera="c1", minutes=1, reason="涉密"))[0].body["request"]
    made.do("v1", cmd.Agree(request=str(camera), reason="同意"))
    made.later(60_000).tick()
    made.do("w1", cmd.VisitIn(whom="unknown", zone="evaluation", site="north", text="门未锁"))
    made.do("w1", cmd.TakeBreak(on=True, kind="rest", minutes=5))
    made.do("s1", cmd.Astray(member="e2", zone="outside"))
    made.do("s1", cmd.Astray(member="e2", zone="evaluation"))
    made.do("w1", cmd.TakeBreak(on=False))
    contact = made.do("e1", cmd.ContactAsk(reason="急"))[0].body["request"]
    made.do("w1", cmd.Agree(request=str(contact), reason="同意"))
    made.do("w1", cmd.PressIntercom(on=True, reason="order"))
    made.do("w1", cmd.TickNode(node="north/views", state="ok"))
    made.do("v1", cmd.WatchAsk(minutes=1, reason="看"))
    made.do("e1", cmd.AskTime(on=True, minutes=30, reason="标书较多"))
    made.do("e2", cmd.AskTime(on=True, minutes=60, reason="时间不足"))
    made.do("w1", cmd.Extend(minutes=60, reason="评审时间不足"))
    made.do("v1", cmd.Direct(order="pause", reason="停"))
    made.do("v1", cmd.Direct(order="resume", reason="走"))
    made.fact(cmd.SiteFact(site="south", link=rs.LOST), cmd.Raise(code="disk"), cmd.Clear(code="disk"))
    made.fact(cmd.SiteFact(site="south", link=rs.UP))
    made.do("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))
    made.do("s1", cmd.Swap(seat="seat-e1", to="seat-9"))
    made.fact(cmd.Present(member="e1", presence=rs.HERE))
    made.do("w1", cmd.MoveTo(to=rs.SIGNING))
    made.do("w1", cmd.MoveTo(to=rs.CLOSED))
    for node in list(made.state.nodes):
        made.do("w1", cmd.TickNode(node=node, state="ok"))
    made.do("w1", cmd.SignReport(digest="0" * 64))
    early = Room()
    early.fact(cmd.Moved(begins_at=early.state.begins_at + timedelta(hours=1), ends_at=early.state.ends_at))
    assert {*made.kinds(), *early.kinds()} == set(BODIES)
    assert isinstance(made.ledger[0], Event)
