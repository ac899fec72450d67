"""Bodies of log entries: their members and what each may hold (draw-proof §2).

Every type has one shape; rules between members (which role has which keys) follow the shapes. The Sealed Draw
Record, the body of `seal`, is built in `draw.record`; here only its members are known. Nothing here looks at
other entries.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from draw.errors import EntryError
from draw.model import HEX32, ID, MAX_SITES, MAX_STRATA, PARAMETERS_SHAPE, TEXT, TIME
from draw.schema import (
    Boolean,
    Faults,
    Integer,
    ListOf,
    Nullable,
    ObjectOf,
    Shape,
    is_time,
    matching,
    one_of,
)

ROLES: Final = ("platform", "agency", "supervisor", "cosigner")
SECRET_ROLES: Final = ("agency", "supervisor")
EVENT_CLASSES: Final = ("decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue")
REPLIES: Final = ("accept", "decline", "leave")
RECORD_TOPICS: Final = (
    "roster",
    "roster-open",
    "ledger",
    "ladder",
    "venue",
    "seating",
    "room",
    "recording",
    "case",
)
LOGGED: Final = "logged"
ELSEWHERE: Final = "elsewhere"
ABORT_REASONS: Final = (
    "escrow_missing",
    "escrow_wrong",
    "reveal_missing",
    "infeasible",
    "project_cancelled",
    "request_changed",
    "fault",
)
_ROLE: Final = one_of(*ROLES)
_SECRET: Final = one_of(*SECRET_ROLES)
_INDEX: Final = Integer(0)
_COUNT: Final = Integer(1)
HEX64: Final = matching(r"[0-9a-f]{128}")
PARTIES_SHAPE: Final = ObjectOf(dict.fromkeys(ROLES, HEX32))
_LIST: Final = ObjectOf({"root": HEX32, "size": HEX32})
BEACON_ROUND: Final = ObjectOf({"chain": one_of("quicknet", "default"), "round": _COUNT})
SDR_SHAPE: Final = ObjectOf(
    {
        "draw": _INDEX,
        "section": HEX32,
        "round": _COUNT,
        "previous": Nullable(_INDEX),
        "parties": PARTIES_SHAPE,
        "pool": ObjectOf({"index": _INDEX, "id": ID, "version": _COUNT, "root": HEX32}),
        "rules": HEX32,
        "case": HEX32,
        **PARAMETERS_SHAPE.members,
        "cells": ListOf(ListOf(_LIST, MAX_SITES, low=1), MAX_STRATA, low=1),
        "excluded": _LIST,
        "tag_key": HEX32,
        "vrf": ObjectOf({"platform": HEX32, "supervisor": HEX32}),
        "commitments": ObjectOf({"agency": HEX32, "supervisor": HEX32}),
        "beacon": Nullable(BEACON_ROUND),
        "anonymity": ObjectOf(
            {
                "strata": ListOf(ObjectOf({"met": Boolean(), "bits": Boolean()}), MAX_STRATA, low=1),
                "override": Nullable(TEXT),
            }
        ),
        "avoid_units": _INDEX,
        "recent_changes": _INDEX,
        "invitations": one_of(LOGGED, ELSEWHERE),
        "deadlines": ObjectOf({"reveal": TIME, "result": TIME, "open": TIME}),
    }
)
_QUICKNET: Final = matching(r"[0-9a-f]{96}")
# Round 1 of the default chain signs the 32-byte genesis seed, later rounds the signature before.
_DEFAULT: Final = matching(r"[0-9a-f]{192}")
_BEFORE: Final = matching(r"[0-9a-f]{64}|[0-9a-f]{192}")
_BEACON: Final = ObjectOf(
    {
        **BEACON_ROUND.members,
        "signature": matching(r"[0-9a-f]{96}|[0-9a-f]{192}"),
        "previous": Nullable(_BEFORE),
    }
)
_BODIES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "key": ObjectOf(
            {"role": _ROLE, "name": TEXT, "public": HEX32, "vrf": Nullable(HEX32), "seal": Nullable(HEX32)}
        ),
        "pool": ObjectOf({"pool": ID, "version": _COUNT, "size": _INDEX, "root": HEX32, "basis": TEXT}),
        "request": ObjectOf(
            {"section": HEX32, "round": _COUNT, "previous": Nullable(_INDEX), "parties": PARTIES_SHAPE}
        ),
        "commit": ObjectOf({"draw": _INDEX, "role": _SECRET, "commitment": HEX32}),
        "seal": SDR_SHAPE,
        "escrow": ObjectOf(
            {"draw": _INDEX, "role": _SECRET, "commitment": HEX32, "sealed": HEX32, "sdr": HEX32}
        ),
        "reveal": ObjectOf(
            {"draw": _INDEX, "role": _SECRET, "r": HEX32, "from": one_of("holder", "escrow"), "sdr": HEX32}
        ),
        "result": ObjectOf(
            {"draw": _INDEX, "sdr": HEX32, "beacon": Nullable(_BEACON), "alpha": HEX32, "beta": HEX32}
        ),
        "event": ObjectOf(
            {
                "draw": _INDEX,
                "sdr": HEX32,
                "t": _COUNT,
                "seat": HEX32,
                "class": one_of(*EVENT_CLASSES),
                "mode": one_of("supervisor", "own-order"),
                "evidence": HEX32,
            }
        ),
        "answer": ObjectOf({"draw": _INDEX, "t": _COUNT, "event": HEX32, "pi": matching(r"[0-9a-f]{160}")}),
        "invite": ObjectOf(
            {
                "draw": _INDEX,
                "sdr": HEX32,
                "n": _COUNT,
                "seat": HEX32,
                "key": HEX32,
                "letter": HEX32,
                "reply_by": TIME,
                "cut_off": TIME,
                "arrive_by": TIME,
            }
        ),
        "reply": ObjectOf(
            {
                "draw": _INDEX,
                "n": _COUNT,
                "answer": one_of(*REPLIES),
                "at": TIME,
                "signature": Nullable(HEX64),
                "record": Nullable(HEX32),
            }
        ),
        "appointment": ObjectOf(
            {
                "section": HEX32,
                "number": _COUNT,
                "previous": Nullable(_INDEX),
                "parties": PARTIES_SHAPE,
                "way": one_of("self_selected", "direct"),
                "fills": Nullable(_INDEX),
                "reason": ID,
                "approval": HEX32,
                "rules": HEX32,
                "seats": _COUNT,
                "outside": _INDEX,
                "document": HEX32,
                "deadlines": ObjectOf({"open": TIME}),
            }
        ),
        "record": ObjectOf({"draw": _INDEX, "topic": one_of(*RECORD_TOPICS), "digest": HEX32}),
        "open": ObjectOf({"draw": _INDEX, "sdr": HEX32, "events": _INDEX}),
        "abort": ObjectOf({"draw": _INDEX, "sdr": Nullable(HEX32), "reason": one_of(*ABORT_REASONS)}),
    }
)


def check_body(kind: str, body: Mapping[str, Any]) -> None:
    """Raise EntryError unless `kind` is a known type and `body` is as §2 says; `faults` lists every fault."""
    if kind not in _BODIES:
        raise EntryError("entry.type")
    faults = Faults()
    _BODIES[kind].check(body, "", faults)
    if faults.found or not _members_agree(kind, body):
        raise EntryError("entry.body", type=kind, faults=tuple(faults.found))


def _members_agree(kind: str, body: Mapping[str, Any]) -> bool:
    """Rules that tie two members of one body together."""
    if kind == "key":
        has_vrf, has_seal = body["vrf"] is not None, body["seal"] is not None
        return has_vrf == (body["role"] in ("platform", "supervisor")) and has_seal == (
            body["role"] == "cosigner"
        )
    if kind == "request":
        return bool((body["previous"] is None) == (body["round"] == 1))
    if kind == "appointment":
        linked = (body["previous"] is None) == (body["number"] == 1)
        return bool(linked and (body["fills"] is None) == (body["way"] == "direct"))
    if kind == "reply":
        return (body["signature"] is None) != (body["record"] is None)
    if kind == "result" and body["beacon"] is not None:
        return _beacon_sizes(body["beacon"])
    return True


def _beacon_sizes(beacon: Mapping[str, Any]) -> bool:
    if beacon["chain"] == "quicknet":
        return _QUICKNET.accepts(beacon["signature"]) is not None and beacon["previous"] is None
    return _DEFAULT.accepts(beacon["signature"]) is not None and beacon["previous"] is not None


def to_seconds(time: str) -> int:
    """Unix seconds of a `time` of the format. Raises EntryError for anything else."""
    if not is_time(time):
        raise EntryError("entry.time")
    return int(datetime.fromisoformat(time[:-1]).replace(tzinfo=UTC).timestamp())


def from_seconds(seconds: int) -> str:
    """The `time` of the format for Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
