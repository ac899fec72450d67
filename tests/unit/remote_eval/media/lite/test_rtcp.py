"""RTCP: read as others write it, written as others read it, and never a way to raise."""

import struct

import pytest
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.media.lite import rtcp


def test_a_report_of_another_implementation_is_read() -> None:
    block = RtcpReceiverInfo(
        ssrc=5, fraction_lost=64, packets_lost=9, highest_sequence=1, jitter=2, lsr=77, dlsr=88
    )
    info = RtcpSenderInfo(ntp_timestamp=1 << 40, rtp_timestamp=4, packet_count=5, octet_count=6)
    raw = bytes(RtcpSrPacket(ssrc=1, sender_info=info, reports=[block]))
    sender, blocks = rtcp.read_compound(raw)
    assert sender == rtcp.SenderReport(1, 1 << 40, 4, raw)
    assert blocks == rtcp.Blocks((rtcp.Block(5, 0.25, 77, 88),))
    assert list(rtcp.read_compound(bytes(RtcpRrPacket(ssrc=1, reports=[block])))) == [blocks]


def test_requests_of_another_implementation_are_read() -> None:
    # 65534 with 1, 2 and 16 behind it, over the end of the numbers.
    nack = struct.pack("!BBHIIHHHH", 0x81, rtcp.FEEDBACK, 4, 1, 2, 65_534, 1 | 2 | 1 << 15, 40, 0)
    pli = bytes(RtcpPsfbPacket(fmt=1, ssrc=1, media_ssrc=3))
    fir = bytes(RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=struct.pack("!II", 4, 1 << 24)))
    assert list(rtcp.read_compound(nack + pli + fir)) == [
        rtcp.Nack(2, (65_534, 65_535, 0, 14, 40)),
        rtcp.Keyframe(3),
        rtcp.Keyframe(4),
    ]


def test_written_requests_are_read_by_another_implementation() -> None:
    numbers = [10, 11, 26, 27, 500, 65_535 + 2]
    (nack,) = RtcpPacket.parse(rtcp.write_nack(1, 2, numbers))
    assert isinstance(nack, RtcpRtpfbPacket)
    assert sorted(nack.lost) == sorted(number & 0xFFFF for number in numbers)
    (pli,) = RtcpPacket.parse(rtcp.write_pli(1, 2))
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.media_ssrc) == (1, 2)


@pytest.mark.parametrize("rate", [1, 262_143, 800_000, 896_000, 2_500_000_000])
def test_a_written_cap_is_read_within_its_precision(rate: int) -> None:
    (remb,) = RtcpPacket.parse(rtcp.write_remb(1, rate, [7, 8]))
    assert isinstance(remb, RtcpPsfbPacket)
    read, ssrcs = unpack_remb_fci(remb.fci)
    assert ssrcs == [7, 8]
    assert rate * 0.9999 <= read <= rate


def test_a_cap_of_another_implementation_is_read_and_a_torn_one_is_not() -> None:
    cap = bytes(RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=pack_remb_fci(640_000, [7, 8])))
    assert list(rtcp.read_compound(cap)) == [rtcp.Cap(640_000, (7, 8))]
    boast = bytearray(cap)
    boast[16] = 200
    assert list(rtcp.read_compound(bytes(boast))) == [rtcp.Cap(640_000, (7, 8))]
    assert list(rtcp.read_compound(cap.replace(b"REMB", b"BMER"))) == []
    assert list(rtcp.read_compound(cap[:-4])) == []


def test_written_reports_are_read_by_another_implementation() -> None:
    block = rtcp.write_block(9, lost=0.5, total_lost=-3, highest=70_000, jitter=0, last=1, delay=1 << 40)
    data = (
        rtcp.write_receiver_report(1, [block])
        + rtcp.write_sender_report(2, 3 << 32, 1 << 32 | 4, 5, 6)
        + rtcp.write_cname(2, "mem_a")
    )
    receiver, sender, names = RtcpPacket.parse(data)
    assert isinstance(receiver, RtcpRrPacket)
    assert (receiver.reports[0].fraction_lost, receiver.reports[0].packets_lost) == (128, -3)
    assert (receiver.reports[0].highest_sequence, receiver.reports[0].dlsr) == (70_000, 0xFFFFFFFF)
    assert isinstance(sender, RtcpSrPacket)
    assert sender.sender_info.rtp_timestamp == 4
    assert isinstance(names, RtcpSdesPacket)
    assert names.chunks[0].items == [(1, b"mem_a")]


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "mem_7f3a"])
def test_a_name_of_any_length_fills_whole_words(name: str) -> None:
    written = rtcp.write_cname(1, name)
    assert len(written) % 4 == 0
    assert len(written) == 4 + 4 * int.from_bytes(written[2:4], "big")
    # At least one zero byte ends the chunk (RFC 3550 §6.5).
    assert written.endswith(b"\0")


def test_a_reference_time_comes_back_as_an_echo() -> None:
    asked = rtcp.write_reference_time(1, 0x1122_3344_5566_7788)
    assert len(asked) == 20
    assert list(rtcp.read_compound(rtcp.write_echo(2, 1, 0x3344_5566, 99))) == [rtcp.Echo(0x3344_5566, 99)]


def test_a_flood_of_numbers_in_one_request_is_cut() -> None:
    body = struct.pack("!II", 1, 2) + struct.pack("!HH", 0, 0xFFFF) * 300
    data = struct.pack("!BBH", 0x81, rtcp.FEEDBACK, len(body) // 4) + body
    (nack,) = rtcp.read_compound(data)
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.sequences) == 512


@given(st.binary(max_size=120), st.integers(200, 207), st.integers(0, 31))
def test_garbage_never_raises(garbage: bytes, kind: int, count: int) -> None:
    list(rtcp.read_compound(garbage))
    body = garbage[: len(garbage) // 4 * 4]
    list(rtcp.read_compound(struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body))
