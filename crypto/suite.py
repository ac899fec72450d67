"""Named sets of algorithms ("suites").

Every signed record names its suite, so that a later set, for example one on SM2, SM3 and SM4, can be added
as a further entry of `SUITES` without touching old records. This module only names algorithms; it calls
none of them. A suite, once published, is never edited: changing an algorithm means a new identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crypto.errors import CryptoError

SUITE_INTL: Final = "qt-intl-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The algorithms behind one suite identifier, each by the name its own standard gives it."""

    id: str
    hash: str
    signature: str
    vrf: str
    kem: str


SUITES: Final[Mapping[str, Suite]] = MappingProxyType(
    {
        SUITE_INTL: Suite(
            id=SUITE_INTL,
            hash="SHA-256",
            signature="Ed25519",
            vrf="ECVRF-EDWARDS25519-SHA512-TAI",
            kem="HPKE-DHKEM(X25519, HKDF-SHA256)-HKDF-SHA256-AES-256-GCM",
        ),
    }
)


def suite(suite_id: str) -> Suite:
    """Return the suite called `suite_id`; an unknown identifier raises CryptoError ``suite.unknown``."""
    found = SUITES.get(suite_id)
    if found is None:
        raise CryptoError("suite.unknown", "no such cryptographic suite")
    return found
