"""Threshold sharing: who has enough shares has the secret, who has one less has nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import ShareError
from crypto.secret_sharing import Share, combine, share_digest, split

SECRET = bytes(range(32))


def chance(size: int) -> bytes:
    return hashlib.shake_256(b"chance").digest(size)


def always(value: int) -> Callable[[int], bytes]:
    """Chance that gives this byte every time."""
    return lambda size: bytes([value]) * size


def test_any_two_of_three_custodians_open_and_the_order_does_not_matter() -> None:
    shares = split(SECRET, threshold=2, count=3, random=chance)
    for pair in combinations(shares, 2):
        assert combine(pair, threshold=2) == SECRET
        assert combine(pair[::-1], threshold=2) == SECRET


def test_one_share_of_two_fits_every_secret_equally_often() -> None:
    # Over every possible random coefficient share 1 takes each value once, whatever the secret is.
    for secret in (b"\x00", b"\x5a"):
        seen: Counter[bytes] = Counter()
        for value in range(256):
            seen[split(secret, threshold=2, count=3, random=always(value))[0].y] += 1
        assert set(seen.values()) == {1}
        assert len(seen) == 256


@given(
    st.binary(min_size=1, max_size=40),
    st.integers(1, 6),
    st.integers(0, 4),
    st.binary(min_size=8, max_size=8),
)
def test_every_threshold_gives_the_secret_back(secret: bytes, threshold: int, more: int, seed: bytes) -> None:
    calls = iter(range(100))
    shares = split(
        secret,
        threshold=threshold,
        count=threshold + more,
        random=lambda n: hashlib.shake_256(seed + bytes([next(calls)])).digest(n),
    )
    assert combine(shares[-threshold:], threshold=threshold) == secret


def test_a_known_answer_worked_by_hand() -> None:
    # f(x) = 0x2a + 0x53 x: f(1) = 0x79, f(2) = 0x2a ^ 0xa6 = 0x8c in the field of FIPS 197.
    shares = split(b"\x2a", threshold=2, count=2, random=lambda _n: b"\x53")
    assert [one.y for one in shares] == [b"\x79", b"\x8c"]


def test_a_forged_share_gives_another_secret_and_its_digest_tells() -> None:
    shares = split(SECRET, threshold=2, count=3, random=chance)
    forged = Share(2, bytes([shares[1].y[0] ^ 1]) + shares[1].y[1:])
    assert combine((shares[0], forged), threshold=2) != SECRET
    assert share_digest(forged) != share_digest(shares[1])
    assert share_digest(Share(3, shares[1].y)) != share_digest(shares[1])


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ((), "share.too-few"),
        ((Share(1, b"a"),), "share.too-few"),
        ((Share(1, b"a"), Share(1, b"b")), "share.repeated"),
        ((Share(0, b"a"), Share(1, b"b")), "share.bad-share"),
        ((Share(256, b"a"), Share(1, b"b")), "share.bad-share"),
        ((Share(1, b"a"), Share(2, b"bc")), "share.bad-share"),
        ((Share(1, b""), Share(2, b"")), "share.bad-share"),
    ],
)
def test_shares_that_cannot_be_combined_are_named(shares: tuple[Share, ...], code: str) -> None:
    with pytest.raises(ShareError) as refused:
        combine(shares, threshold=2)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("secret", "threshold", "count", "code"),
    [
        (SECRET, 0, 3, "share.bad-threshold"),
        (SECRET, 4, 3, "share.bad-threshold"),
        (SECRET, 2, 256, "share.bad-threshold"),
        (b"", 2, 3, "share.bad-secret"),
        (bytes(1025), 2, 3, "share.bad-secret"),
    ],
)
def test_a_sharing_out_of_bounds_is_refused(secret: bytes, threshold: int, count: int, code: str) -> None:
    with pytest.raises(ShareError) as refused:
        split(secret, threshold=threshold, count=count, random=chance)
    assert refused.value.code == code


def test_chance_that_runs_short_is_refused() -> None:
    with pytest.raises(ShareError) as refused:
        split(SECRET, threshold=2, count=3, random=lambda n: bytes(n - 1))
    assert refused.value.code == "share.bad-random"


def test_a_share_does_not_print_itself() -> None:
    assert repr(split(SECRET, threshold=2, count=3, random=chance)[0]) == "Share(x=1)"
