"""Outages: a site's link from its readings, the pack's limits, and the drills.

10 min, 3 h 59, 4 h 01, a clock 90 s off, a site that never came.
"""

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import pytest

from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.errors import RoomError
from remote_eval.outage import Link, Reading, Thresholds, look, read_pack
from tests.support.rooms import BEGINS, HOUR, SEATS, Room, evaluating, filled, person

MINUTE = 60_000
LIMITS = Thresholds(degraded_ms=5_000, lost_ms=15_000, steady_ms=5_000, loss_permille=80, rtt_ms=800)
PACK = files("remote_eval").joinpath("packs/remote.cn.toml").read_bytes()


def lose(made: Room, site: str = "south") -> None:
    made.fact(cmd.SiteFact(site=site, link=rs.LOST))


def back(made: Room, site: str = "south") -> None:
    made.fact(cmd.SiteFact(site=site, link=rs.UP))


def resume(made: Room) -> None:
    made.do("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))


def outage(made: Room) -> rs.Outage:
    return next(iter(made.state.outages.values()))


def test_a_lost_site_freezes_everybody_at_once() -> None:
    made = evaluating().later(HOUR)
    lose(made)
    held = made.state.urgent_holds[0]
    assert (held.kind, held.causes) == (rs.FROZEN, ("site:south",))
    for seat in SEATS:
        assert made.refused(seat, cmd.Chat(text="还在吗"))[0] == "signal.not-allowed"
    assert made.state.ran_since is None


def test_a_start_that_is_put_off_takes_the_limit_of_a_lost_site_along_and_a_begun_room_does_not_hear() -> (
    None
):
    made, hour = Room(), timedelta(hours=1)
    made.now = BEGINS
    made.tick()
    before = outage(made)
    later = cmd.Moved(begins_at=BEGINS + hour, ends_at=made.state.ends_at)
    assert [one.kind for one in made.fact(later)] == ["put-off", "outage", "outage"]
    assert (made.state.begins_at, outage(made).due - before.due) == (BEGINS + hour, hour)
    assert made.fact(later) == []
    assert evaluating().fact(cmd.Moved(begins_at=BEGINS + 9 * hour, ends_at=made.state.ends_at)) == []
    # Everybody meets elsewhere: nothing waits here any more.
    (closed,) = made.fact(cmd.Moved(begins_at=None, ends_at=made.state.ends_at))
    assert (closed.kind, closed.body["cause"], made.state.phase) == ("closed", "moved", rs.CLOSED)


def test_drill_ten_minutes() -> None:
    made = evaluating().later(HOUR)
    lose(made)
    made.later(10 * MINUTE).tick()
    assert made.refused("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4"))) == (
        "room.state",
        ["link"],
    )
    back(made)
    assert rs.FROZEN in made.state.holds, "who is back is still held until the people are identified"
    resume(made)
    assert not made.state.holds
    assert outage(made).state == "over"
    assert made.state.ran_ms == HOUR


@pytest.mark.parametrize("cut", [3 * HOUR + 59 * MINUTE, 4 * HOUR])
def test_drill_back_within_four_hours_goes_on(cut: int) -> None:
    made = evaluating()
    lose(made)
    made.later(cut).tick()
    back(made)
    made.later(10 * MINUTE).tick()
    resume(made)
    assert made.state.holds == {}
    assert made.refused("v1", cmd.Reform(reason="算了")) == ("room.state", ["limit"])


@pytest.mark.parametrize("ticked", [True, False])
def test_drill_four_hours_and_a_minute_ends_in_a_new_committee(*, ticked: bool) -> None:
    """Also when the platform itself was down meanwhile and no tick saw the limit pass."""
    made = evaluating()
    lose(made)
    made.later(4 * HOUR + MINUTE)
    if ticked:
        made.tick()
    back(made)
    assert outage(made).state == "due"
    again = cmd.ResumeSite(site="south", confirmed=("e3", "e4"))
    assert made.refused("w1", again) == ("room.state", ["limit"])
    made.do("v1", cmd.Reform(reason="中断超过四小时"))
    assert (made.state.phase, made.state.cause) == (rs.CLOSED, "reform")


def test_a_link_that_flutters_does_not_win_time() -> None:
    """The limit runs from the first loss as long as nobody has resumed the site."""
    made = evaluating()
    lose(made)
    first = outage(made).due
    made.later(2 * HOUR)
    back(made)
    made.later(MINUTE)
    lose(made)
    assert len(made.state.outages) == 1
    assert (outage(made).state, outage(made).due) == ("open", first)
    made.later(2 * HOUR).tick()
    assert outage(made).state == "due"


def test_the_quorum_and_the_people_are_looked_at_before_the_room_goes_on() -> None:
    made = evaluating()
    lose(made)
    back(made)
    short = cmd.ResumeSite(site="south", confirmed=("e3",))
    assert made.refused("w1", short) == ("room.quorum", ["quorum"])
    stranger = cmd.ResumeSite(site="south", confirmed=("e3", "e1"))
    assert made.refused("w1", stranger)[0] == "signal.unknown"
    made.fact(cmd.Present(member="e4", presence=rs.RECONNECTING))
    absent = cmd.ResumeSite(site="south", confirmed=("e3", "e4"))
    assert made.refused("w1", absent) == ("room.quorum", ["quorum"])


