"""HPKE sealing against an independent RFC 9180 receiver written here, and every kind of tampering."""

import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.errors import SealError
from crypto.sealing import (
    MAX_INFO_BYTES,
    MAX_PLAINTEXT_BYTES,
    OVERHEAD_BYTES,
    open_sealed,
    seal,
    x25519_public,
)

CAROL = bytes(range(32))
MALLORY = bytes(range(1, 33))
INFO = b"qt/1 escrow draw 7 role agency"


def extract(salt: bytes, suite: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def expand(prk: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    first = hmac.digest(prk, info + b"\x01", "sha256")
    return (first + hmac.digest(prk, first + info + b"\x02", "sha256"))[:length]


def reference_open(private: bytes, info: bytes, sealed: bytes, *, aead: int, aad: bytes) -> bytes:
    """Single-shot OpenBase of RFC 9180 for X25519, HKDF-SHA256 and AES-GCM (aead 1: 16-byte key, 2: 32)."""
    enc, ciphertext = sealed[:32], sealed[32:]
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    hpke = b"HPKE" + (0x20).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead.to_bytes(2, "big")
    key = X25519PrivateKey.from_private_bytes(private)
    shared_point = key.exchange(X25519PublicKey.from_public_bytes(enc))
    prk = extract(b"", kem, b"eae_prk", shared_point)
    shared = expand(prk, kem, b"shared_secret", enc + key.public_key().public_bytes_raw(), 32)
    context = b"\x00" + extract(b"", hpke, b"psk_id_hash", b"") + extract(b"", hpke, b"info_hash", info)
    secret = extract(shared, hpke, b"secret", b"")
    nonce = expand(secret, hpke, b"base_nonce", context, 12)
    return AESGCM(expand(secret, hpke, b"key", context, 16 * aead)).decrypt(nonce, ciphertext, aad)


def code_of(private: bytes, info: bytes, sealed: bytes) -> str:
    with pytest.raises(SealError) as caught:
        open_sealed(private, info, sealed)
    return caught.value.code


def test_the_reference_receiver_opens_rfc_9180_appendix_a_1_1() -> None:
    opened = reference_open(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        bytes.fromhex(
            "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
            "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
            "6d8770ac83d07bea87e13c512a"
        ),
        aead=1,
        aad=b"Count-0",
    )
    assert opened == b"Beauty is truth, truth beauty"


@pytest.mark.parametrize("plaintext", [b"", b"r" * 32, bytes(1000)])
def test_what_is_sealed_opens_here_and_at_the_reference_receiver(plaintext: bytes) -> None:
    sealed = seal(x25519_public(CAROL), INFO, plaintext)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert open_sealed(CAROL, INFO, sealed) == plaintext
    assert reference_open(CAROL, INFO, sealed, aead=2, aad=b"") == plaintext


def test_the_public_keys_are_those_of_rfc_7748_section_6_1() -> None:
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert x25519_public(alice).hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    assert x25519_public(bob).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


def test_sealing_twice_gives_two_different_messages() -> None:
    public = x25519_public(CAROL)
    assert seal(public, INFO, b"same") != seal(public, INFO, b"same")


def test_every_flipped_bit_is_refused() -> None:
    sealed = seal(x25519_public(CAROL), INFO, b"r" * 8)
    for bit in range(8 * len(sealed)):
        bent = bytearray(sealed)
        bent[bit // 8] ^= 1 << bit % 8
        assert code_of(CAROL, INFO, bytes(bent)) == "seal.open-failed"


def test_another_receiver_or_another_context_cannot_open() -> None:
    sealed = seal(x25519_public(CAROL), INFO, b"secret")
    assert code_of(MALLORY, INFO, sealed) == "seal.open-failed"
    assert code_of(CAROL, b"qt/1 escrow draw 8 role agency", sealed) == "seal.open-failed"


def test_a_message_too_short_or_too_long_is_refused_before_decryption() -> None:
    assert code_of(CAROL, INFO, bytes(OVERHEAD_BYTES - 1)) == "seal.bad-length"
    assert code_of(CAROL, INFO, bytes(MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES + 1)) == "seal.bad-length"


def test_an_encapsulated_small_order_point_is_refused() -> None:
    assert code_of(CAROL, INFO, bytes(32) + bytes(16)) == "seal.open-failed"


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), bytes(32), b"\x01" + bytes(31)])
def test_a_public_key_of_wrong_length_or_small_order_is_refused(public: bytes) -> None:
    with pytest.raises(SealError) as caught:
        seal(public, INFO, b"x")
    assert caught.value.code == "seal.bad-key"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_private_key_of_wrong_length_is_refused(length: int) -> None:
    assert code_of(bytes(length), INFO, bytes(64)) == "seal.bad-key"
    with pytest.raises(SealError) as caught:
        x25519_public(bytes(length))
    assert caught.value.code == "seal.bad-key"


def test_sizes_have_limits() -> None:
    public = x25519_public(CAROL)
    with pytest.raises(SealError) as caught:
        seal(public, INFO, bytes(MAX_PLAINTEXT_BYTES + 1))
    assert caught.value.code == "seal.too-large"
    with pytest.raises(SealError) as caught:
        seal(public, bytes(MAX_INFO_BYTES + 1), b"")
    assert caught.value.code == "seal.bad-info"
    assert code_of(CAROL, bytes(MAX_INFO_BYTES + 1), bytes(64)) == "seal.bad-info"
