"""Hours of an invitation: nobody's night counts, nobody's term is cut, and late means late."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.avoidance.layers import resolve_pack
from draw.errors import LifecycleError, RulesError
from draw.invitation_terms import (
    Hours,
    QuietHours,
    Terms,
    arrival_state,
    beijing_day,
    hours,
    leave_state,
    put_off,
    reminder,
    waking,
)
from tests.support.draw_cases import pack_layers

QUIET = QuietHours.from_json({"from": "22:00", "to": "07:00"})
TERMS = Terms(
    reply=30, quiet=QUIET, leave=120, grace=30, travel=60, remind_reply=10, remind_arrival=180, ladder=()
)
MOMENTS = st.integers(min_value=1_600_000_000, max_value=2_000_000_000)
CLOCKS = st.integers(min_value=0, max_value=24 * 3600 - 1)


def text(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def beijing(day: str, clock: str) -> str:
    return text(int(datetime.fromisoformat(f"{day}T{clock}:00+08:00").timestamp()))


def test_by_day_the_term_is_the_term() -> None:
    found = hours(TERMS, now=beijing("2026-11-23", "09:00"), begins=beijing("2026-11-24", "09:00"))
    assert found.reply_by == beijing("2026-11-23", "09:30")
    assert found.send_at == beijing("2026-11-23", "09:00")
    assert found.cut_off == beijing("2026-11-24", "07:00")
    assert found.arrive_by == beijing("2026-11-24", "09:30")


def test_a_letter_of_the_evening_is_answered_in_the_morning() -> None:
    found = hours(TERMS, now=beijing("2026-11-23", "21:50"), begins=beijing("2026-11-24", "09:00"))
    assert found.reply_by == beijing("2026-11-24", "07:20")


def test_nobody_is_rung_up_at_night() -> None:
    found = hours(TERMS, now=beijing("2026-11-23", "23:30"), begins=beijing("2026-11-24", "09:00"))
    assert found.send_at == beijing("2026-11-24", "07:00")
    assert found.reply_by == beijing("2026-11-24", "07:30")


def test_where_the_evaluation_is_sooner_than_the_morning_the_night_counts() -> None:
    found = hours(TERMS, now=beijing("2026-11-23", "23:30"), begins=beijing("2026-11-24", "06:00"))
    assert found.send_at == beijing("2026-11-23", "23:30")
    assert found.reply_by == beijing("2026-11-24", "00:00")


def test_who_is_asked_after_the_begin_gets_the_term_and_the_way() -> None:
    found = hours(TERMS, now=beijing("2026-11-24", "09:31"), begins=beijing("2026-11-24", "09:00"))
    assert found.reply_by == beijing("2026-11-24", "10:01")
    assert found.arrive_by == beijing("2026-11-24", "11:01")
    assert found.cut_off == beijing("2026-11-24", "10:01")


@given(now=MOMENTS, ahead=st.integers(min_value=-86_400, max_value=30 * 86_400), since=CLOCKS, until=CLOCKS)
def test_times_stand_in_the_order_that_the_format_asks_for(
    now: int, ahead: int, since: int, until: int
) -> None:
    terms = replace(TERMS, quiet=QuietHours(since=since, until=until))
    found = hours(terms, now=text(now), begins=text(now + ahead))
    assert text(now) <= found.send_at <= found.reply_by <= found.arrive_by
    assert found.cut_off <= found.arrive_by
    assert found.reply_by >= text(now + terms.reply * 60)
    assert arrival_state(terms, at=found.arrive_by, arrive_by=found.arrive_by) == "late"


@given(start=MOMENTS, seconds=st.integers(min_value=1, max_value=3 * 86_400), since=CLOCKS, until=CLOCKS)
def test_exactly_the_waking_seconds_are_counted(start: int, seconds: int, since: int, until: int) -> None:
    quiet = QuietHours(since=since, until=until)
    end = waking(quiet, start, seconds)
    # Quiet time between start and end, counted day by day.
    asleep = 0
    length = (until - since) % 86_400
    first = (start + 8 * 3600 - since) // 86_400 * 86_400 + since - 8 * 3600
    for begin in range(first, end + 1, 86_400):
        asleep += max(0, min(end, begin + length) - max(start, begin))
    assert end - start - asleep == seconds


@given(due=MOMENTS, before=st.integers(min_value=1, max_value=24 * 60))
def test_no_reminder_at_night_none_late_and_none_in_the_past(due: int, before: int) -> None:
    at = reminder(QUIET, before=before, due=text(due), now=text(due - 7 * 86_400))
    assert at is not None
    assert at < text(due)
    assert not QUIET.holds(int(datetime.fromisoformat(at).timestamp()))
    assert reminder(QUIET, before=before, due=text(due), now=text(due)) is None


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("08:59", "arrived"), ("09:00", "arrived"), ("09:16", "late"), ("09:30", "late")],
)
def test_sixteen_minutes_late_is_late(clock: str, expected: str) -> None:
    by = beijing("2026-11-24", "09:30")
    assert arrival_state(TERMS, at=beijing("2026-11-24", clock), arrive_by=by) == expected


def test_thirty_one_minutes_late_is_too_late() -> None:
    with pytest.raises(LifecycleError, match=r"arrival\.too_late"):
        arrival_state(TERMS, at=beijing("2026-11-24", "09:31"), arrive_by=beijing("2026-11-24", "09:30"))


def test_a_start_that_is_put_off_takes_grace_and_cut_off_along_and_costs_nobody_anything() -> None:
    when = Hours(
        send_at=beijing("2026-11-23", "10:00"),
        reply_by=beijing("2026-11-23", "10:30"),
        cut_off=beijing("2026-11-24", "07:00"),
        arrive_by=beijing("2026-11-24", "09:30"),
    )
    moved = put_off(TERMS, when, begins=beijing("2026-11-24", "10:00"))
    assert (moved.arrive_by, moved.cut_off) == (
        beijing("2026-11-24", "10:30"),
        beijing("2026-11-24", "08:00"),
    )
    assert (moved.reply_by, moved.send_at) == (when.reply_by, when.send_at)
    # Whoever was asked late had longer for the way already.
    late = replace(when, arrive_by=beijing("2026-11-24", "11:45"))
    assert put_off(TERMS, late, begins=beijing("2026-11-24", "10:00")).arrive_by == late.arrive_by


def test_the_cut_off_itself_is_early() -> None:
    cut_off = beijing("2026-11-24", "07:00")
    assert leave_state(at=cut_off, cut_off=cut_off) == "on_leave_early"
    assert leave_state(at=beijing("2026-11-24", "08:00"), cut_off=cut_off) == "on_leave_late"


def test_the_day_is_beijings() -> None:
    assert beijing_day("2026-11-23T15:59:59Z") == "2026-11-23"
    assert beijing_day("2026-11-23T16:00:00Z") == "2026-11-24"


@pytest.mark.parametrize("base", ["tender.cn", "govproc.cn"])
def test_the_packs_that_ship_say_how_experts_are_invited(base: str) -> None:
    terms = resolve_pack(pack_layers(base)).invitation
    assert (terms.reply, terms.quiet, terms.grace) == (30, QUIET, 30)
    assert ("self_selection" in terms.ladder) is (base == "govproc.cn")


def test_a_pack_that_is_silent_invites_nobody() -> None:
    pack = resolve_pack(pack_layers("tender.cn"))
    mute = replace(
        pack, parameters={n: p for n, p in pack.parameters.items() if n != "invitation.grace_minutes"}
    )
    with pytest.raises(RulesError, match=r"rules\.invitation"):
        _ = mute.invitation
