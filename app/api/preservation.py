"""`/v1/rooms/{room}/recordings/preservation…` and `/v1/recording-custodian`: terms, holds, checks, deletions.

An answer that rests on a log entry is given once the log is published. Words stand in what is read alone: the
answer to an act is stored under its Idempotency-Key, and holds none.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT
from app.api.idempotent import Answer, once, once_looked
from app.api.preservation_schemas import (
    ActMadeOut,
    CheckMadeOut,
    CustodianIn,
    CustodianOut,
    DeletionIn,
    PreservationOut,
    PreservationReasonIn,
)
from app.api.principals import PlatformDep, acting, actor_of
from app.api.rooms import hall_of
from app.api.strict_json import StrictRoute
from app.gateways.room_engines import RECORDINGS
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import Principal
from app.usecases.room import deleting, fixity, preserving
from app.usecases.room.preservation_reading import custodian_json, preservation_json
from app.usecases.room.preserving import Said
from app.usecases.room.recordings import over
from app.usecases.room.rooms import find_room

router = APIRouter(prefix="/v1", tags=["rooms"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("recording.keep"))]
Holder = Annotated[Principal, Depends(acting("recording.hold"))]
Keeper = Annotated[Principal, Depends(acting("recording.tend"))]
Approver = Annotated[Principal, Depends(acting("recording.approve"))]
Namer = Annotated[Principal, Depends(acting("recording.custodian"))]
_READ: Final = problems(401, 403, 404)
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)
_AT: Final = "/rooms/{room_id}/recordings/preservation"
# An act of a room; gives the id that it is about.
Act = Callable[[UnitOfWork, RoomRow], Awaitable[str]]


@router.get(
    "/recording-custodian",
    operation_id="getRecordingCustodian",
    response_model=CustodianOut,
    responses=problems(401, 403),
)
async def get_custodian(platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Who keeps the recordings of this installation."""
    del principal
    async with platform.database.read() as uow:
        return await custodian_json(uow)


@router.put(
    "/recording-custodian",
    dependencies=KEYED,
    operation_id="nameRecordingCustodian",
    response_model=CustodianOut,
    responses=problems(401, 403, 409, 413, 415, 422),
)
async def put_custodian(
    request: Request, platform: PlatformDep, principal: Namer, asked: CustodianIn
) -> Response:
    """Name the operator who keeps the recordings from now on; who did before stays on record."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        await preserving.name_custodian(uow, platform, principal, asked.login, actor=actor)
        return Answer(status=200, content=await custodian_json(uow))

    return await once(request, principal, work)


@router.get(_AT, operation_id="getPreservation", response_model=PreservationOut, responses=_READ)
async def get_preservation(
    response: Response, platform: PlatformDep, principal: Reader, room_id: str
) -> dict[str, Any]:
    """Terms with their sources, what forbids a deletion now, and every act with its words."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        return await preservation_json(uow, platform, row)


