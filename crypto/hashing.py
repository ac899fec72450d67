"""SHA-256, HMAC-SHA256 and the fixed-width integers that go into them (FIPS 180-4, RFC 2104).

`tagged` separates domains: SHA-256(ascii tag, 0x00, parts). Parts are concatenated without lengths, so a
caller with more than one variable-length part must encode the lengths itself.
"""

import hashlib
import hmac
from typing import Final

from crypto.errors import CryptoError

HASH_BYTES: Final = 32
_U32_END: Final = 1 << 32
_U64_END: Final = 1 << 64
_BLOCK_BYTES: Final = 64
# Tables for `bytes.translate`: XOR with the two pads of HMAC.
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the concatenated parts: 32 bytes."""
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag: str, *parts: bytes) -> bytes:
    """SHA-256(ascii `tag` || 0x00 || parts): 32 bytes. A tag is non-empty ASCII without NUL."""
    if not tag or not tag.isascii() or "\x00" in tag:
        raise CryptoError("hashing.bad-tag", "a tag is non-empty ASCII without NUL")
    return hashlib.sha256(b"".join((tag.encode("ascii"), b"\x00", *parts))).digest()


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the concatenated parts under `key`: 32 bytes."""
    message = b"".join(parts)
    if len(key) > _BLOCK_BYTES:
        return hmac.digest(key, message, "sha256")
    # hmac.digest lets go of the interpreter's lock each time, which costs more than hashing a short message.
    block, new = key.ljust(_BLOCK_BYTES, b"\x00"), hashlib.sha256
    return new(block.translate(_OUTER) + new(block.translate(_INNER) + message).digest()).digest()


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """(inner, outer), 64 bytes each: HMAC(key, m) = SHA-256(outer || SHA-256(inner || m)) (RFC 2104).

    For many messages under one 32-byte key: twice as fast as a call per message. Another length of key raises
    CryptoError ``hashing.bad-key``.
    """
    if len(key) != HASH_BYTES:
        raise CryptoError("hashing.bad-key", "the key is 32 bytes")
    block = key.ljust(_BLOCK_BYTES, b"\x00")
    return block.translate(_INNER), block.translate(_OUTER)


def u32be(value: int) -> bytes:
    """`value` as 4 bytes big-endian; outside 0 .. 2^32-1 raises CryptoError ``hashing.out-of-range``."""
    if not 0 <= value < _U32_END:
        raise CryptoError("hashing.out-of-range", "not an unsigned 32-bit integer")
    return value.to_bytes(4, "big")


def u64be(value: int) -> bytes:
    """`value` as 8 bytes big-endian; outside 0 .. 2^64-1 raises CryptoError ``hashing.out-of-range``."""
    if not 0 <= value < _U64_END:
        raise CryptoError("hashing.out-of-range", "not an unsigned 64-bit integer")
    return value.to_bytes(8, "big")
