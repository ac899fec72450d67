"""Walks through the frames of one file, byte by byte accounted for, without a key (recording.md §3).

Nothing is trusted: lengths have limits, a cut tail is told, and where the lengths stop making sense the walk
goes on by the index, when there is one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from remote_eval.errors import RecordingError
from remote_eval.media.recording.frames import (
    END_BYTES,
    LENGTH_BYTES,
    MAGIC,
    MAX_FRAME_BYTES,
    MAX_PRELUDE_BYTES,
    Prelude,
    parse_prelude,
)


class RawFrame(NamedTuple):
    """Sealed bytes of one frame and where they stand; `offset` is that of the length."""

    number: int
    offset: int
    sealed: bytes


class Tail(NamedTuple):
    """Bytes at the end that are no whole frame."""

    offset: int
    size: int


class Opened(NamedTuple):
    """A file whose prelude was read. `start` is the prelude's bytes; the stream stands behind them."""

    prelude: Prelude
    start: bytes
    stream: BinaryIO


def open_file(path: Path) -> Opened:
    """Read the prelude. Raises RecordingError ``recording.prelude``; the caller closes the stream."""
    stream = path.open("rb")
    try:
        head = stream.read(len(MAGIC) + LENGTH_BYTES)
        size = int.from_bytes(head[len(MAGIC) :], "big")
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + LENGTH_BYTES or size > MAX_PRELUDE_BYTES:
            raise RecordingError("recording.prelude")
        text = stream.read(size)
        if len(text) != size:
            raise RecordingError("recording.prelude")
        return Opened(parse_prelude(text), head + text, stream)
    except BaseException:
        stream.close()
        raise


def frames_of(stream: BinaryIO) -> Iterator[RawFrame | Tail]:
    """Frames from where the stream stands; a cut or senseless rest comes last as Tail."""
    number = 0
    while True:
        offset = stream.tell()
        head = stream.read(LENGTH_BYTES)
        if not head:
            return
        size = int.from_bytes(head, "big")
        sealed = stream.read(size) if END_BYTES <= size <= MAX_FRAME_BYTES else b""
        if len(head) < LENGTH_BYTES or len(sealed) != size:
            yield Tail(offset, stream.seek(0, 2) - offset)
            return
        yield RawFrame(number, offset, sealed)
        number += 1


def frame_at(stream: BinaryIO, offset: int, length: int) -> tuple[int, bytes]:
    """Length as it stands at `offset`, and `length` bytes behind it (fewer at the end of the file)."""
    stream.seek(offset)
    return int.from_bytes(stream.read(LENGTH_BYTES), "big"), stream.read(length)
