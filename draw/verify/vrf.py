"""ECVRF-EDWARDS25519-SHA512-TAI, the verifying side (RFC 9381 §5.3, §5.4.1.1, §5.5 suite 03)."""

import hashlib

from draw.verify import edwards
from draw.verify.edwards import Point

_SUITE = b"\x03"


def output(public: bytes, alpha: bytes, proof: bytes) -> bytes | None:
    """beta, 64 bytes, when `proof` (80 bytes) holds for `alpha` under `public` (32 bytes); else None."""
    if len(proof) != 80 or not edwards.in_subgroup(public) or not edwards.in_subgroup(proof[:32]):
        return None
    key, gamma = edwards.decode(public), edwards.decode(proof[:32])
    challenge = int.from_bytes(proof[32:48], "little")
    s = int.from_bytes(proof[48:], "little")
    point = _encode_to_curve(public, alpha)
    if key is None or gamma is None or point is None or s >= edwards.ORDER:
        return None
    u = edwards.combine(s, edwards.BASE, challenge, edwards.negate(key))
    v = edwards.combine(s, point, challenge, edwards.negate(gamma))
    if _challenge(key, point, gamma, u, v) != proof[32:48]:
        return None
    return hashlib.sha512(_SUITE + b"\x03" + edwards.encode(edwards.times_cofactor(gamma)) + b"\x00").digest()


def _encode_to_curve(salt: bytes, alpha: bytes) -> Point | None:
    # Try and increment: each counter fails with probability about one half, so 256 failures do not happen.
    for counter in range(256):
        digest = hashlib.sha512(_SUITE + b"\x01" + salt + alpha + bytes([counter, 0])).digest()
        candidate = edwards.decode(digest[:32])
        if candidate is not None:
            point = edwards.times_cofactor(candidate)
            if not edwards.is_identity(point):
                return point
    return None


def _challenge(*points: Point) -> bytes:
    joined = b"".join(edwards.encode(point) for point in points)
    return hashlib.sha512(_SUITE + b"\x02" + joined + b"\x00").digest()[:16]
