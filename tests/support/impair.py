"""A cable with weather: delay, jitter, loss, a rate limit and cuts, each direction on its own.

`Lane` is the pure part: frames and times in, frames out. Run as a program inside a namespace, this joins two
devices by packet sockets (`python -m tests.support.impair near far`) and takes orders from its standard
input, one JSON object a line: ``{"up": WEATHER, "down": WEATHER}``, both optional; each is answered by a line
of counters. "up" runs from the second device to the first. It ends with its standard input. Standard library
only.
"""

import errno
import json
import math
import os
import random
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

MAX_FRAME: Final = 1514  # bytes: Ethernet header and an MTU of 1500
_BURST: Final = 64  # frames read from one side before the other has its turn
_SOCKET_BUFFER: Final = 4 << 20
# linux/if_packet.h and asm-generic/socket.h; Python names neither.
_SOL_PACKET: Final = 263
_PACKET_IGNORE_OUTGOING: Final = 23
_SO_RCVBUFFORCE: Final = 33
_SO_SNDBUFFORCE: Final = 32
_ALL_PROTOCOLS: Final = 0x0003


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What a direction does to frames; `kbps` 0 is no limit, `queue_ms` its longest queue."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    kbps: float = 0.0
    queue_ms: float = 500.0
    down: bool = False

    def __post_init__(self) -> None:
        figures = (self.delay_ms, self.jitter_ms, self.loss, self.kbps, self.queue_ms)
        if not all(math.isfinite(figure) and figure >= 0 for figure in figures) or self.loss > 1:
            raise ValueError(f"no such weather: {self}")


@dataclass(slots=True, kw_only=True)
class Counters:
    """Frames of one direction: taken in, given out, lost by chance, by a full queue, by a cut, too long."""

    taken: int = 0
    given: int = 0
    lost: int = 0
    overflowed: int = 0
    cut: int = 0
    oversize: int = 0


class Lane:
    """One direction. Times are seconds on one clock; frames stay in order, jitter or not, as on a line."""

    def __init__(self, seed: int) -> None:
        self.weather = Weather()
        self.counters = Counters()
        self._chance = random.Random(seed)
        self._queue: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0  # when the limited line has sent everything that it took
        self._last_due = 0.0

    def change(self, weather: Weather) -> None:
        """Another weather from now on. A cut takes what is under way with it."""
        self.weather = weather
        if weather.down:
            self.counters.cut += len(self._queue)
            self._queue.clear()
            self._last_due = self._free_at = 0.0

    def offer(self, frame: bytes, now: float) -> None:
        """A frame arrives at the near end."""
        weather, counters = self.weather, self.counters
        counters.taken += 1
        if weather.down:
            counters.cut += 1
        elif len(frame) > MAX_FRAME:
            counters.oversize += 1
        elif weather.loss and self._chance.random() < weather.loss:
            counters.lost += 1
        elif (sent := self._sent_at(len(frame), now)) is None:
            counters.overflowed += 1
        else:
            jitter = self._chance.uniform(0, weather.jitter_ms) if weather.jitter_ms else 0.0
            self._last_due = max(self._last_due, sent + (weather.delay_ms + jitter) / 1000)
            self._queue.append((self._last_due, frame))

    def due(self, now: float) -> list[bytes]:
        """Frames that reach the far end by now."""
        given = []
        while self._queue and self._queue[0][0] <= now:
            given.append(self._queue.popleft()[1])
        self.counters.given += len(given)
        return given

    @property
    def next_at(self) -> float | None:
        """When the next frame is due, None when nothing is under way."""
        return self._queue[0][0] if self._queue else None

    def _sent_at(self, size: int, now: float) -> float | None:
        """When the limited line has sent a frame of `size` bytes; None when its queue is full."""
        if not self.weather.kbps:
            return now
        start = max(now, self._free_at)
        if start - now > self.weather.queue_ms / 1000:
            return None
        self._free_at = start + size * 8 / (self.weather.kbps * 1000)
        return self._free_at


class Cable:
    """Two packet sockets and the lanes between them; `serve` runs until the orders end."""

    def __init__(self, near: str, far: str, seed: int, orders: int, answers: Callable[[str], None]) -> None:
        self._near, self._far = _packet_socket(near), _packet_socket(far)
        self.up, self.down = Lane(seed), Lane(seed + 1)
        self._orders, self._answers = orders, answers
        self._unread = b""

    def serve(self) -> None:
        poll = select.poll()
        for watched in (self._near, self._far, self._orders):
            poll.register(watched, select.POLLIN)
        self._answer()
        while True:
            ready = {number for number, _ in poll.poll(self._patience())}
            if self._far.fileno() in ready:
                _take(self._far, self.up)
            if self._near.fileno() in ready:
                _take(self._near, self.down)
            _give(self._near, self.up)
            _give(self._far, self.down)
            if self._orders in ready and not self._obey():
                return

    def _patience(self) -> int | None:
        """Milliseconds to wait: until the next frame is due."""
        due = [lane.next_at for lane in (self.up, self.down) if lane.next_at is not None]
        return max(0, math.ceil((min(due) - time.monotonic()) * 1000)) if due else None

    def _obey(self) -> bool:
        """Read orders; False at their end."""
        read = os.read(self._orders, 65_536)
        *lines, self._unread = (self._unread + read).split(b"\n")
        for line in lines:
            order: dict[str, dict[str, Any]] = json.loads(line)
            for name, lane in (("up", self.up), ("down", self.down)):
                if name in order:
                    lane.change(Weather(**order[name]))
            self._answer()
        return bool(read)

    def _answer(self) -> None:
        self._answers(json.dumps({"up": asdict(self.up.counters), "down": asdict(self.down.counters)}) + "\n")


def _packet_socket(device: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    made.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _SOCKET_BUFFER)
    made.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SOCKET_BUFFER)
    made.bind((device, 0))
    made.settimeout(0)
    return made


def _take(source: socket.socket, lane: Lane) -> None:
    for _ in range(_BURST):
        try:
            frame = source.recv(65_536)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno == errno.ENETDOWN:
                return
            raise
        lane.offer(frame, time.monotonic())


def _give(target: socket.socket, lane: Lane) -> None:
    for frame in lane.due(time.monotonic()):
        try:
            target.send(frame)
        except OSError as error:
            if error.errno not in {errno.ENETDOWN, errno.ENOBUFS, errno.EAGAIN}:
                raise
            lane.counters.given -= 1
            lane.counters.overflowed += 1


def main(near: str, far: str, seed: str = "1") -> None:
    """Join two devices of this namespace until standard input ends."""

    def answer(line: str) -> None:
        sys.stdout.write(line)
        sys.stdout.flush()

    Cable(near, far, int(seed), sys.stdin.fileno(), answer).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
