"""Python objects that live inside a namespace, asked from outside.

`Inside` starts a process at a place of a network; there, one object of the named class is made and its
methods are called by name with JSON values, on one asyncio loop. A process and not a thread with setns(2):
the guard of this test run refuses every address that is not loopback, a thread's name look-ups and helper
threads would stay in the wrong namespace, and a client that breaks must not take the tests with it.
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import select
import subprocess
import sys
import time
import traceback
from types import TracebackType
from typing import Any, Self

from tests.support.networks import Network


class InsideError(RuntimeError):
    """A method raised in there; the text is its traceback."""


class Inside:
    """One object at a place. `ask` blocks; in async code use `ask_async`. One question at a time."""

    def __init__(self, network: Network, place: str, kind: type, /, **arguments: Any) -> None:
        self._name = f"{kind.__name__} at {place}"
        self._process = network.spawn(
            place,
            [sys.executable, "-m", "tests.support.networks_inside", f"{kind.__module__}:{kind.__qualname__}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._unread = b""
        self._exchange(arguments, within=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, method: str, /, *, within: float = 30, **arguments: Any) -> Any:
        """Call a method, give its answer; InsideError when it raised, TimeoutError after `within` seconds."""
        return self._exchange({"method": method, "arguments": arguments}, within=within)

    async def ask_async(self, method: str, /, *, within: float = 30, **arguments: Any) -> Any:
        """`ask`, while the loop goes on."""
        return await asyncio.to_thread(self.ask, method, within=within, **arguments)

    def kill(self) -> None:
        """SIGKILL: the process is gone without a word."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let the object close itself, then end the process. Idempotent."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _exchange(self, question: Any, *, within: float) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        answer = json.loads(self._line(time.monotonic() + within))
        if "error" in answer:
            raise InsideError(f"{self._name}: {answer['error']}")
        return answer["value"]

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no answer in time from {self._name}")
            read = os.read(self._process.stdout.fileno(), 65_536)
            if not read:
                raise InsideError(f"{self._name} ended with status {self._process.wait()}")
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line


async def _called(function: Any, arguments: dict[str, Any]) -> Any:
    value = function(**arguments)
    return await value if inspect.isawaitable(value) else value


async def _host(target: str, answers: int) -> None:
    """Body of the process: the first line makes the object, each further one calls a method."""
    lines = asyncio.StreamReader(limit=8 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    module, _, name = target.partition(":")
    made: Any = None
    while line := await lines.readline():
        question = json.loads(line)
        try:
            if made is None:
                made = getattr(importlib.import_module(module), name)(**question)
                value = None
            else:
                value = await _called(getattr(made, question["method"]), question["arguments"])
            answer = {"value": value}
        except Exception:  # noqa: BLE001  # whatever it is, it is told outside
            answer = {"error": traceback.format_exc()}
        os.write(answers, json.dumps(answer).encode() + b"\n")
    if hasattr(made, "close"):
        await _called(made.close, {})


def main(target: str) -> None:
    """Host one object; its prints go to standard error, answers to the pipe alone."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(_host(target, answers))


if __name__ == "__main__":
    main(sys.argv[1])
