"""`/v1/seats`: keys of seat browsers, login at a seat, and the declaration made there.

Keys are proposed by the site's staff and approved by another person. Challenge and login need no account: the
browser proves its key, the person the code of the slip. A seat session is shown as ``Authorization: Seat
<token>``; no answer with a token is kept.
"""

from base64 import urlsafe_b64decode
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT, DeskDep
from app.api.desk_schemas import (
    ApprovalIn,
    ChallengeIn,
    ChallengeOut,
    EnrolmentIn,
    EnrolmentOut,
    EnrolmentPage,
    LoginIn,
    LoginOut,
    RecusalIn,
    RecusedOut,
    SeatSessionOut,
)
from app.api.desk_watch import Site, site_of
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of, address_of, platform_of, public_rate
from app.api.strict_json import StrictRoute
from app.errors import AccessRefusedError
from app.store.repositories.seat_access import SeatKey
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival import recusals, seat_keys, seat_sessions
from app.usecases.arrival.seat_sessions import SeatSession
from app.usecases.principals import Principal, require_site

router = APIRouter(prefix="/v1/seats", tags=["seats"], route_class=StrictRoute)
Enroller = Annotated[Principal, Depends(acting("seat.enrol"))]
Approver = Annotated[Principal, Depends(acting("seat.approve"))]
Revoker = Annotated[Principal, Depends(acting("seat.revoke"))]
Watcher = Annotated[Principal, Depends(acting("alert.read"))]
_BEARER: Final = "seat "
_KEYS: Final = problems(401, 403, 404, 409, 413, 415, 422)


@router.get(
    "/keys", operation_id="listSiteKeys", response_model=EnrolmentPage, responses=problems(401, 403, 404)
)
async def get_site_keys(platform: PlatformDep, principal: Watcher, site: Site = None) -> dict[str, Any]:
    """The keys of a whole site that are not revoked: what waits for a second person, and what is live."""
    async with platform.database.read() as uow:
        found = await uow.seat_access.keys_of(site_of(principal, site))
    return {"items": [_key_json(one) for one in found]}


@router.get(
    "/{seat_id}/keys",
    operation_id="listSeatKeys",
    response_model=EnrolmentPage,
    responses=problems(401, 403, 404),
)
async def get_keys(platform: PlatformDep, principal: Watcher, seat_id: str) -> dict[str, Any]:
    """The keys of a seat that are not revoked: what waits for a second person, and what is live."""
    async with platform.database.read() as uow:
        seat = await seat_keys.find_seat(uow, seat_id)
        require_site(principal, seat.site_id, missing="seat.unknown")
        found = [one for one in await uow.seat_access.keys_of(seat.site_id) if one.seat == seat.id]
    return {"items": [_key_json(one) for one in found]}


@router.post(
    "/{seat_id}/enrolments",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeSeatKey",
    response_model=EnrolmentOut,
    responses=_KEYS,
)
async def post_enrolment(
    request: Request, desk: DeskDep, principal: Enroller, seat_id: str, asked: EnrolmentIn
) -> Response:
    """Propose the key of the browser at a seat; by somebody of that site's staff, standing there."""
    proposal = seat_keys.Proposal(jwk=asked.key.model_dump(), signature=signature_of(asked.signature))
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await seat_keys.propose(uow, desk, principal, seat_id, proposal, actor=actor)
        return Answer(status=201, content=_key_json(made))

    return await once(request, principal, work)


@router.post(
    "/{seat_id}/approvals",
    dependencies=KEYED,
    operation_id="approveSeatKey",
    response_model=EnrolmentOut,
    responses=_KEYS,
)
async def post_approval(
    request: Request, desk: DeskDep, principal: Approver, seat_id: str, asked: ApprovalIn
) -> Response:
    """Approve the thumbprint that the seat's screen shows; by another person than proposed it."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await seat_keys.approve(uow, desk, seat_id, asked.thumbprint, actor=actor)
        return Answer(status=200, content=_key_json(made))

    return await once(request, principal, work)


@router.post(
    "/{seat_id}/revocations",
    dependencies=KEYED,
    operation_id="revokeSeatKey",
    response_model=EnrolmentOut,
    responses=_KEYS,
)
async def post_revocation(
    request: Request, desk: DeskDep, principal: Revoker, seat_id: str, asked: ApprovalIn
) -> Response:
    """Believe a key no longer and end what it opened; one person is enough."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        gone = await seat_keys.revoke(uow, desk, principal, seat_id, asked.thumbprint, actor=actor)
        return Answer(status=200, content=_key_json(gone))

    return await once(request, principal, work)


