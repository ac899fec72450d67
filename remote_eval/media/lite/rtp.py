"""RTP packets as a forwarder reads and writes them (RFC 3550 §5.1, RFC 8285, RFC 6464, RFC 4588, RFC 2198).

Only headers are read; of a payload no more than tells a keyframe (RFC 7741 §4.2), a retransmission's number
and the blocks of RED. Reading gives None for what is no RTP packet and never raises.
"""

import struct
from dataclasses import dataclass
from typing import Final

FIXED: Final = 12
_ONE_BYTE: Final = 0xBEDE
_TWO_BYTE: Final = 0x1000
_HEADER: Final = struct.Struct("!BBHII")
_LEVEL_HEADER: Final = struct.Struct("!BBHIIHHBBH")
_PAIR: Final = struct.Struct("!HH")


@dataclass(slots=True)
class Packet:
    """What a forwarder needs of a packet; `payload` is without padding, `extensions` are by local id."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: dict[int, bytes]


def is_rtcp(data: bytes) -> bool:
    """RTCP by the second byte (RFC 5761 §4); `data` has at least two."""
    return 192 <= data[1] <= 223


def read_packet(data: bytes) -> Packet | None:  # noqa: PLR0911 - each way to be no packet
    """Read a plain packet, or None when it does not hold together."""
    if len(data) < FIXED:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    at = FIXED + 4 * (first & 0x0F)
    end = len(data)
    extensions: dict[int, bytes] = {}
    if first & 0x10:
        if at + 4 > end:
            return None
        profile, words = _PAIR.unpack_from(data, at)
        at += 4 + 4 * words
        if at > end:
            return None
        extensions = _read_extensions(profile, data[at - 4 * words : at])
    if first & 0x20:
        # The last byte counts the padding with itself; 0 makes no sense.
        if end <= at or not 0 < data[-1] <= end - at:
            return None
        end -= data[-1]
    if at > end:
        return None
    return Packet(second & 0x7F, second > 127, sequence, timestamp, ssrc, data[at:end], extensions)


def _read_extensions(profile: int, data: bytes) -> dict[int, bytes]:
    if profile == _ONE_BYTE:
        return _read_one_byte(data)
    return _read_two_byte(data) if profile & 0xFFF0 == _TWO_BYTE else {}


def _read_one_byte(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        name, length = data[at] >> 4, (data[at] & 0x0F) + 1
        if name == 15:
            break
        if name == 0:
            at += 1
            continue
        found[name] = data[at + 1 : at + 1 + length]
        at += 1 + length
    return found


def _read_two_byte(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > len(data):
            break
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def write_header(payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """A fixed header without CSRCs and extensions; numbers are cut to their width."""
    second = payload_type | 0x80 if marker else payload_type
    return _HEADER.pack(0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def write_level_header(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, *, name: int, level: int
) -> bytes:
    """As `write_header`, with ssrc-audio-level (RFC 6464) of id `name`."""
    second = payload_type | 0x80 if marker else payload_type
    numbers = (sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return _LEVEL_HEADER.pack(0x90, second, *numbers, _ONE_BYTE, 1, name << 4, level, 0)


def restore(packet: Packet, ssrc: int, payload_type: int) -> tuple[Packet, bytes] | None:
    """The packet that a retransmission carries (RFC 4588 §4), and its bytes; None for an empty probe."""
    if len(packet.payload) < 3:
        return None
    sequence = int.from_bytes(packet.payload[:2], "big")
    payload = packet.payload[2:]
    original = Packet(payload_type, packet.marker, sequence, packet.timestamp, ssrc, payload, {})
    head = write_header(payload_type, packet.marker, sequence, packet.timestamp, ssrc)
    return original, head + payload


def is_vp8_keyframe(payload: bytes) -> bool:
    """Whether this is the first packet of a VP8 keyframe (RFC 7741 §4.2, §4.3)."""
    if len(payload) < 2 or payload[0] & 0x17 != 0x10:  # S set and partition 0
        return False
    at = 1
    if payload[0] & 0x80:
        flags = payload[1]
        at = 2
        if flags & 0x80:
            if at >= len(payload):
                return False
            at += 2 if payload[at] & 0x80 else 1
        at += bool(flags & 0x40)
        at += bool(flags & 0x30)
    return at < len(payload) and not payload[at] & 1


def red_primary(payload: bytes) -> bytes | None:
    """The newest block of a RED payload (RFC 2198 §3), or None when its headers do not add up."""
    at = redundant = 0
    while at < len(payload):
        if not payload[at] & 0x80:
            start = at + 1 + redundant
            return payload[start:] if start <= len(payload) else None
        if at + 4 > len(payload):
            return None
        redundant += int.from_bytes(payload[at + 2 : at + 4], "big") & 0x3FF
        at += 4
    return None


def red_with_type(payload: bytes, payload_type: int) -> bytes:
    """The same RED payload with every block under another payload type."""
    changed = bytearray(payload)
    at = 0
    while at < len(changed):
        more = changed[at] & 0x80
        changed[at] = more | payload_type
        if not more:
            break
        at += 4
    return bytes(changed)


def unwrap(number: int, near: int, bits: int) -> int:
    """The extended number that ends in `number` (of `bits` bits) and is nearest to `near`."""
    size = 1 << bits
    distance = (number - near) % size
    return near + (distance - size if distance > size // 2 else distance)
