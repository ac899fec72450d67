"""`/v1/passkeys` and `/v1/password`: the credentials of one's own account, changed soon after signing in."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api.cookies import entrance_of
from app.api.declared import problems
from app.api.people_schemas import PasskeyIn, PasskeyOut, PasskeysOut, PasswordIn
from app.api.principals import PlatformDep, acting, actor_of
from app.api.strict_json import StrictRoute
from app.usecases.people import passkeys, sessions, signing_in
from app.usecases.principals import Principal

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute)
Owner = Annotated[Principal, Depends(acting("credentials.write"))]
PasskeyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,400}$")]
_UNKEPT: Final = {"Cache-Control": "no-store"}


@router.get(
    "/passkeys", operation_id="listPasskeys", response_model=PasskeysOut, responses=problems(401, 403)
)
async def get_passkeys(platform: PlatformDep, principal: Owner) -> dict[str, Any]:
    """The passkeys of one's own account."""
    found = await sessions.current(platform, principal)
    async with platform.database.read() as uow:
        listed = await uow.passkeys.of(found.user.id)
    return {"items": [asdict(one) for one in listed]}


@router.post("/passkeys/options", operation_id="startPasskey", responses=problems(401, 403))
async def post_passkey_options(
    request: Request, response: Response, platform: PlatformDep, principal: Owner
) -> dict[str, Any]:
    """A challenge for making a passkey (WebAuthn creation options)."""
    response.headers.update(_UNKEPT)
    found = await sessions.fresh(platform, principal)
    return await passkeys.registration_options(entrance_of(request), found.user)


@router.post(
    "/passkeys",
    status_code=201,
    operation_id="addPasskey",
    response_model=PasskeyOut,
    responses=problems(401, 403, 409, 413, 415),
)
async def post_passkey(
    request: Request, platform: PlatformDep, principal: Owner, made: PasskeyIn
) -> dict[str, Any]:
    """Keep a passkey. The challenge in it is taken once, so no Idempotency-Key is asked for."""
    found = await sessions.fresh(platform, principal)
    kept = await passkeys.register(
        entrance_of(request),
        found,
        made.credential.model_dump(exclude_none=True),
        label=made.label,
        actor=actor_of(request, principal),
    )
    return asdict(kept)


@router.delete(
    "/passkeys/{passkey_id}", status_code=204, operation_id="removePasskey", responses=problems(401, 403, 404)
)
async def delete_passkey(
    request: Request, platform: PlatformDep, principal: Owner, passkey_id: PasskeyId
) -> Response:
    """Remove a passkey of one's own account."""
    found = await sessions.fresh(platform, principal)
    await passkeys.remove(entrance_of(request), found, passkey_id, actor=actor_of(request, principal))
    return Response(status_code=204)


@router.post(
    "/password", status_code=204, operation_id="changePassword", responses=problems(401, 403, 413, 415, 422)
)
async def post_password(
    request: Request, platform: PlatformDep, principal: Owner, asked: PasswordIn
) -> Response:
    """Another password, against the old one and a code; every other browser is signed out."""
    found = await sessions.current(platform, principal)
    await signing_in.change_password(
        entrance_of(request),
        found,
        password=asked.password,
        code=asked.code,
        new=asked.new,
        actor=actor_of(request, principal),
    )
    return Response(status_code=204, headers=_UNKEPT)