def test_a_smaller_quorum_goes_on_and_the_late_one_is_identified_later() -> None:
    made = evaluating(quorum=4)
    lose(made)
    back(made)
    made.do("w1", cmd.ResumeSite(site="south", confirmed=("e3",)))
    assert made.state.holds == {}
    assert "e4/camera" not in made.receives("e1")
    made.do("w1", cmd.ResumeSite(site="south", confirmed=("e4",)))
    assert "e4/camera" in made.receives("e1")
    assert made.refused("w1", cmd.ResumeSite(site="south", confirmed=("e4",))) == ("room.state", ["not-held"])


def test_who_comes_for_the_first_time_after_the_outage_was_identified_at_the_door() -> None:
    made = evaluating()
    late = replace(person("e5", rs.EXPERT, "south"), presence=rs.EXPECTED)
    made.fact(cmd.Admit(member=late))
    lose(made)
    back(made)
    resume(made)
    made.fact(cmd.Admit(member=replace(late, presence=rs.HERE)))
    assert made.state.members["e5"].confirmed
    assert "e5/camera" in made.receives("e1")


def test_two_lost_sites_both_have_to_resume() -> None:
    made = evaluating()
    lose(made, "north")
    lose(made)
    back(made, "north")
    back(made)
    made.do("w1", cmd.ResumeSite(site="north", confirmed=("e1", "e2", "o1")))
    assert made.state.holds
    resume(made)
    assert made.state.holds == {}


def test_before_the_start_two_hours_past_it_somebody_has_to_decide() -> None:
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    lose(made)
    made.now = BEGINS
    made.later(2 * HOUR).tick()
    assert (outage(made).rule, outage(made).state) == ("before", "open")
    made.later(MINUTE).tick()
    assert outage(made).state == "due"
    back(made)
    again = cmd.ResumeSite(site="south", confirmed=("e3", "e4"))
    assert made.refused("w1", again) == ("room.state", ["undecided"])
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.held", ["frozen"])
    go_on = cmd.GoOn(outage=outage(made).id, reason="招标人决定继续等待")
    assert made.refused("w1", go_on)[0] == "signal.not-allowed", "a witness decides nothing for the tenderee"
    (decided,) = made.do("v1", go_on)
    assert (decided.member, decided.body["reason"]) == ("v1", "招标人决定继续等待")
    decision = outage(made).decision
    assert decision is not None
    assert (decision.member, decision.at) == ("v1", made.now)
    assert made.refused("v1", go_on) == ("room.state", ["decided"])
    made.do("w1", again)
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    assert made.state.phase == rs.EVALUATING


def test_the_other_decision_two_hours_past_the_start_is_a_new_committee() -> None:
    made = late(2 * HOUR + MINUTE)
    made.do("v1", cmd.Reform(reason="招标人决定另行组建"))
    assert (made.state.phase, made.state.cause) == (rs.CLOSED, "reform")


def test_whoever_decided_to_wait_may_still_have_the_committee_formed_anew() -> None:
    made = late(2 * HOUR + MINUTE)
    made.do("v1", cmd.GoOn(outage=outage(made).id, reason="再等一小时"))
    made.later(HOUR).tick()
    made.do("v1", cmd.Reform(reason="一小时后仍未恢复"))
    assert made.state.cause == "reform"


def test_nobody_decides_early_or_what_only_a_new_committee_leads_out_of() -> None:
    made = late(HOUR)
    assert made.refused("v1", cmd.GoOn(outage=outage(made).id, reason="先定下")) == ("room.state", ["limit"])
    assert made.refused("v1", cmd.GoOn(outage="out_9", reason="没有"))[0] == "signal.unknown"
    sits = evaluating()
    lose(sits)
    sits.later(4 * HOUR + MINUTE).tick()
    wait = cmd.GoOn(outage=outage(sits).id, reason="再等等")
    assert sits.refused("v1", wait) == ("room.state", ["limit"])


def late(milliseconds: int) -> Room:
    """A site is lost before the start, and so much time has passed since."""
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    lose(made)
    made.now = BEGINS
    made.later(milliseconds).tick()
    return made


def test_a_site_that_never_came_is_an_outage_from_the_begin_on() -> None:
    made = Room()
    made.fact(cmd.SiteFact(site="north", link=rs.UP, recording="ok"))
    made.now = BEGINS
    made.tick()
    assert (outage(made).site, outage(made).rule) == ("south", "before")
    assert made.tick() == []


