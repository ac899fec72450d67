"""One track from packets to blocks: nothing changed on the way, every hole told, hostile bytes survived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import RecordingError
from remote_eval.media.engine import Kind
from remote_eval.media.recording.clock import MemberClock
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.rtp import parse_packet, parse_report
from remote_eval.media.recording.track import Track
from tests.support.recorded_media import (
    AUDIO_TYPES,
    VIDEO_TYPES,
    Arrival,
    Source,
    Wire,
    camera,
    microphone,
    pictures,
    sounds,
)


def track(kind: Kind) -> Track:
    types = AUDIO_TYPES if kind == "audio" else VIDEO_TYPES
    return Track(f"m/{kind}", kind, types, MemberClock(), Limits())


def play(one: Track, arrivals: list[Arrival]) -> None:
    for at, _, data in sorted(arrivals, key=lambda arrival: arrival.at):
        one.packet(data, at)
        one.tick(at)


def dropped(source: Source, seconds: int, lost: set[int]) -> list[Arrival]:
    """What arrives when the packets with these numbers do not."""
    sent = source.packets(sounds(seconds) if source.rate == 48_000 else pictures(seconds), 100.0)
    return [
        Arrival(at, report=False, data=data) for number, (at, data) in enumerate(sent) if number not in lost
    ]


def test_media_comes_out_as_it_went_in() -> None:
    for kind, source, coded in (("video", camera(), pictures(4)), ("audio", microphone(), sounds(4))):
        one = track(kind)  # type: ignore[arg-type]
        play(one, list(Wire(seed=3, jitter=60, twice=0.1).carry(source.packets(coded, 100.0))))
        one.finish()
        assert [block.data for block in one.blocks] == [frame.data for frame in coded]
        assert one.gaps == []
        distances = [after.at - before.at for before, after in zip(one.blocks, one.blocks[1:], strict=False)]
        assert min(distances) > 0


def test_a_lost_packet_of_video_is_a_gap_up_to_the_next_keyframe() -> None:
    one = track("video")
    play(one, dropped(camera(), 4, {50}))
    one.finish()
    assert [gap.cause for gap in one.gaps] == ["loss"]
    after = [block for block in one.blocks if block.at >= one.gaps[0].until]
    assert after[0].key
    kept = {block.data for block in one.blocks}
    assert kept < {frame.data for frame in pictures(4)}
    assert not [block for block in one.blocks if one.gaps[0].since <= block.at < one.gaps[0].until]


def test_a_retransmission_on_its_own_stream_leaves_no_gap() -> None:
    one = track("video")
    sent = list(camera().packets(pictures(4), 100.0))
    at, data = sent[50]
    packet = parse_packet(data)
    assert packet is not None
    again = Source(ssrc=99, rate=90_000, payload_type=97, sequence=7)
    repeat = again.rtp(data[2:4] + packet.payload, packet.timestamp, marker=packet.marker)
    arrivals = [
        Arrival(when, report=False, data=one) for number, (when, one) in enumerate(sent) if number != 50
    ]
    play(one, [*arrivals, Arrival(at + 400, report=False, data=repeat)])
    one.finish()
    assert [block.data for block in one.blocks] == [frame.data for frame in pictures(4)]
    assert one.gaps == []


def test_redundancy_fills_a_single_lost_packet_with_its_own_bytes_and_time() -> None:
    one = track("audio")
    play(one, dropped(microphone(redundancy=1), 4, {60, 90}))
    one.finish()
    assert [block.data for block in one.blocks] == [frame.data for frame in sounds(4)]
    assert {after.at - before.at for before, after in zip(one.blocks, one.blocks[1:], strict=False)} == {20}
    assert one.counts.taken() == {"lost": 2, "filled": 2}


def test_a_hole_of_sound_that_nothing_fills_is_a_gap_of_its_length() -> None:
    one = track("audio")
    play(one, dropped(microphone(), 4, set(range(60, 75))))
    one.finish()
    assert [(gap.until - gap.since, gap.cause) for gap in one.gaps] == [(300, "loss")]
    assert one.counts.lost == 15


def test_a_source_that_pauses_without_loss_is_a_gap_of_another_cause() -> None:
    one = track("audio")
    source = microphone()
    early = source.packets(sounds(4)[:50], 0.0)
    late = source.packets(sounds(4)[150:], 0.0)
    play(one, [Arrival(at, report=False, data=data) for at, data in [*early, *late]])
    one.finish()
    assert [(gap.since, gap.until, gap.cause) for gap in one.gaps] == [(1000, 3000, "stalled")]


def test_another_source_under_the_same_name_is_told_and_starts_over() -> None:
    one = track("video")
    play(one, dropped(camera(ssrc=1), 2, set()))
    second = camera(ssrc=5, sequence=900, ticks=77).packets(pictures(2), 3000.0)
    play(one, [Arrival(at, report=False, data=data) for at, data in second])
    one.finish()
    assert len(one.blocks) == 2 * len(pictures(2))
    assert [gap.cause for gap in one.gaps] == ["source"]


def test_reports_of_another_source_are_not_listened_to() -> None:
    one = track("audio")
    play(one, dropped(microphone(ssrc=2), 1, set()))
    report = parse_report(microphone(ssrc=3).report(500))
    assert report is not None
    one.report(report)
    assert one.clock.report is None


def test_a_track_without_a_codec_of_ours_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"recording\.codec"):
        Track("m/camera", "video", {98: "vp9"}, MemberClock(), Limits())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([96, 97, 111, 63, 0]),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFF_FFFF),
            st.integers(0, 2),
            st.binary(max_size=60),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from(["audio", "video"]),
)
def test_no_packets_make_a_track_raise_or_go_back_in_time(
    fed: list[tuple[int, int, int, int, bytes, bool]], kind: Kind
) -> None:
    one = track(kind)
    for step, (payload_type, sequence, timestamp, ssrc, payload, marker) in enumerate(fed):
        source = Source(ssrc=ssrc, rate=90_000, payload_type=payload_type, sequence=sequence)
        one.packet(source.rtp(payload, timestamp, marker=marker), step * 400.0)
        report = parse_report(source.report(step * 400.0))
        if report is not None:
            one.report(report)
        one.tick(step * 400.0)
    one.finish()
    times = [block.at for block in one.blocks]
    assert times == sorted(set(times))
