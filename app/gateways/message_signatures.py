"""HTTP message signatures (RFC 9421), Ed25519: signing what we send, checking what others send.

A signature covers method, target URI, Idempotency-Key where there is one, and Content-Digest where there is a
body; it carries key id, creation time and nonce. The window of acceptance is `MAX_AGE`; remembering nonces
inside it, and knowing which key may do what, is the caller's work. Time is an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import http_sf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

from app.errors import AccessRefusedError
from crypto.signing import SigningKey

MAX_AGE: Final = timedelta(minutes=5)
CLOCK_SKEW: Final = timedelta(seconds=30)
MAX_HEADER_CHARS: Final = 2048
MAX_NONCE_CHARS: Final = 128


@dataclass(slots=True, kw_only=True)
class HttpMessage:
    """The parts of a request that a signature can cover. `url` is absolute; `headers` gains the signature."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSignature:
    """Who signed, and the nonce that must not come again before `expires_at`."""

    key_id: str
    nonce: str
    expires_at: datetime


def sign(
    message: HttpMessage, body: bytes, *, key_id: str, key: SigningKey, nonce: str, now: datetime
) -> None:
    """Add Content-Digest (for a body), Signature-Input and Signature to `message.headers`."""
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    prepared = signer.prepare(
        message,
        key_id=key_id,
        created=now,
        nonce=nonce,
        label="sig1",
        covered_component_ids=_components(message),
        body=body or None,
    )
    signer.apply(message, prepared, key.sign(prepared.signature_base))


def post_headers(
    url: str, body: bytes, *, key_id: str, key: SigningKey, nonce: str, now: datetime
) -> dict[str, str]:
    """Every header of a signed POST of JSON to an absolute URL."""
    message = HttpMessage(method="POST", url=url, headers={"content-type": "application/json"})
    sign(message, body, key_id=key_id, key=key, nonce=nonce, now=now)
    return message.headers


def claimed_key_id(headers: Mapping[str, str]) -> str | None:
    """The key id a signature claims, None without a signature. Raises AccessRefusedError when malformed."""
    value = headers.get("signature-input")
    if value is None:
        return None
    if len(value) > MAX_HEADER_CHARS:
        raise AccessRefusedError("signature.malformed")
    try:
        members: Any = http_sf.parse(value.encode("ascii"), tltype="dictionary")
        ((_inner, parameters),) = members.values()
        key_id = parameters["keyid"]
    except (ValueError, KeyError, TypeError) as error:
        raise AccessRefusedError("signature.malformed") from error
    if not isinstance(key_id, str):
        raise AccessRefusedError("signature.malformed")
    return key_id


def verify(
    message: HttpMessage,
    body: bytes,
    *,
    key_id: str,
    public: bytes,
    now: datetime,
    skew: timedelta = CLOCK_SKEW,
) -> VerifiedSignature:
    """Check the one signature of a request against the 32-byte key of `key_id`; `skew`: how far the signer's
    clock may be off.

    Raises AccessRefusedError ``signature.invalid`` whatever is wrong: time, coverage, digest, nonce or
    signature.
    """
    verifier = _Verifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(
            public_keys={key_id: Ed25519PublicKey.from_public_bytes(public)}, private_keys={}
        ),
    )
    verifier.now, verifier.skew = now, skew
    covered = _components(message) + (("content-digest",) if body else ())
    try:
        (result,) = verifier.verify(message, max_age=MAX_AGE, require_components=covered, body=body)
    except (HTTPMessageSignaturesException, InvalidSignature, ValueError) as error:
        raise AccessRefusedError("signature.invalid") from error
    nonce, created = result.nonce, result.parameters.get("created")
    if not nonce or len(nonce) > MAX_NONCE_CHARS or not isinstance(created, int):
        raise AccessRefusedError("signature.invalid")
    expires_at = datetime.fromtimestamp(created, UTC) + MAX_AGE + 2 * skew
    return VerifiedSignature(key_id=key_id, nonce=nonce, expires_at=expires_at)


def _components(message: HttpMessage) -> tuple[str, ...]:
    has_key = any(name.lower() == "idempotency-key" for name in message.headers)
    return ("@method", "@target-uri", *(("idempotency-key",) if has_key else ()))


class _Verifier(HTTPMessageVerifier):
    """The library's verifier with the caller's clock instead of the machine's."""

    now: datetime
    skew: timedelta

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int or max_age is None:
            raise InvalidSignature("no creation time")
        age = self.now.timestamp() - created
        if not -self.skew.total_seconds() <= age <= (max_age + self.skew).total_seconds():
            raise InvalidSignature("outside the window of acceptance")
        if expires is not None and (type(expires) is not int or expires < self.now.timestamp()):
            raise InvalidSignature("expired")
