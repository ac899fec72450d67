"""The error family: stable codes, one common base, safe to send between processes."""

import pickle

import pytest

from crypto import errors

FAMILY = [
    errors.CanonicalError,
    errors.MerkleError,
    errors.SignatureError,
    errors.SealError,
    errors.VrfError,
    errors.BeaconError,
    errors.NoteError,
]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_refusal_is_a_crypto_error_with_its_code(kind: type[errors.CryptoError]) -> None:
    error = kind("area.reason", "what was wrong")
    assert isinstance(error, errors.CryptoError)
    assert (error.code, str(error)) == ("area.reason", "what was wrong")
    assert str(kind("area.reason")) == "area.reason"


@pytest.mark.parametrize("kind", FAMILY)
def test_a_refusal_survives_a_process_border(kind: type[errors.CryptoError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("area.reason", "detail")))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert (copy.code, str(copy)) == ("area.reason", "detail")
