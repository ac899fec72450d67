"""Packets that sites lose: shares over looks at counters, the worst track, what no share is told of."""

import pytest

from app.usecases.room.losing import MIN_PACKETS, WINDOW_MS, Losses
from remote_eval.media.engine import TrackId, TrackStats

VOICE, FACE = TrackId("mem_a/microphone"), TrackId("mem_a/camera")


def stats(packets: int, lost: int, *, track: TrackId = VOICE, age_ms: float = 10.0) -> TrackStats:
    return TrackStats(
        track=track, packets=packets, lost=lost, kbps=0.0, age_ms=age_ms, rtt_ms=None, recorded_ms=None
    )


def share(*looks: tuple[int, int, int]) -> int | None:
    """Looks at one track: when, packets, lost."""
    losses = Losses()
    for at_ms, packets, lost in looks:
        losses.note([stats(packets, lost)], now_ms=at_ms)
    return losses.permille([VOICE])


def test_a_share_is_of_what_came_and_what_is_missing_between_two_looks() -> None:
    # What was lost before the first look is none of its business.
    assert share((0, 1_000, 900), (2_000, 1_920, 980)) == 80
    assert share((0, 0, 0), (2_000, 919, 81)) == 81


def test_a_loss_passes_with_its_window() -> None:
    lossy = [(0, 0, 0), (5_000, 500, 500)]
    assert share(*lossy) == 500
    assert share(*lossy, (5_000 + WINDOW_MS, 2_000, 500)) == 0


def test_what_came_late_after_all_is_lost_no_longer() -> None:
    assert share((0, 1_000, 50), (2_000, 2_040, 10)) == 0


@pytest.mark.parametrize(
    "looks",
    [
        [],
        [(0, 5_000, 100)],
        # A burst at the begin of a track, or a track that hardly sends.
        [(0, 0, 0), (2_000, MIN_PACKETS // 2, MIN_PACKETS // 2 - 1)],
    ],
)
def test_too_few_packets_tell_nothing(looks: list[tuple[int, int, int]]) -> None:
    assert share(*looks) is None


def test_a_track_that_is_published_anew_begins_anew() -> None:
    assert share((0, 9_000, 10), (2_000, 100, 0), (4_000, 400, 0)) == 0
    assert share((0, 9_000, 10), (2_000, 100, 0)) is None


def test_silence_is_no_loss() -> None:
    """A line that was cut is an outage's matter; what was sent into it is not counted once it is back."""
    losses = Losses()
    losses.note([stats(1_000, 0)], now_ms=0)
    losses.note([stats(1_000, 0, age_ms=8_000.0)], now_ms=8_000)
    losses.note([stats(1_010, 500)], now_ms=10_000)
    assert losses.permille([VOICE]) is None
    losses.note([stats(1_400, 500)], now_ms=12_000)
    assert losses.permille([VOICE]) == 0


def test_the_worst_track_speaks_for_a_site_and_others_do_not() -> None:
    losses = Losses()
    for at_ms, packets, lost in ((0, 0, 0), (2_000, 900, 100)):
        losses.note([stats(packets, lost), stats(2 * packets, 0, track=FACE)], now_ms=at_ms)
    assert losses.permille([FACE]) == 0
    assert losses.permille([FACE, VOICE]) == 100
    assert losses.permille([TrackId("mem_b/camera")]) is None
