"""Locker: everything that could tell the outside stays there from the deposit to the release (R15).

The record is made first and the locker is told afterwards: a locker that cannot be reached does not unmake a
deposit, and the same act asked again tells it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from app.errors import ConflictError, InputRefusedError
from app.gateways.devices import DeviceError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.lockers import DepositRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import Desk, find_arrival, invitation_of, new_id, step
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.texts import fault
from app.usecases.invitations import arrivals
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal
from crypto.canonical import canonical
from draw import invitation as states
from remote_eval import arrival as way

MAX_SIGNATURE_BYTES: Final = 32 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
BADGE_BYTES: Final = 10
Door = Literal["locked", "opened", "unreachable", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Both signatures of an act, as drawn: PNG images of at most 32 KiB."""

    expert: bytes = field(repr=False)
    staff: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """The form that is sealed. Raises InputRefusedError ``locker.signatures`` for what is no image."""
        both = {"expert": self.expert, "staff": self.staff}
        faults = [
            fault("locker.signature", f"/{name}_signature", limit=MAX_SIGNATURE_BYTES)
            for name, image in both.items()
            if not image.startswith(_PNG) or len(image) > MAX_SIGNATURE_BYTES
        ]
        if faults:
            raise InputRefusedError("locker.signatures", faults)
        return canonical({name: image.hex() for name, image in both.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What lies in which locker: [kind, count] pairs."""

    locker: str
    items: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockerAct:
    """A deposit or a return, and what the locker's door said."""

    arrival: Arrival
    deposit: DepositRow
    door: Door


async def deposit(
    desk: Desk, principal: Principal, arrival_id: str, contents: Contents, signed: Signatures, *, actor: Actor
) -> LockerAct:
    """Put somebody's things away; asked again with the same locker, the same deposit.

    Raises NotFoundError ``arrival.unknown``, ConflictError ``locker.taken``, ``arrival.transition``.
    """
    signatures = signed.to_bytes()

    async def work(uow: UnitOfWork) -> tuple[Arrival, DepositRow]:
        arrival = await find_arrival(uow, principal, arrival_id)
        act = Act(platform=desk.platform, site=arrival.site, actor=actor, now=desk.platform.now())
        known = await uow.lockers.open_of(arrival.id)
        if known is not None and known.locker == contents.locker:
            return arrival, known
        return await _put(uow, act, arrival, contents, signatures)

    arrival, row = await desk.platform.database.transact(work)
    return LockerAct(arrival=arrival, deposit=row, door=await _tell(desk, row, "lock", actor))


async def give_back(
    desk: Desk, principal: Principal, arrival_id: str, signed: Signatures, *, actor: Actor
) -> LockerAct:
    """Give somebody's things back, after release only.

    Raises NotFoundError ``arrival.unknown``, ConflictError ``locker.empty``, ``arrival.needs`` (release),
    ``arrival.transition``.
    """
    signatures = signed.to_bytes()

    async def work(uow: UnitOfWork) -> tuple[Arrival, DepositRow]:
        arrival = await find_arrival(uow, principal, arrival_id)
        act = Act(platform=desk.platform, site=arrival.site, actor=actor, now=desk.platform.now())
        row = await uow.lockers.open_of(arrival.id)
        if row is None:
            raise ConflictError("locker.empty")
        shown = {"signatures"} | ({"release"} if arrival.released_at is not None else set())
        moved = await step(uow, arrival, way.RETURNED, shown=shown, now=act.now)
        await uow.lockers.give_back(row, signatures, by=actor.person, now=act.now)
        invitation = await invitation_of(uow, arrival)
        if invitation.state == states.SEATED:
            await arrivals.finished(uow, invitation, now=act.now)
        await act.enter(uow, "locker-returned", arrival=arrival.id, locker=row.locker)
        await note(uow, actor, "desk.return", arrival.id, now=act.now)
        return moved, row

    arrival, row = await desk.platform.database.transact(work)
    return LockerAct(arrival=arrival, deposit=row, door=await _tell(desk, row, "open", actor))


async def give_pass(
    desk: Desk, principal: Principal, arrival_id: str, *, actor: Actor
) -> tuple[Arrival, str]:
    """A fresh printed pass for the gate, after the deposit; the one before is void.

    Raises NotFoundError ``arrival.unknown``, ConflictError ``arrival.needs`` (deposit).
    """
    badge = desk.platform.random(BADGE_BYTES).hex()

    async def work(uow: UnitOfWork) -> Arrival:
        arrival = await find_arrival(uow, principal, arrival_id)
        if await uow.lockers.open_of(arrival.id) is None:
            raise ConflictError("arrival.needs", need="deposit")
        act = Act(platform=desk.platform, site=arrival.site, actor=actor, now=desk.platform.now())
        await act.enter(uow, "pass-given", arrival=arrival.id)
        return await uow.arrivals.move(arrival, now=act.now, pass_tag=uow.cipher.tag("pass", badge))

    return await desk.platform.database.transact(work), badge


async def _put(
    uow: UnitOfWork, act: Act, arrival: Arrival, contents: Contents, signatures: bytes
) -> tuple[Arrival, DepositRow]:
    moved = await step(uow, arrival, way.DEPOSITED, shown={"signatures"}, now=act.now)
    row = DepositRow(
        id=new_id(act.platform, "lck"),
        site=arrival.site,
        locker=contents.locker,
        arrival_id=arrival.id,
        items=[list(one) for one in contents.items],
        deposited_at=act.now,
        deposited_by=act.actor.person,
    )
    await uow.lockers.put(row, signatures)
    items = [f"{kind}:{count}" for kind, count in contents.items]
    await act.enter(uow, "deposited", arrival=arrival.id, locker=row.locker, items=items)
    await note(uow, act.actor, "desk.deposit", arrival.id, now=act.now)
    return moved, row


async def _tell(desk: Desk, row: DepositRow, what: Literal["lock", "open"], actor: Actor) -> Door:
    """Tell the cabinet whose name the locker's number begins with; without one it is a key on a hook."""
    platform = desk.platform
    async with platform.database.read() as uow:
        known = await uow.devices.of_site(row.site)
    cabinets = [one for one in known if one.kind == "locker" and row.locker.startswith(one.name)]
    url = next((one.url for one in cabinets if one.url is not None), None)
    if url is None:
        return "none"
    try:
        await desk.commands.tell(url, command=f"{row.id}-{what}", act=what, place=row.locker)
    except DeviceError as error:
        code = error.code
        act = Act(platform=platform, site=row.site, actor=actor, now=platform.now())
        await platform.database.transact(
            lambda uow: act.enter(uow, "device-failed", deposit=row.id, act=what, code=code)
        )
        return "unreachable"
    return "locked" if what == "lock" else "opened"
