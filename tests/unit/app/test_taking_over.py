"""Time in which nobody led a room, as its next leader finds it: since when, who was there, what it means."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import pytest

from app.store.repositories.rooms import RoomRow
from app.usecases.room.taking_over import LEASE, RENEW_SECONDS, found, last_sign, unheard_ms
from remote_eval import commands as cmd
from remote_eval import room_state as rs
from remote_eval.presence import evaluation_ms, ledger, session_ms
from remote_eval.room_events import Event, time_text
from remote_eval.room_fold import evolve
from tests.support.rooms import HOUR, SEATS, Room, evaluating

MINUTE = 60_000
LOST_MS = 15_000


def span(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def row(leased_until: datetime | None) -> RoomRow:
    return RoomRow(
        id="room_1",
        draw_id="d",
        engine="lite",
        part=1,
        opened_at="",
        opened_by="olga",
        head=b"",
        leased_until=None if leased_until is None else time_text(leased_until),
    )


def taken_over(made: Room, after_ms: int) -> Sequence[Event]:
    """The platform is gone for so long; the next leader takes the room over."""
    since = made.now
    made.later(after_ms)
    ids = count(1)
    events = found(made.state, since=since, now=made.now, lost_ms=LOST_MS, new_id=lambda: f"next-{next(ids)}")
    for one in events:
        made.state = evolve(made.state, one)
    made.ledger += events
    return events


def test_the_last_sign_of_life_is_the_newest_event_or_renewal_and_never_lies_ahead() -> None:
    state = evaluating().later(HOUR).state
    now = state.at + span(HOUR)
    assert last_sign(row(None), state, now=now) == state.at
    assert last_sign(row(state.at - span(1)), state, now=now) == state.at
    renewed = state.at + span(5 * MINUTE)
    assert last_sign(row(renewed + LEASE), state, now=now) == renewed
    # A machine whose clock is ahead has renewed the lease.
    assert last_sign(row(now + LEASE + span(MINUTE)), state, now=now) == now


def test_who_led_last_might_have_lived_until_its_next_renewal() -> None:
    since = evaluating().now
    renewal = int(RENEW_SECONDS * 1_000)
    assert unheard_ms(since, since + span(renewal - 1)) == 0
    assert unheard_ms(since, since + span(renewal + 7)) == 7


def test_four_and_a_half_hours_without_a_platform_are_an_outage_of_every_site_from_its_last_sign() -> None:
    made = evaluating().later(HOUR)
    gone_at = made.now
    taken_over(made, 4 * HOUR + 30 * MINUTE)
    state = made.state
    outages = {one.site: one for one in state.outages.values()}
    assert set(outages) == {"north", "south"}
    assert {one.since for one in outages.values()} == {gone_at}
    assert {one.due for one in outages.values()} == {gone_at + span(4 * HOUR)}
    assert evaluation_ms(state, made.now) == HOUR
    assert state.holds[rs.FROZEN].since == gone_at
    assert not any(state.members[one].confirmed for one in SEATS)
    # The limit has passed meanwhile: only a new committee leads on.
    made.tick()
    assert {one.state for one in made.state.outages.values()} == {"due"}
    made.fact(cmd.SiteFact(site="south", link=rs.UP))
    made.fact(cmd.Present(member="w1", presence=rs.HERE))
    late = made.refused("w1", cmd.ResumeSite(site="south", confirmed=("e3", "e4")))
    assert late == ("room.state", ["limit"])
    # The ledger says what was gone, and until when.
    told = [(one.kind, one.at) for one in made.ledger if one.body.get("code") == "platform"]
    assert told == [("alarm", gone_at), ("clear", made.now)]


def test_nobody_was_there_while_no_platform_was() -> None:
    made = evaluating().later(HOUR)
    before = {one.id: ledger(made.state, one, made.now)[rs.HERE] for one in made.state.members.values()}
    taken_over(made, 4 * HOUR)
    for one in made.state.members.values():
        spent = ledger(made.state, one, made.now)
        away = 4 * HOUR - MINUTE
        assert spent == {rs.HERE: before[one.id], rs.RECONNECTING: MINUTE, rs.AWAY: away}
        assert sum(spent.values()) == session_ms(made.state, one, made.now)


@pytest.mark.parametrize("gone_ms", [0, 3_000, LOST_MS + int(RENEW_SECONDS * 1_000) - 1])
def test_a_room_that_is_handed_on_in_time_goes_on_and_people_have_their_grace(gone_ms: int) -> None:
    made = evaluating().later(HOUR)
    events = taken_over(made, gone_ms)
    assert {(one.kind, one.body.get("presence")) for one in events} == {("member", rs.RECONNECTING)}
    assert {one.presence for one in made.state.members.values()} == {rs.RECONNECTING}
    assert (made.state.outages, made.state.holds) == ({}, {})
    assert all(one.confirmed for one in made.state.members.values())
    # Whoever never comes back counts no longer.
    back = [one for one in made.state.members if one != "e4"]
    made.fact(*(cmd.Present(member=one, presence=rs.HERE) for one in back))
    made.later(MINUTE).tick()
    assert made.state.members["e4"].presence == rs.AWAY
    assert made.refused("w1", cmd.MoveTo(to=rs.SIGNING)) == ("room.not-ready", ["quorum"])


def test_one_moment_longer_and_the_sites_are_lost() -> None:
    made = evaluating()
    taken_over(made, LOST_MS + int(RENEW_SECONDS * 1_000))
    assert {one.link for one in made.state.sites.values()} == {rs.LOST}
    assert made.state.holds[rs.FROZEN].causes == ("site:north", "site:south")


def test_a_site_that_was_lost_before_keeps_its_limit_and_one_that_was_back_loses_it_again() -> None:
    made = evaluating()
    made.fact(cmd.SiteFact(site="north", link=rs.LOST), cmd.SiteFact(site="south", link=rs.LOST))
    made.fact(cmd.SiteFact(site="south", link=rs.UP))
    limits = {one.site: one.due for one in made.state.outages.values()}
    made.later(HOUR)
    taken_over(made, HOUR)
    assert {one.site: one.due for one in made.state.outages.values()} == limits
    assert {one.state for one in made.state.outages.values()} == {"open"}


def test_before_the_evaluation_the_limit_runs_from_its_begin() -> None:
    made = Room()
    made.fact(cmd.SiteFact(site="north", link=rs.UP))
    taken_over(made, MINUTE)
    (outage,) = made.state.outages.values()
    assert (outage.site, outage.rule, outage.due) == (
        "north",
        "before",
        made.state.begins_at + span(made.state.limits.before_ms),
    )


def test_a_pressed_intercom_does_not_stay_pressed_by_nobody() -> None:
    made = evaluating()
    made.do("w1", cmd.PressIntercom(on=True, reason="order"))
    taken_over(made, 1_000)
    assert made.state.intercoms == {}
