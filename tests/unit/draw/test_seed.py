"""The seed: every part counts, every size is fixed, and no tag can be taken for another (draw-proof §6)."""

import hashlib
import hmac

import pytest

from draw.errors import SelectionError
from draw.seed import alpha, beta_commitment, seed_from_beta

SDR, R_AGENCY, R_SUPERVISOR = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
SIGNATURE = bytes([4]) * 48
BETA = bytes(range(64))


def test_alpha_is_the_tagged_hash_of_record_reveals_and_beacon() -> None:
    beacon = hashlib.sha256(SIGNATURE).digest()
    expected = hashlib.sha256(b"qt/1 alpha\x00" + SDR + R_AGENCY + R_SUPERVISOR + beacon).digest()
    assert alpha(SDR, R_AGENCY, R_SUPERVISOR, SIGNATURE) == expected


def test_without_a_beacon_alpha_ends_in_zeros() -> None:
    expected = hashlib.sha256(b"qt/1 alpha\x00" + SDR + R_AGENCY + R_SUPERVISOR + bytes(32)).digest()
    assert alpha(SDR, R_AGENCY, R_SUPERVISOR, None) == expected


def test_every_part_moves_alpha_and_the_reveals_are_not_interchangeable() -> None:
    changed = bytes(32)
    assert (
        len(
            {
                alpha(SDR, R_AGENCY, R_SUPERVISOR, SIGNATURE),
                alpha(changed, R_AGENCY, R_SUPERVISOR, SIGNATURE),
                alpha(SDR, changed, R_SUPERVISOR, SIGNATURE),
                alpha(SDR, R_AGENCY, changed, SIGNATURE),
                alpha(SDR, R_SUPERVISOR, R_AGENCY, SIGNATURE),
                alpha(SDR, R_AGENCY, R_SUPERVISOR, bytes(48)),
                alpha(SDR, R_AGENCY, R_SUPERVISOR, None),
            }
        )
        == 7
    )


def test_the_seed_is_keyed_by_its_tag() -> None:
    assert seed_from_beta(BETA) == hmac.new(b"qt/1 seed", BETA, hashlib.sha256).digest()


def test_the_commitment_published_first_does_not_give_the_seed() -> None:
    assert beta_commitment(BETA) == hashlib.sha256(b"qt/1 beta\x00" + BETA).digest()
    assert beta_commitment(BETA) != seed_from_beta(BETA)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("size", [0, 31, 33])
def test_bytes_cannot_be_moved_between_neighbouring_parts(part: int, size: int) -> None:
    record, agency, supervisor = (
        bytes(size) if n == part else sound for n, sound in enumerate((SDR, R_AGENCY, R_SUPERVISOR))
    )
    with pytest.raises(SelectionError, match=r"seed\.part_size") as refusal:
        alpha(record, agency, supervisor, None)
    assert refusal.value.details["size"] == size


@pytest.mark.parametrize("size", [0, 97, 10_000])
def test_an_empty_or_oversized_beacon_signature_is_not_a_missing_one(size: int) -> None:
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        alpha(SDR, R_AGENCY, R_SUPERVISOR, bytes(size))


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_a_vrf_output_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        seed_from_beta(bytes(size))
    with pytest.raises(SelectionError, match=r"seed\.part_size"):
        beta_commitment(bytes(size))
