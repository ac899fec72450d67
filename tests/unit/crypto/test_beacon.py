"""drand rounds: genuine ones pass here and in a second pairing library; forged and swapped ones do not."""

import dataclasses
import hashlib
import json
import struct
from pathlib import Path

import pytest
from py_arkworks_bls12381 import G1Point, G2Point, Scalar
from pyblst import (  # type: ignore[import-untyped]
    BlstP1Element,
    BlstP2Element,
    final_verify,
    miller_loop,
)

from crypto.beacon import (
    CHAINS,
    DEFAULT,
    QUICKNET,
    Chain,
    chain,
    first_round_at_or_after,
    round_time,
    verify_round,
)
from crypto.errors import BeaconError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "drand.json").read_text())
QUICK_1, QUICK_1000 = VECTORS["quicknet"]["rounds"]
(DEFAULT_1,) = VECTORS["default"]["rounds"]
QUICK_SIGNATURE = bytes.fromhex(QUICK_1["signature"])
DEFAULT_SIGNATURE = bytes.fromhex(DEFAULT_1["signature"])
DEFAULT_PREVIOUS = bytes.fromhex(DEFAULT_1["previous_signature"])
DST_G1 = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
DST_G2 = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"
G1 = G1Point().to_compressed_bytes()
G2 = G2Point().to_compressed_bytes()
FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def code_of(
    chain_name: str | Chain, number: int, signature: bytes, previous_signature: bytes | None = None
) -> str:
    with pytest.raises(BeaconError) as caught:
        verify_round(chain_name, number, signature, previous_signature)
    return caught.value.code


def second_opinion(which: Chain, message: bytes, signature: bytes) -> bool:
    """The same pairing equation on blst."""
    p1, p2 = BlstP1Element().uncompress, BlstP2Element().uncompress
    if which.chained:
        point, key = p2(signature), p1(which.public_key)
        left = miller_loop(p1(G1), point)
        return bool(final_verify(left, miller_loop(key, BlstP2Element.hash_to_group(message, DST_G2))))
    left = miller_loop(p1(signature), p2(G2))
    hashed = BlstP1Element.hash_to_group(message, DST_G1)
    return bool(final_verify(left, miller_loop(hashed, p2(which.public_key))))


def test_the_chains_are_those_of_the_vectors_and_of_their_published_hashes() -> None:
    assert QUICKNET.public_key.hex() == VECTORS["quicknet"]["public_key"]
    assert (QUICKNET.period, QUICKNET.genesis) == (
        VECTORS["quicknet"]["period_s"],
        VECTORS["quicknet"]["genesis"],
    )
    assert DEFAULT.public_key.hex() == VECTORS["default"]["public_key"]
    for which, beacon_id in ((QUICKNET, b"quicknet"), (DEFAULT, b"")):
        # drand's chain hash binds period, genesis, key, genesis seed and, unless default, the beacon's name.
        info = (
            struct.pack(">Iq", which.period, which.genesis)
            + which.public_key
            + which.genesis_seed
            + beacon_id
        )
        assert hashlib.sha256(info).digest() == which.hash
        assert chain(which.name) is CHAINS[which.name] is which


def test_genuine_rounds_verify() -> None:
    assert verify_round("quicknet", 1, QUICK_SIGNATURE).hex() == QUICK_1["randomness"]
    signature = bytes.fromhex(QUICK_1000["signature"])
    assert verify_round("quicknet", 1000, signature) == hashlib.sha256(signature).digest()
    found = verify_round("default", 1, DEFAULT_SIGNATURE, DEFAULT_PREVIOUS)
    assert found.hex() == DEFAULT_1["randomness"]


