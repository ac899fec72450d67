"""Brings one microphone's packets back into even time: 20 ms of samples whenever they are asked for.

A packet may come 20 ms later than the quickest of late; whatever comes later still is lost. Each one lost so
lengthens the wait by 5 ms, to 160 ms at most: over a line that is uneven all the time a voice that is late is
heard, and one in time would not be. A hole is covered by the last sound fading over 60 ms, then by silence.
Time is an argument: `arrived` and `now` are milliseconds of one clock. Positions are samples at 16 kHz.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from remote_eval.errors import MediaError
from remote_eval.media.voice.bands import RATE, Samples
from remote_eval.media.voice.codec import DOWN, FRAME, Decoder
from remote_eval.media.voice.rtp import Opus

PER_MS: Final = RATE // 1000
LEAST_HOLD: Final = 20.0
MOST_HOLD: Final = 160.0
HOLD_STEP: Final = 5.0
# Hold given back by each packet that was in time: 0.5 ms a second, and 2 % of what is beyond the least.
HOLD_EASE: Final = 0.01
HOLD_SHARE: Final = 0.0004
# The quickest transit is forgotten at 0.5 ms a second, so that a slower clock or path is followed.
FORGET: Final = 0.01
MOST_WAITING: Final = 32
# Off by this much, samples: moved in a pause, or moved at once.
SLACK: Final = 6 * PER_MS
JUMP: Final = 60 * PER_MS
# A timestamp this far from the newest begins a new stream.
NEW_STREAM: Final = 5_000 * PER_MS
# Holes remembered, to tell a packet that came too late from one that came twice.
MOST_HOLES: Final = 8
QUIET: Final = 0.003
FADE: Final = 0.5
MOST_FADED: Final = 3


class Decodes(Protocol):
    """What turns packets into samples."""

    def decode(self, payload: bytes, ticks: int) -> Samples:
        """Samples at 16 kHz. Raises MediaError."""


class Playout:
    """The jitter buffer of one microphone. `hold` is in milliseconds; `broken` counts packets that did not
    decode, which are holes like lost ones."""

    def __init__(self, decoder: Callable[[], Decodes] = Decoder) -> None:
        self._make = decoder
        self.broken = 0
        self.hold = LEAST_HOLD
        self._newest: int | None = None
        self._newest_ticks = 0
        self._restart(0.0)

    def _restart(self, transit: float) -> None:
        self._decoder = self._make()
        self._waiting: dict[int, Opus] = {}
        self._transit = transit
        self._longest = FRAME
        self._position: int | None = None
        # Decoded samples of [_position, _end).
        self._sound: Samples = np.zeros(0, dtype=np.float32)
        self._end = 0
        self._last: Samples = np.zeros(FRAME, dtype=np.float32)
        self._faded = MOST_FADED
        self._holes: deque[tuple[int, int]] = deque(maxlen=MOST_HOLES)

    def put(self, packet: Opus, arrived: float) -> None:
        """Keep a packet until its time; one that came twice or too late is dropped."""
        at = self._unwrapped(packet.timestamp)
        transit = arrived - at / PER_MS
        if self._newest is None or abs(at - self._newest) > NEW_STREAM:
            self._newest = at
            self._restart(transit)
        self._newest = max(at, self._newest)
        if at in self._waiting or len(self._waiting) >= MOST_WAITING:
            return
        if self._position is not None and at + packet.ticks // DOWN <= self._end:
            self._late(at, at + packet.ticks // DOWN)
            return
        self._transit = min(self._transit + FORGET, transit)
        self._longest = max(FRAME, packet.ticks // DOWN)
        self._waiting[at] = packet

    def take(self, now: float) -> Samples:
        """The next 320 samples; silence before the first packet."""
        if self._newest is None:
            return np.zeros(FRAME, dtype=np.float32)
        position = self._place(now)
        until = position + FRAME
        for at in sorted(key for key in self._waiting if key < until):
            self._append(at, self._waiting.pop(at))
        if self._end < until:
            self._cover(until - self._end)
        self._last, self._sound = self._sound[:FRAME], self._sound[FRAME:]
        self._position = until
        return self._last

    def _unwrapped(self, timestamp: int) -> int:
        """The place of a 32-bit timestamp: the one nearest to the newest."""
        if self._newest is None:
            self._newest_ticks = timestamp
            return timestamp // DOWN
        ticks = self._newest_ticks + (timestamp - self._newest_ticks + 2**31) % 2**32 - 2**31
        self._newest_ticks = max(ticks, self._newest_ticks)
        return ticks // DOWN

    def _late(self, start: int, end: int) -> None:
        """A packet whose time is over: the hold was too short, unless it only repeats what was heard."""
        if any(start < hole_end and hole_start < end for hole_start, hole_end in self._holes):
            self._holes.clear()
            self.hold = min(MOST_HOLD, self.hold + HOLD_STEP)

    def _place(self, now: float) -> int:
        """Choose where this frame begins: after the last one, unless the clocks have moved apart."""
        wanted = int((now - self._transit - self.hold) * PER_MS) - self._longest
        if self._position is None:
            self._end = wanted
            return wanted
        quiet = self._faded > 0 or float(np.abs(self._last).max()) < QUIET
        if abs(wanted - self._position) <= (SLACK if quiet else JUMP):
            return self._position
        self._move(self._position, wanted)
        return wanted

    def _move(self, old: int, new: int) -> None:
        """Keep `_sound` what lies between the new position and the end."""
        if old < new < self._end:
            self._sound = self._sound[new - old :]
        elif old - JUMP <= new <= old:
            self._sound = np.concatenate((np.zeros(old - new, dtype=np.float32), self._sound))
        else:
            self._sound, self._end = np.zeros(0, dtype=np.float32), new

    def _append(self, at: int, packet: Opus) -> None:
        """Decode a packet and lay it behind what there is, a hole before it covered, an overlap cut."""
        try:
            sound = self._decoder.decode(packet.payload, packet.ticks)
        except MediaError:
            self._decoder = self._make()
            self.broken += 1
            return
        if at > self._end:
            self._cover(at - self._end)
        fresh = sound[self._end - at :]
        if len(fresh):
            self._sound = np.concatenate((self._sound, fresh))
            self._end += len(fresh)
            self._faded = 0
            eased = HOLD_EASE + HOLD_SHARE * (self.hold - LEAST_HOLD)
            self.hold = max(LEAST_HOLD, self.hold - eased)

    def _cover(self, count: int) -> None:
        """Fill `count` samples, at most a frame, with what was before them, fading, then with silence."""
        filled: Samples = np.zeros(count, dtype=np.float32)
        if self._faded < MOST_FADED:
            self._faded += 1
            filled += np.concatenate((self._last, self._sound))[-count:] * np.float32(FADE)
        self._holes.append((self._end, self._end + count))
        self._sound = np.concatenate((self._sound, filled))
        self._end += count
