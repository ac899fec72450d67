"""How a gateway and the hub know each other, and the keys of their channel (site-gateway.md §2, §3).

    hub      challenge: a fresh nonce
    gateway  hello: site, device, that nonce, a fresh X25519 share, its certificate's fingerprint; signed
    hub      welcome: the hello's hash, its own share; signed

Both shares are signed for, so whoever carries the channel can neither read nor change it. A hello answers one
challenge, so a recorded one is worth nothing. No sockets, no clock; keys and nonces are arguments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.canonical import canonical, parse
from crypto.errors import CryptoError
from crypto.hashing import sha256
from crypto.signing import SigningKey, sign_record, verify_record
from remote_eval.errors import MediaError

MAX_GREETING_BYTES: Final = 4096
SHARE_BYTES: Final = 32
NONCE_BYTES: Final = 32
HELLO: Final = "gateway hello"
WELCOME: Final = "gateway welcome"
REFUSED: Final = "gateway.refused"
_INFO: Final = b"qt/1 gateway channel\x00"
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PRINT: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}", re.ASCII)
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKeys:
    """32 bytes for each direction."""

    up: bytes = field(repr=False)
    down: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """A gateway's hello, read but not yet believed: `check` does that with the key of its device."""

    site: str
    device: str
    fingerprint: str
    share: bytes
    record: Record
    signature: bytes


def challenge_text(nonce: bytes) -> str:
    """The hub's first words."""
    return _text({"protocol": "qt/1", "kind": "gateway-challenge", "nonce": nonce.hex()})


def read_challenge(text: str | bytes) -> bytes:
    """The nonce of a challenge. Raises MediaError ``gateway.refused``."""
    record = _read(text, {"protocol", "kind", "nonce"}, "gateway-challenge")
    return bytes.fromhex(_hex(record["nonce"]))


def hello_text(
    key: SigningKey, *, site: str, device: str, nonce: bytes, share: bytes, fingerprint: str
) -> str:
    """A gateway's answer to a challenge; `share` is the public half of a fresh X25519 key."""
    record: Record = {
        "protocol": "qt/1",
        "kind": "gateway-hello",
        "site": site,
        "device": device,
        "challenge": nonce.hex(),
        "share": share.hex(),
        "fingerprint": fingerprint,
    }
    return _text({"record": record, "signature": sign_record(key, HELLO, record).hex()})


def read_hello(text: str | bytes, *, site: str, nonce: bytes) -> Greeted:
    """A hello to this challenge, for this site. Raises MediaError ``gateway.refused``."""
    record, signature = _signed(text)
    names = {"protocol", "kind", "site", "device", "challenge", "share", "fingerprint"}
    _expect(record, names, "gateway-hello")
    device, fingerprint = record["device"], record["fingerprint"]
    if record["site"] != site or record["challenge"] != nonce.hex():
        raise MediaError(REFUSED)
    if not isinstance(device, str) or not _NAME.fullmatch(device):
        raise MediaError(REFUSED)
    if not isinstance(fingerprint, str) or not _PRINT.fullmatch(fingerprint):
        raise MediaError(REFUSED)
    share = bytes.fromhex(_hex(record["share"]))
    return Greeted(
        site=site,
        device=device,
        fingerprint=fingerprint,
        share=share,
        record=record,
        signature=signature,
    )


def check_hello(greeted: Greeted, public: bytes) -> None:
    """Raise MediaError ``gateway.refused`` unless this device's key signed the hello."""
    try:
        verify_record(public, HELLO, greeted.record, greeted.signature)
    except CryptoError as error:
        raise MediaError(REFUSED) from error


def welcome(key: SigningKey, greeted: Greeted, secret: bytes) -> tuple[str, ChannelKeys]:
    """The hub's answer and the channel's keys; `secret` is a fresh X25519 private key of 32 bytes."""
    record: Record = {
        "protocol": "qt/1",
        "kind": "gateway-welcome",
        "site": greeted.site,
        "hello": sha256(canonical(greeted.record)).hex(),
        "share": share_of(secret).hex(),
    }
    text = _text({"record": record, "signature": sign_record(key, WELCOME, record).hex()})
    return text, _keys(secret, greeted.share, record)


def welcomed(text: str | bytes, hello: str, *, hub: bytes, secret: bytes) -> ChannelKeys:
    """The channel's keys from a welcome to this hello by the pinned hub. Raises MediaError
    ``gateway.hub`` when it is not that hub that speaks.
    """
    try:
        record, signature = _signed(text)
        _expect(record, {"protocol", "kind", "site", "hello", "share"}, "gateway-welcome")
        verify_record(hub, WELCOME, record, signature)
        sent = _signed(hello)[0]
        if record["hello"] != sha256(canonical(sent)).hex() or record["site"] != sent["site"]:
            raise MediaError(REFUSED)
        return _keys(secret, bytes.fromhex(_hex(record["share"])), record)
    except (CryptoError, MediaError) as error:
        raise MediaError("gateway.hub") from error


def share_of(secret: bytes) -> bytes:
    """The public half of an X25519 private key."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def _keys(secret: bytes, share: bytes, record: Record) -> ChannelKeys:
    try:
        shared = X25519PrivateKey.from_private_bytes(secret).exchange(
            X25519PublicKey.from_public_bytes(share)
        )
    except ValueError as error:
        raise MediaError(REFUSED) from error
    derive = HKDF(algorithm=hashes.SHA256(), length=64, salt=sha256(canonical(record)), info=_INFO)
    both = derive.derive(shared)
    return ChannelKeys(up=both[:32], down=both[32:])


def _text(record: Mapping[str, Any]) -> str:
    return canonical(dict(record)).decode()


def _read(text: str | bytes, names: set[str], kind: str) -> Record:
    try:
        data = text.encode() if isinstance(text, str) else text
        record = parse(data, max_bytes=MAX_GREETING_BYTES, max_depth=4)
    except (CryptoError, UnicodeEncodeError) as error:
        raise MediaError(REFUSED) from error
    if not isinstance(record, dict):
        raise MediaError(REFUSED)
    if kind:
        _expect(record, names, kind)
    elif set(record) != names:
        raise MediaError(REFUSED)
    return record


def _signed(text: str | bytes) -> tuple[Record, bytes]:
    whole = _read(text, {"record", "signature"}, "")
    record, signature = whole["record"], whole["signature"]
    if not isinstance(record, dict) or not isinstance(signature, str) or len(signature) != 128:
        raise MediaError(REFUSED)
    try:
        return record, bytes.fromhex(signature)
    except ValueError as error:
        raise MediaError(REFUSED) from error


def _expect(record: Record, names: set[str], kind: str) -> None:
    if set(record) != names or record["protocol"] != "qt/1" or record["kind"] != kind:
        raise MediaError(REFUSED)


def _hex(value: object) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise MediaError(REFUSED)
    return value
