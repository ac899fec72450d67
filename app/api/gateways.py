"""`POST /v1/gateways/{name}/reports`: what gateways report of messages.

The signature in the body is the credential, and the report's own id makes a repetition harmless: no key, no
Idempotency-Key. What a report means is `app.usecases.delivery.reports`.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import problems
from app.api.gateway_schemas import GatewayIn, StoredOut
from app.api.principals import PlatformDep, RateLimiter, address_of, platform_of
from app.api.strict_json import StrictRoute
from app.errors import NotFoundError
from app.usecases.delivery.reports import receive


async def reporting_rate(request: Request, response: Response) -> None:
    """A caller's rate, per address: a provider reports more than the public reads."""
    limiter: RateLimiter = request.app.state.limiter
    who, now = f"gateway:{address_of(request)}", platform_of(request).clock()
    response.headers.update(await limiter.hit("caller", who, now=now))


router = APIRouter(
    prefix="/v1", tags=["gateways"], route_class=StrictRoute, dependencies=[Depends(reporting_rate)]
)


@router.post(
    "/gateways/{name}/reports",
    operation_id="reportDelivery",
    response_model=StoredOut,
    responses=problems(401, 404, 409, 413, 415),
)
async def post_report(
    request: Request, platform: PlatformDep, name: str, report: GatewayIn
) -> dict[str, Any]:
    """A signed report; sent again, it counts once."""
    gateway = request.app.state.gateways.get(name)
    if gateway is None:
        raise NotFoundError("gateway.unknown")
    fresh = await receive(platform, gateway, report.model_dump())
    request.app.state.wake()
    return {"message": report.message, "repeated": not fresh}
