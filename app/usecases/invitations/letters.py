"""A letter's secret and everything derived from it.

The secret S (16 bytes) travels in the fragment of a link, which no browser sends to a server. From it the
page derives what it shows, signs and proves; the platform keeps the public halves and hashes only::

    HKDF-SHA256(ikm=S, salt=none, info=…)
    "qt/1 letter id"     10 bytes  the letter's public handle: inv_ and hex
    "qt/1 letter auth"   32 bytes  shown as ``Authorization: Letter <hex>``; SHA-256 of it is stored
    "qt/1 letter key"    32 bytes  AES-256-GCM key of the letter; 12-byte nonce first; AAD = the id
    "qt/1 reply key"     32 bytes  Ed25519 seed that answers are signed with
    "qt/1 arrival code"   4 bytes  mod 10^8, eight digits, for the desk

In the link S is 26 characters of Crockford's base 32, five bits each, the last two bits zero.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import AccessRefusedError
from app.usecases.proof_codes import ALPHABET
from crypto.canonical import canonical, parse
from crypto.signing import SigningKey

SECRET_BYTES: Final = 16
NONCE_BYTES: Final = 12
MAX_CONTENT_BYTES: Final = 16 * 1024
CODE_DIGITS: Final = 8
_CHARACTERS: Final = 26
_PAD: Final = 2  # bits


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterKeys:
    """What one secret gives. Nothing of it is stored but `id`, hashes and the public half of `reply`."""

    id: str
    auth: bytes = field(repr=False)
    key: bytes = field(repr=False)
    reply: SigningKey = field(repr=False)
    arrival_code: str = field(repr=False)

    @property
    def auth_hash(self) -> str:
        """What the platform stores of `auth`."""
        return hash_auth(self.auth)


def derive(secret: bytes) -> LetterKeys:
    """Everything that follows from a secret of 16 bytes. Raises ValueError on another length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a letter's secret has 16 bytes")
    digits = int.from_bytes(_hkdf(secret, "qt/1 arrival code", 4), "big") % 10**CODE_DIGITS
    return LetterKeys(
        id=f"inv_{_hkdf(secret, 'qt/1 letter id', 10).hex()}",
        auth=_hkdf(secret, "qt/1 letter auth", 32),
        key=_hkdf(secret, "qt/1 letter key", 32),
        reply=SigningKey.from_seed(_hkdf(secret, "qt/1 reply key", 32)),
        arrival_code=f"{digits:0{CODE_DIGITS}d}",
    )


def link(public_url: str, secret: bytes) -> str:
    """The address of a letter, its secret in the fragment."""
    return f"{public_url.rstrip('/')}/i#{encode(secret)}"


def encode(secret: bytes) -> str:
    """A secret as 26 characters."""
    bits = int.from_bytes(secret, "big") << _PAD
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))


def decode(text: str) -> bytes:
    """The secret of 26 characters. Raises ValueError for a text that is none."""
    if len(text) != _CHARACTERS or not set(text) <= set(ALPHABET):
        raise ValueError("not a letter's secret")
    bits = sum(ALPHABET.index(one) << 5 * place for place, one in enumerate(reversed(text)))
    if bits & (1 << _PAD) - 1:
        raise ValueError("not a letter's secret")
    return (bits >> _PAD).to_bytes(SECRET_BYTES, "big")


def seal(keys: LetterKeys, content: Mapping[str, str], nonce: bytes) -> bytes:
    """The sealed letter: nonce, then C(content) under the letter's key, bound to its id."""
    return nonce + AESGCM(keys.key).encrypt(nonce, canonical(dict(content)), keys.id.encode("ascii"))


def unseal(keys: LetterKeys, letter: bytes) -> Mapping[str, Any]:
    """What a letter says, as the page reads it. Raises AccessRefusedError ``letter.not-authentic``."""
    nonce, body = letter[:NONCE_BYTES], letter[NONCE_BYTES:]
    try:
        plain = AESGCM(keys.key).decrypt(nonce, body, keys.id.encode("ascii"))
    except (InvalidTag, ValueError) as error:
        raise AccessRefusedError("letter.not-authentic") from error
    value: Any = parse(plain, max_bytes=MAX_CONTENT_BYTES)
    return dict(value)


def hash_auth(auth: bytes) -> str:
    """SHA-256 of a letter's proof of possession, hex."""
    return hashlib.sha256(auth).hexdigest()


def proves(auth_hash: str, auth: bytes) -> bool:
    """Whether `auth` is what the letter's page holds; in constant time."""
    return hmac.compare_digest(auth_hash, hash_auth(auth))


def arrival_code_value(letter_id: str, digits: str) -> str:
    """What the keyed hash ``arrival-code`` is made of."""
    return f"{letter_id}:{digits}"


def arrival_value(venue_site: str, day: str, person: str) -> str:
    """What the keyed hash ``arrival`` is made of: centre, Beijing date, keyed hash of the identity number."""
    return f"{venue_site}|{day}|{person}"


def _hkdf(secret: bytes, info: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode("ascii")).derive(secret)
