"""The weather of a test's cable, by the clock of the test: what it loses, delays, queues and cuts."""

import math
from itertools import pairwise
from typing import Any

import pytest

from tests.support.impair import MAX_FRAME, Lane, Weather

FRAME = bytes(1000)


def lane(seed: int = 7, **weather: Any) -> Lane:
    made = Lane(seed)
    made.change(Weather(**weather))
    return made


def arrivals(one: Lane, sent: list[float], size: int = 1000) -> list[float]:
    """When each frame that arrives does so, sent at the times given."""
    for at in sent:
        one.offer(bytes(size), at)
    came = []
    while (due := one.next_at) is not None:
        came += [due] * len(one.due(due))
    return came


def test_in_clear_weather_a_frame_is_there_at_once_and_unchanged() -> None:
    clear = Lane(1)
    clear.offer(b"frame", 5.0)
    assert clear.due(5.0) == [b"frame"]
    assert clear.next_at is None


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_loss_is_what_was_asked_for(loss: float) -> None:
    one = lane(loss=loss)
    came = arrivals(one, [0.0] * 10_000)
    # Five standard deviations of a binomial count.
    assert abs(len(came) / 10_000 - (1 - loss)) < 5 * math.sqrt(loss * (1 - loss) / 10_000)
    assert one.counters.lost == 10_000 - len(came)


def test_the_same_seed_loses_the_same_frames_and_another_seed_others() -> None:
    def fate(seed: int) -> list[bytes]:
        one = lane(seed, loss=0.5)
        for number in range(64):
            one.offer(bytes([number]), 0.0)
        return one.due(0.0)

    assert fate(1) == fate(1)
    assert fate(1) != fate(2)


def test_everything_is_lost_where_all_is_lost() -> None:
    assert arrivals(lane(loss=1.0), [0.0] * 50) == []


def test_delay_is_added_to_each_frame() -> None:
    assert arrivals(lane(delay_ms=200), [0.0, 0.5]) == [0.2, 0.7]


def test_jitter_stays_in_its_bounds_and_never_reorders() -> None:
    sent = [number * 0.02 for number in range(500)]
    late = lane(delay_ms=50, jitter_ms=30)
    came = arrivals(late, sent)
    waits = [came_at - sent_at for came_at, sent_at in zip(came, sent, strict=True)]
    assert all(0.05 <= wait <= 0.08 + 1e-9 for wait in waits)
    assert max(waits) - min(waits) > 0.02
    assert all(one <= other for one, other in pairwise(came))


def test_a_slow_line_spaces_frames_by_their_size() -> None:
    came = arrivals(lane(kbps=64), [0.0, 0.0, 0.0])
    assert came == pytest.approx([0.125, 0.25, 0.375])  # 1000 bytes at 64 kbit/s


def test_a_slow_line_drops_what_its_queue_cannot_hold() -> None:
    one = lane(kbps=64, queue_ms=300)
    assert len(arrivals(one, [0.0] * 10)) == 3
    assert one.counters.overflowed == 7


def test_a_cut_takes_what_was_under_way_and_what_comes() -> None:
    one = lane(delay_ms=100)
    one.offer(FRAME, 0.0)
    one.change(Weather(down=True))
    one.offer(FRAME, 0.01)
    assert one.next_at is None
    assert one.counters.cut == 2
    one.change(Weather())
    assert arrivals(one, [0.02]) == [0.02]


def test_a_frame_that_no_cable_carries_is_counted_and_dropped() -> None:
    one = Lane(1)
    assert len(arrivals(one, [0.0], MAX_FRAME)) == 1
    assert arrivals(one, [0.0], MAX_FRAME + 1) == []
    assert one.counters.oversize == 1


@pytest.mark.parametrize("figure", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["delay_ms", "jitter_ms", "loss", "kbps", "queue_ms"])
def test_there_is_no_such_weather(name: str, figure: float) -> None:
    with pytest.raises(ValueError, match="no such weather"):
        Weather(**{name: figure})  # type: ignore[arg-type]


def test_no_more_than_everything_can_be_lost() -> None:
    with pytest.raises(ValueError, match="no such weather"):
        Weather(loss=1.01)
