"""The outcome of a draw, recomputed from its parts whenever it is needed (draw-proof §6 to §8).

Nothing of the outcome is ever stored: reveals, beacon and the platform's VRF key give alpha, pi, beta and the
seed; the seed and the cells give the panel; the logged events with the supervisor's answers, folded in order,
give the final seats. The same parts always give the same outcome, however often and by whomever it is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crypto import vrf
from draw import seed as seeds
from draw.cells import Cells
from draw.errors import RecordError
from draw.record import SealedRecord, parameters_of, problem
from draw.replacement import Event, Mode, PanelState, Pick, apply_event, open_panel, supervisor_alpha
from draw.selection import Position, Selection, rule_for


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Vacancy:
    """One logged event: number, seat, mode, and the supervisor's 80-byte answer in mode `supervisor`."""

    t: int
    seat: int
    mode: Mode
    pi: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Drawn:
    """The draw before any event: alpha and seed 32 bytes, pi 80, beta 64."""

    alpha: bytes
    pi: bytes
    beta: bytes
    seed: bytes
    selection: Selection
    panel: PanelState


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outcome:
    """The draw after all events: `picks` has one entry per event, `seats` the holders in the end."""

    drawn: Drawn
    vacancies: tuple[Vacancy, ...]
    picks: tuple[Pick, ...]
    panel: PanelState

    @property
    def seats(self) -> tuple[Position | None, ...]:
        """Who holds each seat in the end; None is vacant."""
        return self.panel.seats

    def ever_on_panel(self) -> set[Position]:
        """All positions that are or were on the panel."""
        joined = (pick.position for pick in self.picks if pick.position is not None)
        return {*self.drawn.selection.seats, *joined}


def alpha_of(record: SealedRecord, reveals: Mapping[str, bytes], beacon_signature: bytes | None) -> bytes:
    """The VRF input, 32 bytes; `reveals` holds r of agency and supervisor.

    Raises RecordError("outcome.beacon") when a signature is there and the record names no beacon, or the
    other way round.
    """
    if (beacon_signature is None) != (record.body["beacon"] is None):
        raise RecordError("outcome.beacon")
    return seeds.alpha(record.hash, reveals["agency"], reveals["supervisor"], beacon_signature)


def result_commitment(key: vrf.VrfKey, alpha: bytes) -> bytes:
    """H("qt/1 beta", beta): what the platform logs before anyone may know the outcome, 32 bytes."""
    return seeds.beta_commitment(vrf.proof_to_hash(key.prove(alpha)))


def draw(record: SealedRecord, cells: Cells, *, key: vrf.VrfKey, alpha: bytes) -> Drawn:
    """The panel as drawn. Raises RecordError when cells or VRF key are not those of the record."""
    _require_own(record, cells, key)
    pi = key.prove(alpha)
    beta = vrf.proof_to_hash(pi)
    seed = seeds.seed_from_beta(beta)
    question = problem(parameters_of(record.body), cells.sizes)
    selection = rule_for(str(record.body["rule"]))(seed, question, person=cells.person, tag=cells.tag)
    panel = open_panel(seed, question, selection, person=cells.person, tag=cells.tag)
    return Drawn(alpha=alpha, pi=pi, beta=beta, seed=seed, selection=selection, panel=panel)


def fold(record: SealedRecord, drawn: Drawn, vacancies: Sequence[Vacancy]) -> Outcome:
    """The outcome after `vacancies`, in log order.

    Raises LifecycleError for an event out of order, VrfError for an answer that is not the supervisor's.
    """
    panel, picks = drawn.panel, []
    for vacancy in vacancies:
        panel, pick = apply_event(panel, _event(record, vacancy))
        picks.append(pick)
    return Outcome(drawn=drawn, vacancies=tuple(vacancies), picks=tuple(picks), panel=panel)


def _event(record: SealedRecord, vacancy: Vacancy) -> Event:
    beta = None
    if vacancy.pi is not None:
        public = bytes.fromhex(record.body["vrf"]["supervisor"])
        beta = vrf.verify(public, supervisor_alpha(record.hash, vacancy.t), vacancy.pi)
    return Event(t=vacancy.t, seat=vacancy.seat, mode=vacancy.mode, beta_s=beta)


def _require_own(record: SealedRecord, cells: Cells, key: vrf.VrfKey) -> None:
    body: Mapping[str, Any] = record.body
    listed = [[cell.public() for cell in line] for line in cells.grid]
    if body["cells"] != listed or body["tag_key"] != cells.tag_key_commitment.hex():
        raise RecordError("outcome.cells")
    if body["vrf"]["platform"] != key.public.hex():
        raise RecordError("outcome.vrf_key")
