"""The devices of a site: made known by an operator, revoked by one, listed."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from urllib.parse import unquote, urlsplit

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


def is_command_address(url: str) -> bool:
    """Whether commands may go below this address: a plain host and path, so that what is appended stays the
    last step of it, and no link-local host, where machines keep the metadata of their own installation."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    bare = "@" not in parts.netloc and not {"?", "#", "\\"} & set(url)
    steps = {unquote(one) for one in parts.path.split("/")}
    return bool(host) and bare and not steps & {".", ".."} and not _is_link_local(host)


def _is_link_local(host: str) -> bool:
    try:
        # As resolvers read it: 2852039166 and 0xa9fea9fe are addresses, too.
        return IPv4Address(socket.inet_aton(host)).is_link_local
    except OSError:
        pass
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_link_local


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
    elif asked.url is not None and not is_command_address(asked.url):
        faults.append(fault("device.address", "/url"))
    gate = None if asked.gate is None else await uow.devices.get(asked.gate)
    stands = gate is not None and gate.kind == "gate" and gate.site == asked.site
    if (asked.kind == "detector") != (asked.gate is not None) or (asked.gate is not None and not stands):
        faults.append(fault("device.gate", "/gate"))
    return faults
