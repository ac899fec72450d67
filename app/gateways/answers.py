"""What another machine answers, within bounds: so many bytes, so many seconds, as sent.

A node, a cosigner or a relay that answers without end, or a byte at a time, costs the platform no more than
these bounds. Redirects are not followed and packed answers are refused: a few bytes could stand for millions.
"""

import asyncio
from collections.abc import Mapping

import httpx


class UnreachableError(Exception):
    """No whole answer came in time."""


class UnusableError(Exception):
    """The answer is longer than it may be, or packed."""


async def answer(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    limit: int,
    seconds: float,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body, of at most `limit` bytes, within `seconds`. Raises UnreachableError, UnusableError."""
    sent = {**(headers or {}), "accept-encoding": "identity"}
    received = bytearray()
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream(
                method, url, content=content, headers=sent, timeout=seconds, follow_redirects=False
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                raise UnusableError
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > limit:
                    raise UnusableError
            return response.status_code, bytes(received)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise UnreachableError from error
