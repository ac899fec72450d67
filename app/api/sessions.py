"""`/v1/sessions`: signing in with password and code or with a passkey, and signing out, here or everywhere.

The token travels in the cookie only, never in a body. Signing in is itself refused to foreign pages, so that
nobody is signed in to another's account unawares. No Idempotency-Key: a repeated sign-in is a new session.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app.api.cookies import drop_token, entrance_of, new_token, require_own_page, set_token, token_of
from app.api.declared import problems
from app.api.people_schemas import Credential, SessionOut, SignInIn
from app.api.principals import PlatformDep, acting, actor_of, address_of, sign_in_rate
from app.api.strict_json import StrictRoute
from app.usecases.people import passkeys, sessions, signing_in
from app.usecases.people.sessions import IDLE, SignedIn
from app.usecases.people.signing_in import Credentials, password_is_old
from app.usecases.platform import Platform
from app.usecases.principals import Principal

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute)
Reader = Annotated[Principal, Depends(acting("session.read"))]
Leaver = Annotated[Principal, Depends(acting("session.end"))]
OUTSIDE = [Depends(sign_in_rate), Depends(require_own_page)]


@router.post(
    "/sessions",
    dependencies=OUTSIDE,
    operation_id="signIn",
    response_model=SessionOut,
    responses=problems(401, 403, 413, 415),
)
async def post_session(
    request: Request, response: Response, platform: PlatformDep, typed: SignInIn
) -> dict[str, Any]:
    """Sign in with name, password and code. Whatever is wrong, the answer is the same."""
    entrance = entrance_of(request)
    token = new_token(entrance)
    given = Credentials(
        login=typed.login, password=typed.password, code=typed.code, presented=token_of(request)
    )
    opened = await signing_in.sign_in(entrance, given, address=address_of(request), token=token)
    set_token(response, entrance, token)
    return _shown(opened, platform, response)


@router.post(
    "/sessions/passkey/options",
    dependencies=OUTSIDE,
    operation_id="startPasskeySignIn",
    responses=problems(403),
)
async def post_passkey_options(request: Request, response: Response) -> dict[str, Any]:
    """A challenge for any passkey of this site (WebAuthn request options); it says nothing about accounts."""
    response.headers["Cache-Control"] = "no-store"
    return await passkeys.sign_in_options(entrance_of(request))


@router.post(
    "/sessions/passkey/verify",
    dependencies=OUTSIDE,
    operation_id="finishPasskeySignIn",
    response_model=SessionOut,
    responses=problems(401, 403, 413, 415),
)
async def post_passkey_verify(
    request: Request, response: Response, platform: PlatformDep, credential: Credential
) -> dict[str, Any]:
    """Sign in with the passkey's answer."""
    entrance = entrance_of(request)
    token = new_token(entrance)
    opened = await passkeys.sign_in(
        entrance,
        credential.model_dump(exclude_none=True),
        address=address_of(request),
        token=token,
        presented=token_of(request),
    )
    set_token(response, entrance, token)
    return _shown(opened, platform, response)


@router.get(
    "/sessions/current", operation_id="getSession", response_model=SessionOut, responses=problems(401, 403)
)
async def get_session(response: Response, platform: PlatformDep, principal: Reader) -> dict[str, Any]:
    """Who is signed in here."""
    return _shown(await sessions.current(platform, principal), platform, response)


@router.delete("/sessions/current", status_code=204, operation_id="signOut", responses=problems(401, 403))
async def delete_session(request: Request, platform: PlatformDep, principal: Leaver) -> Response:
    """Sign out of this browser."""
    return await _left(request, platform, principal, everywhere=False)


@router.delete("/sessions", status_code=204, operation_id="signOutEverywhere", responses=problems(401, 403))
async def delete_sessions(request: Request, platform: PlatformDep, principal: Leaver) -> Response:
    """Sign out of every browser: a stolen cookie is worth nothing from now on."""
    return await _left(request, platform, principal, everywhere=True)


async def _left(request: Request, platform: Platform, principal: Principal, *, everywhere: bool) -> Response:
    found = await sessions.current(platform, principal)
    await sessions.end(platform, found, everywhere=everywhere, actor=actor_of(request, principal))
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    drop_token(response, entrance_of(request))
    return response


def _shown(found: SignedIn, platform: Platform, response: Response) -> dict[str, Any]:
    response.headers["Cache-Control"] = "no-store"
    user, session = found.user, found.session
    return {
        "person": user.person,
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "agency": user.agency_id,
        "site": user.site_id,
        "method": session.method,
        "began_at": session.created_at,
        "ends_at": session.expires_at,
        "idle_minutes": int(IDLE.total_seconds()) // 60,
        "password_due": password_is_old(user, now=platform.clock()),
    }
