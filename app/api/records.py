"""`/v1/pools/{pool}/changes` and `/v1/operations`: what changed in a pool, and who did what (R05, R50).

A change tells which fields of which record moved; the record is a keyed hash of the expert's id that joins
one expert's changes over versions and names nobody, and no value of a field is kept there at all. That the
operation log was read stands in it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.declared import problems
from app.api.pages import DEFAULT_LIMIT, MAX_LIMIT, MAX_SERIAL, cursor_of, link_next, read_number
from app.api.principals import PlatformDep, acting, actor_of
from app.api.record_schemas import OperationPage, PoolChangesPage
from app.api.schemas import Id
from app.store.repositories.operations import Operation
from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import note
from app.usecases.pools import changes_of
from app.usecases.principals import Principal

router = APIRouter(prefix="/v1", tags=["records"])
PoolReader = Annotated[Principal, Depends(acting("pool.read"))]
LogReader = Annotated[Principal, Depends(acting("operations.read"))]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The newest if left out.")]
Target = Annotated[
    str | None,
    Query(min_length=1, max_length=200, description="Only what was done to this: the id of a draw, key, …"),
]
_UNKEPT: Final = {"Cache-Control": "no-store"}


@router.get(
    "/pools/{pool_id}/changes",
    operation_id="listPoolChanges",
    response_model=PoolChangesPage,
    responses=problems(401, 403, 404),
)
async def get_pool_changes(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: PoolReader,
    pool_id: Id,
    version: Version = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> dict[str, Any]:
    """What one version of a pool changed against the one before; a first version lists nothing."""
    after = read_number(cursor, most=MAX_SERIAL) or 0
    async with platform.database.read() as uow:
        pool, found = await changes_of(
            uow, pool_id, version, mode=principal.mode, after=after, limit=limit + 1
        )
    following = cursor_of(str(found[limit - 1][0]), "") if len(found) > limit else None
    # The version is that of this page, also when another one is frozen before the next page is asked for.
    link_next(request, response, following, version=pool.version)
    items = [
        {"record": one.expert_tag, "kind": one.kind, "fields": list(one.fields), "at": one.at}
        for _, one in found[:limit]
    ]
    head = {"pool": pool.id, "version": pool.version, "root": pool.root.hex(), "frozen_at": pool.frozen_at}
    return {**head, "size": pool.size, "log_index": pool.entry_index, "items": items, "next": following}


@router.get(
    "/operations",
    operation_id="listOperations",
    response_model=OperationPage,
    responses=problems(401, 403),
)
async def get_operations(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: LogReader,
    target: Target = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The operation log, newest first; that it was read is in it."""
    response.headers.update(_UNKEPT)
    before, actor = read_number(cursor, most=MAX_SERIAL), actor_of(request, principal)

    async def work(uow: UnitOfWork) -> list[tuple[int, Operation]]:
        found = await uow.operations.page(before=before, target=target, limit=limit + 1)
        await note(uow, actor, "operations.read", target or "-", now=platform.now())
        return found

    rows = await platform.database.transact(work)
    following = cursor_of(str(rows[limit - 1][0]), "") if len(rows) > limit else None
    link_next(request, response, following)
    return {"items": [_json(number, one) for number, one in rows[:limit]], "next": following}


def _json(number: int, one: Operation) -> Mapping[str, Any]:
    return {
        "number": number,
        "time": one.time,
        "operator": one.operator,
        "address": one.address,
        "source": one.source,
        "action": one.action,
        "target": one.target,
    }