def test_drill_a_clock_ninety_seconds_off() -> None:
    """It alarms and blocks the start; timers run on the platform's clock and do not move."""
    made = filled()
    made.do("w1", cmd.MoveTo(to=rs.CHECK_IN))
    made.fact(cmd.SiteFact(site="south", clock_ms=90_000))
    alarm = next(iter(made.state.alarms.values()))
    assert (alarm.code, alarm.site, alarm.value) == ("clock", "south", 90_000)
    assert made.refused("w1", cmd.MoveTo(to=rs.EVALUATING)) == ("room.not-ready", ["clock"])
    made.fact(cmd.SiteFact(site="south", clock_ms=2_000))
    assert not made.state.alarms
    made.now = BEGINS
    made.do("w1", cmd.MoveTo(to=rs.EVALUATING))
    made.fact(cmd.SiteFact(site="south", clock_ms=-90_000))
    assert made.state.holds == {}
    lose(made)
    assert rs.milliseconds(outage(made).due - outage(made).since) == 4 * HOUR


def test_a_platform_clock_that_jumps_back_never_makes_time_negative() -> None:
    made = evaluating().later(HOUR)
    lose(made)
    made.later(-2 * HOUR).tick()
    back(made)
    resume(made)
    times = [event.at for event in made.ledger]
    assert times == sorted(times)
    assert made.state.ran_ms == HOUR


# ---- links


def run(readings: list[tuple[int, Reading]], link: Link | None = None) -> list[str]:
    seen = []
    link = link or Link(state=rs.UP)
    for now_ms, reading in readings:
        link = look(link, reading, now_ms=now_ms, thresholds=LIMITS)
        seen.append(link.state)
    return seen


def fresh(age: int = 0, **more: int) -> Reading:
    return Reading(heartbeat_age_ms=age, **more)


@pytest.mark.parametrize(
    ("reading", "state"),
    [
        (fresh(4_999), rs.UP),
        (fresh(5_000), rs.DEGRADED),
        (fresh(14_999), rs.DEGRADED),
        (fresh(15_000), rs.LOST),
        (fresh(0, media_age_ms=5_000), rs.DEGRADED),
        (fresh(0, media_age_ms=15_000), rs.LOST),
        (fresh(15_000, media_age_ms=0), rs.LOST),
        (fresh(0, lost_permille=80), rs.UP),
        (fresh(0, lost_permille=81), rs.DEGRADED),
        (fresh(0, rtt_ms=800), rs.UP),
        (fresh(0, rtt_ms=801), rs.DEGRADED),
        (Reading(heartbeat_age_ms=None), rs.LOST),
    ],
)
def test_a_link_turns_worse_at_its_threshold_and_not_before(reading: Reading, state: str) -> None:
    assert run([(0, reading)]) == [state]


def test_a_link_is_better_only_after_it_stayed_so() -> None:
    lost = Link(state=rs.LOST)
    assert run([(0, fresh()), (4_999, fresh()), (5_000, fresh())], lost) == [rs.LOST, rs.LOST, rs.UP]
    broken = [(0, fresh()), (4_000, fresh(20_000)), (5_000, fresh()), (9_999, fresh()), (10_000, fresh())]
    assert run(broken, lost) == [rs.LOST] * 4 + [rs.UP]


# ---- the pack


def test_the_pack_gives_the_limits_and_says_which_are_not_checked_law() -> None:
    pack = read_pack(PACK)
    assert (pack.limits.before_ms, pack.limits.during_ms) == (2 * HOUR, 4 * HOUR)
    assert pack.limits.pack == "remote.cn@2026.3"
    for name in ("outage.before_minutes", "outage.during_minutes"):
        assert pack.parameters[name].status == "unchecked"
        assert pack.parameters[name].source
        assert not pack.parameters[name].citable


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"value = 240", b"value = 0", "/parameters/outage.during_minutes/value range"),
        (b"value = 240", b'value = "240"', "/parameters/outage.during_minutes/value type"),
        (b"value = 15000", b"value = 4000", "/parameters/link.degraded_ms order"),
        (b'status = "unchecked"', b'status = "law"', "/parameters/outage.before_minutes/status choice"),
        (
            'source = "远程异地评标办法（市级） 第二十条"'.encode(),
            b'source = ""',
            "/parameters/outage.before_minutes/source missing",
        ),
        (b'[parameters."link.rtt_ms"]', b'[parameters."link.rtt"]', "/parameters/link.rtt_ms missing"),
        (b"qt/1 room-pack", b"qt/2 room-pack", "/format value"),
        (b"format", b"\xff", "syntax"),
    ],
)
def test_a_broken_pack_is_refused_with_its_fault(old: bytes, new: bytes, fault: str) -> None:
    with pytest.raises(RoomError, match=r"room\.pack") as refused:
        read_pack(PACK.replace(old, new))
    reasons = refused.value.details["reasons"]
    assert isinstance(reasons, list)
    assert fault in reasons


def test_a_huge_pack_is_not_read() -> None:
    with pytest.raises(RoomError) as refused:
        read_pack(PACK + b"#" * 70_000)
    assert refused.value.details["reasons"] == ["too-large"]
