"""Signed HTTP requests (RFC 9421) with Ed25519 and a digest of the body (RFC 9530).

Used in both directions: agencies sign what they send to the API, the platform signs what it sends to a
party's node. Whose key counts, and whether a request was seen before, are the caller's questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier
from http_message_signatures.algorithms import HTTPSignatureAlgorithm
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import HTTPSignatureKeyResolver

from crypto.errors import SignatureError
from crypto.signing import SigningKey, verify

MAX_AGE: Final = timedelta(minutes=5)
COVERED: Final = ("@method", "@path", "content-digest")


class HttpSignatureError(Exception):
    """The request is not signed as it must be."""


@dataclass(slots=True)
class _Message:
    method: str
    url: str
    headers: dict[str, str]


class _Ed25519(HTTPSignatureAlgorithm):
    algorithm_id = "ed25519"

    def __init__(
        self,
        public_key: bytes | None = None,
        private_key: SigningKey | None = None,
        password: None = None,
    ) -> None:
        del password
        self._public, self._private = public_key, private_key

    def sign(self, message: bytes) -> bytes:
        if self._private is None:
            raise HttpSignatureError("no signing key")
        return self._private.sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        verify(self._public or b"", message, signature)


@dataclass(frozen=True, slots=True)
class _Keys(HTTPSignatureKeyResolver):
    private: SigningKey | None
    public: bytes | None

    def resolve_private_key(self, key_id: str) -> SigningKey:
        del key_id
        if self.private is None:
            raise HttpSignatureError("no signing key")
        return self.private

    def resolve_public_key(self, key_id: str) -> bytes:
        del key_id
        return self.public or b""


def sign_request(
    key: SigningKey,
    *,
    method: str,
    url: str,
    body: bytes,
    now: datetime,
    headers: Mapping[str, str] | None = None,
    covered: Sequence[str] = COVERED,
) -> dict[str, str]:
    """`headers` with Content-Digest, Signature-Input and Signature added; `url` is absolute."""
    message = _Message(method, url, dict(headers or {}))
    signer = HTTPMessageSigner(signature_algorithm=_Ed25519, key_resolver=_Keys(key, None))
    signer.sign(message, key_id=key.public.hex(), created=now, covered_component_ids=covered, body=body)
    return message.headers


def verify_request(
    public: bytes,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    required: Sequence[str] = COVERED,
) -> None:
    """Check signature, age (at most `MAX_AGE`), covered parts and body digest. Raises HttpSignatureError."""
    verifier = HTTPMessageVerifier(signature_algorithm=_Ed25519, key_resolver=_Keys(None, public))
    try:
        verifier.verify(
            _Message(method, url, dict(headers)),
            max_age=MAX_AGE,
            require_components=tuple(f'"{one}"' for one in required),
            body=body,
        )
    except (HTTPMessageSignaturesException, SignatureError, ValueError, KeyError) as error:
        raise HttpSignatureError("the signature does not hold") from error
