"""`/v1/letters/{id}/sessions…` and `…/passkeys…`: showing at a letter that it is you, and passkeys.

The page makes a token and sends it as ``Letter-Session: <64 hex digits>``; whoever brings a right one-time
code or passkey with it is known by it for a quarter of an hour, at this letter only. Rates and refusals are
those of the letter (`app.api.letters`). No Idempotency-Key: a challenge or code counts once by itself.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api.campaign_schemas import LetterPasskeyOut, LetterPasskeysOut, LetterSessionOut, LetterSignInIn
from app.api.cookies import entrance_of
from app.api.declared import problems
from app.api.letters import Auth, token_of
from app.api.people_schemas import Credential
from app.api.principals import PlatformDep
from app.api.strict_json import StrictRoute
from app.store.repositories.expert_passkeys import ExpertPasskey
from app.usecases.invitations import expert_passkeys, signing_in
from app.usecases.invitations.signing_in import Bearer

router = APIRouter(prefix="/v1", tags=["letters"], route_class=StrictRoute)
PasskeyId = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$")]
_SESSIONS: Final = "/letters/{letter_id}/sessions"
_PASSKEYS: Final = "/letters/{letter_id}/passkeys"


async def letter_bearer(request: Request, auth: Auth, letter_id: str) -> Bearer:
    """What the page shows: the letter's proof, and the token it made."""
    return Bearer(letter_id=letter_id, auth=auth, token=token_of(request))


Shown = Annotated[Bearer, Depends(letter_bearer)]


@router.post(
    _SESSIONS,
    operation_id="signInToLetter",
    response_model=LetterSessionOut,
    responses=problems(403, 404, 409, 413, 415),
)
async def post_session(
    request: Request, platform: PlatformDep, auth: Auth, letter_id: str, typed: LetterSignInIn
) -> dict[str, str]:
    """Sign in with link and one-time code."""
    shown = Bearer(letter_id=letter_id, auth=auth, token=token_of(request), code=typed.code)
    return {"ends_at": await signing_in.sign_in(platform, shown)}


@router.post(f"{_SESSIONS}/passkey/options", operation_id="startLetterPasskeySignIn", responses=problems(404))
async def post_sign_in_options(request: Request, shown: Shown) -> dict[str, Any]:
    """A challenge for any passkey of this site (WebAuthn request options); it says nothing about anybody."""
    return await expert_passkeys.sign_in_options(entrance_of(request), shown)


@router.post(
    f"{_SESSIONS}/passkey",
    operation_id="finishLetterPasskeySignIn",
    response_model=LetterSessionOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_passkey_session(request: Request, shown: Shown, credential: Credential) -> dict[str, str]:
    """Sign in with link and passkey."""
    answered = credential.model_dump(exclude_none=True)
    return {"ends_at": await expert_passkeys.sign_in(entrance_of(request), shown, answered)}


@router.get(
    _PASSKEYS,
    operation_id="listLetterPasskeys",
    response_model=LetterPasskeysOut,
    responses=problems(403, 404),
)
async def get_passkeys(platform: PlatformDep, shown: Shown) -> dict[str, Any]:
    """The passkeys of whoever signed in here."""
    return {"items": [_told(one) for one in await expert_passkeys.listed(platform, shown)]}


@router.post(f"{_PASSKEYS}/options", operation_id="startLetterPasskey", responses=problems(403, 404))
async def post_passkey_options(request: Request, shown: Shown) -> dict[str, Any]:
    """A challenge for making a passkey (WebAuthn creation options)."""
    return await expert_passkeys.registration_options(entrance_of(request), shown)


@router.post(
    _PASSKEYS,
    status_code=201,
    operation_id="addLetterPasskey",
    response_model=LetterPasskeyOut,
    responses=problems(401, 403, 404, 409, 413, 415),
)
async def post_passkey(request: Request, shown: Shown, credential: Credential) -> dict[str, Any]:
    """Keep a passkey of whoever signed in here."""
    made = credential.model_dump(exclude_none=True)
    kept = await expert_passkeys.register(entrance_of(request), shown, made)
    request.app.state.wake()
    return _told(kept)


@router.delete(
    f"{_PASSKEYS}/{{passkey_id}}",
    status_code=204,
    operation_id="removeLetterPasskey",
    responses=problems(403, 404),
)
async def delete_passkey(
    request: Request, platform: PlatformDep, shown: Shown, passkey_id: PasskeyId
) -> Response:
    """Remove a passkey of whoever signed in here; what was begun with it ends."""
    await expert_passkeys.remove(platform, shown, passkey_id)
    request.app.state.wake()
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _told(passkey: ExpertPasskey) -> dict[str, Any]:
    return {"id": passkey.id, "created_on": passkey.created_on, "used_on": passkey.used_on}
