"""What the indexes say of when a track was open and what of it was kept: holes that no gap tells of show."""

from pathlib import Path

import pytest

from crypto.canonical import JsonValue
from remote_eval.media.recording.contents import indexes
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.media.recording.index import START, write_line
from remote_eval.media.recording.manifest import recordings_of
from remote_eval.media.recording.spans import spans
from tests.support.recorded_media import Wire
from tests.support.recording_worlds import Seat, record

VOICE = "mem_a/microphone"
HEAD = "00" * 32


def index(folder: Path, letter: str, *lines: dict[str, JsonValue]) -> Path:
    """An index as a recorder writes it, without the recordings beside it."""
    path, link = folder / f"0001-{letter}.index", START
    for value in lines:
        data, link = write_line(value, link)
        with path.open("ab") as stream:
            stream.write(data)
    return path


def told(kind: str, at: int) -> dict[str, JsonValue]:
    """A line of the recorder or of the one track."""
    more: dict[str, dict[str, JsonValue]] = {"close": {"cause": "left"}, "open": {"codec": "opus"}}
    of: dict[str, JsonValue] = {} if kind in {"begin", "end"} else {"track": VOICE}
    return {"is": kind, "at": at, **of, **more.get(kind, {})}


def frame(number: int, since: int, until: int) -> dict[str, JsonValue]:
    """A listed cluster."""
    place: dict[str, JsonValue] = {"n": number, "offset": 0, "length": 28, "head": HEAD}
    return {"is": "frame", "track": VOICE, "from": since, "to": until, **place}


def test_a_hole_that_a_recorder_left_without_a_word_shows(tmp_path: Path) -> None:
    index(
        tmp_path,
        "a",
        *(told("begin", 0), told("open", 500), frame(0, 600, 1_600), frame(1, 1_700, 2_600)),
        *(frame(2, 9_000, 10_000), told("close", 10_200), told("end", 20_000)),
    )
    assert list_gaps(tmp_path) == []
    found = spans(tmp_path, 1)[VOICE]
    assert found.kept == [(600, 2_600), (9_000, 10_000)]
    assert found.opened == [(500, 10_200, "left")]
    assert spans(tmp_path, 2) == {}


def test_a_recorder_that_was_cut_off_says_nothing_of_what_followed(tmp_path: Path) -> None:
    path = index(tmp_path, "a", told("begin", 0), told("open", 500), frame(0, 600, 1_600))
    assert spans(tmp_path, 1)[VOICE].opened == [(500, None, None)]
    with path.open("ab") as stream:
        stream.write(b'{"at":2000,"cause":"left","is":"close","track":"mem_a/micro')
    assert spans(tmp_path, 1)[VOICE].opened == [(500, None, None)]


def test_whoever_takes_over_opens_what_it_records_anew(tmp_path: Path) -> None:
    index(tmp_path, "a", told("begin", 0), told("open", 500), frame(0, 600, 1_600))
    index(tmp_path, "b", told("begin", 4_000), told("open", 4_010), told("close", 6_000), told("end", 9_000))
    assert spans(tmp_path, 1)[VOICE].opened == [(500, 4_000, None), (4_010, 6_000, "left")]


@pytest.mark.parametrize("line", [b'{"is":"close"}\n', b'{"is":"close",\n', b'{"at":"x","is":"end"}\n'])
def test_a_line_that_nobody_can_read_closes_no_track(tmp_path: Path, line: bytes) -> None:
    path = index(tmp_path, "a", told("begin", 0), told("open", 500))
    with path.open("ab") as stream:
        stream.write(line)
    assert spans(tmp_path, 1)[VOICE].opened == [(500, None, None)]


def test_a_real_recorder_kept_from_its_first_to_its_last_moment(tmp_path: Path) -> None:
    record(tmp_path, [Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=4)])
    found = spans(tmp_path, 1)
    every = recordings_of(list(indexes(tmp_path)))
    assert {one["track"] for one in every} == set(found)
    for one in every:
        assert found[one["track"]].kept == [(one["from"], one["to"])]
        ((since, until, cause),) = found[one["track"]].opened
        assert since <= one["from"] < one["to"]
        assert until is not None
        assert cause is not None
