"""`/v1/projects`: register sections and their bidders, import a tender notice (OCDS)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import ValidationError

from app.api.declared import KEYED, IfMatch, problems
from app.api.idempotent import Answer, once
from app.api.pages import DEFAULT_LIMIT, MAX_LIMIT, cursor_of, etag, expected_version, link_next, read_cursor
from app.api.principals import PlatformDep, acting, actor_of
from app.api.received import Received, faults_of, filled
from app.api.schemas import BiddersIn, ImportIn, ProjectIn, ProjectOut, ProjectPage
from app.api.strict_json import StrictRoute, require_json
from app.errors import Fault, InputRefusedError
from app.gateways.ocds import parse_package, read_notice
from app.store.repositories.projects import Project
from app.store.unit_of_work import UnitOfWork
from app.usecases.faults import together
from app.usecases.invitations.conflicts import bidders_changed
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.projects import (
    ProjectOrder,
    bidder_faults,
    document_of_notice,
    find,
    order_faults,
    register,
    replace_bidders,
)

router = APIRouter(prefix="/v1", tags=["projects"], route_class=StrictRoute)
# The import route reads its body itself: OCDS has fractions, which our own records have no place for.
import_router = APIRouter(prefix="/v1", tags=["projects"])
Reader = Annotated[Principal, Depends(acting("project.read"))]
Lister = Annotated[Principal, Depends(acting("project.list"))]
Writer = Annotated[Principal, Depends(acting("project.write"))]
_HEADER: Final = frozenset({"project", "section", "owner"})


@router.post(
    "/projects",
    status_code=201,
    dependencies=KEYED,
    operation_id="registerProject",
    response_model=ProjectOut,
    responses=problems(401, 403, 409, 413, 415, 422),
)
async def post_project(
    request: Request,
    platform: PlatformDep,
    principal: Writer,
    body: Annotated[Received[ProjectIn], Body()],
) -> Response:
    """Register one section of a project with its bidders and the terms of its evaluation."""
    document = {name: value for name, value in body.value.items() if name not in _HEADER} | {"source": None}
    order = _order(body.value, document)

    async def work(uow: UnitOfWork) -> Answer:
        body.refuse(order_faults(order, platform.packs) if body.faults else ())
        return await _registered(uow, request, platform, principal, order)

    return await once(request, principal, work)


@import_router.post(
    "/projects:import",
    status_code=201,
    dependencies=KEYED,
    operation_id="importProject",
    response_model=ProjectOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["package", "import"],
                        "additionalProperties": False,
                        "properties": {
                            "package": {"type": "object", "description": "OCDS 1.1 release package"},
                            "import": {"$ref": "#/components/schemas/ImportIn"},
                        },
                    }
                }
            },
        }
    },
)
async def import_project(request: Request, platform: PlatformDep, principal: Writer) -> Response:
    """Register a section from an OCDS release package: buyer and bidders come from the notice.

    With several notices in the package `ocid` chooses; without it the one with the most bidders is taken.
    """
    require_json(request)
    order = _import_order(parse_package(await request.body()), platform)
    return await once(request, principal, lambda uow: _registered(uow, request, platform, principal, order))


@router.get(
    "/projects",
    operation_id="listProjects",
    response_model=ProjectPage,
    responses=problems(401, 403),
)
async def get_projects(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Lister,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The agency's own sections, by id."""
    after = read_cursor(cursor)
    async with platform.database.read() as uow:
        rows = await uow.projects.page(
            agency_id=principal.agency_id or "", mode=principal.mode, after=after, limit=limit + 1
        )
    following = cursor_of(rows[limit - 1].id, rows[limit - 1].section) if len(rows) > limit else None
    link_next(request, response, following)
    return {"items": [project_json(one) for one in rows[:limit]], "next": following}


