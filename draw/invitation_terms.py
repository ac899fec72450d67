"""The hours of an invitation: until when to answer, to take leave, to arrive (draw-proof §2 `invite`, §8.1).

The figures are parameters of the rule pack (``invitation.…``); none is law, each is a choice of the product
that an overlay may change. Minutes of the quiet hours do not count towards an answer, unless the evaluation
begins before the waking minutes would have passed: then the clock of the evaluation is the stronger one.
All times are times of the format (UTC); quiet hours are Beijing clock times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from draw.entry_bodies import to_seconds
from draw.errors import LifecycleError

BEIJING: Final = timedelta(hours=8)  # east of UTC; no summer time
_BEIJING: Final = 8 * 3600
_DAY: Final = 24 * 3600
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Nobody is rung up from `since` to `until`, seconds of the Beijing day; equal means no quiet hours."""

    since: int
    until: int

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> "QuietHours":
        """From clock texts ``HH:MM``."""
        return cls(since=_clock(value["from"]), until=_clock(value["to"]))

    def holds(self, moment: int) -> bool:
        """Whether a moment (seconds of the epoch) is quiet."""
        at = (moment + _BEIJING) % _DAY
        if self.since <= self.until:
            return self.since <= at < self.until
        return at >= self.since or at < self.until

    def ends_after(self, moment: int) -> int:
        """The first moment that is not quiet, `moment` itself when it is not."""
        if not self.holds(moment):
            return moment
        return moment + (self.until - (moment + _BEIJING)) % _DAY

    def begins_after(self, moment: int) -> int | None:
        """The next begin of quiet hours after a waking moment; None without quiet hours."""
        if self.since == self.until:
            return None
        return moment + ((self.since - (moment + _BEIJING)) % _DAY or _DAY)

    def began_before(self, moment: int) -> int:
        """When the quiet hours that hold at `moment` began."""
        return moment - ((moment + _BEIJING) - self.since) % _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The pack's figures, in minutes: `reply` to answer, `leave` before the begin, `grace` after it, `travel`
    between a late answer and the arrival; reminders before the end of the reply term and before the begin."""

    reply: int
    quiet: QuietHours
    leave: int
    grace: int
    travel: int
    remind_reply: int
    remind_arrival: int
    ladder: tuple[str, ...]

    @classmethod
    def from_parameters(cls, value: Mapping[str, Any]) -> "Terms":
        """From the resolved values by parameter name. Raises KeyError for a pack that is silent on one."""
        return cls(
            reply=value["invitation.reply_minutes"],
            quiet=QuietHours.from_json(value["invitation.quiet_hours"]),
            leave=value["invitation.leave_minutes"],
            grace=value["invitation.grace_minutes"],
            travel=value["invitation.travel_minutes"],
            remind_reply=value["invitation.reminders"]["reply_minutes"],
            remind_arrival=value["invitation.reminders"]["arrival_minutes"],
            ladder=tuple(value["invitation.ladder"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One invitation's times: `send_at` ≤ `reply_by` ≤ `arrive_by`, `cut_off` ≤ `arrive_by`."""

    send_at: str
    reply_by: str
    cut_off: str
    arrive_by: str


def hours(terms: Terms, *, now: str, begins: str) -> Hours:
    """The times of an invitation made at `now` for an evaluation that begins at `begins`.

    A holder who is asked late is given the reply term and the way here all the same: then `arrive_by` lies
    after the grace, and the begin is delayed with that reason.
    """
    start, begin = to_seconds(now), to_seconds(begins)
    patient = waking(terms.quiet, start, terms.reply * _MINUTE)
    urgent = patient > begin
    reply_by = start + terms.reply * _MINUTE if urgent else patient
    arrive_by = begin + terms.grace * _MINUTE
    arrive_by = max(arrive_by, reply_by + terms.travel * _MINUTE)
    cut_off = min(arrive_by, max(begin - terms.leave * _MINUTE, reply_by))
    send_at = start if urgent else terms.quiet.ends_after(start)
    return Hours(
        send_at=_text(send_at), reply_by=_text(reply_by), cut_off=_text(cut_off), arrive_by=_text(arrive_by)
    )


def put_off(terms: Terms, when: Hours, *, begins: str) -> Hours:
    """The times of an invitation once the start was put off to `begins`: the grace and the cut-off count from
    there, never to anybody's disadvantage; the term for an answer stays."""
    begin = to_seconds(begins)
    arrive_by = max(to_seconds(when.arrive_by), begin + terms.grace * _MINUTE)
    cut_off = min(arrive_by, max(to_seconds(when.cut_off), begin - terms.leave * _MINUTE))
    return Hours(
        send_at=when.send_at, reply_by=when.reply_by, cut_off=_text(cut_off), arrive_by=_text(arrive_by)
    )


def waking(quiet: QuietHours, start: int, seconds: int) -> int:
    """The moment when `seconds` outside of the quiet hours have passed since `start`."""
    at, left = quiet.ends_after(start), seconds
    while True:
        night = quiet.begins_after(at)
        if night is None or at + left <= night:
            return at + left
        left -= night - at
        at = quiet.ends_after(night)


def reminder(quiet: QuietHours, *, before: int, due: str, now: str) -> str | None:
    """When to remind, `before` minutes ahead of `due`: moved out of the quiet hours, None when that has
    passed."""
    target = to_seconds(due)
    at = target - before * _MINUTE
    if quiet.holds(at):
        morning = quiet.ends_after(at)
        at = morning if morning < target else quiet.began_before(at) - _MINUTE
    return _text(at) if at > to_seconds(now) else None


def leave_state(*, at: str, cut_off: str) -> str:
    """`on_leave_early` up to the cut-off, `on_leave_late` after it."""
    return "on_leave_early" if at <= cut_off else "on_leave_late"


def arrival_state(terms: Terms, *, at: str, arrive_by: str) -> str:
    """`arrived` up to the begin that this holder was given, `late` up to `arrive_by`.

    Raises LifecycleError ``arrival.too_late`` after that: the seat passes on.
    """
    moment, last = to_seconds(at), to_seconds(arrive_by)
    if moment > last:
        raise LifecycleError("arrival.too_late", arrive_by=arrive_by)
    return "arrived" if moment <= last - terms.grace * _MINUTE else "late"


def beijing_day(moment: str) -> str:
    """The Beijing calendar date of a time of the format."""
    return _text(to_seconds(moment) + _BEIJING)[:10]


def _clock(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * _MINUTE


def _text(moment: int) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")
