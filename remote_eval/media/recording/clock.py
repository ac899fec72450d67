"""One clock for all tracks: from RTP ticks to milliseconds of the room (docs/spec/recording.md §6).

A sender report ties a track's ticks to its sender's wall clock (RFC 3550 §6.4.1). That wall clock is tied to
the room's by the earliest arrivals of the sender's sound within half a minute, less half of the round trip.
All tracks of a member share this anchor, so lips and voice stay together; an asymmetric path leaves half of
its asymmetry as error. Before the first report a track is placed by its own earliest arrivals. Anchors move
slowly, so that times do not jump. Where no report ever came, a drift is told by the arrivals alone (`drift`).
All times are arguments.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from remote_eval.media.recording.drift import ArrivalDrift, Trips
from remote_eval.media.recording.rtp import TIMESTAMP_BITS, SenderReport, nearest

WINDOW_S: Final = 30
MAX_RTT_MS: Final = 10_000.0
# A time outside these bounds around the arrival is a broken report, and the arrival is believed instead.
MAX_AHEAD_MS: Final = 100.0
MAX_BEHIND_MS: Final = 10_000.0
SLEW_MS_PER_S: Final = 10.0
STEP_MS: Final = 80.0
# A jump of the sender's own clock between two reports.
MAX_REPORT_STEP_MS: Final = 500.0
_SETTLING_MS: Final = 2_000.0
_SKEW_SPAN_MS: Final = 60_000.0


class Lowest:
    """The lowest value of the last `WINDOW_S` seconds, in buckets of one second."""

    def __init__(self) -> None:
        self.value = math.inf
        self._buckets: deque[tuple[int, float]] = deque()

    def add(self, value: float, now: float) -> None:
        """Take a value seen at `now` (ms, not falling)."""
        second = int(now // 1000)
        if not self._buckets or second > self._buckets[-1][0]:
            self._buckets.append((second, value))
            while self._buckets[0][0] <= second - WINDOW_S:
                self._buckets.popleft()
            self.value = min(low for _, low in self._buckets)
        elif value < self._buckets[-1][1]:
            self._buckets[-1] = (self._buckets[-1][0], value)
            self.value = min(self.value, value)


class Slewed:
    """A value that follows its target by at most `SLEW_MS_PER_S`, except at the start and over `STEP_MS`."""

    def __init__(self) -> None:
        self.value: float | None = None
        self._since = 0.0
        self._at = 0.0

    def follow(self, target: float, now: float) -> float:
        """Move toward `target`; gives by how much the value jumped (0 when it glided)."""
        if self.value is None:
            self.value, self._since, self._at = target, now, now
            return 0.0
        away = target - self.value
        settled = now - self._since > _SETTLING_MS
        room = SLEW_MS_PER_S * max(0.0, now - self._at) / 1000
        self._at = now
        if not settled or abs(away) > STEP_MS:
            self.value = target
            return away if settled else 0.0
        self.value += max(-room, min(room, away))
        return 0.0


@dataclass(slots=True)
class TrackClock:
    """What is known of one track's ticks. `shift`: sender's wall clock less RTP time, in milliseconds."""

    rate: int
    sound: bool
    low: Lowest = field(default_factory=Lowest)
    shift: float | None = None
    report: SenderReport | None = None
    heard: float = -math.inf
    pace: ArrivalDrift = field(default_factory=ArrivalDrift)
    _newest: int | None = None

    def ticks(self, timestamp: int) -> int:
        """A 32-bit RTP time as a count that never wraps."""
        if self._newest is None:
            self._newest = timestamp
        return nearest(timestamp, self._newest, TIMESTAMP_BITS)

    def arrival(self, timestamp: int, arrived: float) -> int:
        """Note a packet; gives its ticks."""
        ticks = self.ticks(timestamp)
        self._newest = ticks
        self.heard = max(self.heard, arrived)
        late = arrived - ticks * 1000 / self.rate
        self.low.add(late, self.heard)
        if self.report is None:
            self.pace.add(late, self.heard)
        return ticks

    def take_report(self, report: SenderReport) -> float:
        """Note a sender report; gives by how much the sender's clock moved against its ticks."""
        shift = report.ntp_ms - self.ticks(report.timestamp) * 1000 / self.rate
        moved = 0.0 if self.shift is None else shift - self.shift
        self.shift, self.report = shift, report
        return moved


