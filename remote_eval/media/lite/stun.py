"""STUN binding messages as ICE needs them (RFC 8489, RFC 8445 §7): read, authenticate, answer, ask.

Bytes in, values out: no sockets, no clocks. Reading never raises anything but MediaError ``media.stun``.
Does not do long-term credentials, TURN, or messages other than binding.
"""

import hashlib
import hmac
import ipaddress
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from remote_eval.errors import MediaError

REQUEST: Final = 0x0001
INDICATION: Final = 0x0011
SUCCESS: Final = 0x0101
ERROR: Final = 0x0111

COOKIE: Final = 0x2112A442
HEADER: Final = 20
MAX_BYTES: Final = 1280
MAX_ATTRIBUTES: Final = 32

USERNAME: Final = 0x0006
INTEGRITY: Final = 0x0008
XOR_MAPPED: Final = 0x0020
PRIORITY: Final = 0x0024
USE_CANDIDATE: Final = 0x0025
FINGERPRINT: Final = 0x8028
ICE_CONTROLLING: Final = 0x802A

_FINGERPRINT_XOR: Final = 0x5354554E
_INTEGRITY_BYTES: Final = 24
_FINGERPRINT_BYTES: Final = 8

# What socket.recvfrom tells of a sender: (host, port) or, for IPv6, (host, port, flow, scope).
Address = tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `signed` is what MESSAGE-INTEGRITY covers, with the length that it was made over."""

    kind: int
    transaction: bytes
    attributes: dict[int, bytes]
    signed: bytes

    @property
    def username(self) -> str:
        """USERNAME, or an empty text when there is none or it is no UTF-8."""
        return self.attributes.get(USERNAME, b"").decode("utf-8", "replace")

    @property
    def nominates(self) -> bool:
        """Whether the sender chose this pair (RFC 8445 §7.1.2)."""
        return USE_CANDIDATE in self.attributes

    def is_authentic(self, password: bytes) -> bool:
        """Check MESSAGE-INTEGRITY in constant time; a message without one is not authentic."""
        sent = self.attributes.get(INTEGRITY)
        if sent is None:
            return False
        return hmac.compare_digest(sent, hmac.new(password, self.signed, hashlib.sha1).digest())


def read_message(data: bytes) -> Message:
    """Read a binding message. Behind MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489 §14.5)."""
    if not HEADER <= len(data) <= MAX_BYTES:
        raise MediaError("media.stun", reason="size")
    kind, length, cookie = struct.unpack_from("!HHI", data)
    if cookie != COOKIE or length % 4 or length != len(data) - HEADER:
        raise MediaError("media.stun", reason="header")
    if kind not in {REQUEST, INDICATION, SUCCESS, ERROR}:
        raise MediaError("media.stun", reason="kind")
    attributes, signed = _read_attributes(data)
    return Message(kind=kind, transaction=data[8:20], attributes=attributes, signed=signed)


def _read_attributes(data: bytes) -> tuple[dict[int, bytes], bytes]:
    attributes: dict[int, bytes] = {}
    signed = b""
    at = HEADER
    for _ in range(MAX_ATTRIBUTES):
        if at == len(data):
            return attributes, signed
        kind, length = struct.unpack_from("!HH", data, at)
        end = at + 4 + length
        if end > len(data):
            raise MediaError("media.stun", reason="attribute")
        if kind == FINGERPRINT:
            _check_fingerprint(data, at, length)
            if end != len(data):
                raise MediaError("media.stun", reason="fingerprint")
        elif not signed and kind not in attributes:
            attributes[kind] = data[at + 4 : end]
        if kind == INTEGRITY and not signed:
            if length != _INTEGRITY_BYTES - 4:
                raise MediaError("media.stun", reason="integrity")
            signed = _with_length(data[:at], at - HEADER + _INTEGRITY_BYTES)
        at = end + (-length % 4)
    raise MediaError("media.stun", reason="attributes")


def _check_fingerprint(data: bytes, at: int, length: int) -> None:
    if length != _FINGERPRINT_BYTES - 4:
        raise MediaError("media.stun", reason="fingerprint")
    (sent,) = struct.unpack_from("!I", data, at + 4)
    if sent != zlib.crc32(data[:at]) ^ _FINGERPRINT_XOR:
        raise MediaError("media.stun", reason="fingerprint")


def _with_length(data: bytes, length: int) -> bytes:
    return data[:2] + struct.pack("!H", length) + data[4:]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def write_message(
    kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: bytes
) -> bytes:
    """Write a binding message with MESSAGE-INTEGRITY and FINGERPRINT; `transaction` is 12 bytes."""
    body = b"".join(_attribute(name, value) for name, value in attributes)
    head = struct.pack("!HHI", kind, len(body), COOKIE) + transaction + body
    covered = _with_length(head, len(body) + _INTEGRITY_BYTES)
    whole = covered + _attribute(INTEGRITY, hmac.new(password, covered, hashlib.sha1).digest())
    whole = _with_length(whole, len(whole) - HEADER + _FINGERPRINT_BYTES)
    return whole + _attribute(FINGERPRINT, struct.pack("!I", zlib.crc32(whole) ^ _FINGERPRINT_XOR))


def write_answer(request: Message, source: Address, password: bytes) -> bytes:
    """Answer a binding request with the address that it came from (RFC 8489 §7.3.1.1)."""
    mapped = xor_address(source, request.transaction)
    return write_message(SUCCESS, request.transaction, [(XOR_MAPPED, mapped)], password)


def write_request(transaction: bytes, username: str, password: bytes, tie_breaker: bytes) -> bytes:
    """A connectivity check of a controlling agent that nominates at once (RFC 8445 §7.2.2, §8.1.1)."""
    priority = (110 << 24) | (65535 << 8) | 255  # a peer-reflexive candidate of component 1
    attributes = [
        (USERNAME, username.encode()),
        (PRIORITY, struct.pack("!I", priority)),
        (ICE_CONTROLLING, tie_breaker),
        (USE_CANDIDATE, b""),
    ]
    return write_message(REQUEST, transaction, attributes, password)


def xor_address(source: Address, transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2)."""
    packed = ipaddress.ip_address(source[0].partition("%")[0]).packed
    family = 1 if len(packed) == 4 else 2
    pad = struct.pack("!I", COOKIE) + transaction
    hidden = bytes(left ^ right for left, right in zip(packed, pad, strict=False))
    return struct.pack("!BBH", 0, family, source[1] ^ (COOKIE >> 16)) + hidden
