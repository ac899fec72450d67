"""Arithmetic on edwards25519 (RFC 8032 §5.1) with plain integers, and the subgroup test of draw-proof §1.

Decoding refuses y ≥ p, x = 0 with the sign bit, and encodings off the curve. Only public values pass through
here: nothing is constant-time. The subgroup test is libsodium's, which is fast enough for every signature of
a bundle.
"""

from functools import lru_cache

from nacl.bindings import crypto_core_ed25519_is_valid_point

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME
_D2 = 2 * _D % PRIME
_ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
_WINDOW = 4

# Extended homogeneous coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, x·y = T/Z.
Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


def decode(encoded: bytes) -> Point | None:
    """The point of a 32-byte encoding, or None when it is not canonical or not on the curve (RFC 8032
    §5.1.3)."""
    if len(encoded) != 32:
        return None
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= PRIME:
        return None
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % PRIME)


def _recover_x(y: int, sign: int) -> int | None:
    u, v = (y * y - 1) % PRIME, (_D * y * y + 1) % PRIME
    x = u * v**3 * pow(u * v**7, (PRIME - 5) // 8, PRIME) % PRIME
    if (v * x * x - u) % PRIME:
        x = x * _ROOT_OF_MINUS_ONE % PRIME
        if (v * x * x - u) % PRIME:
            return None
    if x == 0 and sign:
        return None
    return PRIME - x if x & 1 != sign else x


def encode(point: Point) -> bytes:
    """The canonical 32-byte encoding (RFC 8032 §5.1.2)."""
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(p: Point, q: Point) -> Point:
    """P + q, complete formula (RFC 8032 §5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % PRIME
    b = (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c = p[3] * _D2 % PRIME * q[3] % PRIME
    d = 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def double(p: Point) -> Point:
    """P + p (RFC 8032 §5.1.4)."""
    a, b, c = p[0] * p[0] % PRIME, p[1] * p[1] % PRIME, 2 * p[2] * p[2] % PRIME
    h = a + b
    e = h - (p[0] + p[1]) ** 2 % PRIME
    g = a - b
    f = c + g
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def negate(p: Point) -> Point:
    """−p."""
    return (PRIME - p[0], p[1], p[2], PRIME - p[3])


def times_cofactor(p: Point) -> Point:
    """8·p."""
    return double(double(double(p)))


def is_identity(p: Point) -> bool:
    """Whether p is the neutral element."""
    return p[0] % PRIME == 0 and (p[1] - p[2]) % PRIME == 0


def combine(a: int, p: Point, b: int, q: Point) -> Point:
    """a·p + b·q for 0 ≤ a, b < 2^256, interleaved windows."""
    p_row, q_row = _multiples(p), _multiples(q)
    result = IDENTITY
    for shift in range((max(a.bit_length(), b.bit_length()) + 3) // _WINDOW * _WINDOW, -1, -_WINDOW):
        result = double(times_cofactor(result))
        for row, digit in ((p_row, a >> shift & 15), (q_row, b >> shift & 15)):
            if digit:
                result = add(result, row[digit])
    return result


@lru_cache(maxsize=64)
def _multiples(p: Point) -> tuple[Point, ...]:
    row = [IDENTITY, p]
    for _ in range(14):
        row.append(add(row[-1], p))
    return tuple(row)


def _base() -> Point:
    point = decode((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))
    if point is None:
        raise ArithmeticError("the base point of RFC 8032 does not decode")
    return point


BASE = _base()


@lru_cache(maxsize=4096)
def in_subgroup(encoded: bytes) -> bool:
    """Whether this is the canonical encoding of a point of the prime-order subgroup other than the identity:
    what §1 demands of every key, of the R of a signature and of the Gamma of a proof."""
    return len(encoded) == 32 and bool(crypto_core_ed25519_is_valid_point(encoded))
