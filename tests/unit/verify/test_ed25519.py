"""Ed25519 of the suite: RFC 8032 §7.1 vectors hold; small-order and non-canonical keys and s ≥ L do not."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from draw.verify import edwards
from draw.verify.ed25519 import verified
from draw.verify.edwards import ORDER
from tests.unit.verify.test_edwards import NON_CANONICAL, ORDER_8, SMALL_ORDER

# RFC 8032 §7.1, TEST 1 and TEST 3.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_rfc_8032_vectors_hold_and_every_flipped_bit_fails(public: str, message: str, signature: str) -> None:
    key, text, good = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert verified(key, good, text)
    assert not verified(key, good, text + b"\0")
    for at in range(64):
        assert not verified(key, good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :], text)


def test_adding_the_order_to_s_makes_no_second_signature() -> None:
    public, _, signature = VECTORS[0]
    good = bytes.fromhex(signature)
    s = int.from_bytes(good[32:], "little") + ORDER
    assert not verified(bytes.fromhex(public), good[:32] + s.to_bytes(32, "little"), b"")


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_of_small_order_cannot_sign_everything(key: bytes) -> None:
    """With A of small order and s = 0, R = −h·A would satisfy the equation for one message in a few."""
    for point in SMALL_ORDER:
        assert not any(verified(key, point + bytes(32), bytes([n])) for n in range(16))


@pytest.mark.parametrize("key", NON_CANONICAL)
def test_non_canonical_keys_are_refused(key: bytes) -> None:
    assert not verified(key, bytes(64), b"")


@pytest.mark.parametrize("length", [0, 63, 65])
def test_signatures_of_another_length_are_refused(length: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not verified(key, bytes(length), b"")


def test_a_signature_whose_r_has_a_torsion_part_is_refused() -> None:
    """Verifiers with and without the cofactor would disagree about it."""
    torsion, nonce, secret, message = edwards.decode(ORDER_8), 12345, 54321, b"message"
    assert torsion is not None
    public = edwards.encode(edwards.combine(secret, edwards.BASE, 0, torsion))
    for extra, holds in ((edwards.IDENTITY, True), (torsion, False)):
        r = edwards.encode(edwards.add(edwards.combine(nonce, edwards.BASE, 0, torsion), extra))
        h = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little")
        s = (nonce + h * secret) % ORDER
        assert verified(public, r + s.to_bytes(32, "little"), message) is holds
