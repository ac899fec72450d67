"""The handle of a running cable (`tests.support.impair`): orders change its weather live.

An order that returned was acknowledged and is in force. Counters tell what became of every frame, so a test
of loss can say that the loss was there.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from tests.support.impair import Counters, Weather

CLEAR = Weather()
CUT = Weather(down=True)


class Wire:
    """One cable between a site and the hub; "up" is from the site to the hub."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.up, self.down = CLEAR, CLEAR
        self._read()  # it says once that it carries

    def set(self, *, up: Weather | None = None, down: Weather | None = None) -> None:
        """Put another weather on one direction, or both; what is not named stays."""
        self.up, self.down = up or self.up, down or self.down
        self._ask({"up": asdict(self.up), "down": asdict(self.down)})

    def both(self, weather: Weather) -> None:
        """The same weather both ways."""
        self.set(up=weather, down=weather)

    @contextmanager
    def under(self, weather: Weather) -> Iterator[None]:
        """This weather both ways for a while, then what was before."""
        before = self.up, self.down
        self.both(weather)
        try:
            yield
        finally:
            self.set(up=before[0], down=before[1])

    def counters(self) -> tuple[Counters, Counters]:
        """Totals since the start: up, then down."""
        told = self._ask({})
        return Counters(**told["up"]), Counters(**told["down"])

    def close(self) -> None:
        """End the cable."""
        self._process.kill()

    def _ask(self, order: dict[str, Any]) -> dict[str, dict[str, int]]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return self._read()

    def _read(self) -> dict[str, dict[str, int]]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the cable broke: status {self._process.wait()}")
        told: dict[str, dict[str, int]] = json.loads(line)
        return told
