"""A room's recording from packets to pictures: in step, checked without a key, opened, killed, cut."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from app.cli.main import run
from remote_eval.errors import RecordingError
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.composing import compose
from remote_eval.media.recording.disk import Disk, GrowingFile, RealDisk, RealFile
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.manifest import manifest_bytes
from remote_eval.media.recording.opening import export, open_recording
from tests.support.recorded_media import Wire, beeps, flashes, offsets
from tests.support.recording_worlds import (
    LIMITS,
    OTHER_KEY,
    RAW_KEY,
    ROOM_KEY,
    Recording,
    Seat,
    killed_writer,
    plan_in,
    record,
)

AV_MS = 40.0
SEATS_MS = 100.0
NEAR = Seat(member="mem_near", wire=Wire(seed=1, jitter=10, loss=0.005), encode=70.0, redundancy=1, ppm=60.0)
FAR = Seat(
    member="mem_far",
    wire=Wire(seed=2, delay=150.0, jitter=40, loss=0.005, twice=0.05),
    encode=20.0,
    redundancy=1,
    ppm=-60.0,
    ntp_ms=3_800_000_000_000.0,
)
QUIET = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=4)


@pytest.fixture(scope="module")
def two_seats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    record(folder / "rec", [NEAR, FAR])
    export(folder / "rec", [ROOM_KEY], folder / "out")
    return folder


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A folder with four recorded seconds of one seat and its manifest."""
    folder = tmp_path / "rec"
    record(folder, [QUIET])
    (folder / "0001.manifest.json").write_bytes(manifest_bytes(folder, 1))
    return folder


def signals(folder: Path, member: str) -> tuple[list[float], list[float]]:
    seen = flashes(folder / f"out/0001.{member}.camera.mkv")
    heard = beeps(folder / f"out/0001.{member}.microphone.mkv")
    assert len(seen) >= 4
    assert len(heard) >= 8
    return seen, heard


@pytest.mark.parametrize("member", ["mem_near", "mem_far"])
def test_flash_and_beep_of_a_seat_stay_together(two_seats: Path, member: str) -> None:
    seen, heard = signals(two_seats, member)
    assert max(abs(one) for one in offsets(seen, heard)) <= AV_MS


def test_two_seats_stay_together_over_a_way_of_150_ms(two_seats: Path) -> None:
    near, far = signals(two_seats, "mem_near"), signals(two_seats, "mem_far")
    assert max(abs(one) for one in offsets(near[1], far[1])) <= SEATS_MS
    assert max(abs(one) for one in offsets(near[0], far[1])) <= SEATS_MS


def test_loss_and_doubles_break_no_chain_and_every_hole_of_pictures_is_listed(two_seats: Path) -> None:
    assert check(two_seats / "rec").ok
    gaps = [one for one in list_gaps(two_seats / "rec") if one.track == "mem_near/camera"]
    with av.open(str(two_seats / "out/0001.mem_near.camera.mkv")) as container:
        times = [float(frame.time or 0) * 1000 for frame in container.decode(video=0)]
    holes = [pair for pair in pairwise(times) if pair[1] - pair[0] > 150]
    assert holes
    for before, after in holes:
        assert any(abs(one.until - after) < 2 and one.since <= before + 42 for one in gaps if one.until)


def test_the_manifest_tells_clocks_offsets_and_heads(two_seats: Path) -> None:
    manifest = json.loads(manifest_bytes(two_seats / "rec", 1))
    clocks = {one["track"]: one for one in manifest["clocks"]}
    assert set(clocks) == {
        f"mem_{who}/{what}" for who in ("near", "far") for what in ("camera", "microphone")
    }
    assert clocks["mem_far/camera"]["rtt_us"] == [300_000, 300_000]
    assert 50_000 < clocks["mem_near/camera"]["behind_us"][1] < 90_000
    heads = {one.file: one.head for one in check(two_seats / "rec").checked}
    assert {one["file"]: one["head"] for one in manifest["recordings"]}.items() <= heads.items()
    (recorder,) = manifest["recorders"]
    assert recorder["from"] == 0
    assert recorder["to"] >= 10_000
    assert recorder["closed"]


