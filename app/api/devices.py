"""`/v1/devices`: devices made known and revoked, and the events that they report.

An event is signed by the device's own key (RFC 9421, Ed25519, key id = the device's id); its nonce is spent
with it, so a recorded event cannot be sent again, nor kept for later. A device's clock may be some minutes
off: that is measured, not refused.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.desk import UNKEPT, DeskDep
from app.api.desk_schemas import DeviceEventIn, DeviceEventOut, DeviceIn, DeviceOut, DevicePage
from app.api.desk_watch import Site, site_of
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of, address_of, public_rate
from app.api.strict_json import StrictRoute
from app.errors import AccessRefusedError
from app.gateways.message_signatures import HttpMessage, VerifiedSignature, claimed_key_id, verify
from app.store.repositories.devices import Device
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.arrival import device_events, devices
from app.usecases.principals import Principal

router = APIRouter(prefix="/v1/devices", tags=["devices"], route_class=StrictRoute)
Installer = Annotated[Principal, Depends(acting("device.write"))]
Watcher = Annotated[Principal, Depends(acting("alert.read"))]
# How far a device's clock may be off before its signature is no longer believed.
SKEW: Final = timedelta(minutes=3)


@router.get("", operation_id="listDevices", response_model=DevicePage, responses=problems(401, 403, 404))
async def get_devices(platform: PlatformDep, principal: Watcher, site: Site = None) -> dict[str, Any]:
    """The devices of a site: when each was heard of, and how far its clock is off."""
    async with platform.database.read() as uow:
        found = await uow.devices.of_site(site_of(principal, site))
    return {"items": [_device_json(one) for one in found]}


@router.post(
    "",
    status_code=201,
    dependencies=KEYED,
    operation_id="registerDevice",
    response_model=DeviceOut,
    responses=problems(401, 403, 404, 409, 413, 415, 422),
)
async def post_device(request: Request, desk: DeskDep, principal: Installer, asked: DeviceIn) -> Response:
    """Make a device known by its key."""
    wanted, actor = devices.NewDevice(**asked.model_dump()), actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        made = await devices.register(uow, desk, wanted, actor=actor)
        return Answer(status=201, content=_device_json(made))

    return await once(request, principal, work)


@router.post(
    "/{device_id}/revocation",
    dependencies=KEYED,
    operation_id="revokeDevice",
    response_model=DeviceOut,
    responses=problems(401, 403, 404, 409),
)
async def post_revocation(request: Request, desk: DeskDep, principal: Installer, device_id: str) -> Response:
    """Believe a device no longer."""
    actor = actor_of(request, principal)

    async def work(uow: UnitOfWork) -> Answer:
        gone = await devices.revoke(uow, desk, device_id, actor=actor)
        return Answer(status=200, content=_device_json(gone))

    return await once(request, principal, work)


@router.post(
    "/{device_id}/events",
    operation_id="reportEvent",
    response_model=DeviceEventOut,
    dependencies=[Depends(public_rate)],
    responses=problems(401, 404, 409, 413, 415),
)
async def post_event(
    request: Request, response: Response, desk: DeskDep, device_id: str, event: DeviceEventIn
) -> dict[str, Any]:
    """One event of a device, under the device's own signature; each signature counts once."""
    response.headers.update(UNKEPT)
    heard = device_events.DeviceEvent(**event.model_dump())
    body = await request.body()

    async def work(uow: UnitOfWork) -> device_events.Heard:
        device, verified = await _verified(uow, request, desk.platform.clock(), device_id, body)
        await uow.devices.spend_nonce(
            device.id,
            verified.nonce,
            expires_at=to_text(verified.expires_at),
            now=desk.platform.now(),
        )
        return await device_events.hear(uow, desk, device, heard, address=address_of(request))

    done = await desk.platform.database.transact(work)
    decided = done.decided
    opens = None if event.kind != "badge" else decided is not None and decided.decision.opens
    passage = None if decided is None else decided.passage
    return {"accepted": True, "opens": opens, "passage": passage, "clock_offset": done.clock_offset}


async def _verified(
    uow: UnitOfWork, request: Request, now: Any, device_id: str, body: bytes
) -> tuple[Device, VerifiedSignature]:
    """The device behind a request. One refusal for an unknown device, a revoked one and a wrong signature."""
    device = await uow.devices.get(device_id[:64])
    claimed = claimed_key_id(request.headers)
    if device is None or device.revoked_at is not None or claimed != device.id:
        raise AccessRefusedError("signature.invalid")
    message = HttpMessage(method=request.method, url=str(request.url), headers=dict(request.headers))
    public = bytes.fromhex(device.public)
    return device, verify(message, body, key_id=device.id, public=public, now=now, skew=SKEW)


def _device_json(one: Device) -> dict[str, Any]:
    kept = ("site", "kind", "name", "public", "gate", "last_heartbeat", "clock_offset", "lost_at")
    values = asdict(one)
    return {"device": one.id} | {name: values[name] for name in kept}
