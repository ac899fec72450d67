"""`/v1/draws/{draw}/cases` and `/v1/cases/{case}…`: breaches on record, for supervision alone (R38).

An answer that rests on log entries is given once the log is published. Words stand in what is read alone: the
answer to a step is stored under its Idempotency-Key, and holds none.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.case_schemas import (
    CaseCheckOut,
    CaseClosureIn,
    CaseDecisionIn,
    CaseIn,
    CaseList,
    CaseMadeOut,
    CaseTransferIn,
    WholeCaseOut,
)
from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT
from app.api.idempotent import Answer, once, once_looked
from app.api.principals import PlatformDep, acting, actor_of
from app.api.rooms import hall_of
from app.api.strict_json import StrictRoute
from app.store.repositories.cases import CaseRow, CaseStep
from app.store.unit_of_work import UnitOfWork
from app.usecases.draw_requests import find_draw
from app.usecases.invitations.campaigns import By
from app.usecases.principals import Principal
from app.usecases.room import case_evidence, cases
from app.usecases.room.cases import Decision, Ending, Opening

router = APIRouter(prefix="/v1", tags=["cases"], route_class=StrictRoute)
Opener = Annotated[Principal, Depends(acting("case.open"))]
Decider = Annotated[Principal, Depends(acting("case.decide"))]
Reader = Annotated[Principal, Depends(acting("case.read"))]
_READ: Final = problems(401, 403, 404)
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)


@router.post(
    "/draws/{draw_id}/cases",
    status_code=201,
    dependencies=KEYED,
    operation_id="openCase",
    response_model=CaseMadeOut,
    responses=_CHANGED,
)
async def post_case(
    request: Request, platform: PlatformDep, principal: Opener, draw_id: str, asked: CaseIn
) -> Response:
    """Open a case and freeze what there is of the draw's rooms, the alert and the witness's entry."""
    by, engines = _by(request, principal), hall_of(request).engines
    opening = Opening(
        reason=asked.reason,
        words=asked.text,
        seat=asked.seat,
        member=asked.member,
        alert=asked.alert,
        node=asked.node,
    )

    async def look() -> Callable[[UnitOfWork], Awaitable[Answer]]:
        async with platform.database.read() as uow:
            row = await find_draw(uow, principal, draw_id)
        known = await case_evidence.recorded(platform.database, engines, row.id)

        async def work(uow: UnitOfWork) -> Answer:
            return await _answer(
                uow, await cases.open_case(uow, platform, draw_id, opening, known, by=by), 201
            )

        return work

    return await once_looked(request, principal, look)


@router.get("/draws/{draw_id}/cases", operation_id="listCases", response_model=CaseList, responses=_READ)
async def get_cases(
    response: Response, platform: PlatformDep, principal: Reader, draw_id: str
) -> dict[str, Any]:
    """The cases of a draw's committee with their steps."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        found = await cases.of_committee(uow, row.id)
        steps = await uow.cases.steps([one.id for one in found])
    return {"items": [_shown(one, [step for step in steps if step.case_id == one.id]) for one in found]}


@router.get(
    "/cases/{case_id}",
    operation_id="getCase",
    response_model=WholeCaseOut,
    responses=problems(401, 403, 404, 409),
)
async def get_case(
    response: Response, platform: PlatformDep, principal: Reader, case_id: str
) -> dict[str, Any]:
    """One case with everything that it froze."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        case = await cases.find_case(uow, principal, case_id)
        steps = await cases.steps_of(uow, case)
    return {**_shown(case, steps), "document": cases.document_of(steps[0])}


@router.get("/cases/{case_id}/check", operation_id="checkCase", response_model=CaseCheckOut, responses=_READ)
async def get_check(
    request: Request, platform: PlatformDep, principal: Reader, case_id: str
) -> dict[str, Any]:
    """Read ledgers, alert and every byte of the recordings again: which frozen item no longer holds."""
    async with platform.database.read() as uow:
        case = await cases.find_case(uow, principal, case_id)
    found = await case_evidence.findings(platform.database, hall_of(request).engines.folder, case.id)
    items = [{"item": one.item, "of": one.of, "ok": one.code is None, "code": one.code} for one in found]
    return {"case": case.id, "ok": all(one["ok"] for one in items), "items": items}


@router.post(
    "/cases/{case_id}/decision",
    dependencies=KEYED,
    operation_id="decideCase",
    response_model=CaseMadeOut,
    responses=_CHANGED,
)
async def post_decision(
    request: Request, platform: PlatformDep, principal: Decider, case_id: str, asked: CaseDecisionIn
) -> Response:
    """Decide whether whoever is concerned is replaced; a seat that is vacated passes on at once."""
    by = _by(request, principal)
    decision = Decision(outcome=asked.outcome, cause=asked.cause, words=asked.reason)

    async def work(uow: UnitOfWork) -> Answer:
        return await _answer(uow, await cases.decide(uow, platform, case_id, decision, by=by))

    done = await once(request, principal, work)
    request.app.state.wake()
    return done


@router.post(
    "/cases/{case_id}/transfer",
    dependencies=KEYED,
    operation_id="transferCase",
    response_model=CaseMadeOut,
    responses=_CHANGED,
)
async def post_transfer(
    request: Request, principal: Decider, case_id: str, asked: CaseTransferIn
) -> Response:
    """Hand a decided case over to the office that deals with it further."""
    return await _ended(request, principal, case_id, Ending(words=asked.reason, to=asked.to))


@router.post(
    "/cases/{case_id}/closure",
    dependencies=KEYED,
    operation_id="closeCase",
    response_model=CaseMadeOut,
    responses=_CHANGED,
)
async def post_closure(request: Request, principal: Decider, case_id: str, asked: CaseClosureIn) -> Response:
    """Close a decided case, with the reason."""
    return await _ended(request, principal, case_id, Ending(words=asked.reason))


async def _ended(request: Request, principal: Principal, case_id: str, ending: Ending) -> Response:
    by, platform = _by(request, principal), request.app.state.platform

    async def work(uow: UnitOfWork) -> Answer:
        return await _answer(uow, await cases.end(uow, platform, case_id, ending, by=by))

    return await once(request, principal, work)


async def _answer(uow: UnitOfWork, case: CaseRow, status: int = 200) -> Answer:
    last = (await uow.cases.steps([case.id]))[-1]
    made = {name: getattr(case, name) for name in ("state", "outcome", "seat")}
    content = {"case": case.id, **made, "digest": cases.digest_of(last), "log_index": last.log_index}
    return Answer(status=status, content=content, log_size=(await uow.log.head()).size)


def _by(request: Request, principal: Principal) -> By:
    return By(principal=principal, actor=actor_of(request, principal))


def _shown(case: CaseRow, steps: Sequence[CaseStep]) -> dict[str, Any]:
    return {
        "case": case.id,
        "draw": case.draw_id,
        "reason": case.reason,
        "seat": case.seat,
        "state": case.state,
        "outcome": case.outcome,
        "digest": cases.digest_of(steps[0]),
        "steps": [_step(one) for one in steps],
    }


def _step(one: CaseStep) -> dict[str, Any]:
    words = cases.words_of(one)
    return {
        "number": one.number,
        "state": one.state,
        "at": one.at,
        "by": one.actor,
        "words": words.get("words"),
        "to": words.get("to"),
        "digest": cases.digest_of(one),
        "log_index": one.log_index,
    }
