"""One recorder's work on a part: what it asks for, rings about, and refuses."""

import json
from pathlib import Path

import pytest

from remote_eval.errors import RecordingError
from remote_eval.media.engine import TrackId
from remote_eval.media.recording.alarms import Alarms
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.contents import indexes
from remote_eval.media.recording.disk import RealDisk
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.manifest import manifest_bytes
from remote_eval.media.recording.part import PartRecorder
from remote_eval.media.recording.setting import Setting
from tests.support.recorded_media import VIDEO_TYPES, Arrival, Wire, microphone
from tests.support.recording_worlds import LIMITS, Heard, Recording, Seat, plan_in, record

SEAT = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=4)


class NoProbe:
    """Looks at nothing."""

    def picture(self, track: str, frame: bytes, at: float) -> None: ...

    def sound(self, track: str, packet: bytes, at: float) -> None: ...

    def forget(self, track: str) -> None: ...


def later(pairs: list[tuple[TrackId, Arrival]], by: float) -> list[tuple[TrackId, Arrival]]:
    return [(track, one._replace(at=one.at + by)) for track, one in pairs]


def test_a_keyframe_is_asked_for_each_second_until_one_comes_and_then_every_ten(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.until(3000)
    assert recording.heard.asked == ["mem_a/camera"] * 3
    recording.play(later(SEAT.arrivals(), 3000))
    asked = len(recording.heard.asked)
    recording.until(14_000)
    assert len(recording.heard.asked) == asked
    recording.until(15_500)
    assert len(recording.heard.asked) > asked


def test_a_source_that_sends_nothing_rings_for_camera_and_microphone(tmp_path: Path) -> None:
    heard = Heard()
    setting = Setting(
        plan=plan_in(tmp_path / "rec"),
        opened_at=0.0,
        disk=RealDisk(),
        emit=heard.emit,
        ask_keyframe=heard.ask,
        limits=LIMITS,
    )
    part = PartRecorder(setting, Alarms(heard.emit), NoProbe(), 0.0, None)
    part.open_track(TrackId("mem_a/camera"), "video", VIDEO_TYPES, 0.0)
    part.open_track(TrackId("mem_a/microphone"), "audio", {111: "opus"}, 0.0)
    part.tick(4900.0)
    assert not heard.of("alarm")
    part.tick(5100.0)
    assert {(one["code"], one["track"]) for one in heard.of("alarm")} == {
        ("frozen", "mem_a/camera"),
        ("silent", "mem_a/microphone"),
    }
    part.close_track(TrackId("mem_a/camera"), "left", 5200.0)
    assert [one["track"] for one in heard.of("clear")] == ["mem_a/camera"]


def test_a_sender_clock_that_jumps_rings_and_recording_goes_on(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.play(SEAT.arrivals())
    jumped = microphone(ntp_ms=3_900_000_900_000.0)
    for at in (4300.0, 5300.0):
        recording.until(at)
        recording.part.report(TrackId("mem_a/microphone"), jumped.report(at))
    recording.until(6000)
    (alarm,) = recording.heard.of("alarm")
    assert (alarm["code"], alarm["value"]) == ("clock", 900_000)
    recording.close()
    assert check(tmp_path / "rec").ok


def test_a_drifting_sender_clock_rings(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    source = microphone(ppm=800.0)
    track = TrackId("mem_a/microphone")
    recording.part.open_track(track, "audio", {111: "opus"}, 0.0)
    for second in range(90):
        at = second * 1000.0
        recording.until(at)
        recording.part.packet(track, source.rtp(b"\x78rest", source._timestamp(at), marker=False), at)
        recording.part.report(track, source.report(at))
    assert [one["code"] for one in recording.heard.of("alarm")] == ["clock"]
    assert abs(int(str(recording.heard.of("alarm")[0]["value"])) + 800) < 100


def test_a_track_that_comes_back_goes_on_in_its_file_with_the_gap_between(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.play(SEAT.arrivals())
    for name in ("camera", "microphone"):
        recording.part.close_track(TrackId(f"mem_a/{name}"), "peer lost!", recording.now)
    recording.until(10_000)
    recording.open([SEAT])
    recording.play(later(SEAT.arrivals(), 10_000))
    recording.close()
    gaps = [one for one in list_gaps(tmp_path / "rec") if one.track == "mem_a/microphone"]
    assert [one.cause for one in gaps] == ["peerlost"]
    assert abs(gaps[0].since - 4100) < 50
    assert abs((gaps[0].until or 0) - 10_100) < 50
    assert len(list((tmp_path / "rec").glob("*.qtr"))) == 2
    assert check(tmp_path / "rec").whole


@pytest.mark.parametrize(("cause", "causes"), [("gateway", ["gateway"]), ("left", [])])
def test_only_a_track_whose_site_never_came_back_lacks_the_time_until_the_end(
    tmp_path: Path, cause: str, causes: list[str]
) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.play(SEAT.arrivals())
    recording.part.close_track(TrackId("mem_a/microphone"), cause, recording.now)
    lost = round(recording.now)
    recording.until(10_000)
    recording.close()
    gaps = [one for one in list_gaps(tmp_path / "rec") if one.track == "mem_a/microphone"]
    assert [(one.cause, one.since, one.until) for one in gaps] == [
        (one, lost, round(recording.now)) for one in causes
    ]


def test_packets_of_a_track_that_is_closed_or_never_was_are_nobodys(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.play(SEAT.arrivals())
    recording.part.round_trip(TrackId("mem_x/camera"), 10.0, 0.0)
    recording.part.lost_here(TrackId("mem_x/camera"), "overflow")
    recording.part.close_track(TrackId("mem_x/camera"), "left", 0.0)
    recording.close()
    assert list((tmp_path / "rec").glob("*.qtr")) == []


def test_clock_facts_are_written_each_ten_seconds(tmp_path: Path) -> None:
    record(tmp_path / "rec", [Seat(member="mem_a", wire=Wire(seed=1), seconds=24)])
    (contents,) = indexes(tmp_path / "rec")
    assert [len(lines) for lines in contents.clocks.values()] == [3, 3]


def test_every_recorder_of_a_part_takes_a_letter_of_its_own_until_none_is_left(tmp_path: Path) -> None:
    letters = [Recording(plan_in(tmp_path / "rec")).part.letter for _ in range(26)]
    assert "".join(letters) == "abcdefghijklmnopqrstuvwxyz"
    with pytest.raises(RecordingError, match=r"recording\.letters"):
        Recording(plan_in(tmp_path / "rec"))


def test_parts_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    for part in (1, 2):
        record(tmp_path / "rec", [Seat(member="mem_a", wire=Wire(seed=1), seconds=2)], part=part)
    assert check(tmp_path / "rec").ok
    assert [one.part for one in indexes(tmp_path / "rec")] == [1, 2]
    assert [one.part for one in indexes(tmp_path / "rec", 2)] == [2]


def test_a_track_that_sends_nothing_at_first_has_a_gap_from_where_it_was_opened(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.play(later(SEAT.arrivals(), 3000))
    recording.close()
    gaps = {one.track: one for one in list_gaps(tmp_path / "rec")}
    assert set(gaps) == {"mem_a/camera", "mem_a/microphone"}
    for one in gaps.values():
        assert (one.since, one.cause) == (0, "stalled")
        assert one.until is not None
        assert 2900 <= one.until <= 3200


def test_a_track_that_fell_silent_before_it_was_closed_has_a_gap_up_to_there(tmp_path: Path) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    recording.open([SEAT])
    recording.play(SEAT.arrivals())
    recording.until(9_000)
    recording.part.close_track(TrackId("mem_a/microphone"), "left", recording.now)
    recording.close()
    (gap,) = [one for one in list_gaps(tmp_path / "rec") if one.track == "mem_a/microphone"]
    assert (gap.until, gap.cause) == (9_000, "stalled")
    assert 3_900 <= gap.since <= 4_200


@pytest.mark.parametrize(("ppm", "rings"), [(800.0, True), (100.0, False)])
def test_a_drifting_sender_that_never_reports_rings_by_its_arrivals(
    tmp_path: Path, ppm: float, rings: bool
) -> None:
    recording = Recording(plan_in(tmp_path / "rec"))
    source, track = microphone(ppm=ppm), TrackId("mem_a/microphone")
    recording.part.open_track(track, "audio", {111: "opus"}, 0.0)
    for number in range(5 * 270):
        at = number * 200.0
        recording.until(at)
        recording.part.packet(track, source.rtp(b"\x78rest", source._timestamp(at), marker=False), at)
    alarms = recording.heard.of("alarm")
    assert [one["code"] for one in alarms] == ["clock"] * rings
    assert all(abs(int(str(one["value"])) + ppm) < 30 for one in alarms)
    recording.close()
    (contents,) = indexes(tmp_path / "rec")
    lines = contents.drifts[track]
    assert {one["by"] for one in lines} == {"arrival"}
    assert all(abs(one["drift_ppb"] / 1000 + ppm) < 30 for one in lines)
    (ranged,) = json.loads(manifest_bytes(tmp_path / "rec", 1))["drifts"]
    told = [one["drift_ppb"] for one in lines]
    assert ranged["drift_ppb"] == [min(told), max(told)]
    assert check(tmp_path / "rec").ok
