"""Authenticated encryption under a key that both sides hold: AES-256-GCM (NIST SP 800-38D), nonce in front.

Keys here seal few messages, so that a random nonce never comes twice under one key. Associated data binds
the ciphertext to its place. Randomness is an argument.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.errors import SealError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
MAX_PLAINTEXT_BYTES: Final = 16 * 1024 * 1024


def encrypt(key: bytes, plaintext: bytes, *, bound_to: bytes, nonce: bytes) -> bytes:
    """Gives nonce (12) || ciphertext || tag (16).

    Raises SealError ``aead.bad-key``, ``aead.bad-nonce``, ``aead.too-large``.
    """
    if len(nonce) != NONCE_BYTES:
        raise SealError("aead.bad-nonce", f"{NONCE_BYTES} bytes")
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise SealError("aead.too-large", f"more than {MAX_PLAINTEXT_BYTES} bytes")
    return nonce + _cipher(key).encrypt(nonce, plaintext, bound_to)


def decrypt(key: bytes, sealed: bytes, *, bound_to: bytes) -> bytes:
    """The plaintext of `encrypt`. Raises SealError ``aead.bad-key``, or ``aead.open-failed`` for anything
    that was not made so."""
    if not NONCE_BYTES + TAG_BYTES <= len(sealed) <= MAX_PLAINTEXT_BYTES + NONCE_BYTES + TAG_BYTES:
        raise SealError("aead.open-failed", "not the length of a sealed message")
    try:
        return _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag as error:
        raise SealError("aead.open-failed", "the sealed message does not open") from error


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise SealError("aead.bad-key", f"{KEY_BYTES} bytes")
    return AESGCM(key)
