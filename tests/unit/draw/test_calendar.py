"""Working days with exchanged weekends: the known answers, and no guess outside the data."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from draw.calendar import DrawWindow, earliest_draw, read_calendar
from draw.errors import RulesError
from tests.support.draw_cases import shipped_calendar

TWO_DAYS = DrawWindow(kind="working_days", amount=2, remote_exempt=True)
YEAR: dict[str, Any] = {
    "year": 2030,
    "source": "test",
    "status": "unchecked",
    "holidays": [{"name": "元旦", "from": "2030-01-01", "to": "2030-01-02"}],
    "workdays": ["2030-01-05"],
}


@pytest.mark.parametrize(
    ("evaluation", "opens"),
    [
        ("2025-10-09", "2025-09-29"),
        ("2025-10-13", "2025-10-10"),
        ("2026-02-24", "2026-02-13"),
        ("2026-05-06", "2026-04-29"),
    ],
)
def test_two_working_days_across_exchanged_weekends(evaluation: str, opens: str) -> None:
    day = shipped_calendar().working_days_before(date.fromisoformat(evaluation), 2)
    assert day.isoformat() == opens


@pytest.mark.parametrize(
    ("day", "worked"),
    [("2025-10-11", True), ("2025-10-12", False), ("2025-10-08", False), ("2026-02-28", True),
     ("2026-03-02", True), ("2026-03-07", False)],
)  # fmt: skip
def test_days(day: str, worked: bool) -> None:
    assert shipped_calendar().is_working_day(date.fromisoformat(day)) is worked


@pytest.mark.parametrize("day", ["2024-12-31", "2027-01-01"])
def test_a_day_outside_the_data_is_an_error(day: str) -> None:
    with pytest.raises(RulesError, match=r"calendar\.unknown_year"):
        shipped_calendar().is_working_day(date.fromisoformat(day))


def test_counting_back_does_not_leave_the_data_silently() -> None:
    with pytest.raises(RulesError, match=r"calendar\.unknown_year") as refused:
        shipped_calendar().working_days_before(date(2025, 1, 2), 2)
    assert refused.value.details == {"year": 2024}


@pytest.mark.parametrize("count", [0, -1, 61])
def test_a_count_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(RulesError, match=r"calendar\.count"):
        shipped_calendar().working_days_before(date(2025, 6, 10), count)


def test_the_draw_opens_at_midnight_in_beijing() -> None:
    # 01:30 UTC on the 9th is 09:30 in Beijing; the 29th begins there at 16:00 UTC on the 28th.
    opens = earliest_draw("2025-10-09T01:30:00Z", TWO_DAYS, shipped_calendar(), remote=False)
    assert opens == "2025-09-28T16:00:00Z"


def test_the_day_of_the_evaluation_is_that_of_beijing() -> None:
    # 17:00 UTC on Sunday the 12th is Monday the 13th in Beijing.
    opens = earliest_draw("2025-10-12T17:00:00Z", TWO_DAYS, shipped_calendar(), remote=False)
    assert opens == "2025-10-09T16:00:00Z"


def test_remote_evaluations_may_be_exempt() -> None:
    evaluation = "2025-10-09T01:30:00Z"
    assert earliest_draw(evaluation, TWO_DAYS, shipped_calendar(), remote=True) is None
    strict = DrawWindow(kind="working_days", amount=2, remote_exempt=False)
    assert earliest_draw(evaluation, strict, shipped_calendar(), remote=True) is not None


def test_hours_count_to_the_second_and_need_no_calendar() -> None:
    window = DrawWindow(kind="hours", amount=24, remote_exempt=False)
    opens = earliest_draw("2035-01-01T00:00:01Z", window, shipped_calendar(), remote=False)
    assert opens == "2034-12-31T00:00:01Z"


def changed(**members: Any) -> dict[str, Any]:
    return {**deepcopy(YEAR), **members}


def holiday(first: str, last: str) -> list[dict[str, str]]:
    return [{"name": "x", "from": first, "to": last}]


@pytest.mark.parametrize(
    ("years", "code"),
    [
        ([changed(year="2030")], "calendar.faults"),
        ([changed(surprise=1)], "calendar.faults"),
        ([changed(workdays=["2030-02-30"])], "calendar.faults"),
        ([YEAR, YEAR], "calendar.year_twice"),
        ([changed(workdays=["2031-01-05"])], "calendar.inconsistent"),
        ([changed(workdays=["2030-01-07"])], "calendar.inconsistent"),
        ([changed(holidays=holiday("2030-01-05", "2030-01-05"))], "calendar.inconsistent"),
        ([changed(holidays=holiday("2030-01-02", "2030-01-01"))], "calendar.inconsistent"),
    ],
)
def test_a_faulty_calendar_is_refused(years: list[dict[str, Any]], code: str) -> None:
    read_calendar([YEAR])
    with pytest.raises(RulesError) as refused:
        read_calendar(years)
    assert refused.value.code == code
