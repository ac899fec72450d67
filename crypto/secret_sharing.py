"""Threshold secret sharing (Shamir 1979) over GF(2^8): any `threshold` of `count` shares give the secret
back, and fewer tell nothing about it.

Every byte of the secret is the value at 0 of its own random polynomial of degree threshold - 1 over the field
of FIPS 197 §4 (x^8 + x^4 + x^3 + x + 1); share x, 1 to 255, holds the values at x. A share does not say
whether it is genuine: whoever shares a key keeps a digest of each share (`share_digest`) and encrypts with
authentication. Randomness is an argument. Not in constant time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Final

from crypto.errors import ShareError
from crypto.hashing import tagged

MAX_SHARES: Final = 255
MAX_SECRET_BYTES: Final = 1024
_POLYNOMIAL: Final = 0x11B


@dataclass(frozen=True, slots=True)
class Share:
    """One share: its place `x` (1 to 255) and one byte of `y` per byte of the secret."""

    x: int
    y: bytes = field(repr=False)


def split(secret: bytes, *, threshold: int, count: int, random: Callable[[int], bytes]) -> tuple[Share, ...]:
    """Shares 1 … count of a secret of 1 to 1024 bytes; `random(n)` gives n unpredictable bytes.

    Raises ShareError ``share.bad-threshold`` unless 1 ≤ threshold ≤ count ≤ 255, ``share.bad-secret`` for the
    length.
    """
    if not 1 <= threshold <= count <= MAX_SHARES:
        raise ShareError("share.bad-threshold", "1 <= threshold <= count <= 255")
    if not 1 <= len(secret) <= MAX_SECRET_BYTES:
        raise ShareError("share.bad-secret", f"1 to {MAX_SECRET_BYTES} bytes")
    higher = [random(len(secret)) for _ in range(threshold - 1)]
    if any(len(one) != len(secret) for one in higher):
        raise ShareError("share.bad-random", "not as many random bytes as asked for")
    coefficients = [secret, *higher]
    return tuple(Share(x, _values(coefficients, x)) for x in range(1, count + 1))


def combine(shares: Sequence[Share], *, threshold: int) -> bytes:
    """The secret of at least `threshold` shares of one splitting; the first `threshold` are used.

    A wrong share gives a wrong secret and no error. Raises ShareError ``share.too-few``,
    ``share.repeated`` or ``share.bad-share``.
    """
    used = shares[:threshold]
    if threshold < 1 or len(used) < threshold:
        raise ShareError("share.too-few", "fewer shares than the threshold")
    if len({one.x for one in used}) != len(used):
        raise ShareError("share.repeated", "two shares of one place")
    if any(not 1 <= one.x <= MAX_SHARES or len(one.y) != len(used[0].y) for one in used) or not used[0].y:
        raise ShareError("share.bad-share", "a place from 1 to 255 and equal lengths")
    weights = [_weight(one.x, [other.x for other in used if other is not one]) for one in used]
    return bytes(
        reduce(xor, (_times(weight, one.y[place]) for weight, one in zip(weights, used, strict=True)))
        for place in range(len(used[0].y))
    )


def share_digest(share: Share) -> bytes:
    """H("qt/1 share", u8(x), y), 32 bytes: what tells a genuine share from another."""
    if not 1 <= share.x <= MAX_SHARES:
        raise ShareError("share.bad-share", "a place from 1 to 255")
    return tagged("qt/1 share", bytes([share.x]), share.y)


def _values(coefficients: Sequence[bytes], x: int) -> bytes:
    """The polynomials of all bytes at x, by Horner's rule."""
    values = bytes(len(coefficients[0]))
    for coefficient in reversed(coefficients):
        values = bytes(_times(value, x) ^ own for value, own in zip(values, coefficient, strict=True))
    return values


def _weight(x: int, others: Sequence[int]) -> int:
    """Lagrange's coefficient of x at 0: the product of other / (other - x)."""
    weight = 1
    for other in others:
        weight = _times(weight, _times(other, _inverse(other ^ x)))
    return weight


def _times(a: int, b: int) -> int:
    """The product in the field."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 if a < 0x80 else (a << 1) ^ _POLYNOMIAL
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """a^254, the inverse of a value that is not 0."""
    result, power = 1, a
    for _ in range(7):
        power = _times(power, power)
        result = _times(result, power)
    return result
