"""Phases of a room: which follow which and by whose act, and what the evaluation asks before it begins.

R20 (phases), R24 (recording), R26 (a black or frozen view blocks the start), R75 (equipment in order); who
counts for the quorum (R39), and the way out of a room that cannot go on. Every reason is told at once.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from remote_eval import room_state as rs
from remote_eval.commands import MoveTo, Reform
from remote_eval.errors import RoomError
from remote_eval.media.engine import CAMERA, MICROPHONE
from remote_eval.room_deed import Deed
from remote_eval.room_state import RoomState

BY_WITNESS: Final = "phase"
BY_CALL: Final = "call"
BY_REFORM: Final = "reform"

# From a phase to those that may follow, with the act that leads there.
TRANSITIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        rs.PREPARING: {rs.CHECK_IN: BY_WITNESS, rs.CLOSED: BY_WITNESS},
        # Back: somebody has to come in again before anybody sits.
        rs.CHECK_IN: {rs.PREPARING: BY_WITNESS, rs.EVALUATING: BY_WITNESS, rs.CLOSED: BY_WITNESS},
        rs.EVALUATING: {rs.CLARIFYING: BY_CALL, rs.SIGNING: BY_WITNESS, rs.CLOSED: BY_REFORM},
        rs.CLARIFYING: {rs.EVALUATING: BY_CALL, rs.CLOSED: BY_REFORM},
        # Back: what is to be signed was found wrong.
        rs.SIGNING: {rs.EVALUATING: BY_WITNESS, rs.CLOSED: BY_WITNESS},
        rs.CLOSED: {},
    }
)
# Alarms that keep an evaluation from beginning, wherever they come from.
BLOCKING_ALARMS: Final = frozenset({"recorder", "disk", "engine"})
# Alarms of a picture that shows nothing.
BLIND_ALARMS: Final = frozenset({"black", "frozen"})

_Reasons = Iterator[dict[str, Any]]


def move(deed: Deed, command: MoveTo) -> None:
    """A witness moves the room. Raises ``room.phase``, ``room.held``, ``room.not-ready`` with all reasons."""
    state, target = deed.state, command.to
    by = TRANSITIONS[state.phase].get(target)
    reform = by == BY_REFORM
    if by != BY_WITNESS:
        reasons = [{"code": "reform-only" if reform else "transition", "from": state.phase, "to": target}]
        raise RoomError("room.phase", reasons=reasons)
    # A room that cannot go on may be closed, but not past a supervisor who has stopped it.
    held = [kind for kind in binding_holds(state) if target != rs.CLOSED or kind == rs.PAUSED]
    deed.require("room.held", [{"code": kind} for kind in held])
    deed.require("room.not-ready", _unready(state, target))
    if target == rs.CLOSED:
        _left_inside(deed)
        deed.add("closed", from_=state.phase, cause="witness")
    else:
        deed.add("phase", from_=state.phase, to=target)


def _left_inside(deed: Deed) -> None:
    """Who is still inside when the room is closed is an alarm of the site (R20)."""
    for site in sorted({one.site for one in deed.state.inside}):
        deed.add("alarm", code="inside", site=site, track=None, value=None)


def _unready(state: RoomState, target: str) -> _Reasons:
    if target == rs.CHECK_IN:
        yield from _recording(state)
    elif target == rs.EVALUATING:
        yield from readiness(state)
    elif target == rs.SIGNING:
        yield from quorum(state)
    if target in {rs.SIGNING, rs.CLOSED}:
        yield from _running(state)


def readiness(state: RoomState) -> _Reasons:
    """Everything that keeps the evaluation from beginning now."""
    yield from _recording(state)
    yield from _sites(state)
    yield from _views(state)
    yield from _devices(state)
    yield from quorum(state)
    if not rs.witness_is_here(state):
        yield {"code": "witness"}
    for alarm in state.alarms.values():
        if alarm.code in BLOCKING_ALARMS:
            yield {"code": "alarm", "alarm": alarm.code, "site": alarm.site}


def _recording(state: RoomState) -> _Reasons:
    for site in state.sites.values():
        if site.recording != "ok":
            yield {"code": "recording", "site": site.id, "state": site.recording}


def _sites(state: RoomState) -> _Reasons:
    for site in state.sites.values():
        if site.link != rs.UP:
            yield {"code": "link", "site": site.id, "state": site.link}
        if site.clock_ms is not None and abs(site.clock_ms) > state.limits.clock_ms:
            yield {"code": "clock", "site": site.id, "ms": site.clock_ms}


def _views(state: RoomState) -> _Reasons:
    """Every site shows its room, or is off by approval; no picture that shows nothing (R26)."""
    for site in state.sites.values():
        if not any(_films(state, member, site.id) for member in state.members.values()):
            yield {"code": "view", "site": site.id}
    for alarm in state.alarms.values():
        camera = (alarm.track or "").partition("/")[0]
        if alarm.code in BLIND_ALARMS and state.withheld(camera) is None:
            yield {"code": alarm.code, "track": alarm.track}


def _films(state: RoomState, member: rs.Member, site: str) -> bool:
    shows = f"{member.id}/{CAMERA}" in state.tracks and member.presence == rs.HERE
    excused = state.withheld(member.id) is not None
    return (shows or excused) and member.role == rs.ROOM_CAMERA and member.site == site


def _devices(state: RoomState) -> _Reasons:
    for member in sitting(state):
        for source in (CAMERA, MICROPHONE):
            if f"{member.id}/{source}" not in state.tracks:
                yield {"code": source, "member": member.id}


def sitting(state: RoomState) -> list[rs.Member]:
    """Members of the committee who are here and identified."""
    return [
        one
        for one in state.members.values()
        if one.role in rs.COMMITTEE and one.presence == rs.HERE and one.confirmed
    ]


def quorum(state: RoomState) -> _Reasons:
    """What keeps the committee from having its quorum."""
    if len(sitting(state)) < state.quorum:
        yield {"code": "quorum", "have": len(sitting(state)), "need": state.quorum}


def staying(state: RoomState) -> list[rs.Member]:
    """Members of the committee who are identified and not gone: who comes back in time was not gone."""
    return [one for one in _committee(state) if one.confirmed and one.presence in _STAYS]


def reachable(state: RoomState) -> list[rs.Member]:
    """Members of the committee who are not gone. Who is cut off with a whole site is not: its limit runs."""
    return [one for one in _committee(state) if one.presence in _STAYS or _cut_off(state, one)]


_STAYS: Final = frozenset({rs.HERE, rs.RECONNECTING})


def _committee(state: RoomState) -> list[rs.Member]:
    return [one for one in state.members.values() if one.role in rs.COMMITTEE]


def _cut_off(state: RoomState, member: rs.Member) -> bool:
    site = state.sites.get(member.site or "")
    return member.presence == rs.AWAY and site is not None and site.link == rs.LOST


def is_short(state: RoomState) -> bool:
    """Whether the room sits with fewer than the quorum because the others are gone."""
    sits = state.phase in rs.SITTING and rs.BREAK not in state.holds
    return sits and len(reachable(state)) < state.quorum


def binding_holds(state: RoomState) -> list[str]:
    """Holds that stop a witness's step: one for want of the quorum stops what needs it, by its own reason."""
    return [one.kind for one in state.holds.values() if one.causes != (rs.NO_QUORUM,)]


def _running(state: RoomState) -> _Reasons:
    for request in state.requests.values():
        if request.state == "running" and request.kind == "contact":
            yield {"code": "contact", "request": request.id}


def reform(deed: Deed, command: Reform) -> None:
    """Seal the room for a new committee, once an outage has passed its limit or while the quorum is missing.

    Else ``room.state``.
    """
    if deed.state.phase == rs.CLOSED:
        raise RoomError("room.phase", reasons=[{"code": "closed"}])
    past = any(one.state in {"due", "decided"} for one in deed.state.outages.values())
    if not past and not is_short(deed.state):
        raise RoomError("room.state", reasons=[{"code": "limit"}])
    _left_inside(deed)
    deed.add("closed", from_=deed.state.phase, cause="reform", reason=command.reason)
