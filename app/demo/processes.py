"""Processes of the demonstration: started together, spoken to by lines, and always ended."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from app.errors import AppError

PATIENCE_SECONDS: Final = 5.0


class Processes:
    """Our own modules as processes, by name. Each ends with its input, so none outlives the demonstration."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, folder: Path, module: str, words: Sequence[str]) -> None:
        """Start ``python -m module folder words…`` with a fresh owner-only folder for its files and its log.
        Raises OSError."""
        folder.mkdir(mode=0o700, parents=True)
        command = [sys.executable, "-m", module, str(folder.absolute()), *words]
        with (folder / "node.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches the demonstration, which then ends its processes in order.
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )

    def line(self, name: str) -> str:
        """The next line that it says. Raises AppError ``demo.child``."""
        said: str = _pipe(self._running[name].stdout).readline().strip()
        if not said:
            raise AppError("demo.child", role=name)
        return said

    def tell(self, name: str, line: str) -> None:
        """Hand it a line; whoever has ended already is found out at its next line."""
        pipe = _pipe(self._running[name].stdin)
        with suppress(BrokenPipeError):
            pipe.write(line + "\n")
            pipe.flush()

    def end(self) -> None:
        """Close their inputs, which ends them; stop those that do not."""
        for process in self._running.values():
            with suppress(OSError):
                _pipe(process.stdin).close()
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _pipe(process.stdout).close()


def say(line: str) -> None:
    """Inside of such a process: one line to the demonstration."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def hear() -> str:
    """Inside of such a process: the next line from the demonstration."""
    return sys.stdin.readline().rstrip("\n")


def end_with_input() -> None:
    """Inside of such a process: end once the demonstration has closed its side, whatever happened to it."""
    threading.Thread(target=_end, daemon=True).start()


def _end() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _pipe(stream: Any) -> Any:
    if stream is None:
        raise TypeError("the process was started without pipes")
    return stream
