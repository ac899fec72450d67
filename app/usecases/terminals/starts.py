"""A draw started by two persons at an enrolled terminal (R07; 7.2.3.3 of the national specification).

1. `ask`: an operator who signed in a moment ago names terminal and draw.
2. `supervise`: a supervisor, another person, proves who they are at the same screen; no session opens.
3. `begin`: the terminal signs `statement`, which binds draw, request and both persons; the start is spent.

All of it lies within `SPAN` of the operator's sign-in. The site's ledger tells of the start, and once more
with the digest of the sealed record when the draw is sealed (`anchor`): that head goes into the draw's log,
where a changed story of who started it, where and when cannot meet it. A start lets a draw begin, once;
carrying on an interrupted one asks for no other.
"""

from datetime import timedelta
from hmac import compare_digest
from typing import Final

from app.errors import AccessRefusedError, ConflictError, NotFoundError
from app.store.repositories.draw_terminals import DrawStart, DrawTerminal
from app.store.repositories.draws import DrawRow
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import Desk, new_id
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.ledger import anchor as anchor_head
from app.usecases.draw_requests import find_draw, take_duty
from app.usecases.operations import Actor, note
from app.usecases.people.sessions import SignedIn
from app.usecases.platform import Platform
from app.usecases.principals import ACTIONS, SUPERVISOR, Principal
from app.usecases.terminals import keys
from crypto import p256
from crypto.canonical import canonical
from crypto.errors import SignatureError
from crypto.hashing import tagged
from draw.lifecycle import REQUESTED

FORMAT: Final = "qt/1 draw-start"
CHALLENGE_BYTES: Final = 32
SPAN: Final = timedelta(minutes=5)


def statement(start: DrawStart, terminal: DrawTerminal) -> bytes:
    """What the terminal signs, canonical JSON. Raises ConflictError ``start.one-person``."""
    if start.supervisor is None:
        raise ConflictError("start.one-person")
    return canonical(
        {
            "format": FORMAT,
            "origin": start.origin,
            "site": terminal.site,
            "terminal": terminal.id,
            "draw": start.draw_id,
            "request": start.request,
            "operator": start.operator,
            "supervisor": start.supervisor,
            "challenge": start.challenge.hex(),
            "expires_at": start.expires_at,
        }
    )


async def ask(
    uow: UnitOfWork,
    desk: Desk,
    principal: Principal,
    found: SignedIn,
    *,
    terminal_id: str,
    thumbprint: str,
    draw_id: str,
    actor: Actor,
) -> DrawStart:
    """A start that waits for its second person. `found` is the session of the operator.

    Raises NotFoundError ``draw.unknown``, AccessRefusedError ``terminal.not-enrolled``,
    ``terminal.revoked``, ``start.other-site``, ``start.signed-in-before``, ConflictError ``draw.state``,
    ``start.begun``.
    """
    platform = desk.platform
    now = platform.clock()
    row = await find_draw(uow, principal, draw_id)
    terminal = await _live(uow, platform, terminal_id, thumbprint)
    until = from_text(found.session.created_at) + SPAN
    if until <= now:
        raise AccessRefusedError("start.signed-in-before", minutes=_minutes())
    asked = await _request(uow, row)
    if await uow.draw_terminals.begun(row.id) is not None:
        raise ConflictError("start.begun")
    await take_duty(uow, row, principal, "draw.start", now=to_text(now))
    start = DrawStart(
        id=new_id(platform, "dst"),
        draw_id=row.id,
        terminal_id=terminal.id,
        challenge=platform.random(CHALLENGE_BYTES),
        origin=desk.origin,
        request=asked,
        operator=principal.person,
        asked_at=to_text(now),
        expires_at=to_text(until),
    )
    await uow.draw_terminals.add_start(start)
    await note(uow, actor, "draw.ask-start", row.id, now=to_text(now))
    return start


async def supervise(
    uow: UnitOfWork, desk: Desk, principal: Principal, start_id: str, user: User, *, actor: Actor
) -> DrawStart:
    """Put in the second person, who has just proved who they are.

    Raises NotFoundError ``start.unknown``, AccessRefusedError ``start.same-person``,
    ``start.no-supervisor``, ConflictError ``start.stale``, ``start.spent``, ``start.supervised``,
    ``draw.duties-clash``.
    """
    start, now = await _open(uow, desk, principal, start_id), desk.platform.now()
    if user.person == start.operator:
        raise AccessRefusedError("start.same-person")
    if user.role != SUPERVISOR:
        raise AccessRefusedError("start.no-supervisor")
    duty = ACTIONS["draw.attend"].duty or ""
    await uow.draws.take_duty(start.draw_id, person=user.person, duty=duty, at=now)
    if start.supervisor != user.person and not await uow.draw_terminals.supervise(
        start.id, by=user.person, at=now
    ):
        raise ConflictError("start.supervised")
    await note(uow, actor, "draw.supervise-start", start.draw_id, now=now)
    return await _find(uow, principal, start_id)


