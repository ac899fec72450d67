"""An engine's certificate: ECDSA on P-256, self-signed, kept over restarts so that it can be pinned.

The fingerprint (RFC 8122 §5, sha-256) is what the signed session and gateways know the engine by; the name in
the certificate says nothing. The time of making is an argument.
"""

import contextlib
import datetime as dt
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from remote_eval.errors import MediaError

# Nobody checks the dates of a certificate that is known by fingerprint; a browser takes any.
_DAYS: Final = 3650
_MAX_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A private key and its certificate."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as SDP writes it: upper-case hex pairs with colons."""
        return colons(self.certificate.fingerprint(hashes.SHA256()))


def colons(digest: bytes) -> str:
    """Upper-case hex pairs with colons between."""
    return ":".join(f"{octet:02X}" for octet in digest)


def make_identity(now: dt.datetime) -> Identity:
    """A new key and a certificate that is good from a day before `now` for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "media engine")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    return Identity(key=key, certificate=certificate)


def to_pem(identity: Identity) -> bytes:
    """Key (PKCS #8, unencrypted) and certificate in one PEM text."""
    return identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + identity.certificate.public_bytes(serialization.Encoding.PEM)


def from_pem(text: bytes) -> Identity:
    """Read what `to_pem` wrote. Raises ``media.identity`` for anything else."""
    try:
        key = serialization.load_pem_private_key(text, password=None)
        certificate = x509.load_pem_x509_certificate(text)
    except ValueError as fault:
        raise MediaError("media.identity") from fault
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise MediaError("media.identity")
    return Identity(key=key, certificate=certificate)


def keep_identity(path: Path, now: dt.datetime) -> Identity:
    """Read the identity at `path`, or make one and put it there for its owner alone (mode 0600)."""
    if path.exists():
        with path.open("rb") as file:
            return from_pem(file.read(_MAX_BYTES))
    identity = make_identity(now)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(to_pem(identity))
    # Two processes that begin at once end with one identity: the link fails for the later one.
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()
    return from_pem(path.read_bytes())
