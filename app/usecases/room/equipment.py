"""What a seat's own check found at devices, computer and network, kept as the seat's own evidence (R22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.seat_sessions import SeatSession
from app.usecases.venues.findings import Finding, keep
from remote_eval.seat_check import SEAT, network_condition, pc_condition
from remote_eval.venue import UNCHECKED

Part = Literal["pc", "network", "microphone", "speaker", "camera"]
Figures = Mapping[str, int | None]
NOTE: Final = "席位自检 · checked at the seat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """What a browser tells of its computer; None: it does not tell."""

    cores: int | None
    memory_mb: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Questions to the server that were answered or not, with median and longest round trip in ms."""

    answered: int
    lost: int
    rtt_ms: int | None
    worst_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """One check at a seat: its devices as found and confirmed, figures of computer and network."""

    parts: Mapping[str, str]
    pc: Computer | None = None
    network: Probe | None = None


async def report_equipment(
    uow: UnitOfWork, session: SeatSession, found: SelfCheck, *, now: str
) -> dict[str, str]:
    """Keep one finding for each part and give them. A seat with a faulty part is not booked again before
    somebody has looked; whoever sits there goes on.
    """
    figures = _figures(found)
    conditions = _conditions(found)
    for part, condition in sorted(conditions.items()):
        finding = Finding(
            site=session.site,
            seat=session.seat,
            part=part,
            condition=condition,
            source=SEAT,
            note=NOTE,
            by=f"seat:{session.seat}"[:64],
            figures=figures.get(part),
        )
        await keep(uow, finding, now=now)
    return conditions


def _conditions(found: SelfCheck) -> dict[str, str]:
    """What is measured is judged by its figures here, not by the page."""
    conditions = dict(found.parts)
    if found.pc is not None:
        conditions["pc"] = pc_condition(found.pc.cores, found.pc.memory_mb)
    if found.network is not None:
        one = found.network
        conditions["network"] = network_condition(one.answered, one.lost, one.rtt_ms)
    return {part: condition for part, condition in conditions.items() if condition != UNCHECKED}


def _figures(found: SelfCheck) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    if found.pc is not None:
        figures["pc"] = {"cores": found.pc.cores, "memory_mb": found.pc.memory_mb}
    if found.network is not None:
        one = found.network
        figures["network"] = {
            "answered": one.answered,
            "lost": one.lost,
            "rtt_ms": one.rtt_ms,
            "worst_ms": one.worst_ms,
        }
    return figures
