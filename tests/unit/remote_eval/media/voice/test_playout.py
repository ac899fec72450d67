"""The jitter buffer: order, holes, lateness and clocks. Sound is told by its level: frame n decodes to n."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import MediaError
from remote_eval.media.voice.bands import Samples
from remote_eval.media.voice.playout import LEAST_HOLD, MOST_HOLD, Playout
from remote_eval.media.voice.rtp import Opus

FRAME = 960


class Counting:
    """A decoder whose samples are the number that the payload holds; the payload ``bad`` does not decode."""

    def decode(self, payload: bytes, ticks: int) -> Samples:
        if payload == b"bad":
            raise MediaError("media.packet")
        return np.full(ticks // 3, float(payload), dtype=np.float32)


def frame(number: int, *, start: int = 0, ticks: int = FRAME) -> Opus:
    return Opus((start + (number - 1) * ticks) % 2**32, str(number).encode(), ticks)


def run(arrivals: list[tuple[float, Opus]], until: float) -> tuple[Playout, Samples]:
    """Take 20 ms at a time, each packet put in before the first take after its arrival."""
    playout = Playout(Counting)
    waiting = sorted(arrivals, key=lambda one: one[0])
    heard = []
    now = 0.0
    while now <= until:
        while waiting and waiting[0][0] <= now:
            at, packet = waiting.pop(0)
            playout.put(packet, at)
        heard.append(playout.take(now))
        now += 20.0
    return playout, np.concatenate(heard)


def even(count: int, *, start: int = 0, network: float = 7.0) -> list[tuple[float, Opus]]:
    return [(20.0 * number + network, frame(number, start=start)) for number in range(1, count + 1)]


def sounding(
    sound: Samples,
) -> Samples:
    """Without silence."""
    left: Samples = sound[sound != 0]
    return left


def test_every_sample_comes_once_and_in_order() -> None:
    playout, sound = run(even(50), 1_200)

    assert (sounding(sound)[: 50 * 320] == np.repeat(np.arange(1, 51), 320)).all()
    assert playout.hold == LEAST_HOLD


def test_sound_comes_40_ms_after_its_packet_came() -> None:
    _, sound = run(even(10), 400)

    # The first packet came at 27 ms. Takes are at 0, 20, 40 ...: a sample's own time is its index.
    delay = float(np.argmax(sound == 1)) / 16 - 27.0
    assert delay == pytest.approx(40.0, abs=0.1)


def test_packets_out_of_order_and_twice_are_put_right() -> None:
    arrivals = even(20)
    arrivals[4], arrivals[5] = (arrivals[5][0], arrivals[4][1]), (arrivals[4][0], arrivals[5][1])
    _, sound = run(arrivals + even(20), 600)

    assert (sounding(sound)[: 20 * 320] == np.repeat(np.arange(1, 21), 320)).all()


def test_a_lost_packet_is_covered_by_a_fading_repeat_and_moves_nothing_after_it() -> None:
    arrivals = even(20)
    del arrivals[9]
    _, sound = run(arrivals, 600)
    start = int(np.argmax(sound == 1))

    hole = sound[start + 9 * 320 : start + 10 * 320]
    assert (hole > 0).all()
    assert (hole <= 9 * 0.5).all()
    assert (sound[start + 10 * 320 : start + 11 * 320] == 11).all()


def test_a_sender_that_pauses_fades_to_silence_and_comes_back_in_place() -> None:
    arrivals = [one for one in even(60) if not 10 < int(one[1].payload) <= 50]
    _, sound = run(arrivals, 1_400)
    start = int(np.argmax(sound == 1))

    assert not sound[start + 14 * 320 : start + 50 * 320].any()
    assert (sound[start + 50 * 320 : start + 51 * 320] == 51).all()


def test_jitter_within_the_hold_is_not_heard() -> None:
    rng = np.random.default_rng(3)
    arrivals = [(at + float(rng.uniform(0, 18)), packet) for at, packet in even(200)]
    arrivals[0] = even(1)[0]
    playout, sound = run(arrivals, 4_200)

    assert (sounding(sound)[: 200 * 320] == np.repeat(np.arange(1, 201), 320)).all()
    assert playout.hold == LEAST_HOLD


def test_packets_later_than_the_hold_are_lost_and_lengthen_it_until_none_is() -> None:
    arrivals = [(at + (60 if int(packet.payload) % 7 == 0 else 0), packet) for at, packet in even(200)]
    playout, sound = run(arrivals, 4_200)

    assert 35 < playout.hold < 65
    assert (np.diff(sounding(sound)[: 60 * 320]) < 0).any(), (
        "the first late ones are covered, not played late"
    )
    assert set(range(141, 201)) <= set(np.unique(sound)), "none of the last sixty is missing"


def test_a_line_that_is_uneven_all_the_time_is_heard_late_instead_of_not() -> None:
    rng = np.random.default_rng(7)
    arrivals = sorted(
        ((at + float(rng.exponential(50)), packet) for at, packet in even(1_000)), key=lambda one: one[0]
    )
    playout, sound = run(arrivals, 20_400)
    heard = set(np.unique(sound)) & set(range(501, 1_001))

    assert len(heard) >= 450, "a tenth at most is lost once the wait is long enough"
    assert LEAST_HOLD < playout.hold <= MOST_HOLD


def test_the_wait_grows_to_a_limit() -> None:
    rng = np.random.default_rng(7)
    arrivals = [(at + float(rng.uniform(0, 300)), packet) for at, packet in even(1_000)]
    playout, _ = run(sorted(arrivals, key=lambda one: one[0]), 20_400)

    assert MOST_HOLD - 10 < playout.hold <= MOST_HOLD


def test_the_clock_of_rtp_may_wrap() -> None:
    _, sound = run(even(20, start=2**32 - 5 * FRAME), 600)

    assert (sounding(sound)[: 20 * 320] == np.repeat(np.arange(1, 21), 320)).all()


def test_packets_of_60_ms_are_held_longer_and_come_whole() -> None:
    arrivals = [(60.0 * number, frame(number, ticks=2_880)) for number in range(1, 11)]
    _, sound = run(arrivals, 900)

    assert (sounding(sound)[: 10 * 960] == np.repeat(np.arange(1, 11), 960)).all()


def test_a_sender_whose_clock_is_fast_does_not_pile_up() -> None:
    # 1 % fast, far beyond any sound card: 1.2 s of sound too much in a minute.
    arrivals = [(at * 0.99, packet) for at, packet in even(3_000)]
    _, sound = run(arrivals, 59_400)

    behind = 3_000 - sound[-320:].max()
    assert behind <= 8, "more than 160 ms behind"


def test_a_flood_of_packets_ahead_of_time_keeps_a_limited_number() -> None:
    playout = Playout(Counting)
    for number in range(1, 5_000):
        playout.put(Opus(number % 4_000, b"1", 960), 20.0)

    assert len(playout._waiting) <= 32


def test_a_packet_that_does_not_decode_is_counted_and_heard_as_a_hole() -> None:
    playout = Playout(Counting)
    playout.put(frame(1), 20.0)
    playout.put(Opus(FRAME, b"bad", FRAME), 40.0)
    playout.put(frame(3), 60.0)
    heard = np.concatenate([playout.take(float(now)) for now in range(20, 200, 20)])
    start = int(np.argmax(heard == 1))

    assert playout.broken == 1
    assert (heard[start + 320 : start + 640] == 0.5).all()
    assert (heard[start + 640 : start + 960] == 3).all()


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1), st.sampled_from([120, 480, 960, 2_880, 5_760]), st.floats(0, 500)
        ),
        max_size=60,
    )
)
def test_whatever_the_timestamps_each_take_is_20_ms(steps: list[tuple[int, int, float]]) -> None:
    playout = Playout(Counting)
    now = 0.0
    for timestamp, ticks, later in steps:
        playout.put(Opus(timestamp, b"1", ticks), now)
        now += later
        sound = playout.take(now)
        assert sound.shape == (320,)
        assert len(playout._sound) < 16_000
