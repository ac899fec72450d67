"""`/v1/rooms`: evaluation rooms are opened by operators and found by whoever has to do with them (R20, R23).

Everything inside a room goes over its socket (`app.api.room_signal`); here is what stands before and after.
"""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of, public_rate
from app.api.room_schemas import (
    EquipmentIn,
    EquipmentOut,
    OpenRoomIn,
    RoomList,
    RoomOut,
    SeatRoomOut,
    StartReadinessOut,
)
from app.api.seats import session_of
from app.api.strict_json import StrictRoute
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import AT_A_SITE, Principal
from app.usecases.room.equipment import Computer, Probe, SelfCheck, report_equipment
from app.usecases.room.hall import Hall
from app.usecases.room.rooms import Opening, find_room, open_room, site_ids
from app.usecases.room.start_readiness import StartReadiness, start_readiness
from app.usecases.rounds import rooms_of

router = APIRouter(prefix="/v1", tags=["rooms"], route_class=StrictRoute)
Opener = Annotated[Principal, Depends(acting("room.open"))]
Reader = Annotated[Principal, Depends(acting("room.read"))]
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)


def hall_of(request: Request) -> Hall:
    """Where this process leads its rooms."""
    hall: Hall = request.app.state.hall
    return hall


@router.post(
    "/rooms",
    status_code=201,
    dependencies=KEYED,
    operation_id="openRoom",
    response_model=RoomOut,
    responses=_CHANGED,
)
async def post_room(
    request: Request, platform: PlatformDep, principal: Opener, asked: OpenRoomIn
) -> Response:
    """Open the evaluation room of a draw: recording begins before anybody can come in."""
    hall, actor = hall_of(request), actor_of(request, principal)
    opening = Opening(draw_id=asked.draw, engine=hall.engines.name, limits=hall.pack.limits)

    async def work(uow: UnitOfWork) -> Answer:
        row = await open_room(uow, platform, principal, opening, actor=actor)
        return Answer(status=201, content=room_json(row))

    answer = await once(request, principal, work)
    await hall.begin(asked.draw)
    return answer


@router.get("/rooms", operation_id="listRooms", response_model=RoomList, responses=problems(401, 403))
async def get_rooms(
    platform: PlatformDep,
    principal: Reader,
    draw: Annotated[
        str | None, Query(max_length=64, description="rooms of this draw's committee only")
    ] = None,
) -> dict[str, Any]:
    """Open rooms, or all of one draw's, that the caller has to do with."""
    async with platform.database.read() as uow:
        found = await (uow.rooms.open_rooms() if draw is None else rooms_of(uow, draw))
        seen = [one for one in found if await _may_know(uow, principal, one)]
    return {"items": [room_json(one) for one in reversed(seen)]}


@router.get(
    "/rooms/{room_id}", operation_id="getRoom", response_model=RoomOut, responses=problems(401, 403, 404)
)
async def get_room(platform: PlatformDep, principal: Reader, room_id: str) -> dict[str, Any]:
    """One room."""
    async with platform.database.read() as uow:
        return room_json(await find_room(uow, principal, room_id))


@router.get(
    "/rooms/{room_id}/readiness",
    operation_id="getStartReadiness",
    response_model=StartReadinessOut,
    responses=problems(401, 403, 404),
)
async def get_start_readiness(platform: PlatformDep, principal: Reader, room_id: str) -> dict[str, Any]:
    """How ready every site of a room is, in counts, and what would refuse a start at present."""
    async with platform.database.read() as uow:
        row = await find_room(uow, principal, room_id)
        found = await start_readiness(uow, principal, row, now=platform.clock())
    return _readiness_json(found)


@router.get(
    "/seats/current/room",
    dependencies=[Depends(public_rate)],
    operation_id="getRoomOfSeat",
    response_model=SeatRoomOut,
    responses=problems(401),
)
async def get_room_of_seat(request: Request, response: Response, platform: PlatformDep) -> dict[str, Any]:
    """The open room that the person at this seat belongs to."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        session = await session_of(uow, request)
        rooms = await rooms_of(uow, session.draw_id)
    return {"room": next((one.id for one in rooms if one.closed_at is None), None)}


@router.post(
    "/seats/current/equipment",
    status_code=201,
    dependencies=[Depends(public_rate)],
    operation_id="reportSeatEquipment",
    response_model=EquipmentOut,
    responses=problems(401, 413, 415),
)
async def post_equipment(
    request: Request, response: Response, platform: PlatformDep, found: EquipmentIn
) -> dict[str, Any]:
    """What the browser of this seat found at its own check: evidence for the site's staff."""
    response.headers.update(UNKEPT)
    check = SelfCheck(
        parts=dict[str, str]((found.parts or {}).items()),
        pc=None if found.pc is None else Computer(**found.pc.model_dump()),
        network=None if found.network is None else Probe(**found.network.model_dump()),
    )

    async def work(uow: UnitOfWork) -> dict[str, Any]:
        session = await session_of(uow, request)
        kept = await report_equipment(uow, session, check, now=platform.now())
        return {"seat": session.seat, "parts": kept}

    return await platform.database.transact(work)


async def _may_know(uow: UnitOfWork, principal: Principal, row: RoomRow) -> bool:
    draw = await uow.draws.get(row.draw_id)
    if draw is None or draw.mode != principal.mode:
        return False
    return principal.role not in AT_A_SITE or principal.site_id in await site_ids(uow, row.draw_id)


def _readiness_json(found: StartReadiness) -> dict[str, Any]:
    sites = [
        {
            "id": one.site.id,
            "label": asdict(one.site.label),
            "part": one.site.part,
            "seats": asdict(one.seats),
            "link": one.site.link,
            "recording": one.site.recording,
            "clock_ms": one.site.clock_ms,
            "unrecorded": one.unrecorded,
        }
        for one in found.sites
    ]
    return {"phase": found.phase, "sites": sites, "holds": found.holds, "reasons": found.reasons}


def room_json(row: RoomRow) -> dict[str, Any]:
    """A room as the interface shows it."""
    return {
        "id": row.id,
        "draw": row.draw_id,
        "engine": row.engine,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "events": row.seq,
        "head": row.head.hex(),
    }
