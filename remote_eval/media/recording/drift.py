"""How fast a sender's ticks run away from the room's clock, by times of arrival alone (recording.md §6).

The lowest (arrival − ticks) of each half minute stands on the shortest way that a packet took meanwhile; from
one half minute to the next it moves with the clock of the sender. One step of the path's delay moves one of
these differences, one broken window two of them the opposite ways, and the least and the greatest are left
out. What is left must agree, or nothing is known. All times are arguments, in milliseconds of the room.
"""

import math
from collections import deque
from itertools import pairwise
from statistics import median
from typing import Final

WINDOW_MS: Final = 30_000.0
WINDOWS: Final = 8
# Differences that lie farther apart than this are of the path and not of a clock.
SPREAD_PPM: Final = 200.0
# A source that was silent for so long, or whose ticks jumped by as much, may count from elsewhere.
PAUSE_MS: Final = 5_000.0
BREAK_MS: Final = 2_000.0
_HALF: Final = WINDOWS // 2


class ArrivalDrift:
    """Of one track. `ppm`: slope of (arrival − ticks), below 0 for a sender that is fast; None: not known."""

    def __init__(self) -> None:
        self.ppm: float | None = None
        self._lows: deque[float] = deque(maxlen=WINDOWS)
        self._low = math.inf
        self._until = self._heard = -math.inf

    def add(self, value: float, now: float) -> None:
        """Take one packet's arrival less its ticks, both in ms, at `now` (not falling)."""
        broken = self._low < math.inf and abs(value - self._low) > BREAK_MS
        if broken or now - self._heard > PAUSE_MS:
            self.ppm = None
            self._lows.clear()
            self._low, self._until = math.inf, now + WINDOW_MS
        elif now >= self._until:
            self._turn()
        self._heard = now
        self._low = min(self._low, value)

    def _turn(self) -> None:
        self._lows.append(self._low)
        self._low = math.inf
        self._until += WINDOW_MS
        if len(self._lows) == WINDOWS:
            kept = sorted(after - low for low, after in pairwise(self._lows))[1:-1]
            agree = kept[-1] - kept[0] <= SPREAD_PPM * WINDOW_MS / 1e6
            self.ppm = median(kept) / WINDOW_MS * 1e6 if agree else None


class Trips:
    """Of one sender: the lowest round trip of each window, to tell a queue that fills from a clock."""

    def __init__(self) -> None:
        self._lows: dict[int, float] = {}

    def add(self, rtt_ms: float, now: float) -> None:
        """Take a round trip known at `now`."""
        window = int(now // WINDOW_MS)
        self._lows[window] = min(rtt_ms, self._lows.get(window, math.inf))
        for old in [one for one in self._lows if one <= window - WINDOWS]:
            del self._lows[old]

    def beyond(self, ppm: float) -> float:
        """What is left of a slope when all that the change of the round trip may explain is taken off."""
        if not self._lows:
            return ppm
        middle = max(self._lows) - _HALF
        before = [low for window, low in self._lows.items() if window <= middle]
        if not before:
            return ppm
        after = [low for window, low in self._lows.items() if window > middle]
        grown = (min(after) - min(before)) / (_HALF * WINDOW_MS) * 1e6
        if grown * ppm <= 0:
            return ppm
        return math.copysign(max(0.0, abs(ppm) - abs(grown)), ppm)
