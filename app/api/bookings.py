"""`/v1/bookings`: seats for a draw over several centres, and what each centre decides (dispatch model).

Operators apply, change and cancel; a site's own staff confirms, returns or swaps a seat of its own part.
Agencies see the bookings of their draws without seats, sites their own part without the draw.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once
from app.api.pages import DEFAULT_LIMIT, MAX_LIMIT, cursor_of, link_next, read_cursor
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.api.venue_schemas import (
    BookIn,
    BookingOut,
    BookingPage,
    CancelIn,
    ChangeIn,
    ConfirmIn,
    OrderIn,
    ReturnIn,
    SwapIn,
)
from app.api.venue_views import booking_json
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.venues.bookings import Booked, Decision, decide, find, of_draw, page, whole
from app.usecases.venues.checks import BookingOrder
from app.usecases.venues.moves import swap
from app.usecases.venues.orders import Act, book, cancel, change
from remote_eval.booking import CONFIRM, RETURN, Centre

router = APIRouter(prefix="/v1", tags=["bookings"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("venue.read"))]
Booker = Annotated[Principal, Depends(acting("venue.book"))]
Confirmer = Annotated[Principal, Depends(acting("venue.confirm"))]
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)


@router.post(
    "/bookings",
    status_code=201,
    dependencies=KEYED,
    operation_id="book",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_booking(request: Request, platform: PlatformDep, principal: Booker, asked: BookIn) -> Response:
    """Apply for the seats of a draw: all of them or none, every fault at once."""
    act = _act(request, platform, principal)

    async def work(uow: UnitOfWork) -> Booked:
        return await book(uow, platform, principal, asked.draw, _order(asked), act=act)

    return await _acted(request, principal, work, status=201)


@router.get(
    "/bookings",
    operation_id="listBookings",
    response_model=BookingPage,
    responses=problems(401, 403),
)
async def get_bookings(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Reader,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
    draw: Annotated[str | None, Query(max_length=64, description="the booking of this draw only")] = None,
) -> dict[str, Any]:
    """Bookings, latest evaluation first: an agency's own, or those with a part at the caller's site."""
    after = read_cursor(cursor)
    async with platform.database.read() as uow:
        if draw is not None:
            seen = await of_draw(uow, principal, draw)
        else:
            seen = await page(uow, principal, after=after, limit=limit + 1)
        names = await _names(uow, principal)
    last = seen[limit - 1].booking if len(seen) > limit else None
    following = None if last is None else cursor_of(last.since, last.id)
    link_next(request, response, following)
    return {"items": [booking_json(one, principal, names) for one in seen[:limit]], "next": following}


@router.get(
    "/bookings/{booking_id}",
    operation_id="getBooking",
    response_model=BookingOut,
    responses=problems(401, 403, 404),
)
async def get_booking(platform: PlatformDep, principal: Reader, booking_id: str) -> dict[str, Any]:
    """One booking with the parts of its present order."""
    async with platform.database.read() as uow:
        seen = await whole(uow, await find(uow, principal, booking_id))
        return dict(booking_json(seen, principal, await _names(uow, principal)))


@router.post(
    "/bookings/{booking_id}:change",
    dependencies=KEYED,
    operation_id="changeBooking",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_change(
    request: Request, platform: PlatformDep, principal: Booker, booking_id: str, asked: ChangeIn
) -> Response:
    """Put another order in its place. A centre whose time and seats stay keeps its decision."""
    act = _act(request, platform, principal, asked.reason)

    async def work(uow: UnitOfWork) -> Booked:
        return await change(uow, principal, booking_id, _order(asked), act=act)

    return await _acted(request, principal, work)


@router.post(
    "/bookings/{booking_id}:cancel",
    dependencies=KEYED,
    operation_id="cancelBooking",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_cancel(
    request: Request, platform: PlatformDep, principal: Booker, booking_id: str, asked: CancelIn
) -> Response:
    """Give every seat back."""
    act = _act(request, platform, principal, asked.reason)

    async def work(uow: UnitOfWork) -> Booked:
        return await cancel(uow, principal, booking_id, act=act)

    return await _acted(request, principal, work)


@router.post(
    "/bookings/{booking_id}:confirm",
    dependencies=KEYED,
    operation_id="confirmBooking",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_confirm(
    request: Request, platform: PlatformDep, principal: Confirmer, booking_id: str, asked: ConfirmIn
) -> Response:
    """The site's own staff confirms its part of the order it looked at."""
    decision = Decision(revision=asked.revision, kind=CONFIRM)
    return await _decided(request, platform, principal, booking_id, decision)


@router.post(
    "/bookings/{booking_id}:return",
    dependencies=KEYED,
    operation_id="returnBooking",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_return(
    request: Request, platform: PlatformDep, principal: Confirmer, booking_id: str, asked: ReturnIn
) -> Response:
    """The site's own staff returns its part with a reason; its seats are free again."""
    decision = Decision(revision=asked.revision, kind=RETURN, reason=asked.reason)
    return await _decided(request, platform, principal, booking_id, decision)


@router.post(
    "/bookings/{booking_id}:swap",
    dependencies=KEYED,
    operation_id="swapSeat",
    response_model=BookingOut,
    responses=_CHANGED,
)
async def post_swap(
    request: Request, platform: PlatformDep, principal: Confirmer, booking_id: str, asked: SwapIn
) -> Response:
    """The site's own staff takes another seat for one that is out of order."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Booked:
        return await swap(
            uow, principal, booking_id, asked.seat, asked.instead, actor=actor, now=platform.now()
        )

    return await _acted(request, principal, work)


async def _decided(
    request: Request, platform: Platform, principal: Principal, booking_id: str, decision: Decision
) -> Response:
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Booked:
        return await decide(uow, principal, booking_id, decision, actor=actor, now=platform.now())

    return await _acted(request, principal, work)


async def _acted(
    request: Request,
    principal: Principal,
    work: Callable[[UnitOfWork], Awaitable[Booked]],
    *,
    status: int = 200,
) -> Response:
    async def answered(uow: UnitOfWork) -> Answer:
        done = await work(uow)
        names = await _names(uow, principal)
        headers = {"Location": f"/v1/bookings/{done.booking.id}"} if status == 201 else {}
        return Answer(status=status, content=booking_json(done, principal, names), headers=headers)

    return await once(request, principal, answered)


async def _names(uow: UnitOfWork, principal: Principal) -> dict[str, str]:
    return {one.id: one.name for one in await uow.venues.sites(mode=principal.mode)}


def _act(request: Request, platform: Platform, principal: Principal, reason: str = "") -> Act:
    return Act(actor=actor_of(request, principal), at=platform.clock(), reason=reason)


def _order(asked: OrderIn) -> BookingOrder:
    return BookingOrder(
        since=asked.since,
        until=asked.until,
        experts=asked.experts,
        mixed=asked.mixed,
        centres=tuple(
            Centre(
                site=one.site,
                place=one.place,
                main=one.main,
                experts=one.experts,
                seats=tuple(one.seats),
            )
            for one in asked.centres
        ),
    )
