"""Keys of seat browsers: made in the browser, never leaving it, believed by the word of two persons (R14).

Somebody of the site's staff proposes the key while standing at the seat; an operator or a supervisor, another
person, approves the thumbprint that the seat's screen shows. A seat has one live key: a new one asks for the
old one to be revoked first. Nothing here lets anybody in: that takes a session (`seat_sessions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.errors import AccessRefusedError, ConflictError, InputRefusedError, NotFoundError
from app.store.repositories.seat_access import SeatKey
from app.store.repositories.venues import Seat
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import Desk, new_id
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.texts import fault
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal, require_site
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError

FORMAT: Final = "qt/1 seat-enrolment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A public key, and the browser's signature under `enrolment_statement`: 64 bytes."""

    jwk: Mapping[str, str]
    signature: bytes


def enrolment_statement(origin: str, seat: Seat, thumbprint: str) -> bytes:
    """What a browser signs to show that it has the key: origin and seat are bound in."""
    return canonical(
        {"format": FORMAT, "origin": origin, "site": seat.site_id, "seat": seat.id, "key": thumbprint}
    )


async def find_seat(uow: UnitOfWork, seat_id: str) -> Seat:
    """One seat. Raises NotFoundError ``seat.unknown``."""
    found = await uow.venues.seat(seat_id)
    if found is None:
        raise NotFoundError("seat.unknown")
    return found


async def propose(
    uow: UnitOfWork, desk: Desk, principal: Principal, seat_id: str, proposal: Proposal, *, actor: Actor
) -> SeatKey:
    """Propose a key; the same one proposed again by the same person is the same proposal.

    Raises NotFoundError ``seat.unknown``, InputRefusedError ``seat.key-refused``, ConflictError
    ``seat.key-known``.
    """
    seat = await find_seat(uow, seat_id)
    require_site(principal, seat.site_id, missing="seat.unknown")
    thumbprint = _proven(desk, seat, proposal)
    now = desk.platform.now()
    known = await uow.seat_access.key(thumbprint)
    if known is not None:
        return _same(known, seat, actor)
    key = SeatKey(
        id=new_id(desk.platform, "sky"),
        site=seat.site_id,
        seat=seat.id,
        thumbprint=thumbprint,
        jwk=dict(proposal.jwk),
        proposed_by=actor.person,
        proposed_at=now,
    )
    await uow.seat_access.add_key(key)
    act = Act(platform=desk.platform, site=seat.site_id, actor=actor, now=now)
    await act.enter(uow, "seat-key-proposed", seat=seat.id, key=thumbprint)
    await note(uow, actor, "seat.propose-key", seat.id, now=now)
    return key


async def approve(uow: UnitOfWork, desk: Desk, seat_id: str, thumbprint: str, *, actor: Actor) -> SeatKey:
    """Approve a key as the second person.

    Raises NotFoundError ``seat.unknown`` or ``seat.no-key``, AccessRefusedError ``seat.two-persons``,
    ConflictError ``seat.key-live`` or ``seat.key-settled``.
    """
    seat = await find_seat(uow, seat_id)
    key = await _key_of(uow, seat, thumbprint)
    if key.proposed_by == actor.person:
        raise AccessRefusedError("seat.two-persons")
    act = Act(platform=desk.platform, site=seat.site_id, actor=actor, now=desk.platform.now())
    await uow.seat_access.approve_key(key.id, by=actor.person, now=act.now)
    await act.enter(uow, "seat-key-approved", seat=seat.id, key=thumbprint)
    await note(uow, actor, "seat.approve-key", seat.id, now=act.now)
    return await _key_of(uow, seat, thumbprint)


async def revoke(
    uow: UnitOfWork, desk: Desk, principal: Principal, seat_id: str, thumbprint: str, *, actor: Actor
) -> SeatKey:
    """Believe a key no longer, and end the sessions that it opened; one person is enough.

    Raises NotFoundError ``seat.unknown`` or ``seat.no-key``, ConflictError ``seat.key-settled``.
    """
    seat = await find_seat(uow, seat_id)
    require_site(principal, seat.site_id, missing="seat.unknown")
    key = await _key_of(uow, seat, thumbprint)
    act = Act(platform=desk.platform, site=seat.site_id, actor=actor, now=desk.platform.now())
    if not await uow.seat_access.revoke_key(key.id, by=actor.person, now=act.now):
        raise ConflictError("seat.key-settled")
    await uow.seat_access.end_sessions(reason="key-revoked", now=act.now, key_id=key.id)
    await act.enter(uow, "seat-key-revoked", seat=seat.id, key=thumbprint)
    await note(uow, actor, "seat.revoke-key", seat.id, now=act.now)
    return await _key_of(uow, seat, thumbprint)


def state_of(key: SeatKey) -> str:
    """``proposed``, ``enrolled`` or ``revoked``."""
    if key.revoked_at is not None:
        return "revoked"
    return "proposed" if key.approved_at is None else "enrolled"


def _proven(desk: Desk, seat: Seat, proposal: Proposal) -> str:
    try:
        thumbprint = p256.thumbprint(proposal.jwk)
        p256.verify(proposal.jwk, enrolment_statement(desk.origin, seat, thumbprint), proposal.signature)
    except SignatureError as error:
        raise InputRefusedError("seat.key-refused", [fault("seat.key", "/key")]) from error
    return thumbprint


def _same(known: SeatKey, seat: Seat, actor: Actor) -> SeatKey:
    if (known.seat, known.proposed_by) != (seat.id, actor.person) or state_of(known) != "proposed":
        raise ConflictError("seat.key-known")
    return known


async def _key_of(uow: UnitOfWork, seat: Seat, thumbprint: str) -> SeatKey:
    found = await uow.seat_access.key(thumbprint)
    if found is None or (found.site, found.seat) != (seat.site_id, seat.id):
        raise NotFoundError("seat.no-key")
    return found
