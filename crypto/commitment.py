"""Hash commitments of the draw protocol: roles, single fields, hidden sizes, blinded hashes, and bulk salts.

Each form has its own tag or key, so no commitment can be opened as another. They hide because the 32-byte
salt (or r) is secret and uniform, and bind because SHA-256 is collision resistant. Salts come from the
caller; a whole pool's salts come from one keyed AES-256-CTR keystream, which is several times faster than
one HMAC per field.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from crypto.canonical import JsonValue, canonical
from crypto.errors import CryptoError
from crypto.hashing import HASH_BYTES, hmac_sha256, tagged, u64be

SALT_BYTES: Final = 32
# 256 MiB of keystream; a larger pool asks in pieces by `start`.
MAX_SALTS_PER_CALL: Final = 1 << 23
_MAX_SALT_INDEX: Final = 1 << 63
_MAX_ROLE_BYTES: Final = 255
_BLOCK_BYTES: Final = 16
_FIELD: Final = b"qt/1 field\x00"


def commit_role(draw: int, role: str, r: bytes) -> bytes:
    """Commitment of one party to its random r: H("qt/1 commit", u64be(draw), u8(len role) || role, r)."""
    name = role.encode("ascii") if role.isascii() else b""
    if not 1 <= len(name) <= _MAX_ROLE_BYTES:
        raise CryptoError("commitment.bad-role", "a role is 1 to 255 ASCII characters")
    return tagged("qt/1 commit", u64be(draw), bytes([len(name)]), name, _salt(r))


def commit_field(salt: bytes, name: str, value: JsonValue) -> bytes:
    """Commitment to one field: HMAC-SHA256(salt, "qt/1 field" 00 name 00 canonical(value)).

    `name` is non-empty ASCII without NUL; a value outside the canonical profile raises CanonicalError.
    """
    if not name or not name.isascii() or "\x00" in name:
        raise CryptoError("commitment.bad-name", "a field name is non-empty ASCII without NUL")
    return hmac_sha256(_salt(salt), _FIELD, name.encode("ascii"), b"\x00", canonical(value))


def commit_size(salt: bytes, root: bytes, size: int) -> bytes:
    """Commitment to the number of leaves under a Merkle root: H("qt/1 size", salt, root, u64be(size))."""
    if len(root) != HASH_BYTES:
        raise CryptoError("commitment.bad-root", "a root is 32 bytes")
    return tagged("qt/1 size", _salt(salt), root, u64be(size))


def blind(salt: bytes, data: bytes) -> bytes:
    """Blinded form of `data` (a leaf hash, an employer tag): H("qt/1 blind", salt, data)."""
    return tagged("qt/1 blind", _salt(salt), data)


def keystream_salts(key: bytes, count: int, *, start: int = 0) -> bytes:
    """Salts `start` .. `start + count - 1` of `key`, 32 bytes each, joined.

    They are that part of the AES-256-CTR keystream whose first counter block is 16 zero bytes. A key serves
    one pool version only. At most 2^23 salts a call; positions stay below 2^63.
    """
    if len(key) != SALT_BYTES:
        raise CryptoError("commitment.bad-key", "a keystream key is 32 bytes")
    if not 0 <= count <= MAX_SALTS_PER_CALL or not 0 <= start <= _MAX_SALT_INDEX - count:
        raise CryptoError("commitment.bad-range", "salt range out of bounds")
    counter = (start * (SALT_BYTES // _BLOCK_BYTES)).to_bytes(_BLOCK_BYTES, "big")
    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(bytes(count * SALT_BYTES))


def _salt(salt: bytes) -> bytes:
    # Fixed length: HMAC pads short keys with zeros, so a salt and the same salt with a zero would collide.
    if len(salt) != SALT_BYTES:
        raise CryptoError("commitment.bad-salt", "a salt is 32 bytes")
    return salt
