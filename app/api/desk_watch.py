"""`/v1/desk`: what watches over a desk: alerts, ledger, gates against seats, and the supervisor's part.

Whoever is bound to a site sees its own; operators and supervisors name the site.
"""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT, DeskDep
from app.api.desk_schemas import (
    AlertOut,
    AlertPage,
    AttestationIn,
    AttestationOut,
    ClosureIn,
    ClosureOut,
    DrawReleaseIn,
    DrawReleaseOut,
    LedgerOut,
    LockOut,
    LockPage,
    PresencePage,
    ReasonIn,
    ReconciliationOut,
    ReleasedOut,
)
from app.api.idempotent import Answer, once, once_effect
from app.api.principals import PlatformDep, acting, actor_of
from app.api.schemas import Day
from app.api.strict_json import StrictRoute
from app.errors import NotFoundError
from app.store.repositories.arrivals import Arrival, Tries
from app.store.repositories.gates import SiteAlert
from app.store.repositories.site_ledger import Anchor
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.arrival import alerts, ledger, supervised
from app.usecases.arrival.check_in import MAX_TRIES
from app.usecases.arrival.desk import day_of, own_site
from app.usecases.arrival.expected import report
from app.usecases.platform import Platform
from app.usecases.principals import AT_A_SITE, Principal
from crypto.canonical import JsonValue

router = APIRouter(prefix="/v1/desk", tags=["desk"], route_class=StrictRoute)
Watcher = Annotated[Principal, Depends(acting("alert.read"))]
Guard = Annotated[Principal, Depends(acting("desk.gate"))]
Closer = Annotated[Principal, Depends(acting("desk.seat"))]
LedgerReader = Annotated[Principal, Depends(acting("ledger.read"))]
Overseer = Annotated[Principal, Depends(acting("desk.supervise"))]
MAX_ALERTS: Final = 200
Site = Annotated[
    str | None, Query(max_length=64, description="for callers who are bound to no site", examples=["ste_1"])
]
LedgerDay = Annotated[Day | None, Query(description="Beijing day; today without")]


def site_of(principal: Principal, site: str | None) -> str:
    """The site that a caller means. Raises NotFoundError ``site.unknown`` for another than the own one."""
    if principal.role in AT_A_SITE:
        own = own_site(principal)
        if site not in (None, own):
            raise NotFoundError("site.unknown")
        return own
    if site is None:
        raise NotFoundError("site.unknown")
    return site


@router.get(
    "/reconciliation",
    operation_id="reconcileGatesAndSeats",
    response_model=ReconciliationOut,
    responses=problems(401, 403, 404),
)
async def get_reconciliation(
    request: Request, platform: PlatformDep, principal: Watcher, site: Site = None
) -> dict[str, Any]:
    """Who is behind the gates against who sits at a seat; somebody at a seat without a gate is an alert."""
    act = ledger.Act(
        platform=platform,
        site=site_of(principal, site),
        actor=actor_of(request, principal),
        now=platform.now(),
    )
    await _require_site(platform, act.site)
    found = await platform.database.transact(lambda uow: report(uow, act))
    listed = [{"code": found.codes.get(one.arrival, "-"), "kind": one.kind} for one in found.mismatches]
    return {
        "site": act.site,
        "day": day_of(act.now),
        "inside": found.inside,
        "seated": found.seated,
        "mismatches": listed,
    }


@router.get("/alerts", operation_id="listAlerts", response_model=AlertPage, responses=problems(401, 403, 404))
async def get_alerts(platform: PlatformDep, principal: Watcher, site: Site = None) -> dict[str, Any]:
    """The newest alerts of a site, open and closed."""
    async with platform.database.read() as uow:
        found = await uow.gates.alerts(site_of(principal, site), limit=MAX_ALERTS)
    return {"items": [_alert_json(one) for one in found]}


@router.post(
    "/alerts/{alert_id}/closure",
    dependencies=KEYED,
    operation_id="closeAlert",
    response_model=AlertOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422),
)
async def post_alert_closure(
    request: Request, platform: PlatformDep, principal: Guard, alert_id: str, asked: ReasonIn
) -> Response:
    """Close an alert by name and reason. A detector's alarm lets its gate open again."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        done = await alerts.close(uow, platform, principal, alert_id, reason=asked.reason, actor=actor)
        return Answer(status=200, content=_alert_json(done))

    return await once(request, principal, work)


@router.get("/ledger", operation_id="getLedger", response_model=LedgerOut, responses=problems(401, 403, 404))
async def get_ledger(
    platform: PlatformDep,
    principal: LedgerReader,
    response: Response,
    site: Site = None,
    day: LedgerDay = None,
) -> dict[str, Any]:
    """A site's day, checked entry by entry against its chain, its details and the heads in the logs."""
    response.headers.update(UNKEPT)
    async with platform.database.read() as uow:
        found = await ledger.read(uow, site_of(principal, site), day or day_of(platform.now()))
    return {
        "site": found.head.site,
        "day": found.head.day,
        "number": found.head.number,
        "hash": found.head.hash.hex(),
        "intact": found.fault is None,
        "fault": found.fault,
        "entries": [_entry_json(one) for one in found.entries],
    }


