"""`/v1/rooms/{room}/recordings` and `/v1/recordings/{view}`: what was recorded, and looks at it (R27).

A look is for a closed room, in two steps: asked for with its reason, then opened once by the same account
within a minute. The secret between them is told once and kept by no store as it is.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from app.api.declared import problems
from app.api.desk import UNKEPT
from app.api.principals import PlatformDep, acting, actor_of
from app.api.room_schemas import RecordingCheckOut, RecordingList, ViewIn, ViewOut
from app.api.rooms import hall_of
from app.api.strict_json import StrictRoute
from app.gateways.room_engines import RECORDINGS
from app.store.repositories.rooms import RecordingView
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import Principal
from app.usecases.room import preserving, recordings
from app.usecases.room.keeping import read
from app.usecases.room.reading import unrecorded_json
from app.usecases.room.rooms import find_room

router = APIRouter(prefix="/v1", tags=["rooms"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("room.ledger"))]
Viewer = Annotated[Principal, Depends(acting("room.view"))]
_MATROSKA: Final = "video/x-matroska"
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_MATROSKA: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/rooms/{room_id}/recordings",
    operation_id="listRecordings",
    response_model=RecordingList,
    responses=problems(401, 403, 404),
)
async def get_recordings(
    request: Request, platform: PlatformDep, principal: Reader, room_id: str
) -> dict[str, Any]:
    """Parts, tracks, gaps with their causes, heads; cameras off by approval; every look asked for."""
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        anchors, looks = await uow.rooms.recording_anchors(row.id), await recordings.looks(uow, row.id)
        unrecorded = unrecorded_json((await read(uow, row.id)).state)
    parts = await recordings.parts(hall_of(request).engines, row, anchors)
    return {"closed_at": row.closed_at, "parts": parts, "unrecorded": unrecorded, "views": looks}


@router.get(
    "/rooms/{room_id}/recordings/check",
    operation_id="checkRecordings",
    response_model=RecordingCheckOut,
    responses=problems(401, 403, 404),
)
async def get_check(
    request: Request, platform: PlatformDep, principal: Reader, room_id: str
) -> dict[str, Any]:
    """Read every byte of a room's recordings and compare it with its chain and with the log."""
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        anchors = await uow.rooms.recording_anchors(row.id)
        _, course = await preserving.course_of(uow, row.id)
    folder = hall_of(request).engines.folder(row.id) / RECORDINGS
    return await recordings.checked(folder, anchors, course.gone)


@router.post(
    "/rooms/{room_id}/recordings/views",
    status_code=201,
    operation_id="askRecordingView",
    response_model=ViewOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_view(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Viewer,
    room_id: str,
    asked: ViewIn,
) -> dict[str, Any]:
    """Ask to look at one track of a closed room; the reason stays on record, taken or not."""
    response.headers.update(UNKEPT)
    actor, engines = actor_of(request, principal), hall_of(request).engines
    token = platform.random(recordings.TOKEN_BYTES).hex()
    wanted = recordings.Wanted(part=asked.part, track=asked.track, reason=asked.reason)

    async def work(uow: UnitOfWork) -> RecordingView:
        row = await find_room(uow, principal, room_id)
        return await recordings.ask_view(uow, platform, engines, row, wanted, actor=actor, token=token)

    view = await platform.database.transact(work)
    return {"view": token, "expires_at": view.expires_at}


@router.get(
    "/recordings/{view}",
    operation_id="viewRecording",
    response_class=StreamingResponse,
    responses=_STREAM | problems(401, 403, 404, 409),
)
async def get_view(request: Request, platform: PlatformDep, principal: Viewer, view: str) -> Response:
    """Look at a track, once: Matroska with VP8 or Opus, deciphered as it is sent."""
    actor = actor_of(request, principal)
    taken = await platform.database.transact(
        lambda uow: recordings.take_view(uow, platform, view[:64], actor=actor)
    )
    frames = recordings.stream(platform, hall_of(request).engines, taken)
    return StreamingResponse(frames, media_type=_MATROSKA, headers=UNKEPT)
