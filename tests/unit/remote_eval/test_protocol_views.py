"""What each member is shown: snapshots and events, a bidder's above all; and a hostile client beside them.

A view is searched as text for what must not be in it, so that no field is forgotten.
"""

import json
import random
from typing import Any

import pytest

from remote_eval import commands as cmd
from remote_eval import room
from remote_eval import room_state as rs
from remote_eval.errors import EvaluationError
from remote_eval.isolation import grants_of
from remote_eval.protocol.messages import write
from remote_eval.protocol.session import Act, Connection, Send, Session
from remote_eval.protocol.views import Health, Media, event_view, passing, sees, sight, snapshot
from remote_eval.room_events import Event
from tests.support.rooms import BEGINS, CAST, LABEL, SEATS, Room, evaluating, filled, on_call, person
from tests.unit.remote_eval.test_protocol_session import BODY, SIGHT, TOKEN, frame, hello

HEALTH = Health(media={"e1": Media(seen=True, heard=False, at=BEGINS)}, lag_ms={"north": 120, "south": 80})


def shown(made: Room, member: str) -> dict[str, Any]:
    view = snapshot(made.state, made.state.members[member], health=HEALTH, now=made.now)
    found = json.loads(write(view))
    assert isinstance(found, dict)
    return found


def view_of(made: Room, member: str, event: Event) -> dict[str, Any] | None:
    return event_view(made.state, made.state.members[member], event, seq=made.state.seq)


def busy() -> tuple[Room, str]:
    """A room in which everything that can be shown is there, with a live call."""
    made = evaluating()
    made.do("e2", cmd.Chat(text="秘密意见"))
    made.do("e2", cmd.CallWitness(reason="help", text="请来"))
    made.do("e3", cmd.ContactAsk(reason="家事"))
    made.do("v1", cmd.WatchAsk(minutes=5, reason="抽查"))
    made.do("s1", cmd.EntryAsk(whom="staff", zone="evaluation", reason="维修"))
    call = str(made.do("e1", cmd.Clarify(bidder="B-07", question="请说明工期"))[0].body["call"])
    made.do("w1", cmd.CallRelease(call=call))
    made.fact(cmd.Admit(member=person("b1", rs.BIDDER, None, call=call)))
    made.do("e1", cmd.CallStart(call=call))
    made.fact(cmd.SetMasked(call=call, track="engine/masked"), cmd.Raise(code="disk", site="south"))
    made.fact(cmd.TrackFact(track="b1/microphone", up=True, cause="published"))
    made.do("w1", cmd.PressIntercom(on=True, reason="order"))
    return made, call


FORBIDDEN = [f'"{name}' for name, _, _ in CAST] + [
    "north",
    "south",
    "秘密意见",
    "请来",
    "家事",
    "B-07",
    "2026-11-23T00:30",
]


def test_the_snapshot_of_a_bidder_holds_itself_and_its_call_and_nothing_else() -> None:
    made, call = busy()
    view = shown(made, "b1")
    text = json.dumps(view, ensure_ascii=False)
    for word in FORBIDDEN:
        assert word not in text, word
    assert view["calls"] == [{"id": call, "question": "请说明工期", "state": "live"}]
    assert view["you"]["id"] == "b1"
    assert {one["id"] for one in view["tracks"]} == {"b1/microphone", "engine/masked"}
    empty = ("members", "sites", "chat", "requests", "nodes", "alarms", "outages", "intercoms", "watches")
    assert all(view[name] == [] for name in (*empty, "visits", "astray"))
    assert {view["room"][name] for name in ("phase", "opened_at", "begins_at", "ends_at")} == {None}
    assert (view["room"]["holds"], view["directive"], view["more_time"]) == ([], None, None)


