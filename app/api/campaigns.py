"""`/v1/draws/{id}/campaign…`: inviting the drawn, by two persons, and what becomes of every seat.

Operators propose, climb the ladder and move; supervisors approve and vacate; agencies see counts. Nothing
here names an expert. An answer that rests on log entries is given once the log is published.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.campaign_schemas import (
    CampaignIn,
    CampaignOut,
    CountsOut,
    LadderIn,
    MoveIn,
    NoticesOut,
    PutOffIn,
    QueueOut,
    ReasonIn,
    UnreachableIn,
    VacateIn,
)
from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once, once_effect
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.store.unit_of_work import UnitOfWork
from app.usecases.day.moving_on import move_on
from app.usecases.day.putting_off import PutOff, put_start_off
from app.usecases.delivery.notices import receipts
from app.usecases.delivery.work import WorkContext
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import campaigns, changes, conflicts, ladder, views
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.changes import Move
from app.usecases.invitations.conflicts import Vacating
from app.usecases.invitations.ladder import Taken
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from draw.invitation import RUNNING

router = APIRouter(prefix="/v1", tags=["campaigns"], route_class=StrictRoute)
Proposer = Annotated[Principal, Depends(acting("campaign.propose"))]
Approver = Annotated[Principal, Depends(acting("campaign.approve"))]
Reader = Annotated[Principal, Depends(acting("campaign.read"))]
Counter = Annotated[Principal, Depends(acting("campaign.counts"))]
Climber = Annotated[Principal, Depends(acting("campaign.ladder"))]
Mover = Annotated[Principal, Depends(acting("campaign.move"))]
Vacater = Annotated[Principal, Depends(acting("campaign.vacate"))]
Canceller = Annotated[Principal, Depends(acting("campaign.cancel"))]
NoticeReader = Annotated[Principal, Depends(acting("notices.read"))]
_READ: Final = problems(401, 403, 404)
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)
Work = Callable[[UnitOfWork], Awaitable[Any]]


@router.get("/campaigns", operation_id="listCampaigns", response_model=QueueOut, responses=problems(401, 403))
async def get_campaigns(platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Campaigns under way, the short ones first, then by their begin."""
    async with platform.database.read() as uow:
        found = await uow.campaigns.in_states("proposed", *sorted(RUNNING), mode=principal.mode)
    return {"items": views.listed(found)}


@router.post(
    "/draws/{draw_id}/campaign",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeCampaign",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_campaign(
    request: Request, platform: PlatformDep, principal: Proposer, draw_id: str, asked: CampaignIn
) -> Response:
    """Propose to invite the drawn: nothing leaves before a supervisor has approved."""
    order = campaigns.Order(owner=asked.owner, plan=asked.plan.model_dump(exclude_none=True))
    by = _by(request, principal)

    async def work(uow: UnitOfWork) -> None:
        await campaigns.propose(uow, platform, draw_id, order, by=by)

    return await _once(request, principal, draw_id, work, status=201)


@router.get(
    "/draws/{draw_id}/campaign", operation_id="getCampaign", response_model=CampaignOut, responses=_READ
)
async def get_campaign(platform: PlatformDep, principal: Reader, draw_id: str) -> dict[str, Any]:
    """The campaign seat by seat: where each stands and what comes next. No name, no reason of a refusal."""
    async with platform.database.read() as uow:
        await find_draw(uow, principal, draw_id)
        return await views.console(uow, platform, draw_id)


@router.get(
    "/draws/{draw_id}/campaign/counts",
    operation_id="getCampaignCounts",
    response_model=CountsOut,
    responses=_READ,
)
async def get_counts(platform: PlatformDep, principal: Counter, draw_id: str) -> dict[str, Any]:
    """How many are needed, how many have accepted, until when, and who answers for the service."""
    async with platform.database.read() as uow:
        await find_draw(uow, principal, draw_id)
        return await views.counts(uow, draw_id)


