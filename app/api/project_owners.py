"""`/v1/projects/{project}/owner`: who is responsible for a section, and every hand-over so far (R74)."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from app.api.declared import IfMatch, problems
from app.api.pages import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    cursor_of,
    etag,
    expected_version,
    link_next,
    read_number,
)
from app.api.principals import PlatformDep, acting, actor_of
from app.api.projects import project_json
from app.api.received import Received
from app.api.record_schemas import HandOverPage, OwnerIn
from app.api.schemas import ProjectOut
from app.api.strict_json import StrictRoute
from app.store.repositories.projects import HandOver
from app.usecases.principals import Principal
from app.usecases.project_owners import hand_over, owner_faults
from app.usecases.projects import find

router = APIRouter(prefix="/v1", tags=["projects"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("project.read"))]
Giver = Annotated[Principal, Depends(acting("project.hand-over"))]


@router.put(
    "/projects/{project_id}/owner",
    operation_id="handOverProject",
    response_model=ProjectOut,
    responses=problems(401, 403, 404, 412, 413, 415, 422),
)
async def put_owner(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Giver,
    project_id: str,
    body: Annotated[Received[OwnerIn], Body()],
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Hand a section over to another responsible person. The former one and the reason stay on record."""
    body.refuse(owner_faults(body.value.get("owner"), body.value.get("reason")))
    actor, expected = actor_of(request, principal), expected_version(if_match)
    order = HandOver(
        project_id=project_id,
        section=body.value["section"],
        version=0,
        at=platform.now(),
        person=principal.person,
        former="",
        owner=body.value["owner"].strip(),
        reason=body.value["reason"].strip(),
    )
    project = await platform.database.transact(
        lambda uow: hand_over(uow, principal, order, expected=expected, actor=actor)
    )
    response.headers["ETag"] = etag(project.version)
    return project_json(project)


@router.get(
    "/projects/{project_id}/{section}/owners",
    operation_id="listHandOvers",
    response_model=HandOverPage,
    responses=problems(401, 403, 404),
)
async def get_owners(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Reader,
    project_id: str,
    section: str,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Every hand-over of a section, newest first."""
    before = read_number(cursor)
    async with platform.database.read() as uow:
        project = await find(uow, principal, project_id, section)
        rows = await uow.projects.hand_overs(project.id, project.section, before=before, limit=limit + 1)
    following = cursor_of(str(rows[limit - 1].version), "") if len(rows) > limit else None
    link_next(request, response, following)
    return {"items": [_json(one) for one in rows[:limit]], "next": following}


def _json(one: HandOver) -> dict[str, Any]:
    return {
        "version": one.version,
        "at": one.at,
        "former": one.former,
        "owner": one.owner,
        "reason": one.reason,
        "by": one.person,
    }
