"""Replacement 递补: who takes the seat of an expert who declined, left or was found in conflict (draw-proof
§8).

Each event has its own seed, made from the draw's seed and the supervisor's VRF answer to the logged event.
The platform cannot know that answer before the event stands in the log, and the supervisor's key leaves no
choice of answer: a decline cannot be invented to reach a friend. Where the supervisor is unreachable the
accepted attempt's own order goes on, forward only; look-ahead was possible then, and the record says so. A
panel is a value: folding the same events gives the same panel for everyone. Evidence, log and VRF proofs are
elsewhere."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from itertools import islice
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeVar

from draw.errors import LifecycleError
from draw.seed import BETA_SIZE, DIGEST_SIZE, require_size
from draw.selection import Cell, Person, Position, Problem, Selection, Tag
from draw.streams import order, stream_key

Mode = Literal["supervisor", "own-order"]
SUPERVISOR: Final = "supervisor"
OWN_ORDER: Final = "own-order"
MAX_EVENTS: Final = (1 << 32) - 1


class NamesSeat(Protocol):
    """Anything that concerns one seat of a panel, numbered in walk order from 0."""

    @property
    def seat(self) -> int:
        """The seat's number."""
        ...


AnyEvent = TypeVar("AnyEvent", bound=NamesSeat)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Event:
    """Logged event `t` = 1, 2, … vacates `seat`. Mode `supervisor` carries the 64-byte VRF output `beta_s`,
    mode `own-order` carries none. Raises LifecycleError or SelectionError when that does not hold."""

    t: int
    seat: int
    mode: Mode
    beta_s: bytes | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.t <= MAX_EVENTS:
            raise LifecycleError("event.number", t=self.t)
        if self.mode not in (SUPERVISOR, OWN_ORDER):
            raise LifecycleError("event.mode")
        if (self.beta_s is not None) is not (self.mode == SUPERVISOR):
            raise LifecycleError("event.answer", mode=self.mode)
        if self.beta_s is not None:
            require_size("beta_s", self.beta_s, BETA_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Skip:
    """A candidate passed over: `used` against nobody, `person` against the one position of the same person,
    `employer` against the `cap` other current seats with the same tag, ascending."""

    index: int
    reason: Literal["used", "person", "employer"]
    against: tuple[Position, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pick:
    """The new holder and everyone passed over on the way; `position` is None when the cell has nobody
    left."""

    position: Position | None
    skipped: tuple[Skip, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Basis:
    """What stays fixed after the draw: its seed, problem and accepted attempt, and who sits at a position."""

    seed: bytes
    problem: Problem
    attempt: int
    person: Person
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PanelState:
    """A panel between events. `cells[q]` never changes; `seats[q]` is None once its cell ran out. `used`
    holds every position that left the panel, `cursors` how far own-order went per cell, `last_event` the
    number folded last."""

    basis: Basis
    cells: tuple[Cell, ...]
    seats: tuple[Position | None, ...]
    used: frozenset[Position]
    cursors: Mapping[Cell, int]
    last_event: int


def open_panel(
    seed: bytes, problem: Problem, selection: Selection, *, person: Person, tag: Tag
) -> PanelState:
    """The panel as drawn, before any event."""
    return PanelState(
        basis=Basis(seed=seed, problem=problem, attempt=selection.attempt, person=person, tag=tag),
        cells=tuple((seat.stratum, seat.site) for seat in selection.seats),
        seats=selection.seats,
        used=frozenset(),
        cursors=MappingProxyType(
            {(j, s): t for j, row in enumerate(selection.table) for s, t in enumerate(row)}
        ),
        last_event=0,
    )


def supervisor_alpha(sdr_hash: bytes, t: int) -> bytes:
    """The VRF input of event t: "qt/1 replace" 00 sdr u32be(t), 49 bytes. It names no seat: what the event is
    about cannot move the answer. Raises SelectionError or LifecycleError on a bad digest size or number."""
    require_size("sdr_hash", sdr_hash, DIGEST_SIZE)
    return b"qt/1 replace\0" + sdr_hash + _number(t)


def event_seed(seed: bytes, t: int, beta_s: bytes) -> bytes:
    """HMAC-SHA256(seed, "qt/1 replace" 00 u32be(t) beta_s), 32 bytes. Raises as `supervisor_alpha`."""
    require_size("seed", seed, DIGEST_SIZE)
    require_size("beta_s", beta_s, BETA_SIZE)
    return hmac.digest(seed, b"qt/1 replace\0" + _number(t) + beta_s, "sha256")


def batch_order(events: Iterable[AnyEvent]) -> tuple[AnyEvent, ...]:
    """The order in which simultaneous events get their numbers and are logged: by (stratum, site, seat),
    which is seat order because seats stand in walk order. Raises LifecycleError("event.seat_twice")."""
    ordered = tuple(sorted(events, key=lambda event: event.seat))
    if len({event.seat for event in ordered}) < len(ordered):
        raise LifecycleError("event.seat_twice")
    return ordered


def apply_event(state: PanelState, event: Event) -> tuple[PanelState, Pick]:
    """Fold one event. Raises LifecycleError when numbers are not consecutive or the seat is vacant or
    unknown."""
    pick = replace(state, event)
    cell = state.cells[event.seat]
    seats = (*state.seats[: event.seat], pick.position, *state.seats[event.seat + 1 :])
    leaver = state.seats[event.seat]
    moved = changed(
        state,
        seats=seats,
        used=state.used | {leaver} if leaver else state.used,
        cursors=_advanced(state, event, cell, pick),
        last_event=event.t,
    )
    return moved, pick


def replace(state: PanelState, event: Event) -> Pick:
    """Whom the event seats, without seating them. Raises as `apply_event`."""
    _require_order(state, event)
    cell = state.cells[event.seat]
    fit = _Fit(state, event.seat)
    skipped: list[Skip] = []
    for index in _queue(state, event, cell):
        position = Position(*cell, index)
        skip = fit.obstacle(position)
        if skip is None:
            return Pick(position=position, skipped=tuple(skipped))
        skipped.append(skip)
    return Pick(position=None, skipped=tuple(skipped))


class _Fit:
    """Tests candidates for one vacated seat: used before person before employer."""

    def __init__(self, state: PanelState, vacated: int) -> None:
        basis = state.basis
        current = [position for position in state.seats if position is not None]
        self._basis = basis
        self._ever = state.used.union(current)
        self._people = {basis.person(p.stratum, p.site, p.index): p for p in self._ever}
        others = [p for q, p in enumerate(state.seats) if p is not None and q != vacated]
        self._tags = [(basis.tag(p.stratum, p.site, p.index), p) for p in sorted(others)]

    def obstacle(self, at: Position) -> Skip | None:
        """Why this position cannot take the seat, or None."""
        if at in self._ever:
            return Skip(index=at.index, reason="used", against=())
        person = self._basis.person(at.stratum, at.site, at.index)
        if person in self._people:
            return Skip(index=at.index, reason="person", against=(self._people[person],))
        tag = self._basis.tag(at.stratum, at.site, at.index)
        colleagues = tuple(position for other, position in self._tags if other == tag)
        if len(colleagues) >= self._basis.problem.cap:
            return Skip(index=at.index, reason="employer", against=colleagues)
        return None


def _queue(state: PanelState, event: Event, cell: Cell) -> Iterator[int]:
    basis = state.basis
    size = basis.problem.sizes[cell[0]][cell[1]]
    if event.beta_s is None:
        own = stream_key(basis.seed, "cell", basis.attempt, *cell)
        return islice(order(own, size), state.cursors[cell], None)
    return order(stream_key(event_seed(basis.seed, event.t, event.beta_s), "replace", event.t, *cell), size)


def _advanced(state: PanelState, event: Event, cell: Cell, pick: Pick) -> Mapping[Cell, int]:
    """Own-order moves past everyone it looked at, whether seated or skipped, and never returns to them."""
    if event.mode == SUPERVISOR:
        return state.cursors
    looked_at = len(pick.skipped) + (pick.position is not None)
    return MappingProxyType({**state.cursors, cell: state.cursors[cell] + looked_at})


def _require_order(state: PanelState, event: Event) -> None:
    if event.t != state.last_event + 1:
        raise LifecycleError("event.number", t=event.t, expected=state.last_event + 1)
    if not 0 <= event.seat < len(state.seats):
        raise LifecycleError("event.seat_unknown", seat=event.seat)
    if state.seats[event.seat] is None:
        raise LifecycleError("event.seat_vacant", seat=event.seat)


def _number(t: int) -> bytes:
    if not 1 <= t <= MAX_EVENTS:
        raise LifecycleError("event.number", t=t)
    return t.to_bytes(4, "big")
