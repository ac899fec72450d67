"""Writes the index of one part: one line after the other, on the disk at the end of each round of work."""

from collections.abc import Mapping
from pathlib import Path

from crypto.canonical import JsonValue
from remote_eval.media.recording.disk import Disk
from remote_eval.media.recording.index import START, write_line


class IndexWriter:
    """An index file that is being written. Lines wait in memory until `save`."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._file = disk.create(path)
        self._waiting: list[bytes] = []
        self._link = START
        self.lines = 0

    @property
    def link(self) -> bytes:
        """The link of the newest line."""
        return self._link

    def add(self, value: Mapping[str, JsonValue]) -> None:
        """Queue a line. Raises RecordingError ``recording.index-line`` for one too long."""
        line, self._link = write_line(value, self._link)
        self._waiting.append(line)
        self.lines += 1

    def save(self) -> None:
        """Write the queued lines. Raises OSError, and keeps them for the next time."""
        if self._waiting:
            self._file.append(b"".join(self._waiting))
            self._waiting = []

    def sync(self) -> None:
        """Return when all that was written is on the disk. Raises OSError."""
        self._file.sync()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
