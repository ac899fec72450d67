"""What an opened draw discloses: the supervisor's pool file, the roster, and receipts for experts.

Only to a person with a duty in this very draw, on record each time. An expert's id travels in a body, never
in an address or a log, and no answer is kept anywhere.
"""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import problems
from app.api.principals import PlatformDep, acting, actor_of
from app.api.schemas import ReceiptIn, RosterOut
from app.api.strict_json import StrictRoute
from app.store.repositories.draws import DrawRow
from app.usecases.disclosures import disclosed, pool_file, receipt, roster
from app.usecases.openings import Opened
from app.usecases.principals import Principal

router = APIRouter(prefix="/v1", tags=["disclosures"], route_class=StrictRoute)
PoolReader = Annotated[Principal, Depends(acting("draw.pool-file"))]
RosterReader = Annotated[Principal, Depends(acting("draw.roster"))]
ReceiptReader = Annotated[Principal, Depends(acting("draw.receipt"))]
_UNKEPT: Final = {"Cache-Control": "no-store"}
_REFUSED: Final = problems(401, 403, 404, 409, 413, 415)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.get(
    "/draws/{draw_id}/pool-file",
    operation_id="getPoolFile",
    response_class=Response,
    responses={**_REFUSED, **_FILE},
)
async def get_pool_file(
    request: Request, platform: PlatformDep, principal: PoolReader, draw_id: str
) -> Response:
    """The supervisor's file, with which who was eligible is recomputed; for the supervisor of this draw.

    It waits while a draw that bound some of the pool's experts is still sealed.
    """
    data = await disclosed(
        platform,
        principal,
        draw_id,
        "draw.pool-file",
        lambda row, found: pool_file(platform, row, found),
        actor=actor_of(request, principal),
    )
    attached = {"Content-Disposition": 'attachment; filename="supervisor-pool.json"'}
    return Response(data, media_type="application/json", headers=_UNKEPT | attached)


@router.post(
    "/draws/{draw_id}:receipt",
    operation_id="getReceipt",
    response_class=Response,
    responses={**_REFUSED, **_FILE},
)
async def post_receipt(
    request: Request, platform: PlatformDep, principal: ReceiptReader, draw_id: str, asked: ReceiptIn
) -> Response:
    """One expert's receipt, for the operator of this draw to hand over; it changes nothing."""

    async def make(row: DrawRow, found: Opened) -> bytes:
        return receipt(row, found, asked.expert)

    data = await disclosed(
        platform, principal, draw_id, "draw.receipt", make, actor=actor_of(request, principal)
    )
    return Response(data, media_type="application/json", headers=_UNKEPT)


@router.post(
    "/draws/{draw_id}:roster", operation_id="getRoster", response_model=RosterOut, responses=_REFUSED
)
async def post_roster(
    request: Request, response: Response, platform: PlatformDep, principal: RosterReader, draw_id: str
) -> dict[str, Any]:
    """Who sits, for this draw's operator and supervisor; it changes nothing."""

    async def make(row: DrawRow, found: Opened) -> dict[str, Any]:
        return {"draw": row.id, "seats": [asdict(one) for one in roster(row, found)]}

    response.headers.update(_UNKEPT)
    return await disclosed(
        platform, principal, draw_id, "draw.roster", make, actor=actor_of(request, principal)
    )
