"""Matroska as the recorder writes it (RFC 9559, EBML: RFC 8794): a header of unknown size, then clusters.

One track per file. Cluster times and block times are milliseconds of the room's clock, so that tracks of one
part lie on one time line. Nothing is read here, nothing is encoded.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from remote_eval.media.engine import ROOM_CLASS

MAX_CLUSTER_SPAN_MS: Final = 32_000
_UNKNOWN: Final = b"\x01" + b"\xff" * 7
_TRACK: Final = b"\x81"
_KEYFRAME: Final = 0x80
_SEEK_PRE_ROLL_NS: Final = 80_000_000
# OpusHead (RFC 7845 §5.1): version 1, 2 channels, no pre-skip, 48 kHz, no gain, mapping family 0.
_OPUS_HEAD: Final = b"OpusHead\x01\x02\x00\x00\x80\xbb\x00\x00\x00\x00\x00"


class Block(NamedTuple):
    """One coded frame at `at` milliseconds, lasting `lasts` milliseconds; `klass`: for whom it is sealed."""

    at: int
    lasts: float
    data: bytes
    key: bool
    klass: str = ROOM_CLASS


def video_header(title: str, width: int, height: int) -> bytes:
    """Everything before the first cluster of a VP8 track."""
    size = _element(0xB0, _uint(width)) + _element(0xBA, _uint(height))
    return _header(title, 1, b"V_VP8", _element(0xE0, size))


def audio_header(title: str) -> bytes:
    """Everything before the first cluster of an Opus track."""
    rate = _element(0xB5, bytes.fromhex("40e7700000000000")) + _element(0x9F, _uint(2))  # 48000.0
    private = _element(0x63A2, _OPUS_HEAD) + _element(0x56BB, _uint(_SEEK_PRE_ROLL_NS))
    return _header(title, 2, b"A_OPUS", private + _element(0xE1, rate))


def cluster(blocks: Iterable[Block]) -> bytes:
    """One cluster of blocks in order; their span is below `MAX_CLUSTER_SPAN_MS`."""
    listed = list(blocks)
    start = listed[0].at
    parts = [_element(0xE7, _uint(start))]
    for block in listed:
        flags = _KEYFRAME if block.key else 0
        head = _TRACK + (block.at - start).to_bytes(2, "big", signed=True) + bytes((flags,))
        parts.append(b"\xa3" + _length(len(head) + len(block.data)) + head + block.data)
    return _element(0x1F43B675, b"".join(parts))


def _header(title: str, kind: int, codec: bytes, rest: bytes) -> bytes:
    ebml = _element(0x4282, b"matroska") + _element(0x4287, _uint(4)) + _element(0x4285, _uint(2))
    info = (
        _element(0x2AD7B1, _uint(1_000_000))
        + _element(0x7BA9, title.encode())
        + _element(0x4D80, b"qiantong")
        + _element(0x5741, b"qiantong")
    )
    entry = (
        _element(0xD7, _uint(1))
        + _element(0x73C5, _uint(1))
        + _element(0x83, _uint(kind))
        + _element(0x9C, _uint(0))
        + _element(0x86, codec)
        + rest
    )
    tracks = _element(0x1654AE6B, _element(0xAE, entry))
    return _element(0x1A45DFA3, ebml) + _id(0x18538067) + _UNKNOWN + _element(0x1549A966, info) + tracks


def _element(name: int, content: bytes) -> bytes:
    return _id(name) + _length(len(content)) + content


def _id(name: int) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big")


def _uint(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def _length(size: int) -> bytes:
    # One, two, or four bytes with the marker bit; all ones would mean unknown.
    for width in (1, 2, 4):
        if size < (1 << 7 * width) - 1:
            return (size | 1 << 7 * width).to_bytes(width, "big")
    raise ValueError("element too large")
