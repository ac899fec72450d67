"""Statutory working days, with the days off that are worked in exchange 调休, and the earliest lawful draw.

The calendar is data: one TOML file per year in `draw/calendars`, written from the yearly notice of the State
Council's General Office. A day outside the years given is an error, never a guess: next year's notice may
move any weekend. All days are Beijing calendar days; reading the files is the caller's work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from draw.errors import RulesError
from draw.model import DATE, TEXT
from draw.schema import Integer, ListOf, ObjectOf, checked, one_of

MAX_WORKING_DAYS: Final = 60
_DAY: Final = timedelta(days=1)
_BEIJING: Final = timedelta(hours=8)
_SATURDAY: Final = 5
YEAR_SHAPE: Final = ObjectOf(
    {
        "year": Integer(2000, 2199),
        "source": TEXT,
        "status": one_of("read", "excerpt", "unchecked"),
        "holidays": ListOf(ObjectOf({"name": TEXT, "from": DATE, "to": DATE}), 32, low=1),
        "workdays": ListOf(DATE, 32, unique=True),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawWindow:
    """How early a draw may be: `none`, `hours` before the evaluation, or `working_days` before its day.

    `remote_exempt`: the bound does not hold for evaluations across places 异地评审.
    """

    kind: str
    amount: int
    remote_exempt: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whole years of working days: weekdays but the `holidays`, and the weekend days in `workdays`."""

    years: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked. Raises RulesError("calendar.unknown_year") outside the data."""
        if day.year not in self.years:
            raise RulesError("calendar.unknown_year", year=day.year)
        return day in self.workdays or (day.weekday() < _SATURDAY and day not in self.holidays)

    def working_days_before(self, day: date, count: int) -> date:
        """The `count`-th working day before `day`, which is not counted itself.

        Raises RulesError("calendar.count") unless 1 ≤ count ≤ 60, and RulesError("calendar.unknown_year").
        """
        if not 1 <= count <= MAX_WORKING_DAYS:
            raise RulesError("calendar.count", count=count, limit=MAX_WORKING_DAYS)
        left = count
        while left:
            day -= _DAY
            left -= self.is_working_day(day)
        return day


def read_calendar(years: Iterable[Mapping[str, Any]]) -> Calendar:
    """A calendar from the parsed TOML of its years.

    Raises RulesError("calendar.faults", faults=…) for a malformed year, RulesError("calendar.year_twice"),
    and RulesError("calendar.inconsistent", day=…) for a day outside its year, a holiday that ends before it
    begins, an exchanged workday that is a weekday or a holiday.
    """
    seen: set[int] = set()
    holidays: set[date] = set()
    workdays: set[date] = set()
    for value in years:
        year = checked(YEAR_SHAPE, dict(value), RulesError, "calendar.faults")
        if year["year"] in seen:
            raise RulesError("calendar.year_twice", year=year["year"])
        seen.add(year["year"])
        off = {day for item in year["holidays"] for day in _days(item["from"], item["to"])}
        worked = {date.fromisoformat(text) for text in year["workdays"]}
        _require_consistent(year["year"], off, worked)
        holidays |= off
        workdays |= worked
    return Calendar(frozenset(seen), frozenset(holidays), frozenset(workdays))


def earliest_draw(evaluation: str, window: DrawWindow, calendar: Calendar, *, remote: bool) -> str | None:
    """The earliest lawful time of a draw for an evaluation that begins at time `evaluation`; None = any.

    Working days are whole Beijing days: the draw may happen from 00:00 Beijing time of that day. Raises
    RulesError as `Calendar.working_days_before`.
    """
    if window.kind == "none" or (remote and window.remote_exempt):
        return None
    begin = datetime.fromisoformat(evaluation)
    if window.kind == "hours":
        return _time(begin - timedelta(hours=window.amount))
    day = calendar.working_days_before((begin + _BEIJING).date(), window.amount)
    return _time(datetime(day.year, day.month, day.day, tzinfo=UTC) - _BEIJING)


def _days(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin > end:
        raise RulesError("calendar.inconsistent", day=first)
    return [begin + _DAY * step for step in range((end - begin).days + 1)]


def _require_consistent(year: int, off: set[date], worked: set[date]) -> None:
    for day in sorted(off | worked):
        if day.year != year or (day in worked and (day in off or day.weekday() < _SATURDAY)):
            raise RulesError("calendar.inconsistent", day=day.isoformat())


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
