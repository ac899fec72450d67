"""What one member may see of a room: its snapshot, and each event as that member is told it.

Every list is asked of the isolation matrix anew. A bidder's view is written apart from all others: itself and
its call, nothing else, and no member's id in any place (docs/spec/signalling.md §3, §5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crypto.canonical import JsonValue
from remote_eval import room_state as rs
from remote_eval.isolation import cell_of, grants_of, knows, told
from remote_eval.room_events import Event, time_text
from remote_eval.room_requests import sees_request
from remote_eval.room_state import Member, RoomState
from remote_eval.room_time import is_due

_View = dict[str, JsonValue]
# Passing kinds: sent with the number of the event before, neither kept nor sent again.
PASSING: Final = frozenset({"speaking", "health", "recording", "sight"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What the server receives of a member; None: not known yet."""

    seen: bool | None = None
    heard: bool | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Passing facts beside a room's events: media by member, recording lag in milliseconds by site."""

    media: Mapping[str, Media] = field(default_factory=dict)
    lag_ms: Mapping[str, int] = field(default_factory=dict)


def snapshot(state: RoomState, viewer: Member, *, health: Health, now: datetime) -> _View:
    """The room as `viewer` may see it at `now`."""
    bare: _View = {
        "seq": state.seq,
        "room": _room(state, viewer),
        "you": member_view(viewer, health),
        "members": [],
        "tracks": _tracks(state, viewer),
        "sites": [],
        "chat": [],
        "requests": [],
        "visits": [],
        "astray": [],
        "calls": _calls(state, viewer),
        "nodes": [],
        "alarms": _alarms(state, viewer),
        "directive": _directive(state, viewer),
        "outages": [],
        "intercoms": _intercoms(state, viewer),
        "watches": _watches(state, viewer),
        "more_time": _more_time(state, viewer),
        "server_time": time_text(now),
    }
    if viewer.role == rs.BIDDER:
        return bare
    kinds = cell_of(state, viewer).events
    return {
        **bare,
        "members": _members(state, viewer, health),
        "sites": [_site(one, health, kinds) for one in state.sites.values()] if "site" in kinds else [],
        "chat": [_text(one) for one in state.chat] if "chat" in kinds else [],
        "requests": [_request(one) for one in state.requests.values() if sees_request(viewer, one)],
        "visits": [_visit(one) for one in _visits(state, viewer)],
        "astray": _astray(state, viewer),
        "nodes": [_node(one) for one in state.nodes.values()] if "node" in kinds else [],
        "outages": [_outage(one) for one in state.outages.values()] if "outage" in kinds else [],
    }


def _room(state: RoomState, viewer: Member) -> _View:
    holds = _holds(state, viewer)
    if viewer.role == rs.BIDDER:
        return {
            "id": state.id,
            "title": None,
            "opened_at": None,
            "begins_at": None,
            "ends_at": None,
            "phase": None,
            "holds": holds,
        }
    return {
        "id": state.id,
        "title": None,
        "opened_at": time_text(state.opened_at),
        "begins_at": time_text(state.begins_at),
        "ends_at": time_text(state.ends_at),
        "phase": state.phase,
        "holds": holds,
    }


def _members(state: RoomState, viewer: Member, health: Health) -> list[JsonValue]:
    others = (one for one in state.members.values() if one.id != viewer.id)
    return [member_view(one, health) for one in others if knows(state, viewer, one)]


def _holds(state: RoomState, viewer: Member) -> list[JsonValue]:
    holds = state.urgent_holds
    if viewer.role == rs.BIDDER:
        since = min((one.since for one in holds), default=None)
        return (
            []
            if since is None
            else [{"kind": "held", "cause": None, "since": time_text(since), "until": None}]
        )
    return [_hold(one) for one in holds]


def _hold(hold: rs.Hold) -> _View:
    return {
        "kind": hold.kind,
        "cause": hold.causes[0] if hold.causes else None,
        "since": time_text(hold.since),
        "until": _time(hold.until),
        "zone": hold.zone,
        "escorts": list(hold.escorts),
    }


def _directive(state: RoomState, viewer: Member) -> JsonValue:
    said = state.directive
    if said is None or "directive" not in cell_of(state, viewer).events:
        return None
    return {"order": said.order, "reason": said.reason, "at": time_text(said.at)}


def _more_time(state: RoomState, viewer: Member) -> JsonValue:
    if "more-time" not in cell_of(state, viewer).events:
        return None
    asks: list[JsonValue] = [
        {"from": one.member, "minutes": one.minutes, "reason": one.reason, "at": time_text(one.at)}
        for one in state.time_asks.values()
    ]
    return {"asks": asks, "of": state.committee, "due": is_due(state)}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def _label(label: rs.Label) -> _View:
    return {"zh": label.zh, "en": label.en}


def member_view(member: Member, health: Health) -> _View:
    """A member as those see it who know it."""
    media = health.media.get(member.id, Media())
    return {
        "id": member.id,
        "role": member.role,
        "site": member.site,
        "zone": member.zone,
        "seat": member.seat,
        "label": _label(member.label),
        "chair": member.chair,
        "presence": member.presence,
        "hand": member.hand,
        "confirmed": member.confirmed,
        "device": {
            "camera": member.device.camera,
            "microphone": member.device.microphone,
            "speaker": member.device.speaker,
        },
        "media": {"seen": media.seen, "heard": media.heard, "at": _time(media.at)},
    }


