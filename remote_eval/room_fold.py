"""Folding events into the state of a room: `evolve`, and `replay` of a whole ledger.

Total and pure: the same events give the same state, wherever they are folded. An event was decided; nothing
is checked again here, and no clock is read: time is what events say.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from remote_eval import room_state as rs
from remote_eval.errors import RoomError
from remote_eval.presence import accrue
from remote_eval.request_folds import REQUEST_FOLDS
from remote_eval.room_events import Event, moment_of
from remote_eval.room_state import Member, RoomState

_T = TypeVar("_T")


def replay(events: Iterable[Event]) -> RoomState:
    """The state after these events, the first of which opens the room. Raises RoomError ``room.event``."""
    state: RoomState | None = None
    for event in events:
        state = opened(event) if state is None else evolve(state, event)
    if state is None:
        raise RoomError("room.event", reasons=["empty"])
    return state


def opened(event: Event) -> RoomState:
    """The state that an ``opened`` event makes. Raises RoomError ``room.event`` for another kind."""
    if event.kind != "opened":
        raise RoomError("room.event", reasons=["first"])
    body: Mapping[str, Any] = event.body
    sites = [rs.Site(id=one["id"], part=one["part"], label=_label(one["label"])) for one in body["sites"]]
    nodes = [rs.Node(id=one["id"], site=one["site"], label=_label(one["label"])) for one in body["nodes"]]
    return RoomState(
        id=body["room"],
        opened_at=event.at,
        begins_at=moment_of(body["begins_at"]),
        ends_at=moment_of(body["ends_at"]),
        committee=body["committee"],
        quorum=body["quorum"],
        limits=rs.Limits(**body["limits"]),
        seq=1,
        at=event.at,
        sites={one.id: one for one in sites},
        nodes={one.id: one for one in nodes},
    )


def evolve(state: RoomState, event: Event) -> RoomState:
    """The state after one more event."""
    folded = _FOLDS[event.kind](state, event, event.body)
    return _witnessed(_clocked(replace(folded, seq=state.seq + 1, at=event.at), event.at), event.at)


def _clocked(state: RoomState, at: datetime) -> RoomState:
    """The evaluation's clock started or stopped, as phase and holds ask."""
    runs = state.phase in rs.SITTING and not state.holds
    if runs == (state.ran_since is not None):
        return state
    if state.ran_since is None:
        return replace(state, ran_since=at)
    return replace(state, ran_since=None, ran_ms=state.ran_ms + rs.milliseconds(at - state.ran_since))


def _witnessed(state: RoomState, at: datetime) -> RoomState:
    """Since when the room sits without a witness; in a break nobody has to be there."""
    sits = state.phase in rs.SITTING and rs.BREAK not in state.holds
    alone = sits and not rs.witness_is_here(state)
    if alone == (state.unwitnessed_since is not None):
        return state
    return replace(state, unwitnessed_since=at if alone else None)


def _label(value: Mapping[str, str]) -> rs.Label:
    return rs.Label(zh=value["zh"], en=value["en"])


def _put(mapping: Mapping[str, _T], key: str, value: _T) -> dict[str, _T]:
    return {**mapping, key: value}


def _without(mapping: Mapping[str, _T], key: str) -> dict[str, _T]:
    return {name: value for name, value in mapping.items() if name != key}


def _moment(value: str | None) -> datetime | None:
    return None if value is None else moment_of(value)


def _change_member(state: RoomState, member: str, **changes: Any) -> RoomState:
    found = state.members.get(member)
    if found is None:
        return state
    return replace(state, members=_put(state.members, member, replace(found, **changes)))


