"""The evaluation room, event-sourced: `start`, `decide`, and with `remote_eval.room_fold` what follows.

    command of a member or fact of the platform → decide → events → stored → evolve → state

`decide` asks the isolation matrix first, then the rules of the matter; a refusal is a RoomError or a
SignallingError with a stable code and every reason at once, and changes nothing. Pure: time and ids are
arguments. Docs: docs/spec/signalling.md.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from crypto.canonical import JsonValue
from remote_eval import (
    checklist,
    room_attendance,
    room_breaks,
    room_calls,
    room_holds,
    room_people,
    room_phases,
    room_requests,
    room_time,
    room_visits,
)
from remote_eval import commands as cmd
from remote_eval.errors import RoomError, SignallingError
from remote_eval.isolation import may_send
from remote_eval.room_deed import Deed
from remote_eval.room_events import Event, time_text
from remote_eval.room_state import EXPECTED, Limits, Member, RoomState, Site, to_ms


def start(
    *,
    room: str,
    sites: Iterable[Site],
    begins_at: datetime,
    ends_at: datetime,
    committee: int,
    quorum: int,
    limits: Limits,
    now: datetime,
) -> Event:
    """The event that opens a room, with a checklist for each site.

    `ends_at` is the end of the booked time, `committee` its size, `quorum` how many must be there. Raises
    RoomError ``room.state``.
    """
    there = list(sites)
    _check_start(there, committee, quorum, forward=begins_at < ends_at)
    body: dict[str, JsonValue] = {
        "room": room,
        "begins_at": time_text(begins_at),
        "ends_at": time_text(ends_at),
        "committee": committee,
        "quorum": quorum,
        "limits": {
            "pack": limits.pack,
            "before_ms": limits.before_ms,
            "during_ms": limits.during_ms,
            "away_ms": limits.away_ms,
            "clock_ms": limits.clock_ms,
            "witness_ms": limits.witness_ms,
        },
        "sites": [{"id": one.id, "part": one.part, "label": _label(one.label)} for one in there],
        "nodes": [
            {"id": checklist.node_id(one.id, point.code), "site": one.id, "label": _label(point.label)}
            for one in there
            for point in checklist.POINTS
        ],
    }
    return Event(kind="opened", at=to_ms(now), member=None, body=body)


def _check_start(sites: list[Site], committee: int, quorum: int, *, forward: bool) -> None:
    reasons = []
    if sum(one.part == "host" for one in sites) != 1:
        reasons.append({"code": "one-host"})
    if len({one.id for one in sites}) != len(sites):
        reasons.append({"code": "site-twice"})
    if not 1 <= quorum <= committee:
        reasons.append({"code": "quorum"})
    if not forward:
        reasons.append({"code": "times"})
    if reasons:
        raise RoomError("room.state", reasons=reasons)


def _label(label: Any) -> dict[str, str]:
    return {"zh": label.zh, "en": label.en}


def decide(
    state: RoomState,
    actor: Member | None,
    command: cmd.Command,
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[Event, ...]:
    """The events that a command of `actor`, or a fact without an actor, makes of this room; perhaps none.

    Raises SignallingError ``signal.not-allowed`` or ``signal.unknown``; RoomError ``room.phase``,
    ``room.not-ready``, ``room.held``, ``room.quorum`` or ``room.state`` with `reasons`.
    """
    deed = Deed(state, _present(state, actor, command), now=now, new_id=new_id)
    rule = _RULES.get(type(command))
    if rule is not None:
        rule(deed, command)
    # What follows from who is there now is the platform's doing, whoever came or went.
    after = Deed(deed.state, None, now=now, new_id=new_id)
    room_attendance.look(after)
    return (*deed.events, *after.events)


def _present(state: RoomState, actor: Member | None, command: cmd.Command) -> Member | None:
    """The actor as the room knows it now, if it may send this; facts have none."""
    if isinstance(command, _FACTS):
        if actor is not None:
            raise SignallingError("signal.not-allowed")
        return None
    known = None if actor is None else state.members.get(actor.id)
    if known is None or known.presence == EXPECTED or not may_send(state, known, command.type):
        raise SignallingError("signal.not-allowed", type=command.type)
    return known


def tick(deed: Deed, _fact: cmd.Tick) -> None:
    """What is due becomes events."""
    room_holds.due_outages(deed)
    room_breaks.due_break(deed)
    room_visits.due_visits(deed)
    room_people.due_presence(deed)
    room_people.due_watches(deed)


_FACTS: Final = (
    cmd.Admit,
    cmd.Expel,
    cmd.Present,
    cmd.NameChair,
    cmd.TrackFact,
    cmd.SetMasked,
    cmd.FailCall,
    cmd.Raise,
    cmd.Clear,
    cmd.SiteFact,
    cmd.Moved,
    cmd.Tick,
)
# Commands that change nothing in the room have no rule: their right is checked, the engine does the rest.
_RULES: Final[Mapping[type, Callable[[Deed, Any], None]]] = MappingProxyType(
    {
        cmd.SetDevice: room_people.set_device,
        cmd.Chat: room_people.chat,
        cmd.Hand: room_people.hand,
        cmd.PressIntercom: room_people.press_intercom,
        cmd.Swap: room_people.swap,
        cmd.Bye: room_people.bye,
        cmd.WatchAsk: room_people.watch_ask,
        cmd.WatchDecide: room_people.watch_decide,
        cmd.CallWitness: room_requests.call_witness,
        cmd.Problem: room_requests.problem,
        cmd.Settle: room_requests.settle,
        cmd.EntryAsk: room_requests.entry_ask,
        cmd.ContactAsk: room_requests.contact_ask,
        cmd.Agree: room_requests.decide_request,
        cmd.Deny: room_requests.decide_request,
        cmd.ContactBegin: room_requests.contact_begin,
        cmd.ContactEnd: room_requests.contact_end,
        cmd.Clarify: room_calls.clarify,
        cmd.CallRelease: room_calls.release,
        cmd.CallRefuse: room_calls.refuse,
        cmd.CallStart: room_calls.start,
        cmd.CallEnd: room_calls.end,
        cmd.Speak: room_calls.speak,
        cmd.SetMasked: room_calls.set_masked,
        cmd.FailCall: room_calls.fail,
        cmd.TickNode: checklist.tick_node,
        cmd.SignReport: checklist.sign_report,
        cmd.MoveTo: room_phases.move,
        cmd.Reform: room_phases.reform,
        cmd.GoOn: room_holds.go_on,
        cmd.VisitIn: room_visits.visit_in,
        cmd.VisitOut: room_visits.visit_out,
        cmd.UnrecordedAsk: room_requests.unrecorded_ask,
        cmd.TakeBreak: room_breaks.take_break,
        cmd.Astray: room_breaks.astray,
        cmd.AskTime: room_time.ask,
        cmd.Extend: room_time.extend,
        cmd.Moved: room_holds.moved,
        cmd.Direct: room_holds.direct,
        cmd.ResumeSite: room_holds.resume_site,
        cmd.SiteFact: room_holds.site_fact,
        cmd.Raise: room_holds.raise_alarm,
        cmd.Clear: room_holds.clear_alarm,
        cmd.Admit: room_people.admit,
        cmd.Expel: room_people.expel,
        cmd.Present: room_people.present,
        cmd.NameChair: room_people.name_chair,
        cmd.TrackFact: room_people.track_fact,
        cmd.Tick: tick,
    }
)
