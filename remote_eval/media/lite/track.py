"""One published track: its packets on a timeline of its own, what is missing, and the legs that carry it.

A track outlives its sources: when a member publishes anew, sequence and time go on where they were and the
legs stay. Sans-I/O; times are milliseconds of the engine's clock.
"""

from typing import Final, Protocol

from remote_eval.media.engine import Kind, TrackId, TrackStats
from remote_eval.media.lite.repair import KeyframeAsk, Missing
from remote_eval.media.lite.ring import Kept, Ring
from remote_eval.media.lite.rtcp import SenderReport
from remote_eval.media.lite.rtp import Packet, is_vp8_keyframe, unwrap

CLOCKS: Final = {"audio": 48_000, "video": 90_000}
# What a link said of its line holds for some of its reports.
_LIMIT_MS: Final = 3000.0
# A jump this far is another stream under the same name, not loss (RFC 3550 A.1 takes 3000).
_MAX_JUMP: Final = 3000


class Carries(Protocol):
    """What a track needs of a leg (see `leg`)."""

    is_on: bool

    def turn(self, *, on: bool) -> None:
        """Let it carry or not."""

    def forward(self, kept: Kept, now: float) -> None:
        """Send a packet on."""

    def report(self, report: SenderReport, name: str, now: float) -> None:
        """Pass a sender report on."""


class Track:
    """See the module."""

    def __init__(self, name: TrackId, kind: Kind) -> None:
        self.name = name
        self.kind = kind
        self.clock = CLOCKS[kind]
        self.is_up = False
        self.ring = Ring()
        self.legs: list[Carries] = []
        self.missing = Missing()
        self.keyframe = KeyframeAsk()
        # The payload type that blocks inside this source's RED carry.
        self.opus_type: int | None = None
        self.rtt_ms: float | None = None
        self.highest = -1
        self.packets = 0
        self.octets = 0
        # Numbers that did not come in their turn, whether they came later or not.
        self.skipped = 0
        self.newest_at = float("-inf")
        self._limit = (float("inf"), float("-inf"))
        self._near: int | None = None
        self._base = 0
        self._first = 0
        self._shift = 0
        self._last_timestamp = 0
        self._rate = Rate()

    def renew(self) -> None:
        """The next packet begins a new source."""
        self._near = None
        self.missing.clear()

    def take(
        self, packet: Packet, codec: str, level: int | None, now: float
    ) -> tuple[Kept | None, list[int]]:
        """Put a packet on the timeline: what to forward, or None for a duplicate, and numbers to ask for."""
        number = self._number(packet, now)
        if number < self._first:
            return None, []
        is_keyframe = self.kind == "video" and is_vp8_keyframe(packet.payload)
        kept = Kept(
            number,
            (packet.timestamp + self._shift) & 0xFFFFFFFF,
            packet.marker,
            codec,
            packet.payload,
            level,
            is_keyframe,
        )
        if not self.ring.put(kept):
            return None, []
        self.packets += 1
        self.octets += len(packet.payload)
        asked = self._advance(kept, now)
        if is_keyframe:
            self.keyframe.came()
        return kept, asked

    def _number(self, packet: Packet, now: float) -> int:
        if self._near is not None:
            number = unwrap(packet.sequence, self._near, 16)
            if abs(number - self._near) <= _MAX_JUMP:
                self._near = max(self._near, number)
                return number + self._base
            self.missing.clear()
        self._near = packet.sequence
        self._first = self.highest + 1
        self._base = self._first - packet.sequence
        if self.packets:
            passed = int((now - self.newest_at) * self.clock / 1000)
            self._shift = (self._last_timestamp + max(1, passed) - packet.timestamp) & 0xFFFFFFFF
        return self._first

    def _advance(self, kept: Kept, now: float) -> list[int]:
        if kept.number <= self.highest:
            self.missing.found(kept.number)
            return []
        asked: list[int] = []
        if kept.number > self.highest + 1:
            self.skipped += kept.number - self.highest - 1
            asked = self.missing.gap(self.highest + 1, kept.number, now)
            if not asked and self.kind == "video":
                self.keyframe.want()
        self.highest = kept.number
        self.newest_at = now
        self._last_timestamp = kept.timestamp
        return asked

    def limit(self, kbps: float, now: float) -> None:
        """The line that this track is passed on by takes so much of it, for now."""
        self._limit = kbps, now

    def limit_kbps(self, now: float) -> float:
        """What a line further on takes, if one said so lately."""
        kbps, at = self._limit
        return kbps if now - at <= _LIMIT_MS else float("inf")

    def to_source(self, number: int) -> int:
        """The source's own sequence number of a packet, to ask it for."""
        return (number - self._base) & 0xFFFF

    def from_source(self, timestamp: int) -> int:
        """A source's timestamp on the track's timeline."""
        return (timestamp + self._shift) & 0xFFFFFFFF

    @property
    def expected(self) -> int:
        """Packets that there should have been since the first."""
        return self.highest + 1

    def stats(self, now: float, recorded_ms: float | None) -> TrackStats:
        """Counters and the rate of the last second."""
        return TrackStats(
            track=self.name,
            packets=self.packets,
            lost=max(0, self.expected - self.packets),
            kbps=self._rate.kbps(now),
            age_ms=now - self.newest_at if self.packets else float("inf"),
            rtt_ms=self.rtt_ms,
            recorded_ms=recorded_ms,
        )

    def measure(self, now: float) -> None:
        """Note the octets so far; to be called about once a second."""
        self._rate.note(self.octets, now)


class Rate:
    """Octets over the span between the last two notes, as kbit/s."""

    def __init__(self) -> None:
        self._octets = 0
        self._at: float | None = None
        self._kbps = 0.0

    def note(self, octets: int, now: float) -> None:
        """Take the total as of now."""
        if self._at is not None and now > self._at:
            self._kbps = (octets - self._octets) * 8 / (now - self._at)
        self._octets, self._at = octets, now

    def kbps(self, now: float) -> float:
        """The last measured rate; 0 once it is older than three seconds."""
        return self._kbps if self._at is not None and now - self._at < 3000 else 0.0
