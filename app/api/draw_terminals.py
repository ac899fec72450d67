"""`/v1/draw-terminals`, `/v1/draw-starts`: terminals of draw rooms, and draws that two persons start there.

An operator's session asks for a start; the supervisor proves who they are at the same screen, without a
session and without an Idempotency-Key (a code and a passkey's challenge are good once); the terminal's
signature begins the ceremony, which goes on as `:run` would.
"""

from base64 import urlsafe_b64encode
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.cookies import entrance_of
from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT, DeskDep
from app.api.desk_watch import Site
from app.api.draw_views import draw_json
from app.api.idempotent import Answer, once, once_effect
from app.api.people_schemas import Credential, SignInIn
from app.api.principals import PlatformDep, acting, actor_of, address_of, sign_in_rate
from app.api.schemas import DrawOut
from app.api.seats import signature_of
from app.api.strict_json import StrictRoute
from app.api.terminal_schemas import (
    BegunOut,
    StartIn,
    StartOut,
    StartSignatureIn,
    TerminalApprovalIn,
    TerminalIn,
    TerminalOut,
    TerminalPage,
)
from app.errors import NotFoundError
from app.store.repositories.draw_terminals import DrawStart, DrawTerminal
from app.store.repositories.users import User
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import Desk, own_site
from app.usecases.arrival.seat_keys import Proposal
from app.usecases.ceremony import Ceremony
from app.usecases.draw_requests import find_draw
from app.usecases.draw_views import view
from app.usecases.people import passkeys, sessions, signing_in
from app.usecases.people.signing_in import Credentials
from app.usecases.principals import AT_A_SITE, Principal
from app.usecases.terminals import keys, starts

router = APIRouter(prefix="/v1", tags=["draw-terminals"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("terminal.read"))]
Enroller = Annotated[Principal, Depends(acting("terminal.enrol"))]
Approver = Annotated[Principal, Depends(acting("terminal.approve"))]
Revoker = Annotated[Principal, Depends(acting("terminal.revoke"))]
Starter = Annotated[Principal, Depends(acting("draw.start"))]
DrawReader = Annotated[Principal, Depends(acting("draw.read"))]
_KEYS: Final = problems(401, 403, 404, 409, 413, 415, 422)
_STARTS: Final = problems(401, 403, 404, 409, 413, 415)


async def typing(request: Request, response: Response, principal: Starter) -> Principal:
    """An operator at whose screen somebody else types: at the rate of signing in."""
    await sign_in_rate(request, response)
    return principal


Typing = Annotated[Principal, Depends(typing)]


@router.get(
    "/draw-terminals",
    operation_id="listDrawTerminals",
    response_model=TerminalPage,
    responses=problems(401, 403, 404),
)
async def get_terminals(platform: PlatformDep, principal: Reader, site: Site = None) -> dict[str, Any]:
    """The draw terminals of a site, or of every site; who is bound to a site sees those there."""
    own = own_site(principal) if principal.role in AT_A_SITE else site
    if site not in (None, own):
        raise NotFoundError("site.unknown")
    async with platform.database.read() as uow:
        found = await uow.draw_terminals.all(own)
    return {"items": [_terminal_json(one) for one in found]}


@router.post(
    "/draw-terminals",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeDrawTerminal",
    response_model=TerminalOut,
    responses=_KEYS,
)
async def post_terminal(request: Request, desk: DeskDep, principal: Enroller, asked: TerminalIn) -> Response:
    """Propose the key of a terminal in a draw room; by somebody of that site's staff, standing there."""
    proposal = Proposal(jwk=asked.key.model_dump(), signature=signature_of(asked.signature))
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await keys.propose(uow, desk, principal, asked.zone, proposal, actor=actor)
        return Answer(status=201, content=_terminal_json(made))

    return await once(request, principal, work)


@router.post(
    "/draw-terminals/{terminal_id}/approval",
    dependencies=KEYED,
    operation_id="approveDrawTerminal",
    response_model=TerminalOut,
    responses=_KEYS,
)
async def post_approval(
    request: Request, desk: DeskDep, principal: Approver, terminal_id: str, asked: TerminalApprovalIn
) -> Response:
    """Approve the thumbprint that the terminal shows; by another person than proposed it."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await keys.approve(uow, desk, terminal_id, asked.thumbprint, actor=actor)
        return Answer(status=200, content=_terminal_json(made))

    return await once(request, principal, work)


@router.post(
    "/draw-terminals/{terminal_id}/revocation",
    dependencies=KEYED,
    operation_id="revokeDrawTerminal",
    response_model=TerminalOut,
    responses=problems(401, 403, 404, 409),
)
async def post_revocation(request: Request, desk: DeskDep, principal: Revoker, terminal_id: str) -> Response:
    """Believe a terminal no longer; one person is enough."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        gone = await keys.revoke(uow, desk, principal, terminal_id, actor=actor)
        return Answer(status=200, content=_terminal_json(gone))

    return await once(request, principal, work)