async def begin(
    uow: UnitOfWork, desk: Desk, principal: Principal, start_id: str, signature: bytes, *, actor: Actor
) -> DrawStart:
    """Spend the start: from here on the ceremony may run. The same signature again is the same act, so that a
    terminal whose answer was lost carries on.

    Raises NotFoundError ``start.unknown``, AccessRefusedError ``start.signature``,
    ``terminal.not-enrolled``, ``terminal.revoked``, ``start.other-site``, ConflictError
    ``start.one-person``, ``start.stale``, ``start.spent``, ``draw.state``.
    """
    spent = await _find(uow, principal, start_id)
    if spent.begun_at is not None and compare_digest(spent.signature or b"", signature):
        return spent
    start, now = await _open(uow, desk, principal, start_id), desk.platform.now()
    known = await keys.find(uow, start.terminal_id)
    terminal = await _live(uow, desk.platform, known.id, known.thumbprint)
    try:
        p256.verify(terminal.jwk, statement(start, terminal), signature)
    except SignatureError as error:
        raise AccessRefusedError("start.signature") from error
    row = await find_draw(uow, principal, start.draw_id)
    if await _request(uow, row) != start.request:
        raise AccessRefusedError("start.signature")
    if not await uow.draw_terminals.begin(start.id, signature=signature, at=now):
        raise ConflictError("start.spent")
    begun = await _find(uow, principal, start_id)
    act = Act(platform=desk.platform, site=terminal.site, actor=actor, now=now)
    await act.enter(uow, "draw-started", draw=row.id, terminal=terminal.id, start=digest(begun, terminal))
    await note(uow, actor, "draw.start", row.id, now=now)
    return begun


async def anchor(platform: Platform, uow: UnitOfWork, draw_id: str, *, now: str) -> None:
    """After the seal of a draw that was started at a terminal: its start, the sealed record, and the head of
    the site's ledger in the draw's log.
    """
    start, row = await uow.draw_terminals.begun(draw_id), await uow.draws.get(draw_id)
    if start is None or row is None:
        return
    terminal = await keys.find(uow, start.terminal_id)
    actor = Actor(person=start.operator, address="-", source="platform")
    act = Act(platform=platform, site=terminal.site, actor=actor, now=now)
    await act.enter(uow, "draw-sealed", draw=row.id, sdr=row.sdr_hash, start=digest(start, terminal))
    await anchor_head(uow, act, row)


def digest(start: DrawStart, terminal: DrawTerminal) -> str:
    """What stands for a start that was begun: its statement and the terminal's signature, hex32."""
    signed = statement(start, terminal)
    return tagged("qt/1 draw-start", len(signed).to_bytes(4, "big"), signed, start.signature or b"").hex()


async def _request(uow: UnitOfWork, row: DrawRow) -> str:
    """What stands for a request: its entry in the log and what was ordered.

    Raises ConflictError ``draw.state`` once the draw is no longer waiting to begin.
    """
    if row.state != REQUESTED or row.k is None:
        raise ConflictError("draw.state", state=row.state, wanted=REQUESTED)
    (logged,) = await uow.log.entries_at([row.k])
    size = len(logged.entry).to_bytes(4, "big")
    return tagged("qt/1 draw-start request", size, logged.entry, canonical(row.request)).hex()


async def _live(uow: UnitOfWork, platform: Platform, terminal_id: str, thumbprint: str) -> DrawTerminal:
    found = await uow.draw_terminals.get(terminal_id)
    if found is None or found.thumbprint != thumbprint or keys.state_of(found) == "proposed":
        raise AccessRefusedError("terminal.not-enrolled")
    if keys.state_of(found) == "revoked":
        raise AccessRefusedError("terminal.revoked")
    if platform.draw_sites and found.site not in platform.draw_sites:
        raise AccessRefusedError("start.other-site")
    return found


async def _open(uow: UnitOfWork, desk: Desk, principal: Principal, start_id: str) -> DrawStart:
    start = await _find(uow, principal, start_id)
    if start.begun_at is not None:
        raise ConflictError("start.spent")
    if start.expires_at <= desk.platform.now():
        raise ConflictError("start.stale", minutes=_minutes())
    return start


async def _find(uow: UnitOfWork, principal: Principal, start_id: str) -> DrawStart:
    """A start of this operator's own. Raises NotFoundError ``start.unknown``."""
    found = await uow.draw_terminals.start(start_id)
    if found is None or found.operator != principal.person:
        raise NotFoundError("start.unknown")
    await find_draw(uow, principal, found.draw_id)
    return found


def _minutes() -> int:
    return int(SPAN.total_seconds()) // 60
