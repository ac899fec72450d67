"""`/v1/draws/{id}/roster…`: opening the sealed roster by tier, and reading it (R13, §2.2 names open).

Names stand in bodies only, are never kept by a cache, and every reading by an account is on record.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once_effect
from app.api.principals import PlatformDep, acting, actor_of, public_rate
from app.api.roster_schemas import OpeningIn, OpeningOut, OpenRosterOut, RosterStateOut
from app.api.strict_json import StrictRoute
from app.usecases.principals import Principal
from app.usecases.roster.openings import open_roster
from app.usecases.roster.readings import OpenRoster, RosterState, public_roster, read_roster, roster_state
from crypto.canonical import JsonValue

router = APIRouter(prefix="/v1", tags=["rosters"], route_class=StrictRoute)
public = APIRouter(prefix="/v1", tags=["public"], dependencies=[Depends(public_rate)])
Opener = Annotated[Principal, Depends(acting("roster.open"))]
Reader = Annotated[Principal, Depends(acting("roster.read"))]
_UNKEPT: Final = {"Cache-Control": "no-store"}


@router.get(
    "/draws/{draw_id}/roster/openings",
    operation_id="getRosterState",
    response_model=RosterStateOut,
    responses=problems(401, 403, 404),
)
async def get_openings(
    response: Response, platform: PlatformDep, principal: Opener, draw_id: str
) -> dict[str, Any]:
    """How far the roster is: sealed, from when it may be opened, at which tier it is open. No name."""
    response.headers.update(_UNKEPT)
    return _state(await roster_state(platform, principal, draw_id))


@router.post(
    "/draws/{draw_id}/roster/openings",
    operation_id="openRoster",
    response_model=OpeningOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422, 503),
    dependencies=KEYED,
)
async def post_opening(request: Request, principal: Opener, draw_id: str, asked: OpeningIn) -> Response:
    """Open the newest version at tier 2 (room start) or 3 (result), with the shares of two custodians."""

    async def work() -> Answer:
        made = await open_roster(
            request.app.state.ceremony,
            principal,
            draw_id,
            tier=asked.tier,
            reason=asked.reason,
            actor=actor_of(request, principal),
        )
        content: dict[str, JsonValue] = {
            "id": made.id,
            "draw": made.draw_id,
            "version": made.version,
            "tier": made.tier,
            "log_index": made.record_index,
            "opened_at": made.opened_at,
        }
        return Answer(status=200, content=content, log_size=made.record_index + 1)

    return await once_effect(request, principal, work)


@router.get(
    "/draws/{draw_id}/roster",
    operation_id="getOpenRoster",
    response_model=OpenRosterOut,
    responses=problems(401, 403, 404),
)
async def get_roster(
    request: Request, response: Response, platform: PlatformDep, principal: Reader, draw_id: str
) -> dict[str, Any]:
    """Who sits, as far as the tier reached lets this caller see; a site's staff see their own site."""
    response.headers.update(_UNKEPT)
    found = await read_roster(platform, principal, draw_id, actor=actor_of(request, principal))
    return _shown(found)


@public.get(
    "/proofs/{code}/roster",
    operation_id="getPublicRoster",
    response_model=OpenRosterOut,
    responses=problems(404),
)
async def get_public_roster(response: Response, platform: PlatformDep, code: str) -> dict[str, Any]:
    """Who sat, where the law publishes names with the result (government procurement)."""
    response.headers.update(_UNKEPT)
    return _shown(await public_roster(platform, code))


def _state(found: RosterState) -> dict[str, Any]:
    version = found.version
    return {
        "draw": found.draw,
        "version": None if version is None else version.version,
        "sealed_at": None if version is None else version.sealed_at,
        "not_before": found.not_before,
        "due": found.due,
        "stale": found.stale,
        "tier": found.tier,
        "readable": found.readable,
        "tiers": [{"tier": tier, "readers": sorted(found.readers[tier])} for tier in sorted(found.readers)],
        "openings": [
            {
                "tier": one.tier,
                "version": one.version,
                "log_index": one.record_index,
                "asked_at": one.asked_at,
                "opened_at": one.opened_at,
            }
            for one in found.openings
        ],
    }


def _shown(found: OpenRoster) -> dict[str, Any]:
    seats = [
        {
            "seat": one.seat + 1,
            "stratum": one.stratum,
            "site": one.site,
            "venue": one.venue,
            "name": one.name,
            "way": found.way,
        }
        for one in found.seats
    ]
    return {"draw": found.draw, "version": found.version, "tier": found.tier, "seats": seats}