def test_other_programs_play_what_was_exported(two_seats: Path) -> None:
    program = shutil.which("ffprobe")
    if program is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("no ffprobe on a CI machine")
        pytest.skip("NO FFPROBE FOUND: exported files were read by PyAV alone")
    for path in sorted((two_seats / "out").iterdir()):
        done = subprocess.run(
            [program, "-v", "error", "-count_packets", "-show_streams", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert "nb_read_packets=" in done.stdout


def test_one_flipped_byte_anywhere_is_found_and_named(short: Path) -> None:
    assert check(short).ok
    assert check(short).whole
    for path in sorted(short.iterdir()):
        data = path.read_bytes()
        for at in {*range(0, len(data), 397), *range(0, min(len(data), 700), 31), len(data) - 1}:
            path.write_bytes(data[:at] + bytes((data[at] ^ 0x10,)) + data[at + 1 :])
            report = check(short)
            assert not report.ok, (path.name, at)
            assert path.name in {fault.file for fault in report.faults} or path.suffix == ".index"
        path.write_bytes(data)
    assert check(short).ok


def test_a_changed_frame_is_named_by_track_and_number(short: Path) -> None:
    lines = [json.loads(line) for line in (short / "0001-a.index").read_text().splitlines()]
    frame = next(
        one for one in lines if one["is"] == "frame" and one["track"] == "mem_a/camera" and one["n"] == 2
    )
    path = short / "0001-a.mem_a.camera.qtr"
    data = bytearray(path.read_bytes())
    data[frame["offset"] + 4 + frame["length"] // 2] ^= 1
    path.write_bytes(data)
    (fault,) = check(short).faults
    assert (fault.track, fault.frame, fault.code) == ("mem_a/camera", 2, "recording.frame")
    with pytest.raises(RecordingError, match=r"recording\.frame") as refused:
        export(short, [ROOM_KEY], short.parent / "out")
    assert refused.value.details["frame"] == 2


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (lambda path: path.unlink(), "recording.missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "recording.cut"),
        (lambda path: path.write_bytes(path.read_bytes() + bytes(3)), "recording.added"),
        (lambda path: path.rename(path.with_name("0001-b.mem_a.camera.qtr")), "recording.missing"),
        (
            lambda path: path.with_name("0001-a.mem_x.camera.qtr").write_bytes(path.read_bytes()),
            "recording.unlisted",
        ),
    ],
)
def test_files_taken_away_cut_lengthened_or_slipped_in_are_faults(
    short: Path, attack: Callable[[Path], object], code: str
) -> None:
    attack(short / "0001-a.mem_a.camera.qtr")
    assert code in {fault.code for fault in check(short).faults}


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_each_kind_of_change_is_called_by_its_name_and_no_other(short: Path) -> None:
    lines = [json.loads(line) for line in (short / "0001-a.index").read_text().splitlines()]
    frame = next(
        one for one in lines if one["is"] == "frame" and one["track"] == "mem_a/camera" and one["n"] == 1
    )
    path = short / "0001-a.mem_a.camera.qtr"
    for name, at, code in (
        (path.name, 100, "recording.prelude"),
        (path.name, frame["offset"] + 3, "recording.length"),
        (path.name, frame["offset"] + 30, "recording.frame"),
        ("0001.manifest.json", 50, "recording.manifest"),
    ):
        flip(short / name, at)
        assert [(fault.file, fault.code) for fault in check(short).faults] == [(name, code)]
        flip(short / name, at)
    assert check(short).ok


def test_a_head_on_record_that_is_another_is_the_only_fault(short: Path) -> None:
    anchors = {one.file: (one.frames, bytes.fromhex(one.head)) for one in check(short).checked}
    for name, (count, head) in anchors.items():
        for lie in ((count, bytes(32)), (count + 1, head), (count - 1, head)):
            (fault,) = check(short, anchors | {name: lie}).faults
            assert (fault.file, fault.code) == (name, "recording.anchor")
    (fault,) = check(short, {"0002-a.index": (1, bytes(32))}).faults
    assert fault.code == "recording.missing"


def test_a_tail_cut_off_everywhere_at_once_is_seen_by_an_anchored_head(short: Path) -> None:
    whole = check(short)
    anchors = {one.file: (one.frames, bytes.fromhex(one.head)) for one in whole.checked}
    assert check(short, anchors).ok
    (short / "0001.manifest.json").unlink()
    lines = (short / "0001-a.index").read_bytes().splitlines(keepends=True)
    kept = lines[:12]
    (short / "0001-a.index").write_bytes(b"".join(kept))
    for path in short.glob("*.qtr"):
        ends = [
            one["offset"] + 4 + one["length"]
            for one in map(json.loads, kept)
            if one["is"] == "frame" and one["track"].replace("/", ".") in path.name
        ]
        path.write_bytes(path.read_bytes()[: max(ends)])
    assert check(short).ok
    assert not check(short).whole
    assert {fault.code for fault in check(short, anchors).faults} == {"recording.anchor"}


def test_a_key_of_one_class_opens_nothing_of_the_other(tmp_path: Path) -> None:
    seats = [QUIET, Seat(member="mem_b", wire=Wire(seed=5), seconds=4)]
    record(tmp_path / "rec", seats, raw=["mem_b"])
    for key, opens in ((ROOM_KEY, "the rest"), (RAW_KEY, "mem_b/microphone")):
        for one in open_recording(tmp_path / "rec", [key]):
            if (one.prelude.klass == "raw") == (opens == "mem_b/microphone"):
                assert sum(len(data) for data in one.frames()) > 1000
            else:
                with pytest.raises(RecordingError, match=r"recording\.key"):
                    next(one.frames())
    with pytest.raises(RecordingError, match=r"recording\.key"):
        export(tmp_path / "rec", [OTHER_KEY], tmp_path / "none")
    with pytest.raises(RecordingError, match=r"recording\.key"):
        open_recording(tmp_path / "rec", [b"short"])
    assert len(export(tmp_path / "rec", [ROOM_KEY, RAW_KEY], tmp_path / "both")) == 4


def test_nothing_of_the_media_stands_in_clear(short: Path) -> None:
    sealed = b"".join(path.read_bytes() for path in short.iterdir())
    for one in open_recording(short, [ROOM_KEY]):
        header, first, *_ = one.frames()
        assert header[:40] not in sealed
        assert first[100:140] not in sealed


def test_a_writer_killed_with_a_cluster_open_loses_that_cluster_only(tmp_path: Path) -> None:
    killed_writer(tmp_path / "rec")
    report = check(tmp_path / "rec")
    assert report.ok
    assert not report.whole
    paths = export(tmp_path / "rec", [ROOM_KEY], tmp_path / "out")
    with av.open(str(paths["0001/mem_a/camera"])) as container:
        last = max(float(frame.time or 0) for frame in container.decode(video=0))
    assert last >= 10.1 - 0.04 - 1.05
    assert flashes(paths["0001/mem_a/camera"])
    (camera, microphone) = list_gaps(tmp_path / "rec")
    assert (camera.cause, camera.until) == (microphone.cause, microphone.until) == ("cut-off", None)


def test_whoever_comes_after_a_killed_writer_goes_on_in_new_files_and_tells_the_gap(tmp_path: Path) -> None:
    killed_writer(tmp_path / "rec")
    again = Recording(plan_in(tmp_path / "rec"), start=20_000.0)
    again.open([QUIET])
    again.play(
        [(track, one._replace(at=one.at + 20_000)) for track, one in QUIET.arrivals() if not one.report]
    )
    again.close()
    assert again.part.letter == "b"
    assert check(tmp_path / "rec").ok
    gaps = [one for one in list_gaps(tmp_path / "rec") if one.track == "mem_a/camera"]
    assert [one.cause for one in gaps] == ["process"]
    assert 20_100 <= (gaps[0].until or 0) <= 20_150
    assert 9000 <= gaps[0].since <= 10_200
    paths = export(tmp_path / "rec", [ROOM_KEY], tmp_path / "out")
    with av.open(str(paths["0001/mem_a/camera"])) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times[-1] > 23.9
    assert times == sorted(times)


def test_a_torn_last_frame_is_told_and_what_is_before_it_holds(tmp_path: Path) -> None:
    killed_writer(tmp_path / "rec")
    path = tmp_path / "rec/0001-a.mem_a.camera.qtr"
    before = {one.file: one for one in check(tmp_path / "rec").checked}[path.name]
    with path.open("ab") as stream:
        stream.write((5000).to_bytes(4, "big") + bytes(1234))
    report = check(tmp_path / "rec")
    after = {one.file: one for one in report.checked}[path.name]
    assert report.ok
    assert (after.torn, after.frames, after.head) == (1238, before.frames, before.head)
    assert flashes(export(tmp_path / "rec", [ROOM_KEY], tmp_path / "out")["0001/mem_a/camera"])


class RationedFile(RealFile):
    """Takes bytes as long as its disk has some left."""

    def __init__(self, path: Path, disk: "RationedDisk") -> None:
        super().__init__(path)
        self.disk = disk

    def append(self, data: bytes) -> None:
        if self.disk.left < len(data):
            raise OSError(28, "no space left")
        self.disk.left -= len(data)
        super().append(data)


class RationedDisk(RealDisk):
    """A small disk for whoever may not mount one."""

    def __init__(self, left: int) -> None:
        self.left = left

    def create(self, path: Path) -> GrowingFile:
        return RationedFile(path, self)

    def free_bytes(self, folder: Path) -> int:  # noqa: ARG002 - the port's shape
        return self.left


class SmallDisk:
    """Room for about four seconds, and for the rest after `clear`."""

    def __init__(self, folder: Path, rationed: RationedDisk | None) -> None:
        self.folder, self.disk = folder, rationed
        if rationed is None:
            (folder / "ballast").write_bytes(bytes(200 * 1024))

    def port(self) -> Disk:
        return self.disk or RealDisk()

    def clear(self) -> None:
        if self.disk is None:
            (self.folder / "ballast").unlink()
        else:
            self.disk.left += 200 * 1024


@pytest.fixture(params=["mounted", "rationed"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """A tmpfs where that is allowed, and always a disk that refuses by itself."""
    folder = tmp_path / "small"
    folder.mkdir()
    if request.param == "rationed":
        yield SmallDisk(folder, RationedDisk(80 * 1024))
        return
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], check=False).returncode
    ):
        pytest.skip("ONLY ROOT CAN MOUNT A FULL DISK: its refusals were tested by a rationed one")
    try:
        (folder / "more").write_bytes(bytes(200 * 1024))
        yield SmallDisk(folder, None)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_told_at_once_and_recording_goes_on_when_there_is_room(small_disk: SmallDisk) -> None:
    rec = small_disk.folder / "rec"
    seat = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=10)
    recording = Recording(plan_in(rec), disk=small_disk.port(), limits=LIMITS)
    recording.open([seat])
    arrivals = seat.arrivals()
    recording.play([pair for pair in arrivals if pair[1].at < 6500])
    assert {one["code"] for one in recording.heard.of("alarm")} == {"disk"}
    assert len(recording.heard.of("clear")) == len(recording.heard.of("alarm")) - 1
    small_disk.clear()
    recording.play([pair for pair in arrivals if pair[1].at >= 6500])
    recording.close()
    assert len(recording.heard.of("clear")) == len(recording.heard.of("alarm"))
    assert check(rec).ok
    causes = {one.cause for one in list_gaps(rec) if one.track == "mem_a/camera"}
    assert "disk" in causes
    paths = export(rec, [ROOM_KEY], rec.parent.parent / "out")
    assert max(flashes(paths["0001/mem_a/camera"])) > 8000


