"""The second factor beside a password: codes over time (TOTP, RFC 6238), six digits, thirty seconds, SHA-1.

SHA-1 because that is what every authenticator app computes; HMAC does not rest on its collisions. A code is
taken one step early or late; whether its step was used before, the store decides by comparison.
"""

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

import pyotp

SECRET_BYTES: Final = 20
STEP_SECONDS: Final = 30
_ISSUER: Final = "Qiantong"
_NEAR: Final = (-1, 0, 1)
_NOBODYS: Final = base64.b32encode(bytes(SECRET_BYTES)).decode("ascii")


def new_secret(random: Callable[[int], bytes]) -> str:
    """A fresh secret in base32: 160 bits."""
    return base64.b32encode(random(SECRET_BYTES)).decode("ascii")


def address(secret: str, *, login: str) -> str:
    """The ``otpauth://`` address that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)


def matching_step(secret: str | None, code: str, *, now: datetime) -> int | None:
    """The time step whose code this is; None for a wrong code or without a secret, after the same work."""
    generator = pyotp.TOTP(_NOBODYS if secret is None else secret)
    present = int(now.timestamp()) // STEP_SECONDS
    found: int | None = None
    for step in (present + near for near in _NEAR):
        # Every step is compared, whichever fits.
        right = hmac.compare_digest(generator.generate_otp(step).encode(), code.encode("utf-8"))
        found = step if right else found
    return None if secret is None else found
