"""Ed25519: the RFC 8032 vectors, the inputs a lenient verifier takes, and domain separation of records."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
)

from crypto.canonical import JsonValue
from crypto.errors import CanonicalError, SignatureError
from crypto.signing import SigningKey, record_message, sign_record, validate_public, verify, verify_record

# RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
ORDER = (1 << 252) + 27742317777372353535851937790883648493
PRIME = (1 << 255) - 19
IDENTITY = b"\x01" + bytes(31)
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
ALICE = SigningKey.from_seed(bytes(range(32)))
BOB = SigningKey.from_seed(bytes(range(1, 33)))


def small_order_keys() -> list[bytes]:
    """The eight small-order points and their encodings with y >= p or a signed zero."""
    multiples = [IDENTITY]
    for _ in range(7):
        multiples.append(crypto_core_ed25519_add(multiples[-1], ORDER_8))
    aliases = [
        (y | sign << 255).to_bytes(32, "little") for y in (1, PRIME - 1, PRIME, PRIME + 1) for sign in (0, 1)
    ]
    return sorted({*multiples, *aliases})


def code_of(public: bytes, message: bytes, signature: bytes) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(public, message, signature)
    return caught.value.code


def openssl_accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    return True


def scalar_of(seed: bytes) -> int:
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 0xF8
    digest[31] = digest[31] & 0x7F | 0x40
    return int.from_bytes(digest, "little")


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    digest = hashlib.sha512(r + public + message).digest()
    return int.from_bytes(crypto_core_ed25519_scalar_reduce(digest), "little")


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_the_rfc_8032_vectors(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    verify(key.public, bytes.fromhex(message), bytes.fromhex(signature))


def test_every_flipped_bit_of_a_signature_is_refused() -> None:
    signature = ALICE.sign(b"message")
    for bit in range(512):
        bent = bytearray(signature)
        bent[bit // 8] ^= 1 << bit % 8
        assert code_of(ALICE.public, b"message", bytes(bent)) in {"signature.invalid", "signature.malformed"}


def test_another_key_and_another_message_are_refused() -> None:
    signature = ALICE.sign(b"message")
    assert code_of(BOB.public, b"message", signature) == "signature.invalid"
    assert code_of(ALICE.public, b"massage", signature) == "signature.invalid"


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert code_of(ALICE.public, b"", (ALICE.sign(b"") + b"x")[:length]) == "signature.malformed"


def test_the_second_spelling_s_plus_l_is_refused() -> None:
    signature = ALICE.sign(b"message")
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert (
        code_of(ALICE.public, b"message", signature[:32] + s.to_bytes(32, "little")) == "signature.malformed"
    )


@pytest.mark.parametrize("public", small_order_keys())
def test_a_small_order_key_is_refused(public: bytes) -> None:
    assert code_of(public, b"any message", IDENTITY + bytes(32)) == "signature.bad-key"


def test_the_identity_key_would_let_one_signature_fit_every_message() -> None:
    """The attack behind the check above: OpenSSL takes it."""
    forged = IDENTITY + bytes(32)
    assert openssl_accepts(IDENTITY, b"first", forged)
    assert openssl_accepts(IDENTITY, b"second", forged)
    assert code_of(IDENTITY, b"first", forged) == "signature.bad-key"


@pytest.mark.parametrize(
    "public", [b"", bytes(31), bytes(33), b"\x02" + bytes(31), (PRIME + 3).to_bytes(32, "little")]
)
def test_bytes_that_are_no_canonical_point_are_refused_as_a_key(public: bytes) -> None:
    with pytest.raises(SignatureError) as caught:
        validate_public(public)
    assert caught.value.code == "signature.bad-key"


def test_a_key_with_a_small_order_component_is_refused_where_openssl_accepts() -> None:
    """Verifiers with and without the cofactor disagree on such keys, so none is let in."""
    seed = bytes(range(32))
    mixed = crypto_core_ed25519_add(SigningKey.from_seed(seed).public, ORDER_8)
    nonce = 7
    r = crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))
    message = next(m for m in map(str.encode, map(str, range(1000))) if challenge(r, mixed, m) % 8 == 0)
    s = (nonce + challenge(r, mixed, message) * scalar_of(seed)) % ORDER
    signature = r + s.to_bytes(32, "little")
    assert openssl_accepts(mixed, message, signature)
    assert code_of(mixed, message, signature) == "signature.bad-key"


def test_a_signature_with_the_identity_as_r_is_refused_where_openssl_accepts() -> None:
    s = challenge(IDENTITY, ALICE.public, b"message") * scalar_of(bytes(range(32))) % ORDER
    signature = IDENTITY + s.to_bytes(32, "little")
    assert openssl_accepts(ALICE.public, b"message", signature)
    assert code_of(ALICE.public, b"message", signature) == "signature.malformed"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(SignatureError) as caught:
        SigningKey.from_seed(bytes(length))
    assert caught.value.code == "signature.bad-seed"


def test_a_printed_key_does_not_show_its_seed() -> None:
    seed = bytes(range(32))
    assert seed.hex() not in repr(SigningKey.from_seed(seed))
    assert ALICE.public.hex() in repr(ALICE)


def test_a_record_signature_covers_purpose_and_canonical_bytes() -> None:
    record: JsonValue = {"b": 1, "a": "签"}
    signature = sign_record(ALICE, "draw seal", record)
    assert signature == ALICE.sign(b'qt/1 draw seal\x00{"a":"\xe7\xad\xbe","b":1}')
    verify_record(ALICE.public, "draw seal", {"a": "签", "b": 1}, signature)


def test_a_record_signed_for_one_purpose_does_not_serve_another() -> None:
    signature = sign_record(ALICE, "decline", {"draw": 1})
    for purpose, record in (("accept", {"draw": 1}), ("decline", {"draw": 2})):
        with pytest.raises(SignatureError) as caught:
            verify_record(ALICE.public, purpose, record, signature)
        assert caught.value.code == "signature.invalid"


@pytest.mark.parametrize("purpose", ["", " x", "a\x00b", "Draw", "签", "a\n", "a" * 65])
def test_an_ambiguous_purpose_is_refused(purpose: str) -> None:
    with pytest.raises(SignatureError) as caught:
        record_message(purpose, {})
    assert caught.value.code == "signature.bad-purpose"


def test_a_record_without_a_canonical_form_cannot_be_signed() -> None:
    with pytest.raises(CanonicalError):
        sign_record(ALICE, "seal", {"share": 0.5})  # type: ignore[dict-item]