@router.post(
    f"{_AT}/holds",
    status_code=201,
    dependencies=KEYED,
    operation_id="holdRecordings",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_hold(
    request: Request, platform: PlatformDep, principal: Holder, room_id: str, asked: PreservationReasonIn
) -> Response:
    """Nothing of the room is deleted until this hold is released."""
    said = _said(request, principal, asked)
    return await _acted(
        request, principal, room_id, lambda uow, row: preserving.hold(uow, platform, row, said), status=201
    )


@router.post(
    f"{_AT}/holds/{{hold_id}}/release",
    dependencies=KEYED,
    operation_id="releaseRecordings",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_release(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Holder,
    room_id: str,
    hold_id: str,
    asked: PreservationReasonIn,
) -> Response:
    """End a hold, with the reason."""
    said = _said(request, principal, asked)

    async def act(uow: UnitOfWork, row: RoomRow) -> str:
        await preserving.release(uow, platform, row, hold_id, said=said)
        return hold_id

    return await _acted(request, principal, room_id, act)


@router.post(
    f"{_AT}/checks",
    status_code=201,
    dependencies=KEYED,
    operation_id="checkPreserved",
    response_model=CheckMadeOut,
    responses=_CHANGED,
)
async def post_check(request: Request, platform: PlatformDep, principal: Keeper, room_id: str) -> Response:
    """Read every byte now and write the verdict down; a fault opens an incident."""
    actor, engines = actor_of(request, principal), hall_of(request).engines

    async def look() -> Callable[[UnitOfWork], Awaitable[Answer]]:
        async with platform.database.read() as uow:
            row = await find_room(uow, principal, room_id)
            over(row)
            await preserving.require_custodian(uow, actor)
            anchors = await uow.rooms.recording_anchors(row.id)
            _, course = await preserving.course_of(uow, row.id)
        verdict = await fixity.look(engines.folder(row.id) / RECORDINGS, anchors, course.gone)

        async def work(uow: UnitOfWork) -> Answer:
            number = await fixity.check_now(uow, platform, row, verdict, actor=actor)
            told = {"ok": not verdict.faults, "faulty": len(verdict.faults)}
            return Answer(status=201, content={"room": row.id, "number": number, **told})

        return work

    return await once_looked(request, principal, look)


@router.post(
    f"{_AT}/incidents/{{incident_id}}/closure",
    dependencies=KEYED,
    operation_id="closeRecordingIncident",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_closure(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Keeper,
    room_id: str,
    incident_id: str,
    asked: PreservationReasonIn,
) -> Response:
    """Say what was found and done about an incident."""
    said = _said(request, principal, asked)

    async def act(uow: UnitOfWork, row: RoomRow) -> str:
        await fixity.close_incident(uow, platform, row, incident_id, said=said)
        return incident_id

    return await _acted(request, principal, room_id, act)


@router.post(
    f"{_AT}/deletions",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeDeletion",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_deletion(
    request: Request, platform: PlatformDep, principal: Keeper, room_id: str, asked: DeletionIn
) -> Response:
    """Propose to delete what is left of a class; everything that forbids it is told at once."""
    said = Said(actor=actor_of(request, principal), words=asked.reason)

    async def act(uow: UnitOfWork, row: RoomRow) -> str:
        return await deleting.propose(uow, platform, row, asked.klass, said=said)

    return await _acted(request, principal, room_id, act, status=201)


@router.post(
    f"{_AT}/deletions/{{deletion_id}}/approval",
    dependencies=KEYED,
    operation_id="approveDeletion",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_approval(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Approver,
    room_id: str,
    deletion_id: str,
    asked: PreservationReasonIn,
) -> Response:
    """Approve a deletion: its certificate goes into the log, then the files are deleted."""
    said = _said(request, principal, asked)

    async def act(uow: UnitOfWork, row: RoomRow) -> str:
        await deleting.approve(uow, platform, row, deletion_id, said=said)
        return deletion_id

    done = await _acted(request, principal, room_id, act)
    request.app.state.wake()
    return done


@router.post(
    f"{_AT}/deletions/{{deletion_id}}/refusal",
    dependencies=KEYED,
    operation_id="refuseDeletion",
    response_model=ActMadeOut,
    responses=_CHANGED,
)
async def post_refusal(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Approver,
    room_id: str,
    deletion_id: str,
    asked: PreservationReasonIn,
) -> Response:
    """Refuse a proposed deletion."""
    said = _said(request, principal, asked)

    async def act(uow: UnitOfWork, row: RoomRow) -> str:
        await deleting.refuse(uow, platform, row, deletion_id, said=said)
        return deletion_id

    return await _acted(request, principal, room_id, act)


def _said(request: Request, principal: Principal, asked: PreservationReasonIn) -> Said:
    return Said(actor=actor_of(request, principal), words=asked.reason)


async def _acted(
    request: Request, principal: Principal, room_id: str, act: Act, *, status: int = 200
) -> Response:
    async def work(uow: UnitOfWork) -> Answer:
        row = await find_room(uow, principal, room_id)
        content = {"room": row.id, "subject": await act(uow, row)}
        return Answer(status=status, content=content, log_size=(await uow.log.head()).size)

    return await once(request, principal, work)
