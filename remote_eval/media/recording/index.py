"""The index beside the recordings of one part: JSON lines, each linked to the one before (recording.md §7).

What stands in it needs no key: places and times of frames, gaps with their causes, clock facts, alarms. The
last link binds every line, and through the heads in the lines every frame that was written.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from crypto.canonical import JsonValue, canonical, parse
from crypto.errors import CanonicalError
from crypto.hashing import HASH_BYTES, sha256, tagged
from remote_eval.errors import RecordingError

MAX_LINE_BYTES: Final = 4096
START: Final = bytes(HASH_BYTES)
_LINK: Final = "qt/1 recording index"
_MARK: Final = b',"link":"'
_TAIL_BYTES: Final = len(_MARK) + 2 * HASH_BYTES + len(b'"}\n')


class Line(NamedTuple):
    """One line that holds together, and the link up to it."""

    number: int
    value: Mapping[str, Any]
    link: bytes


class Torn(NamedTuple):
    """Bytes after the last whole line: the writer was cut off there."""

    size: int


def write_line(value: Mapping[str, JsonValue], before: bytes) -> tuple[bytes, bytes]:
    """The line's bytes, newline included, and its link. `link` stands last, after canonical JSON."""
    text = canonical(dict(value))
    if len(text) + _TAIL_BYTES > MAX_LINE_BYTES:
        raise RecordingError("recording.index-line")
    link = _linked(before, text)
    return text[:-1] + _MARK + link.hex().encode() + b'"}\n', link


def read_lines(path: Path) -> Iterator[Line | Torn]:
    """Every line in turn. Raises RecordingError ``recording.index`` (`line` in the details) at the first that
    does not follow from the one before; a cut last line ends with Torn."""
    before = START
    with path.open("rb") as stream:
        number = 0
        while data := stream.readline(MAX_LINE_BYTES + 1):
            if not data.endswith(b"\n") and len(data) <= MAX_LINE_BYTES:
                yield Torn(len(data))
                return
            text, link = _parts(data, number)
            if _linked(before, text) != link:
                raise RecordingError("recording.index", file=path.name, line=number)
            yield Line(number, _value(text, number), link)
            before, number = link, number + 1


def last_values(path: Path, limit: int) -> Iterator[Mapping[str, Any]]:
    """Lines within the last `limit` bytes, links unchecked: what a recorder that takes over looks at."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - limit))
        if size > limit:
            stream.readline(MAX_LINE_BYTES + 1)
        for data in stream.read(limit).splitlines(keepends=True):
            try:
                yield _value(_parts(data, 0)[0], 0)
            except RecordingError:
                continue


def _linked(before: bytes, text: bytes) -> bytes:
    return tagged(_LINK, before, sha256(text))


def _parts(data: bytes, number: int) -> tuple[bytes, bytes]:
    if len(data) <= _TAIL_BYTES or data[-_TAIL_BYTES : -_TAIL_BYTES + len(_MARK)] != _MARK:
        raise RecordingError("recording.index", line=number)
    try:
        link = bytes.fromhex(data[-_TAIL_BYTES + len(_MARK) : -3].decode("ascii"))
    except ValueError as error:
        raise RecordingError("recording.index", line=number) from error
    if data != data[:-_TAIL_BYTES] + _MARK + link.hex().encode() + b'"}\n':
        raise RecordingError("recording.index", line=number)
    return data[:-_TAIL_BYTES] + b"}", link


def _value(text: bytes, number: int) -> Mapping[str, Any]:
    try:
        value = parse(text, max_bytes=MAX_LINE_BYTES, max_depth=4)
    except CanonicalError as error:
        raise RecordingError("recording.index", line=number) from error
    if not isinstance(value, dict) or not isinstance(value.get("is"), str):
        raise RecordingError("recording.index", line=number)
    return value
