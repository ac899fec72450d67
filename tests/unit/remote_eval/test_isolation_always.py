"""The sentences of docs/spec/signalling.md §5 that always hold: over members, phases, holds, watches."""

from dataclasses import replace
from itertools import chain, combinations, product

from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.isolation import grants_of, knows, may_send, told, voices_of
from remote_eval.media.engine import Grants
from remote_eval.protocol.messages import TYPES
from tests.support.rooms import CAST, SEATS, Room, called, evaluating, filled, on_call, person, signing

SEAT = ("expert", "owner")


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(rs.HOLDS, size) for size in range(4)))


def rooms() -> list[tuple[str, Room]]:
    """A room in every phase, with a bidder waiting or on call, and an intercom pressed to all."""
    made: list[tuple[str, Room]] = [("preparing", filled())]
    checking = filled()
    checking.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    waiting = evaluating()
    called(waiting)
    live, _ = on_call()
    for seat in SEATS:
        live.do(seat, cmd.Speak(on=True))
    closed = signing()
    closed.do("w1", cmd.MoveTo(to=rs.CLOSED))
    made += [("check-in", checking), ("evaluating", waiting), ("clarifying", live), ("signing", signing())]
    return [*((name, talked(room)) for name, room in made), ("closed", closed)]


def talked(room: Room) -> Room:
    room.do("w1", cmd.PressIntercom(on=True, reason="order"))
    return room


def watched(room: Room) -> Room:
    asked = room.do("v1", cmd.WatchAsk(minutes=30, reason="抽查"))
    room.do("w1", cmd.WatchDecide(watch=str(asked[0].body["watch"]), allow=True, reason="同意"))
    return room


def held(room: Room, holds: tuple[str, ...]) -> rs.RoomState:
    """The room's state under these holds, whether or not its rules would lead there."""
    return replace(room.state, holds={one: rs.Hold(kind=one, causes=(one,), since=room.now) for one in holds})


def every_state() -> list[tuple[str, rs.RoomState]]:
    states: list[tuple[str, rs.RoomState]] = []
    for name, room in rooms():
        variants = [room] if name == "closed" else [room, watched_copy(name)]
        for variant in variants:
            states += [(f"{name} {holds}", held(variant, holds)) for holds in subsets()]
    return states


def watched_copy(name: str) -> Room:
    return watched(dict(rooms())[name])


STATES = every_state()
RAW = {f"{name}/microphone" for name, role, _ in CAST if role in rs.COMMITTEE | {rs.ROOM_CAMERA}}
SEAT_TRACKS = {f"{name}/{source}" for name in SEATS for source in ("camera", "microphone")}


def legs(state: rs.RoomState, role: str) -> list[tuple[rs.Member, Grants]]:
    return [(one, grants_of(state, one)) for one in state.members.values() if one.role == role]


def test_no_microphone_of_the_committee_or_its_room_reaches_a_bidder() -> None:
    seen = 0
    for name, state in STATES:
        for _, grants in legs(state, rs.BIDDER):
            assert not grants.receive & RAW, name
            assert grants.receive <= {"engine/masked"}, name
            seen += bool(grants.receive)
    assert seen, "no bidder heard anything: the test saw no live call"


def test_a_bidder_off_its_call_has_no_leg_and_nobody_receives_it() -> None:
    for name, state in STATES:
        live = state.live_call is not None and not state.holds
        for bidder, grants in legs(state, rs.BIDDER):
            assert bool(grants.publish or grants.receive) == live, name
            own = {f"{bidder.id}/camera", f"{bidder.id}/microphone"}
            receivers = {one.id for one in state.members.values() if grants_of(state, one).receive & own}
            assert bool(receivers) == live, name


def test_a_supervisor_without_a_watch_has_no_leg_and_with_one_those_of_a_witness() -> None:
    for name, state in STATES:
        for supervisor, grants in legs(state, rs.SUPERVISOR):
            assert not grants.publish
            if not state.watching(supervisor.id):
                assert not grants.receive, name
                continue
            second = grants_of(state, state.members["w2"])
            assert grants.receive == second.receive, name


def test_witnesses_publish_the_intercom_alone() -> None:
    for name, state in STATES:
        for _, grants in legs(state, rs.WITNESS):
            assert grants.publish == (set() if state.phase == rs.CLOSED else {"intercom"}), name


def test_staff_see_their_own_seats_before_the_evaluation_and_none_after() -> None:
    for name, state in STATES:
        for staff, grants in legs(state, rs.STAFF):
            site = {one.id for one in state.members.values() if one.site == staff.site}
            films = {track for track in grants.receive if not track.endswith("/intercom")}
            assert all(track.split("/")[0] in site for track in films), name
            if state.phase not in rs.BEFORE:
                assert not films, name


def test_a_room_camera_receives_nothing() -> None:
    assert not any(grants.receive for _, state in STATES for _, grants in legs(state, rs.ROOM_CAMERA))


def test_held_seats_see_each_other_and_hear_the_witness_only() -> None:
    looked = 0
    for name, state in STATES:
        if (
            state.phase == rs.CLOSED
            or not {rs.FROZEN, rs.PAUSED} & set(state.holds)
            or rs.BREAK in state.holds
        ):
            continue
        for role in SEAT:
            for _, grants in legs(state, role):
                audio = {track for track in grants.receive if not track.endswith("/camera")}
                assert audio == {"w1/intercom"}, name
                assert {track.split("/")[0] for track in grants.receive - audio} <= set(SEATS), name
                looked += 1
    assert looked


