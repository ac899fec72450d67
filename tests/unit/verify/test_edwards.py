"""edwards25519 of RFC 8032 §5.1: decoding is canonical, arithmetic agrees with libsodium, odd points are
handled exactly."""

from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from draw.verify import edwards

P = edwards.PRIME
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SMALL_ORDER = [
    (0).to_bytes(32, "little"),
    (1).to_bytes(32, "little"),
    (P - 1).to_bytes(32, "little"),
    ORDER_8,
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]
NON_CANONICAL = [
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
    (2**255 - 1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"),
    (P - 1 | 1 << 255).to_bytes(32, "little"),
]
scalars = st.integers(1, edwards.ORDER - 1)


def test_keys_of_small_order_are_refused() -> None:
    assert [key.hex() for key in SMALL_ORDER if edwards.in_subgroup(key)] == []
    assert all(edwards.decode(key) is not None for key in SMALL_ORDER)


def test_non_canonical_encodings_do_not_decode() -> None:
    """Y ≥ p, and x = 0 with the sign bit (RFC 8032 §5.1.3)."""
    assert [key.hex() for key in NON_CANONICAL if edwards.decode(key) is not None] == []


def test_points_off_the_curve_and_wrong_lengths_do_not_decode() -> None:
    assert edwards.decode((2).to_bytes(32, "little")) is None
    assert edwards.decode(bytes(31)) is None
    assert edwards.decode(bytes(33)) is None


@settings(max_examples=25, deadline=None)
@given(scalars, scalars)
def test_multiples_agree_with_libsodium(a: int, b: int) -> None:
    first = crypto_scalarmult_ed25519_base_noclamp(a.to_bytes(32, "little"))
    second = crypto_scalarmult_ed25519_base_noclamp(b.to_bytes(32, "little"))
    point = edwards.decode(second)
    assert point is not None
    assert edwards.encode(edwards.combine(a, edwards.BASE, 0, point)) == first
    assert edwards.encode(edwards.combine(a, edwards.BASE, 1, point)) == crypto_core_ed25519_add(
        first, second
    )


def test_combinations_by_zero_and_by_the_order_vanish() -> None:
    assert edwards.is_identity(edwards.combine(0, edwards.BASE, 0, edwards.BASE))
    assert edwards.is_identity(edwards.combine(edwards.ORDER, edwards.BASE, 0, edwards.BASE))
    assert edwards.is_identity(edwards.combine(5, edwards.BASE, 5, edwards.negate(edwards.BASE)))
    assert edwards.is_identity(edwards.add(edwards.BASE, edwards.negate(edwards.BASE)))


def test_a_point_of_order_eight_needs_the_whole_cofactor() -> None:
    point = edwards.decode(ORDER_8)
    assert point is not None
    assert not edwards.is_identity(edwards.double(edwards.double(point)))
    assert edwards.is_identity(edwards.times_cofactor(point))


def test_a_point_with_a_torsion_part_is_outside_the_subgroup() -> None:
    torsion = edwards.decode(ORDER_8)
    assert torsion is not None
    assert edwards.in_subgroup(edwards.encode(edwards.BASE))
    assert not edwards.in_subgroup(edwards.encode(edwards.add(edwards.BASE, torsion)))
    assert not any(edwards.in_subgroup(key) for key in NON_CANONICAL)
    assert not edwards.in_subgroup(bytes(31))