@router.post(
    "/{seat_id}/challenges",
    status_code=201,
    dependencies=[Depends(public_rate)],
    operation_id="askSeatChallenge",
    response_model=ChallengeOut,
    responses=problems(401, 404, 413, 415),
)
async def post_challenge(
    response: Response, desk: DeskDep, seat_id: str, asked: ChallengeIn
) -> dict[str, Any]:
    """What the browser of an enrolled seat has to sign within sixty seconds."""
    response.headers.update(UNKEPT)
    made, statement = await desk.platform.database.transact(
        lambda uow: seat_sessions.challenge(uow, desk, seat_id, asked.thumbprint)
    )
    return {
        "challenge": made.id,
        "statement": statement.decode("utf-8"),
        "expires_at": made.expires_at,
    }


@router.post(
    "/{seat_id}/logins",
    status_code=201,
    dependencies=[Depends(public_rate)],
    operation_id="logInAtSeat",
    response_model=LoginOut,
    responses=problems(401, 404, 409, 413, 415),
)
async def post_login(
    request: Request, response: Response, desk: DeskDep, seat_id: str, asked: LoginIn
) -> dict[str, Any]:
    """Sit down: enrolled browser, person behind the gate whom chance seated here, and that person's slip."""
    response.headers.update(UNKEPT)
    answered = seat_sessions.Answered(
        challenge=asked.challenge, signature=signature_of(asked.signature), code=asked.code
    )
    done = await seat_sessions.login(desk, seat_id, answered, address=address_of(request))
    return {"token": done.token} | session_json(done.session)


@router.get(
    "/current",
    dependencies=[Depends(public_rate)],
    operation_id="getSeatSession",
    response_model=SeatSessionOut,
    responses=problems(401),
)
async def get_current(request: Request, response: Response, platform: PlatformDep) -> dict[str, Any]:
    """The session of this browser."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        return session_json(await session_of(uow, request))


@router.delete(
    "/current",
    status_code=204,
    dependencies=[Depends(public_rate)],
    operation_id="endSeatSession",
    responses=problems(401, 409),
)
async def delete_current(request: Request, platform: PlatformDep) -> Response:
    """Get up from the seat."""

    async def work(uow: UnitOfWork) -> None:
        session = await session_of(uow, request)
        await seat_sessions.logout(uow, platform, session, address=address_of(request))

    await platform.database.transact(work)
    return Response(status_code=204)


@router.post(
    "/current/recusal",
    dependencies=[Depends(public_rate)],
    operation_id="recuseAtSeat",
    response_model=RecusedOut,
    responses=problems(401, 409, 413, 415),
)
async def post_recusal(
    request: Request, response: Response, desk: DeskDep, asked: RecusalIn
) -> dict[str, Any]:
    """Declare a conflict before any score: the seat is closed and passes on, the person stays."""
    response.headers.update(UNKEPT)
    declared = recusals.Declared(
        cause=asked.cause, words=asked.declaration, signature=signature_of(asked.signature)
    )

    async def work(uow: UnitOfWork) -> dict[str, Any]:
        session = await session_of(uow, request)
        done = await recusals.recuse(uow, desk, session, declared, address=address_of(request))
        return {"arrival": done.code, "state": done.state}

    return await desk.platform.database.transact(work)


async def session_of(uow: UnitOfWork, request: Request) -> SeatSession:
    """The seat session of a request. Raises AccessRefusedError ``seat.no-session``."""
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(_BEARER):
        raise AccessRefusedError("seat.no-session")
    now = platform_of(request).now()
    return await seat_sessions.session_of(uow, header[len(_BEARER) :].strip(), now=now)


def signature_of(text: str) -> bytes:
    """64 bytes of base64url; the schema has checked the characters."""
    return urlsafe_b64decode(text + "==")


def session_json(one: SeatSession) -> dict[str, Any]:
    """A seat session as the browser sees it."""
    return {
        "site": one.site,
        "seat": one.seat,
        "code": one.arrival.code,
        "draw": one.draw_id,
        "session": one.id,
        "expires_at": one.expires_at,
    }


def _key_json(one: SeatKey) -> dict[str, Any]:
    return {
        "site": one.site,
        "seat": one.seat,
        "thumbprint": one.thumbprint,
        "state": seat_keys.state_of(one),
        "proposed_by": one.proposed_by,
        "approved_by": one.approved_by,
    }
