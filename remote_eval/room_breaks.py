"""Breaks of a room (R32): where the committee goes, who goes with it, how long, and who was seen elsewhere.

A break away from the seats has an escort for each site whose people are here. Somebody seen outside its zone
is an alarm of the site, and that time is no break: `remote_eval.presence` keeps it apart. After a night, or
when somebody was astray to the end, people are identified again (R31, R39).
"""

from datetime import timedelta
from typing import Any, Final

from remote_eval import room_state as rs
from remote_eval.commands import Astray, Clear, Raise, TakeBreak
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_events import time_text
from remote_eval.room_holds import clear_alarm, freeze, raise_alarm
from remote_eval.room_phases import binding_holds
from remote_eval.room_state import Hold, Member, RoomState

ASTRAY: Final = "astray"
_OVERDUE: Final = "break-over"
# Who goes with a committee.
_ESCORTS: Final = frozenset({rs.STAFF, rs.WITNESS})
_PRESENT: Final = frozenset({rs.HERE, rs.RECONNECTING})


def take_break(deed: Deed, command: TakeBreak) -> None:
    """A witness begins or ends a break. Raises ``room.held``, ``room.state`` with ``escort`` by site."""
    if command.on:
        _begin(deed, command)
        return
    resting = _resting(deed.state)
    astray = {one.site for one in deed.state.members.values() if one.astray is not None}
    night = {one.site for one in _committee(deed.state)} if resting.causes == ("night",) else set()
    deed.add("hold", kind=rs.BREAK, on=False, causes=[], until=None)
    clear_alarm(deed, Clear(code=_OVERDUE))
    for site in deed.state.sites:
        clear_alarm(deed, Clear(code=ASTRAY, site=site))
    doubted = [f"identify:{site}" for site in deed.state.sites if site in astray | night]
    if doubted:
        freeze(deed, *doubted)


def _resting(state: RoomState) -> Hold:
    resting = state.holds.get(rs.BREAK)
    if resting is None:
        raise RoomError("room.state", reasons=[{"code": "no-break"}])
    return resting


def _begin(deed: Deed, command: TakeBreak) -> None:
    deed.require("room.held", [{"code": kind} for kind in binding_holds(deed.state)])
    escorts = [deed.state.members.get(one) for one in command.escorts]
    for one in escorts:
        if one is None or one.role not in _ESCORTS:
            raise unknown("member")
    if command.zone is not None:
        deed.require("room.state", _unescorted(deed.state, [one for one in escorts if one is not None]))
    until = deed.now + timedelta(minutes=command.minutes or 0)
    deed.add(
        "hold",
        kind=rs.BREAK,
        on=True,
        causes=[command.kind or "rest"],
        until=time_text(until),
        zone=command.zone,
        escorts=list(command.escorts),
    )


def _unescorted(state: RoomState, escorts: list[Member]) -> list[dict[str, Any]]:
    """Sites whose people would go with nobody who is here."""
    there = {one.site for one in _committee(state) if one.presence in _PRESENT}
    escorted = {one.site for one in escorts if one.presence == rs.HERE}
    return [{"code": "escort", "site": site} for site in state.sites if site in there - escorted]


def _committee(state: RoomState) -> list[Member]:
    return [one for one in state.members.values() if one.role in rs.COMMITTEE and one.site is not None]


def astray(deed: Deed, command: Astray) -> None:
    """Where somebody was seen during a break; back in its zone or at the seats, the person is not astray."""
    resting, actor = _resting(deed.state), deed.actor
    member = deed.state.members.get(command.member)
    known = member is not None and member.role in rs.COMMITTEE
    if member is None or not known or (actor.role == rs.STAFF and actor.site != member.site):
        raise unknown("member")
    allowed = {member.zone} if resting.zone is None else {member.zone, resting.zone}
    where = None if command.zone in allowed else command.zone
    if where == member.astray:
        return
    deed.add("astray", member=member.id, zone=where, site=member.site)
    if any(one.astray for one in deed.state.members.values() if one.site == member.site):
        raise_alarm(deed, Raise(code=ASTRAY, site=member.site))
    else:
        clear_alarm(deed, Clear(code=ASTRAY, site=member.site))


def due_break(deed: Deed) -> None:
    """A break that lasts longer than was said raises an alarm; it is the witness who ends it."""
    resting = deed.state.holds.get(rs.BREAK)
    if resting is not None and resting.until is not None and deed.now > resting.until:
        raise_alarm(deed, Raise(code=_OVERDUE))
