"""Hash notation of draw-proof §1: tagged SHA-256, HMAC, fixed-width integers. No policy."""

import hashlib
import hmac


def tagged(tag: str, *parts: bytes) -> bytes:
    """H(tag, a, b, …) = SHA-256(ascii(tag) ‖ 00 ‖ a ‖ b ‖ …), 32 bytes."""
    return hashlib.sha256(tag.encode("ascii") + b"\0" + b"".join(parts)).digest()


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, message, "sha256")


def u32be(value: int) -> bytes:
    """Four bytes, big-endian; the caller guarantees 0 ≤ value < 2^32."""
    return value.to_bytes(4, "big")


def u64be(value: int) -> bytes:
    """Eight bytes, big-endian; the caller guarantees 0 ≤ value < 2^64."""
    return value.to_bytes(8, "big")


def commitment(draw: int, role: str, r: bytes) -> bytes:
    """Role commitment of §5: H("qt/1 commit", u64be(k) ‖ u8(length of role) ‖ role ‖ r)."""
    name = role.encode("ascii")
    return tagged("qt/1 commit", u64be(draw), bytes([len(name)]), name, r)


def size_commitment(salt: bytes, root: bytes, size: int) -> bytes:
    """Size commitment of §5: H("qt/1 size", zs ‖ root ‖ u64be(size))."""
    return tagged("qt/1 size", salt, root, u64be(size))


def field_commitment(salt: bytes, name: str, canonical_value: bytes) -> bytes:
    """Field commitment of §3: HMAC(salt, "qt/1 field" ‖ 00 ‖ name ‖ 00 ‖ C(value))."""
    return mac(salt, b"qt/1 field\0" + name.encode("ascii") + b"\0" + canonical_value)
