"""`/v1/site-gateways`: keys of the gateways at sites' edges, proposed by one person and approved by another.

One person is enough to revoke; a channel that ends in this process is cut before the answer, one that ends in
another within a second. What gateways themselves speak is `app.api.gateway_signal`.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk_watch import Site
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of
from app.api.site_gateway_schemas import GatewayApprovalIn, SiteGatewayIn, SiteGatewayOut, SiteGatewayPage
from app.api.strict_json import StrictRoute
from app.store.repositories.site_gateways import SiteGateway
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import Principal
from app.usecases.room import gateway_keys
from app.usecases.room.gateways import GatewayDesk

router = APIRouter(prefix="/v1/site-gateways", tags=["site-gateways"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("gateway.read"))]
Proposer = Annotated[Principal, Depends(acting("gateway.enrol"))]
Approver = Annotated[Principal, Depends(acting("gateway.approve"))]
Revoker = Annotated[Principal, Depends(acting("gateway.revoke"))]
_KEYS: Final = problems(401, 403, 404, 409, 413, 415, 422)


def desk_of(request: Request) -> GatewayDesk | None:
    """The gateways that are here."""
    desk: GatewayDesk | None = request.app.state.hall.gateways
    return desk


DeskDep = Annotated[GatewayDesk | None, Depends(desk_of)]


@router.get("", operation_id="listSiteGateways", response_model=SiteGatewayPage, responses=problems(401, 403))
async def get_gateways(
    platform: PlatformDep, desk: DeskDep, _principal: Reader, site: Site = None
) -> dict[str, Any]:
    """The gateways of a site, or of every site: how each stands, and by whose word."""
    async with platform.database.read() as uow:
        found = await uow.site_gateways.all(site)
    return {"items": [_json(one, platform.log.key.public, desk) for one in found]}


@router.post(
    "",
    status_code=201,
    dependencies=KEYED,
    operation_id="proposeSiteGateway",
    response_model=SiteGatewayOut,
    responses=_KEYS,
)
async def post_gateway(
    request: Request, platform: PlatformDep, principal: Proposer, asked: SiteGatewayIn
) -> Response:
    """Propose the key of a site's gateway; another person has to approve it."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await gateway_keys.propose(
            uow, platform, site=asked.site, name=asked.name, public=asked.key, actor=actor
        )
        return Answer(status=201, content=_json(made, platform.log.key.public, desk_of(request)))

    return await once(request, principal, work)


@router.post(
    "/{gateway_id}/approval",
    dependencies=KEYED,
    operation_id="approveSiteGateway",
    response_model=SiteGatewayOut,
    responses=_KEYS,
)
async def post_approval(
    request: Request,
    platform: PlatformDep,
    principal: Approver,
    gateway_id: str,
    asked: GatewayApprovalIn,
) -> Response:
    """Approve a gateway's key, as the gateway shows it; by another person than proposed it."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await gateway_keys.approve(uow, platform, gateway_id, asked.key, actor=actor)
        return Answer(status=200, content=_json(made, platform.log.key.public, desk_of(request)))

    return await once(request, principal, work)


@router.post(
    "/{gateway_id}/revocation",
    dependencies=KEYED,
    operation_id="revokeSiteGateway",
    response_model=SiteGatewayOut,
    responses=problems(401, 403, 404, 409),
)
async def post_revocation(
    request: Request, platform: PlatformDep, desk: DeskDep, principal: Revoker, gateway_id: str
) -> Response:
    """Believe a gateway no longer, and end its channel; one person is enough."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        gone = await gateway_keys.revoke(uow, platform, gateway_id, actor=actor)
        return Answer(status=200, content=_json(gone, platform.log.key.public, None))

    answer = await once(request, principal, work)
    if desk is not None:
        await desk.look(gateway_id)
    return answer


def _json(one: SiteGateway, hub: bytes, desk: GatewayDesk | None) -> dict[str, Any]:
    return {
        "gateway": one.id,
        "site": one.site,
        "name": one.name,
        "key": one.public,
        "state": gateway_keys.state_of(one),
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "approved_by": one.approved_by,
        "revoked_by": one.revoked_by,
        "here": desk is not None and desk.is_here(one.id),
        "hub_key": hub.hex(),
    }