def _tracks(state: RoomState, viewer: Member) -> list[JsonValue]:
    """Tracks that are up and that the viewer may receive, and its own; a masked voice has no member."""
    grants = grants_of(state, viewer).receive
    return [
        {"id": one.id, "member": one.member, "source": one.source, "kind": one.kind}
        for one in state.tracks.values()
        if one.member == viewer.id or one.id in grants
    ] + [
        {"id": one, "member": None, "source": "masked", "kind": "audio"}
        for one in grants - state.tracks.keys()
        if _is_masked(state, one)
    ]


def _is_masked(state: RoomState, track: str) -> bool:
    live = state.live_call
    return live is not None and live.masked == track


def _site(site: rs.Site, health: Health, kinds: Mapping[str, str]) -> _View:
    """A site; whose recording is told to nobody but who watches over it."""
    watches = "recording" in kinds
    return {
        "id": site.id,
        "label": _label(site.label),
        "part": site.part,
        "link": site.link,
        "recording": site.recording,
        "lag_ms": health.lag_ms.get(site.id) if watches else None,
        "clock_ms": site.clock_ms if watches else None,
    }


def _text(said: rs.Text) -> _View:
    return {"seq": said.seq, "at": time_text(said.at), "from": said.member, "text": said.text}


def _request(request: rs.Request) -> _View:
    return {
        "id": request.id,
        "kind": request.kind,
        "from": request.member,
        "site": request.site,
        "at": time_text(request.at),
        "what": request.what,
        "text": request.text,
        "whom": request.whom,
        "zone": request.zone,
        "state": request.state,
        "consents": [
            {
                "role": one.role,
                "from": one.member,
                "allow": one.allow,
                "reason": one.reason,
                "at": time_text(one.at),
            }
            for one in request.consents
        ],
        "recording": request.recording,
        "camera": request.camera,
        "minutes": request.minutes,
        "until": _time(request.until),
    }


def _visits(state: RoomState, viewer: Member) -> list[rs.Visit]:
    """Those who came in that the viewer is told of, the newest ones."""
    scope = cell_of(state, viewer).events.get("visit")
    seen = [one for one in state.visits.values() if scope == "all" or one.site == viewer.site]
    return seen[-rs.MAX_SETTLED :] if scope is not None else []


def _astray(state: RoomState, viewer: Member) -> list[JsonValue]:
    """Who was seen outside the break's zone."""
    return [
        {"member": one.id, "zone": one.astray}
        for one in state.members.values()
        if one.astray is not None and told(state, viewer, "astray", subject=one.id, body={"site": one.site})
    ]


def _visit(visit: rs.Visit) -> _View:
    return {
        "id": visit.id,
        "request": visit.request,
        "whom": visit.whom,
        "zone": visit.zone,
        "site": visit.site,
        "text": visit.text,
        "from": visit.member,
        "at": time_text(visit.at),
        "until": _time(visit.until),
        "left_at": _time(visit.left_at),
        "left_by": visit.left_by,
    }


def _calls(state: RoomState, viewer: Member) -> list[JsonValue]:
    if viewer.role == rs.BIDDER:
        own = state.calls.get(viewer.call or "")
        return [] if own is None else [{"id": own.id, "question": own.question, "state": own.state}]
    if "clarification" not in cell_of(state, viewer).events:
        return []
    return [_call(one) for one in state.calls.values()]


def _call(call: rs.Call) -> _View:
    return {
        "id": call.id,
        "bidder": call.bidder,
        "question": call.question,
        "from": call.member,
        "at": time_text(call.at),
        "state": call.state,
        "reason": call.reason,
        "speaking": sorted(call.speaking),
        "started_at": _time(call.started_at),
        "ended_at": _time(call.ended_at),
    }


def _node(node: rs.Node) -> _View:
    return {
        "id": node.id,
        "site": node.site,
        "label": _label(node.label),
        "state": node.state,
        "text": node.text,
        "from": node.member,
        "at": _time(node.at),
    }


def _alarms(state: RoomState, viewer: Member) -> list[JsonValue]:
    return [
        _alarm(one, viewer)
        for one in state.alarms.values()
        if told(state, viewer, "alarm", subject=None, body={"code": one.code, "site": one.site})
    ]


def _alarm(alarm: rs.Alarm, viewer: Member) -> _View:
    if cell_is_narrow(viewer):
        return {"code": alarm.code, "at": time_text(alarm.at), "site": None, "track": None, "value": None}
    return {
        "code": alarm.code,
        "at": time_text(alarm.at),
        "site": alarm.site,
        "track": alarm.track,
        "value": alarm.value,
    }


def cell_is_narrow(viewer: Member) -> bool:
    """Whether a member is told that the engine is gone and no more about it."""
    return viewer.role in {rs.BIDDER, rs.ROOM_CAMERA}


