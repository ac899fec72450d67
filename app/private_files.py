"""Writing files that only their owner may read: keys, books of nodes, pool files, receipts, exports.

A file is made whole beside its place, owner-only from its first byte, and is on disk before it gets its name:
whoever is killed leaves the old file, the new one or none, never half of one.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


def write_private(path: Path, data: bytes) -> None:
    """Write a file with mode 0600, in place of an older one."""
    with _beside(path, data) as fresh:
        fresh.replace(path)


def create_private(path: Path, data: bytes) -> None:
    """Write a new file with mode 0600. Raises FileExistsError when one is there: of two writers one wins."""
    with _beside(path, data) as fresh:
        os.link(fresh, path)


def make_private(path: Path) -> None:
    """See that a file is there, empty if it was not, and that only its owner may read it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
    os.fchmod(descriptor, _OWNER_ONLY)
    os.close(descriptor)


@contextmanager
def _beside(path: Path, data: bytes) -> Iterator[Path]:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield fresh
        _sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
