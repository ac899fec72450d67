"""drand rounds (draw-proof §6): chain constants, round times and BLS verification, offline.

The BLS library is imported only when a round is verified, so that a proof without a beacon needs no pairing
library. The chain keys are constants here: a round is as good carried in by hand as fetched.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from draw.verify.hashing import u64be


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One drand chain. `period` and `genesis` in seconds; lengths in bytes."""

    public_key: bytes
    period: int
    genesis: int
    signature_length: int
    previous_lengths: tuple[int, ...]
    tag: bytes


CHAINS = {
    "quicknet": Chain(
        public_key=bytes.fromhex(
            "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
            "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
            "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
        ),
        period=3,
        genesis=1692803367,
        signature_length=48,
        previous_lengths=(),
        tag=b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_",
    ),
    "default": Chain(
        public_key=bytes.fromhex(
            "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31"
        ),
        period=30,
        genesis=1595431050,
        signature_length=96,
        # Round 1 is signed over the 32-byte genesis seed, later rounds over the signature before.
        previous_lengths=(32, 96),
        tag=b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_",
    ),
}


def round_time(chain: str, number: int) -> int:
    """time(R) in POSIX seconds: genesis + (R − 1) · period."""
    return CHAINS[chain].genesis + (number - 1) * CHAINS[chain].period


def verified(chain: str, number: int, signature: bytes, previous: bytes | None) -> bool:
    """Whether `signature` is the chain's for round `number` (1 ≤ number < 2^64). `previous`: bytes on
    `default`, else None."""
    constants = CHAINS[chain]
    if len(signature) != constants.signature_length or not 1 <= number < 2**64:
        return False
    if previous is None:
        if constants.previous_lengths:
            return False
    elif len(previous) not in constants.previous_lengths or (len(previous) == 32) != (number == 1):
        return False
    message = hashlib.sha256((previous or b"") + u64be(number)).digest()
    try:
        return _pairing_holds(constants, message, signature)
    except ValueError:
        return False


def randomness(signature: bytes) -> bytes:
    """SHA-256 of the signature: b of §6, 32 bytes."""
    return hashlib.sha256(signature).digest()


def _pairing_holds(chain: Chain, message: bytes, signature: bytes) -> bool:
    # Decoding checks curve and subgroup; e(signature, −g) · e(hash, key) = 1, groups swapped between the two
    # chains.
    import py_arkworks_bls12381 as bls  # noqa: PLC0415 - only proofs with a beacon need it

    first: list[Any]
    second: list[Any]
    if chain.signature_length == 48:
        first = [bls.G1Point.from_compressed_bytes(signature), bls.G1Point.hash_to_curve(message, chain.tag)]
        second = [-bls.G2Point(), bls.G2Point.from_compressed_bytes(chain.public_key)]
    else:
        first = [-bls.G1Point(), bls.G1Point.from_compressed_bytes(chain.public_key)]
        second = [
            bls.G2Point.from_compressed_bytes(signature),
            bls.G2Point.hash_to_curve(message, chain.tag),
        ]
    return bls.GT.pairing_check(first, second)
