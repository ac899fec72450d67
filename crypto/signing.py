"""Ed25519 signatures (RFC 8032) with strict verification, and domain-separated signatures of JSON records.

Strict means: the public key and R are canonical encodings of points of the prime-order subgroup other than
the identity, s < L, and the equation holds. Under these rules checking with or without the cofactor comes
to the same verdict, so two implementations cannot disagree. OpenSSL alone accepts small-order keys.
Purposes separate domains: a signature made for one purpose never verifies for another.
"""

import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point

from crypto.canonical import JsonValue, canonical
from crypto.errors import SignatureError

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
# Order of the prime-order subgroup (RFC 8032 section 5.1).
_ORDER: Final = (1 << 252) + 27742317777372353535851937790883648493
_IDENTITY: Final = b"\x01" + bytes(31)
_PURPOSE: Final = re.compile(r"[a-z0-9][a-z0-9 ./-]{0,63}", re.ASCII)


class SigningKey:
    """An Ed25519 private key. Its printed form shows the public half only."""

    __slots__ = ("_key", "public")

    public: bytes

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Wrap a key object; use `from_seed` for raw bytes."""
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Key from its 32-byte RFC 8032 seed; another length raises SignatureError ``signature.bad-seed``."""
        if len(seed) != SEED_BYTES:
            raise SignatureError("signature.bad-seed", "a seed is 32 bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """Deterministic 64-byte signature of `message`."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        """Never show the seed."""
        return f"SigningKey(public={self.public.hex()})"


def validate_public(public: bytes) -> None:
    """Raise SignatureError ``signature.bad-key`` unless `public` is a canonical, prime-order Ed25519 key."""
    if len(public) != PUBLIC_BYTES or not crypto_core_ed25519_is_valid_point(public):
        raise SignatureError("signature.bad-key", "not an acceptable Ed25519 public key")


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature strictly; returns nothing.

    Raises SignatureError ``signature.bad-key``, ``signature.malformed`` (length, s >= L, small-order R) or
    ``signature.invalid``.
    """
    validate_public(public)
    _check_form(signature)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("signature.invalid", "the signature does not verify") from error


def sign_record(key: SigningKey, purpose: str, record: JsonValue) -> bytes:
    """Sign a record for one purpose: Ed25519 over ascii("qt/1 " + purpose) || 0x00 || RFC 8785 bytes."""
    return key.sign(record_message(purpose, record))


def verify_record(public: bytes, purpose: str, record: JsonValue, signature: bytes) -> None:
    """Check a signature made by `sign_record`; raises SignatureError, or CanonicalError for a bad record."""
    verify(public, record_message(purpose, record), signature)


def record_message(purpose: str, record: JsonValue) -> bytes:
    """The exact bytes that `sign_record` signs. A purpose is 1 to 64 of ``a-z 0-9 space . / -``."""
    if not _PURPOSE.fullmatch(purpose):
        raise SignatureError("signature.bad-purpose", "not a valid signing purpose")
    return b"qt/1 " + purpose.encode("ascii") + b"\x00" + canonical(record)


def _check_form(signature: bytes) -> None:
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError("signature.malformed", "a signature is 64 bytes")
    # For a prime-order key the cofactorless equation leaves the identity as the only possible small-order R.
    if int.from_bytes(signature[32:], "little") >= _ORDER or signature[:32] == _IDENTITY:
        raise SignatureError("signature.malformed", "s is not reduced or R has small order")
