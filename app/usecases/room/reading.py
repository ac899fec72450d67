"""What a room's ledger says: events, outages, presence, the body of a report (R24, R32).

Everything is read from the stored events and checked on the way: chain, details, and the heads that stand in
the log of the draw. Members are ids and places; the words of a chat are for supervision alone, and while the
room is not closed for a supervisor whose watch runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.store.repositories.draws import DrawRow
from app.store.repositories.rooms import RoomAnchor, RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import evidence
from app.usecases.principals import SUPERVISOR, Principal
from app.usecases.room.keeping import KeptEvent, KeptRoom, read
from crypto.canonical import JsonValue, parse
from draw.letters import record_digest
from remote_eval.outage import Pack
from remote_eval.presence import evaluation_ms, ledger, session_ms
from remote_eval.room_events import time_text, to_json
from remote_eval.room_ledger import RoomHead
from remote_eval.room_state import ENTRY, UNRECORDED, Decision, Request, Rest, RoomState, Visit

MAX_EVENTS: Final = 1_000
_ACCOUNT: Final = "account:"
_MAX_DOCUMENT: Final = 64 * 1024
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRoom:
    """A room with its events and anchors; `fault` is the code of the first thing that does not hold."""

    kept: KeptRoom
    anchors: Sequence[RoomAnchor]
    fault: str | None


async def checked(uow: UnitOfWork, row: RoomRow) -> CheckedRoom:
    """A room's ledger against itself and against the log of its draw."""
    kept = await read(uow, row.id)
    anchors = await uow.rooms.anchors(row.id)
    draw = await uow.draws.get(row.draw_id)
    fault = kept.fault or await _anchor_fault(uow, draw, kept, anchors)
    return CheckedRoom(kept=kept, anchors=anchors, fault=fault)


async def _anchor_fault(
    uow: UnitOfWork, draw: DrawRow | None, kept: KeptRoom, anchors: Sequence[RoomAnchor]
) -> str | None:
    """A chain that was computed anew holds in itself; what it cannot do is to meet the heads in the log."""
    if draw is None:
        return "ledger.anchor"
    course = await evidence.course(uow, draw)
    logged = {entry.body["digest"]: index for index, entry in course.all("record", topic="room")}
    hashes = {one.entry.seq: one.entry.hash.hex() for one in kept.events}
    for one in anchors:
        document = one.document.encode("ascii")
        told: Any = parse(document, max_bytes=_MAX_DOCUMENT)
        stands = logged.get(record_digest(document).hex()) == one.log_index
        if not stands or hashes.get(told["seq"]) != told["hash"]:
            return "ledger.anchor"
    others = sum(1 for one in await uow.rooms.of_draw(kept.row.draw_id) if one.id != kept.row.id)
    if not others and len(logged) != len(anchors):
        return "ledger.anchor"
    return None


async def hears(uow: UnitOfWork, principal: Principal, found: CheckedRoom, *, now: datetime) -> bool:
    """Whether the caller reads the words of the chat: supervision, of a closed room or by its own watch."""
    if principal.role != SUPERVISOR:
        return False
    if found.kept.row.closed_at is not None:
        return True
    member = await uow.rooms.member(found.kept.row.id, f"{_ACCOUNT}{principal.person}")
    if member is None:
        return False
    # A watch whose time is up is over, whether somebody leads the room and writes so or not.
    own = [one for one in found.kept.state.watches.values() if one.member == member.id]
    return any(one.state == "running" and one.until is not None and now < one.until for one in own)


def events_json(found: CheckedRoom, *, words: bool, after: int, limit: int) -> Json:
    """Events after a number; the words of the chat only if `words`."""
    every = [one for one in found.kept.events if one.entry.seq > after]
    return {
        "room": found.kept.row.id,
        "intact": found.fault is None,
        "fault": found.fault,
        "events": found.kept.row.seq,
        "head": found.kept.row.head.hex(),
        "items": [_event(one, words=words) for one in every[:limit]],
        "more": len(every) > limit,
        "anchors": [
            {"events": one.seq, "hash": _hash_of(one), "log_index": one.log_index, "at": one.at}
            for one in found.anchors
        ],
    }


def _hash_of(anchor: RoomAnchor) -> str:
    told: Any = parse(anchor.document.encode("ascii"), max_bytes=_MAX_DOCUMENT)
    return str(told["hash"])


def _event(one: KeptEvent, *, words: bool) -> Json:
    told: Any = to_json(one.event)
    body = dict(told["body"])
    if one.event.kind == "chat" and not words:
        body["text"] = None
    return {
        "seq": one.entry.seq,
        "at": one.entry.at,
        "kind": one.entry.kind,
        "member": one.entry.member,
        "body": body,
        "hash": one.entry.hash.hex(),
    }


def outages_json(state: RoomState) -> list[Json]:
    """Every outage of a room with its rule, its limit and how it ended."""
    return [
        {
            "id": one.id,
            "site": one.site,
            "scope": one.scope,
            "rule": one.rule,
            "state": one.state,
            "since": time_text(one.since),
            "due": time_text(one.due),
            "returned_at": _time(one.returned_at),
            "ended_at": _time(one.ended_at),
            "decided": _decided(one.decision),
        }
        for one in state.outages.values()
    ]


