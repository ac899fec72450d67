"""Programs that may not run for ever: a check that hangs is ended and has failed, and the next one runs."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ENDED: Final = 124


def call(
    command: Sequence[str],
    seconds: float,
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    grace: float = 10,
) -> int:
    """The exit code of a program; 124 when it and its group were ended after so many seconds.

    An interrupt comes first, and after `grace` seconds more a kill.
    """
    process = subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"ENDED after {seconds:.0f} s: {' '.join(command)}", flush=True)  # noqa: T201
        return ENDED
    finally:
        _end(process, grace)


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    for how in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            continue
