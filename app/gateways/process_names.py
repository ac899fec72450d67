"""Names of server processes that tell, on the same machine, whether their process still lives.

    place.pid.start.chance      place: which machine, boot and namespace of process ids, as a digest

Somebody who leads a room and is known to be gone need not be waited for (docs/flow/4-room.md). A process of
another place, or where the kernel tells nothing, is never said to be gone: there its lease has to pass.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
# Ended, though nobody has asked for its exit code yet.
_ENDED: Final = frozenset({"Z", "X"})


def own_name(chance: bytes) -> str:
    """The name of this process, at most 64 characters; `chance` are four bytes that no other has."""
    found = _state_and_start(os.getpid())
    start = "0" if found is None else found[1]
    return f"{_place()}.{os.getpid()}.{start}.{chance.hex()}"


def is_gone(name: str) -> bool:
    """Whether the process of this name has certainly ended."""
    place, *rest = name.split(".")
    if not place or place != _place() or len(rest) != 3 or not rest[0].isdecimal() or rest[1] == "0":
        return False
    found = _state_and_start(int(rest[0]))
    # The number may be another process's by now.
    return found is None or found[0] in _ENDED or found[1] != rest[1]


def _place() -> str:
    """Empty where the kernel does not tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_bytes()
        namespace = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return sha256(boot + os.fsencode(namespace)).hexdigest()[:16]


def _state_and_start(pid: int) -> tuple[str, str] | None:
    """State and start of a process (proc(5): the third and 22nd word of its stat), None: there is none."""
    try:
        told = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = told.rpartition(")")[2].split()
    return words[0], words[19]