def _decided(decision: Decision | None) -> Json | None:
    """Who decided to go on after the limit before the start."""
    if decision is None:
        return None
    return {"member": decision.member, "reason": decision.reason, "at": time_text(decision.at)}


def presence_json(state: RoomState, now: datetime) -> Json:
    """How long everybody was there; the buckets of a member add up to its session."""
    members = [
        {
            "member": one.id,
            "role": one.role,
            "site": one.site,
            "label": {"zh": one.label.zh, "en": one.label.en},
            "presence": one.presence,
            "session_ms": session_ms(state, one, now),
            "spent_ms": ledger(state, one, now),
        }
        for one in state.members.values()
    ]
    return {"evaluation_ms": evaluation_ms(state, now), "members": members}


def report_document(state: RoomState, head: RoomHead, *, draw: str, now: datetime) -> dict[str, JsonValue]:
    """The facts of a witness's report, as the ledger has them at its head."""
    presence: Any = presence_json(state, now)
    outages: Any = outages_json(state)
    return {
        "format": "qt/1 witness-report",
        "room": state.id,
        "draw": draw,
        "head": {"events": head.seq, "hash": head.hash.hex()},
        "opened_at": time_text(state.opened_at),
        "phase": state.phase,
        "sites": [{"id": one.id, "part": one.part} for one in state.sites.values()],
        "nodes": [
            {"id": one.id, "state": one.state, "text": one.text, "member": one.member, "at": _time(one.at)}
            for one in state.nodes.values()
        ],
        "outages": outages,
        "extensions": [
            {
                "at": time_text(one.at),
                "minutes": one.minutes,
                "ends_at": time_text(one.ends_at),
                "asking": one.asking,
                "reason": one.reason,
            }
            for one in state.extensions
        ],
        "entries": [_asked(one) for one in state.requests.values() if one.kind == ENTRY],
        "visits": [_visit(one) for one in state.visits.values()],
        "unrecorded": [_asked(one) for one in state.requests.values() if one.kind == UNRECORDED],
        "breaks": [_rest(one) for one in state.rests],
        "calls": [{"id": one.id, "bidder": one.bidder, "state": one.state} for one in state.calls.values()],
        "presence": presence,
    }


def _asked(one: Request) -> dict[str, JsonValue]:
    """An entry, or a camera that was to be off, with who consented to it and what became of it."""
    return {
        "id": one.id,
        "site": one.site,
        "at": time_text(one.at),
        "member": one.member,
        "reason": one.what,
        "whom": one.whom,
        "zone": one.zone,
        "camera": one.camera,
        "minutes": one.minutes,
        "state": one.state,
        "until": _time(one.until),
        "consents": [
            {"role": each.role, "member": each.member, "allow": each.allow, "at": time_text(each.at)}
            for each in one.consents
        ],
    }


def _visit(one: Visit) -> dict[str, JsonValue]:
    """Who came in; without a request nobody had consented, without `left_at` nobody saw the person leave."""
    return {
        "whom": one.whom,
        "zone": one.zone,
        "site": one.site,
        "request": one.request,
        "text": one.text,
        "at": time_text(one.at),
        "member": one.member,
        "until": _time(one.until),
        "left_at": _time(one.left_at),
        "left_by": one.left_by,
    }


def unrecorded_json(state: RoomState) -> list[Json]:
    """Room cameras that were off by approval (R26): from when to when (None: still), why, by whose word."""
    found = []
    for one in state.requests.values():
        yes = next((each for each in one.consents if each.allow), None)
        if one.kind == UNRECORDED and yes is not None:
            found.append(
                {
                    "camera": one.camera,
                    "site": one.site,
                    "from": time_text(yes.at),
                    "to": _time(one.ended_at or state.closed_at),
                    "reason": one.what,
                    "asked_by": one.member,
                    "approved_by": yes.member,
                }
            )
    return found


def _rest(one: Rest) -> dict[str, JsonValue]:
    return {
        "kind": one.kind,
        "since": time_text(one.since),
        "until": _time(one.until),
        "ended_at": _time(one.ended_at),
        "zone": one.zone,
        "escorts": list(one.escorts),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def pack_json(pack: Pack, state: RoomState) -> Json:
    """The limits that hold in a room; one that nobody compared with the official text is never called law."""
    own: Mapping[str, int] = {
        "outage.before_minutes": state.limits.before_ms // 60_000,
        "outage.during_minutes": state.limits.during_ms // 60_000,
        "presence.away_seconds": state.limits.away_ms // 1_000,
        "witness.away_seconds": state.limits.witness_ms // 1_000,
        "clock.tolerance_ms": state.limits.clock_ms,
    }
    return {
        "pack": state.limits.pack,
        "in_force": f"{pack.id}@{pack.version}" == state.limits.pack,
        "parameters": [
            {
                "name": name,
                "value": own.get(name, one.value),
                "status": one.status,
                "source": one.source if one.citable else None,
                "zh": one.zh if one.citable or one.status == "policy" else f"{one.zh}（待核对）",
                "en": one.en if one.citable or one.status == "policy" else f"{one.en} (not checked)",
            }
            for name, one in sorted(pack.parameters.items())
        ],
    }
