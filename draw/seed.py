"""The seed of a draw: alpha from sealed record and reveals, the seed from the VRF output (draw-proof §6).

    alpha = SHA-256("qt/1 alpha" 00 sdr r_agency r_supervisor b)
    b     = SHA-256(beacon signature), or 32 zero bytes without a beacon
    seed  = HMAC-SHA256(key = "qt/1 seed", beta)

Every part has a fixed width, so no two inputs share an encoding. Proving and verifying the VRF, and deciding
whether a beacon round is the right one, happen elsewhere."""

import hashlib
import hmac
from typing import Final

from draw.errors import SelectionError

DIGEST_SIZE: Final = 32  # bytes
REVEAL_SIZE: Final = 32  # bytes, r_A and r_S
BETA_SIZE: Final = 64  # bytes, ECVRF-EDWARDS25519-SHA512-TAI output
MAX_BEACON_SIGNATURE_SIZE: Final = 96  # bytes, a compressed BLS12-381 G2 point
_NO_BEACON: Final = bytes(DIGEST_SIZE)


def alpha(sdr_hash: bytes, r_agency: bytes, r_supervisor: bytes, beacon_signature: bytes | None) -> bytes:
    """The VRF input of the draw, 32 bytes. `beacon_signature` is None only when the record says "none".
    Raises SelectionError when a part has the wrong size."""
    require_size("sdr_hash", sdr_hash, DIGEST_SIZE)
    require_size("r_agency", r_agency, REVEAL_SIZE)
    require_size("r_supervisor", r_supervisor, REVEAL_SIZE)
    return _sha256(b"qt/1 alpha\0" + sdr_hash + r_agency + r_supervisor + _beacon_digest(beacon_signature))


def seed_from_beta(beta: bytes) -> bytes:
    """The 32-byte seed from the 64-byte VRF output. Raises SelectionError on another size."""
    require_size("beta", beta, BETA_SIZE)
    return hmac.digest(b"qt/1 seed", beta, "sha256")


def beta_commitment(beta: bytes) -> bytes:
    """What is logged before the opening: SHA-256("qt/1 beta" 00 beta). Raises SelectionError unless 64
    bytes."""
    require_size("beta", beta, BETA_SIZE)
    return _sha256(b"qt/1 beta\0" + beta)


def require_size(part: str, value: bytes, expected: int) -> None:
    """Raises SelectionError("seed.part_size") unless `value` has exactly `expected` bytes."""
    if len(value) != expected:
        raise SelectionError("seed.part_size", part=part, size=len(value), expected=expected)


def _beacon_digest(signature: bytes | None) -> bytes:
    if signature is None:
        return _NO_BEACON
    if not 0 < len(signature) <= MAX_BEACON_SIGNATURE_SIZE:
        raise SelectionError("seed.part_size", part="beacon_signature", size=len(signature))
    return _sha256(signature)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
