"""A security key in software: makes passkeys on P-256 and signs challenges, honestly or as an attacker asks.

Written from WebAuthn Level 2 §6.1 (authenticator data), §6.5 (attestation object, format ``none``) and §5.8.1
(client data); CBOR is the few forms that these need.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass(slots=True, kw_only=True)
class SecurityKey:
    """One key with one passkey. `verified` False: it did not ask for a PIN or a finger."""

    origin: str
    host: str
    id: bytes = b"passkey-0123456789"
    count: int = 1
    verified: bool = True
    user: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """A new passkey for these creation options, as `toJSON()` writes it."""
        self.user = _unweb(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"])
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + _cose(self.key)
        data = self._data(_ATTESTED) + attested
        attestation = _map(
            {_text("fmt"): _text("none"), _text("attStmt"): _map({}), _text("authData"): _bytes(data)}
        )
        return self._credential({"clientDataJSON": _web(client), "attestationObject": _web(attestation)})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to these request options."""
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(0)
        signed = data + hashlib.sha256(client).digest()
        return self._credential(
            {
                "clientDataJSON": _web(client),
                "authenticatorData": _web(data),
                "signature": _web(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": _web(self.user),
            }
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode("utf-8")

    def _data(self, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verified else 0) | more
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": _web(self.id),
            "rawId": _web(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _cose(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    # Key type EC2, algorithm ES256, curve P-256 (RFC 9053).
    return _map(
        {b"\x01": b"\x02", b"\x03": b"\x26", b"\x20": b"\x01", b"\x21": _bytes(x), b"\x22": _bytes(y)}
    )


def _map(members: dict[bytes, bytes]) -> bytes:
    return bytes([0xA0 | len(members)]) + b"".join(key + value for key, value in members.items())


def _text(value: str) -> bytes:
    return bytes([0x60 | len(value)]) + value.encode("ascii")


def _bytes(value: bytes) -> bytes:
    if len(value) < 256:
        return bytes([0x58, len(value)]) + value
    return bytes([0x59]) + len(value).to_bytes(2, "big") + value


def _web(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unweb(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
