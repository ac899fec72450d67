"""`/v1/appointments`: members of a committee who were not drawn, by two persons.

Agency or operator proposes, a supervisor approves or refuses. Names go in and never come out here: they are
sealed at once, and open with the roster. Nothing of it is ever called a draw.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.appointment_schemas import (
    AppointmentIn,
    AppointmentOut,
    AppointmentsOut,
    BesidesOut,
    RefusalIn,
    SeenIn,
    SelfSelectionOut,
)
from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once, once_effect
from app.api.principals import PlatformDep, acting, actor_of, public_rate
from app.api.strict_json import StrictRoute
from app.store.repositories.appointments import AppointmentRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.appointments import deciding, proposing
from app.usecases.appointments.people import Entered
from app.usecases.appointments.proposing import Proposal, find_appointment, wanted
from app.usecases.appointments.telling import besides
from app.usecases.draw_requests import find_draw
from app.usecases.principals import Principal
from draw.appointment import read_document

router = APIRouter(prefix="/v1", tags=["appointments"], route_class=StrictRoute)
public = APIRouter(prefix="/v1", tags=["public"], dependencies=[Depends(public_rate)])
Proposer = Annotated[Principal, Depends(acting("appointment.propose"))]
Decider = Annotated[Principal, Depends(acting("appointment.decide"))]
Reader = Annotated[Principal, Depends(acting("appointment.read"))]
_READ: Final = problems(401, 403, 404)
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)


@router.post(
    "/appointments",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeAppointment",
    response_model=AppointmentOut,
    responses=_CHANGED,
)
async def post_appointment(
    request: Request, platform: PlatformDep, principal: Proposer, asked: AppointmentIn
) -> Response:
    """Propose to fill seats without a draw. The people are judged by the rules of avoidance at once; what
    stands against somebody is not told here, only that something does."""
    order = _proposal(asked)

    async def effect() -> Answer:
        actor = actor_of(request, principal)
        row = await proposing.propose(platform, principal, order, actor=actor)
        return Answer(status=201, content=appointment_json(row))

    return await once_effect(request, principal, effect)


@router.get("/appointments", operation_id="listAppointments", response_model=AppointmentsOut, responses=_READ)
async def get_appointments(platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Appointments, newest first: the agency's own; operators and supervisors see all. Nobody's name."""
    async with platform.database.read() as uow:
        return {"items": [appointment_json(row) for row in await proposing.listed(uow, principal)]}


@router.get(
    "/appointments/{appointment_id}",
    operation_id="getAppointment",
    response_model=AppointmentOut,
    responses=_READ,
)
async def get_appointment(platform: PlatformDep, principal: Reader, appointment_id: str) -> dict[str, Any]:
    """One appointment: reason, approval file, counts, who proposed and decided it."""
    async with platform.database.read() as uow:
        return appointment_json(await find_appointment(uow, principal, appointment_id))


@router.post(
    "/appointments/{appointment_id}:approve",
    dependencies=KEYED,
    operation_id="approveAppointment",
    response_model=AppointmentOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422, 503),
)
async def approve_appointment(
    request: Request, principal: Decider, appointment_id: str, seen: SeenIn
) -> Response:
    """Approve what another person proposed. The people are judged anew; the supervisor's own node signs the
    log's record only after the same document was approved there."""

    async def effect() -> Answer:
        row = await deciding.approve(
            request.app.state.ceremony,
            principal,
            appointment_id,
            seen.document,
            actor=actor_of(request, principal),
        )
        return Answer(status=200, content=appointment_json(row), log_size=(row.log_index or 0) + 1)

    return await once_effect(request, principal, effect)


@router.post(
    "/appointments/{appointment_id}:refuse",
    dependencies=KEYED,
    operation_id="refuseAppointment",
    response_model=AppointmentOut,
    responses=_CHANGED,
)
async def refuse_appointment(
    request: Request, platform: PlatformDep, principal: Decider, appointment_id: str, asked: RefusalIn
) -> Response:
    """Refuse what another person proposed; who was chosen is forgotten."""

    async def work(uow: UnitOfWork) -> Answer:
        actor = actor_of(request, principal)
        row = await deciding.refuse(uow, platform, principal, appointment_id, asked.reason, actor=actor)
        return Answer(status=200, content=appointment_json(row))

    return await once(request, principal, work)


@router.get(
    "/draws/{draw_id}/self-selection",
    operation_id="getSelfSelection",
    response_model=SelfSelectionOut,
    responses=_READ,
)
async def get_self_selection(platform: PlatformDep, principal: Reader, draw_id: str) -> dict[str, Any]:
    """The seats of this draw's committee that an approved self-selection may fill now: counts only."""
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        found = await wanted(uow, platform, row)
    return {"parameters": None if found is None else found.to_json(), "pool": row.request["pool"]["id"]}


@public.get(
    "/proofs/{code}/appointments",
    operation_id="listNotDrawn",
    response_model=BesidesOut,
    responses=problems(404),
)
async def get_besides(response: Response, platform: PlatformDep, code: str) -> dict[str, Any]:
    """Who of this draw's committee was not drawn: counts, reason and digests; names where they are public."""
    response.headers["Cache-Control"] = "no-store"
    draw_id, items = await besides(platform, code)
    return {"draw": draw_id, "items": items}


def appointment_json(row: AppointmentRow) -> dict[str, Any]:
    """An appointment as the API shows it."""
    told = read_document(row.document)
    plain = ("id", "way", "state", "fills", "seats", "outside", "proposed_by", "proposer", "decided_by")
    return {
        **{name: getattr(row, name) for name in plain},
        "project": row.project_id,
        "section": row.section,
        "drawn": False,
        "draw": row.draw_id,
        "reason": dict(told["reason"]),
        "approval": dict(told["approval"]),
        "strata": [{"id": one["id"], "seats": one["seats"]} for one in told["parameters"]["strata"]],
        "document": row.digest,
        "document_text": row.document.decode("utf-8"),
        "decided_at": row.decided_at,
        "decision": row.decision,
        "log_index": row.log_index,
        "created_at": row.created_at,
    }


def _proposal(asked: AppointmentIn) -> Proposal:
    return Proposal(
        project=asked.project,
        section=asked.section,
        way=asked.way,
        reason=asked.reason.model_dump(),
        approval=asked.approval.model_dump(),
        pool=asked.pool,
        parameters=None if asked.parameters is None else asked.parameters.model_dump(by_alias=True),
        people=[
            Entered(stratum=one.stratum, site=one.site, expert=one.expert, outside=_outside(one.outside))
            for one in asked.people
        ],
    )


def _outside(one: Any) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = None if one is None else one.model_dump(by_alias=True)
    return found
