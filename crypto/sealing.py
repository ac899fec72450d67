"""Public-key sealing: HPKE base mode (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

One message per encapsulation. Whatever the message must be bound to (draw number, role, recipient) goes
into `info`, because the single-shot interface below carries no associated data. Base mode does not
authenticate the sender: a sealed message that matters is inside a signed record. `seal` is the one function
of this package that uses randomness of its own: the HPKE library draws the ephemeral key and offers no way
to pass one in.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from crypto.errors import SealError

KEY_BYTES: Final = 32
# enc (32) and the AEAD tag (16).
OVERHEAD_BYTES: Final = 48
MAX_PLAINTEXT_BYTES: Final = 16 * 1024 * 1024
MAX_INFO_BYTES: Final = 4096
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def x25519_public(private: bytes) -> bytes:
    """Public key (32 bytes) of a 32-byte X25519 private key (RFC 7748)."""
    return _private(private).public_key().public_bytes_raw()


def seal(public: bytes, info: bytes, plaintext: bytes) -> bytes:
    """Seal `plaintext` to the holder of `public`: enc (32) || ciphertext || tag (16).

    Raises SealError ``seal.bad-key`` (wrong length, or a point that yields the all-zero secret),
    ``seal.too-large`` (plaintext above 16 MiB) or ``seal.bad-info`` (info above 4096 bytes).
    """
    _check_info(info)
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise SealError("seal.too-large", f"more than {MAX_PLAINTEXT_BYTES} bytes")
    if len(public) != KEY_BYTES:
        raise SealError("seal.bad-key", "an X25519 public key is 32 bytes")
    try:
        return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public), info)
    except ValueError as error:
        raise SealError("seal.bad-key", "not an acceptable X25519 public key") from error


def open_sealed(private: bytes, info: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made, with the 32-byte private key and the same `info`.

    Every failure past the length checks is the one code ``seal.open-failed``, so that an answer tells an
    attacker nothing about what was wrong.
    """
    _check_info(info)
    key = _private(private)
    if not OVERHEAD_BYTES <= len(sealed) <= MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES:
        raise SealError("seal.bad-length", "not the length of a sealed message")
    try:
        return _SUITE.decrypt(sealed, key, info)
    except (InvalidTag, ValueError) as error:
        raise SealError("seal.open-failed", "the sealed message does not open") from error


def _private(private: bytes) -> X25519PrivateKey:
    if len(private) != KEY_BYTES:
        raise SealError("seal.bad-key", "an X25519 private key is 32 bytes")
    return X25519PrivateKey.from_private_bytes(private)


def _check_info(info: bytes) -> None:
    if len(info) > MAX_INFO_BYTES:
        raise SealError("seal.bad-info", f"info is at most {MAX_INFO_BYTES} bytes")
