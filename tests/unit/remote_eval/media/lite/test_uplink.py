"""A line that fills up: the picture gives way to the voice at once, and comes back when there is room.

`Line` is a sender that obeys, and a wire with a queue that drops what does not fit, voice and picture alike.
"""

from dataclasses import dataclass, field

import pytest

from remote_eval.media.lite.uplink import AROUND, LEAST_KBPS, LOOK_MS, STANDING_MS, Uplink
from tests.support.impair import Lane, Weather

CAP = 800
VOICE, FACE = 1, 2
# Of RED with two blocks of 24 kbit/s: some 84 kbit/s on the wire.
VOICE_OCTETS = 166
MOST_OCTETS = 1100
# A browser's encoder and pacer follow a new figure within some frames.
OBEYS_MS = 120


@dataclass
class Came:
    """A packet at the engine."""

    at: int
    number: int
    wait: int


@dataclass
class Line:
    """Voice each 20 ms, a picture of what is allowed (500 kbit/s at most) each 50 ms, looks each 20 ms."""

    weather: Weather = field(default_factory=Weather)
    uplink: Uplink = field(default_factory=Uplink)
    now: int = 0
    kbps: float = 500
    told: list[tuple[int, int]] = field(default_factory=list)
    voices: list[Came] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lane = Lane(1)
        self._sent = {VOICE: 0, FACE: 0}
        self._highest = {VOICE: -1, FACE: -1}
        self._reported = 0
        self._lost = 0

    def run(self, seconds: float, weather: Weather | None = None) -> "Line":
        """Let it go on, in another weather if one is named."""
        self._lane.change(weather or self.weather)
        self.weather = weather or self.weather
        for _ in range(round(seconds * 1000)):
            self.now += 1
            self._send()
            for frame in self._lane.due(self.now / 1000):
                self._arrive(frame)
            if self.now % 20 == 0:
                self._look()
        return self

    def _send(self) -> None:
        if self.now % 20 == 0:
            self._offer(VOICE, VOICE_OCTETS)
        if self.now % 50 == 0:
            known = [kbps for at, kbps in self.told if at + OBEYS_MS <= self.now]
            left = min(500.0, max(LEAST_KBPS, known[-1] if known else CAP)) * 50 / 8
            while left > 0:
                self._offer(FACE, round(min(MOST_OCTETS, max(60.0, left))))
                left -= MOST_OCTETS + AROUND

    def _offer(self, ssrc: int, octets: int) -> None:
        head = b"".join(one.to_bytes(4, "big") for one in (ssrc, self._sent[ssrc], self.now))
        self._sent[ssrc] += 1
        self._lane.offer(head.ljust(octets + AROUND + 14, b"\0"), self.now / 1000)

    def _arrive(self, frame: bytes) -> None:
        ssrc, number, captured = (int.from_bytes(frame[at : at + 4], "big") for at in (0, 4, 8))
        self._lost += number - self._highest[ssrc] - 1
        self._highest[ssrc] = number
        self.uplink.heard(ssrc, len(frame) - AROUND - 14, captured, self.now, video=ssrc == FACE)
        if ssrc == VOICE:
            self.voices.append(Came(self.now, number, self.now - captured))

    def _look(self) -> None:
        less = self.uplink.look(self.now, self._lost, CAP)
        if less or self.now - self._reported >= 1000:
            self._reported = self.now
            self.told.append((self.now, self.uplink.video_kbps(CAP)))

    def lost(self, since: int, until: int) -> int:
        """Packets of the voice sent between two times, milliseconds, that never came."""
        sent = range(since // 20, until // 20)
        return len(set(sent) - {one.number + 1 for one in self.voices})

    def until(self, since: int, most: int) -> float:
        """Seconds from `since` to the first figure of at most so many kbit/s."""
        return (next(at for at, kbps in self.told if at > since and kbps <= most) - since) / 1000


FALL = Weather(kbps=128)


def test_a_line_with_room_may_take_the_whole_cap() -> None:
    line = Line().run(10)
    assert {kbps for _, kbps in line.told} == {CAP}


def test_a_line_that_falls_to_128_kbits_is_told_within_half_a_second_and_the_voice_is_whole_in_the_next() -> (
    None
):
    line = Line().run(5).run(12, FALL)
    assert line.until(5_000, 45) <= 0.5
    assert line.lost(5_000, 6_000) < 50
    assert line.lost(6_000, 16_000) == 0


def test_the_queue_of_a_full_line_is_drained() -> None:
    line = Line().run(5).run(3, Weather(kbps=300))
    assert max(one.wait for one in line.voices if 5_000 <= one.at < 6_000) > 400
    assert max(one.wait for one in line.voices if one.at >= 7_500) < STANDING_MS
    assert not line.uplink.is_full


def test_pictures_take_again_and_again_what_a_line_has_and_the_voice_is_spared() -> None:
    line = Line().run(5).run(40, Weather(kbps=300))
    later = [kbps for at, kbps in line.told if at > 10_000]
    assert line.lost(6_000, 44_000) == 0
    assert 100 < sum(later) / len(later) < 300


def test_pictures_come_back_step_by_step_once_there_is_room() -> None:
    line = Line().run(5).run(5, FALL)
    low = line.told[-1][1]
    line.run(60, Weather())
    some = [kbps for at, kbps in line.told if at > 10_000]
    assert low < 45 < some[3] < CAP / 4
    assert some == sorted(some)
    assert some[-1] == CAP


def test_a_line_too_narrow_for_a_voice_leaves_pictures_the_least() -> None:
    line = Line().run(5).run(10, Weather(kbps=64))
    assert {kbps for at, kbps in line.told if at > 6_000} == {LEAST_KBPS}
    assert line.uplink.is_full


def test_a_line_that_throws_away_what_is_too_much_is_full_too() -> None:
    line = Line().run(5).run(15, Weather(kbps=128, queue_ms=60))
    assert line.until(5_000, 60) <= 1
    # This sender minds no losses by itself.
    assert line.lost(6_500, 19_000) < 0.25 * 12_500 / 20


def test_a_line_that_loses_one_in_five_is_not_tried_for_more() -> None:
    line = Line().run(5).run(2, FALL).run(20, Weather(loss=0.2))
    assert max(kbps for at, kbps in line.told if at > 8_000) < 60


def test_an_outage_is_no_full_line() -> None:
    line = Line().run(5).run(3, Weather(down=True)).run(5, Weather())
    assert {kbps for _, kbps in line.told} == {CAP}


def test_losses_without_a_queue_are_no_full_line() -> None:
    line = Line().run(20, Weather(loss=0.2))
    assert {kbps for _, kbps in line.told} == {CAP}


@pytest.mark.parametrize(
    "way",
    [Weather(delay_ms=200), Weather(delay_ms=100, jitter_ms=20, loss=0.05)],
    ids=["far", "far and worse"],
)
def test_a_longer_way_is_taken_for_a_queue_for_some_seconds_and_never_again(way: Weather) -> None:
    line = Line().run(5).run(10, way)
    assert {kbps for at, kbps in line.told if at > 9_000} == {CAP}
    assert not line.uplink.is_full


@pytest.mark.parametrize("kbps", [40, 64, 80, 96, 104, 110])
def test_a_queue_that_overflows_for_ever_is_no_longer_way(kbps: int) -> None:
    line = Line().run(5).run(25, Weather(kbps=kbps))
    assert max(kbps for at, kbps in line.told if at > 6_000) < 60


def test_a_line_that_stays_full_is_spared_for_two_seconds_and_a_half() -> None:
    line = Line().run(5).run(2.4, Weather(kbps=64))
    assert line.uplink.is_spared
    line.run(1)
    assert (line.uplink.is_full, line.uplink.is_spared) == (True, False)


def second(line: Uplink, at: int, *, waits: float, skew: float = 0) -> int:
    """A second in which every packet waits so long; what is allowed then. `skew`: the voice's time jumps."""
    for number in range(50):
        captured = at * 1000 + number * 20
        line.heard(VOICE, 100, captured - skew, captured + waits, video=False)
        line.heard(FACE, 1000, captured, captured + waits, video=True)
        line.look(captured + waits, 0, CAP)
    return line.video_kbps(CAP)


def test_a_wait_that_single_packets_are_spared_is_no_full_line() -> None:
    line = Uplink()
    second(line, 0, waits=30)
    for look in range(20):
        begins = 1000 + look * LOOK_MS
        for wait in (30, 300):
            line.heard(VOICE, 100, begins, begins + wait, video=False)
        line.look(begins + LOOK_MS, 0, CAP)
    assert (line.is_full, line.video_kbps(CAP)) == (False, CAP)


def test_the_time_of_one_stream_may_jump_alone() -> None:
    line = Uplink()
    second(line, 0, waits=30)
    assert second(line, 1, waits=30, skew=5000) == CAP


def voices(line: Uplink, at: int, *, seconds: int, stood: float = 0) -> None:
    """Nobody's picture is sent, only a voice whose device had stood still for so long before."""
    for number in range(seconds * 50):
        now = at * 1000 + number * 20
        line.heard(VOICE, 100, now - stood, now, video=False)
        line.look(now, 0, CAP)


def test_a_voice_whose_device_stood_still_is_no_queue_once_its_sender_has_reported() -> None:
    """A computer that is short of time loses seconds of sound while the picture waits: without the report the
    picture would wait half a minute longer each time."""
    line = Uplink()
    line.reported(VOICE, 0, 9e12)
    voices(line, 0, seconds=5)
    voices(line, 5, seconds=3, stood=4000)
    assert line.is_full
    line.reported(VOICE, 4_000, 9e12 + 8_000)
    voices(line, 8, seconds=1, stood=4000)
    assert not line.is_full


def test_a_sender_whose_clock_is_set_has_no_queue() -> None:
    line = Uplink()
    line.reported(VOICE, 0, 9e12)
    voices(line, 0, seconds=5)
    line.reported(VOICE, 5_000, 9e12 - 60_000)
    voices(line, 5, seconds=3)
    assert (line.is_full, line.video_kbps(CAP)) == (False, CAP)


def test_a_queue_shows_by_the_senders_clock_as_well() -> None:
    line = Uplink()
    for ssrc in (VOICE, FACE):
        line.reported(ssrc, 0, 9e12)
    second(line, 0, waits=30)
    second(line, 1, waits=300)
    assert line.is_full


def test_a_lower_cap_holds_at_once() -> None:
    line = Uplink()
    assert (line.video_kbps(CAP), line.video_kbps(300)) == (CAP, 300)


@pytest.mark.parametrize("silent_s", [0.5, 30])
def test_silence_says_nothing_of_a_line(silent_s: float) -> None:
    line = Line().run(5)
    line.now += round(silent_s * 1000)
    line.run(2)
    assert line.told[-1][1] == CAP