class MemberClock:
    """All tracks of one sender. `drift_ppm`: how fast its clock runs away from the room's, once known."""

    def __init__(self) -> None:
        self.rtt = Lowest()
        self.anchor = Slewed()
        self.drift_ppm: float | None = None
        self.jump_ms = 0.0
        self._own: dict[str, Slewed] = {}
        self._tracks: dict[str, TrackClock] = {}
        self._past: deque[tuple[float, float]] = deque()
        self._trips = Trips()
        self._reported = False

    @property
    def arrival_ppm(self) -> float | None:
        """As `drift_ppm`, by arrivals: None where a report was seen, or as long as it is not known.

        A picture's ticks are of the computer's clock, as reports are; those of sound are of its card's. So
        sound tells for those alone who show no picture.
        """
        if self._reported:
            return None
        tracks = list(self._tracks.values())
        pictures = [one for one in tracks if not one.sound]
        known = [one.pace.ppm for one in pictures or tracks if one.pace.ppm is not None]
        return self._trips.beyond(min(known, key=abs)) if known else None

    @property
    def half_trip(self) -> float:
        """Half of the shortest round trip known, in milliseconds; 0 while none is."""
        return 0.0 if self.rtt.value == math.inf else self.rtt.value / 2

    def open_track(self, track: str, rate: int, *, sound: bool) -> TrackClock:
        """A track begins, or begins anew: nothing is known of its ticks."""
        self._own[track] = Slewed()
        self._tracks[track] = TrackClock(rate, sound)
        return self._tracks[track]

    def close_track(self, track: str) -> None:
        """A track ended."""
        self._own.pop(track, None)
        self._tracks.pop(track, None)

    def round_trip(self, rtt_ms: float, now: float) -> None:
        """Note a round-trip time; one that cannot be is left out."""
        if not 0 <= rtt_ms <= MAX_RTT_MS:
            return
        if self.rtt.value == math.inf:  # the first one known moves every anchor, and no clock jumped
            self.anchor = Slewed()
            self._own = {name: Slewed() for name in self._own}
            self._past.clear()
        self.rtt.add(rtt_ms, now)
        self._trips.add(rtt_ms, now)

    def take_report(self, track: str, report: SenderReport) -> None:
        """Note a sender report of a track that is open; a jumping sender clock makes all start over."""
        clock = self._tracks[track]
        self._reported = True
        moved = clock.take_report(report)
        if abs(moved) <= MAX_REPORT_STEP_MS:
            return
        self.jump_ms = moved
        self.anchor, self.drift_ppm = Slewed(), None
        self._past.clear()
        for other in self._tracks.values():
            if other is not clock:
                other.shift = None

    def advance(self, now: float) -> None:
        """Let the anchors follow what was heard; called some times a second."""
        for name, clock in self._tracks.items():
            if clock.low.value != math.inf:
                self._own[name].follow(clock.low.value - self.half_trip, now)
        target = self._target()
        if target is None:
            return
        jumped = self.anchor.follow(target, now)
        if jumped:
            self.jump_ms = jumped
            self._past.clear()
        self._measure(target, now)

    def room_ms(self, track: str, ticks: int, arrived: float) -> float:
        """The room's time of a tick of an open track, close to `arrived` whatever the sender says."""
        clock = self._tracks[track]
        at = ticks * 1000 / clock.rate
        if clock.shift is not None and self.anchor.value is not None:
            found = at + clock.shift + self.anchor.value
            if -MAX_BEHIND_MS <= found - arrived <= MAX_AHEAD_MS:
                return found
        own = self._own[track].value
        found = at + (clock.low.value - self.half_trip if own is None else own)
        return found if -MAX_BEHIND_MS <= found - arrived <= MAX_AHEAD_MS else arrived

    def _target(self) -> float | None:
        known = [one for one in self._tracks.values() if one.shift is not None and one.low.value != math.inf]
        if not known:
            return None
        best = max(known, key=lambda one: (one.sound, one.heard))
        return best.low.value - (best.shift or 0.0) - self.half_trip

    def _measure(self, target: float, now: float) -> None:
        if self._past and now - self._past[-1][0] < 1000:
            return
        self._past.append((now, target))
        first, low = self._past[0]
        if now - first >= _SKEW_SPAN_MS:
            self.drift_ppm = (target - low) / (now - first) * 1e6
            self._past.popleft()


def clock_facts(clock: TrackClock, member: MemberClock) -> dict[str, int | None] | None:
    """What ties a track to the room now, in whole microseconds, ticks and parts per billion.

    `ntp_us` and `rtp` are the newest report's two times; `shift_us` leads from the sender's wall clock to the
    room's; `behind_us`: how much later than its sender's clock says the track arrives, beyond half of the
    round trip.
    """
    report, anchor = clock.report, member.anchor.value
    if report is None or clock.shift is None or anchor is None:
        return None
    behind = clock.low.value - clock.shift - anchor - member.half_trip
    drift = member.drift_ppm
    return {
        "ssrc": report.ssrc,
        "ntp_us": round(report.ntp_ms * 1000),
        "rtp": report.timestamp,
        "rate": clock.rate,
        "shift_us": round(anchor * 1000),
        "behind_us": round(behind * 1000),
        "rtt_us": round(member.half_trip * 2000),
        "drift_ppb": None if drift is None else round(drift * 1000),
    }


def arrival_facts(clock: TrackClock, member: MemberClock) -> dict[str, int | None] | None:
    """What arrivals tell of a member without reports, in parts per billion; `own_ppb` is the track's own."""
    drift, own = member.arrival_ppm, clock.pace.ppm
    if drift is None:
        return None
    return {
        "drift_ppb": round(drift * 1000),
        "own_ppb": None if own is None else round(own * 1000),
    }
