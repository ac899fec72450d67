"""Where a room process and whoever drives it meet: names in the room's folder, and a path a socket can have.

A Unix socket's address holds some hundred bytes; a folder's path may be longer. `socket_path` gives a short
one through the folder's descriptor where it must.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SOCKET: Final = "control.sock"
READY: Final = "ready.json"
# sun_path of Linux has 108 bytes, of other systems 104 or fewer.
_LONGEST: Final = 90


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A path of the control socket in `folder` that is good while the block runs. Raises OSError."""
    whole = str(folder / SOCKET)
    if len(os.fsencode(whole)) <= _LONGEST:
        yield whole
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
