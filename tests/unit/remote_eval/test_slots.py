"""Half-hour slots: two bookings share a slot if and only if they share time on half hours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import BookingError
from remote_eval.slots import BEIJING, MAX_SLOTS, SLOT_SECONDS, slots_of

HALF = timedelta(seconds=SLOT_SECONDS)
YEARS = (datetime(2020, 1, 1), datetime(2039, 12, 31))  # noqa: DTZ001 - hypothesis wants naive bounds
MOMENTS = st.datetimes(*YEARS, timezones=st.just(UTC))
LENGTHS = st.timedeltas(min_value=timedelta(seconds=1), max_value=HALF * (MAX_SLOTS - 1))


def beginning(slot: int) -> datetime:
    return datetime.fromtimestamp(slot * SLOT_SECONDS, BEIJING)


@given(MOMENTS, LENGTHS)
def test_the_slots_of_a_booking_cover_it_and_nothing_more(since: datetime, length: timedelta) -> None:
    slots = slots_of(since, since + length)
    assert beginning(slots[0]) <= since < beginning(slots[0] + 1)
    assert beginning(slots[-1]) < since + length <= beginning(slots[-1] + 1)


@given(st.integers(0, 2**21), st.integers(1, 48), st.integers(0, 2**21), st.integers(1, 48))
def test_bookings_on_half_hours_share_a_slot_exactly_when_they_overlap(
    first: int, long: int, second: int, short: int
) -> None:
    second = first + second % 100 - 50 if first > 50 else second
    one = (beginning(first), beginning(first + long))
    other = (beginning(second), beginning(second + short))
    overlap = one[0] < other[1] and other[0] < one[1]
    assert bool(set(slots_of(*one)) & set(slots_of(*other))) is overlap


@given(MOMENTS)
def test_every_half_hour_of_a_beijing_clock_is_one_slot_on_every_day_of_the_year(moment: datetime) -> None:
    here = moment.astimezone(BEIJING)
    half = here.replace(minute=here.minute // 30 * 30, second=0, microsecond=0)
    assert list(slots_of(half, half + HALF)) == [int(half.timestamp()) // SLOT_SECONDS]
    assert beginning(slots_of(half, half + HALF)[0]) == half


@given(MOMENTS)
def test_a_beijing_day_has_forty_eight_slots_because_no_summer_time_moves_it(moment: datetime) -> None:
    midnight = moment.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    assert len(slots_of(midnight, midnight + timedelta(days=1))) == 48


def test_an_end_on_the_half_hour_leaves_the_next_slot_free() -> None:
    nine = datetime(2026, 11, 24, 9, 0, tzinfo=BEIJING)
    morning, noon = slots_of(nine, nine + HALF * 5), slots_of(nine + HALF * 5, nine + HALF * 8)
    assert not set(morning) & set(noon)
    assert len(slots_of(nine, nine + HALF * 5 + timedelta(microseconds=1))) == 6


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1)])
def test_a_booking_without_time_is_refused(length: timedelta) -> None:
    nine = datetime(2026, 11, 24, 9, 0, tzinfo=BEIJING)
    with pytest.raises(BookingError, match=r"booking\.time-order"):
        slots_of(nine, nine + length)


def test_a_booking_longer_than_a_week_is_refused() -> None:
    nine = datetime(2026, 11, 24, 9, 0, tzinfo=BEIJING)
    assert len(slots_of(nine, nine + HALF * MAX_SLOTS)) == MAX_SLOTS
    with pytest.raises(BookingError, match=r"booking\.too-long"):
        slots_of(nine, nine + HALF * MAX_SLOTS + timedelta(seconds=1))
