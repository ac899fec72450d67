"""The recorder with its threads: it never blocks, drops nothing in silence, and is replaced when it dies."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from crypto.sealing import x25519_public
from remote_eval.errors import RecordingError
from remote_eval.media.engine import RoomId, RoomSpec, TrackId
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.disk import GrowingFile, RealDisk, RealFile
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.opening import export, open_recording
from remote_eval.media.recording.recorder import Recorder, recorder_for
from tests.support.recorded_media import AUDIO_TYPES, VIDEO_TYPES, Arrival, Wire, flashes
from tests.support.recording_worlds import OPENED_AT, RAW_KEY, ROOM_KEY, Seat, plan_in

DEADLINE_S: Final = 20.0
POINT, OTHER_POINT = x25519_public(ROOM_KEY), x25519_public(RAW_KEY)
CAMERA: Final = TrackId("mem_a/camera")
MICROPHONE: Final = TrackId("mem_a/microphone")
# The hands of the test's clock jump, so that no heartbeat can be told by them.
PATIENT: Final = Limits(free_floor_bytes=0, tick_ms=5.0, heartbeat_ms=1e12)
Pair = tuple[TrackId, Arrival]


class Room:
    """A recorder on a clock that the test sets, and what it said."""

    def __init__(self, folder: Path, disk: RealDisk | None = None, limits: Limits = PATIENT) -> None:
        self.now = 0.0
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self._news = threading.Condition()
        self.folder = folder
        self.recorder = Recorder(
            plan_in(folder),
            opened_at=OPENED_AT,
            clock=lambda: self.now,
            emit=self.emit,
            ask_keyframe=lambda track: self.emit("ask", {"track": track}),
            limits=limits,
            disk=disk,
        )

    def open(self) -> None:
        self.recorder.start()
        self.recorder.open_track(CAMERA, "video", VIDEO_TYPES)
        self.recorder.open_track(MICROPHONE, "audio", AUDIO_TYPES)

    def emit(self, kind: str, data: Mapping[str, object]) -> None:
        with self._news:
            self.events.append((kind, data))
            self._news.notify_all()

    def play(self, arrivals: list[Pair]) -> None:
        for track, one in arrivals:
            self.now = max(self.now, one.at)
            if one.report:
                self.recorder.report(track, one.data, one.at)
            else:
                self.recorder.packet(track, one.data, one.at)

    def wait(self, kind: str, code: str | None = None, *, recording: str | None = None) -> None:
        """Return when such an event was heard."""

        def heard() -> bool:
            return any(
                name == kind and data.get("code") == code and data.get("recording") == recording
                for name, data in self.events
            )

        with self._news:
            assert self._news.wait_for(heard, DEADLINE_S), (kind, code, self.events[-10:])

    def said(self, kind: str) -> list[Mapping[str, object]]:
        return [data for name, data in self.events if name == kind]


class Trap:
    """A disk on which something happens at the next write of media."""

    def __init__(self, spring: Callable[[], None]) -> None:
        self.armed = False
        self.spring = spring

    def disk(self) -> RealDisk:
        trap = self

        class TrappedFile(RealFile):
            def __init__(self, path: Path) -> None:
                super().__init__(path)
                self.media = path.suffix == ".qtr"

            def append(self, data: bytes) -> None:
                if trap.armed and self.media:
                    trap.armed = False
                    trap.spring()
                super().append(data)

        class TrappedDisk(RealDisk):
            def create(self, path: Path) -> GrowingFile:
                return TrappedFile(path)

        return TrappedDisk()


@pytest.fixture
def arrivals() -> list[Pair]:
    """Ten seconds of one seat in order of arrival; the wire loses nothing."""
    found = Seat(member="mem_a", wire=Wire(seed=1, jitter=10)).arrivals()
    return sorted(found, key=lambda pair: pair[1].at)


def until(arrivals: list[Pair], at: float) -> list[Pair]:
    return [pair for pair in arrivals if pair[1].at < at]


def since(arrivals: list[Pair], at: float) -> list[Pair]:
    return [pair for pair in arrivals if pair[1].at >= at]


def test_what_went_in_is_on_disk_with_a_manifest_when_close_returns(
    tmp_path: Path, arrivals: list[Pair]
) -> None:
    room = Room(tmp_path / "rec")
    room.open()
    room.play(arrivals)
    room.recorder.close()
    report = check(tmp_path / "rec")
    assert report.ok
    assert report.whole
    assert (tmp_path / "rec/0001.manifest.json").exists()
    recorded = room.recorder.recorded_ms(CAMERA)
    assert recorded is not None
    assert recorded > 10_000
    heads = {str(one["recording"]): (one["segment"], one["hash"]) for one in room.said("head")}
    assert {one.file: (one.frames, one.head) for one in report.checked} == heads
    room.recorder.close()


def test_a_recorder_that_dies_is_replaced_and_the_hole_is_told(tmp_path: Path, arrivals: list[Pair]) -> None:
    def die() -> None:
        raise ZeroDivisionError

    trap = Trap(die)
    limits = Limits(free_floor_bytes=0, tick_ms=5.0, heartbeat_ms=1e12, heads_ms=500.0)
    room = Room(tmp_path / "rec", trap.disk(), limits)
    room.open()
    room.play(until(arrivals, 3000))
    room.wait("head", recording="0001-a.mem_a.camera.qtr")
    trap.armed = True
    room.play(since(until(arrivals, 4500), 3000))
    room.wait("alarm", "recorder")
    room.now = 5000
    room.wait("clear", "recorder")
    room.play(since(arrivals, 5000))
    room.recorder.close()
    report = check(tmp_path / "rec")
    assert report.ok
    assert {one.file for one in report.checked} >= {"0001-a.mem_a.camera.qtr", "0001-b.mem_a.camera.qtr"}
    causes = {one.cause for one in list_gaps(tmp_path / "rec") if one.track == CAMERA}
    assert causes == {"recorder"}
    paths = export(tmp_path / "rec", [ROOM_KEY], tmp_path / "out")
    seen = flashes(paths[f"0001/{CAMERA}"])
    assert min(seen) < 3000
    assert max(seen) > 9000


def test_a_recorder_that_hangs_is_replaced_and_writes_nothing_more(
    tmp_path: Path, arrivals: list[Pair]
) -> None:
    let_go, hung = threading.Event(), threading.Event()

    def hang() -> None:
        hung.set()
        assert let_go.wait(DEADLINE_S)

    trap = Trap(hang)
    room = Room(tmp_path / "rec", trap.disk(), Limits(free_floor_bytes=0, tick_ms=5.0, heartbeat_ms=60_000.0))
    room.open()
    room.play(until(arrivals, 3000))
    trap.armed = True
    room.play(since(until(arrivals, 5000), 3000))
    assert hung.wait(DEADLINE_S)
    before = (tmp_path / "rec/0001-a.index").stat().st_size
    room.now += 61_000
    room.wait("alarm", "recorder")
    room.now += 1000
    room.wait("clear", "recorder")
    let_go.set()
    room.recorder.close()
    assert (tmp_path / "rec/0001-b.index").exists()
    assert (tmp_path / "rec/0001-a.index").stat().st_size == before
    assert check(tmp_path / "rec").ok


def test_a_voice_that_is_raw_stays_raw_when_the_recorder_dies_and_is_replaced(
    tmp_path: Path, arrivals: list[Pair]
) -> None:
    def die() -> None:
        raise ZeroDivisionError

    trap = Trap(die)
    room = Room(tmp_path / "rec", trap.disk())
    room.open()
    room.play(until(arrivals, 3000))
    room.recorder.seal(MICROPHONE, "raw")
    trap.armed = True
    room.play(since(until(arrivals, 4500), 3000))
    room.wait("alarm", "recorder")
    room.now = 5000
    room.wait("clear", "recorder")
    room.play(since(until(arrivals, 8000), 5000))
    room.recorder.seal(MICROPHONE, "room")
    room.play(since(arrivals, 8000))
    room.recorder.close()
    assert check(tmp_path / "rec").ok
    after = [one for one in open_recording(tmp_path / "rec", []) if one.prelude.place.letter == "b"]
    voice = [(one.prelude.place.piece, one.prelude.klass) for one in after if one.track == MICROPHONE]
    assert voice == [(1, "raw"), (2, "room")]


@pytest.mark.parametrize(
    ("track", "klass"), [(CAMERA, "raw"), (MICROPHONE, "secret"), (TrackId("mem_b/camera"), "raw")]
)
def test_what_cannot_be_of_a_class_is_refused_at_once(tmp_path: Path, track: TrackId, klass: str) -> None:
    room = Room(tmp_path / "rec")
    room.open()
    with pytest.raises(RecordingError, match=r"recording\.class"):
        room.recorder.seal(track, klass)
    room.recorder.seal(TrackId("mem_x/microphone"), "raw")
    with pytest.raises(RecordingError, match=r"recording\.class"):
        room.recorder.open_track(TrackId("mem_x/microphone"), "video", VIDEO_TYPES)
    room.recorder.close()


def test_a_full_queue_drops_what_comes_and_says_so(tmp_path: Path, arrivals: list[Pair]) -> None:
    let_go, hung = threading.Event(), threading.Event()

    def hang() -> None:
        hung.set()
        assert let_go.wait(DEADLINE_S)

    trap = Trap(hang)
    limits = Limits(free_floor_bytes=0, tick_ms=5.0, heartbeat_ms=1e12, queue_packets=200)
    room = Room(tmp_path / "rec", trap.disk(), limits)
    room.open()
    trap.armed = True
    for pair in until(arrivals, 3000):
        room.play([pair])
        if hung.is_set():
            break
    room.now = 3000
    assert hung.wait(DEADLINE_S)
    room.play(since(until(arrivals, 6000), 3000))
    room.wait("alarm", "recorder")
    let_go.set()
    room.wait("clear", "recorder")
    for pair in since(arrivals, 6000):
        room.play([pair])
    room.recorder.close()
    assert {one.cause for one in list_gaps(tmp_path / "rec")} & {"overflow"}
    assert check(tmp_path / "rec").ok


@pytest.mark.parametrize(
    ("track", "types"),
    [("mem_a/camera", {98: "vp9"}), ("../mem/camera", VIDEO_TYPES), ("mem_a", VIDEO_TYPES)],
)
def test_a_track_that_cannot_be_recorded_is_refused_before_it_begins(
    tmp_path: Path, track: str, types: Mapping[int, str]
) -> None:
    room = Room(tmp_path / "rec")
    with pytest.raises(RecordingError):
        room.recorder.open_track(TrackId(track), "video", types)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"room": b"short"},
        {"raw": POINT},
        {"room": POINT, "raw": b"short"},
        {"room": POINT, "other": OTHER_POINT},
        # Sealed to this one it would be open to everybody (RFC 7748 §6.1), to this pair to one holder.
        {"room": bytes(32)},
        {"room": POINT, "raw": bytes(32)},
        {"room": POINT, "raw": POINT},
    ],
)
def test_a_plan_without_the_keys_it_needs_is_refused(tmp_path: Path, keys: dict[str, bytes]) -> None:
    plan = plan_in(tmp_path)
    with pytest.raises(RecordingError, match=r"recording\.plan"):
        Recorder(
            type(plan)(
                folder=tmp_path,
                room="room_1",
                part=1,
                keys=keys,
                seed=bytes(32),
            ),
            opened_at=0.0,
            clock=lambda: 0.0,
            emit=lambda _kind, _data: None,
            ask_keyframe=lambda _track: None,
        )


def test_a_room_without_a_plan_has_no_recorder_and_one_with_a_plan_has_one_that_runs(tmp_path: Path) -> None:
    silent = RoomSpec(opened_at=OPENED_AT, record=None)
    assert recorder_for(RoomId("room_1"), silent, lambda _: None, lambda _kind, _data: None) is None
    spec = RoomSpec(opened_at=OPENED_AT, record=plan_in(tmp_path / "rec"))
    recorder = recorder_for(RoomId("room_1"), spec, lambda _: None, lambda _kind, _data: None)
    assert recorder is not None
    recorder.close()
    assert check(tmp_path / "rec").whole