def _outage(outage: rs.Outage) -> _View:
    return {
        "id": outage.id,
        "site": outage.site,
        "scope": outage.scope,
        "rule": outage.rule,
        "state": outage.state,
        "since": time_text(outage.since),
        "due": time_text(outage.due),
        "returned_at": _time(outage.returned_at),
        "ended_at": _time(outage.ended_at),
        "decided": _decided(outage.decision),
    }


def _decided(decision: rs.Decision | None) -> JsonValue:
    if decision is None:
        return None
    return {"from": decision.member, "reason": decision.reason, "at": time_text(decision.at)}


def _intercoms(state: RoomState, viewer: Member) -> list[JsonValue]:
    """Pressed intercoms that the viewer is told of."""
    return [
        {
            "from": one.member,
            "reason": one.reason,
            "since": time_text(one.since),
            "to_member": one.to_member,
            "to_site": one.to_site,
        }
        for one in state.intercoms.values()
        if told(
            state,
            viewer,
            "intercom",
            subject=one.member,
            body={"to_member": one.to_member, "to_site": one.to_site},
        )
    ]


def _watches(state: RoomState, viewer: Member) -> list[JsonValue]:
    return [
        {
            "id": one.id,
            "from": one.member,
            "minutes": one.minutes,
            "reason": one.reason,
            "at": time_text(one.at),
            "state": one.state,
            "until": _time(one.until),
        }
        for one in state.watches.values()
        if told(state, viewer, "watch", subject=one.member, body={})
    ]


# ---- events


def event_view(
    state: RoomState, viewer: Member, event: Event, *, seq: int, health: Health | None = None
) -> _View | None:
    """An event's frame for `viewer`, with `state` the room after it; None: this member is not told.

    Who is expelled is told by the closing of its socket, not by an event.
    """
    if not told(state, viewer, event.kind, subject=event.subject, body=event.body):
        return None
    if viewer.role == rs.BIDDER:
        return _frame(event, seq, None, _for_bidder(state, event))
    return _frame(event, seq, event.member, _body(state, viewer, event, health or Health()))


def _frame(event: Event, seq: int, member: str | None, body: JsonValue) -> _View:
    return {
        "v": 1,
        "type": "event",
        "seq": seq,
        "at": time_text(event.at),
        "kind": event.kind,
        "from": member,
        "body": body,
    }


def _body(state: RoomState, viewer: Member, event: Event, health: Health) -> JsonValue:
    body: Mapping[str, JsonValue] = event.body
    if event.kind == "member":
        member = state.members.get(str(body["member"]))
        shown = None if member is None else member_view(member, health)
        return {"id": body["member"], "change": body["change"], "member": shown}
    if event.kind == "hold":
        return {**body, "cause": _first(body["causes"])}
    if event.kind == "site" and "recording" not in cell_of(state, viewer).events:
        return {**body, "clock_ms": None}
    if event.kind in {"alarm", "clear"} and cell_is_narrow(viewer):
        return {"code": body["code"], "site": None, "track": None}
    return dict(body)


def _first(causes: Any) -> JsonValue:
    return causes[0] if causes else None


def _for_bidder(state: RoomState, event: Event) -> JsonValue:
    """What a bidder is told, member by member of the body: nothing of it comes through unnamed."""
    body: Mapping[str, Any] = event.body
    if event.kind == "clarification":
        return {"call": body["call"], "state": body["state"], "track": body.get("track")}
    if event.kind == "track":
        own = {name: body[name] for name in ("id", "source", "kind", "up")}
        return {**own, "member": body["member"] if event.subject in state.members else None}
    if event.kind == "hold":
        return {"on": bool(state.holds)}
    if event.kind in {"alarm", "clear"}:
        return {"code": body["code"]}
    if event.kind == "device":
        return dict(body)
    return {}


def sees(state: RoomState, viewer: Member) -> tuple[frozenset[str], frozenset[str]]:
    """Members and tracks that `viewer` may see; when this differs after an event, it is owed a `sight`."""
    others = (one.id for one in state.members.values() if knows(state, viewer, one))
    return frozenset(others), frozenset(grants_of(state, viewer).receive)


def sight(state: RoomState, viewer: Member, *, health: Health) -> _View:
    """A passing event with whom and which tracks `viewer` may see now, see `sees`."""
    members = [] if viewer.role == rs.BIDDER else _members(state, viewer, health)
    return _passing("sight", state, state.at, {"members": members, "tracks": _tracks(state, viewer)})


def passing(
    kind: str, state: RoomState, viewer: Member, *, at: datetime, body: Mapping[str, Any]
) -> _View | None:
    """A passing event (`PASSING`) for `viewer`, or None; `body` names the `member` or the `site`."""
    member = body.get("member")
    if kind not in PASSING or not told(state, viewer, kind, subject=member, body=body):
        return None
    return _passing(kind, state, at, dict(body))


def _passing(kind: str, state: RoomState, at: datetime, body: _View) -> _View:
    return {
        "v": 1,
        "type": "event",
        "seq": state.seq,
        "at": time_text(at),
        "kind": kind,
        "from": None,
        "body": body,
    }
