"""Keys of draw terminals: made in the terminal's browser, believed by the word of two persons, for one draw
room (R07).

Somebody of the site's staff proposes the key while standing in the room; an operator or a supervisor, another
person, approves the thumbprint that the terminal shows. One person is enough to revoke it. What a terminal
may start is `app.usecases.terminals.starts`.
"""

from typing import Final

from app.errors import AccessRefusedError, ConflictError, InputRefusedError, NotFoundError
from app.store.repositories.draw_terminals import DrawTerminal
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import Desk, new_id, own_site
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.seat_keys import Proposal
from app.usecases.arrival.texts import fault
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal, require_site
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError

FORMAT: Final = "qt/1 terminal-enrolment"
ZONE: Final = "draw"


def enrolment_statement(origin: str, site: str, zone: str, thumbprint: str) -> bytes:
    """What a terminal signs to show that it has the key: origin, site and draw room are bound in."""
    return canonical({"format": FORMAT, "origin": origin, "site": site, "zone": zone, "key": thumbprint})


async def propose(
    uow: UnitOfWork, desk: Desk, principal: Principal, zone: str, proposal: Proposal, *, actor: Actor
) -> DrawTerminal:
    """Propose the key of a terminal in a draw room of the caller's site; the same one by the same person is
    the same proposal.

    Raises NotFoundError ``site.unknown``, InputRefusedError ``terminal.refused-input``, ConflictError
    ``terminal.known``.
    """
    site, now = own_site(principal), desk.platform.now()
    thumbprint = await _proven(uow, desk, site, zone, proposal)
    known = await uow.draw_terminals.by_key(thumbprint)
    if known is not None:
        return _same(known, site, zone, actor)
    terminal = DrawTerminal(
        id=new_id(desk.platform, "dtm"),
        site=site,
        zone=zone,
        thumbprint=thumbprint,
        jwk=dict(proposal.jwk),
        proposed_by=actor.person,
        proposed_at=now,
    )
    await uow.draw_terminals.add(terminal)
    await _enter(uow, desk, terminal, "proposed", actor=actor, now=now)
    return terminal


async def approve(
    uow: UnitOfWork, desk: Desk, terminal_id: str, thumbprint: str, *, actor: Actor
) -> DrawTerminal:
    """Approve a key as the second person, who names the thumbprint that the terminal shows.

    Raises NotFoundError ``terminal.unknown``, AccessRefusedError ``terminal.two-persons``, ConflictError
    ``terminal.other-key``, ``terminal.settled``.
    """
    terminal, now = await find(uow, terminal_id), desk.platform.now()
    if terminal.proposed_by == actor.person:
        raise AccessRefusedError("terminal.two-persons")
    if terminal.thumbprint != thumbprint:
        raise ConflictError("terminal.other-key")
    if not await uow.draw_terminals.approve(terminal.id, by=actor.person, at=now):
        raise ConflictError("terminal.settled")
    await _enter(uow, desk, terminal, "approved", actor=actor, now=now)
    return await find(uow, terminal_id)


async def revoke(
    uow: UnitOfWork, desk: Desk, principal: Principal, terminal_id: str, *, actor: Actor
) -> DrawTerminal:
    """Believe a terminal no longer: it starts no draw from now on; one person is enough.

    Raises NotFoundError ``terminal.unknown``, ConflictError ``terminal.settled``.
    """
    terminal, now = await find(uow, terminal_id), desk.platform.now()
    require_site(principal, terminal.site, missing="terminal.unknown")
    if not await uow.draw_terminals.revoke(terminal.id, by=actor.person, at=now):
        raise ConflictError("terminal.settled")
    await _enter(uow, desk, terminal, "revoked", actor=actor, now=now)
    return await find(uow, terminal_id)


async def find(uow: UnitOfWork, terminal_id: str) -> DrawTerminal:
    """One terminal, also a revoked one. Raises NotFoundError ``terminal.unknown``."""
    found = await uow.draw_terminals.get(terminal_id)
    if found is None:
        raise NotFoundError("terminal.unknown")
    return found


def state_of(terminal: DrawTerminal) -> str:
    """``proposed``, ``enrolled`` or ``revoked``."""
    if terminal.revoked_at is not None:
        return "revoked"
    return "proposed" if terminal.approved_at is None else "enrolled"


async def _proven(uow: UnitOfWork, desk: Desk, site: str, zone: str, proposal: Proposal) -> str:
    """The thumbprint of a proven key. Raises InputRefusedError with every fault."""
    known = (await uow.venues.layouts([site]))[site].zones.get(zone)
    faults = [] if known is not None and known.kind == ZONE else [fault("terminal.zone", "/zone")]
    thumbprint = ""
    try:
        thumbprint = p256.thumbprint(proposal.jwk)
        p256.verify(
            proposal.jwk, enrolment_statement(desk.origin, site, zone, thumbprint), proposal.signature
        )
    except SignatureError:
        faults.append(fault("seat.key", "/key"))
    if faults:
        raise InputRefusedError("terminal.refused-input", faults)
    return thumbprint


def _same(known: DrawTerminal, site: str, zone: str, actor: Actor) -> DrawTerminal:
    asked = (site, zone, actor.person, "proposed")
    if (known.site, known.zone, known.proposed_by, state_of(known)) != asked:
        raise ConflictError("terminal.known")
    return known


async def _enter(
    uow: UnitOfWork, desk: Desk, terminal: DrawTerminal, what: str, *, actor: Actor, now: str
) -> None:
    act = Act(platform=desk.platform, site=terminal.site, actor=actor, now=now)
    await act.enter(
        uow, f"terminal-{what}", terminal=terminal.id, zone=terminal.zone, key=terminal.thumbprint
    )
    await note(uow, actor, f"terminal.{what}", terminal.id, now=now)
