"""ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381) on libsodium's Ed25519 group operations.

A verifiable random function: beta = VRF_sk(alpha) is fixed by key and input, looks random to everyone
without the key, and pi proves it. Verification is stricter than the RFC in one place: the public key and
Gamma must lie in the prime-order subgroup and be canonically encoded, so every valid (key, alpha) has
exactly one Gamma encoding. Variable time is confined to public values (alpha and pi are published).
"""

import hashlib
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_core_ed25519_sub,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)

from crypto.errors import VrfError

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
PROOF_BYTES: Final = 80
# alpha is a hash in the draw protocol; the bound only stops a caller from hashing without end.
MAX_ALPHA_BYTES: Final = 1 << 20
_SUITE: Final = b"\x03"
_CHALLENGE_BYTES: Final = 16
_PRIME: Final = (1 << 255) - 19
_ORDER: Final = (1 << 252) + 27742317777372353535851937790883648493
_IDENTITY: Final = b"\x01" + bytes(31)


class VrfKey:
    """An ECVRF private key (an RFC 8032 seed, expanded). Its printed form shows the public half only."""

    __slots__ = ("_nonce_prefix", "_scalar", "public")

    public: bytes

    def __init__(self, *, scalar: bytes, nonce_prefix: bytes) -> None:
        """Use `from_seed`; `scalar` is reduced mod L, little-endian."""
        self._scalar = scalar
        self._nonce_prefix = nonce_prefix
        self.public = crypto_scalarmult_ed25519_base_noclamp(scalar)

    @classmethod
    def from_seed(cls, seed: bytes) -> "VrfKey":
        """Key from its 32-byte seed (RFC 9381 section 5.5, key generation as in RFC 8032)."""
        if len(seed) != SEED_BYTES:
            raise VrfError("vrf.bad-seed", "a seed is 32 bytes")
        expanded = hashlib.sha512(seed).digest()
        scalar = bytearray(expanded[:32])
        scalar[0] &= 0xF8
        scalar[31] = (scalar[31] & 0x7F) | 0x40
        # Points multiplied by it have order L, so reducing changes no product.
        reduced = crypto_core_ed25519_scalar_reduce(bytes(scalar) + bytes(32))
        return cls(scalar=reduced, nonce_prefix=expanded[32:])

    def prove(self, alpha: bytes) -> bytes:
        """The 80-byte proof pi = Gamma (32) || c (16) || s (32) for `alpha` (RFC 9381 section 5.1)."""
        base = _encode_to_curve(self.public, alpha)
        gamma = crypto_scalarmult_ed25519_noclamp(self._scalar, base)
        nonce = crypto_core_ed25519_scalar_reduce(hashlib.sha512(self._nonce_prefix + base).digest())
        challenge = _challenge(
            self.public,
            base,
            gamma,
            crypto_scalarmult_ed25519_base_noclamp(nonce),
            crypto_scalarmult_ed25519_noclamp(nonce, base),
        )
        response = crypto_core_ed25519_scalar_add(
            nonce, crypto_core_ed25519_scalar_mul(challenge + bytes(16), self._scalar)
        )
        return gamma + challenge + response

    def __repr__(self) -> str:
        """Never show the secret scalar."""
        return f"VrfKey(public={self.public.hex()})"


def validate_key(public: bytes) -> None:
    """Raise VrfError ``vrf.bad-key`` unless `public` is canonical, of prime order and not the identity.

    Implies RFC 9381 section 5.4.5 (ECVRF_validate_key), which only excludes small order.
    """
    if len(public) != PUBLIC_BYTES or not crypto_core_ed25519_is_valid_point(public):
        raise VrfError("vrf.bad-key", "not an acceptable VRF public key")


