"""`/v1/draws/{id}/conduct`: late arrivals, leaves and no-shows, for the supervisor of the draw (R37).

Names and pool ids stand in the body only, after the roster was opened; no cache keeps them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.declared import problems
from app.api.principals import PlatformDep, acting, actor_of
from app.api.schemas import Wire
from app.api.strict_json import StrictRoute
from app.usecases.principals import Principal
from app.usecases.roster.conduct import Conduct, read_conduct
from draw.conduct import ACTS

router = APIRouter(prefix="/v1", tags=["rosters"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("conduct.read"))]


class ActCountOut(Wire):
    """How often an act is on record."""

    act: str = Field(examples=["late"])
    count: int = Field(examples=[1])


class ConductRecordOut(Wire):
    """One act. `name` is null for whoever is not on the opened roster; `points` are those deducted, null
    where no scale speaks of the act; `minutes` count from the cut-off for a leave, else from the begin."""

    expert: str = Field(examples=["e-000123"])
    name: str | None = Field(examples=["虚安柏"])
    act: str = Field(examples=["late"])
    minutes: int = Field(examples=[16])
    points: int | None = Field(examples=[10])
    layer: str | None = Field(examples=["guizhou-sunshine"])
    source: str | None = Field(examples=["贵州阳光产权 考勤扣分（地方做法） [excerpt]"])
    at: str = Field(examples=["2026-11-23T03:16:00Z"])


class ConductOut(Wire):
    """What is on record of a draw; `records` is null until the roster is open to the caller."""

    draw: str = Field(examples=["drw_2f9d0c"])
    counts: list[ActCountOut]
    records: list[ConductRecordOut] | None


@router.get(
    "/draws/{draw_id}/conduct",
    operation_id="getConduct",
    response_model=ConductOut,
    responses=problems(401, 403, 404),
)
async def get_conduct(
    request: Request, response: Response, platform: PlatformDep, principal: Reader, draw_id: str
) -> dict[str, Any]:
    """Late arrivals, leaves and no-shows of a draw: counts, and after the opening of the roster who."""
    response.headers["Cache-Control"] = "no-store"
    return _shown(await read_conduct(platform, principal, draw_id, actor=actor_of(request, principal)))


def _shown(found: Conduct) -> dict[str, Any]:
    records = found.records
    return {
        "draw": found.draw,
        "counts": [{"act": act, "count": found.counts.get(act, 0)} for act in ACTS],
        "records": None
        if records is None
        else [
            {
                "expert": one.expert,
                "name": found.names.get(one.expert),
                "act": one.act,
                "minutes": one.minutes,
                "points": one.points,
                "layer": one.layer,
                "source": one.source,
                "at": one.at,
            }
            for one in records
        ],
    }
