"""Devices made known, and what they report: one table from kind of device and event to what follows.

Who signed is checked before (`app.api.devices`); here an event has a known device. Every event carries the
device's own time: how far it is off is kept, and written down with an alert beyond the allowed skew. A device
that falls silent is lost: yellow, for a jammer as for a detector, and a lost detector shuts its gate (R18).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.errors import ConflictError, NotFoundError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.devices import Device
from app.store.repositories.gates import Passage
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import SILENCE, Desk, step
from app.usecases.arrival.gates import DETECTOR_ALARM, Decided, Direction, Wish, decide
from app.usecases.arrival.ledger import Act
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from remote_eval import arrival as way

SILENCE_TIMER: Final = "device-silence"
# Seconds, ten years: a clock with a dead battery is off by anything.
FARTHEST: Final = 315_360_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent:
    """One event; `at` is the device's own clock, `badge` what a gate or reader was shown."""

    kind: str
    at: str
    passage: str | None = None
    direction: Direction | None = None
    badge: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of an event: for a badge the gate's decision; the device's clock offset in seconds."""

    clock_offset: int
    decided: Decided | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    desk: Desk
    act: Act
    device: Device
    event: DeviceEvent


_Handler = Callable[[UnitOfWork, _Report], Awaitable[Decided | None]]


async def hear(uow: UnitOfWork, desk: Desk, device: Device, event: DeviceEvent, *, address: str) -> Heard:
    """Take one event. Raises ConflictError ``device.event`` for one that this kind of device has not."""
    handler = HANDLERS.get((device.kind, event.kind))
    if handler is None:
        raise ConflictError("device.event")
    actor = Actor(person=device.id, address=address, source="device")
    act = Act(platform=desk.platform, site=device.site, actor=actor, now=desk.platform.now())
    offset = _offset(event.at, act.now)
    await _alive(uow, desk, act, device, offset)
    decided = await handler(uow, _Report(desk=desk, act=act, device=device, event=event))
    return Heard(clock_offset=offset, decided=decided)


def _offset(at: str, now: str) -> int:
    """By how many seconds a device's clock is ahead; beyond `FARTHEST` it is simply wrong."""
    seconds = int((from_text(at) - from_text(now)).total_seconds())
    return max(-FARTHEST, min(FARTHEST, seconds))


async def lost(uow: UnitOfWork, platform: Platform, device_id: str, *, silence: timedelta = SILENCE) -> bool:
    """Mark a device as lost when it has been silent for too long; asked again, nothing new."""
    device = await uow.devices.get(device_id)
    now = platform.now()
    if device is None or device.revoked_at is not None or device.lost_at is not None:
        return False
    if (device.last_heartbeat or device.registered_at) > to_text(from_text(now) - silence):
        return False
    actor = Actor(person="platform", address="-", source="timer")
    act = Act(platform=platform, site=device.site, actor=actor, now=now)
    await uow.devices.change(device.id, lost_at=now)
    await act.enter(uow, "device-lost", device=device.id, of=device.kind)
    await act.alert(uow, f"{device.kind}-lost", level="yellow", subject=device.id, gate=device.gate)
    return True


async def _alive(uow: UnitOfWork, desk: Desk, act: Act, device: Device, offset: int) -> None:
    """Every event is a sign of life, and tells the time."""
    await uow.devices.change(device.id, last_heartbeat=act.now, clock_offset=offset, lost_at=None)
    await uow.timers.set(SILENCE_TIMER, device.id, to_text(from_text(act.now) + desk.silence))
    if device.lost_at is not None:
        await act.enter(uow, "device-back", device=device.id, since=device.lost_at)
    if abs(offset) > desk.skew.total_seconds() and await act.alert(
        uow, "clock-offset", level="yellow", subject=device.id
    ):
        await act.enter(uow, "clock-offset", device=device.id, seconds=offset)


async def _nothing(_uow: UnitOfWork, _report: _Report) -> None:
    """A sign of life is all it is."""


async def _badge(uow: UnitOfWork, report: _Report) -> Decided | None:
    act, device = report.act, report.device
    tag = uow.cipher.tag("pass", report.event.badge or "")
    arrival = await uow.arrivals.of_pass(tag)
    if arrival is None or arrival.site != device.site:
        await act.enter(uow, "unknown-badge", gate=device.id)
        await act.alert(uow, "unknown-badge", level="red", subject=device.id, gate=device.id)
        return None
    wish = Wish(direction=report.event.direction or "in")
    return await decide(uow, report.desk, act, arrival, gate=device, wish=wish)


