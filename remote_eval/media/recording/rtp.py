"""RTP packets and RTCP sender reports as a recorder sees them (RFC 3550 §5.1 and §6.4.1, RFC 4588 §4).

Bytes in, tuples out; whatever is malformed gives None and never raises. Header extensions are skipped.
No decryption, no order, no clock.
"""

from struct import Struct
from typing import Final, NamedTuple

SEQUENCE_BITS: Final = 16
TIMESTAMP_BITS: Final = 32
MAX_PACKET_BYTES: Final = 2048
# First two bytes, sequence number, timestamp, SSRC.
_HEADER: Final = Struct("!BBHII")
_HEADER_BYTES: Final = _HEADER.size
_REPORT_BYTES: Final = 28
_SENDER_REPORT: Final = 200
_MAX_REPORTS: Final = 32


class Packet(NamedTuple):
    """One RTP packet without its header extension and padding; numbers as they were on the wire."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class SenderReport(NamedTuple):
    """`ntp_ms`: the sender's wall clock in milliseconds of the NTP era at RTP time `timestamp`."""

    ssrc: int
    ntp_ms: float
    timestamp: int


def parse_packet(data: bytes) -> Packet | None:
    """The packet in `data`, or None where RFC 3550 §5.1 allows no such bytes."""
    size = len(data)
    if not _HEADER_BYTES <= size <= MAX_PACKET_BYTES or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if size < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = size
    if first & 0x20:
        padding = data[-1]
        if not padding:
            return None
        end -= padding
    if end < start:
        return None
    return Packet(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data[start:end])


def original_of(packet: Packet, payload_type: int, ssrc: int) -> Packet | None:
    """The packet that a retransmission carries (RFC 4588 §4): its first two bytes are the old number."""
    if len(packet.payload) < 2:
        return None
    return packet._replace(
        payload_type=payload_type,
        ssrc=ssrc,
        sequence=int.from_bytes(packet.payload[:2], "big"),
        payload=packet.payload[2:],
    )


def parse_report(data: bytes) -> SenderReport | None:
    """The first sender report of a compound RTCP packet, or None."""
    at = 0
    for _ in range(_MAX_REPORTS):
        if len(data) < at + 4 or data[at] >> 6 != 2:
            return None
        size = 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == _SENDER_REPORT:
            return _report(data[at : at + size]) if size >= _REPORT_BYTES else None
        at += size
    return None


def _report(data: bytes) -> SenderReport | None:
    if len(data) < _REPORT_BYTES:
        return None
    seconds, fraction = int.from_bytes(data[8:12], "big"), int.from_bytes(data[12:16], "big")
    if not seconds:
        return None
    ntp_ms = seconds * 1000 + fraction * 1000 / (1 << 32)
    return SenderReport(int.from_bytes(data[4:8], "big"), ntp_ms, int.from_bytes(data[16:20], "big"))


def nearest(value: int, near: int, bits: int) -> int:
    """The number that is `value` modulo 2^bits and closest to `near`: a counter that never wraps."""
    span = 1 << bits
    half = span >> 1
    return near + ((value - near + half) % span) - half