def everything() -> list[tuple[Room, Event]]:
    """Each event of a long day, with the room as it was after it."""
    made, call = busy()
    seen: list[tuple[Room, Event]] = []

    def then(actor: str | None, command: cmd.Command) -> None:
        for event in made.do(actor, command):
            copy = Room.__new__(Room)
            copy.state, copy.now = made.state, made.now
            seen.append((copy, event))

    then("e1", cmd.Speak(on=True))
    then("e1", cmd.Hand(up=True))
    then("w1", cmd.VisitIn(whom="unknown", zone="evaluation", site="north", text="投诉材料多"))
    then("s1", cmd.UnrecordedAsk(camera="c1", minutes=5, reason="投诉材料多"))
    then("e1", cmd.Problem(part="pc", text="黑屏"))
    then("e1", cmd.AskTime(on=True, minutes=30, reason="投诉材料多"))
    then("e3", cmd.AskTime(on=True, minutes=60, reason="投诉材料多"))
    then("w1", cmd.Extend(minutes=60, reason="投诉材料多"))
    then("b1", cmd.SetDevice(device=rs.Device(camera="ok")))
    then("v1", cmd.Direct(order="pause", reason="收到投诉"))
    then("v1", cmd.Direct(order="resume", reason="核查完毕"))
    then(None, cmd.Raise(code="engine"))
    then(None, cmd.Clear(code="engine"))
    then(None, cmd.SiteFact(site="south", link=rs.LOST))
    then(None, cmd.TrackFact(track="e1/camera", up=False, cause="unplugged"))
    then(None, cmd.TrackFact(track="b1/camera", up=True, cause="published"))
    then(None, cmd.Present(member="e2", presence=rs.RECONNECTING))
    then(None, cmd.Present(member="e2", presence=rs.HERE))
    then(None, cmd.SiteFact(site="south", link=rs.UP))
    then("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))
    then("w1", cmd.CallEnd(call=call))
    then("w1", cmd.TickNode(node="north/views", state="ok"))
    then(None, cmd.Expel(member="e4", cause="recused"))
    return seen


def test_who_comes_during_a_pause_is_shown_every_hold_and_the_reason_and_a_bidder_neither() -> None:
    made, _ = busy()
    made.do("v1", cmd.Direct(order="pause", reason="核查设备"))
    made.fact(cmd.Raise(code="engine"))
    for member in ("e1", "w1", "s1"):
        view = shown(made, member)
        causes = [(one["kind"], one["cause"]) for one in view["room"]["holds"]]
        assert causes == [("frozen", "engine"), ("paused", "directive")], member
        assert view["directive"] == {"order": "pause", "reason": "核查设备", "at": view["server_time"]}
    view = shown(made, "b1")
    assert [(one["kind"], one["cause"]) for one in view["room"]["holds"]] == [("held", None)]
    assert view["directive"] is None
    assert "核查设备" not in json.dumps(view, ensure_ascii=False)


def test_no_event_tells_a_bidder_of_a_member_a_site_or_a_cause() -> None:
    kinds = set()
    for made, event in everything():
        view = view_of(made, "b1", event)
        if view is None:
            continue
        kinds.add(str(view["kind"]))
        assert view["from"] is None
        text = json.dumps(view, ensure_ascii=False)
        for word in [*FORBIDDEN, "w1", "v1", "投诉"]:
            assert word not in text, (word, text)
    assert kinds == {"device", "hold", "alarm", "clear", "track", "clarification"}


def test_each_role_is_told_its_kinds_of_the_same_day() -> None:
    told: dict[str, set[str]] = {name: set() for name in ("e3", "w2", "v1", "s2", "c2")}
    for made, event in everything():
        for name, kinds in told.items():
            if view_of(made, name, event) is not None:
                kinds.add(event.kind)
    # No track: while its site is not identified again, no other seat's is its business.
    seat = {"speak", "hand", "directive", "hold", "alarm", "clear", "site", "outage", "member", "phase"}
    seat |= {"more-time", "extended"}
    assert told["e3"] == seat | {"clarification"}
    assert told["w2"] == {event.kind for _, event in everything()}
    assert told["v1"] == told["w2"] - {"speak", "hand", "problem", "device", "track"}
    staff = {"directive", "hold", "alarm", "clear", "site", "outage", "member", "phase", "extended"}
    assert told["s2"] == staff
    assert told["c2"] == {"alarm", "clear"}


def test_an_alarm_of_another_site_is_not_told_to_staff_nor_to_seats() -> None:
    made = evaluating()
    event = made.fact(cmd.Raise(code="disk", site="south"))[0]
    told = [name for name, _, _ in CAST if view_of(made, name, event) is not None]
    assert told == ["w1", "w2", "v1", "s2"]


def test_before_the_evaluation_a_seat_is_shown_the_witnesses_alone() -> None:
    made = filled()
    view = shown(made, "e1")
    assert {one["id"] for one in view["members"]} == {"w1", "w2"}
    assert {one["id"] for one in view["tracks"]} == {"e1/camera", "e1/microphone"}
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    assert {one["id"] for one in shown(made, "e1")["members"]} == {"w1", "w2", "e2", "e3", "e4", "o1"}


@pytest.mark.parametrize("member", [name for name, _, _ in CAST])
def test_a_snapshot_never_shows_a_track_without_a_grant(member: str) -> None:
    for made in (filled(), evaluating(), busy()[0]):
        grants = grants_of(made.state, made.state.members[member]).receive
        for one in shown(made, member)["tracks"]:
            assert one["id"] in grants or one["member"] == member


def test_lag_and_clock_are_for_those_who_watch_over_the_recording() -> None:
    made, _ = busy()
    assert {one["lag_ms"] for one in shown(made, "w1")["sites"]} == {120, 80}
    assert {one["lag_ms"] for one in shown(made, "e1")["sites"]} == {None}


def test_requests_are_shown_to_whom_they_concern() -> None:
    made, _ = busy()

    def kinds(member: str) -> set[str]:
        return {one["kind"] for one in shown(made, member)["requests"]}

    assert kinds("e1") == set()
    assert kinds("e2") == {"called"}
    assert kinds("e3") == {"contact"}
    assert kinds("s1") == {"called", "entry"}
    assert kinds("s2") == {"contact"}
    assert kinds("w1") == {"called", "contact", "entry"}


def test_a_member_sees_from_the_server_whether_others_see_and_hear_it() -> None:
    made = evaluating()
    assert shown(made, "e1")["you"]["media"] == {
        "seen": True,
        "heard": False,
        "at": "2026-11-23T01:00:00.000Z",
    }


def test_a_sight_is_owed_when_a_right_began_and_shows_what_is_there_already() -> None:
    """Tracks that were up before the right began are named, though their events were never told."""
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    before = sees(made.state, made.state.members["e1"])
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    assert sees(made.state, made.state.members["e1"]) != before
    view = json.loads(write(sight(made.state, made.state.members["e1"], health=HEALTH)))
    assert {one["id"] for one in view["body"]["tracks"]} >= {f"{seat}/camera" for seat in SEATS}
    assert view["seq"] == made.state.seq
    unchanged = sees(made.state, made.state.members["e1"])
    made.do("e2", cmd.Chat(text="开始"))
    assert sees(made.state, made.state.members["e1"]) == unchanged


def test_passing_events_go_to_whom_they_concern_and_never_to_a_bidder() -> None:
    made, _ = on_call()

    def told(kind: str, **body: object) -> set[str]:
        everybody = made.state.members
        return {
            name
            for name, one in everybody.items()
            if passing(kind, made.state, one, at=made.now, body=body) is not None
        }

    assert told("speaking", member="e1", level=20) == {*SEATS, "w1", "w2"}
    assert told("health", member="e1", seen=True, heard=True) == {"e1", "w1", "w2", "s1"}
    assert told("recording", site="south", lag_ms=9) == {"w1", "w2", "v1", "s2"}
    assert told("chat", member="e1", text="x") == set()


def test_a_watching_supervisor_is_shown_the_chat_and_no_other_one() -> None:
    made = evaluating()
    made.do("e1", cmd.Chat(text="意见"))
    assert shown(made, "v1")["chat"] == []
    watch = str(made.do("v1", cmd.WatchAsk(minutes=5, reason="抽查"))[0].body["watch"])
    made.do("w1", cmd.WatchDecide(watch=watch, allow=True, reason="同意"))
    assert [one["text"] for one in shown(made, "v1")["chat"]] == ["意见"]


def test_labels_are_places_and_no_view_has_a_title() -> None:
    view = shown(evaluating(), "w1")
    assert view["room"]["title"] is None
    assert {json.dumps(one["label"], ensure_ascii=False) for one in view["members"]} == {
        json.dumps({"zh": LABEL.zh, "en": LABEL.en}, ensure_ascii=False)
    }


# ---- a hostile client


def mutated(chance: random.Random) -> str | bytes:
    """One malformed or forbidden frame."""
    number = f"x{chance.randrange(10**9)}"
    shapes: list[str | bytes] = [
        "{",
        "[" * 50,
        '{"v":1,"v":1}',
        frame("lunch", {}, number),
        frame("chat", {"text": "x" * 501}, number),
        frame("chat", {"text": 7}, number),
        frame("phase", {"to": "closed"}, number),
        frame("intercom", {"on": True, "reason": "order", "to": {"all": True}}, number),
        frame("resume-site", {"site": "south", "confirmed": ["e2", "e3"]}, number),
        frame("swap", {"seat": "seat-e1", "to": "seat-e2"}, number),
        frame("settle", {"request": "req_000001", "text": "x"}, number),
        frame("node", {"node": "north/views", "state": "ok", "text": None}, number),
        frame("directive", {"order": "pause", "reason": "x"}, number),
        frame("speak", {"on": True}, number),
        frame("hand", {"up": True, "from": "e1"}, number),
        '{"v":1,"id":"a","type":"bye","body":{"x":' + "1" * chance.randrange(1, 400) + "}}",
        frame("consent", {"request": "req_000001", "reason": "x"}, number),
    ]
    chosen = chance.choice(shapes)
    if isinstance(chosen, str) and chance.random() < 0.4:
        at = chance.randrange(len(chosen) + 1)
        chosen = chosen[:at] + chr(chance.randrange(32, 0x2FFF)) + chosen[at + 1 :]
    return chosen


def test_ten_thousand_malformed_or_forbidden_frames_change_nobody_elses_view() -> None:
    made, _ = busy()
    before = {name: shown(made, name) for name in made.state.members}
    attacker = Session(member="e4", token=TOKEN, seq=made.state.seq)
    chance = random.Random(4)
    now_ms, acts, sockets, connection = 0, 0, 0, None
    for _ in range(10_000):
        now_ms += 50
        if connection is None or connection.ended:
            connection, sockets = Connection(now_ms=now_ms), sockets + 1
            connection.frame(hello(), now_ms=now_ms)
            connection.join("h1", attacker, body=BODY, resume=None, sight=SIGHT)
        for output in connection.frame(mutated(chance), now_ms=now_ms):
            if isinstance(output, Send):
                assert "e1" not in json.loads(output.text)
            if not isinstance(output, Act):
                continue
            acts += 1
            actor = made.state.members["e4"]
            try:
                events = room.decide(made.state, actor, output.command, now=made.now, new_id=lambda: "000000")
            except EvaluationError as error:
                attacker.fail(output.id, error)
            else:
                # Its own voice may go in and out of the masked one: that is its right, and all it got.
                assert {event.kind for event in events} <= {"speak"}
                attacker.answer(output.id, {})
    assert acts > 1_000
    assert sockets < 10
    assert {name: shown(made, name) for name in made.state.members} == before