async def _passed(uow: UnitOfWork, report: _Report) -> None:
    passage = await _own_passage(uow, report)
    if passage.ended == "held" and passage.direction == "in":
        await report.act.alert(
            uow, "passed-while-held", level="red", subject=passage.arrival_id, gate=passage.gate
        )
    if not await uow.gates.end_passage(passage.id, "passed", now=report.act.now):
        return
    arrival = await _arrival(uow, passage)
    if passage.direction == "in":
        await _came_in(uow, report, arrival)
    elif arrival.state in way.WITHIN:
        await _went_out(uow, report, arrival)


async def _came_in(uow: UnitOfWork, report: _Report, arrival: Arrival) -> None:
    act = report.act
    deposited = await uow.lockers.open_of(arrival.id) is not None
    shown = {"passage"} | ({"deposit"} if deposited else set())
    await step(uow, arrival, way.INSIDE, shown=shown, now=act.now)
    await act.enter(uow, "came-in", arrival=arrival.id, gate=report.device.id)


async def _went_out(uow: UnitOfWork, report: _Report, arrival: Arrival) -> None:
    act = report.act
    ended = await uow.seat_access.end_sessions(reason="left", now=act.now, arrival_id=arrival.id)
    await step(uow, arrival, way.LEFT, shown={"passage"}, now=act.now)
    await act.enter(uow, "went-out", arrival=arrival.id, gate=report.device.id, sessions=ended)
    if ended:
        await act.alert(uow, "left-while-seated", level="red", subject=arrival.id)


async def _shut(uow: UnitOfWork, report: _Report) -> None:
    """Nobody passed: whoever the gate was open for stands before it again."""
    passage = await _own_passage(uow, report)
    if not await uow.gates.end_passage(passage.id, "shut", now=report.act.now):
        return
    arrival = await _arrival(uow, passage)
    if passage.direction == "in" and arrival.state == way.GATE_OPEN:
        await step(uow, arrival, way.DEPOSITED, shown=(), now=report.act.now)
    await report.act.enter(uow, "gate-shut", arrival=arrival.id, gate=report.device.id)


async def _alarm(uow: UnitOfWork, report: _Report) -> None:
    act, device = report.act, report.device
    await act.enter(uow, DETECTOR_ALARM, detector=device.id, gate=device.gate)
    await act.alert(uow, DETECTOR_ALARM, level="red", subject=device.id, gate=device.gate)
    if device.gate is None:
        return
    for passage in await uow.gates.open_passages(device.gate):
        if passage.direction == "in" and await uow.gates.end_passage(passage.id, "held", now=act.now):
            arrival = await _arrival(uow, passage)
            await step(uow, arrival, way.DETECTOR_HOLD, shown=(), now=act.now)
            await act.enter(uow, "held", arrival=arrival.id, gate=device.gate)


async def _door(uow: UnitOfWork, report: _Report) -> None:
    await report.act.enter(uow, f"locker-{report.event.kind}", device=report.device.id)


async def _own_passage(uow: UnitOfWork, report: _Report) -> Passage:
    found = await uow.gates.passage(report.event.passage or "")
    if found is None or found.gate != report.device.id:
        raise NotFoundError("device.passage")
    return found


async def _arrival(uow: UnitOfWork, passage: Passage) -> Arrival:
    found = await uow.arrivals.get(passage.arrival_id)
    if found is None:
        raise NotFoundError("arrival.unknown")
    return found


HANDLERS: Final[dict[tuple[str, str], _Handler]] = {
    **{(kind, "heartbeat"): _nothing for kind in ("gate", "detector", "locker", "id_reader", "jammer")},
    ("gate", "badge"): _badge,
    ("gate", "passed"): _passed,
    ("gate", "shut"): _shut,
    ("detector", "alarm"): _alarm,
    ("locker", "opened"): _door,
    ("locker", "closed"): _door,
    # What was read travels with the desk's own request; here it is a sign of life.
    ("id_reader", "read"): _nothing,
}
