"""`/v1/letters/{id}…`: the page of one letter. Its secret's proof of possession is the credential.

``Authorization: Letter <64 hex digits>``. An unknown letter, a wrong proof and a malformed one get the same
answer after the same work. Rates are counted per letter and per address. Nothing here is kept by a cache.
"""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from app.api.campaign_schemas import CodeOut, LetterOut, ReplyIn
from app.api.declared import KEYED, problems
from app.api.idempotent import Answer, once_effect
from app.api.principals import PlatformDep, RateLimiter, address_of, platform_of
from app.api.strict_json import StrictRoute
from app.usecases.invitations import pages, signing_in
from app.usecases.invitations.pages import Page
from app.usecases.invitations.replies import Said
from app.usecases.invitations.signing_in import TOKEN_BYTES, Bearer
from app.usecases.principals import EXPERT, Principal, require, scopes_of

router = APIRouter(prefix="/v1", tags=["letters"], route_class=StrictRoute)
_SCHEME: Final = "letter "
_AUTH_BYTES: Final = 32
_ID_LENGTH: Final = 24
_UNKEPT: Final = {"Cache-Control": "no-store"}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}}
}


async def letter_auth(request: Request, response: Response, letter_id: str) -> bytes:
    """The proof of possession that a page shows, after its rates; 32 zero bytes for a malformed one, which
    no letter has."""
    limiter: RateLimiter = request.app.state.limiter
    now = platform_of(request).clock()
    await limiter.hit("public", address_of(request), now=now)
    # A name of its own: a path may spell an address, whose sign-ins are counted under the same rate.
    who = f"letter:{letter_id[:_ID_LENGTH]}"
    response.headers.update(await limiter.hit("sign-in", who, now=now))
    response.headers.update(_UNKEPT)
    header = request.headers.get("authorization", "")
    shown = header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
    try:
        auth = bytes.fromhex(shown)
    except ValueError:
        auth = b""
    return auth if len(auth) == _AUTH_BYTES else bytes(_AUTH_BYTES)


Auth = Annotated[bytes, Depends(letter_auth)]


@router.get(
    "/letters/{letter_id}", operation_id="getLetter", response_model=LetterOut, responses=problems(404)
)
async def get_letter(platform: PlatformDep, auth: Auth, letter_id: str) -> dict[str, Any]:
    """The sealed letter, where it stands, and the server's time."""
    return _shown(await pages.open_page(platform, letter_id, auth))


@router.post(
    "/letters/{letter_id}/code",
    operation_id="sendLetterCode",
    response_model=CodeOut,
    responses=problems(404, 409),
)
async def post_code(request: Request, platform: PlatformDep, auth: Auth, letter_id: str) -> dict[str, str]:
    """Send a one-time code to the phone or address of whoever was invited."""
    channel = await pages.send_code(platform, letter_id, auth)
    request.app.state.wake()
    return {"channel": channel}


@router.post(
    "/letters/{letter_id}/replies",
    dependencies=KEYED,
    operation_id="replyToLetter",
    response_model=LetterOut,
    responses=problems(403, 404, 409, 413, 415, 422),
)
async def post_reply(
    request: Request, platform: PlatformDep, auth: Auth, letter_id: str, asked: ReplyIn
) -> Response:
    """Accept, decline or take leave: signed with the letter's key, with a one-time code or by whoever signed
    in before; logged before it is acknowledged."""
    said = Said(
        answer=asked.answer, at=asked.at, signature=bytes.fromhex(asked.signature), reason=asked.reason
    )
    async with platform.database.read() as uow:
        await signing_in.bearer(uow, letter_id, auth)
    shown = Bearer(letter_id=letter_id, auth=auth, token=token_of(request), code=asked.code)

    async def attempt() -> Answer:
        page, size = await pages.answer(platform, shown, said)
        return Answer(status=200, content=_shown(page), headers=_UNKEPT, log_size=size)

    done = await once_effect(request, _bearer(letter_id, platform.mode), attempt)
    request.app.state.wake()
    return done


@router.get(
    "/letters/{letter_id}/receipt",
    operation_id="getReplyReceipt",
    response_class=Response,
    responses={**problems(404), **_FILE},
)
async def get_receipt(platform: PlatformDep, auth: Auth, letter_id: str) -> Response:
    """The receipt of the newest answer, to be kept and held against the log later."""
    data = await pages.receipt(platform, letter_id, auth)
    attached = {"Content-Disposition": 'attachment; filename="reply-receipt.json"'}
    return Response(data, media_type="application/json", headers=_UNKEPT | attached)


def token_of(request: Request) -> bytes | None:
    """The token that the page made for itself; None without one or for a malformed one."""
    try:
        token = bytes.fromhex(request.headers.get("letter-session", ""))
    except ValueError:
        return None
    return token if len(token) == TOKEN_BYTES else None


def _bearer(letter_id: str, mode: str) -> Principal:
    """Whoever bears this letter, as the matrix knows them."""
    principal = Principal(
        key_id=letter_id,
        person=letter_id,
        role=EXPERT,
        agency_id=None,
        scopes=frozenset(scopes_of(EXPERT)),
        mode=mode,
        signed=False,
    )
    require(principal, "letter.reply")
    return principal


def _shown(page: Page) -> dict[str, Any]:
    value = asdict(page)
    return {
        **value,
        "letter": page.letter.hex(),
        "may": list(page.may),
        "answers": [dict(one) for one in page.answers],
    }
