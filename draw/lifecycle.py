"""States of a draw and the steps between them (draw-proof §2, §9).

Each step but the last is one or two log entries. Replacements are logged in the state `drawn` and move
nothing. An appointment was never drawn: it begins `appointed`.

 A draw that has begun never disappears: it ends `opened` or `aborted`, and both are final. Deadlines
are those of the sealed record. Storing the state, with compare-and-swap, happens elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from draw.entry_bodies import to_seconds
from draw.errors import LifecycleError
from draw.record import Deadlines

REQUESTED: Final = "requested"
COMMITTED: Final = "committed"
SEALED: Final = "sealed"
ESCROWED: Final = "escrowed"
REVEALED: Final = "revealed"
DRAWN: Final = "drawn"
APPOINTED: Final = "appointed"
OPENED: Final = "opened"
ABORTED: Final = "aborted"

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        REQUESTED: frozenset({COMMITTED, ABORTED}),
        COMMITTED: frozenset({SEALED, ABORTED}),
        SEALED: frozenset({ESCROWED, ABORTED}),
        ESCROWED: frozenset({REVEALED, ABORTED}),
        REVEALED: frozenset({DRAWN, ABORTED}),
        DRAWN: frozenset({OPENED, ABORTED}),
        APPOINTED: frozenset({OPENED, ABORTED}),
        OPENED: frozenset(),
        ABORTED: frozenset(),
    }
)
STATES: Final = tuple(TRANSITIONS)
# People hold the seats: they are invited, arrive and sit.
HOLDING: Final = frozenset({DRAWN, APPOINTED})
FINAL: Final = frozenset(state for state, targets in TRANSITIONS.items() if not targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A lawful step from `source` to `target` at `time`."""

    source: str
    target: str
    time: str


def advance(state: str, target: str, *, now: str, deadlines: Deadlines | None = None) -> Transition:
    """The step to `target` at `now`; `deadlines` are the sealed record's once there is one.

    Raises LifecycleError ``draw.state`` (unknown), ``draw.transition``, ``draw.too_late`` (a result after
    its deadline) or ``draw.too_early`` (an opening before its time).
    """
    if state not in TRANSITIONS or target not in TRANSITIONS:
        raise LifecycleError("draw.state")
    if target not in TRANSITIONS[state]:
        raise LifecycleError("draw.transition", source=state, target=target)
    to_seconds(now)
    if deadlines is not None and target == DRAWN and now > deadlines.result:
        raise LifecycleError("draw.too_late", deadline=deadlines.result)
    if deadlines is not None and target == OPENED and now < deadlines.open:
        raise LifecycleError("draw.too_early", deadline=deadlines.open)
    return Transition(source=state, target=target, time=now)


def may_open_escrow(state: str, *, now: str, deadlines: Deadlines) -> bool:
    """Whether the escrow holder may reveal for a silent party: escrowed, and past the reveal deadline."""
    return state == ESCROWED and to_seconds(now) > to_seconds(deadlines.reveal)