def verify(public: bytes, alpha: bytes, pi: bytes) -> bytes:
    """Check `pi` and return the 64-byte output beta (RFC 9381 section 5.3, with key validation).

    Raises VrfError ``vrf.bad-key``, ``vrf.malformed-proof``, ``vrf.alpha-too-large`` or
    ``vrf.invalid-proof``.
    """
    validate_key(public)
    gamma, challenge, response = _decode_proof(pi)
    base = _encode_to_curve(public, alpha)
    times, times_base = crypto_scalarmult_ed25519_noclamp, crypto_scalarmult_ed25519_base_noclamp
    c = challenge + bytes(16)
    try:
        u = crypto_core_ed25519_sub(times_base(response), times(c, public))
        v = crypto_core_ed25519_sub(times(response, base), times(c, gamma))
    except RuntimeError as error:
        # libsodium refuses products that are the identity (c = 0 or s = 0): no honest proof has them.
        raise VrfError("vrf.invalid-proof", "the proof does not verify") from error
    if _challenge(public, base, gamma, u, v) != challenge:
        raise VrfError("vrf.invalid-proof", "the proof does not verify")
    return _output(gamma)


def proof_to_hash(pi: bytes) -> bytes:
    """The 64-byte beta of a proof (RFC 9381 section 5.2). Form only: it verifies nothing."""
    return _output(_decode_proof(pi)[0])


def _decode_proof(pi: bytes) -> tuple[bytes, bytes, bytes]:
    if len(pi) != PROOF_BYTES:
        raise VrfError("vrf.malformed-proof", "a proof is 80 bytes")
    gamma, challenge, response = pi[:32], pi[32:48], pi[48:]
    if not crypto_core_ed25519_is_valid_point(gamma):
        raise VrfError("vrf.malformed-proof", "Gamma is not a canonical point of prime order")
    if int.from_bytes(response, "little") >= _ORDER:
        raise VrfError("vrf.malformed-proof", "s is not reduced")
    return gamma, challenge, response


def _encode_to_curve(public: bytes, alpha: bytes) -> bytes:
    """Try-and-increment (RFC 9381 section 5.4.1.1) with the public key as salt."""
    if len(alpha) > MAX_ALPHA_BYTES:
        raise VrfError("vrf.alpha-too-large", f"alpha is at most {MAX_ALPHA_BYTES} bytes")
    prefix = hashlib.sha512(_SUITE + b"\x01" + public + alpha)
    for counter in range(256):
        attempt = prefix.copy()
        attempt.update(bytes([counter, 0]))
        point = _clear_cofactor(attempt.digest()[:32])
        if point is not None and point != _IDENTITY:
            return point
    raise VrfError("vrf.no-point", "no counter gives a point")  # pragma: no cover - probability 2^-256


def _clear_cofactor(encoded: bytes) -> bytes | None:
    """8 * point, or None when `encoded` is no RFC 8032 point.

    libsodium's addition takes any point on the curve (its multiplication refuses those off the subgroup),
    but it also takes y >= p and a signed x = 0, which RFC 8032 section 5.1.3 forbids: those are refused
    here.
    """
    y = int.from_bytes(encoded, "little") & ((1 << 255) - 1)
    negative_zero = encoded[31] & 0x80 and y in (1, _PRIME - 1)
    if y >= _PRIME or negative_zero:
        return None
    try:
        double = crypto_core_ed25519_add(encoded, encoded)
    except RuntimeError:
        return None
    quadruple = crypto_core_ed25519_add(double, double)
    return crypto_core_ed25519_add(quadruple, quadruple)


def _challenge(*points: bytes) -> bytes:
    """RFC 9381 section 5.4.3 over Y, H, Gamma, U, V: 16 bytes."""
    return hashlib.sha512(_SUITE + b"\x02" + b"".join(points) + b"\x00").digest()[:_CHALLENGE_BYTES]


def _output(gamma: bytes) -> bytes:
    cleared = _clear_cofactor(gamma)
    if cleared is None:  # pragma: no cover - gamma has passed _decode_proof
        raise VrfError("vrf.malformed-proof", "Gamma is not a point")
    return hashlib.sha512(_SUITE + b"\x03" + cleared + b"\x00").digest()
