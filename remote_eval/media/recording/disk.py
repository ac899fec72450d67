"""Files that only grow, and are on the disk when told so. Half of a failed write is taken back."""

import contextlib
import os
from pathlib import Path
from typing import Protocol


class GrowingFile(Protocol):
    """A new file. `size`: bytes in it that were written whole."""

    size: int

    def append(self, data: bytes) -> None:
        """Write all of `data` behind what is there, or nothing. Raises OSError."""

    def sync(self) -> None:
        """Return when everything is on the disk. Raises OSError."""

    def close(self) -> None:
        """Close; further calls are errors."""


class Disk(Protocol):
    """Where recordings go."""

    def create(self, path: Path) -> GrowingFile:
        """A new file. Raises FileExistsError for one that is there, OSError otherwise."""

    def free_bytes(self, folder: Path) -> int:
        """Bytes that may still be written."""


class RealFile:
    """A file of the operating system, opened for appending by its owner alone."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(path, flags, 0o600)

    def append(self, data: bytes) -> None:
        """See `GrowingFile`."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(data)

    def sync(self) -> None:
        """See `GrowingFile`."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        """See `GrowingFile`."""
        os.close(self._handle)


class RealDisk:
    """The operating system's file systems."""

    def create(self, path: Path) -> GrowingFile:
        """See `Disk`; the folder's entry is on the disk too."""
        made = RealFile(path)
        try:
            sync_folder(path.parent)
        except OSError:
            made.close()
            path.unlink()
            raise
        return made

    def free_bytes(self, folder: Path) -> int:
        """See `Disk`."""
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize


def sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step: a reader sees the old content or the new."""
    fresh = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    made = RealFile(fresh)
    try:
        made.append(data)
        made.sync()
    finally:
        made.close()
    fresh.replace(path)
    sync_folder(path.parent)
