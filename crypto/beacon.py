"""Offline verification of drand beacon rounds (threshold BLS on BLS12-381, hash to the curve of RFC 9380).

Two chains are known: `default` (each round signs the one before, signature in G2) and `quicknet` (rounds
stand alone, signature in G1). A round carried in by hand is as good as one fetched: the public keys below are
the whole trust. Points off the prime-order subgroup, the identity and non-canonical encodings are refused.
Fetching rounds happens elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from py_arkworks_bls12381 import GT, G1Point, G2Point

from crypto.errors import BeaconError
from crypto.hashing import sha256, u64be

_DST_G1: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_DST_G2: Final = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"
_G2_BYTES: Final = 96
_MAX_ROUND: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One drand chain: `hash` identifies it, `genesis` the unix second of round 1, `period` is seconds."""

    name: str
    hash: bytes
    public_key: bytes
    period: int
    genesis: int
    genesis_seed: bytes
    chained: bool


QUICKNET: Final = Chain(
    name="quicknet",
    hash=bytes.fromhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
    public_key=bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    period=3,
    genesis=1692803367,
    genesis_seed=bytes.fromhex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e"),
    chained=False,
)
DEFAULT: Final = Chain(
    name="default",
    hash=bytes.fromhex("8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce"),
    public_key=bytes.fromhex(
        "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31"
    ),
    period=30,
    genesis=1595431050,
    genesis_seed=bytes.fromhex("176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a"),
    chained=True,
)
CHAINS: Final[Mapping[str, Chain]] = MappingProxyType({one.name: one for one in (QUICKNET, DEFAULT)})

ChainOrName: TypeAlias = Chain | str


def chain(name: str) -> Chain:
    """The chain called `name`; another name raises BeaconError ``beacon.unknown-chain``."""
    found = CHAINS.get(name)
    if found is None:
        raise BeaconError("beacon.unknown-chain", "no such beacon chain")
    return found


def round_time(chain: ChainOrName, round: int) -> int:  # noqa: A002 - the beacon's own word
    """Unix second at which `round` (1 or more) is due."""
    which = _resolve(chain)
    return which.genesis + (_checked_round(round) - 1) * which.period


def first_round_at_or_after(chain: ChainOrName, unix: int) -> int:
    """Lowest round due at or after the unix second `unix`; 1 for any time before genesis."""
    which = _resolve(chain)
    return _checked_round(1 + max(0, -((which.genesis - unix) // which.period)))


def verify_round(
    chain_name: ChainOrName,
    round: int,  # noqa: A002 - the beacon's own word
    signature: bytes,
    previous_signature: bytes | None = None,
) -> bytes:
    """Check one beacon round and return its 32-byte randomness, SHA-256(signature).

    `previous_signature` belongs to chained rounds only: 96 bytes, or the 32-byte genesis seed for round 1.
    Raises BeaconError ``beacon.unknown-chain``, ``.bad-round``, ``.previous-signature``,
    ``.malformed-signature`` or ``.invalid-signature``.
    """
    which = _resolve(chain_name)
    message = _message(which, _checked_round(round), previous_signature)
    holds = _holds_in_g2 if which.chained else _holds_in_g1
    if not holds(which, message, signature):
        raise BeaconError("beacon.invalid-signature", "not this chain's signature of this round")
    return sha256(signature)


def _holds_in_g1(which: Chain, message: bytes, signature: bytes) -> bool:
    """e(signature, -G2) * e(H(message), public key) == 1."""
    point = _g1(signature, "beacon.malformed-signature")
    key = _g2(which.public_key, "beacon.bad-key")
    return GT.pairing_check([point, G1Point.hash_to_curve(message, _DST_G1)], [-G2Point(), key])


def _holds_in_g2(which: Chain, message: bytes, signature: bytes) -> bool:
    """e(-G1, signature) * e(public key, H(message)) == 1."""
    point = _g2(signature, "beacon.malformed-signature")
    key = _g1(which.public_key, "beacon.bad-key")
    return GT.pairing_check([-G1Point(), key], [point, G2Point.hash_to_curve(message, _DST_G2)])


def _message(which: Chain, round_number: int, previous: bytes | None) -> bytes:
    if not which.chained:
        if previous is not None:
            raise BeaconError("beacon.previous-signature", "this chain has no previous signatures")
        return sha256(u64be(round_number))
    if previous is None or not _is_predecessor(which, round_number, previous):
        raise BeaconError("beacon.previous-signature", "missing or malformed previous signature")
    return sha256(previous, u64be(round_number))


def _is_predecessor(which: Chain, round_number: int, previous: bytes) -> bool:
    return previous == which.genesis_seed if round_number == 1 else len(previous) == _G2_BYTES


def _g1(encoded: bytes, code: str) -> G1Point:
    """Decode 48 bytes; arkworks checks curve and subgroup, the comparison refuses a second encoding."""
    try:
        point = G1Point.from_compressed_bytes(encoded)
    except ValueError as error:
        raise BeaconError(code, "not a point of G1") from error
    if point.to_compressed_bytes() != encoded or point == G1Point.identity():
        raise BeaconError(code, "the identity or a non-canonical encoding")
    return point


def _g2(encoded: bytes, code: str) -> G2Point:
    """Decode 96 bytes; arkworks checks curve and subgroup, the comparison refuses a second encoding."""
    try:
        point = G2Point.from_compressed_bytes(encoded)
    except ValueError as error:
        raise BeaconError(code, "not a point of G2") from error
    if point.to_compressed_bytes() != encoded or point == G2Point.identity():
        raise BeaconError(code, "the identity or a non-canonical encoding")
    return point


def _resolve(which: ChainOrName) -> Chain:
    return which if isinstance(which, Chain) else chain(which)


def _checked_round(number: int) -> int:
    if not 1 <= number <= _MAX_ROUND:
        raise BeaconError("beacon.bad-round", "a round is 1 to 2^63 - 1")
    return number
