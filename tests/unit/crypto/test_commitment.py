"""Commitments: exact bytes, binding to every input, fixed-length salts, and the bulk salt stream."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.commitment import (
    MAX_SALTS_PER_CALL,
    blind,
    commit_field,
    commit_role,
    commit_size,
    keystream_salts,
)
from crypto.errors import CanonicalError, CryptoError

SALT = bytes(range(32))
OTHER = bytes(range(1, 33))
ROOT = b"\xaa" * 32


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CryptoError) as caught:
        call()
    return caught.value.code


def test_the_exact_bytes_of_each_form() -> None:
    draw = (7).to_bytes(8, "big")
    assert (
        commit_role(7, "agency", SALT)
        == hashlib.sha256(b"qt/1 commit\x00" + draw + b"\x06agency" + SALT).digest()
    )
    assert commit_field(SALT, "employer", "签筒") == hmac.digest(
        SALT, b"qt/1 field\x00employer\x00" + '"签筒"'.encode(), "sha256"
    )
    assert (
        commit_size(SALT, ROOT, 9)
        == hashlib.sha256(b"qt/1 size\x00" + SALT + ROOT + (9).to_bytes(8, "big")).digest()
    )
    assert blind(SALT, b"data") == hashlib.sha256(b"qt/1 blind\x00" + SALT + b"data").digest()


def test_a_change_of_any_input_changes_the_commitment() -> None:
    assert (
        len(
            {
                commit_role(1, "agency", SALT),
                commit_role(2, "agency", SALT),
                commit_role(1, "supervisor", SALT),
                commit_role(1, "agency", OTHER),
            }
        )
        == 4
    )
    assert (
        len(
            {
                commit_field(SALT, "a", "1"),
                commit_field(SALT, "b", "1"),
                commit_field(SALT, "a", 1),
                commit_field(SALT, "a", None),
                commit_field(SALT, "a", ["1"]),
                commit_field(OTHER, "a", "1"),
            }
        )
        == 6
    )
    assert (
        len(
            {
                commit_size(SALT, ROOT, 1),
                commit_size(SALT, ROOT, 0),
                commit_size(SALT, SALT, 1),
                commit_size(OTHER, ROOT, 1),
            }
        )
        == 4
    )
    assert blind(SALT, b"x") != blind(OTHER, b"x") != blind(OTHER, b"y")


def test_a_role_cannot_borrow_bytes_from_its_neighbours() -> None:
    assert commit_role(1, "a", SALT) != commit_role(1, "a\x00", SALT)


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33)])
def test_salts_of_another_length_are_refused_because_hmac_pads_them(salt: bytes) -> None:
    for call in (
        lambda: commit_role(1, "agency", salt),
        lambda: commit_field(salt, "a", 1),
        lambda: commit_size(salt, ROOT, 1),
        lambda: blind(salt, b""),
    ):
        assert code_of(call) == "commitment.bad-salt"


@pytest.mark.parametrize("role", ["", "签", "a" * 256])
def test_a_bad_role_is_refused(role: str) -> None:
    assert code_of(lambda: commit_role(1, role, SALT)) == "commitment.bad-role"


@pytest.mark.parametrize("name", ["", "签", "a\x00b"])
def test_a_bad_field_name_is_refused(name: str) -> None:
    assert code_of(lambda: commit_field(SALT, name, 1)) == "commitment.bad-name"


def test_a_value_without_a_canonical_form_cannot_be_committed_to() -> None:
    with pytest.raises(CanonicalError):
        commit_field(SALT, "score", 0.5)  # type: ignore[arg-type]


def test_numbers_and_roots_out_of_bounds_are_refused() -> None:
    assert code_of(lambda: commit_role(-1, "agency", SALT)) == "hashing.out-of-range"
    assert code_of(lambda: commit_size(SALT, ROOT, 1 << 64)) == "hashing.out-of-range"
    assert code_of(lambda: commit_size(SALT, b"short", 1)) == "commitment.bad-root"


def test_the_keystream_begins_with_the_encrypted_zero_counter() -> None:
    ecb = Cipher(algorithms.AES(SALT), modes.ECB()).encryptor()  # noqa: S305 - the definition of CTR, block by block
    expected = b"".join(ecb.update(counter.to_bytes(16, "big")) for counter in range(6))
    assert keystream_salts(SALT, 3) == expected
    # FIPS 197 appendix C.3 is the same key length with a published block.
    vector = Cipher(algorithms.AES(SALT), modes.ECB()).encryptor()  # noqa: S305 - as above
    assert (
        vector.update(bytes.fromhex("00112233445566778899aabbccddeeff")).hex()
        == "8ea2b7ca516745bfeafc49904b496089"
    )


@given(st.integers(0, 500), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_any_part_of_the_keystream_can_be_asked_for_alone(start: int, count: int) -> None:
    whole = keystream_salts(SALT, 600)
    assert keystream_salts(SALT, count, start=start) == whole[32 * start : 32 * (start + count)]


def test_salts_far_into_the_stream_do_not_repeat() -> None:
    far = (1 << 63) - 2
    assert len({keystream_salts(SALT, 1, start=at) for at in (0, 1, 1 << 31, 1 << 32, 1 << 62, far)}) == 6
    assert keystream_salts(SALT, 1) != keystream_salts(OTHER, 1)


@pytest.mark.parametrize(
    ("count", "start"), [(-1, 0), (MAX_SALTS_PER_CALL + 1, 0), (1, -1), (1, 1 << 63), (2, (1 << 63) - 1)]
)
def test_a_range_out_of_bounds_is_refused(count: int, start: int) -> None:
    assert code_of(lambda: keystream_salts(SALT, count, start=start)) == "commitment.bad-range"


def test_a_keystream_key_of_another_length_is_refused_even_where_aes_would_take_it() -> None:
    assert code_of(lambda: keystream_salts(bytes(16), 1)) == "commitment.bad-key"
