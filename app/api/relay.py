"""`/v1/venues/{site}/relay`: the relay box 资料中转, for a site's own staff and for supervision."""

import base64
import binascii
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.api.venue_schemas import (
    RelayItemOut,
    RelayKeyIn,
    RelayKeyOut,
    RelayList,
    RelayPutIn,
    RelayTakeIn,
    SignedIn,
)
from app.errors import Fault, InputRefusedError
from app.store.repositories.relay import RelaySignature
from app.store.unit_of_work import UnitOfWork
from app.usecases import relay_box
from app.usecases.principals import Principal
from crypto.canonical import JsonValue

router = APIRouter(prefix="/v1", tags=["relay"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("relay.read"))]
Relayer = Annotated[Principal, Depends(acting("relay.write"))]
_CHANGED: Final = problems(401, 403, 404, 409, 413, 415, 422)
_CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/venues/{site_id}/relay-keys",
    status_code=201,
    dependencies=KEYED,
    operation_id="registerRelayKey",
    response_model=RelayKeyOut,
    responses=_CHANGED,
)
async def post_key(
    request: Request, platform: PlatformDep, principal: Relayer, site_id: str, given: RelayKeyIn
) -> Response:
    """Tie the key of this browser to the signed-in person, for ninety days."""
    actor, public = actor_of(request, principal), given.public.model_dump()

    async def work(uow: UnitOfWork) -> Answer:
        key = await relay_box.register_key(uow, principal, site_id, public, actor=actor, now=platform.clock())
        return Answer(status=201, content={"id": key.id, "expires_at": key.expires_at})

    return await once(request, principal, work)


@router.get(
    "/venues/{site_id}/relay",
    operation_id="listRelay",
    response_model=RelayList,
    responses=problems(401, 403, 404),
)
async def get_relay(platform: PlatformDep, principal: Reader, site_id: str) -> dict[str, Any]:
    """What passed the box, newest first."""
    async with platform.database.read() as uow:
        return {"items": [_json(one, named=True) for one in await relay_box.items(uow, principal, site_id)]}


@router.post(
    "/venues/{site_id}/relay",
    status_code=201,
    dependencies=KEYED,
    operation_id="putIntoRelay",
    response_model=RelayItemOut,
    responses=_CHANGED,
)
async def post_item(
    request: Request, platform: PlatformDep, principal: Relayer, site_id: str, given: RelayPutIn
) -> Response:
    """Put a file into the box, signed and reasoned."""
    parcel = relay_box.Parcel(
        booking=given.booking,
        zone=given.zone,
        direction=given.direction,
        name=given.name,
        content=_content(given.content),
    )

    async def work(uow: UnitOfWork) -> Answer:
        put = await relay_box.put(uow, platform, principal, site_id, parcel, signed=_signed(given))
        return Answer(status=201, content=_json(put))

    return await once(request, principal, work)


@router.get(
    "/venues/{site_id}/relay/{item_id}",
    operation_id="getRelayItem",
    response_class=Response,
    responses={**problems(401, 403, 404, 409), **_CONTENT},
)
async def get_item(platform: PlatformDep, principal: Relayer, site_id: str, item_id: str) -> Response:
    """The bytes of an item that waits, for the receiver to hash and sign."""
    async with platform.database.read() as uow:
        item = await relay_box.fetch(uow, principal, site_id, item_id)
    headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
    return Response(item.content or b"", media_type="application/octet-stream", headers=headers)


@router.post(
    "/venues/{site_id}/relay/{item_id}:take",
    dependencies=KEYED,
    operation_id="takeFromRelay",
    response_model=RelayItemOut,
    responses=_CHANGED,
)
async def post_take(
    *,
    request: Request,
    platform: PlatformDep,
    principal: Relayer,
    site_id: str,
    item_id: str,
    given: RelayTakeIn,
) -> Response:
    """Sign for what arrived, by its digest; the content goes from the box."""

    async def work(uow: UnitOfWork) -> Answer:
        taken = await relay_box.taken(
            uow, platform, principal, site_id, item_id, digest=given.sha256, signed=_signed(given)
        )
        return Answer(status=200, content=_json(taken))

    return await once(request, principal, work)


def _signed(given: SignedIn) -> relay_box.Signed:
    return relay_box.Signed(
        key=given.key, reason=given.reason, at=given.at, signature=bytes.fromhex(given.signature)
    )


def _content(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        fault = Fault(code="schema.format", pointer="/content")
        raise InputRefusedError("request.invalid", [fault]) from error


def _json(relayed: relay_box.Relayed, *, named: bool = False) -> dict[str, JsonValue]:
    """An answer to a change is kept under its key, in clear: only a list names files."""
    item, signatures = relayed.item, relayed.signatures
    return {
        "id": item.id,
        "zone": item.zone_id,
        "booking": item.booking_id,
        "direction": item.direction,
        "name": item.name if named else None,
        "size": item.size,
        "sha256": item.digest,
        "put": _signature_json(signatures.get(relay_box.PUT)),
        "take": _signature_json(signatures.get(relay_box.TAKE)),
    }


def _signature_json(one: RelaySignature | None) -> JsonValue:
    return None if one is None else {"reason": one.reason, "by": one.person, "at": one.signed_at}
