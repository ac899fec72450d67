"""What comes off the wire: RTP, reports, RED, VP8, Opus lengths; malformed bytes never raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.media.recording import opus, red, vp8
from remote_eval.media.recording.rtp import nearest, original_of, parse_packet, parse_report
from tests.support.recorded_media import camera, microphone, pictures, sounds

HEAD = bytes.fromhex("80 60 0001 00000010 000000aa")


def test_a_plain_packet_is_read() -> None:
    packet = parse_packet(bytes.fromhex("80e0fffe0000001000000001") + b"media")
    assert packet is not None
    assert packet == (96, True, 65_534, 16, 1, b"media")


def test_csrc_extension_and_padding_are_taken_off() -> None:
    data = bytes.fromhex("b1600001 00000010 000000aa") + b"csrc" + bytes.fromhex("bede0001 51ff0000")
    packet = parse_packet(data + b"media" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.payload == b"media"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD[:11],
        b"\x00" + HEAD[1:],  # version 0
        b"\x8f" + HEAD[1:],  # fifteen sources that are not there
        b"\x90" + HEAD[1:],  # an extension that is not there
        b"\x90" + HEAD[1:] + bytes.fromhex("bede00ff"),  # an extension longer than the packet
        b"\xa0" + HEAD[1:] + b"\x00",  # padding of nothing
        b"\xa0" + HEAD[1:] + b"\xff",  # padding longer than the packet
        HEAD + bytes(2048),
    ],
)
def test_what_no_packet_may_be_is_none(data: bytes) -> None:
    assert parse_packet(data) is None


def test_a_retransmission_gives_back_the_packet_it_repeats() -> None:
    packet = parse_packet(bytes.fromhex("80610009 00000010 000000bb fff7") + b"media")
    assert packet is not None
    original = original_of(packet, 96, 0xAA)
    assert original is not None
    assert (original.payload_type, original.sequence, original.ssrc) == (96, 0xFFF7, 0xAA)
    assert original.payload == b"media"
    assert original_of(packet._replace(payload=b"\x01"), 96, 0xAA) is None


def test_counters_go_on_over_their_wrap_in_both_directions() -> None:
    assert nearest(2, 65_535, 16) == 65_538
    assert nearest(65_535, 65_538, 16) == 65_535
    assert nearest(0xFFFF_FFF0, 1 << 32, 32) == 0xFFFF_FFF0


def test_a_sender_report_is_found_behind_other_reports() -> None:
    source = camera(ssrc=7)
    receiver = bytes.fromhex("80c90001 00000007")
    report = parse_report(receiver + source.report(1000))
    assert report is not None
    assert report.ssrc == 7
    assert abs(report.ntp_ms - source.ntp_ms - 1000) < 0.01


def test_a_report_cut_short_or_without_time_is_none() -> None:
    whole = camera().report(0)
    assert all(parse_report(whole[:size]) is None for size in range(len(whole)))
    assert parse_report(whole[:8] + bytes(8) + whole[16:]) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_a_parser_raise(data: bytes) -> None:
    packet = parse_packet(data)
    if packet is not None:
        original_of(packet, 96, 1)
    parse_report(data)
    parse_report(b"\x80\xc8" + data)
    red.unwrap(data)
    opus.ticks(data)
    vp8.parse_payload(data)
    vp8.picture_size(data)


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3), st.booleans()), max_size=30))
def test_no_payloads_make_the_frame_builder_raise(fed: list[tuple[bytes, int, bool]]) -> None:
    frames = vp8.Frames()
    for payload, timestamp, marker in fed:
        for frame in frames.feed(payload, timestamp, marker=marker):
            assert frame.data


def test_redundant_blocks_come_out_oldest_first() -> None:
    source = microphone(redundancy=2)
    *_, (_, data) = source.packets(sounds(1)[:3], 0.0)
    packet = parse_packet(data)
    assert packet is not None
    blocks = red.unwrap(packet.payload)
    assert blocks is not None
    assert [block.back for block in blocks] == [1920, 960, 0]
    assert [block.payload for block in blocks] == [one.data for one in sounds(1)[:3]]


@pytest.mark.parametrize(
    "payload", [b"", b"\xef", b"\xef\x00\x00\x05\x6fab", (b"\xef\x00\x04\x01" * 9) + b"o"]
)
def test_red_that_claims_more_than_it_holds_is_none(payload: bytes) -> None:
    assert red.unwrap(payload) is None


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [
        (b"\x78rest", 960),  # CELT 20 ms, one frame
        (b"\x18rest", 2880),  # SILK 60 ms
        (b"\x60rest", 480),  # hybrid 10 ms
        (b"\xe1rest", 240),  # CELT 2.5 ms, two frames
        (b"\x7b\x03rest", 2880),  # three frames of 20 ms
        (b"\x7b\x00", None),  # no frame at all
        (b"\x7b\x07", None),  # 140 ms
        (b"\x7b", None),
        (b"", None),
    ],
)
def test_an_opus_packet_tells_how_long_it_sounds(packet: bytes, ticks: int | None) -> None:
    assert opus.ticks(packet) == ticks


def test_the_encoders_own_packets_last_twenty_milliseconds() -> None:
    assert {opus.ticks(one.data) for one in sounds(1)} == {960}


def _payloads(count: int) -> list[tuple[bytes, int, bool]]:
    found = []
    for _, data in camera().packets(pictures(4)[:count], 0.0):
        packet = parse_packet(data)
        assert packet is not None
        found.append((packet.payload, packet.timestamp, packet.marker))
    return found


def test_frames_come_out_whole_and_as_they_went_in() -> None:
    frames = vp8.Frames()
    out = [one for part in _payloads(10) for one in frames.feed(part[0], part[1], marker=part[2])]
    assert [one.data for one in out] == [one.data for one in pictures(4)[:10]]
    assert vp8.picture_size(out[0].data) == (160, 120)
    assert [one.key for one in out] == [True] + [False] * 9


def test_a_missing_marker_costs_no_frame() -> None:
    frames = vp8.Frames()
    out = [one for part in _payloads(10) for one in frames.feed(part[0], part[1], marker=False)]
    assert [one.data for one in out] == [one.data for one in pictures(4)[:9]]


def test_after_a_loss_nothing_comes_before_the_next_keyframe() -> None:
    frames = vp8.Frames()
    out = []
    for number, part in enumerate(_payloads(60)):
        if number == 20:
            frames.restart()
        else:
            out += frames.feed(part[0], part[1], marker=part[2])
    after = [one for one in out if one.key]
    assert len(after) == 2
    assert 10 < len(out) < 59


def test_a_continued_frame_without_its_beginning_is_a_loss() -> None:
    frames = vp8.Frames()
    for part in _payloads(3):
        frames.feed(part[0], part[1], marker=part[2])
    assert not frames.waiting
    frames.feed(b"\x00middle", 99, marker=True)
    assert frames.waiting


def test_a_frame_that_never_ends_is_dropped_at_its_limit() -> None:
    frames = vp8.Frames()
    frames.feed(b"\x10" + bytes(1000), 1, marker=False)
    for _ in range(vp8.MAX_FRAME_BYTES // 1000 + 1):
        frames.feed(b"\x00" + bytes(1000), 1, marker=False)
    assert frames.feed(b"\x00" + bytes(1000), 1, marker=True) == []
    assert frames.waiting


def test_padding_alone_is_no_loss() -> None:
    frames = vp8.Frames()
    for part in _payloads(3):
        frames.feed(part[0], part[1], marker=part[2])
    assert frames.feed(b"", 77, marker=False) == []
    assert not frames.waiting


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (b"\x10data", b"data"),
        (b"\x90\x80\x05data", b"data"),  # 7-bit picture id
        (b"\x90\x80\x85\x00data", b"data"),  # 15-bit picture id
        (b"\x90\xe0\x05\x07\x40data", b"data"),  # picture id, TL0PICIDX, TID
        (b"\x90\x10\x40data", b"data"),  # KEYIDX alone
    ],
)
def test_every_form_of_descriptor_is_taken_off(payload: bytes, data: bytes) -> None:
    piece = vp8.parse_payload(payload)
    assert piece == (True, data)


@pytest.mark.parametrize(
    "payload", [b"", b"\x10", b"\x90", b"\x90\x80", b"\x90\x80\x85\x00", b"\x90\xe0\x05"]
)
def test_a_descriptor_without_media_is_none(payload: bytes) -> None:
    assert vp8.parse_payload(payload) is None
