"""The way of one expert from the door to the seat and back: states, what each step needs, gate and lateness.

    expected → identified → confirmed → deposited → gate_open → inside → seat_assigned → seated

Aside: `detector_hold` (the gate stays shut until somebody clears it with name and reason), `recused` (the
seat is closed, the person stays until release), `left`, `returned` (the locker is empty again), `refused`.
R14 to R17, R22. The way out is never shut: leaving before release opens the gate and raises an alert.

Pure: time and facts are arguments; storing, devices and who may do what are elsewhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from remote_eval.errors import ArrivalError

EXPECTED: Final = "expected"
IDENTIFIED: Final = "identified"
CONFIRMED: Final = "confirmed"
DEPOSITED: Final = "deposited"
GATE_OPEN: Final = "gate_open"
DETECTOR_HOLD: Final = "detector_hold"
INSIDE: Final = "inside"
SEAT_ASSIGNED: Final = "seat_assigned"
SEATED: Final = "seated"
RECUSED: Final = "recused"
LEFT: Final = "left"
RETURNED: Final = "returned"
REFUSED: Final = "refused"

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        EXPECTED: frozenset({IDENTIFIED, REFUSED}),
        IDENTIFIED: frozenset({CONFIRMED, REFUSED}),
        CONFIRMED: frozenset({DEPOSITED, REFUSED}),
        DEPOSITED: frozenset({GATE_OPEN, DETECTOR_HOLD, RETURNED}),
        # Back to `deposited`: the gate closed again and nobody had passed.
        GATE_OPEN: frozenset({INSIDE, DETECTOR_HOLD, DEPOSITED}),
        DETECTOR_HOLD: frozenset({DEPOSITED, RETURNED}),
        INSIDE: frozenset({SEAT_ASSIGNED, RECUSED, LEFT}),
        SEAT_ASSIGNED: frozenset({SEATED, RECUSED, LEFT}),
        SEATED: frozenset({SEAT_ASSIGNED, RECUSED, LEFT}),
        RECUSED: frozenset({LEFT}),
        # In again by the gate, with the detector and the deposit looked at anew.
        LEFT: frozenset({GATE_OPEN, DETECTOR_HOLD, RETURNED}),
        RETURNED: frozenset(),
        REFUSED: frozenset(),
    }
)
STATES: Final = tuple(TRANSITIONS)
FINAL: Final = frozenset(state for state, targets in TRANSITIONS.items() if not targets)
# Behind the gate: whom the gates count as inside.
WITHIN: Final = frozenset({INSIDE, SEAT_ASSIGNED, SEATED, RECUSED})
# Known to be at the venue or on its list of the day as present.
PRESENT: Final = frozenset({CONFIRMED, DEPOSITED, GATE_OPEN, DETECTOR_HOLD, *WITHIN, LEFT})

Need = Literal[
    "document",
    "code",
    "signatures",
    "deposit",
    "detector",
    "clearance",
    "passage",
    "seat",
    "seat-key",
    "declaration",
    "release",
    "reason",
]
# What must be shown for the step into a state; asked for in this order.
NEEDS: Final[Mapping[str, tuple[Need, ...]]] = MappingProxyType(
    {
        IDENTIFIED: ("document",),
        CONFIRMED: ("document", "code"),
        DEPOSITED: ("signatures",),
        GATE_OPEN: ("deposit", "detector"),
        INSIDE: ("deposit", "passage"),
        SEAT_ASSIGNED: ("seat",),
        SEATED: ("seat", "seat-key", "code"),
        RECUSED: ("declaration",),
        LEFT: ("passage",),
        RETURNED: ("release", "signatures"),
        REFUSED: ("reason",),
    }
)
# Steps whose needs are others than those of the state they lead to.
_STEP_NEEDS: Final[Mapping[tuple[str, str], tuple[Need, ...]]] = MappingProxyType(
    {
        (DETECTOR_HOLD, DEPOSITED): ("clearance",),
        (GATE_OPEN, DEPOSITED): (),
        (SEATED, SEAT_ASSIGNED): (),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A lawful step from `source` to `target` at `at`."""

    source: str
    target: str
    at: datetime


