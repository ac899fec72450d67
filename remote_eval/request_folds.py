"""Folding what is asked for in a room: requests, their consents, who came in by them, cameras that are off.

Part of `remote_eval.room_fold`: total, pure, and no clock is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from remote_eval import room_state as rs
from remote_eval.room_events import Event, moment_of
from remote_eval.room_state import Request, RoomState

# A request in one of these is over.
OVER: Final = frozenset({"settled", "lapsed"})


def _asked(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    what = body.get("part") if event.kind == "problem" else body.get("reason")
    request = Request(
        id=body["request"],
        kind=event.kind,
        member=event.member or "",
        site=body["site"],
        at=event.at,
        what=str(what),
        text=body.get("text"),
        whom=body.get("whom"),
        zone=body.get("zone"),
        camera=body.get("camera"),
        minutes=body.get("minutes"),
    )
    return _with_request(state, request)


def _with_request(state: RoomState, request: Request) -> RoomState:
    """Requests with this one in them; of those that are over, the newest are kept."""
    requests = {**state.requests, request.id: request}
    over = [one.id for one in requests.values() if one.state in OVER]
    for oldest in over[: max(0, len(over) - rs.MAX_SETTLED)]:
        del requests[oldest]
    return replace(state, requests=requests)


def _contact(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    if body["state"] == "asked":
        return _asked(state, event, body)
    request = state.requests.get(body["request"])
    if request is None:
        return state
    ended = body["state"] == "ended"
    changed = replace(request, state="settled" if ended else "running", recording=body["recording"])
    return _with_request(state, changed)


def _consent(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    request = state.requests.get(body["request"])
    if request is None:
        return state
    decision = rs.Consent(
        member=event.member or "", role=body["role"], allow=body["allow"], reason=body["reason"], at=event.at
    )
    changed = replace(
        request,
        state=body["state"],
        consents=(*request.consents, decision),
        until=moment_of(body["until"]) if "until" in body else request.until,
        ended_at=None if body["allow"] else event.at,
    )
    return _with_request(state, changed)


def _settled(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    request = state.requests.get(body["request"])
    if request is None:
        return state
    over = "lapsed" if event.kind == "lapsed" else "settled"
    return _with_request(state, replace(request, state=over, ended_at=request.ended_at or event.at))


def _visit(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    if body["state"] == "out":
        return _left(state, event, body["visit"])
    visit = rs.Visit(
        id=body["visit"],
        whom=body["whom"],
        zone=body["zone"],
        site=body["site"],
        member=event.member or "",
        at=event.at,
        request=body["request"],
        text=body["text"],
        until=None if body["until"] is None else moment_of(body["until"]),
    )
    state = replace(state, visits={**state.visits, visit.id: visit})
    request = state.requests.get(visit.request or "")
    return state if request is None else _with_request(state, replace(request, state="running"))


def _left(state: RoomState, event: Event, visit: str) -> RoomState:
    found = state.visits.get(visit)
    if found is None:
        return state
    left = replace(found, left_at=event.at, left_by=event.member)
    state = replace(state, visits={**state.visits, left.id: left})
    request = state.requests.get(left.request or "")
    return state if request is None else _with_request(state, replace(request, state="settled"))


REQUEST_FOLDS: Final[Mapping[str, Callable[[RoomState, Event, Mapping[str, Any]], RoomState]]] = (
    MappingProxyType(
        {
            **dict.fromkeys(("called", "problem", "entry", "unrecorded"), _asked),
            **dict.fromkeys(("settled", "lapsed"), _settled),
            "contact": _contact,
            "consent": _consent,
            "visit": _visit,
        }
    )
)
