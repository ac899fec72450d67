"""RTCP as a forwarder reads and writes it (RFC 3550 §6, RFC 4585, RFC 5104, RFC 3611, draft REMB).

Reading gives reports and requests as plain values, skips what it does not know and ends at the first packet
that does not hold together; it never raises. Times of NTP are 64 bits, 32.32 seconds since 1900.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
DESCRIPTION: Final = 202
BYE: Final = 203
FEEDBACK: Final = 205
PAYLOAD_FEEDBACK: Final = 206
EXTENDED: Final = 207

_NACK: Final = 1
_PLI: Final = 1
_FIR: Final = 4
_REMB: Final = 15
_MAX_NACKED: Final = 512
_RRTR: Final = 4
_DLRR: Final = 5


@dataclass(frozen=True, slots=True)
class Block:
    """A report block; `lost` is the share of the last interval, 0 to 1, `delay` in 1/65536 s."""

    ssrc: int
    lost: float
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender report without its blocks; `raw` is the packet as it came."""

    ssrc: int
    ntp: int
    timestamp: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Blocks:
    """Report blocks of a sender's or a receiver's report."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers that are missing at the receiver of `ssrc`."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A request for a keyframe of `ssrc`: PLI, or FIR."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class Echo:
    """A receiver's reference time that came back (DLRR): middle 32 bits of NTP, and the delay there."""

    last: int
    delay: int


@dataclass(frozen=True, slots=True)
class ReferenceTime:
    """A receiver's reference time (RRTR): whose, and the middle 32 bits of its NTP."""

    ssrc: int
    last: int


@dataclass(frozen=True, slots=True)
class Cap:
    """What the receiver's line takes of these streams together, bits a second (REMB)."""

    bits_per_second: int
    ssrcs: tuple[int, ...]


Item = ReferenceTime | SenderReport | Blocks | Nack | Keyframe | Cap | Echo


def read_compound(data: bytes) -> Iterator[Item]:
    """What a compound packet says, in its order."""
    at = 0
    while at + 8 <= len(data):
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        yield from _read_one(first & 0x1F, kind, data[at:end])
        at = end


def _read_one(count: int, kind: int, data: bytes) -> Iterator[Item]:
    if kind == SENDER_REPORT and len(data) >= 28:
        ssrc, ntp, timestamp = struct.unpack_from("!IQI", data, 4)
        yield SenderReport(ssrc, ntp, timestamp, data)
        yield Blocks(_read_blocks(count, data, 28))
    elif kind == RECEIVER_REPORT:
        yield Blocks(_read_blocks(count, data, 8))
    elif kind == FEEDBACK and count == _NACK and len(data) >= 16:
        (ssrc,) = struct.unpack_from("!I", data, 8)
        yield Nack(ssrc, tuple(_read_nacked(data)))
    elif kind == PAYLOAD_FEEDBACK and count == _PLI and len(data) >= 12:
        yield Keyframe(struct.unpack_from("!I", data, 8)[0])
    elif kind == PAYLOAD_FEEDBACK and count == _FIR:
        for at in range(12, len(data) - 7, 8):
            yield Keyframe(struct.unpack_from("!I", data, at)[0])
    elif kind == PAYLOAD_FEEDBACK and count == _REMB and len(data) >= 20 and data[12:16] == b"REMB":
        yield _read_cap(data)
    elif kind == EXTENDED:
        yield from _read_extended(data)