@router.post(
    "/draws/{draw_id}/campaign/approval",
    dependencies=KEYED,
    operation_id="approveCampaign",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_approval(
    request: Request, principal: Approver, draw_id: str, asked: CampaignIn | None = None
) -> Response:
    """Approve a campaign that another person proposed: every seat is asked at once. With owner and plan as
    they were looked at, nothing else is approved."""
    seen = (
        None
        if asked is None
        else campaigns.Order(owner=asked.owner, plan=asked.plan.model_dump(exclude_none=True))
    )

    async def effect(context: WorkContext) -> None:
        await campaigns.approve(context, draw_id, by=_by(request, principal), seen=seen)

    return await _effect(request, principal, draw_id, effect)


@router.post(
    "/draws/{draw_id}/campaign/ladder",
    dependencies=KEYED,
    operation_id="climbLadder",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_ladder(
    request: Request, platform: PlatformDep, principal: Climber, draw_id: str, asked: LadderIn
) -> Response:
    """Take the next step of the short-pool ladder; it is a record in the log."""
    taken = Taken(step=asked.step, reason_zh=asked.reason.zh, reason_en=asked.reason.en)
    by = _by(request, principal)

    async def work(uow: UnitOfWork) -> None:
        await ladder.take(uow, platform, draw_id, taken, by=by)

    return await _once(request, principal, draw_id, work)


@router.post(
    "/draws/{draw_id}/campaign/own-order",
    dependencies=KEYED,
    operation_id="saySupervisorUnreachable",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_own_order(
    request: Request, platform: PlatformDep, principal: Climber, draw_id: str, asked: UnreachableIn
) -> Response:
    """Say that the supervisor cannot be reached: seats then pass on in the panel's own order, and the log
    says that look-ahead was possible. Null: the supervisor can be reached again."""
    by = _by(request, principal)

    async def work(uow: UnitOfWork) -> None:
        await campaigns.say_unreachable(uow, platform, draw_id, asked.reason, by=by)

    return await _once(request, principal, draw_id, work)


@router.post(
    "/draws/{draw_id}/campaign/move",
    dependencies=KEYED,
    operation_id="moveCampaign",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_move(request: Request, principal: Mover, draw_id: str, asked: MoveIn) -> Response:
    """Move to another hour or place: everybody is asked anew, seats are booked anew, all or nothing."""
    sites = None if asked.sites is None else [one.model_dump() for one in asked.sites]
    wanted = Move(begins=asked.begins, reason=asked.reason, sites=sites, bound=asked.bound)

    async def effect(context: WorkContext) -> None:
        await move_on(context, draw_id, wanted, by=_by(request, principal))

    return await _effect(request, principal, draw_id, effect)


@router.post(
    "/draws/{draw_id}/campaign/put-off",
    dependencies=KEYED,
    operation_id="putStartOff",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_put_off(request: Request, principal: Mover, draw_id: str, asked: PutOffIn) -> Response:
    """Put the start off to a later hour of the same day: on record with its reason, told to everybody once,
    asked anew is nobody."""
    wanted = PutOff(**asked.model_dump())

    async def effect(context: WorkContext) -> None:
        await put_start_off(context, draw_id, wanted, by=_by(request, principal))

    return await _effect(request, principal, draw_id, effect)


@router.post(
    "/draws/{draw_id}/campaign/vacate",
    dependencies=KEYED,
    operation_id="vacateSeat",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_vacate(request: Request, principal: Vacater, draw_id: str, asked: VacateIn) -> Response:
    """Vacate a seat on a supervisor's note; without a seat, judge everybody anew by bidders and hours as
    they are."""
    by = _by(request, principal)

    async def effect(context: WorkContext) -> None:
        if asked.seat is None and asked.cause == "conflict":
            await conflicts.recheck(context, draw_id, asked.note, by=by)
            return
        wanted = Vacating(seat=(asked.seat or 0) - 1, cause=asked.cause, note=asked.note)
        now = context.platform.now()
        await context.platform.database.transact(
            lambda uow: conflicts.vacate(uow, now, draw_id, wanted, by=by)
        )

    return await _effect(request, principal, draw_id, effect)


@router.post(
    "/draws/{draw_id}/campaign/cancel",
    dependencies=KEYED,
    operation_id="cancelCampaign",
    response_model=CampaignOut,
    responses=_CHANGED,
)
async def post_cancel(
    request: Request, platform: PlatformDep, principal: Canceller, draw_id: str, asked: ReasonIn
) -> Response:
    """Call the campaign off: seats are given back and everybody affected is told, once."""
    by = _by(request, principal)

    async def work(uow: UnitOfWork) -> None:
        await changes.cancel(uow, platform, draw_id, asked.reason, by=by)

    return await _once(request, principal, draw_id, work)


@router.get(
    "/draws/{draw_id}/notices", operation_id="listNotices", response_model=NoticesOut, responses=_READ
)
async def get_notices(platform: PlatformDep, principal: NoticeReader, draw_id: str) -> dict[str, Any]:
    """Who was told of which change, by kind, and what became of it."""
    async with platform.database.read() as uow:
        await find_draw(uow, principal, draw_id)
        found = await receipts(uow, draw_id)
    return {"items": [{name: getattr(one, name) for name in one.__slots__} for one in found]}


async def _once(
    request: Request, principal: Principal, draw_id: str, work: Work, *, status: int = 200
) -> Response:
    """A change in one transaction with its stored answer: the campaign as it then is."""
    platform: Platform = request.app.state.platform

    async def answered(uow: UnitOfWork) -> Answer:
        await work(uow)
        return await _answer(uow, platform, draw_id, status=status)

    done = await once(request, principal, answered)
    request.app.state.wake()
    return done


async def _effect(
    request: Request,
    principal: Principal,
    draw_id: str,
    effect: Callable[[WorkContext], Awaitable[None]],
) -> Response:
    """A change that keeps its own transactions; its answer is the campaign as it then is."""
    context: WorkContext = request.app.state.work

    async def attempt() -> Answer:
        await effect(context)
        async with context.platform.database.read() as uow:
            return await _answer(uow, context.platform, draw_id)

    done = await once_effect(request, principal, attempt)
    request.app.state.wake()
    return done


async def _answer(uow: UnitOfWork, platform: Platform, draw_id: str, *, status: int = 200) -> Answer:
    content = await views.console(uow, platform, draw_id)
    return Answer(status=status, content=content, log_size=(await uow.log.head()).size)


def _by(request: Request, principal: Principal) -> By:
    return By(principal=principal, actor=actor_of(request, principal))
