"""RTP headers: what a forwarder reads, writes, restores and refuses."""

import struct

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.media.lite import rtp


def packet(first: int = 0x80, rest: bytes = b"payload") -> bytes:
    return struct.pack("!BBHII", first, 96, 7, 8, 9) + rest


def test_a_written_header_is_read_by_another_implementation() -> None:
    head = rtp.write_header(111, True, 70_000, 1 << 33 | 5, 0xDEADBEEF)  # noqa: FBT003
    read = RtpPacket.parse(head + b"x")
    assert (read.payload_type, read.marker, read.sequence_number) == (111, 1, 70_000 & 0xFFFF)
    assert (read.timestamp, read.ssrc, read.payload) == (5, 0xDEADBEEF, b"x")


def test_a_level_is_put_behind_a_header_where_others_find_it() -> None:
    head = rtp.write_level_header(111, False, 70_000, 2, 3, name=5, level=0x80 | 30)  # noqa: FBT003
    read = rtp.read_packet(head + b"voice")
    assert read is not None
    assert read.extensions == {5: bytes((0x80 | 30,))}
    assert read.payload == b"voice"


def test_extensions_of_both_forms_are_read() -> None:
    one = packet(0x90, b"\xbe\xde\x00\x02" + b"\x10\x55" + b"\x00" + b"\x41\x30\x31" + b"\xf0\x00" + b"media")
    two = packet(0x90, b"\x10\x00\x00\x02" + b"\x01\x01\x55" + b"\x04\x02\x30\x31" + b"\x00" + b"media")
    for data in (one, two):
        read = rtp.read_packet(data)
        assert read is not None
        assert read.extensions[1] == b"\x55"
        assert read.extensions[4] == b"01"
        assert read.payload == b"media"


def test_padding_and_contributing_sources_are_no_payload() -> None:
    read = rtp.read_packet(packet(0xA2, bytes(8) + b"media" + bytes(3) + b"\x04"))
    assert read is not None
    assert read.payload == b"media"


BROKEN = {
    "short": packet()[:11],
    "version 1": packet(0x40),
    "sources beyond the end": packet(0x8F),
    "an extension beyond the end": packet(0x90, b"\xbe\xde\xff\xff"),
    "half an extension header": packet(0x90, b"\xbe"),
    "padding of 0": packet(0xA0, b"x\x00"),
    "padding beyond the start": packet(0xA0, b"x\xff"),
    "padding of nothing": packet(0xA0, b""),
}


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_what_is_no_packet_is_none(fault: str) -> None:
    assert rtp.read_packet(BROKEN[fault]) is None


@given(st.binary(max_size=80))
def test_garbage_never_raises(garbage: bytes) -> None:
    for head in (b"", packet(0x90, b"\xbe\xde"), packet(0x90, b"\x10\x00"), packet(0xB1, b"")):
        rtp.read_packet(head + garbage)
    rtp.is_vp8_keyframe(garbage)
    rtp.red_primary(garbage)
    rtp.red_with_type(garbage, 111)


@pytest.mark.parametrize(
    ("payload", "is_key"),
    [
        (b"\x10\x10\x02\x00", True),  # plain descriptor, key
        (b"\x10\x11\x02\x00", False),  # plain descriptor, inter
        (b"\x00\x10\x02\x00", False),  # not the start of the frame
        (b"\x11\x10\x02\x00", False),  # second partition
        (b"\x90\x80\x05\x10\x02", True),  # picture id of 7 bits
        (b"\x90\x80\x85\x10\x10\x02", True),  # picture id of 15 bits
        (b"\x90\xe0\x05\x01\x40\x10\x02", True),  # picture id, TL0PICIDX, TID
        (b"\x90\xe0\x05\x01\x40\x11\x02", False),
        (b"\x90\x80", False),  # ends in the descriptor
        (b"\x90\x80\x85\x10", False),
        (b"\x10", False),
        (b"", False),
    ],
)
def test_a_keyframe_is_known_by_its_first_packet(payload: bytes, is_key: bool) -> None:
    assert rtp.is_vp8_keyframe(payload) is is_key


def red(*blocks: bytes) -> bytes:
    *older, newest = blocks
    heads = b"".join(struct.pack("!I", 1 << 31 | 111 << 24 | 960 << 10 | len(one)) for one in older)
    return heads + bytes((111,)) + b"".join(older) + newest


def test_the_newest_block_of_red_is_found_behind_the_older_ones() -> None:
    assert rtp.red_primary(red(b"new")) == b"new"
    assert rtp.red_primary(red(b"older", b"old", b"new")) == b"new"


@pytest.mark.parametrize("payload", [b"", b"\xef", b"\xef\x0f\x00", b"\xef\x0f\x03\xff\x6f" + bytes(5)])
def test_red_that_does_not_add_up_has_no_newest_block(payload: bytes) -> None:
    assert rtp.red_primary(payload) is None


def test_red_gets_another_type_in_every_block() -> None:
    changed = rtp.red_with_type(red(b"older", b"new"), 109)
    assert changed == red(b"older", b"new").replace(b"\xef", b"\xed", 1).replace(b"\x6f", b"\x6d", 1)
    assert rtp.red_primary(changed) == b"new"


def test_a_retransmission_gives_its_original_back() -> None:
    sent = rtp.write_header(97, True, 500, 90_000, 2) + struct.pack("!H", 65_535) + b"picture"  # noqa: FBT003
    read = rtp.read_packet(sent)
    assert read is not None
    found = rtp.restore(read, 1, 96)
    assert found is not None
    original, data = found
    assert data == rtp.write_header(96, True, 65_535, 90_000, 1) + b"picture"  # noqa: FBT003
    assert rtp.read_packet(data) == original


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x01"])
def test_a_probe_restores_nothing(payload: bytes) -> None:
    read = rtp.read_packet(packet(rest=payload))
    assert read is not None
    assert rtp.restore(read, 1, 96) is None


@pytest.mark.parametrize(
    ("number", "near", "found"),
    [
        (0, 65_535, 65_536),
        (65_535, 65_536, 65_535),
        (65_535, 3, -1),
        (5, 5, 5),
        (10, 131_072 + 9, 131_082),
        (65_000, 131_072, 130_536),
    ],
)
def test_numbers_are_unwrapped_to_the_nearest(number: int, near: int, found: int) -> None:
    assert rtp.unwrap(number, near, 16) == found
