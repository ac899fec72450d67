"""Gates: opened for one arrival at a time, in by deposit and a quiet detector, out always (R16, R17).

A decision is stored with its reasons before any gate moves. Whether somebody passed is the gate's own word
(`app.usecases.arrival.device_events`). A desk and a printed pass at the gate come to the same decision.
"""

from dataclasses import dataclass, replace
from typing import Literal

from app.errors import NotFoundError
from app.gateways.devices import DeviceError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.devices import Device
from app.store.repositories.gates import Passage
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import Desk, find_arrival, has_a_seat, invitation_of, new_id, step
from app.usecases.arrival.ledger import Act
from app.usecases.operations import Actor
from app.usecases.principals import Principal
from remote_eval import arrival as way

DETECTOR_ALARM = "detector-alarm"
Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A gate asked to open. `emergency` is written down; out opens without it as well."""

    direction: Direction
    emergency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision, the arrival after it, and the passage that the gate has to report on."""

    decision: way.GateDecision
    arrival: Arrival
    passage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The same with what the gate's door said."""

    decided: Decided
    door: Literal["opened", "unreachable", "none"]


async def ask(
    desk: Desk, principal: Principal, arrival_id: str, gate_id: str, wish: Wish, *, actor: Actor
) -> Opened:
    """Ask a gate of the arrival's site to open; asked again while it is open, the same passage.

    Raises NotFoundError ``arrival.unknown``, ``device.unknown``.
    """

    async def work(uow: UnitOfWork) -> tuple[Decided, Device]:
        arrival = await find_arrival(uow, principal, arrival_id)
        gate = await uow.devices.get(gate_id)
        if gate is None or gate.kind != "gate" or gate.site != arrival.site or gate.revoked_at is not None:
            raise NotFoundError("device.unknown")
        act = Act(platform=desk.platform, site=arrival.site, actor=actor, now=desk.platform.now())
        return await decide(uow, desk, act, arrival, gate=gate, wish=wish), gate

    decided, gate = await desk.platform.database.transact(work)
    if decided.passage is None or gate.url is None:
        return Opened(decided=decided, door="none")
    return Opened(decided=decided, door=await _tell(desk, gate.url, decided.passage))


async def decide(
    uow: UnitOfWork, desk: Desk, act: Act, arrival: Arrival, *, gate: Device, wish: Wish
) -> Decided:
    """Decide for one arrival at one gate, and store the decision."""
    standing = await _standing(uow, arrival, gate, wish)
    facts = await _facts(uow, desk, act, arrival, gate)
    elsewhere = arrival.state == way.GATE_OPEN and standing is None
    decision = way.decide_gate(wish.direction, replace(facts, other_gate=elsewhere))
    if decision.opens and standing is not None:
        return Decided(decision=decision, arrival=arrival, passage=standing.id)
    passage = Passage(
        id=new_id(act.platform, "psg"),
        site=act.site,
        gate=gate.id,
        arrival_id=arrival.id,
        direction=wish.direction,
        emergency=wish.emergency,
        opened=decision.opens,
        reasons=list(decision.reasons),
        asked_at=act.now,
        asked_by=act.actor.person,
    )
    await uow.gates.add_passage(passage)
    await _write_down(uow, act, passage, decision)
    if decision.opens and wish.direction == "in":
        arrival = await step(uow, arrival, way.GATE_OPEN, shown={"deposit", "detector"}, now=act.now)
    return Decided(decision=decision, arrival=arrival, passage=passage.id if decision.opens else None)


async def _facts(uow: UnitOfWork, desk: Desk, act: Act, arrival: Arrival, gate: Device) -> way.GateFacts:
    heard = to_text(from_text(act.now) - desk.silence)
    detectors = await uow.devices.detectors_of(gate.id)
    return way.GateFacts(
        state=arrival.state,
        deposited=await uow.lockers.open_of(arrival.id) is not None,
        detector_clear=not await uow.gates.open_at_gate(gate.id, DETECTOR_ALARM),
        detector_alive=all((one.last_heartbeat or "") >= heard for one in detectors),
        released=arrival.released_at is not None,
        other_gate=False,
        dismissed=arrival.released_at is not None or not has_a_seat(await invitation_of(uow, arrival)),
    )


async def _standing(uow: UnitOfWork, arrival: Arrival, gate: Device, wish: Wish) -> Passage | None:
    """The passage that is open for the same person in the same direction."""
    return next(
        (
            one
            for one in await uow.gates.open_passages(gate.id)
            if one.arrival_id == arrival.id and one.direction == wish.direction
        ),
        None,
    )


async def _write_down(uow: UnitOfWork, act: Act, passage: Passage, decision: way.GateDecision) -> None:
    await act.enter(
        uow,
        "gate-opened" if decision.opens else "gate-denied",
        arrival=passage.arrival_id,
        gate=passage.gate,
        direction=passage.direction,
        emergency=passage.emergency,
        reasons=list(decision.reasons),
    )
    for kind in decision.alerts:
        await act.alert(uow, kind, level="red", subject=passage.arrival_id, gate=passage.gate)
    if passage.emergency:
        await act.alert(uow, "emergency-egress", level="red", subject=passage.arrival_id, gate=passage.gate)


async def _tell(desk: Desk, url: str, passage: str) -> Literal["opened", "unreachable"]:
    try:
        await desk.commands.tell(url, command=passage, act="open")
    except DeviceError:
        return "unreachable"
    return "opened"