def test_free_space_below_the_floor_is_an_alarm_before_anything_is_lost(tmp_path: Path) -> None:
    disk = RationedDisk(10 * 1024 * 1024)
    recording = Recording(
        plan_in(tmp_path / "rec"), disk=disk, limits=type(LIMITS)(free_floor_bytes=9 * 1024**2)
    )
    recording.until(2000)
    assert not recording.heard.of("alarm")
    disk.left = 5 * 1024 * 1024
    recording.until(4000)
    (alarm,) = recording.heard.of("alarm")
    assert (alarm["code"], alarm["value"]) == ("disk", 5 * 1024 * 1024)


def test_a_composed_view_is_in_step_and_dark_where_there_is_a_gap(two_seats: Path, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("no ffmpeg on a CI machine")
        pytest.skip("NO FFMPEG FOUND: compositions are LEFT OUT of this run")
    before = {path.name: path.read_bytes() for path in (two_seats / "rec").iterdir()}
    made = compose(two_seats / "rec", [ROOM_KEY], tmp_path / "out", part=1, tile=(160, 120))
    assert {path.name: path.read_bytes() for path in (two_seats / "rec").iterdir()} == before
    document = json.loads(made.document.read_bytes())
    assert document["sha256"] == made.sha256
    assert document["tiles"] == ["mem_far/camera", "mem_near/camera"]
    heads = {one.file: one.head for one in check(two_seats / "rec").checked}
    assert all(heads[one["file"]] == one["head"] for one in document["sources"])
    gap = next(
        one for one in document["gaps"] if one["track"] == "mem_near/camera" and one["to"] - one["from"] > 400
    )
    middle = (gap["from"] + gap["to"]) / 2000
    with av.open(str(made.video)) as container:
        frames = [(float(one.time or 0), one.to_ndarray(format="gray")) for one in container.decode(video=0)]
    inside = min(frames, key=lambda one: abs(one[0] - middle))[1]
    assert inside.shape == (120, 320)
    assert inside[:, 160:].mean() < 20
    whole = [heard for heard in beeps(made.video) if heard > 0]
    assert max(abs(one) for one in offsets(whole, [1000.0 * second + 100 for second in range(1, 10)])) < AV_MS


def test_the_command_line_checks_lists_and_exports(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = short.parent / "room.key"
    key.write_text(ROOM_KEY.hex())
    out = str(short.parent / "out")
    away = ["--data", str(short.parent / "nothing")]
    words = [*away, "recording", "export", str(short), "--key", str(key), "--out", out, "--reason", "复核"]
    assert run(["recording", "check", str(short)]) == 0
    assert "mem_a.camera" in capsys.readouterr().out
    assert run(["recording", "gaps", str(short)]) == 0
    key.chmod(0o644)
    assert run(words) == 1
    assert "recording.key-file" in capsys.readouterr().err
    key.chmod(0o600)
    assert run(words) == 0
    assert (short.parent / "out/0001.mem_a.camera.mkv").exists()
    assert run(words) == 1
    assert "recording.out" in capsys.readouterr().err
    path = short / "0001-a.mem_a.camera.qtr"
    data = bytearray(path.read_bytes())
    data[-200] ^= 1
    path.write_bytes(data)
    assert run(["recording", "check", str(short)]) == 1
    assert "mem_a/camera" in capsys.readouterr().err
    assert run(["recording", "check", out]) == 1
    assert "recording.empty" in capsys.readouterr().err