def test_a_second_pairing_library_agrees() -> None:
    first, second = struct.pack(">Q", 1), struct.pack(">Q", 2)
    assert second_opinion(QUICKNET, hashlib.sha256(first).digest(), QUICK_SIGNATURE)
    assert not second_opinion(QUICKNET, hashlib.sha256(second).digest(), QUICK_SIGNATURE)
    assert second_opinion(DEFAULT, hashlib.sha256(DEFAULT_PREVIOUS + first).digest(), DEFAULT_SIGNATURE)
    assert not second_opinion(DEFAULT, hashlib.sha256(DEFAULT_PREVIOUS + second).digest(), DEFAULT_SIGNATURE)


def test_a_signature_of_another_round_is_refused() -> None:
    assert code_of("quicknet", 2, QUICK_SIGNATURE) == "beacon.invalid-signature"
    assert code_of("quicknet", 1, bytes.fromhex(QUICK_1000["signature"])) == "beacon.invalid-signature"
    assert code_of("default", 2, DEFAULT_SIGNATURE, DEFAULT_SIGNATURE) == "beacon.invalid-signature"


def test_a_signature_of_another_chain_is_refused() -> None:
    assert code_of("quicknet", 1, DEFAULT_SIGNATURE) == "beacon.malformed-signature"
    assert code_of("default", 1, QUICK_SIGNATURE, DEFAULT_PREVIOUS) == "beacon.malformed-signature"


def test_a_self_made_chain_verifies_only_under_its_own_key() -> None:
    """An operator who signs rounds with a key of their own, in either group."""
    secret = Scalar(123456789)
    own_quick = dataclasses.replace(QUICKNET, public_key=(G2Point() * secret).to_compressed_bytes())
    message = hashlib.sha256(struct.pack(">Q", 5)).digest()
    signature = (G1Point.hash_to_curve(message, DST_G1) * secret).to_compressed_bytes()
    assert verify_round(own_quick, 5, signature) == hashlib.sha256(signature).digest()
    assert code_of("quicknet", 5, signature) == "beacon.invalid-signature"

    own_default = dataclasses.replace(DEFAULT, public_key=(G1Point() * secret).to_compressed_bytes())
    message = hashlib.sha256(DEFAULT_SIGNATURE + struct.pack(">Q", 2)).digest()
    signature = (G2Point.hash_to_curve(message, DST_G2) * secret).to_compressed_bytes()
    assert verify_round(own_default, 2, signature, DEFAULT_SIGNATURE) == hashlib.sha256(signature).digest()
    assert code_of("default", 2, signature, DEFAULT_SIGNATURE) == "beacon.invalid-signature"
    assert code_of(own_default, 2, signature, bytes(96)) == "beacon.invalid-signature"


