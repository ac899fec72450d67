"""AES-256-GCM with the nonce in front: a known answer, and everything that must not open."""

import pytest

from crypto.aead import decrypt, encrypt
from crypto.errors import SealError

KEY, NONCE = bytes(range(32)), bytes(range(12))


def test_a_known_answer_of_the_gcm_specification() -> None:
    # The original GCM proposal (McGrew, Viega), test case 14: zero key and nonce, one zero block.
    sealed = encrypt(bytes(32), bytes(16), bound_to=b"", nonce=bytes(12))
    assert sealed[12:].hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


def test_what_was_sealed_opens_at_its_place_only() -> None:
    sealed = encrypt(KEY, b"letter", bound_to=b"here", nonce=NONCE)
    assert decrypt(KEY, sealed, bound_to=b"here") == b"letter"
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, value, place in (
        (KEY, sealed, b"there"),
        (KEY, flipped, b"here"),
        (KEY, sealed[:-1], b"here"),
        (KEY, b"", b"here"),
        (bytes(32), sealed, b"here"),
    ):
        with pytest.raises(SealError) as refused:
            decrypt(key, value, bound_to=place)
        assert refused.value.code == "aead.open-failed"


@pytest.mark.parametrize(
    ("key", "nonce", "code"), [(KEY[1:], NONCE, "aead.bad-key"), (KEY, NONCE[1:], "aead.bad-nonce")]
)
def test_a_key_or_nonce_of_another_length_is_refused(key: bytes, nonce: bytes, code: str) -> None:
    with pytest.raises(SealError) as refused:
        encrypt(key, b"", bound_to=b"", nonce=nonce)
    assert refused.value.code == code


def test_a_message_out_of_bounds_is_refused() -> None:
    with pytest.raises(SealError) as refused:
        encrypt(KEY, bytes(16 * 1024 * 1024 + 1), bound_to=b"", nonce=NONCE)
    assert refused.value.code == "aead.too-large"