def needs_of(state: str, target: str) -> tuple[Need, ...]:
    """What the step from `state` to `target` asks for."""
    return _STEP_NEEDS.get((state, target), NEEDS.get(target, ()))


def advance(state: str, target: str, *, shown: Collection[str], now: datetime) -> Step:
    """The step to `target` when everything it needs is in `shown`.

    Raises ArrivalError ``arrival.state`` (unknown), ``arrival.transition`` or ``arrival.needs`` with the
    first need that is missing.
    """
    if state not in TRANSITIONS or target not in TRANSITIONS:
        raise ArrivalError("arrival.state")
    if target not in TRANSITIONS[state]:
        raise ArrivalError("arrival.transition", source=state, target=target)
    for need in needs_of(state, target):
        if need not in shown:
            raise ArrivalError("arrival.needs", need=need)
    return Step(source=state, target=target, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """What a gate decides on. `deposited`: a locker record without return; `detector_clear`: no alarm of a
    detector at this gate that is not cleared; `detector_alive`: every detector at this gate is heard of;
    `other_gate`: another gate is open for the same person; `dismissed`: released, or the seat has passed on.
    """

    state: str
    deposited: bool
    detector_clear: bool
    detector_alive: bool
    released: bool
    other_gate: bool
    dismissed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """Whether the gate opens; why not, everything at once; and what is alarming although it opens."""

    opens: bool
    reasons: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


def decide_gate(direction: Literal["in", "out"], facts: GateFacts) -> GateDecision:
    """The gate's answer. Out is always open: a door that holds people back is a danger to them."""
    return _decide_out(facts) if direction == "out" else _decide_in(facts)


def _decide_in(facts: GateFacts) -> GateDecision:
    reasons = []
    if facts.state in WITHIN:
        reasons.append("passback")
    elif facts.state not in {DEPOSITED, GATE_OPEN, DETECTOR_HOLD, LEFT}:
        reasons.append("not-checked-in")
    if facts.dismissed:
        reasons.append("dismissed")
    if facts.other_gate:
        reasons.append("other-gate")
    if not facts.deposited:
        reasons.append("no-deposit")
    if not facts.detector_clear or facts.state == DETECTOR_HOLD:
        reasons.append("detector-alarm")
    if not facts.detector_alive:
        reasons.append("detector-silent")
    return GateDecision(opens=not reasons, reasons=tuple(reasons))


def _decide_out(facts: GateFacts) -> GateDecision:
    alerts = []
    if facts.state not in WITHIN:
        alerts.append("passback")
    if facts.state in WITHIN and not facts.released:
        alerts.append("left-before-release")
    return GateDecision(opens=True, alerts=tuple(alerts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """``in-time``, ``late`` or ``too-late``, and the whole minutes after the begin, begun ones counted."""

    verdict: Literal["in-time", "late", "too-late"]
    minutes: int


def lateness(at: datetime, *, begins: datetime, arrive_by: datetime) -> Lateness:
    """How late an arrival at `at` is: late after the begin, too late once the seat no longer waits."""
    over = max(at - begins, timedelta(0))
    minutes = -(-over // timedelta(minutes=1))
    if at > arrive_by:
        return Lateness(verdict="too-late", minutes=minutes)
    return Lateness(verdict="late" if over else "in-time", minutes=minutes)


# Kinds of items that a locker record knows (R15).
ITEMS: Final = ("phone", "watch", "computer", "tablet", "earphones", "storage", "camera", "bag", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Gate and seat disagree about one arrival: ``no-seat`` behind the gate without a live seat session,
    ``not-inside`` a live seat session of somebody whom no gate let in.
    """

    arrival: str
    kind: Literal["no-seat", "not-inside"]


def reconcile(inside: Collection[str], seated: Collection[str]) -> list[Mismatch]:
    """What the gates' count and the seats' sessions disagree on, by arrival id (R16)."""
    idle = [Mismatch(arrival=one, kind="no-seat") for one in sorted(set(inside) - set(seated))]
    ghosts = [Mismatch(arrival=one, kind="not-inside") for one in sorted(set(seated) - set(inside))]
    return [*idle, *ghosts]
