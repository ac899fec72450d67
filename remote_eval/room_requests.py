"""Requests of a room: calls for the witness, problems, entries, outside contacts, and the consent they need.

R20: an entry during the evaluation needs a witness and a supervisor. R30: an outside call needs a witness,
and exists only with that consent and the number of a telephone recording. Nothing is allowed by silence.
"""

from collections.abc import Mapping
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
)
from remote_eval.errors import RoomError
from remote_eval.room_deed import Deed, unknown
from remote_eval.room_state import Member, Request

# Which roles have to consent, by kind of request; a kind that is not here needs no consent.
CONSENT_OF: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"entry": frozenset({rs.WITNESS, rs.SUPERVISOR}), "contact": frozenset({rs.WITNESS})}
)
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
    if sum(one.state != "settled" for one in own) >= MAX_OPEN:
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
    """One deciding role says yes or no: a no ends the request, a yes allows it with the last one needed."""
    request, role = _find(deed, command.request), deed.actor.role
    needed = CONSENT_OF.get(request.kind, frozenset())
    given = {one.role for one in request.consents}
    if role not in needed:
        raise _refuse("not-yours", kind=request.kind)
    if request.state != "open" or role in given:
        raise _refuse("decided", state=request.state)
    allow = isinstance(command, Agree)
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
    )


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
    undecided = request.kind in CONSENT_OF and request.state not in {"allowed", "denied"}
    if request.state == "settled" or undecided:
        raise _refuse("undecided" if undecided else "settled", state=request.state)
    deed.add("settled", request=request.id, text=command.text, member=request.member, site=request.site)
