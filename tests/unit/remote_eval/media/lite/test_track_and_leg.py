"""A track and its legs without sockets: numbering, repair, switching, and what a viewer cannot notice."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from remote_eval.media.engine import MemberId, TrackId
from remote_eval.media.lite import rtcp
from remote_eval.media.lite.leg import Leg, Outlet
from remote_eval.media.lite.repair import GIVE_UP_MS, KEYFRAME_MS, MAX_GAP, KeyframeAsk, Missing
from remote_eval.media.lite.ring import SIZE, Ring
from remote_eval.media.lite.rtp import Packet, read_packet
from remote_eval.media.lite.track import Track

FACE, VOICE = TrackId("mem_a/camera"), TrackId("mem_a/microphone")
KEY, INTER = b"\x10\x10\x02\x00key", b"\x10\x11\x02\x00inter"


@dataclass
class Wire:
    """What legs sent."""

    rtp: list[Packet] = field(default_factory=list)
    rtcp: list[bytes] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        read = read_packet(data)
        assert read is not None
        self.rtp.append(read)


def video(sequence: int, timestamp: int = 0, payload: bytes = INTER, ssrc: int = 1) -> Packet:
    return Packet(
        payload_type=96,
        marker=True,
        sequence=sequence & 0xFFFF,
        timestamp=timestamp & 0xFFFFFFFF,
        ssrc=ssrc,
        payload=payload,
        extensions={},
    )


def leg(
    track: Track,
    wire: Wire,
    *,
    types: dict[str, int] | None = None,
    repair: bool = True,
    is_open: Callable[[], bool] = lambda: True,
) -> Leg:
    outlet = Outlet(
        mid="0",
        ssrc=77,
        repair_ssrc=78 if repair else None,
        types=types or ({"vp8": 100} if track.kind == "video" else {"opus": 109}),
        repair_type=101 if repair else None,
        level_id=None,
    )
    made = Leg(
        track,
        MemberId("mem_b"),
        outlet,
        sequence=32_760,
        send_rtp=wire.send,
        send_rtcp=wire.rtcp.append,
        is_open=is_open,
    )
    track.legs.append(made)
    made.turn(on=True)
    return made


def feed(track: Track, packet: Packet, now: float = 0.0, codec: str = "vp8") -> list[int]:
    kept, asked = track.take(packet, codec, None, now)
    if kept is not None:
        for one in track.legs:
            one.forward(kept, now)
    return asked


def test_a_leg_has_its_own_name_numbers_and_types_and_the_payload_is_untouched() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    feed(track, video(10, 3000, KEY))
    (sent,) = wire.rtp
    assert (sent.ssrc, sent.sequence, sent.payload_type, sent.marker) == (77, 32_760, 100, True)
    assert (sent.timestamp, sent.payload) == (3000, KEY)


def test_a_picture_begins_with_a_keyframe_and_one_is_asked_for() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    feed(track, video(1))
    assert not wire.rtp
    assert track.keyframe.is_due(0.0)
    feed(track, video(2, payload=KEY))
    assert not track.keyframe.is_due(1e9)
    assert [one.payload for one in wire.rtp] == [KEY]


def test_nothing_begins_and_no_keyframe_is_asked_for_before_the_member_can_be_sent_to() -> None:
    track, wire = Track(FACE, "video"), Wire()
    opened: list[bool] = []
    made = leg(track, wire, is_open=lambda: bool(opened))
    assert not track.keyframe.is_wanted
    feed(track, video(1, payload=KEY))
    assert not wire.rtp
    assert made.packets == 0
    opened.append(True)
    made.wake()
    assert track.keyframe.is_due(0.0)
    feed(track, video(2))
    feed(track, video(3, payload=KEY))
    assert [one.sequence for one in wire.rtp] == [32_760]


def test_numbers_go_over_their_end_without_a_seam() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    for number in range(65_000, 65_000 + 70_000):
        feed(track, video(number, number, KEY))
    assert len(wire.rtp) == 70_000
    assert all(
        (after.sequence - before.sequence) & 0xFFFF == 1
        for before, after in zip(wire.rtp, wire.rtp[1:], strict=False)
    )
    assert track.expected == track.packets == 70_000


def test_a_duplicate_is_not_sent_on() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    for number in (1, 2, 2, 1, 3):
        feed(track, video(number, payload=KEY))
    assert [one.sequence for one in wire.rtp] == [32_760, 32_761, 32_762]


def test_a_late_packet_fills_its_own_place() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    feed(track, video(65_534, payload=KEY))
    assert feed(track, video(1)) == [1, 2]
    assert [track.to_source(number) for number in (1, 2)] == [65_535, 0]
    assert feed(track, video(0)) == []
    assert [one.sequence for one in wire.rtp] == [32_760, 32_763, 32_762]
    assert track.missing.due(100.0, None)[0] == [1]


def test_another_stream_under_the_same_name_goes_on_in_number_and_time() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    feed(track, video(10, 90_000, KEY), now=0.0)
    track.renew()
    feed(track, video(40_000, 7, KEY, ssrc=2), now=500.0)
    first, second = wire.rtp
    assert second.sequence == first.sequence + 1
    assert second.timestamp - first.timestamp == 45_000


def test_a_jump_is_another_stream_and_no_loss_of_thousands() -> None:
    track, wire = Track(FACE, "video"), Wire()
    leg(track, wire)
    feed(track, video(10, payload=KEY))
    assert feed(track, video(30_000, payload=KEY), now=10.0) == []
    assert track.expected == 2


def test_a_leg_that_is_off_sends_nothing_at_all() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    feed(track, video(1, payload=KEY))
    one.turn(on=False)
    feed(track, video(2, payload=KEY))
    one.resend((32_760,), 0.0)
    one.report(rtcp.SenderReport(1, 1 << 32, 5, b""), "mem_a", 0.0)
    assert len(wire.rtp) == 1
    assert not wire.rtcp


def test_what_was_sent_before_a_pause_is_not_sent_again_after_it() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    feed(track, video(1, payload=KEY))
    one.turn(on=False)
    feed(track, video(2, payload=b"\x00secret"))
    one.turn(on=True)
    feed(track, video(3, payload=KEY))
    assert [one.sequence for one in wire.rtp] == [32_760, 32_761]
    one.resend((32_759, 32_760), 0.0)
    assert b"\x00secret" not in {one.payload[2:] for one in wire.rtp}
    assert len(wire.rtp) == 2


def test_a_leg_switches_to_another_track_at_its_keyframe_without_a_seam() -> None:
    strip, spot, wire = Track(FACE, "video"), Track(TrackId("mem_c/camera"), "video"), Wire()
    one = leg(strip, wire)
    feed(strip, video(1, 90_000, KEY), now=0.0)
    one.switch(spot)
    feed(strip, video(2, 93_000), now=10.0)
    feed(spot, video(500, 5), now=20.0)
    feed(spot, video(501, 95, KEY), now=1000.0)
    first, second = wire.rtp
    assert second.sequence == first.sequence + 1
    assert second.timestamp - first.timestamp == 90_000
    assert not strip.legs


def test_a_request_is_answered_as_retransmission_where_negotiated() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    for number in (5, 6):
        feed(track, video(number, 9, KEY))
    one.resend((32_761,), 0.0)
    repair = wire.rtp[-1]
    assert (repair.ssrc, repair.payload_type, repair.timestamp) == (78, 101, 9)
    assert repair.payload == struct.pack("!H", 32_761) + KEY
    assert one.stats().retransmitted == 1


def test_without_a_retransmission_format_the_packet_itself_comes_again() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire, repair=False)
    feed(track, video(5, payload=KEY))
    one.resend((32_760,), 0.0)
    assert wire.rtp[0] == wire.rtp[1]


def test_requests_for_what_never_was_or_is_long_gone_get_nothing() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    for number in range(SIZE + 2):
        feed(track, video(number, payload=KEY))
    before = len(wire.rtp)
    one.resend((32_760, 32_759, 40_000, 32_760 + SIZE + 2), 0.0)
    assert len(wire.rtp) == before


def test_a_flood_of_requests_has_an_end() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    feed(track, video(1, payload=KEY))
    for _ in range(50):
        one.resend((32_760,) * 500, 0.0)
    assert one.retransmitted == 300
    one.resend((32_760,) * 500, 1000.0)
    assert one.retransmitted == 600


def test_a_sender_report_keeps_its_wall_clock_and_has_the_legs_time() -> None:
    track, wire = Track(FACE, "video"), Wire()
    one = leg(track, wire)
    feed(track, video(1, 1000, KEY), now=0.0)
    track.renew()
    feed(track, video(9, 50, KEY), now=100.0)
    one.report(rtcp.SenderReport(1, 5 << 32 | 7 << 16, 60, b""), "mem_a", 200.0)
    report = next(one for one in rtcp.read_compound(wire.rtcp[0]) if isinstance(one, rtcp.SenderReport))
    assert report.ntp == 5 << 32 | 7 << 16
    assert report.timestamp == wire.rtp[-1].timestamp + 10
    assert report.ssrc == 77
    # The member's report names that clock and how long it held it: the rest is the round trip.
    block = rtcp.Block(77, 0.0, 5 << 16 | 7, 65_536 // 10)
    assert one.heard(block, 340.0) == pytest.approx(40.0, abs=0.1)


def audio(sequence: int, payload: bytes) -> Packet:
    return Packet(
        payload_type=63,
        marker=False,
        sequence=sequence,
        timestamp=960 * sequence,
        ssrc=1,
        payload=payload,
        extensions={},
    )


RED = struct.pack("!I", 1 << 31 | 111 << 24 | 960 << 10 | 3) + b"\x6fold" + b"new"


def test_a_viewer_without_red_gets_the_newest_block_alone() -> None:
    track, wire = Track(VOICE, "audio"), Wire()
    track.opus_type = 111
    leg(track, wire, types={"opus": 109})
    feed(track, audio(1, RED), codec="red")
    assert (wire.rtp[0].payload_type, wire.rtp[0].payload) == (109, b"new")


@pytest.mark.parametrize(("opus", "first"), [(111, 0xEF), (109, 0xED)])
def test_a_viewer_with_red_gets_the_types_that_it_knows(opus: int, first: int) -> None:
    track, wire = Track(VOICE, "audio"), Wire()
    track.opus_type = 111
    leg(track, wire, types={"opus": opus, "red": 99})
    feed(track, audio(1, RED), codec="red")
    assert (wire.rtp[0].payload_type, wire.rtp[0].payload[0]) == (99, first)


def test_a_viewer_that_cannot_take_an_encoding_gets_no_packet_of_it() -> None:
    track, wire = Track(VOICE, "audio"), Wire()
    leg(track, wire, types={"pcmu": 0})
    feed(track, audio(1, b"voice"), codec="opus")
    assert not wire.rtp


def test_a_ring_forgets_the_oldest_and_takes_no_number_twice() -> None:
    ring, track = Ring(), Track(FACE, "video")
    for number in range(SIZE + 1):
        kept, _ = track.take(video(number), "vp8", None, 0.0)
        assert kept is not None
        assert ring.put(kept)
        assert not ring.put(kept)
    assert ring.get(0) is None
    assert ring.get(1) is not None


def test_missing_packets_are_asked_for_each_60_ms_until_it_is_too_late() -> None:
    missing = Missing()
    assert missing.gap(5, 7, 0.0) == [5, 6]
    assert missing.due(59.0, None) == ([], False)
    assert missing.due(60.0, None) == ([5, 6], False)
    missing.found(5)
    assert missing.due(120.0, None) == ([6], False)
    assert missing.due(GIVE_UP_MS + 1, None) == ([], True)
    assert not missing


def test_missing_packets_are_not_asked_for_more_often_than_a_round_trip() -> None:
    missing = Missing()
    missing.gap(5, 6, 0.0)
    assert missing.due(100.0, 300.0) == ([], False)
    assert missing.due(300.0, 300.0) == ([5], False)


def test_an_outage_is_not_asked_for_packet_by_packet() -> None:
    missing = Missing()
    assert missing.gap(0, MAX_GAP + 1, 0.0) == []
    assert not missing


def test_keyframes_are_asked_for_twice_a_second_at_most_and_not_for_ever() -> None:
    ask = KeyframeAsk()
    ask.want()
    asked = 0
    for now in range(0, 60_000, 20):
        if ask.is_due(now):
            ask.sent(now)
            asked += 1
            assert not ask.is_due(now + KEYFRAME_MS - 1)
    assert asked == 20
