"""Who comes in while a room sits, and leaves again (R20): noted by staff of the site or by a witness.

A consent lets one person in once, in time, for the minutes that were asked for; unused, it lapses. Whoever is
inside without one, past the time, or when the room is closed is an alarm of the site (``entry``,
``overstay``, ``inside``). The way out is noted at any time and by no consent.
"""

from datetime import datetime, timedelta
from typing import Final

from remote_eval import room_state as rs
from remote_eval.commands import Clear, Raise, VisitIn, VisitOut
from remote_eval.errors import RoomError
from remote_eval.request_commands import ENTRY_MINUTES
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_events import time_text
from remote_eval.room_holds import clear_alarm, raise_alarm
from remote_eval.room_requests import sees_request
from remote_eval.room_state import Member, Request, Visit

UNASKED: Final = "entry"
OVERSTAY: Final = "overstay"
# Over a whole day of a room: beyond it somebody floods the ledger.
MAX_VISITS: Final = 500


def visit_in(deed: Deed, command: VisitIn) -> None:
    """Somebody came in. Raises ``room.phase`` before the evaluation, when coming in needs no consent;
    ``room.state`` with ``no-consent`` for one that is not there, was used or has lapsed.
    """
    if deed.state.phase not in rs.SITTING:
        raise RoomError("room.phase", reasons=[{"code": "not-sitting", "phase": deed.state.phase}])
    if len(deed.state.visits) >= MAX_VISITS:
        raise RoomError("room.state", reasons=[{"code": "too-many"}])
    if command.request is None:
        _unasked(deed, command)
    else:
        _consented(deed, command.request)


def _consented(deed: Deed, request_id: str) -> None:
    request = deed.state.requests.get(request_id)
    if request is None or request.kind != rs.ENTRY or not sees_request(deed.actor, request):
        raise unknown("request")
    if request.state != "allowed" or _is_late(request.until, deed.now):
        raise RoomError("room.state", reasons=[{"code": "no-consent", "state": request.state}])
    visit = Visit(
        id=deed.new("visit"),
        whom=request.whom or "",
        zone=request.zone or "",
        site=request.site or "",
        member=deed.actor.id,
        at=deed.now,
        request=request.id,
        until=deed.now + timedelta(minutes=request.minutes or ENTRY_MINUTES),
    )
    _add(deed, visit, "in")


def _unasked(deed: Deed, command: VisitIn) -> None:
    """Nobody had consented: it is written down as what it is, and rings."""
    site = command.site or ""
    if site not in deed.state.sites or not _of_site(deed.actor, site):
        raise unknown("site")
    visit = Visit(
        id=deed.new("visit"),
        whom=command.whom or "",
        zone=command.zone or "",
        site=site,
        member=deed.actor.id,
        at=deed.now,
        text=command.text,
    )
    _add(deed, visit, "in")
    raise_alarm(deed, Raise(code=UNASKED, site=site))


def _of_site(actor: Member, site: str) -> bool:
    """Witnesses watch over every site, staff over their own."""
    return actor.role == rs.WITNESS or actor.site == site


def visit_out(deed: Deed, command: VisitOut) -> None:
    """Somebody has left; what rang for this person at the site is over when nobody else is left."""
    visit = deed.state.visits.get(command.visit)
    if visit is None or not _of_site(deed.actor, visit.site):
        raise unknown("visit")
    if visit.left_at is not None:
        raise RoomError("room.state", reasons=[{"code": "left"}])
    _add(deed, visit, "out")
    there = [one for one in deed.state.inside if one.site == visit.site]
    if all(one.request is not None for one in there):
        clear_alarm(deed, Clear(code=UNASKED, site=visit.site))
    if not any(_is_late(one.until, deed.now) for one in there):
        clear_alarm(deed, Clear(code=OVERSTAY, site=visit.site))


def _add(deed: Deed, visit: Visit, state: str) -> None:
    deed.add(
        "visit",
        visit=visit.id,
        state=state,
        request=visit.request,
        whom=visit.whom,
        zone=visit.zone,
        site=visit.site,
        text=visit.text,
        until=None if visit.until is None else time_text(visit.until),
    )


def due_visits(deed: Deed) -> None:
    """What time alone does: a consent lapses, a camera is recorded again, somebody stays too long."""
    for request in deed.state.requests.values():
        if request.state == "allowed" and _is_late(request.until, deed.now):
            _lapse(deed, request)
    for visit in deed.state.inside:
        if _is_late(visit.until, deed.now):
            raise_alarm(deed, Raise(code=OVERSTAY, site=visit.site))


def _lapse(deed: Deed, request: Request) -> None:
    deed.add("lapsed", request=request.id, kind=request.kind, member=request.member, site=request.site)


def _is_late(until: datetime | None, now: datetime) -> bool:
    return until is not None and now >= until
