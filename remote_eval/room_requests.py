"""Requests of a room: calls for the witness, problems, entries, outside contacts, and the consent they need.

R20: an entry during the evaluation needs a witness and a supervisor. R30: an outside call needs a witness,
and exists only with that consent and the number of a telephone recording. R26: a room camera is off for a
classified purpose by a supervisor's consent, for a time; a seat's never. Nothing is allowed by silence.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from remote_eval import room_state as rs
from remote_eval.commands import (
    Agree,
    CallWitness,
    ContactAsk,
    ContactBegin,
    ContactEnd,
    Deny,
    EntryAsk,
    Problem,
    Settle,
    UnrecordedAsk,
)
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_events import time_text
from remote_eval.room_state import Member, Request

# Which roles have to consent, by kind of request; a kind that is not here needs no consent.
CONSENT_OF: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        rs.ENTRY: frozenset({rs.WITNESS, rs.SUPERVISOR}),
        "contact": frozenset({rs.WITNESS}),
        rs.UNRECORDED: frozenset({rs.SUPERVISOR}),
    }
)
# How long a consent to come in waits for the person: policy, not law.
CONSENT_MS: Final = 15 * 60_000
# Requests in one of these are over.
_OVER: Final = frozenset({"settled", "lapsed"})
# What one member may have open at a time.
MAX_OPEN: Final = 8


def sees_request(viewer: Member, request: Request) -> bool:
    """Who a request concerns: who asked, witnesses, supervisors but for problems, the site's own staff."""
    if viewer.id == request.member or viewer.role == rs.WITNESS:
        return True
    if viewer.role == rs.SUPERVISOR:
        return request.kind != "problem"
    return viewer.role == rs.STAFF and request.site is not None and viewer.site == request.site


def _find(deed: Deed, request: str) -> Request:
    found = deed.state.requests.get(request)
    if found is None or not sees_request(deed.actor, found):
        raise unknown("request")
    return found


def _refuse(code: str, **details: str) -> RoomError:
    return RoomError("room.state", reasons=[{"code": code, **details}])


def _new(deed: Deed) -> str:
    own = [one for one in deed.state.requests.values() if one.member == deed.actor.id]
    if sum(one.state not in _OVER for one in own) >= MAX_OPEN:
        raise _refuse("too-many")
    return deed.new("req")


def call_witness(deed: Deed, command: CallWitness) -> None:
    """Somebody calls a witness."""
    deed.add("called", request=_new(deed), reason=command.reason, text=command.text, site=deed.actor.site)


def problem(deed: Deed, command: Problem) -> None:
    """Something at a seat does not work."""
    deed.add("problem", request=_new(deed), part=command.part, text=command.text, site=deed.actor.site)


def entry_ask(deed: Deed, command: EntryAsk) -> None:
    """Somebody has to come in. Before the evaluation no consent is needed, so there is nothing to ask."""
    if deed.state.phase not in rs.SITTING:
        raise RoomError("room.phase", reasons=[{"code": "not-sitting", "phase": deed.state.phase}])
    deed.add(
        "entry",
        request=_new(deed),
        whom=command.whom,
        zone=command.zone,
        reason=command.reason,
        site=deed.actor.site,
        minutes=command.minutes,
    )


def unrecorded_ask(deed: Deed, command: UnrecordedAsk) -> None:
    """A room camera of the own site is to be off for a classified purpose; a seat's camera never is (R26)."""
    camera = deed.state.members.get(command.camera)
    if camera is None or camera.role != rs.ROOM_CAMERA or camera.site != deed.actor.site:
        raise unknown("camera")
    asked = [one for one in deed.state.requests.values() if one.camera == camera.id]
    if any(one.state in {"open", "allowed"} for one in asked):
        raise _refuse("asked")
    deed.add(
        "unrecorded",
        request=_new(deed),
        camera=camera.id,
        minutes=command.minutes,
        reason=command.reason,
        site=camera.site,
    )


def contact_ask(deed: Deed, command: ContactAsk) -> None:
    """A member of the committee asks for an outside call."""
    deed.add(
        "contact",
        request=_new(deed),
        state="asked",
        member=deed.actor.id,
        site=deed.actor.site,
        reason=command.reason,
    )


def decide_request(deed: Deed, command: Agree | Deny) -> None:
    """One deciding role says yes or no: a no ends the request, a yes allows it with the last one needed.

    A supervisor who let a camera be off may say no again at any time.
    """
    request, role = _find(deed, command.request), deed.actor.role
    needed = CONSENT_OF.get(request.kind, frozenset())
    given = {one.role for one in request.consents}
    if role not in needed:
        raise _refuse("not-yours", kind=request.kind)
    allow = isinstance(command, Agree)
    takes_back = request.kind == rs.UNRECORDED and request.state == "allowed" and not allow
    if not takes_back and (request.state != "open" or role in given):
        raise _refuse("decided", state=request.state)
    state = "denied" if not allow else "allowed" if given | {role} >= needed else "open"
    deed.add(
        "consent",
        request=request.id,
        role=role,
        allow=allow,
        reason=command.reason,
        state=state,
        member=request.member,
        site=request.site,
        **(_until(deed, request) if state == "allowed" else {}),
    )


def _until(deed: Deed, request: Request) -> dict[str, str]:
    """How long what was allowed holds: an entry waits for its person, a camera is off."""
    if request.kind == rs.ENTRY:
        return {"until": time_text(deed.now + timedelta(milliseconds=CONSENT_MS))}
    if request.kind == rs.UNRECORDED:
        return {"until": time_text(deed.now + timedelta(minutes=request.minutes or 0))}
    return {}


def contact_begin(deed: Deed, command: ContactBegin) -> None:
    """The outside call begins: with consent, and with a recording number of its own (R30)."""
    request = _contact(deed, command.request, "allowed")
    if any(one.recording == command.recording for one in deed.state.requests.values()):
        raise _refuse("recording-used")
    _contact_is(deed, request, "running", command.recording)


def contact_end(deed: Deed, command: ContactEnd) -> None:
    """The outside call has ended; it names the recording it began with."""
    request = _contact(deed, command.request, "running")
    if request.recording != command.recording:
        raise _refuse("recording-other")
    _contact_is(deed, request, "ended", command.recording)


def _contact(deed: Deed, request: str, state: str) -> Request:
    found = _find(deed, request)
    if found.kind != "contact":
        raise unknown("request")
    if found.state != state:
        raise _refuse("no-consent" if state == "allowed" else "not-running", state=found.state)
    return found


def _contact_is(deed: Deed, request: Request, state: str, recording: str) -> None:
    deed.add(
        "contact",
        request=request.id,
        state=state,
        member=request.member,
        site=request.site,
        recording=recording,
    )


def settle(deed: Deed, command: Settle) -> None:
    """A call or a problem is dealt with; an entry or a contact that was decided is over."""
    request = _find(deed, command.request)
    if request.state in _OVER:
        raise _refuse("settled", state=request.state)
    if request.kind in CONSENT_OF and request.state not in {"allowed", "denied"}:
        raise _refuse("undecided", state=request.state)
    deed.add("settled", request=request.id, text=command.text, member=request.member, site=request.site)
