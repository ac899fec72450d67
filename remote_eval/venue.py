"""Venues: sites, their typed zones with who may enter when, rooms, seats and their equipment (R20, R21, R75).

`ENTRY` is the one table of entry: what it does not list is refused. Once experts are inside, staff and agents
come in by consent of a supervisor and beside a witness only; a bidder never comes into a zone where a
committee sits, nor can one be let in. Who is who, and which phase a session has reached, is decided
elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

HOST: Final = "host"
REMOTE: Final = "remote"
PARTS_OF_A_SITE: Final = (HOST, REMOTE)

# Phases of a session at a site (R20): 准备 签到 评审 签名 关闭.
PREPARING: Final = "preparing"
CHECK_IN: Final = "check-in"
EVALUATING: Final = "evaluating"
SIGNING: Final = "signing"
CLOSED: Final = "closed"
PHASES: Final = (PREPARING, CHECK_IN, EVALUATING, SIGNING, CLOSED)

EXPERT: Final = "expert"
OWNER: Final = "owner"  # a tenderee's representative on the committee
STAFF: Final = "site"
OPERATOR: Final = "operator"
SUPERVISOR: Final = "supervisor"
WITNESS: Final = "witness"
AGENCY: Final = "agency"
BIDDER: Final = "bidder"
ROLES: Final = (EXPERT, OWNER, STAFF, OPERATOR, SUPERVISOR, WITNESS, AGENCY, BIDDER)

_SITTING: Final = frozenset({EXPERT, OWNER})
_HOUSE: Final = frozenset({STAFF, OPERATOR})
_WATCH: Final = frozenset({SUPERVISOR, WITNESS})

# Kinds of zones, with the word a person reads on the door.
ZONES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "evaluation": ("评标室", "Evaluation"),
        "negotiation": ("谈判室", "Negotiation"),
        "consultation": ("磋商室", "Consultation"),
        "inquiry": ("询标室", "Clarification"),
        "relay": ("资料中转", "Document relay"),
        "supervision": ("监督室", "Supervision"),
        "witness": ("见证室", "Witness"),
        "waiting": ("候评休息", "Waiting"),
        "check-in": ("签到处", "Check-in"),
        "storage": ("物品寄存", "Lockers"),
        "dining": ("餐饮", "Dining"),
        "overnight": ("隔夜休息", "Overnight"),
        "draw": ("抽取室", "Draw room"),
    }
)
# Zones with seats of a committee: equipment is checked, a bidder is never let in beyond what the table says.
SEATED_ZONES: Final = frozenset({"evaluation", "negotiation", "consultation", "inquiry"})


def _phases(
    preparing: frozenset[str], check_in: frozenset[str], sitting: frozenset[str], closed: frozenset[str]
) -> Mapping[str, frozenset[str]]:
    return MappingProxyType(
        {PREPARING: preparing, CHECK_IN: check_in, EVALUATING: sitting, SIGNING: sitting, CLOSED: closed}
    )


_NOBODY: Final[frozenset[str]] = frozenset()
_FACING: Final = _phases(_HOUSE | _WATCH, _WATCH, _SITTING | _WATCH | {BIDDER}, _HOUSE | _WATCH)
_COMMITTEE_ONLY: Final = _phases(_HOUSE | _WATCH, _SITTING | _WATCH, _SITTING | {WITNESS}, _HOUSE | _WATCH)
_ENTRANCE: Final = _phases(
    _HOUSE | _WATCH, _SITTING | _HOUSE | _WATCH | {AGENCY}, _SITTING | _HOUSE | _WATCH, _HOUSE | _WATCH
)
_CARE: Final = _phases(_HOUSE, _SITTING | _HOUSE, _SITTING | {STAFF, WITNESS}, _HOUSE)
ENTRY: Final[Mapping[str, Mapping[str, frozenset[str]]]] = MappingProxyType(
    {
        "evaluation": _COMMITTEE_ONLY,
        "negotiation": _FACING,
        "consultation": _FACING,
        "inquiry": _FACING,
        "relay": _phases(_HOUSE | {WITNESS}, _HOUSE | {WITNESS}, _HOUSE | {WITNESS}, _HOUSE | {WITNESS}),
        "supervision": _phases(_WATCH, _WATCH, _WATCH, _WATCH),
        "witness": _phases(_WATCH, _WATCH, _WATCH, _WATCH),
        "waiting": _CARE,
        "check-in": _ENTRANCE,
        "storage": _ENTRANCE,
        "dining": _CARE,
        "overnight": _phases(_HOUSE, _NOBODY, _SITTING | {STAFF, WITNESS}, _HOUSE),
        # Draws go on beside a session and have nothing to do with its phases.
        "draw": _phases(*[_HOUSE | _WATCH] * 4),
    }
)
# Who can be let in beside the table, by consent and beside a witness (HB 25(4)): never a bidder.
_BY_CONSENT: Final = frozenset({STAFF, OPERATOR, SUPERVISOR, AGENCY})


def may_enter(zone: str, role: str, phase: str) -> bool:
    """Whether a role may enter a zone of this kind in this phase; False for anything unknown."""
    return role in ENTRY.get(zone, {}).get(phase, _NOBODY)


def may_be_let_in(zone: str, role: str, phase: str, *, consent: bool, witnessed: bool) -> bool:
    """Whether a role may enter by the table, or by a supervisor's consent and beside a witness."""
    if may_enter(zone, role, phase):
        return True
    known = zone in ENTRY and phase in PHASES
    return known and role in _BY_CONSENT and consent and witnessed


# Equipment of a seat; each part is checked by itself.
EQUIPMENT: Final = ("pc", "network", "microphone", "speaker", "camera")
OK: Final = "ok"
FAULTY: Final = "faulty"
UNCHECKED: Final = "unchecked"
# A check counts for a day: equipment is looked at before each session (R75).
CHECK_COUNTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a seat's equipment: its condition and when somebody looked; None: nobody has."""

    name: str
    condition: str = UNCHECKED
    checked_at: datetime | None = None


def faulty(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """The names of the faulty parts: a seat with one cannot be booked."""
    return tuple(part.name for part in parts if part.condition == FAULTY)


def unready(parts: tuple[Part, ...], *, now: datetime) -> tuple[str, ...]:
    """The parts that keep a seat from being ready at `now`: not there, not ok, or checked too long ago."""
    ready = {
        part.name
        for part in parts
        if part.condition == OK and part.checked_at is not None and now - part.checked_at <= CHECK_COUNTS
    }
    return tuple(name for name in EQUIPMENT if name not in ready)


# Rooms: for one project at a time, or for several that all agreed.
SINGLE: Final = "single"
MIXED: Final = "mixed"
ROOM_USES: Final = (SINGLE, MIXED)


def shared(room_use: str, *, agreed: bool) -> bool:
    """Whether a booking shares this room with others: the room must allow it and the project agree."""
    return room_use == MIXED and agreed