def test_every_flipped_bit_of_a_signature_is_refused() -> None:
    for bit in range(8 * 48):
        bent = bytearray(QUICK_SIGNATURE)
        bent[bit // 8] ^= 1 << bit % 8
        assert code_of("quicknet", 1, bytes(bent)) in {
            "beacon.malformed-signature",
            "beacon.invalid-signature",
        }
    for bit in range(0, 8 * 96, 7):
        bent = bytearray(DEFAULT_SIGNATURE)
        bent[bit // 8] ^= 1 << bit % 8
        code = code_of("default", 1, bytes(bent), DEFAULT_PREVIOUS)
        assert code in {"beacon.malformed-signature", "beacon.invalid-signature"}


def off_subgroup_g1() -> bytes:
    # x = 4 is on the curve, outside the prime-order subgroup.
    encoded = bytes([0x80]) + bytes(46) + b"\x04"
    assert not G1Point.from_compressed_bytes_unchecked(encoded).is_in_subgroup()
    return encoded


def off_subgroup_g2() -> bytes:
    for x in range(1, 50):
        encoded = bytes([0x80]) + bytes(94) + bytes([x])
        try:
            point = G2Point.from_compressed_bytes_unchecked(encoded)
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return encoded
    pytest.fail("no such point below 50")


def test_points_off_the_prime_order_subgroup_are_refused() -> None:
    assert code_of("quicknet", 1, off_subgroup_g1()) == "beacon.malformed-signature"
    assert code_of("default", 1, off_subgroup_g2(), DEFAULT_PREVIOUS) == "beacon.malformed-signature"
    shifted = G1Point.from_compressed_bytes(QUICK_SIGNATURE) + G1Point.from_compressed_bytes_unchecked(
        off_subgroup_g1()
    )
    assert code_of("quicknet", 1, shifted.to_compressed_bytes()) == "beacon.malformed-signature"


@pytest.mark.parametrize("first", [0xC0, 0xE0, 0x80, 0x00])
@pytest.mark.parametrize("last", [0, 1])
def test_the_identity_and_its_other_spellings_are_refused(first: int, last: int) -> None:
    encoded = bytes([first]) + bytes(46) + bytes([last])
    assert code_of("quicknet", 1, encoded) == "beacon.malformed-signature"
    encoded = bytes([first]) + bytes(94) + bytes([last])
    code = code_of("default", 1, encoded, DEFAULT_PREVIOUS)
    assert code == "beacon.malformed-signature"


def test_an_identity_public_key_would_accept_the_identity_and_is_refused() -> None:
    null = dataclasses.replace(QUICKNET, public_key=G2Point.identity().to_compressed_bytes())
    assert code_of(null, 1, QUICK_SIGNATURE) == "beacon.bad-key"
    null = dataclasses.replace(DEFAULT, public_key=G1Point.identity().to_compressed_bytes())
    assert code_of(null, 1, DEFAULT_SIGNATURE, DEFAULT_PREVIOUS) == "beacon.bad-key"


def test_a_coordinate_beyond_the_field_is_refused() -> None:
    x = int.from_bytes(bytes([QUICK_SIGNATURE[0] & 0x1F]) + QUICK_SIGNATURE[1:], "big")
    small = FIELD + 4
    assert small < 1 << 381
    assert x < FIELD
    encoded = bytearray(small.to_bytes(48, "big"))
    encoded[0] |= 0x80
    assert code_of("quicknet", 1, bytes(encoded)) == "beacon.malformed-signature"


@pytest.mark.parametrize("length", [0, 47, 49, 96])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert code_of("quicknet", 1, (QUICK_SIGNATURE * 2)[:length]) == "beacon.malformed-signature"


def test_the_previous_signature_is_demanded_where_the_chain_has_one_and_only_there() -> None:
    assert code_of("default", 1, DEFAULT_SIGNATURE) == "beacon.previous-signature"
    assert code_of("default", 2, DEFAULT_SIGNATURE) == "beacon.previous-signature"
    assert code_of("default", 1, DEFAULT_SIGNATURE, bytes(32)) == "beacon.previous-signature"
    assert code_of("default", 2, DEFAULT_SIGNATURE, bytes(95)) == "beacon.previous-signature"
    assert code_of("quicknet", 1, QUICK_SIGNATURE, b"") == "beacon.previous-signature"


@pytest.mark.parametrize("number", [-1, 0, 1 << 63])
def test_round_numbers_have_bounds(number: int) -> None:
    assert code_of("quicknet", number, QUICK_SIGNATURE) == "beacon.bad-round"
    with pytest.raises(BeaconError):
        round_time("quicknet", number)


def test_an_unknown_chain_is_refused() -> None:
    assert code_of("fastnet", 1, QUICK_SIGNATURE) == "beacon.unknown-chain"
    with pytest.raises(BeaconError):
        round_time("", 1)


@pytest.mark.parametrize("which", [QUICKNET, DEFAULT])
def test_rounds_and_seconds_are_converted_exactly(which: Chain) -> None:
    assert round_time(which.name, 1) == which.genesis
    assert round_time(which, 1000) == which.genesis + 999 * which.period
    assert first_round_at_or_after(which, 0) == first_round_at_or_after(which, which.genesis) == 1
    for offset in range(200):
        unix = which.genesis + offset
        number = first_round_at_or_after(which.name, unix)
        assert round_time(which, number) >= unix
        assert number == 1 or round_time(which, number - 1) < unix
