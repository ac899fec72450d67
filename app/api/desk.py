"""`/v1/desk`: expected arrivals, check-in, locker, pass, gate and seat of one site.

Check-in, pass and seat take no Idempotency-Key: their answers hold a name, a badge or a one-time code, and no
answer with such a thing is kept. Asked again, a check-in answers the same, a pass and a slip are made anew.
"""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk_schemas import (
    ArrivalOut,
    CheckedInOut,
    CheckInIn,
    DepositedOut,
    DepositIn,
    ExpectedPage,
    GateIn,
    GateOut,
    PassOut,
    ReturnIn,
    SeatedOut,
    TurnAwayIn,
)
from app.api.idempotent import Answer, once, once_effect
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.errors import Fault, InputRefusedError
from app.store.repositories.arrivals import Arrival
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival import check_in, gates, lockers, seating
from app.usecases.arrival.desk import NEXT, Desk, day_of, find_arrival, own_site
from app.usecases.arrival.expected import expected
from app.usecases.arrival.turning_away import TurnedAway, turn_away
from app.usecases.principals import Principal
from crypto.canonical import JsonValue

router = APIRouter(prefix="/v1/desk", tags=["desk"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("desk.expected"))]
Clerk = Annotated[Principal, Depends(acting("desk.check-in"))]
Keeper = Annotated[Principal, Depends(acting("desk.locker"))]
Guard = Annotated[Principal, Depends(acting("desk.gate"))]
Usher = Annotated[Principal, Depends(acting("desk.seat"))]
UNKEPT: Final = {"Cache-Control": "no-store"}
_REFUSED: Final = problems(401, 403, 404, 409, 413, 415, 422)


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(desk_of)]


def image(text: str, pointer: str) -> bytes:
    """The bytes of base64url without padding. Raises InputRefusedError ``request.invalid``."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise InputRefusedError("request.invalid", [Fault(code="schema.format", pointer=pointer)]) from error


@router.get(
    "/expected", operation_id="listExpected", response_model=ExpectedPage, responses=problems(401, 403, 404)
)
async def get_expected(platform: PlatformDep, principal: Reader, response: Response) -> dict[str, Any]:
    """Who is expected at the caller's site today: times and short codes, never a name."""
    response.headers.update(UNKEPT)
    site, now = own_site(principal), platform.now()
    async with platform.database.read() as uow:
        slots = await expected(uow, site, now=now)
    return {"site": site, "day": day_of(now), "slots": [asdict(one) for one in slots]}


@router.post(
    "/arrivals",
    status_code=201,
    operation_id="checkIn",
    response_model=CheckedInOut,
    responses=_REFUSED,
)
async def post_arrival(
    request: Request, response: Response, desk: DeskDep, principal: Clerk, shown: CheckInIn
) -> dict[str, Any]:
    """Match the person at the desk by document and arrival code. Wrong person, site, day or code: one
    refusal.
    """
    response.headers.update(UNKEPT)
    given = check_in.Shown(**shown.model_dump())
    found = await check_in.check_in(desk, principal, given, actor=actor_of(request, principal))
    one = found.arrival
    return {
        "arrival": one.id,
        "code": one.code,
        "name": found.name,
        "state": one.state,
        "verdict": one.verdict,
        "minutes_late": one.minutes_late,
        "next": NEXT.get(one.state),
    }


@router.get(
    "/arrivals/{arrival_id}",
    operation_id="getArrival",
    response_model=ArrivalOut,
    responses=problems(401, 403, 404),
)
async def get_arrival(platform: PlatformDep, principal: Reader, arrival_id: str) -> dict[str, Any]:
    """One arrival of the caller's site, without a name."""
    async with platform.database.read() as uow:
        return await _arrival_json(uow, await find_arrival(uow, principal, arrival_id))


@router.post(
    "/arrivals/{arrival_id}/refusal",
    dependencies=KEYED,
    operation_id="turnAway",
    response_model=ArrivalOut,
    responses=_REFUSED,
)
async def post_refusal(
    request: Request, platform: PlatformDep, principal: Clerk, arrival_id: str, asked: TurnAwayIn
) -> Response:
    """Turn somebody away before anything lies in a locker; another person closes the alert that it opens."""
    wanted, actor = TurnedAway(reason=asked.reason, words=asked.words), actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        done = await turn_away(uow, platform, principal, arrival_id, wanted, actor=actor)
        return Answer(status=200, content=await _arrival_json(uow, done))

    answered = await once(request, principal, work)
    request.app.state.wake()
    return answered


