"""A point of the curve BLS12-381 E(Fp) that is not in the prime-order subgroup G1, compressed to 48 bytes.

E(Fp) has order h·r with h > 2^125, so nearly every point of the curve lies off the subgroup: the first x that
has one will do, and the tests of the beacon check that both libraries refuse it.
"""

_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def g1_off_subgroup() -> bytes:
    """The compressed encoding (zcash format) of the point with the smallest x >= 5."""
    x = 5
    while True:
        square = (pow(x, 3, _P) + 4) % _P
        y = pow(square, (_P + 1) // 4, _P)
        if y * y % _P == square:
            encoded = bytearray(x.to_bytes(48, "big"))
            encoded[0] |= 0x80 | (0x20 if y > _P - y else 0)
            return bytes(encoded)
        x += 1
