"""RTP of voices: what a masker reads of packets that come, and the packets that it makes.

RFC 3550 §5.1 (header), RFC 2198 (redundancy), RFC 6716 §3.1 (duration of an Opus packet). Everything that
does not hold raises MediaError ``media.packet``; nothing is guessed.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from remote_eval.errors import MediaError

MOST_BYTES: Final = 1_500
HEADER: Final = 12
# Ticks of the RTP clock of Opus (RFC 7587 §4.1), whatever the sampling rate.
TICKS_PER_MS: Final = 48
TICKS_PER_FRAME: Final = 20 * TICKS_PER_MS
# RFC 6716 §3.1: no packet is longer than 120 ms.
MOST_TICKS: Final = 120 * TICKS_PER_MS
MOST_BLOCKS: Final = 4

# Duration in RTP ticks by the configuration number, RFC 6716 table 2.
_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)


@dataclass(frozen=True, slots=True)
class Opus:
    """One Opus packet at its place in the RTP clock (32 bits, wraps)."""

    timestamp: int
    payload: bytes
    ticks: int


def read(data: bytes, encodings: Mapping[int, str]) -> list[Opus]:
    """Opus packets of one RTP packet, the oldest first; several if redundancy came along.

    `encodings` names payload types. Raises MediaError ``media.packet``.
    """
    if not HEADER <= len(data) <= MOST_BYTES or data[0] >> 6 != 2:
        raise _refusal("header")
    encoding = encodings.get(data[1] & 0x7F)
    timestamp = int.from_bytes(data[4:8], "big")
    payload = _payload(data)
    if encoding == "opus":
        return [_opus(timestamp, payload)]
    if encoding == "red":
        return _unwrapped(timestamp, payload, encodings)
    raise _refusal("payload-type")


def write(
    payload: bytes, *, payload_type: int, sequence: int, timestamp: int, ssrc: int, first: bool
) -> bytes:
    """One RTP packet; the marker stands on the first one (RFC 7587 §4.2)."""
    kind = payload_type | (0x80 if first else 0)
    return struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def _payload(data: bytes) -> bytes:
    """What is left without contributing sources, extension and padding."""
    start = HEADER + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < start + 4:
            raise _refusal("extension")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if data[0] & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            raise _refusal("padding")
    if start >= end:
        raise _refusal("empty")
    return data[start:end]


def _unwrapped(timestamp: int, payload: bytes, encodings: Mapping[int, str]) -> list[Opus]:
    """Blocks of a RED payload; redundant blocks that are empty or no Opus are left out."""
    blocks: list[tuple[int, int, int | None]] = []
    at = 0
    while payload[at] & 0x80:
        if len(payload) < at + 5 or len(blocks) == MOST_BLOCKS:
            raise _refusal("red")
        word = int.from_bytes(payload[at : at + 4], "big")
        blocks.append((word >> 24 & 0x7F, word >> 10 & 0x3FFF, word & 0x3FF))
        at += 4
    blocks.append((payload[at] & 0x7F, 0, None))
    at += 1
    found = []
    for kind, offset, length in blocks:
        end = len(payload) if length is None else at + length
        if end > len(payload) or (length is None and at >= end):
            raise _refusal("red")
        if end > at and encodings.get(kind) == "opus":
            found.append(_opus((timestamp - offset) & 0xFFFFFFFF, payload[at:end]))
        at = end
    return found


def _opus(timestamp: int, payload: bytes) -> Opus:
    """An Opus packet with its duration. Raises for one longer than 120 ms or without frames."""
    configuration, code = payload[0] >> 3, payload[0] & 3
    if configuration < 12:
        frame = _SILK[configuration % 4]
    elif configuration < 16:
        frame = _HYBRID[configuration % 2]
    else:
        frame = _CELT[configuration % 4]
    if code == 3 and len(payload) < 2:
        raise _refusal("opus")
    frames = (1, 2, 2)[code] if code < 3 else payload[1] & 0x3F
    if not 0 < frames * frame <= MOST_TICKS:
        raise _refusal("opus")
    return Opus(timestamp, payload, frames * frame)


def _refusal(part: str) -> MediaError:
    return MediaError("media.packet", part=part)
