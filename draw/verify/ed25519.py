"""Ed25519 verification under the suite's rules (RFC 8032 §5.1.7; draw-proof §1).

Keys and points R that are not canonical encodings of prime-order points, and s ≥ L, are refused before the
library is asked: then the equations with and without the cofactor agree, and so do all implementations.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from draw.verify.edwards import ORDER, in_subgroup


def verified(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) is one of `public` (32 bytes) over the message."""
    if len(signature) != 64 or not in_subgroup(public) or not in_subgroup(signature[:32]):
        return False
    if int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
