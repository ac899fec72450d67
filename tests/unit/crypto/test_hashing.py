"""Hashes, tags and fixed-width integers against published values and first principles."""

import hashlib
import hmac

import pytest

from crypto.errors import CryptoError
from crypto.hashing import hmac_pads, hmac_sha256, sha256, tagged, u32be, u64be


def test_sha256_of_abc_is_the_fips_180_value() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(b"abc").hex() == sha256(b"a", b"", b"bc").hex() == expected


def test_hmac_matches_rfc_4231_cases_1_and_2() -> None:
    assert hmac_sha256(b"\x0b" * 20, b"Hi ", b"There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert hmac_sha256(b"Jefe", b"what do ya want ", b"for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize("size", [0, 1, 32, 63, 64, 65, 200])
@pytest.mark.parametrize("length", [0, 1, 55, 64, 4096])
def test_hmac_is_that_of_the_standard_library_for_every_length(size: int, length: int) -> None:
    key, message = bytes(range(256))[:size], b"m" * length
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("key", [bytes(32), bytes(range(32)), b"\xff" * 32])
def test_pads_lead_to_the_same_hmac(key: bytes) -> None:
    inner, outer = hmac_pads(key)
    assert sha256(outer, sha256(inner, b"message")) == hmac_sha256(key, b"message")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_pads_are_for_keys_of_32_bytes(size: int) -> None:
    with pytest.raises(CryptoError, match="32 bytes"):
        hmac_pads(bytes(size))


def test_a_tag_separates_domains() -> None:
    assert tagged("qt/1 a", b"x", b"y") == hashlib.sha256(b"qt/1 a\x00xy").digest()
    assert tagged("qt/1 a", b"bc") != tagged("qt/1 ab", b"c")


@pytest.mark.parametrize("tag", ["", "qt\x00", "签"])
def test_a_tag_that_could_blur_domains_is_refused(tag: str) -> None:
    with pytest.raises(CryptoError) as caught:
        tagged(tag, b"x")
    assert caught.value.code == "hashing.bad-tag"


def test_integers_are_big_endian_and_of_fixed_width() -> None:
    assert u32be(1) == b"\x00\x00\x00\x01"
    assert u32be(2**32 - 1) == b"\xff" * 4
    assert u64be(258) == b"\x00" * 6 + b"\x01\x02"
    assert u64be(2**64 - 1) == b"\xff" * 8


@pytest.mark.parametrize("value", [-1, 2**32])
def test_u32be_refuses_what_does_not_fit(value: int) -> None:
    with pytest.raises(CryptoError) as caught:
        u32be(value)
    assert caught.value.code == "hashing.out-of-range"


@pytest.mark.parametrize("value", [-1, 2**64])
def test_u64be_refuses_what_does_not_fit(value: int) -> None:
    with pytest.raises(CryptoError) as caught:
        u64be(value)
    assert caught.value.code == "hashing.out-of-range"
