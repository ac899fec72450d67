"""How a caller proves who it is: an API key, a message signature (RFC 9421) or a session, with rate limits.

`acting("draw.request")` is the typed dependency of a route: it authenticates, spends the signature's nonce,
applies the caller's rate and checks the matrix of `app.usecases.rights`. A key with a signing key must sign
whatever changes something; a browser with a session must show that a page of this site sent it. A request
that brings an Authorization header is judged by that alone, whatever cookie comes with it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from limits import parse as parse_rate
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.api.cookies import AWAY, require_own_page, token_of
from app.api.problems import ProblemError
from app.errors import AccessRefusedError
from app.gateways.message_signatures import HttpMessage, claimed_key_id, verify
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.access import principal_of_token, usable
from app.usecases.operations import Actor
from app.usecases.people import sessions
from app.usecases.platform import Platform
from app.usecases.principals import Principal, require

_READING: Final = frozenset({"GET", "HEAD"})
_BEARER: Final = "bearer "
DEFAULT_RATE: Final = "1200/minute"
PUBLIC_RATE: Final = "600/minute"
SIGN_IN_RATE: Final = "30/minute"


class RateLimiter:
    """Fixed windows in this process's memory, per caller."""

    def __init__(
        self, *, callers: str = DEFAULT_RATE, public: str = PUBLIC_RATE, sign_ins: str = SIGN_IN_RATE
    ) -> None:
        self._strategy = FixedWindowRateLimiter(MemoryStorage())
        stated = {"caller": callers, "public": public, "sign-in": sign_ins}
        self._rates = {kind: parse_rate(rate) for kind, rate in stated.items()}

    async def hit(self, kind: str, who: str, *, now: datetime) -> dict[str, str]:
        """Count one request; the RateLimit headers. Raises ProblemError ``rate.limited``."""
        rate = self._rates[kind]
        allowed = await self._strategy.hit(rate, kind, who)
        reset, remaining = await self._strategy.get_window_stats(rate, kind, who)
        seconds = max(0, int(reset - now.timestamp()))
        headers = {
            "RateLimit-Limit": str(rate.amount),
            "RateLimit-Remaining": str(max(0, remaining)),
            "RateLimit-Reset": str(seconds),
        }
        if not allowed:
            raise ProblemError("rate.limited", seconds=seconds)
        return headers


def platform_of(request: Request) -> Platform:
    """The platform this application serves."""
    platform: Platform = request.app.state.platform
    return platform


PlatformDep = Annotated[Platform, Depends(platform_of)]


def acting(action: str) -> Callable[[Request, Response], Awaitable[Principal]]:
    """The dependency of a route that takes `action`: its principal, or the refusal."""

    async def dependency(request: Request, response: Response) -> Principal:
        principal = await authenticate(request)
        limiter: RateLimiter = request.app.state.limiter
        headers = await limiter.hit("caller", principal.account, now=platform_of(request).clock())
        response.headers.update(headers)
        require(principal, action)
        return principal

    dependency.action = action  # type: ignore[attr-defined]
    return dependency


async def public_rate(request: Request, response: Response) -> None:
    """The dependency of a public route: only a rate, per address."""
    limiter: RateLimiter = request.app.state.limiter
    response.headers.update(
        await limiter.hit("public", address_of(request), now=platform_of(request).clock())
    )


async def sign_in_rate(request: Request, response: Response) -> None:
    """The dependency of whatever checks a secret of somebody unknown: a low rate, per address."""
    limiter: RateLimiter = request.app.state.limiter
    response.headers.update(
        await limiter.hit("sign-in", address_of(request), now=platform_of(request).clock())
    )


async def authenticate(request: Request) -> Principal:
    """The caller of a request. Raises AccessRefusedError."""
    platform = platform_of(request)
    now = platform.clock()
    claimed = claimed_key_id(request.headers)
    if claimed is not None:
        body = await request.body()

        async def work(uow: UnitOfWork) -> Principal:
            return await _signed(uow, request, body, key_id=claimed, now=now)

        return await platform.database.transact(work)
    header = request.headers.get("authorization", "")
    cookie = token_of(request)
    if not header and cookie is not None:
        return await _of_browser(request, cookie)
    if not header.lower().startswith(_BEARER):
        raise AccessRefusedError("access.missing")
    async with platform.database.read() as uow:
        token = header[len(_BEARER) :].strip()
        principal, key = await principal_of_token(uow, token, mode=platform.mode, now=now)
    if key.signing_key is not None and request.method not in _READING:
        raise AccessRefusedError("signature.required")
    return principal


def actor_of(request: Request, principal: Principal) -> Actor:
    """Who acts, from which address, for the operation log."""
    return Actor(person=principal.person, address=address_of(request), source="api")


def address_of(request: Request) -> str:
    """The peer's network address; whether forwarded headers count is the server's setting, not ours."""
    return request.client.host[:64] if request.client is not None else "unknown"


async def _of_browser(request: Request, token: str) -> Principal:
    if request.method not in _READING:
        require_own_page(request)
    used = AWAY not in request.headers
    return sessions.principal_of(await sessions.of_token(platform_of(request), token, used=used))


async def _signed(uow: UnitOfWork, request: Request, body: bytes, *, key_id: str, now: datetime) -> Principal:
    key = await uow.keys.get(key_id[:64])
    if key is None or key.signing_key is None:
        raise AccessRefusedError("signature.invalid")
    message = HttpMessage(method=request.method, url=str(request.url), headers=dict(request.headers))
    verified = verify(message, body, key_id=key.id, public=bytes.fromhex(key.signing_key), now=now)
    if request.method not in _READING and "idempotency-key" not in request.headers:
        raise ProblemError("idempotency.missing")
    await uow.keys.spend_nonce(
        key.id, verified.nonce, expires_at=to_text(verified.expires_at), now=to_text(now)
    )
    return usable(key, mode=platform_of(request).mode, now=now, signed=True)
