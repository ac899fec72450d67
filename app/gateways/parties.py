"""The party nodes as the platform sees them: a port, and its HTTP form.

Every call may be repeated: a node gives the same answer again. What a node signs is checked by the caller
against the registered keys before it goes anywhere near the log.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import httpx

from app.errors import AppError
from app.gateways.answers import UnreachableError, UnusableError, answer
from app.gateways.message_signatures import post_headers
from crypto.canonical import canonical, parse
from crypto.errors import CryptoError
from crypto.signing import SigningKey

TIMEOUT_SECONDS: Final = 20.0
NONCE_BYTES: Final = 16
MAX_ANSWER_BYTES: Final = 1024 * 1024
_OK: Final = 200
_CODE: Final = re.compile(r"node\.[a-z_]{1,40}", re.ASCII)


class PartyError(AppError):
    """A node did not do its duty: ``party.unreachable``, ``.malformed``, or ``.refused`` with its code."""


class PartyNode(Protocol):
    """One key holder's node.

    Contract: `call` posts a JSON document to a duty and gives the JSON answer. Repeating a call that was
    answered gives the same answer. Raises PartyError; then nothing was signed, or the same call may be
    repeated.
    """

    async def call(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The node's answer to `POST {path}`."""

    async def identity(self) -> Mapping[str, Any]:
        """The node's public keys, as the body of a `key` entry."""


class HttpPartyNode:
    """A node behind an HTTP address; requests are signed with the platform's key (RFC 9421)."""

    def __init__(
        self,
        *,
        url: str,
        key: SigningKey,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        """The client is closed by whoever made it."""
        self._url = url.rstrip("/")
        self._key = key
        self._client = client
        self._clock = clock
        self._random = random

    async def call(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `PartyNode`."""
        body, url = canonical(dict(document)), f"{self._url}{path}"
        nonce = self._random(NONCE_BYTES).hex()
        headers = post_headers(
            url, body, key_id=self._key.public.hex(), key=self._key, nonce=nonce, now=self._clock()
        )
        return await self._answer("POST", url, content=body, headers=headers)

    async def identity(self) -> Mapping[str, Any]:
        """See `PartyNode`."""
        return await self._answer("GET", f"{self._url}/identity")

    async def _answer(self, method: str, url: str, **options: Any) -> Mapping[str, Any]:
        try:
            status, body = await answer(
                self._client, method, url, limit=MAX_ANSWER_BYTES, seconds=TIMEOUT_SECONDS, **options
            )
            value = parse(body, max_bytes=MAX_ANSWER_BYTES)
        except UnreachableError as error:
            raise PartyError("party.unreachable") from error
        except (UnusableError, CryptoError) as error:
            raise PartyError("party.malformed") from error
        if not isinstance(value, dict):
            raise PartyError("party.malformed")
        if status != _OK:
            raise PartyError("party.refused", refusal=_code(value.get("code")), status=status)
        return value


def _code(value: object) -> str:
    """A node's refusal code; what else it may say goes into no error text."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "node.other"
