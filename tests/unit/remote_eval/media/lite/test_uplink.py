"""A line that fills up: the picture gives way to the voice, and comes back when there is room."""

from remote_eval.media.lite.uplink import LEAST_KBPS, STANDING_MS, Uplink

CAP = 800
VOICE, FACE = 1, 2


def second(
    line: Uplink, at: int, *, waits: float, kbps: tuple[float, float] = (40, 400), skew: float = 0
) -> int:
    """A second in which every packet waits so long; `kbps` of voice and face arrive; what is allowed then.

    `skew` is a jump in the time of the voice alone.
    """
    for number in range(50):
        captured = at * 1000 + number * 20
        line.heard(VOICE, round(kbps[0] * 2.5), captured - skew, captured + waits, video=False)
        line.heard(FACE, round(kbps[1] * 2.5), captured, captured + waits, video=True)
    return line.video_kbps((at + 1) * 1000, CAP)


def steady(line: Uplink, seconds: int = 5) -> None:
    for at in range(seconds):
        second(line, at, waits=30)


def test_a_line_with_room_may_take_the_whole_cap() -> None:
    line = Uplink()
    assert line.video_kbps(0, CAP) == CAP
    steady(line)
    assert second(line, 5, waits=30) == CAP


def test_when_every_packet_waits_pictures_give_way_and_the_voice_is_left_its_part() -> None:
    line = Uplink()
    steady(line)
    allowed = second(line, 5, waits=31 + STANDING_MS, kbps=(60, 100))
    assert allowed == round(0.85 * 160 - 60)
    assert second(line, 6, waits=300, kbps=(60, 4)) == LEAST_KBPS


def test_a_wait_that_single_packets_are_spared_is_no_full_line() -> None:
    line = Uplink()
    steady(line)
    line.heard(VOICE, 100, 5000, 5030, video=False)
    line.heard(FACE, 100, 5000, 5030, video=True)
    assert second(line, 5, waits=400) == CAP


def test_the_time_of_one_stream_may_jump_alone() -> None:
    line = Uplink()
    steady(line)
    assert second(line, 5, waits=30, skew=5000) == CAP


def test_pictures_come_back_step_by_step_once_the_queue_is_gone() -> None:
    line = Uplink()
    steady(line)
    low = second(line, 5, waits=500, kbps=(40, 24))
    some = [second(line, at, waits=30, kbps=(40, 24)) for at in range(6, 60)]
    assert low < some[0] < low * 1.5
    assert some == sorted(some)
    assert some[-1] == CAP


def test_a_lower_cap_holds_at_once() -> None:
    line = Uplink()
    assert line.video_kbps(0, CAP) == CAP
    assert line.video_kbps(1000, 300) == 300
