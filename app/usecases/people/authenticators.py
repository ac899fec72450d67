"""What a browser's passkey answers (WebAuthn Level 2), checked: whose account it is, others decide.

Origin, relying party, challenge, user verification and counter are checked by the library; whatever is no
answer at all is refused in the same words.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.registration.verify_registration_response import VerifiedRegistration

from app.errors import AccessRefusedError
from app.usecases.people.entrance import Entrance

# Whom a passkey belongs to, as the browser's own dialogue says it.
RELYING_PARTY: Final = "签筒 Qiantong"
_MAX_ID_BYTES: Final = 255
# What the library and its parsers raise on an answer that is no answer.
_MALFORMED: Final = (
    WebAuthnException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    UnsupportedAlgorithm,
)


def challenge_in(credential: Mapping[str, Any]) -> bytes:
    """The challenge that an answer says it is for. Raises AccessRefusedError ``passkey.refused``."""
    try:
        return parse_client_data_json(bytes_of(credential["response"]["clientDataJSON"])).challenge
    except _MALFORMED as error:
        raise AccessRefusedError("passkey.refused") from error


def handle_in(credential: Mapping[str, Any]) -> bytes | None:
    """Whose passkey the authenticator itself says it is. Raises AccessRefusedError ``passkey.refused``."""
    handle = credential["response"].get("userHandle")
    try:
        return None if handle is None else bytes_of(handle)
    except ValueError as error:
        raise AccessRefusedError("passkey.refused") from error


def registered(entrance: Entrance, credential: Mapping[str, Any], challenge: bytes) -> VerifiedRegistration:
    """A new passkey, made for this challenge and site. Raises AccessRefusedError ``passkey.refused``."""
    try:
        verified = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=entrance.host,
            expected_origin=entrance.origin,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise AccessRefusedError("passkey.refused") from error
    if len(verified.credential_id) > _MAX_ID_BYTES:
        raise AccessRefusedError("passkey.refused")
    return verified


def authenticated(
    entrance: Entrance,
    credential: Mapping[str, Any],
    challenge: bytes,
    *,
    public_key: bytes,
    sign_count: int,
) -> VerifiedAuthentication:
    """A use of the passkey with this key (COSE), whose counter stood there.

    Raises AccessRefusedError ``passkey.refused``."""
    try:
        return verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=entrance.host,
            expected_origin=entrance.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise AccessRefusedError("passkey.refused") from error


def bytes_of(text: str) -> bytes:
    """Base64url, with padding or without. Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("not base64url") from error


def text_of(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
