"""Names of test networks' namespaces, and the sweep of what a killed run left behind.

A name holds its owner's process id and start time, so a sweep can tell a dead owner's namespace from one in
use, even when the process id was given out again. It touches only names of this form. Linux with root only.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path
from typing import Final

PREFIX: Final = "qtnet"
PLACE: Final = re.compile(r"[a-z][a-z0-9-]{0,14}")
NAMED: Final = re.compile(rf"{PREFIX}-(\d+)-(\d+)-\d+-[a-z][a-z0-9-]*")
PROGRAMS: Final = ("ip", "nft", "ethtool", "sysctl", "ping")
HOW_TO: Final = "on Debian apt install iproute2 nftables ethtool procps iputils-ping"
_serial = count()


def started_at(pid: int) -> int | None:
    """Clock ticks after boot at which a process began, None when there is none; see proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def new_stem() -> str:
    """The start of the names of one network of this process; no other network has it."""
    return f"{PREFIX}-{os.getpid()}-{started_at(os.getpid())}-{next(_serial)}"


def existing() -> list[str]:
    """Namespaces of the machine whose names have our form, whoever made them."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    names = (line.split()[0] for line in listed.stdout.splitlines() if line.strip())
    return [name for name in names if NAMED.fullmatch(name)]


def is_orphan(name: str) -> bool:
    """Tell whether the process that made a namespace of our form is gone."""
    named = NAMED.fullmatch(name)
    return named is not None and started_at(int(named[1])) != int(named[2])


def remove(name: str) -> None:
    """End the processes inside a namespace, then the namespace with its links. Unknown names pass."""
    if not NAMED.fullmatch(name):
        raise ValueError(f"not a namespace of a test network: {name!r}")
    inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in inside.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def sweep() -> list[str]:
    """Remove what dead owners left; give the names."""
    orphans = [name for name in existing() if is_orphan(name)]
    for name in orphans:
        remove(name)
    return orphans


def obstacle() -> str | None:
    """Why this machine cannot make test networks, None when it can."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"missing: {', '.join(missing)}; {HOW_TO}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"network namespaces are not permitted: {tried.stderr.strip()}"
