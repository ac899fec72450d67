"""Media with a known clock for tests of the recorder: a flash and a beep on every full second, as RTP.

VP8 and Opus are real (PyAV encodes once per process), packets follow RFC 7741, RFC 7587 and RFC 2198. A
`Wire` gives packets loss, delay, jitter and another order from a seed; nothing waits, arrivals are numbers.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np

FPS: Final = 25
SIGNAL_MS: Final = 120
VIDEO_TYPES: Final = {96: "vp8", 97: "rtx"}
AUDIO_TYPES: Final = {111: "opus", 63: "red"}
WIDTH: Final = 160
HEIGHT: Final = 120
_PIECE: Final = 1000


class Coded(NamedTuple):
    """One coded frame, at milliseconds of the sender's capture."""

    at: float
    data: bytes
    key: bool


class Arrival(NamedTuple):
    """One packet (or sender report) as it reaches the hub."""

    at: float
    report: bool
    data: bytes


@lru_cache
def pictures(seconds: int, *, noise: int = 8, level: int = 60) -> tuple[Coded, ...]:
    """VP8 of a grey scene with noise that flashes white on every second but the first; keyframes each 2 s."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.gop_size, encoder.bit_rate = Fraction(1, FPS), 2 * FPS, 200_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    chance = np.random.default_rng(7)
    out = []
    for number in range(seconds * FPS):
        at = number * 1000 / FPS
        lit = at >= 1000 and at % 1000 < SIGNAL_MS
        grain = chance.integers(0, noise + 1, (HEIGHT * 3 // 2, WIDTH))
        plane = np.full((HEIGHT * 3 // 2, WIDTH), 128)
        plane[:HEIGHT] = 220 if lit else level
        frame = av.VideoFrame.from_ndarray((plane + grain).astype(np.uint8), format="yuv420p")
        frame.pts = number
        out += [Coded(at, bytes(one), one.is_keyframe) for one in encoder.encode(frame)]
    return tuple(out)


@lru_cache
def sounds(seconds: int, *, loud: float = 0.5) -> tuple[Coded, ...]:
    """Opus of 20 ms packets: a 1 kHz beep on every second but the first, silence between."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.time_base, encoder.bit_rate = Fraction(1, 48_000), 32_000
    out: list[Coded] = []
    for number in range(seconds * 50):
        start = number * 960
        ticks = np.arange(start, start + 960)
        lit = (ticks >= 48_000) & (ticks % 48_000 < SIGNAL_MS * 48)
        wave = np.where(lit, loud * np.sin(2 * math.pi * 1000 * ticks / 48_000), 0.0)
        pcm = np.repeat((wave * 32_000).astype(np.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, start
        for packet in encoder.encode(frame):
            out.append(Coded(len(out) * 20.0, bytes(packet), key=True))
    return tuple(out)


@dataclass(kw_only=True)
class Source:
    """One track of a sender. `ntp_ms`: the sender's wall clock when the room's clock shows 0; `ppm`: how much
    too fast that wall clock runs. First numbers are near their wrap, so that every test crosses one."""

    ssrc: int
    rate: int
    payload_type: int
    ntp_ms: float = 3_900_000_000_000.0
    ppm: float = 0.0
    sequence: int = 65_500
    ticks: int = 0xFFFF_F000
    redundancy: int = 0
    _before: list[tuple[int, bytes]] = field(default_factory=list)

    def packets(self, coded: Iterable[Coded], start: float) -> Iterator[tuple[float, bytes]]:
        """(room time of sending, RTP packet); capture begins at room time `start`."""
        for one in coded:
            timestamp = self._timestamp(start + one.at)
            pieces = [one.data] if self.rate == 48_000 else _split(one.data)
            for number, piece in enumerate(pieces):
                payload = piece
                if self.rate == 90_000:
                    payload = (b"\x10" if not number else b"\x00") + piece
                elif self.redundancy:
                    payload = self._redundant(timestamp, piece)
                marker = number == len(pieces) - 1 and self.rate == 90_000
                yield start + one.at, self.rtp(payload, timestamp, marker=marker)

    def rtp(self, payload: bytes, timestamp: int, *, marker: bool) -> bytes:
        """The next packet."""
        head = bytes((0x80, self.payload_type | (0x80 if marker else 0)))
        head += self.sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big")
        self.sequence = (self.sequence + 1) & 0xFFFF
        return head + self.ssrc.to_bytes(4, "big") + payload

    def report(self, at: float) -> bytes:
        """A sender report made at room time `at`."""
        ntp = self.ntp_ms + at * (1 + self.ppm / 1e6)
        seconds, rest = divmod(ntp, 1000)
        words = [self.ssrc, int(seconds), int(rest / 1000 * 2**32), self._timestamp(at), 1, 1]
        return bytes.fromhex("80c80006") + b"".join(word.to_bytes(4, "big") for word in words)

    def _timestamp(self, at: float) -> int:
        return (self.ticks + round(at * (1 + self.ppm / 1e6) * self.rate / 1000)) & 0xFFFF_FFFF

    def _redundant(self, timestamp: int, payload: bytes) -> bytes:
        known = self._before[-self.redundancy :]
        self._before.append((timestamp, payload))
        heads = b"".join(
            (0x80 << 24 | 111 << 24 | ((timestamp - at) & 0x3FFF) << 10 | len(data)).to_bytes(4, "big")
            for at, data in known
        )
        return heads + bytes((111,)) + b"".join(data for _, data in known) + payload


@dataclass(kw_only=True)
class Wire:
    """What the way to the hub does to packets. Times in milliseconds, `loss` and `twice` as fractions."""

    seed: int
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    twice: float = 0.0

    def carry(self, sent: Iterable[tuple[float, bytes]], *, report: bool = False) -> Iterator[Arrival]:
        """Arrivals, in order of sending; sort them to get the order of arriving."""
        chance = random.Random(f"{self.seed}/{report}")
        for at, data in sent:
            if chance.random() < self.loss:
                continue
            arrival = Arrival(at + self.delay + chance.random() * self.jitter, report, data)
            yield arrival
            if chance.random() < self.twice:
                yield arrival._replace(at=arrival.at + 5)


def camera(ssrc: int = 1, **more: Any) -> Source:
    """A source of VP8."""
    return Source(ssrc=ssrc, rate=90_000, payload_type=96, **more)


def microphone(ssrc: int = 2, **more: Any) -> Source:
    """A source of Opus, or of RED when `redundancy` is given."""
    return Source(ssrc=ssrc, rate=48_000, payload_type=63 if more.get("redundancy") else 111, **more)


def flashes(path: Path) -> list[float]:
    """Milliseconds at which the recorded picture turns white."""
    found, before = [], False
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            lit = frame.to_ndarray(format="gray").mean() > 140
            if lit and not before:
                found.append(float(frame.time or 0) * 1000)
            before = lit
    return found


def beeps(path: Path) -> list[float]:
    """Milliseconds at which the recorded sound becomes loud after half a second without."""
    found: list[float] = []
    last = -1e9
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples: Any = frame.to_ndarray().astype(np.float64)
            scale = 32768.0 if "s16" in frame.format.name else 1.0
            mono = np.abs(samples[0] if frame.format.is_planar else samples[0][::2]) / scale
            for at in np.flatnonzero(mono > 0.1):
                moment = float(frame.time or 0) * 1000 + float(at) / 48
                if moment - last > 500:
                    found.append(moment)
                last = moment
    return found


def offsets(first: list[float], second: list[float]) -> list[float]:
    """For every event of `first` the distance to the nearest of `second`."""
    return [min((other - one for other in second), key=abs) for one in first]


def _split(data: bytes) -> list[bytes]:
    return [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