@router.post(
    "/arrivals/{arrival_id}/locker",
    status_code=201,
    dependencies=KEYED,
    operation_id="depositItems",
    response_model=DepositedOut,
    responses=_REFUSED,
)
async def post_deposit(
    request: Request, desk: DeskDep, principal: Keeper, arrival_id: str, asked: DepositIn
) -> Response:
    """Put away what could tell the outside; both sign."""
    contents = lockers.Contents(locker=asked.locker, items=[(one.kind, one.count) for one in asked.items])
    signed, actor = _signatures(asked), actor_of(request, principal)

    async def effect() -> Answer:
        done = await lockers.deposit(desk, principal, arrival_id, contents, signed, actor=actor)
        return Answer(status=201, content=_locker_json(done))

    return await once_effect(request, principal, effect)


@router.post(
    "/arrivals/{arrival_id}/pass", operation_id="printPass", response_model=PassOut, responses=_REFUSED
)
async def post_pass(
    request: Request, response: Response, desk: DeskDep, principal: Keeper, arrival_id: str
) -> dict[str, Any]:
    """A fresh printed pass for the gate; the one before is void."""
    response.headers.update(UNKEPT)
    actor = actor_of(request, principal)
    arrival, badge = await lockers.give_pass(desk, principal, arrival_id, actor=actor)
    return {"arrival": arrival.id, "badge": badge}


@router.post(
    "/arrivals/{arrival_id}/return",
    dependencies=KEYED,
    operation_id="returnItems",
    response_model=DepositedOut,
    responses=_REFUSED,
)
async def post_return(
    request: Request, desk: DeskDep, principal: Keeper, arrival_id: str, asked: ReturnIn
) -> Response:
    """Give everything back, after release only; both sign."""
    signed, actor = _signatures(asked), actor_of(request, principal)

    async def effect() -> Answer:
        done = await lockers.give_back(desk, principal, arrival_id, signed, actor=actor)
        return Answer(status=200, content=_locker_json(done))

    return await once_effect(request, principal, effect)


@router.post(
    "/arrivals/{arrival_id}/gate",
    dependencies=KEYED,
    operation_id="askGate",
    response_model=GateOut,
    responses=_REFUSED,
)
async def post_gate(
    request: Request, desk: DeskDep, principal: Guard, arrival_id: str, asked: GateIn
) -> Response:
    """Ask a gate to open. In needs a deposit and a quiet detector; out always opens."""
    wish = gates.Wish(direction=asked.direction, emergency=asked.emergency)
    actor = actor_of(request, principal)

    async def effect() -> Answer:
        done = await gates.ask(desk, principal, arrival_id, asked.gate, wish, actor=actor)
        decided = done.decided
        content: dict[str, JsonValue] = {
            "opens": decided.decision.opens,
            "reasons": list(decided.decision.reasons),
            "alerts": list(decided.decision.alerts),
            "state": decided.arrival.state,
            "passage": decided.passage,
            "door": done.door,
        }
        return Answer(status=200, content=content)

    return await once_effect(request, principal, effect)


@router.post(
    "/arrivals/{arrival_id}/seat", operation_id="assignSeat", response_model=SeatedOut, responses=_REFUSED
)
async def post_seat(
    request: Request, response: Response, desk: DeskDep, principal: Usher, arrival_id: str
) -> dict[str, Any]:
    """A seat by chance, in the draw's log before it is told; asked again, the same seat and a fresh slip."""
    response.headers.update(UNKEPT)
    done = await seating.assign(desk, principal, arrival_id, actor=actor_of(request, principal))
    return {
        "arrival": done.seating.arrival_id,
        "site": done.seating.site,
        "seat": done.seating.seat,
        "position": done.seating.position,
        "slip": done.slip,
        "log_index": done.seating.log_index,
    }


async def _arrival_json(uow: UnitOfWork, one: Arrival) -> dict[str, Any]:
    deposit = await uow.lockers.open_of(one.id)
    seat = await uow.seat_access.seating_of(one.id)
    return {
        "arrival": one.id,
        "code": one.code,
        "draw": one.draw_id,
        "site": one.site,
        "day": one.day,
        "state": one.state,
        "arrived_at": one.arrived_at,
        "verdict": one.verdict,
        "minutes_late": one.minutes_late,
        "locker": None if deposit is None else deposit.locker,
        "seat": None if seat is None or seat.closed_at is not None else seat.seat,
        "released": one.released_at is not None,
        "next": NEXT.get(one.state),
    }


def _locker_json(done: lockers.LockerAct) -> dict[str, Any]:
    return {
        "arrival": done.arrival.id,
        "state": done.arrival.state,
        "locker": done.deposit.locker,
        "deposit": done.deposit.id,
        "door": done.door,
    }


def _signatures(asked: DepositIn | ReturnIn) -> lockers.Signatures:
    both: Sequence[bytes] = [
        image(getattr(asked, name), f"/{name}") for name in ("expert_signature", "staff_signature")
    ]
    return lockers.Signatures(expert=both[0], staff=both[1])