@router.post(
    "/draw-starts",
    status_code=201,
    dependencies=KEYED,
    operation_id="askDrawStart",
    response_model=StartOut,
    responses=_STARTS,
)
async def post_start(request: Request, desk: DeskDep, principal: Starter, asked: StartIn) -> Response:
    """Ask to start a draw at this terminal; by an operator who signed in a moment ago."""
    actor = actor_of(request, principal)
    found = await sessions.current(desk.platform, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await starts.ask(
            uow,
            desk,
            principal,
            found,
            terminal_id=asked.terminal,
            thumbprint=asked.thumbprint,
            draw_id=asked.draw,
            actor=actor,
        )
        return Answer(status=201, content=await _start_json(uow, made))

    return await once(request, principal, work)


@router.post(
    "/draw-starts/{start_id}/supervisor",
    operation_id="superviseDrawStart",
    response_model=StartOut,
    responses=_STARTS,
)
async def post_supervisor(
    *,
    request: Request,
    response: Response,
    desk: DeskDep,
    principal: Typing,
    start_id: str,
    typed: SignInIn,
) -> dict[str, Any]:
    """The second person: a supervisor's name, password and code, typed at the terminal."""
    response.headers.update(UNKEPT)
    given = Credentials(login=typed.login, password=typed.password, code=typed.code, presented=None)
    user = await signing_in.prove(entrance_of(request), given, address=address_of(request))
    return await _supervised(request, desk, principal, start_id, user)


@router.post(
    "/draw-starts/{start_id}/supervisor-passkey",
    operation_id="superviseDrawStartByPasskey",
    response_model=StartOut,
    responses=_STARTS,
)
async def post_supervisor_passkey(
    *,
    request: Request,
    response: Response,
    desk: DeskDep,
    principal: Typing,
    start_id: str,
    credential: Credential,
) -> dict[str, Any]:
    """The second person, by a passkey that answers a challenge of signing in."""
    response.headers.update(UNKEPT)
    shown = credential.model_dump(exclude_none=True)
    user = await passkeys.prove(entrance_of(request), shown, address=address_of(request))
    return await _supervised(request, desk, principal, start_id, user)


@router.post(
    "/draw-starts/{start_id}/signature",
    dependencies=KEYED,
    operation_id="beginDrawAtTerminal",
    response_model=DrawOut,
    responses=_STARTS,
)
async def post_signature(
    request: Request, desk: DeskDep, principal: Starter, start_id: str, asked: StartSignatureIn
) -> Response:
    """The terminal's signature: the start is spent, and the ceremony runs to its result."""
    actor, platform = actor_of(request, principal), desk.platform
    ceremony: Ceremony = request.app.state.ceremony

    async def whole() -> Answer:
        begun = await platform.database.transact(
            lambda uow: starts.begin(
                uow, desk, principal, start_id, signature_of(asked.signature), actor=actor
            )
        )
        row = await ceremony.run(begun.draw_id)
        async with platform.database.read() as uow:
            return Answer(status=200, content=draw_json(await view(uow, row), platform))

    return await once_effect(request, principal, whole)


@router.get(
    "/draws/{draw_id}/start",
    operation_id="getDrawStart",
    response_model=BegunOut,
    responses=problems(401, 403, 404),
)
async def get_start(platform: PlatformDep, principal: DrawReader, draw_id: str) -> dict[str, Any]:
    """Who started a draw at a terminal, where and when, as the terminal signed it."""
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        start = await uow.draw_terminals.begun(row.id)
        if start is None:
            raise NotFoundError("start.none")
        terminal = await keys.find(uow, start.terminal_id)
    return _begun_json(start, terminal)


async def _supervised(
    request: Request, desk: Desk, principal: Principal, start_id: str, user: User
) -> dict[str, Any]:
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> dict[str, Any]:
        made = await starts.supervise(uow, desk, principal, start_id, user, actor=actor)
        return await _start_json(uow, made)

    return await desk.platform.database.transact(work)


def _terminal_json(one: DrawTerminal) -> dict[str, Any]:
    return {
        "terminal": one.id,
        "site": one.site,
        "zone": one.zone,
        "thumbprint": one.thumbprint,
        "state": keys.state_of(one),
        "proposed_by": one.proposed_by,
        "approved_by": one.approved_by,
        "revoked_by": one.revoked_by,
    }


async def _start_json(uow: UnitOfWork, one: DrawStart) -> dict[str, Any]:
    terminal, row = await keys.find(uow, one.terminal_id), await uow.draws.get(one.draw_id)
    signed = None if one.supervisor is None else starts.statement(one, terminal).decode("utf-8")
    return {
        "start": one.id,
        "draw": one.draw_id,
        "terminal": one.terminal_id,
        "operator": one.operator,
        "supervisor": one.supervisor,
        "expires_at": one.expires_at,
        "statement": signed,
        "beacon": None if row is None else row.request["beacon"],
    }


def _begun_json(one: DrawStart, terminal: DrawTerminal) -> dict[str, Any]:
    return {
        "draw": one.draw_id,
        "site": terminal.site,
        "zone": terminal.zone,
        "terminal": terminal.id,
        "operator": one.operator,
        "supervisor": one.supervisor,
        "begun_at": one.begun_at,
        "digest": starts.digest(one, terminal),
        "statement": starts.statement(one, terminal).decode("utf-8"),
        "signature": urlsafe_b64encode(one.signature or b"").rstrip(b"=").decode("ascii"),
    }