@router.post(
    "/closures",
    status_code=201,
    dependencies=KEYED,
    operation_id="closeArrival",
    response_model=ClosureOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_closure(
    request: Request, platform: PlatformDep, principal: Closer, asked: ClosureIn
) -> Response:
    """Close the arrival of a draw at the caller's site: the ledger's head goes into the draw's log."""
    act = ledger.Act(
        platform=platform, site=own_site(principal), actor=actor_of(request, principal), now=platform.now()
    )

    async def work(uow: UnitOfWork) -> Answer:
        anchor = await ledger.close(uow, act, await ledger.draw_at(uow, act.site, asked.draw))
        return Answer(status=201, content=_closure_json(anchor, act), log_size=anchor.log_index + 1)

    return await once(request, principal, work)


@router.post(
    "/attestations",
    status_code=201,
    dependencies=KEYED,
    operation_id="attestWithoutCard",
    response_model=AttestationOut,
    responses=problems(401, 403, 404, 413, 415),
)
async def post_attestation(
    request: Request, desk: DeskDep, principal: Overseer, asked: AttestationIn
) -> Response:
    """A supervisor's word for one person without an identity card: once, within ten minutes."""
    actor = actor_of(request, principal)

    async def effect() -> Answer:
        given = await supervised.attest(desk.platform, asked.site, actor=actor)
        content = {"attestation": given.id, "site": given.site, "expires_at": given.expires_at}
        return Answer(status=201, content=content)

    return await once_effect(request, principal, effect)


@router.get("/locks", operation_id="listLocks", response_model=LockPage, responses=problems(401, 403, 404))
async def get_locks(platform: PlatformDep, principal: Overseer, site: Site = None) -> dict[str, Any]:
    """Documents with too many wrong codes at a site, by handle: which documents, nobody is told."""
    async with platform.database.read() as uow:
        found = await uow.arrivals.locks(site_of(principal, site), tries=MAX_TRIES)
    return {"items": [_lock_json(one) for one in found]}


@router.get(
    "/presences", operation_id="listPresences", response_model=PresencePage, responses=problems(401, 403, 404)
)
async def get_presences(platform: PlatformDep, principal: Overseer, site: Site = None) -> dict[str, Any]:
    """Who is present at a site, by short code and state, for the supervisor's release."""
    async with platform.database.read() as uow:
        here = await uow.arrivals.present_at(site_of(principal, site))
    return {"items": [_presence_json(one) for one in here]}


@router.post(
    "/locks/{lock_id}/release",
    dependencies=KEYED,
    operation_id="releaseLock",
    response_model=LockOut,
    responses=problems(401, 403, 404),
)
async def post_lock_release(
    request: Request, platform: PlatformDep, principal: Overseer, lock_id: str
) -> Response:
    """Let the tries under one document begin anew."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        done = await supervised.release_lock(uow, platform, lock_id, actor=actor)
        return Answer(status=200, content=_lock_json(done))

    return await once(request, principal, work)


@router.post(
    "/arrivals/{arrival_id}/release",
    dependencies=KEYED,
    operation_id="releaseArrival",
    response_model=ReleasedOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_release(
    request: Request, platform: PlatformDep, principal: Overseer, arrival_id: str, asked: ReasonIn
) -> Response:
    """Let one person go: from now on the locker gives back and leaving is no alert."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        done = await supervised.release(uow, platform, arrival_id, reason=asked.reason, actor=actor)
        content = {"arrival": done.id, "state": done.state, "released_at": done.released_at}
        return Answer(status=200, content=content)

    return await once(request, principal, work)


@router.post(
    "/releases",
    dependencies=KEYED,
    operation_id="releaseDraw",
    response_model=DrawReleaseOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_draw_release(
    request: Request, platform: PlatformDep, principal: Overseer, asked: DrawReleaseIn
) -> Response:
    """The evaluation of a draw is over: everybody who came for it may go."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        number = await supervised.release_draw(uow, platform, asked.draw, reason=asked.reason, actor=actor)
        return Answer(status=200, content={"draw": asked.draw, "released": number})

    return await once(request, principal, work)


async def _require_site(platform: Platform, site: str) -> None:
    """Raises NotFoundError ``site.unknown``: nobody writes into the ledger of a site that is none."""
    async with platform.database.read() as uow:
        if await uow.venues.site(site) is None:
            raise NotFoundError("site.unknown")


def _lock_json(one: Tries) -> dict[str, JsonValue]:
    return {
        "lock": one.id,
        "site": one.site,
        "tries": one.tries,
        "last_at": one.last_at,
        "released_at": one.released_at,
    }


def _presence_json(one: Arrival) -> dict[str, Any]:
    kept = ("code", "state", "arrived_at", "released_at")
    return {"arrival": one.id, "draw": one.draw_id} | {name: getattr(one, name) for name in kept}


def _alert_json(one: SiteAlert) -> dict[str, Any]:
    values = asdict(one)
    seconds = None
    if one.closed_at is not None:
        seconds = int((from_text(one.closed_at) - from_text(one.opened_at)).total_seconds())
    kept = ("site", "kind", "level", "subject", "opened_at", "closed_at", "closed_by")
    return {"alert": one.id, "seconds": seconds} | {name: values[name] for name in kept}


def _entry_json(one: ledger.ReadEntry) -> dict[str, Any]:
    entry = one.entry
    return {
        "number": entry.number,
        "time": entry.time,
        "kind": entry.kind,
        "actor": entry.actor,
        "about": dict(one.about),
        "hash": entry.hash.hex(),
    }


def _closure_json(anchor: Anchor, act: ledger.Act) -> dict[str, Any]:
    return {
        "draw": anchor.draw_id,
        "site": act.site,
        "day": anchor.day,
        "number": anchor.number,
        "hash": ledger.hash_of(anchor),
        "log_index": anchor.log_index,
    }
