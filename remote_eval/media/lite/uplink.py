"""How much a member's line takes, as its receiver sees it: what came, and how long it waited on the way.

Packets that wait longer and longer stand in a queue: the line is full, and what keeps it full is the picture.
Lost packets alone say nothing here (a radio line loses some and has room); senders mind them by the reports.
Sans-I/O; times are milliseconds of the engine's clock. The sender's own clock is never compared with it: only
how the difference of both changes within `_BASE_SECONDS`.
"""

from collections import deque
from typing import Final

# A queue that never shortened below this for a whole second stands; speech bears it.
STANDING_MS: Final = 80.0
# What is left when a line is full: a little less than it brought, so that the queue drains.
DRAIN: Final = 0.85
GROWTH: Final = 1.08
GROWTH_KBPS: Final = 8.0
# Encoders of pictures make no less.
LEAST_KBPS: Final = 30.0
_BASE_SECONDS: Final = 30
_NEVER: Final = float("inf")


class Uplink:
    """One connection that sends."""

    def __init__(self) -> None:
        self._allowed = float("inf")
        self._video_octets = 0
        self._octets = 0
        self._since: float | None = None
        self._soonest: dict[int, float] = {}
        self._bases: dict[int, deque[float]] = {}

    def heard(self, ssrc: int, octets: int, media_ms: float, now: float, *, video: bool) -> None:
        """A packet of a stream came for the first time, captured at `media_ms` of the stream's own time."""
        self._octets += octets
        if video:
            self._video_octets += octets
        late = now - media_ms
        if late < self._soonest.get(ssrc, _NEVER):
            self._soonest[ssrc] = late

    def video_kbps(self, now: float, cap_kbps: float) -> int:
        """What the pictures of this connection may take from now on, `cap_kbps` at most; to be asked about
        once a second.
        """
        self._allowed = min(self._allowed, cap_kbps)
        if self._since is None or now <= self._since:
            self._begin(now)
            return round(self._allowed)
        span = now - self._since
        all_kbps, video_kbps = self._octets * 8 / span, self._video_octets * 8 / span
        if self._stands():
            spoken = all_kbps - video_kbps
            self._allowed = max(LEAST_KBPS, min(self._allowed, DRAIN * all_kbps - spoken))
        else:
            self._allowed = min(cap_kbps, self._allowed * GROWTH + GROWTH_KBPS)
        self._begin(now)
        return round(self._allowed)

    def _begin(self, now: float) -> None:
        self._since, self._octets, self._video_octets = now, 0, 0
        for ssrc, late in self._soonest.items():
            self._bases.setdefault(ssrc, deque(maxlen=_BASE_SECONDS)).append(late)
        self._soonest.clear()

    def _stands(self) -> bool:
        """Whether every packet of the last second waited, on every stream: one stream's time may jump alone,
        when a device is changed."""
        waits = [late - min(self._bases[ssrc]) for ssrc, late in self._soonest.items() if ssrc in self._bases]
        return bool(waits) and min(waits) > STANDING_MS
