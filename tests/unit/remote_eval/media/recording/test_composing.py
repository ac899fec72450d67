"""What ffmpeg is asked for: every form of view, gaps within bounds, failures without a trace."""

import shutil
from pathlib import Path

import pytest

from remote_eval.errors import RecordingError
from remote_eval.media.recording.composing import MAX_GAPS, View, command, compose
from remote_eval.media.recording.gaps import ListedGap
from tests.support.recorded_media import Wire
from tests.support.recording_worlds import OTHER_KEY, ROOM_KEY, Seat, record


def view(cameras: int, voices: int, gaps: list[ListedGap] | None = None) -> View:
    return View(
        since=500,
        until=10_500,
        cameras={f"m{number}/camera": Path(f"{number}.mkv") for number in range(cameras)},
        voices={f"m{number}/microphone": Path(f"{number}.mka") for number in range(voices)},
        gaps=gaps or [],
    )


def gap(track: str, since: int, until: int | None) -> ListedGap:
    return ListedGap(part=1, track=track, since=since, until=until, cause="loss")


def graph(one: View) -> str:
    words = command(one, Path("out.mkv"))
    return words[words.index("-filter_complex") + 1]


def test_tiles_stand_in_a_grid() -> None:
    assert "xstack=inputs=4:layout=0_0|480_0|0_360|480_360:" in graph(view(4, 0))
    assert "xstack=inputs=5:layout=0_0|480_0|960_0|0_360|480_360:" in graph(view(5, 0))


def test_one_camera_or_none_at_all_make_a_view_too() -> None:
    assert "xstack" not in graph(view(1, 1))
    assert "[picture]" not in command(view(0, 2), Path("out.mkv"))
    assert "[sound]" not in command(view(2, 0), Path("out.mkv"))


def test_a_gap_hides_its_own_track_on_the_views_time_line() -> None:
    shown = graph(view(2, 2, [gap("m1/camera", 1500, 2500), gap("m0/microphone", 3500, None)]))
    assert shown.count("drawbox") == 1
    assert "between(t,1.000,1.999)" in shown
    assert "volume=0:enable='between(t,3.000,9.999)'" in shown


def test_short_gaps_stand_still_and_the_expression_has_a_limit() -> None:
    assert "drawbox" not in graph(view(1, 0, [gap("m0/camera", 1500, 1600)]))
    many = [gap("m0/camera", at, at + 250) for at in range(0, 300 * MAX_GAPS, 300)]
    assert graph(view(1, 0, many + many)).count("between") == MAX_GAPS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record(tmp_path / "rec", [Seat(member="m", wire=Wire(seed=1), seconds=2)])
    return tmp_path / "rec"


def test_a_failed_program_leaves_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/false")
    with pytest.raises(RecordingError, match=r"recording\.ffmpeg"):
        compose(folder, [ROOM_KEY], tmp_path / "out", part=1)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_program_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(RecordingError, match=r"recording\.ffmpeg"):
        compose(folder, [ROOM_KEY], tmp_path / "out", part=1)


@pytest.mark.parametrize("asked", [(ROOM_KEY, 2, "part"), (OTHER_KEY, 1, "key")])
def test_nothing_to_show_is_an_error_of_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[bytes, int, str]
) -> None:
    key, part, code = asked
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/false")
    with pytest.raises(RecordingError, match=rf"recording\.{code}"):
        compose(folder, [key], tmp_path / "out", part=part)


def test_an_earlier_composition_is_never_written_over(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/false")
    (tmp_path / "0001.composite.mkv").write_bytes(b"kept")
    with pytest.raises(RecordingError, match=r"recording\.out"):
        compose(folder, [ROOM_KEY], tmp_path, part=1)
    assert (tmp_path / "0001.composite.mkv").read_bytes() == b"kept"
