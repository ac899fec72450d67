"""ECDSA signatures on P-256 with SHA-256 as browsers make them (FIPS 186-5, WebCrypto): checking only.

Keys are public JSON Web Keys (RFC 7517) with exactly the members crv, kty, x, y; signatures are the 64 bytes
r ‖ s. The thumbprint (RFC 7638) names a key. Private keys never leave the browser that made them.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from crypto.canonical import canonical
from crypto.errors import SignatureError

SIGNATURE_BYTES: Final = 64
_MEMBERS: Final = frozenset({"crv", "kty", "x", "y"})
_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The RFC 7638 thumbprint of a public key, base64url. Raises SignatureError ``signature.bad-key``."""
    _public(jwk)
    digest = hashlib.sha256(canonical({name: jwk[name] for name in sorted(_MEMBERS)})).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify(jwk: Mapping[str, str], message: bytes, signature: bytes) -> None:
    """Raise SignatureError ``signature.bad-key`` for a key that is none, ``signature.invalid`` when the
    signature does not hold.
    """
    key = _public(jwk)
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError("signature.invalid", "a signature is 64 bytes")
    half = SIGNATURE_BYTES // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise SignatureError("signature.invalid", "the signature does not hold") from error


def _public(jwk: Mapping[str, str]) -> EllipticCurvePublicKey:
    if set(jwk) != _MEMBERS or (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
        raise SignatureError("signature.bad-key", "not a public key on P-256")
    try:
        return EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), SECP256R1()).public_key()
    except ValueError as error:
        raise SignatureError("signature.bad-key", "not a point of P-256") from error


def _number(text: object) -> int:
    if not isinstance(text, str) or not _COORDINATE.fullmatch(text):
        raise SignatureError("signature.bad-key", "a coordinate is 32 bytes in base64url")
    data = urlsafe_b64decode(text + "=")
    # The last character has two spare bits: only zeros keep one key one text.
    if urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != text:
        raise SignatureError("signature.bad-key", "a coordinate is written in one way only")
    return int.from_bytes(data, "big")
