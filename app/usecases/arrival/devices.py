"""The devices of a site: made known by an operator, revoked by one, listed."""

from dataclasses import dataclass

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.devices import Device
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import Desk, new_id
from app.usecases.arrival.device_events import SILENCE_TIMER
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.texts import fault
from app.usecases.operations import Actor, note
from crypto.errors import SignatureError
from crypto.signing import validate_public


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device as an operator describes it; `public` is its Ed25519 key, hex32.

    The name of a locker cabinet is what its lockers' numbers begin with.
    """

    site: str
    kind: str
    name: str
    public: str
    url: str | None
    gate: str | None


async def register(uow: UnitOfWork, desk: Desk, asked: NewDevice, *, actor: Actor) -> Device:
    """Make a device known. Raises NotFoundError ``site.unknown``, InputRefusedError ``device.refused-input``,
    ConflictError ``device.exists``.
    """
    faults = await _faults(uow, asked)
    if faults:
        raise InputRefusedError("device.refused-input", faults)
    now = desk.platform.now()
    values = {name: getattr(asked, name) for name in NewDevice.__slots__}
    device = Device(id=new_id(desk.platform, "dev"), **values, registered_at=now, registered_by=actor.person)
    await uow.devices.add(device)
    await uow.timers.set(SILENCE_TIMER, device.id, to_text(from_text(now) + desk.silence))
    act = Act(platform=desk.platform, site=device.site, actor=actor, now=now)
    await act.enter(uow, "device-registered", device=device.id, of=device.kind)
    await note(uow, actor, "device.register", device.id, now=now)
    return device


async def revoke(uow: UnitOfWork, desk: Desk, device_id: str, *, actor: Actor) -> Device:
    """Believe a device no longer. Raises NotFoundError ``device.unknown``, ConflictError
    ``device.revoked``.
    """
    device = await uow.devices.get(device_id)
    if device is None:
        raise NotFoundError("device.unknown")
    if device.revoked_at is not None:
        raise ConflictError("device.revoked")
    now = desk.platform.now()
    await uow.devices.change(device.id, revoked_at=now)
    act = Act(platform=desk.platform, site=device.site, actor=actor, now=now)
    await act.enter(uow, "device-revoked", device=device.id, of=device.kind)
    await note(uow, actor, "device.revoke", device.id, now=now)
    return device


async def _faults(uow: UnitOfWork, asked: NewDevice) -> list[Fault]:
    if await uow.venues.site(asked.site) is None:
        raise NotFoundError("site.unknown")
    faults = []
    try:
        validate_public(bytes.fromhex(asked.public))
    except SignatureError:
        faults.append(fault("device.key", "/public"))
    if asked.url is not None and asked.kind not in ("gate", "locker"):
        faults.append(fault("device.url", "/url"))
    gate = None if asked.gate is None else await uow.devices.get(asked.gate)
    stands = gate is not None and gate.kind == "gate" and gate.site == asked.site
    if (asked.kind == "detector") != (asked.gate is not None) or (asked.gate is not None and not stands):
        faults.append(fault("device.gate", "/gate"))
    return faults
