"""The room's clock: lip sync by sender reports, RTT taken off, drift followed, nonsense not believed."""

import pytest

from remote_eval.media.recording.clock import Lowest, MemberClock, Slewed, clock_facts
from remote_eval.media.recording.rtp import SenderReport

NTP = 3_900_000_000_000.0


def played(
    clock: MemberClock, *, seconds: int, delay: float = 0.0, encode: float = 0.0, ppm: float = 0.0
) -> tuple[float, float]:
    """Sound and pictures of one sender; gives how far off the last of each is placed, in ms."""
    tracks = {
        "m/microphone": (clock.open_track("m/microphone", 48_000, sound=True), 1, 0.0),
        "m/camera": (clock.open_track("m/camera", 90_000, sound=False), 2, encode),
    }
    off = {}
    for step in range(seconds * 50):
        at = step * 20.0
        sender = at * (1 + ppm / 1e6)
        for name, (one, ssrc, extra) in tracks.items():
            ticks = one.arrival(round(sender * one.rate / 1000) & 0xFFFF_FFFF, at + delay + extra)
            if step % 50 == 10:
                report = SenderReport(ssrc, NTP + sender, round(sender * one.rate / 1000) & 0xFFFF_FFFF)
                clock.take_report(name, report)
            off[name] = clock.room_ms(name, ticks, at + delay + extra) - at
        clock.advance(at + delay)
    return off["m/microphone"], off["m/camera"]


def test_pictures_that_take_long_to_encode_still_stand_beside_their_sound() -> None:
    sound, picture = played(MemberClock(), seconds=3, encode=70.0)
    assert abs(sound) < 1
    assert abs(picture) < 1


def test_half_of_the_round_trip_is_taken_off() -> None:
    clock = MemberClock()
    clock.round_trip(300.0, 0.0)
    sound, picture = played(clock, seconds=3, delay=150.0, encode=70.0)
    assert abs(sound) < 1
    assert abs(picture) < 1


def test_without_a_round_trip_the_delay_stays_in_the_times() -> None:
    sound, _ = played(MemberClock(), seconds=3, delay=150.0)
    assert abs(sound - 150) < 1


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_a_sender_clock_that_drifts_is_followed_and_measured(ppm: float) -> None:
    clock = MemberClock()
    sound, picture = played(clock, seconds=200, ppm=ppm)
    assert abs(sound) < 10
    assert abs(picture) < 10
    assert clock.drift_ppm is not None
    assert abs(clock.drift_ppm + ppm) < 40


def test_a_jump_of_the_senders_clock_starts_it_over_and_is_told() -> None:
    clock = MemberClock()
    played(clock, seconds=3)
    track = clock.open_track("m/intercom", 48_000, sound=True)
    clock.take_report("m/intercom", SenderReport(3, NTP, 0))
    clock.take_report("m/intercom", SenderReport(3, NTP + 3_600_000, 0))
    assert clock.jump_ms == pytest.approx(3_600_000)
    assert clock.anchor.value is None
    assert track.shift is not None


def test_a_report_that_places_media_out_of_all_bounds_is_not_believed() -> None:
    clock = MemberClock()
    sound = clock.open_track("m/microphone", 48_000, sound=True)
    video = clock.open_track("m/camera", 90_000, sound=False)
    sound.arrival(0, 1000.0)
    ticks = video.arrival(0, 1000.0)
    clock.take_report("m/microphone", SenderReport(1, NTP, 0))
    clock.take_report("m/camera", SenderReport(2, NTP + 60_000, 0))
    clock.advance(1000.0)
    assert clock.room_ms("m/camera", ticks, 1000.0) == pytest.approx(1000.0)


def test_the_first_round_trip_may_come_late_and_is_no_jump_of_a_clock() -> None:
    clock = MemberClock()
    sound, _ = played(clock, seconds=5, delay=150.0)
    assert abs(sound - 150) < 1
    clock.round_trip(300.0, 5000.0)
    clock.advance(5000.0)
    ticks = clock._tracks["m/microphone"].arrival(48 * 5000, 5150.0)
    assert abs(clock.room_ms("m/microphone", ticks, 5150.0) - 5000) < 1
    assert clock.jump_ms == 0.0


def test_impossible_round_trips_are_left_out() -> None:
    clock = MemberClock()
    for rtt in (-1.0, 20_000.0, float("nan"), float("inf")):
        clock.round_trip(rtt, 0.0)
    assert clock.half_trip == 0.0


def test_the_lowest_value_is_forgotten_after_its_window() -> None:
    low = Lowest()
    low.add(5.0, 0.0)
    low.add(9.0, 10_000.0)
    assert low.value == 5.0
    low.add(9.0, 31_000.0)
    assert low.value == 9.0


def test_an_anchor_glides_small_ways_and_jumps_large_ones() -> None:
    anchor = Slewed()
    anchor.follow(0.0, 0.0)
    anchor.follow(0.0, 3000.0)
    assert anchor.follow(50.0, 4000.0) == 0.0
    assert anchor.value == pytest.approx(10.0)
    assert anchor.follow(500.0, 4050.0) == pytest.approx(490.0)
    assert anchor.value == 500.0


def test_facts_tell_how_late_a_track_comes() -> None:
    clock = MemberClock()
    clock.round_trip(40.0, 0.0)
    played(clock, seconds=3, delay=20.0, encode=30.0)
    facts = clock_facts(clock._tracks["m/camera"], clock)
    assert facts is not None
    assert facts["behind_us"] == pytest.approx(30_000, abs=500)
    assert facts["rtt_us"] == 40_000
    assert clock_facts(clock.open_track("m/x", 90_000, sound=False), clock) is None
