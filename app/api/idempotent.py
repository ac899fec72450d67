"""One effect per Idempotency-Key: reserve, do, store the answer with the effect, publish the log, then
answer.

1. The key is reserved under (account, key) with the digest of method, path and body, for the length of a
   lease.
2. `once` runs the work and stores its answer in the same transaction; `once_effect` is for work that keeps
   its own transactions and
   may itself be repeated.
3. An answer that rests on log entries is given only after a checkpoint covers them; without a quorum the
   caller gets 503, and the same
   key later gets the stored answer once the quorum is there.
An attempt that was refused changed nothing and frees the key.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from fastapi import Request, Response

from app.api.principals import platform_of
from app.api.problems import ProblemError
from app.store.repositories.idempotency import StoredAnswer
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from crypto.canonical import JsonValue, canonical
from crypto.hashing import hmac_sha256, tagged

LEASE: Final = timedelta(seconds=120)
_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller gets. `log_size`: the log must be published up to here before it is given."""

    status: int
    content: JsonValue
    headers: Mapping[str, str] = field(default_factory=dict)
    log_size: int | None = None

    def body(self) -> bytes:
        """The JSON bytes."""
        return canonical(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reservation:
    account: str
    key: str
    lease_until: str


async def once(
    request: Request, principal: Principal, work: Callable[[UnitOfWork], Awaitable[Answer]]
) -> Response:
    """`work` at most once per key; its effect and its answer are one transaction."""

    async def ready() -> Callable[[UnitOfWork], Awaitable[Answer]]:
        return work

    return await once_looked(request, principal, ready)


async def once_looked(
    request: Request,
    principal: Principal,
    look: Callable[[], Awaitable[Callable[[UnitOfWork], Awaitable[Answer]]]],
) -> Response:
    """`once` for work that looks around first, outside of its transaction; `look` gives the work.

    A stored answer comes before the look: what has moved since cannot change it.
    """
    platform = platform_of(request)
    reserved = await _reserve(request, principal)
    if isinstance(reserved, StoredAnswer):
        return await _replayed(platform, reserved)

    async def attempt() -> Answer:
        work = await look()

        async def whole(uow: UnitOfWork) -> Answer:
            answer = await work(uow)
            await _store(uow, reserved, answer)
            return answer

        return await platform.database.transact(whole)

    return await _given(platform, reserved, attempt)


async def once_effect(
    request: Request, principal: Principal, effect: Callable[[], Awaitable[Answer]]
) -> Response:
    """`effect` under a key; it keeps its own transactions and, repeated after a crash, comes to the same."""
    platform = platform_of(request)
    reserved = await _reserve(request, principal)
    if isinstance(reserved, StoredAnswer):
        return await _replayed(platform, reserved)

    async def attempt() -> Answer:
        answer = await effect()
        await platform.database.transact(lambda uow: _store(uow, reserved, answer))
        return answer

    return await _given(platform, reserved, attempt)


def key_of(request: Request) -> str:
    """The request's Idempotency-Key. Raises ProblemError ``idempotency.missing`` or ``.malformed``."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise ProblemError("idempotency.missing")
    if not _KEY.fullmatch(key):
        raise ProblemError("idempotency.malformed")
    return key


async def _reserve(request: Request, principal: Principal) -> _Reservation | StoredAnswer:
    platform = platform_of(request)
    key = key_of(request)
    target = f"{request.method} {request.url.path}?{request.url.query}".encode()
    body = tagged("qt/1 idempotency", len(target).to_bytes(4, "big"), target, await request.body())
    # Keyed: a body may name whom nobody may know yet, and the rest of it is easily guessed.
    digest = hmac_sha256(platform.person_key, b"qt/1 idempotency" + body)
    now = platform.clock()
    fresh = _Reservation(account=principal.account, key=key, lease_until=to_text(now + LEASE))

    async def work(uow: UnitOfWork) -> _Reservation | StoredAnswer:
        found = await uow.idempotency.get(fresh.account, key)
        if found is None:
            await uow.idempotency.reserve(
                fresh.account, key, digest=digest, lease_until=fresh.lease_until, now=to_text(now)
            )
            return fresh
        if found.request_digest != digest:
            raise ProblemError("idempotency.other-body")
        if found.status is not None:
            return found
        if found.lease_until >= to_text(now):
            raise ProblemError("idempotency.running")
        await uow.idempotency.take_over(
            fresh.account, key, expired_lease=found.lease_until, lease_until=fresh.lease_until
        )
        return fresh

    return await platform.database.transact(work)


async def _store(uow: UnitOfWork, reserved: _Reservation, answer: Answer) -> None:
    await uow.idempotency.answer(
        reserved.account,
        reserved.key,
        lease_until=reserved.lease_until,
        status=answer.status,
        headers=answer.headers,
        response=answer.body(),
        log_size=answer.log_size,
    )


async def _given(
    platform: Platform, reserved: _Reservation, attempt: Callable[[], Awaitable[Answer]]
) -> Response:
    try:
        answer = await attempt()
    except BaseException:
        await platform.database.transact(
            lambda uow: uow.idempotency.release(
                reserved.account, reserved.key, lease_until=reserved.lease_until
            )
        )
        raise
    return await _published(platform, answer.status, answer.headers, answer.body(), answer.log_size)


async def _replayed(platform: Platform, stored: StoredAnswer) -> Response:
    headers = {**(stored.headers or {}), "Idempotency-Replayed": "true"}
    return await _published(platform, stored.status or 500, headers, stored.response or b"", stored.log_size)


async def _published(
    platform: Platform, status: int, headers: Mapping[str, Any], body: bytes, log_size: int | None
) -> Response:
    if log_size is not None:
        await platform.publisher.covering(log_size, now=platform.clock)
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers))
