"""A clock told by arrivals alone: what it must see, and what it must not take for a clock."""

import random
from collections.abc import Callable, Iterator

import pytest

from remote_eval.media.recording.clock import MemberClock
from remote_eval.media.recording.drift import ArrivalDrift, Trips
from remote_eval.media.recording.rtp import SenderReport

SECONDS = 420
NEAR = 30.0
LIMIT = 300.0
# Ticks begin so that the 32-bit time wraps within half a minute.
WRAPS = 0xFFFF_0000
Path = Callable[[float], float]


def straight(_at: float) -> float:
    return 20.0


def stepped(at: float) -> float:
    return 20.0 if at < 200_000 else 70.0


def shorter(at: float) -> float:
    return 70.0 if at < 200_000 else 20.0


def stream(
    ppm: float, path: Path = straight, *, jitter: float = 40.0, step: float = 20.0, seconds: int = SECONDS
) -> Iterator[tuple[float, float]]:
    """(arrival, sender's ms) of a sender that is `ppm` fast, with one packet in twenty lost."""
    chance = random.Random(f"{ppm}/{jitter}/{seconds}")
    for number in range(int(seconds * 1000 / step)):
        at = number * step
        if chance.random() >= 0.05:
            yield at + path(at) + chance.random() * jitter, at * (1 + ppm / 1e6)


def told(arrivals: Iterator[tuple[float, float]]) -> set[float | None]:
    """Everything that was said in order of arrival."""
    found, now = ArrivalDrift(), 0.0
    said: set[float | None] = set()
    for arrived, sender in sorted(arrivals):
        now = max(now, arrived)
        found.add(arrived - sender, now)
        said.add(found.ppm)
    return said


def play(clock: MemberClock, name: str, ppm: float, rate: int = 48_000, *, seconds: int = SECONDS) -> None:
    track = clock.open_track(name, rate, sound=rate == 48_000)
    for arrived, sender in sorted(stream(ppm, seconds=seconds)):
        track.arrival((WRAPS + round(sender * rate / 1000)) & 0xFFFF_FFFF, arrived)


@pytest.mark.parametrize("ppm", [0.0, 100.0, -100.0, 500.0, -500.0, 1000.0, -1000.0])
@pytest.mark.parametrize("jitter", [0.0, 40.0])
def test_a_clock_is_told_with_jitter_and_loss(ppm: float, jitter: float) -> None:
    known = [one for one in told(stream(ppm, jitter=jitter)) if one is not None]
    assert known
    assert all(abs(one + ppm) < NEAR for one in known)


@pytest.mark.parametrize("ppm", [0.0, 100.0, -100.0])
@pytest.mark.parametrize("path", [stepped, shorter])
def test_one_step_of_the_paths_delay_is_no_clock(ppm: float, path: Path) -> None:
    known = [one for one in told(stream(ppm, path)) if one is not None]
    assert known
    assert all(abs(one + ppm) < NEAR for one in known)


@pytest.mark.parametrize("ppm", [1000.0, -1000.0])
def test_one_step_of_the_paths_delay_hides_no_clock(ppm: float) -> None:
    assert any(one is not None and abs(one + ppm) < NEAR for one in told(stream(ppm, stepped)))


def test_sound_that_pauses_in_silence_is_told_by_its_few_packets() -> None:
    known = [one for one in told(stream(500.0, step=400.0)) if one is not None]
    assert known
    assert all(abs(one + 500) < 2 * NEAR for one in known)


@pytest.mark.parametrize("ticks_stand", [True, False])
def test_a_muted_source_starts_over(ticks_stand: bool) -> None:
    found = ArrivalDrift()
    for arrived, sender in sorted(stream(0.0)):
        found.add(arrived - sender, arrived)
    assert found.ppm is not None
    since, shift = SECONDS * 1000 + 60_000.0, 60_000.0 if ticks_stand else 0.0
    for number in range(239 * 50):
        found.add(shift, since + number * 20.0)
        assert found.ppm is None
    for number in range(239 * 50, 250 * 50):
        found.add(shift, since + number * 20.0)
    assert found.ppm == pytest.approx(0.0, abs=1)


@pytest.mark.parametrize("jump", [-3_600_000.0, 3_000.0])
def test_ticks_that_jump_start_over(jump: float) -> None:
    found = ArrivalDrift()
    for arrived, sender in sorted(stream(0.0)):
        found.add(arrived - sender, arrived)
    found.add(jump, SECONDS * 1000 + 100.0)
    assert found.ppm is None


def test_a_path_that_wanders_is_not_known_rather_than_told() -> None:
    chance = random.Random(7)
    delays = [chance.random() * 60 for _ in range(40)]
    said = told(stream(0.0, lambda at: delays[int(at // 30_000)]))
    assert not [one for one in said if one is not None and abs(one) > LIMIT]
    assert None in said


def test_a_queue_that_fills_is_told_apart_by_the_round_trip() -> None:
    clock = MemberClock()
    track = clock.open_track("m/microphone", 48_000, sound=True)
    for number in range(SECONDS * 50):
        at = number * 20.0
        late = at * 600 / 1e6
        track.arrival(round(at * 48), at + late)
        if number % 50 == 0:
            clock.round_trip(40.0 + late, at)
    assert track.pace.ppm == pytest.approx(600, abs=NEAR)
    assert clock.arrival_ppm == pytest.approx(0, abs=NEAR)


def test_a_round_trip_that_stays_takes_nothing_off() -> None:
    trips = Trips()
    assert trips.beyond(500.0) == 500.0
    for second in range(SECONDS):
        trips.add(40.0 + second % 7, second * 1000.0)
    assert trips.beyond(500.0) == 500.0
    assert trips.beyond(-500.0) == -500.0


def test_the_picture_tells_of_the_computers_clock_and_sound_only_where_there_is_none() -> None:
    clock = MemberClock()
    play(clock, "m/microphone", 1000.0)
    assert clock.arrival_ppm == pytest.approx(-1000, abs=NEAR)
    play(clock, "m/camera", 0.0, 90_000, seconds=100)
    assert clock.arrival_ppm is None
    play(clock, "m/camera", 0.0, 90_000)
    assert clock.arrival_ppm == pytest.approx(0, abs=NEAR)
    clock.close_track("m/camera")
    assert clock.arrival_ppm == pytest.approx(-1000, abs=NEAR)


def test_who_ever_sent_a_report_is_not_judged_by_arrivals() -> None:
    clock = MemberClock()
    play(clock, "m/microphone", 1000.0)
    clock.take_report("m/microphone", SenderReport(1, 3_900_000_000_000.0, 0))
    assert clock.arrival_ppm is None
    clock.close_track("m/microphone")
    play(clock, "m/microphone", 1000.0)
    assert clock.arrival_ppm is None
