"""Bodies of log entries: their members and what each may hold (draw-proof §2).

Every type has one table from member to test; a body has exactly the members of its table. Rules between
members (which role has which keys) follow the tables. The Sealed Draw Record, the body of `seal`, is built
and checked in `draw.record`; here only its members are known. Nothing here looks at other entries."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from draw.errors import EntryError

ROLES: Final = ("platform", "agency", "supervisor", "cosigner")
SECRET_ROLES: Final = ("agency", "supervisor")
EVENT_CLASSES: Final = ("decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue")
ABORT_REASONS: Final = (
    "escrow_missing",
    "escrow_wrong",
    "reveal_missing",
    "infeasible",
    "project_cancelled",
    "request_changed",
    "fault",
)
SDR_MEMBERS: Final = frozenset(
    "draw section round previous parties pool rules case rule committee strata sites cap cells excluded "
    "tag_key vrf commitments beacon anonymity avoid_units recent_changes deadlines".split()
)
MAX_TEXT: Final = 200  # code points
_MAX_INT: Final = (1 << 53) - 1
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]*", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
# C0, DEL and C1.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")

Test = Callable[[Any], bool]


def is_hex(value: object, size: int) -> bool:
    """Whether `value` is `size` bytes in lowercase hexadecimal."""
    return isinstance(value, str) and len(value) == 2 * size and _HEX.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Whether `value` is a real moment written YYYY-MM-DDTHH:MM:SSZ in the years 1900 to 2199."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        return 1900 <= datetime.fromisoformat(value[:-1]).year < 2200
    except ValueError:
        return False


def is_id(value: object) -> bool:
    """Whether `value` is an id: [a-z0-9][a-z0-9_.:-]{0,63}."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_text(value: object) -> bool:
    """Whether `value` is 1 to 200 code points without control characters."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_TEXT and _CONTROL.search(value) is None


def is_integer(value: object, least: int = 0) -> bool:
    """Whether `value` is an integer from `least` to 2^53 - 1 (a boolean is none)."""
    return type(value) is int and least <= value <= _MAX_INT


def to_seconds(time: str) -> int:
    """Unix seconds of a `time` of the format. Raises EntryError for anything else."""
    if not is_time(time):
        raise EntryError("entry.time")
    return int(datetime.fromisoformat(time[:-1]).replace(tzinfo=UTC).timestamp())


def from_seconds(seconds: int) -> str:
    """The `time` of the format for Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_body(kind: str, body: Mapping[str, Any]) -> None:
    """Raise EntryError unless `kind` is a known type and `body` has exactly its members, each as §2 says."""
    if kind not in _BODIES:
        raise EntryError("entry.type")
    members = _BODIES[kind]
    if body.keys() != members.keys():
        raise EntryError("entry.body", type=kind)
    for name, test in members.items():
        if not test(body[name]):
            raise EntryError("entry.body", type=kind, member=name)
    _check_between(kind, body)


def _check_between(kind: str, body: Mapping[str, Any]) -> None:
    """Rules that tie two members together."""
    role = body.get("role")
    consistent = {
        "key": lambda: (body["vrf"] is not None) == (role in ("platform", "supervisor"))
        and (body["seal"] is not None) == (role == "cosigner"),
        "request": lambda: (body["previous"] is None) == (body["round"] == 1),
    }
    if kind in consistent and not consistent[kind]():
        raise EntryError("entry.body", type=kind)


def _hex(size: int) -> Test:
    return lambda value: is_hex(value, size)


def _integer(least: int) -> Test:
    return lambda value: is_integer(value, least)


def _optional(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _among(*values: str) -> Test:
    return lambda value: value in values


def _parties(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == set(ROLES) and all(map(_HEX32, value.values()))


def _beacon(value: Any) -> bool:
    """What the record says of a beacon round; its BLS check is elsewhere."""
    if not isinstance(value, Mapping) or value.keys() != {"chain", "round", "signature", "previous"}:
        return False
    if value["chain"] == "quicknet":
        sizes = is_hex(value["signature"], 48) and value["previous"] is None
    elif value["chain"] == "default":
        # Round 1 signs the 32-byte genesis seed, later rounds the signature before.
        sizes = is_hex(value["signature"], 96) and (
            is_hex(value["previous"], 96) or is_hex(value["previous"], 32)
        )
    else:
        return False
    return sizes and is_integer(value["round"], 1)


_HEX32: Final = _hex(32)
_ROLE: Final = _among(*ROLES)
_SECRET: Final = _among(*SECRET_ROLES)
_DRAW: Final = _integer(0)
_BODIES: Final[Mapping[str, Mapping[str, Test]]] = MappingProxyType(
    {
        "key": {
            "role": _ROLE,
            "name": is_text,
            "public": _HEX32,
            "vrf": _optional(_HEX32),
            "seal": _optional(_HEX32),
        },
        "pool": {"pool": is_id, "version": _integer(1), "size": _DRAW, "root": _HEX32, "basis": is_text},
        "request": {
            "section": _HEX32,
            "round": _integer(1),
            "previous": _optional(_DRAW),
            "parties": _parties,
        },
        "commit": {"draw": _DRAW, "role": _SECRET, "commitment": _HEX32},
        "seal": dict.fromkeys(SDR_MEMBERS, lambda _value: True),
        "escrow": {"draw": _DRAW, "role": _SECRET, "commitment": _HEX32, "sealed": _HEX32, "sdr": _HEX32},
        "reveal": {
            "draw": _DRAW,
            "role": _SECRET,
            "r": _HEX32,
            "from": _among("holder", "escrow"),
            "sdr": _HEX32,
        },
        "result": {
            "draw": _DRAW,
            "sdr": _HEX32,
            "beacon": _optional(_beacon),
            "alpha": _HEX32,
            "beta": _HEX32,
        },
        "event": {
            "draw": _DRAW,
            "sdr": _HEX32,
            "t": _integer(1),
            "seat": _HEX32,
            "class": _among(*EVENT_CLASSES),
            "mode": _among("supervisor", "own-order"),
            "evidence": _HEX32,
        },
        "answer": {"draw": _DRAW, "t": _integer(1), "event": _HEX32, "pi": _hex(80)},
        "open": {"draw": _DRAW, "sdr": _HEX32, "events": _DRAW},
        "abort": {"draw": _DRAW, "sdr": _optional(_HEX32), "reason": _among(*ABORT_REASONS)},
    }
)