@router.get(
    "/projects/{project_id}/{section}",
    operation_id="getProject",
    response_model=ProjectOut,
    responses=problems(401, 403, 404),
)
async def get_project(
    response: Response, platform: PlatformDep, principal: Reader, project_id: str, section: str
) -> dict[str, Any]:
    """One section, with its ETag."""
    async with platform.database.read() as uow:
        project = await find(uow, principal, project_id, section)
    response.headers["ETag"] = etag(project.version)
    return project_json(project)


@router.put(
    "/projects/{project_id}/bidders",
    operation_id="replaceBidders",
    response_model=ProjectOut,
    responses=problems(401, 403, 404, 409, 412, 413, 415, 422),
)
async def put_bidders(
    *,
    request: Request,
    response: Response,
    platform: PlatformDep,
    principal: Writer,
    project_id: str,
    body: Annotated[Received[BiddersIn], Body()],
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Replace the bidders of a section until its draw is sealed. Nobody can be left out, only marked
    withdrawn.
    """
    bidders = body.value.get("bidders")
    body.refuse(bidder_faults(bidders))
    section: str = body.value["section"]

    async def work(uow: UnitOfWork) -> Project:
        changed = await replace_bidders(
            uow,
            principal,
            project_id=project_id,
            section=section,
            bidders=bidders,
            expected=expected_version(if_match),
            now=platform.now(),
        )
        target = f"{project_id}/{section}"
        await note(uow, actor_of(request, principal), "project.bidders", target, now=platform.now())
        await bidders_changed(uow, changed, now=platform.now())
        return changed

    project = await platform.database.transact(work)
    response.headers["ETag"] = etag(project.version)
    return project_json(project)


def project_json(project: Project) -> dict[str, Any]:
    """A section as the API shows it."""
    return {
        "project": project.id,
        "section": project.section,
        "owner": project.owner,
        "mode": project.mode,
        "version": project.version,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "document": dict(project.document),
    }


async def _registered(
    uow: UnitOfWork, request: Request, platform: PlatformDep, principal: Principal, order: ProjectOrder
) -> Answer:
    now = platform.now()
    project = await register(uow, principal, order, platform.packs, now=now)
    await note(
        uow, actor_of(request, principal), "project.register", f"{project.id}/{project.section}", now=now
    )
    location = f"/v1/projects/{project.id}/{project.section}"
    headers = {"Location": location, "ETag": etag(project.version)}
    return Answer(status=201, content=project_json(project), headers=headers)


def _order(header: Mapping[str, object], document: object) -> ProjectOrder:
    return ProjectOrder(
        project=header.get("project"),
        section=header.get("section"),
        owner=header.get("owner"),
        document=document,
    )


def _import_order(value: object, platform: Platform) -> ProjectOrder:
    if not isinstance(value, dict) or value.keys() != {"package", "import"}:
        raise InputRefusedError("request.invalid", [Fault(code="schema.missing", pointer="/package")])
    malformed: tuple[Fault, ...] = ()
    about: Any = value["import"]
    try:
        about = ImportIn.model_validate(about).model_dump(by_alias=True)
    except ValidationError as error:
        malformed = faults_of(error, "/import")
        if not isinstance(about, dict):
            raise InputRefusedError("request.invalid", malformed) from error
        about = filled(ImportIn, about)
    ocid = about["ocid"] if isinstance(about["ocid"], str) else None
    notice = read_notice(value["package"], ocid=ocid)
    terms = about.get("terms")
    document = document_of_notice(notice, terms if isinstance(terms, dict) else {})
    order = _order(about | {"project": about["project"] or notice.project_id}, document)
    if malformed:
        others = [_in_import(one) for one in order_faults(order, platform.packs)]
        raise InputRefusedError("request.invalid", together(malformed, others))
    return order


def _in_import(fault: Fault) -> Fault:
    """A fault of the project that an import would make, told where the import says it."""
    place = fault.pointer if fault.pointer.split("/")[1] in _HEADER else f"/terms{fault.pointer}"
    return replace(fault, pointer=f"/import{place}")
