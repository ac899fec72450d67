"""`/v1/draws:preview` and `POST /v1/draws`: an order looked at, and an order that counts.

Both tell everything that is wrong with an order at once, malformed or unlawful (R73). The counts of the
preview are the one thing about sizes that an agency sees before the opening.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.draw_views import draw_json
from app.api.idempotent import Answer, once_looked
from app.api.principals import PlatformDep, acting, actor_of
from app.api.problems import fault_json, language
from app.api.received import Received
from app.api.schemas import DrawIn, DrawOut, PreviewOut
from app.api.strict_json import StrictRoute
from app.errors import InputRefusedError, NotFoundError
from app.store.unit_of_work import UnitOfWork
from app.usecases.draw_requests import refuse, request_draw
from app.usecases.draw_views import view
from app.usecases.platform import Platform
from app.usecases.previews import DrawOrder, Look, look
from app.usecases.principals import Principal
from draw.anonymity import whole_bits

router = APIRouter(prefix="/v1", tags=["draws"], route_class=StrictRoute)
Previewer = Annotated[Principal, Depends(acting("draw.preview"))]
Requester = Annotated[Principal, Depends(acting("draw.request"))]
AskedDraw = Annotated[Received[DrawIn], Body()]


@router.post(
    "/draws:preview",
    operation_id="previewDraw",
    response_model=PreviewOut,
    responses=problems(401, 403, 404, 413, 415, 422),
)
async def preview_draw(
    request: Request, platform: PlatformDep, principal: Previewer, order: AskedDraw
) -> dict[str, Any]:
    """Every fault at once, pool size after each filter, and the anonymity gate. Counts only, nothing is
    drawn.
    """
    seen = await _looked(platform, principal, order)
    return _preview_json(seen, language(request))


@router.post(
    "/draws",
    status_code=201,
    dependencies=KEYED,
    operation_id="requestDraw",
    response_model=DrawOut,
    responses=problems(401, 403, 404, 409, 412, 413, 415, 422),
)
async def post_draw(
    request: Request, platform: PlatformDep, principal: Requester, order: AskedDraw
) -> Response:
    """Ask for a draw. It is an entry of the log from now on and cannot be made to disappear."""
    actor = actor_of(request, principal)

    async def looked() -> Callable[[UnitOfWork], Awaitable[Answer]]:
        seen = await _looked(platform, principal, order)
        refuse(seen.faults, seen.alarms)
        return lambda uow: effect(uow, seen)

    async def effect(uow: UnitOfWork, seen: Look) -> Answer:
        row = await request_draw(uow, platform, principal, _order(order), seen, actor=actor)
        content = draw_json(await view(uow, row), platform)
        return Answer(
            status=201,
            content=content,
            headers={"Location": f"/v1/draws/{row.id}"},
            log_size=content["k"] + 1,
        )

    return await once_looked(request, principal, looked)


async def _looked(platform: Platform, principal: Principal, order: Received[DrawIn]) -> Look:
    """Look at an order; one that is malformed is refused with whatever else is wrong with it."""
    try:
        seen = await look(platform, principal, _order(order))
    except InputRefusedError as error:
        order.refuse(error.faults)
        raise
    except NotFoundError:
        order.refuse(())
        raise
    order.refuse((*seen.faults, *seen.alarms))
    return seen


def _order(order: Received[DrawIn]) -> DrawOrder:
    return DrawOrder(**{"project": None, "section": None, "pool": None, "parameters": None} | order.value)


def _preview_json(seen: Look, words: str) -> dict[str, Any]:
    faults = [fault_json(one, words) for one in (*seen.faults, *seen.alarms)]
    return {"feasible": not seen.faults, "counts": _counts_json(seen), "faults": faults}


def _counts_json(seen: Look) -> dict[str, Any] | None:
    counts = seen.preview
    if counts is None:
        return None
    strata = [
        {
            "id": stratum.id,
            "experts": figure.experts,
            "seats": figure.seats,
            "verdict": figure.verdict,
            "bits": whole_bits(figure.experts, figure.seats),
        }
        for stratum, figure in zip(seen.ground.parameters.strata, counts.strata, strict=True)
    ]
    return {
        "pool": counts.pool,
        "pool_version": seen.ground.pool.version,
        "steps": [{"filter": one.filter, "left": one.left} for one in counts.steps],
        "cells": [list(row) for row in counts.cells],
        "strata": strata,
    }
