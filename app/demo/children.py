"""The three party processes of the demonstration: started together, told whom to trust, and always ended."""

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.errors import AppError
from app.parties.keys import ROLES

NAMES: Final = {"agency": "agency.demo", "supervisor": "supervisor.demo", "cosigner": "cosigner.demo"}
PATIENCE_SECONDS: Final = 5.0


@dataclass(slots=True, kw_only=True)
class Child:
    """A party's process. `identity` is the body of its `key` entry, `url` where it answers."""

    role: str
    process: subprocess.Popen[str]
    identity: dict[str, Any]
    url: str = ""


class Children:
    """A context: at its end every process has ended, whatever happened inside."""

    def __init__(self, out: Path) -> None:
        """Key folders are made under `out`, one for each role."""
        self._out = out
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.parties: list[Child] = []

    def __enter__(self) -> Self:
        """Start all three; they make their keys while the caller goes on."""
        try:
            for role in ROLES:
                self._processes[role] = self._start(role)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self.end()

    def identities(self) -> list[dict[str, Any]]:
        """What each party says of itself. Raises AppError ``demo.child``."""
        for role, process in self._processes.items():
            identity: dict[str, Any] = json.loads(_line(role, process))
            self.parties.append(Child(role=role, process=process, identity=identity))
        return [child.identity for child in self.parties]

    def serve(self, trust: bytes) -> None:
        """Hand each party the trust file and learn its address. Raises AppError ``demo.child``."""
        for child in self.parties:
            with suppress(BrokenPipeError):
                _pipe(child.process.stdin).write(trust.decode("utf-8") + "\n")
                _pipe(child.process.stdin).flush()
        for child in self.parties:
            child.url = _line(child.role, child.process)

    def end(self) -> None:
        """Close their inputs, which ends them; stop those that do not."""
        for process in self._processes.values():
            with suppress(OSError):
                _pipe(process.stdin).close()
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _pipe(process.stdout).close()

    def _start(self, role: str) -> subprocess.Popen[str]:
        folder = self._out / role
        folder.mkdir(mode=0o700, parents=True)
        command = [sys.executable, "-m", "app.demo.party", str(folder.absolute()), role, NAMES[role]]
        with (folder / "node.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches the demonstration, which then ends its parties in order.
            return subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )


def _line(role: str, process: subprocess.Popen[str]) -> str:
    line: str = _pipe(process.stdout).readline().strip()
    if not line:
        raise AppError("demo.child", role=role)
    return line


def _pipe(stream: Any) -> Any:
    if stream is None:
        raise TypeError("the process was started without pipes")
    return stream
