"""Reading voices out of RTP: plain, redundant, and everything that is neither."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import MediaError
from remote_eval.media.voice import rtp

ENCODINGS = {111: "opus", 63: "red", 9: "g722"}
# A hybrid frame of 20 ms, one frame in the packet.
FRAME = bytes([0x78, 1, 2, 3])


def packet(payload: bytes, *, kind: int = 111, timestamp: int = 5_000) -> bytes:
    return rtp.write(payload, payload_type=kind, sequence=1, timestamp=timestamp, ssrc=7, first=False)


def red(*older: tuple[int, bytes], newest: bytes = FRAME) -> bytes:
    heads = b"".join(
        (0x80 << 24 | 111 << 24 | back << 10 | len(data)).to_bytes(4, "big") for back, data in older
    )
    return heads + bytes([111]) + b"".join(data for _, data in older) + newest


def test_a_plain_packet_is_read_as_it_was_written() -> None:
    assert rtp.read(packet(FRAME), ENCODINGS) == [rtp.Opus(5_000, FRAME, 960)]


def test_sources_extension_and_padding_are_left_out() -> None:
    head = struct.pack(">BBHII", 0x80 | 0x20 | 0x10 | 2, 111, 1, 5_000, 7)
    data = head + bytes(8) + b"\xbe\xde\x00\x01abcd" + FRAME + b"\x00\x00\x03"

    assert rtp.read(data, ENCODINGS) == [rtp.Opus(5_000, FRAME, 960)]


def test_redundancy_gives_the_older_frames_back_first() -> None:
    first, second = bytes([0x78, 9]), bytes([0x78, 8])
    found = rtp.read(packet(red((1_920, first), (960, second)), kind=63), ENCODINGS)

    assert found == [rtp.Opus(3_080, first, 960), rtp.Opus(4_040, second, 960), rtp.Opus(5_000, FRAME, 960)]


def test_redundancy_reaches_back_over_the_wrap_of_the_clock() -> None:
    found = rtp.read(packet(red((960, FRAME)), kind=63, timestamp=100), ENCODINGS)

    assert [one.timestamp for one in found] == [2**32 - 860, 100]


def test_an_empty_redundant_block_is_no_frame() -> None:
    assert len(rtp.read(packet(red((960, b"")), kind=63), ENCODINGS)) == 1


@pytest.mark.parametrize(
    ("toc", "ticks"),
    [
        (0x00, 480),  # SILK 10 ms
        (0x18, 2_880),  # SILK 60 ms
        (0x60, 480),  # hybrid 10 ms
        (0x80, 120),  # CELT 2.5 ms
        (0x79, 1_920),  # two frames of 20 ms
    ],
)
def test_durations_follow_the_table_of_rfc_6716(toc: int, ticks: int) -> None:
    assert rtp.read(packet(bytes([toc, 0, 0])), ENCODINGS)[0].ticks == ticks


BROKEN = {
    "too short": packet(FRAME)[:11],
    "no payload": packet(FRAME)[:12],
    "too long": packet(FRAME + bytes(1_500)),
    "version 1": b"\x40" + packet(FRAME)[1:],
    "extension longer than the packet": b"\x90" + packet(b"\xbe\xde\xff\xff" + FRAME)[1:],
    "extension cut": b"\x90" + packet(b"\xbe")[1:],
    "more sources than bytes": b"\x8f" + packet(FRAME)[1:],
    "padding longer than the packet": b"\xa0" + packet(FRAME + b"\xff")[1:],
    "padding of nothing": b"\xa0" + packet(FRAME + b"\x00")[1:],
    "unknown payload type": packet(FRAME, kind=96),
    "a codec that is not Opus": packet(FRAME, kind=9),
    "redundant block longer than the packet": packet(red((960, FRAME))[:9], kind=63),
    "redundant heads without end": packet(b"\xef" * 40, kind=63),
    "redundant head alone": packet(b"\xef\x00", kind=63),
    "nothing behind the heads": packet(bytes([111]), kind=63),
    "no frames in the packet": packet(bytes([0x7B, 0])),
    "frame count missing": packet(bytes([0x7B])),
    "more than 120 ms": packet(bytes([0x7B, 7, 0])),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_hold_is_refused_with_one_code(name: str) -> None:
    with pytest.raises(MediaError) as refused:
        rtp.read(BROKEN[name], ENCODINGS)
    assert refused.value.code == "media.packet"


@given(data=st.binary(max_size=80), head=st.booleans(), kind=st.sampled_from([111, 63]))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes, head: bool, kind: int) -> None:
    try:
        found = rtp.read(packet(data, kind=kind) if head else data, ENCODINGS)
    except MediaError:
        return
    assert all(one.payload and 0 < one.ticks <= rtp.MOST_TICKS for one in found)


def test_numbers_wrap_and_the_marker_stands_on_the_first_packet_alone() -> None:
    first = rtp.write(FRAME, payload_type=111, sequence=65_536, timestamp=2**32 + 5, ssrc=9, first=True)

    assert first == struct.pack(">BBHII", 0x80, 0x80 | 111, 0, 5, 9) + FRAME
    assert not packet(FRAME)[1] & 0x80
