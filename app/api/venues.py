"""`/v1/venues`: sites, their zones and seats, free seats, readiness, and reports of equipment.

Who is bound to a site sees that one only: any other is not there. Agencies see counts, never a seat.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.api.venue_schemas import (
    FreeList,
    ImportedOut,
    PlanIn,
    ReadinessList,
    SeatOut,
    SeatReportIn,
    SeatReportList,
    VenueDetail,
    VenueList,
)
from app.api.venue_views import readiness_json, seat_json, venue_detail, venue_json
from app.errors import Fault, InputRefusedError
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import AGENCY, Principal
from app.usecases.venues.places import readiness, search
from app.usecases.venues.sites import ALL, SeatReport, import_sites, report_seat, reports, view, views
from remote_eval.venue import OK

router = APIRouter(prefix="/v1", tags=["venues"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("venue.read"))]
Writer = Annotated[Principal, Depends(acting("venue.write"))]
Booker = Annotated[Principal, Depends(acting("venue.book"))]
Reporter = Annotated[Principal, Depends(acting("seat.report"))]
MAX_NEEDS: Final = 16
_NEED: Final = r"^[a-z0-9][a-z0-9_.:-]{0,63}=[1-9][0-9]?$"


@router.get("/venues", operation_id="listVenues", response_model=VenueList, responses=problems(401, 403))
async def get_venues(platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Sites with their counts of seats."""
    async with platform.database.read() as uow:
        seen = await views(uow, principal)
    return {"items": [venue_json(one, now=platform.clock()) for one in seen]}


@router.post(
    "/venues",
    status_code=201,
    dependencies=KEYED,
    operation_id="importVenues",
    response_model=ImportedOut,
    responses=problems(401, 403, 409, 413, 415, 422),
)
async def post_venues(request: Request, platform: PlatformDep, principal: Writer, plan: PlanIn) -> Response:
    """Store whole sites, all of them or none. What a new plan of a site leaves out is retired."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        stored = await import_sites(
            uow, plan.model_dump(), mode=principal.mode, actor=actor, now=platform.clock()
        )
        listed: list[Any] = [{"id": one.id, "version": one.version} for one in stored]
        return Answer(status=201, content={"items": listed})

    return await once(request, principal, work)


@router.get(
    "/venues:free",
    operation_id="findFreeSeats",
    response_model=FreeList,
    responses=problems(401, 403, 422),
)
async def get_free(
    *,
    platform: PlatformDep,
    principal: Booker,
    since: Annotated[str, Query(alias="from", max_length=20, examples=["2026-12-01T01:00:00Z"])],
    until: Annotated[str, Query(alias="to", max_length=20, examples=["2026-12-01T09:00:00Z"])],
    need: Annotated[
        list[Annotated[str, Query(pattern=_NEED)]],
        Query(max_length=MAX_NEEDS, min_length=1, description="site=number, once per site"),
    ],
    mixed: bool = False,
) -> dict[str, Any]:
    """Free seats at several sites at a time, with a choice of as many as needed at each."""
    asked = _needs(need)
    async with platform.database.read() as uow:
        found = await search(uow, mode=principal.mode, since=since, until=until, asked=asked, mixed=mixed)
    return {"items": [{"site": one.site_id, "free": one.free, "seats": one.seats} for one in found]}


@router.get(
    "/venues:readiness",
    operation_id="getReadiness",
    response_model=ReadinessList,
    responses=problems(401, 403),
)
async def get_readiness(platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Every site: seats ready, out of order, and the bookings that come up."""
    async with platform.database.read() as uow:
        seen = await readiness(uow, principal, now=platform.clock())
    agency = principal.role == AGENCY
    return {"items": [readiness_json(one, counts_only=agency) for one in seen]}


@router.get(
    "/venues/{site_id}",
    operation_id="getVenue",
    response_model=VenueDetail,
    responses=problems(401, 403, 404),
)
async def get_venue(platform: PlatformDep, principal: Reader, site_id: str) -> dict[str, Any]:
    """One site with its zones, rooms and seats."""
    async with platform.database.read() as uow:
        seen = await view(uow, principal, site_id)
    return venue_detail(seen, now=platform.clock(), seats=principal.role != AGENCY)


@router.get(
    "/venues/{site_id}/reports",
    operation_id="listSeatReports",
    response_model=SeatReportList,
    responses=problems(401, 403, 404),
)
async def get_reports(platform: PlatformDep, principal: Reporter, site_id: str) -> dict[str, Any]:
    """The newest reports of a site's seats."""
    async with platform.database.read() as uow:
        found = await reports(uow, principal, site_id)
    return {"items": [_report_json(asdict(one)) for one in found]}


@router.post(
    "/venues/{site_id}/seats/{seat_id}/reports",
    status_code=201,
    dependencies=KEYED,
    operation_id="reportSeat",
    response_model=SeatOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422),
)
async def post_report(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Reporter,
    site_id: str,
    seat_id: str,
    found: SeatReportIn,
) -> Response:
    """Report a fault, a repair or a check of one part of a seat. A faulty seat cannot be booked."""
    if found.part == ALL and found.condition != OK:
        raise InputRefusedError("request.invalid", [Fault(code="schema.choice", pointer="/condition")])
    report = SeatReport(seat=seat_id, part=found.part, condition=found.condition, note=found.note)
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        seat = await report_seat(uow, principal, site_id, report, actor=actor, now=platform.now())
        return Answer(status=201, content=seat_json(seat, now=platform.clock()))

    return await once(request, principal, work)


def _needs(listed: list[str]) -> dict[str, int]:
    asked: dict[str, int] = {}
    for one in listed:
        site, _, number = one.rpartition("=")
        if site in asked:
            twice = Fault(code="schema.duplicate", pointer="#query/need")
            raise InputRefusedError("request.invalid", [twice])
        asked[site] = int(number)
    return asked


def _report_json(report: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: report[name] for name in ("part", "condition", "note", "source", "figures")}
    return shown | {
        "seat": report["seat_id"],
        "by": report["reported_by"],
        "at": report["reported_at"],
    }
