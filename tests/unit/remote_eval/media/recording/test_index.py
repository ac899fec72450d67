"""The index: every line hangs on the one before, a cut end is told, a changed line is named."""

import contextlib
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_eval.errors import RecordingError
from remote_eval.media.recording.index import (
    MAX_LINE_BYTES,
    START,
    Line,
    Torn,
    last_values,
    read_lines,
    write_line,
)

VALUES: Final[list[dict[str, str | int]]] = [
    {"is": "gap", "track": "m/camera", "from": at, "to": at + 1, "cause": "loss"} for at in range(5)
]


def written(path: Path) -> bytes:
    data, link = b"", START
    for value in VALUES:
        line, link = write_line(value, link)
        data += line
    path.write_bytes(data)
    return data


def test_lines_are_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "0001-a.index"
    written(path)
    assert [one.value for one in read_lines(path) if isinstance(one, Line)] == VALUES


def test_a_cut_last_line_is_told_and_costs_nothing_before_it(tmp_path: Path) -> None:
    path = tmp_path / "0001-a.index"
    data = written(path)
    path.write_bytes(data[:-10])
    *whole, torn = read_lines(path)
    assert [one.value for one in whole if isinstance(one, Line)] == VALUES[:-1]
    assert isinstance(torn, Torn)
    assert torn.size == len(data) // 5 - 10


def test_every_flipped_byte_is_found_in_its_line_or_cuts_the_end(tmp_path: Path) -> None:
    path = tmp_path / "0001-a.index"
    data = written(path)
    size = len(data) // len(VALUES)
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        read = 0
        try:
            for line in read_lines(path):
                assert isinstance(line, Line)
                read += 1
        except RecordingError:
            assert read == at // size
        except AssertionError:
            assert at == len(data) - 1  # the last newline: the line is torn now
        else:
            pytest.fail(f"byte {at} was changed and nobody saw it")


@pytest.mark.parametrize("order", [(1, 0, 2, 3, 4), (0, 1, 3, 4), (0, 0, 1, 2, 3, 4)])
def test_lines_moved_left_out_or_doubled_are_found(tmp_path: Path, order: tuple[int, ...]) -> None:
    path = tmp_path / "0001-a.index"
    lines = written(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[number] for number in order))
    with pytest.raises(RecordingError, match=r"recording\.index"):
        list(read_lines(path))


def test_the_tail_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "0001-a.index"
    data = written(path)
    size = len(data) // len(VALUES)
    assert [value["from"] for value in last_values(path, 2 * size + 5)] == [3, 4]
    assert [value["from"] for value in last_values(path, 10_000)] == [0, 1, 2, 3, 4]


def test_a_line_too_long_is_not_written() -> None:
    with pytest.raises(RecordingError, match=r"recording\.index-line"):
        write_line({"is": "x" * MAX_LINE_BYTES}, START)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.index"
    path.write_bytes(data)
    with contextlib.suppress(RecordingError):
        list(read_lines(path))
    list(last_values(path, 100))
