"""Suites are looked up by name and cannot be changed at run time."""

import dataclasses

import pytest

from crypto.errors import CryptoError
from crypto.suite import SUITE_INTL, SUITES, Suite, suite


def test_the_international_suite_names_what_the_package_implements() -> None:
    found = suite("qt-intl-1")
    assert found.id == SUITE_INTL
    assert (found.hash, found.signature, found.vrf) == ("SHA-256", "Ed25519", "ECVRF-EDWARDS25519-SHA512-TAI")
    assert "X25519" in found.kem


@pytest.mark.parametrize("name", ["", "qt-intl-2", "QT-INTL-1", "qt-intl-1 "])
def test_an_unknown_suite_is_refused(name: str) -> None:
    with pytest.raises(CryptoError) as caught:
        suite(name)
    assert caught.value.code == "suite.unknown"


def test_a_published_suite_cannot_be_edited() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        suite(SUITE_INTL).hash = "MD5"  # type: ignore[misc]
    with pytest.raises(TypeError):
        SUITES["x"] = Suite(id="x", hash="", signature="", vrf="", kem="")  # type: ignore[index]