def _read_blocks(count: int, data: bytes, at: int) -> tuple[Block, ...]:
    fitting = min(count, (len(data) - at) // 24)
    blocks = []
    for start in range(at, at + 24 * fitting, 24):
        ssrc, losses, _, _, last, delay = struct.unpack_from("!IIIIII", data, start)
        blocks.append(Block(ssrc, (losses >> 24) / 256, last, delay))
    return tuple(blocks)


def _read_nacked(data: bytes) -> list[int]:
    nacked: list[int] = []
    for at in range(12, len(data) - 3, 4):
        first, mask = struct.unpack_from("!HH", data, at)
        nacked.append(first)
        nacked.extend((first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1)
        if len(nacked) > _MAX_NACKED:
            break
    return nacked[:_MAX_NACKED]


def _read_cap(data: bytes) -> Cap:
    (word,) = struct.unpack_from("!I", data, 16)
    fitting = min(word >> 24, (len(data) - 20) // 4)
    rate = (word & 0x3FFFF) << (word >> 18 & 0x3F)
    return Cap(rate, struct.unpack_from(f"!{fitting}I", data, 20))


def _read_extended(data: bytes) -> Iterator[Echo | ReferenceTime]:
    at = 8
    while at + 4 <= len(data):
        kind, _, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if end > len(data):
            return
        if kind == _RRTR and words == 2:
            (ssrc,) = struct.unpack_from("!I", data, 4)
            yield ReferenceTime(ssrc, struct.unpack_from("!Q", data, at + 4)[0] >> 16 & 0xFFFFFFFF)
        if kind == _DLRR:
            for start in range(at + 4, end - 11, 12):
                _, last, delay = struct.unpack_from("!III", data, start)
                yield Echo(last, delay)
        at = end


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def write_receiver_report(sender: int, blocks: Iterable[bytes]) -> bytes:
    """A receiver report with up to 31 blocks of `write_block`."""
    some = list(blocks)[:31]
    return _packet(len(some), RECEIVER_REPORT, struct.pack("!I", sender) + b"".join(some))


def write_block(
    ssrc: int, *, lost: float, total_lost: int, highest: int, jitter: int, last: int, delay: int
) -> bytes:
    """A report block; `lost` is 0 to 1, `highest` the extended sequence number, `delay` in 1/65536 s."""
    share = min(255, int(lost * 256)) << 24
    total = max(-(1 << 23), min((1 << 23) - 1, total_lost)) & 0xFFFFFF
    return struct.pack(
        "!IIIIII", ssrc, share | total, highest & 0xFFFFFFFF, jitter, last, min(delay, 0xFFFFFFFF)
    )


def write_sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report without blocks."""
    numbers = (ssrc, ntp, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(0, SENDER_REPORT, struct.pack("!IQIII", *numbers))


def write_cname(ssrc: int, name: str) -> bytes:
    """A source description with a CNAME alone (RFC 3550 §6.5)."""
    item = bytes((1, len(name.encode()))) + name.encode()
    body = struct.pack("!I", ssrc) + item
    return _packet(1, DESCRIPTION, body + bytes(4 - len(body) % 4))


def write_nack(sender: int, ssrc: int, sequences: Iterable[int]) -> bytes:
    """A generic NACK (RFC 4585 §6.2.1) of extended or plain sequence numbers."""
    pairs: list[list[int]] = []
    for number in sorted(sequences):
        ahead = number - pairs[-1][0] - 1 if pairs else 16
        if ahead < 16:
            pairs[-1][1] |= 1 << ahead
        else:
            pairs.append([number, 0])
    body = b"".join(struct.pack("!HH", first & 0xFFFF, mask) for first, mask in pairs)
    return _packet(_NACK, FEEDBACK, struct.pack("!II", sender, ssrc) + body)


def write_pli(sender: int, ssrc: int) -> bytes:
    """A picture loss indication (RFC 4585 §6.3.1)."""
    return _packet(_PLI, PAYLOAD_FEEDBACK, struct.pack("!II", sender, ssrc))


def write_remb(sender: int, bits_per_second: int, ssrcs: Iterable[int]) -> bytes:
    """A receiver's estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 §2.2)."""
    some = list(ssrcs)[:255]
    exponent = max(0, bits_per_second.bit_length() - 18)
    rate = exponent << 18 | bits_per_second >> exponent
    body = struct.pack("!II4sI", sender, 0, b"REMB", len(some) << 24 | rate)
    return _packet(_REMB, PAYLOAD_FEEDBACK, body + b"".join(struct.pack("!I", ssrc) for ssrc in some))


def write_reference_time(sender: int, ntp: int) -> bytes:
    """A receiver's reference time (RFC 3611 §4.4), which the sender gives back in a DLRR block."""
    return _packet(0, EXTENDED, struct.pack("!IBBHQ", sender, _RRTR, 0, 2, ntp))


def write_echo(sender: int, ssrc: int, last: int, delay: int) -> bytes:
    """A DLRR block (RFC 3611 §4.5) that gives a reference time back."""
    return _packet(0, EXTENDED, struct.pack("!IBBHIII", sender, _DLRR, 0, 3, ssrc, last, delay))
