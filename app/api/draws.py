"""`/v1/draws`: watch and run a draw. Nothing here takes or shows a person, a position or a size.

Previews and requests are `app.api.draw_orders`, what an opened draw discloses is `app.api.disclosures`. The
ceremony's steps are `app.usecases.ceremony` and `app.usecases.openings`; an operator starts them here.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.draw_views import draw_json
from app.api.idempotent import Answer, once_effect
from app.api.pages import DEFAULT_LIMIT, MAX_LIMIT, cursor_of, link_next, read_cursor
from app.api.principals import PlatformDep, acting, actor_of
from app.api.schemas import AbortIn, DrawOut, DrawPage, ReplaceIn
from app.api.strict_json import StrictRoute
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.ceremony import Ceremony
from app.usecases.draw_requests import find_draw, take_duty
from app.usecases.draw_views import view, views
from app.usecases.openings import Vacated, open_draw, replace
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.proofs import proof_of_draw
from draw.lifecycle import ABORTED

router = APIRouter(prefix="/v1", tags=["draws"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("draw.read"))]
Aborter = Annotated[Principal, Depends(acting("draw.abort"))]
Attender = Annotated[Principal, Depends(acting("draw.attend"))]
Operator = Annotated[Principal, Depends(acting("draw.operate"))]
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)


@router.get("/draws", operation_id="listDraws", response_model=DrawPage, responses=problems(401, 403))
async def get_draws(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Reader,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Draws, newest first: the agency's own; operators and supervisors see all."""
    after = read_cursor(cursor)
    async with platform.database.read() as uow:
        rows = await uow.draws.page(
            mode=principal.mode, agency_id=principal.agency_id, after=after, limit=limit + 1
        )
        seen = await views(uow, rows[:limit])
    following = cursor_of(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
    link_next(request, response, following)
    return {"items": [draw_json(one, platform) for one in seen], "next": following}


@router.get(
    "/draws/{draw_id}", operation_id="getDraw", response_model=DrawOut, responses=problems(401, 403, 404)
)
async def get_draw(platform: PlatformDep, principal: Reader, draw_id: str) -> dict[str, Any]:
    """State, seats needed, responsible person and the next time limit."""
    async with platform.database.read() as uow:
        return draw_json(await view(uow, await find_draw(uow, principal, draw_id)), platform)


@router.get(
    "/draws/{draw_id}/proof",
    operation_id="getDrawProof",
    response_class=Response,
    responses={**problems(401, 403, 404), 200: {"content": {"application/json": {}}}},
)
async def get_proof(platform: PlatformDep, principal: Reader, draw_id: str) -> Response:
    """The proof bundle at the present stage, byte for byte as verifiers take it."""
    row, data = await proof_of_draw(platform, principal, draw_id)
    name = f'attachment; filename="{row.id}.json"'
    return Response(data, media_type="application/json", headers={"Content-Disposition": name})


@router.post(
    "/draws/{draw_id}:abort",
    dependencies=KEYED,
    operation_id="abortDraw",
    response_model=DrawOut,
    responses=_CHANGED,
)
async def abort_draw(
    request: Request, platform: PlatformDep, principal: Aborter, draw_id: str, order: AbortIn
) -> Response:
    """End a draw before its opening. It stays visible, counted, with its reason."""

    async def effect() -> DrawRow:
        row = await _find(platform, principal, draw_id)
        if row.state == ABORTED and row.abort_reason == order.reason:
            return row
        return await _ceremony(request).abort(draw_id, order.reason)

    return await _acted(request, principal, draw_id, "draw.abort", effect)


@router.post(
    "/draws/{draw_id}:attend",
    dependencies=KEYED,
    operation_id="attendDraw",
    response_model=DrawOut,
    responses=_CHANGED,
)
async def attend_draw(request: Request, platform: PlatformDep, principal: Attender, draw_id: str) -> Response:
    """Take part in this draw as its supervisor. Whoever requested or operates it cannot."""

    async def effect() -> DrawRow:
        return await _find(platform, principal, draw_id)

    return await _acted(request, principal, draw_id, "draw.attend", effect)


@router.post(
    "/draws/{draw_id}:run",
    dependencies=KEYED,
    operation_id="runDraw",
    response_model=DrawOut,
    responses=_CHANGED,
)
async def run_draw(request: Request, principal: Operator, draw_id: str) -> Response:
    """Carry the draw on to its result: fixed from then on and still secret. Again, it changes nothing."""

    async def effect() -> DrawRow:
        return await _ceremony(request).run(draw_id)

    return await _acted(request, principal, draw_id, "draw.operate", effect)


@router.post(
    "/draws/{draw_id}:open",
    dependencies=KEYED,
    operation_id="openDraw",
    response_model=DrawOut,
    responses=_CHANGED,
)
async def post_open(request: Request, principal: Operator, draw_id: str) -> Response:
    """Open a drawn draw at or after its lawful time, with the supervisor's countersignature."""

    async def effect() -> DrawRow:
        return await open_draw(_ceremony(request), draw_id)

    return await _acted(request, principal, draw_id, "draw.operate", effect)


@router.post(
    "/draws/{draw_id}:replace",
    dependencies=KEYED,
    operation_id="replaceSeat",
    response_model=DrawOut,
    responses=_CHANGED,
)
async def replace_seat(request: Request, principal: Operator, draw_id: str, order: ReplaceIn) -> Response:
    """Log that a seat fell vacant, with its evidence; the supervisor's answer fixes who follows.

    Only where invitations are made elsewhere; where they are logged, a seat passes on by the campaign.
    """
    vacated = Vacated(seat=order.seat, cause=order.cause, document=order.evidence.encode("utf-8"))

    async def effect() -> DrawRow:
        ceremony = _ceremony(request)
        await replace(ceremony, draw_id, vacated, own_order=order.own_order)
        return await ceremony.row(draw_id)

    return await _acted(request, principal, draw_id, "draw.operate", effect)


async def _acted(
    request: Request,
    principal: Principal,
    draw_id: str,
    action: str,
    effect: Callable[[], Awaitable[DrawRow]],
) -> Response:
    """Bind the person to the action's duty, do it, and answer with the draw, once per key."""
    platform: Platform = request.app.state.platform
    actor = actor_of(request, principal)

    async def begin(uow: UnitOfWork) -> None:
        row = await find_draw(uow, principal, draw_id)
        now = platform.now()
        await take_duty(uow, row, principal, action, now=now)
        await note(uow, actor, request.scope["route"].operation_id, row.id, now=now)

    async def whole() -> Answer:
        await platform.database.transact(begin)
        row = await effect()
        async with platform.database.read() as uow:
            return Answer(status=200, content=draw_json(await view(uow, row), platform))

    return await once_effect(request, principal, whole)


async def _find(platform: Platform, principal: Principal, draw_id: str) -> DrawRow:
    async with platform.database.read() as uow:
        return await find_draw(uow, principal, draw_id)


def _ceremony(request: Request) -> Ceremony:
    ceremony: Ceremony = request.app.state.ceremony
    return ceremony