def test_in_a_break_no_leg_of_a_seat_runs() -> None:
    for name, state in STATES:
        if rs.BREAK not in state.holds:
            continue
        for one in state.members.values():
            grants = grants_of(state, one)
            assert not grants.receive & SEAT_TRACKS, name
            assert one.role not in SEAT or not grants.receive, name


def test_before_the_evaluation_the_committee_does_not_meet() -> None:
    for name, state in STATES:
        if state.phase not in rs.BEFORE:
            continue
        for one, other in product(SEATS, repeat=2):
            viewer, seen = state.members[one], state.members[other]
            assert knows(state, viewer, seen) == (one == other), name
            assert not {f"{other}/camera", f"{other}/microphone"} & grants_of(state, viewer).receive, name


def test_a_closed_room_has_no_leg() -> None:
    closed = [state for _, state in STATES if state.phase == rs.CLOSED]
    assert closed
    assert all(grants_of(state, one) == Grants() for state in closed for one in state.members.values())


def test_an_intercom_reaches_whom_it_is_meant_for_only_while_it_is_pressed() -> None:
    room = evaluating()
    everybody = {name for name, _, _ in CAST}

    def hearers() -> set[str]:
        return {name for name in everybody if "w1/intercom" in room.receives(name)}

    assert hearers() == set()
    room.do("w1", cmd.PressIntercom(on=True, reason="conduct", to_member="e3"))
    assert hearers() == {"e3"}
    room.do("w1", cmd.PressIntercom(on=True, reason="time", to_site="south"))
    assert hearers() == {"e3", "e4", "w2", "s2"}
    room.do("w1", cmd.PressIntercom(on=True, reason="order"))
    assert hearers() == {*SEATS, "w2", "s1", "s2"}
    room.do("w1", cmd.PressIntercom(on=False))
    assert hearers() == set()


def test_nobody_hears_of_an_intercom_that_is_not_for_him() -> None:
    room = evaluating()
    event = room.do("w1", cmd.PressIntercom(on=True, reason="conduct", to_member="e3"))[0]
    told_to = {
        name
        for name, one in room.state.members.items()
        if told(room.state, one, event.kind, subject=event.subject, body=event.body)
    }
    assert told_to == {"e3", "w1", "w2", "v1"}


def test_who_is_expected_has_no_leg_and_may_send_nothing() -> None:
    room = evaluating()
    late = replace(person("e9", rs.EXPERT, "north"), presence=rs.EXPECTED)
    room.fact(cmd.Admit(member=late))
    assert room.grants("e9") == Grants()
    assert "e9/camera" not in room.receives("e1")
    assert room.refused("e9", cmd.Chat(text="先到的意见"))[0] == "signal.not-allowed"


def test_a_bidder_in_a_zone_of_the_venue_has_no_right_at_all() -> None:
    """R21: an address inside the venue makes a bidder nobody."""
    room, call = on_call()
    inside = replace(person("b2", rs.BIDDER, "north", call=call), zone="evaluation")
    room.fact(cmd.Admit(member=inside))
    assert room.grants("b2") == Grants()
    assert not any(may_send(room.state, room.state.members["b2"], kind) for kind in TYPES)


def test_a_second_bidder_hears_nothing_of_another_ones_call() -> None:
    room, _ = on_call()
    room.fact(cmd.Admit(member=person("b2", rs.BIDDER, None, call="call_other")))
    assert room.grants("b2") == Grants()
    assert "b2/microphone" not in room.receives("e1")
    shown = {(viewer, bidder) for viewer in ("e1", "w1", "v1", "s1", "b1") for bidder in ("b1", "b2")}
    members = room.state.members
    assert {pair for pair in shown if knows(room.state, members[pair[0]], members[pair[1]])} == {
        *(("e1", "b1"), ("w1", "b1"), ("w1", "b2"), ("v1", "b1"), ("v1", "b2"), ("b1", "b1")),
    }
    assert room.receives("b1") == {"engine/masked"}


def test_who_is_not_identified_again_is_cut_from_the_committee_but_not_from_the_witness() -> None:
    room = evaluating()
    room.fact(cmd.SiteFact(site="south", link=rs.LOST), cmd.SiteFact(site="south", link=rs.UP))
    room.do("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))
    assert {"e3/camera", "e3/microphone"} <= room.receives("e1")
    room.fact(cmd.SiteFact(site="south", link=rs.LOST), cmd.SiteFact(site="south", link=rs.UP))
    assert not {track for track in room.receives("e1") if track.startswith(("e3/", "e4/"))}
    assert "e1/camera" not in room.receives("e3")
    assert {"e3/camera", "e3/microphone"} <= room.receives("w1")


def test_only_who_speaks_and_is_identified_is_in_the_masked_voice() -> None:
    room, _ = on_call()
    assert voices_of(room.state) == set()
    room.do("e2", cmd.Speak(on=True))
    room.do("e3", cmd.Speak(on=True))
    assert voices_of(room.state) == {"e2/microphone", "e3/microphone"}
    room.do("e2", cmd.Speak(on=False))
    assert voices_of(room.state) == {"e3/microphone"}
    room.do("v1", cmd.Direct(order="pause", reason="核查"))
    assert voices_of(room.state) == set()
    room.do("v1", cmd.Direct(order="resume", reason="完毕"))
    room.fact(cmd.Expel(member="e3", cause="recused"))
    assert voices_of(room.state) == set()
