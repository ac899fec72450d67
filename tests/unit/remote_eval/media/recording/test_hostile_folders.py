"""A folder from a stranger: whatever lies in it, a check gives a verdict and reads nothing outside it."""

import random
from pathlib import Path
from typing import Final

import pytest

from crypto.canonical import JsonValue
from remote_eval.errors import RecordingError
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.index import START, write_line
from remote_eval.media.recording.manifest import manifest_bytes
from remote_eval.media.recording.opening import open_recording
from tests.support.recorded_media import Wire
from tests.support.recording_worlds import ROOM_KEY, Seat, record

BEGIN: Final[dict[str, JsonValue]] = {"is": "begin", "room": "r", "at": 0, "opened_at": 0, "cause": None}
FILE: Final[dict[str, JsonValue]] = {
    "is": "file",
    "track": "m/camera",
    "name": "0001-a.m.camera.qtr",
    "class": "room",
    "head": "00" * 32,
}
FRAME: Final[dict[str, JsonValue]] = {
    "is": "frame",
    "track": "m/camera",
    "n": 0,
    "offset": 400,
    "length": 100,
    "from": 0,
    "to": 1,
    "key": True,
    "head": "00" * 32,
}


def chained(folder: Path, values: list[dict[str, JsonValue]]) -> None:
    """An index whose links hold: they need no key."""
    data, link = b"", START
    for value in values:
        line, link = write_line(value, link)
        data += line
    (folder / "0001-a.index").write_bytes(data)


@pytest.mark.parametrize(
    "invented",
    [
        FILE | {"name": "../../secret"},
        FILE | {"track": "../m/camera"},
        FILE | {"name": "0001-b.m.camera.qtr"},
        FILE | {"head": "no digits"},
        FILE | {"class": 7},
        {"is": "file"},
        {"is": "gap", "track": "m/camera", "from": "early", "to": 1, "cause": "loss"},
        {"is": "gap", "track": "m/camera", "from": True, "to": 1, "cause": "loss"},
        {"is": "clock", "track": "m/camera", "at": 0},
        {"is": "drift", "track": "m/camera", "by": "arrival", "at": 0, "drift_ppb": None, "own_ppb": 0},
        {"is": "end", "at": None},
        FRAME,
    ],
)
def test_a_well_chained_line_that_says_nonsense_is_a_fault(
    tmp_path: Path, invented: dict[str, JsonValue]
) -> None:
    chained(tmp_path, [BEGIN, invented])
    assert ("0001-a.index", 1) in {(fault.file, fault.frame) for fault in check(tmp_path).faults}
    assert list_gaps(tmp_path) == []


@pytest.mark.parametrize(
    "lie", [{"n": 1}, {"offset": 2**50}, {"offset": "x"}, {"length": 2**40}, {"length": -1}, {"from": None}]
)
def test_a_frame_line_that_cannot_be_is_a_fault(tmp_path: Path, lie: dict[str, JsonValue]) -> None:
    chained(tmp_path, [BEGIN, FILE, FRAME | lie])
    record(tmp_path / "other", [Seat(member="m", wire=Wire(seed=1), seconds=2)])
    (tmp_path / "other/0001-a.m.camera.qtr").rename(tmp_path / "0001-a.m.camera.qtr")
    assert not check(tmp_path).ok


def test_any_damage_ends_in_a_verdict(tmp_path: Path) -> None:
    record(tmp_path / "rec", [Seat(member="m", wire=Wire(seed=1), seconds=2)])
    (tmp_path / "rec/0001.manifest.json").write_bytes(manifest_bytes(tmp_path / "rec", 1))
    files = {path: path.read_bytes() for path in (tmp_path / "rec").iterdir()}
    chance = random.Random(11)
    for _ in range(120):
        path, data = chance.choice(list(files.items()))
        at = chance.randrange(len(data))
        size = chance.choice([1, 4, 50, 3000])
        path.write_bytes(
            chance.choice(
                [
                    data[:at],
                    data[:at] + data[at + size :],
                    data[:at] + chance.randbytes(size) + data[at:],
                    data[:at] + chance.randbytes(size) + data[at + size :],
                ]
            )
        )
        assert not check(tmp_path / "rec").ok
        list_gaps(tmp_path / "rec")
        try:
            for one in open_recording(tmp_path / "rec", [ROOM_KEY]):
                list(one.frames())
        except RecordingError as error:
            assert error.code in {"recording.prelude", "recording.frame", "recording.key"}  # noqa: PT017
        path.write_bytes(data)
    assert check(tmp_path / "rec").ok


def test_a_check_for_which_nobody_waits_ends_in_the_middle_of_a_file(tmp_path: Path) -> None:
    record(tmp_path, [Seat(member="m", wire=Wire(seed=1), seconds=4)])
    asked: list[int] = []

    def ended() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(InterruptedError):
        check(tmp_path, ended=ended)
    assert len(asked) == 2
    assert check(tmp_path, ended=lambda: False).ok
