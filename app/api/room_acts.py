"""`/v1/rooms/{room}/…`: what people do to a room beside its socket, and read of it (R24, R28, R35).

A bidder's token is told once: that answer is kept by no store and takes no Idempotency-Key.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT
from app.api.idempotent import Answer, once_effect
from app.api.principals import PlatformDep, acting, actor_of
from app.api.room_schemas import (
    CallLinkOut,
    ChairIn,
    LedgerOut,
    OutageList,
    PackOut,
    PresenceList,
    ReportIn,
    ReportList,
    ReportOut,
)
from app.api.rooms import hall_of
from app.api.strict_json import StrictRoute
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.room import acts, reading
from app.usecases.room.keeping import read
from app.usecases.room.live import LiveRoom
from app.usecases.room.rooms import find_room
from crypto.canonical import parse
from remote_eval.room_state import RoomState

router = APIRouter(prefix="/v1", tags=["rooms"], route_class=StrictRoute)
Caller = Annotated[Principal, Depends(acting("room.call"))]
ChairNamer = Annotated[Principal, Depends(acting("room.chair"))]
Signer = Annotated[Principal, Depends(acting("room.report"))]
Reader = Annotated[Principal, Depends(acting("room.read"))]
LedgerReader = Annotated[Principal, Depends(acting("room.ledger"))]
After = Annotated[int, Query(ge=0, le=2**53 - 1, description="events after this number")]
Limit = Annotated[int, Query(ge=1, le=reading.MAX_EVENTS)]
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)
_READ: Final = problems(401, 403, 404)
_MAX_REPORT: Final = 1 << 20


async def live_room(request: Request, platform: Platform, principal: Principal, room_id: str) -> LiveRoom:
    """A room that the caller may know of, led by this process."""
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
    return (await hall_of(request).led(row.id)).live


async def _state(platform: Platform, principal: Principal, room_id: str) -> RoomState:
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        return (await read(uow, row.id)).state


@router.post(
    "/rooms/{room_id}/calls/{call_id}/token",
    status_code=201,
    operation_id="makeCallLink",
    response_model=CallLinkOut,
    responses=problems(401, 403, 404, 409),
)
async def post_call_token(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Caller,
    room_id: str,
    call_id: str,
) -> dict[str, Any]:
    """A bidder's link into a released call; a link that was made before opens nothing any more."""
    response.headers.update(UNKEPT)
    live = await live_room(request, platform, principal, room_id)
    made = await acts.call_token(live, call_id, actor=actor_of(request, principal))
    link = f"{hall_of(request).origin}/clarify#{live.row.id}/{made.token}"
    return {"token": made.token, "link": link, "expires_at": made.expires_at}


@router.post(
    "/rooms/{room_id}/chair",
    status_code=204,
    dependencies=KEYED,
    operation_id="nameChair",
    responses=_CHANGED,
)
async def post_chair(
    request: Request, platform: PlatformDep, principal: ChairNamer, room_id: str, asked: ChairIn
) -> Response:
    """Name the chair that the committee has chosen."""
    live = await live_room(request, platform, principal, room_id)
    await acts.name_chair(live, asked.member)
    return Response(status_code=204)


@router.post(
    "/rooms/{room_id}/report",
    status_code=201,
    dependencies=KEYED,
    operation_id="signWitnessReport",
    response_model=ReportOut,
    responses=_CHANGED,
)
async def post_report(
    request: Request, platform: PlatformDep, principal: Signer, room_id: str, asked: ReportIn
) -> Response:
    """Sign the witness's report; refused while a node of the checklist is open, with all of them."""
    live = await live_room(request, platform, principal, room_id)
    signing = acts.Signing(words=asked.words, signature=asked.signature)

    async def effect() -> Answer:
        made = await acts.sign_report(live, principal, signing)
        told = {"report": made.id, "digest": made.digest, "signed_at": made.signed_at}
        return Answer(status=201, content=told)

    return await once_effect(request, principal, effect)


@router.get(
    "/rooms/{room_id}/reports", operation_id="listWitnessReports", response_model=ReportList, responses=_READ
)
async def get_reports(platform: PlatformDep, principal: LedgerReader, room_id: str) -> dict[str, Any]:
    """The signed reports of a room."""
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        found = await uow.rooms.reports(row.id)
    return {
        "items": [
            {
                "report": one.id,
                "digest": one.digest,
                "signed_at": one.signed_at,
                "witness": one.witness,
                "site": one.site,
                "document": parse(one.document, max_bytes=_MAX_REPORT),
            }
            for one in found
        ]
    }


@router.get(
    "/rooms/{room_id}/events", operation_id="readRoomLedger", response_model=LedgerOut, responses=_READ
)
async def get_events(
    *,
    platform: PlatformDep,
    principal: LedgerReader,
    room_id: str,
    after: After = 0,
    limit: Limit = reading.MAX_EVENTS,
) -> dict[str, Any]:
    """A room's ledger, with whether it holds."""
    async with platform.database.read() as uow:
        found = await reading.checked(uow, await find_room(uow, principal, room_id))
        words = await reading.hears(uow, principal, found, now=platform.clock())
    return reading.events_json(found, words=words, after=after, limit=limit)


@router.get(
    "/rooms/{room_id}/outages", operation_id="listOutages", response_model=OutageList, responses=_READ
)
async def get_outages(platform: PlatformDep, principal: LedgerReader, room_id: str) -> dict[str, Any]:
    """The outages of a room's sites, its engine and its recorder."""
    return {"items": reading.outages_json(await _state(platform, principal, room_id))}


@router.get(
    "/rooms/{room_id}/presence", operation_id="readPresence", response_model=PresenceList, responses=_READ
)
async def get_presence(platform: PlatformDep, principal: LedgerReader, room_id: str) -> dict[str, Any]:
    """How long everybody was in a room."""
    return reading.presence_json(await _state(platform, principal, room_id), platform.clock())


@router.get("/rooms/{room_id}/pack", operation_id="readRoomPack", response_model=PackOut, responses=_READ)
async def get_pack(
    request: Request, platform: PlatformDep, principal: Reader, room_id: str
) -> dict[str, Any]:
    """The limits that hold in a room, with their sources; what nobody checked is no law here."""
    return reading.pack_json(hall_of(request).pack, await _state(platform, principal, room_id))