def _phase(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    return replace(state, phase=body["to"])


def _hold(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    kind, causes = body["kind"], tuple(body["causes"])
    if kind == rs.BREAK:
        state = _accrue_all(state, event.at)
    if not body["on"]:
        state = _rested(state, event.at) if kind == rs.BREAK else state
        return replace(state, holds=_without(state.holds, kind))
    since = state.holds[kind].since if kind in state.holds else event.at
    hold = rs.Hold(
        kind=kind,
        causes=causes,
        since=since,
        until=_moment(body["until"]),
        zone=body.get("zone"),
        escorts=tuple(body.get("escorts", ())),
    )
    state = replace(state, holds=_put(state.holds, kind, hold))
    state = _resting(state, hold) if kind == rs.BREAK else state
    return _doubt(state, [cause.split(":", 1)[1] for cause in causes if cause.startswith("identify:")])


def _resting(state: RoomState, hold: rs.Hold) -> RoomState:
    begun = rs.Rest(
        kind=hold.causes[0] if hold.causes else "rest",
        since=hold.since,
        until=hold.until,
        zone=hold.zone,
        escorts=hold.escorts,
    )
    return replace(state, rests=(*state.rests, begun))


def _rested(state: RoomState, at: datetime) -> RoomState:
    """The break is over; whoever was astray is looked at by being identified again."""
    rests = (*state.rests[:-1], *(replace(one, ended_at=at) for one in state.rests[-1:]))
    members = {one.id: replace(one, astray=None) for one in state.members.values()}
    return replace(state, rests=rests, members=members)


def _astray(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    """A member was seen outside the break's zone, or is back (zone None)."""
    member = state.members.get(body["member"])
    if member is None:
        return state
    member = accrue(member, event.at, in_break=rs.BREAK in state.holds)
    return replace(state, members=_put(state.members, member.id, replace(member, astray=body["zone"])))


def _directive(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    return replace(state, directive=rs.Directive(order=body["order"], reason=body["reason"], at=event.at))


def _accrue_all(state: RoomState, at: datetime) -> RoomState:
    resting = rs.BREAK in state.holds
    members = {one.id: accrue(one, at, in_break=resting) for one in state.members.values()}
    return replace(state, members=members)


def _doubt(state: RoomState, sites: Iterable[str]) -> RoomState:
    """Members of the committee at these sites have to be identified again (R39)."""
    doubted = set(sites)
    members = {
        one.id: replace(one, confirmed=False)
        if one.site in doubted and one.role in rs.COMMITTEE and one.presence != rs.EXPECTED
        else one
        for one in state.members.values()
    }
    return replace(state, members=members)


def _member(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    return _MEMBER_CHANGES[body["change"]](state, event, body)


def _admitted(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    fields = {**body["admitted"], "label": _label(body["admitted"]["label"])}
    presence = fields.pop("presence")
    known = state.members.get(body["member"])
    if known is None:
        known = Member(id=body["member"], since=event.at, joined_at=event.at, presence=presence, **fields)
    else:
        known = replace(known, **fields)
    state = replace(state, members=_put(state.members, known.id, known))
    return _presence(state, event, {"member": known.id, "presence": presence})


def _presence(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    member = state.members.get(body["member"])
    if member is None:
        return state
    until = event.at if state.closed_at is None else state.closed_at
    member = accrue(member, until, in_break=rs.BREAK in state.holds)
    moving = member.moving and body["presence"] != rs.HERE
    member = replace(member, presence=body["presence"], presence_since=event.at, moving=moving)
    return replace(state, members=_put(state.members, member.id, member))


def _expelled(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    state = _silenced(state, body["member"])
    gone = body["member"]
    asks = _without(state.time_asks, gone)
    return replace(state, members=_without(state.members, gone), time_asks=asks)


def _silenced(state: RoomState, gone: str) -> RoomState:
    """Nothing comes from this member any more: no track, no voice in a call, no intercom."""
    return replace(
        state,
        tracks={one.id: one for one in state.tracks.values() if one.member != gone},
        calls={one.id: replace(one, speaking=one.speaking - {gone}) for one in state.calls.values()},
        intercoms=_without(state.intercoms, gone),
    )


def _chair(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    members = {
        one.id: replace(one, chair=one.id == body["member"]) if one.chair or one.id == body["member"] else one
        for one in state.members.values()
    }
    return replace(state, members=members)


def _confirmed(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    return _change_member(state, body["member"], confirmed=True)


def _device(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    return _change_member(state, event.member or "", device=rs.Device(**body))


def _track(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    if not body["up"]:
        return replace(state, tracks=_without(state.tracks, body["id"]))
    track = rs.Track(id=body["id"], member=body["member"], source=body["source"], kind=body["kind"])
    return replace(state, tracks=_put(state.tracks, track.id, track))


def _chat(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    said = rs.Text(seq=state.seq + 1, at=event.at, member=event.member or "", text=body["text"])
    return replace(state, chat=(*state.chat, said)[-rs.MAX_CHAT :])


def _hand(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    return _change_member(state, event.member or "", hand=body["up"])


def _intercom(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    speaker = event.subject or ""
    if not body["on"]:
        return replace(state, intercoms=_without(state.intercoms, speaker))
    pressed = rs.Intercom(
        member=speaker,
        reason=body["reason"],
        since=event.at,
        to_member=body["to_member"],
        to_site=body["to_site"],
    )
    return replace(state, intercoms=_put(state.intercoms, speaker, pressed))


def _speak(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    call = state.calls.get(body["call"])
    if call is None:
        return state
    own = frozenset({event.subject or ""})
    speaking = call.speaking | own if body["on"] else call.speaking - own
    return replace(state, calls=_put(state.calls, call.id, replace(call, speaking=speaking)))


def _clarification(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    if body["state"] == "asked":
        call = rs.Call(
            id=body["call"],
            bidder=body["bidder"],
            question=body["question"],
            member=event.member or "",
            at=event.at,
        )
        return replace(state, calls=_put(state.calls, call.id, call))
    found = state.calls.get(body["call"])
    if found is None:
        return state
    return replace(state, calls=_put(state.calls, found.id, _call_in(found, event.at, body)))


def _call_in(call: rs.Call, at: datetime, body: Mapping[str, Any]) -> rs.Call:
    if body["state"] == "masked":
        return replace(call, masked=body["track"])
    call = replace(call, state=body["state"], reason=body.get("reason"))
    if call.state == "live":
        return replace(call, started_at=at)
    return replace(call, ended_at=at, speaking=frozenset(), masked=None) if call.state == "ended" else call


def _node(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    node = state.nodes.get(body["node"])
    if node is None:
        return state
    ticked = replace(node, state=body["state"], text=body["text"], member=event.member, at=event.at)
    return replace(state, nodes=_put(state.nodes, node.id, ticked))


def _more_time(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    member = event.member or ""
    if not body["on"]:
        return replace(state, time_asks=_without(state.time_asks, member))
    ask = rs.TimeAsk(member=member, minutes=body["minutes"], reason=body["reason"], at=event.at)
    return replace(state, time_asks=_put(state.time_asks, member, ask))


def _put_off(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    return replace(state, begins_at=moment_of(body["begins_at"]), ends_at=moment_of(body["ends_at"]))


def _extended(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    """The asks are answered: whoever needs still more asks again."""
    ends_at = moment_of(body["ends_at"])
    made = rs.Extension(
        minutes=body["minutes"], reason=body["reason"], ends_at=ends_at, asking=body["asking"], at=event.at
    )
    return replace(state, ends_at=ends_at, time_asks={}, extensions=(*state.extensions, made))


def _watch(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    if body["state"] == "asked":
        watch = rs.Watch(
            id=body["watch"],
            member=body["member"],
            minutes=body["minutes"],
            reason=body["reason"],
            at=event.at,
        )
        return replace(state, watches=_put(state.watches, watch.id, watch))
    found = state.watches.get(body["watch"])
    if found is None:
        return state
    decided = replace(found, state=body["state"], until=_moment(body["until"]))
    return replace(state, watches=_put(state.watches, found.id, decided))


def _site(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    site = state.sites.get(body["site"])
    if site is None:
        return state
    known = replace(
        site,
        link=body["link"],
        recording=body["recording"],
        clock_ms=body["clock_ms"],
        seen_up=site.seen_up or body["link"] == rs.UP,
    )
    return replace(state, sites=_put(state.sites, site.id, known))


def _outage(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    known = state.outages.get(body["outage"])
    outage = known or rs.Outage(
        id=body["outage"],
        site=body["site"],
        rule=body["rule"],
        since=moment_of(body["since"]),
        due=moment_of(body["due"]),
        scope=body.get("scope", rs.OF_SITE),
    )
    if body["state"] in {"returned", "open"}:
        outage = replace(outage, returned_at=event.at if body["state"] == "returned" else None)
    elif body["state"] == "over":
        outage = replace(outage, ended_at=event.at)
    elif body["state"] == "decided":
        decision = rs.Decision(member=event.member or "", reason=body["reason"], at=event.at)
        outage = replace(outage, decision=decision)
    outage = replace(outage, state=body["state"], due=moment_of(body["due"]))
    state = replace(state, outages=_put(state.outages, outage.id, outage))
    return _doubt(state, [outage.site]) if body["state"] == "open" and outage.site is not None else state


def alarm_key(code: str, site: str | None, track: str | None) -> str:
    """Which alarm it is: the same code for another track is another one."""
    return f"{code}|{site or ''}|{track or ''}"


def _alarm(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    alarm = rs.Alarm(at=event.at, **body)
    key = alarm_key(alarm.code, alarm.site, alarm.track)
    return replace(state, alarms=_put(state.alarms, key, alarm))


def _clear(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    return replace(state, alarms=_without(state.alarms, alarm_key(body["code"], body["site"], body["track"])))


def _swap(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    """The person is on the way: everything but seat, media and presence stays as it was."""
    state = _presence(state, event, {"member": body["member"], "presence": rs.RECONNECTING})
    return _change_member(_silenced(state, body["member"]), body["member"], seat=body["to"], moving=True)


def _report(state: RoomState, _event: Event, body: Mapping[str, Any]) -> RoomState:
    return replace(state, report=body["digest"])


def _closed(state: RoomState, event: Event, body: Mapping[str, Any]) -> RoomState:
    """Everything that runs ends with the room."""
    state = _accrue_all(state, event.at)
    state = _rested(state, event.at) if rs.BREAK in state.holds else state
    calls = {
        one.id: _call_in(one, event.at, {"state": "ended"}) if one.state == "live" else one
        for one in state.calls.values()
    }
    watches = {
        one.id: replace(one, state="over") if one.state in {"asked", "running"} else one
        for one in state.watches.values()
    }
    return replace(
        state,
        phase=rs.CLOSED,
        cause=body["cause"],
        closed_at=event.at,
        holds={},
        intercoms={},
        tracks={},
        calls=calls,
        watches=watches,
    )


def _no_change(state: RoomState, _event: Event, _body: Mapping[str, Any]) -> RoomState:
    return state


_Fold = Callable[[RoomState, Event, Mapping[str, Any]], RoomState]
_MEMBER_CHANGES: Final[Mapping[str, _Fold]] = MappingProxyType(
    {
        "admitted": _admitted,
        "presence": _presence,
        "expelled": _expelled,
        "chair": _chair,
        "confirmed": _confirmed,
    }
)
_FOLDS: Final[Mapping[str, _Fold]] = MappingProxyType(
    {
        **REQUEST_FOLDS,
        "astray": _astray,
        "opened": _no_change,
        "phase": _phase,
        "hold": _hold,
        "member": _member,
        "device": _device,
        "track": _track,
        "chat": _chat,
        "hand": _hand,
        "intercom": _intercom,
        "speak": _speak,
        "clarification": _clarification,
        "node": _node,
        "more-time": _more_time,
        "extended": _extended,
        "put-off": _put_off,
        "directive": _directive,
        "watch": _watch,
        "site": _site,
        "outage": _outage,
        "alarm": _alarm,
        "clear": _clear,
        "swap": _swap,
        "report": _report,
        "closed": _closed,
    }
)
