"""How much a member's line takes, as its receiver sees it: what came, and how long it waited on the way.

Packets that wait longer and longer stand in a queue: the line is full, and what keeps it full is the picture.
Some lost packets say nothing here (a radio line loses some and has room; senders mind them by the reports);
when every third one is lost for a while, something on the way throws away what is too much.
Sans-I/O; times are milliseconds of the engine's clock. The sender's own clocks are never compared with it:
only how the difference to each of them changes within `_BASE_LOOKS`. There are two: a stream's own time,
which stands while a device delivers nothing, and the sender's wall clock, which somebody may set; a queue
shows on both. A wait that stays the same whatever is sent, with nothing lost, is no queue but a longer way,
and counts for nothing from then on.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

# Between two looks at the line. A queue that never shortened below this in one look stands; speech bears it.
LOOK_MS: Final = 100.0
STANDING_MS: Final = 80.0
# What is left of what a full line brings: less the longer its queue is, so that it drains in a second or so.
DRAIN: Final = 0.95
MOST_DRAINED: Final = 0.5
# A second's growth while there is room.
GROWTH: Final = 1.08
GROWTH_KBPS: Final = 8.0
# Encoders of pictures make no less.
LEAST_KBPS: Final = 30.0
# What is missing may wait so long for room; then the picture is worth more than a voice that is spared.
SPARED_LOOKS: Final = 25
# Waits of so many looks that differ by no more than this are no queue's.
STILL_LOOKS: Final = 20
STILL_MS: Final = 12.0
# A share of lost packets that is no radio's if so many looks show it one after the other; and one with which
# a line is not tried for more.
FLOODED: Final = 0.3
FLOODED_LOOKS: Final = 5
LOSSY: Final = 0.1
_FEW_PACKETS: Final = 3
_LOSS_LOOKS: Final = 10
# Headers of IPv4 and UDP and the tag of SRTP: the line carries them too.
AROUND: Final = 44
_BASE_LOOKS: Final = 300
_VOICE_LOOKS: Final = 20
# One big packet more or less is much of what a narrow line brings in one look.
_RATE_LOOKS: Final = 8
_SURE_LOOKS: Final = 2
_CLEARLY: Final = 0.9
_NEVER: Final = float("inf")
# A stream (SSRC), and whether it is the sender's wall clock rather than the stream's own time.
_Clock = tuple[int, bool]


@dataclass(slots=True)
class _Look:
    """What came since a moment; `soonest` by clock: the least time from capture to arrival."""

    since: float
    packets: int = 0
    octets: int = 0
    video_octets: int = 0
    soonest: dict[_Clock, float] = field(default_factory=dict)

    def came(self, clock: _Clock, late: float) -> None:
        """A packet came so late by a clock."""
        if late < self.soonest.get(clock, _NEVER):
            self.soonest[clock] = late


class Uplink:
    """One connection that sends. While it `is_spared`, nothing is to be asked for again: it has no room."""

    def __init__(self) -> None:
        self.is_full = False
        self._full_looks = 0
        self._allowed = _NEVER
        self._told = _NEVER
        self._look: _Look | None = None
        self._bases: dict[_Clock, deque[float]] = {}
        # By stream: how far its sender's wall clock is ahead of the stream's own time.
        self._ahead: dict[int, float] = {}
        # What voices took in looks at a line with room, kbit/s: of a full one it is unknown what is lost.
        self._voices: deque[float] = deque(maxlen=_VOICE_LOOKS)
        # Of the newest looks at a full line: octets and milliseconds, and waits; what was allowed before.
        self._came: deque[tuple[int, float]] = deque(maxlen=_RATE_LOOKS)
        self._waits: deque[float] = deque(maxlen=STILL_LOOKS)
        self._before = _NEVER
        self._lost = 0
        # Packets lost and sent, of the newest looks.
        self._losses: deque[tuple[int, int]] = deque(maxlen=_LOSS_LOOKS)

    @property
    def is_spared(self) -> bool:
        """Whether it is full, and not for long."""
        return self.is_full and self._full_looks <= SPARED_LOOKS

    def heard(self, ssrc: int, octets: int, media_ms: float, now: float, *, video: bool) -> None:
        """A packet of a stream came for the first time, captured at `media_ms` of the stream's own time."""
        look = self._look
        if look is None:
            look = self._look = _Look(now)
        look.packets += 1
        look.octets += octets + AROUND
        if video:
            look.video_octets += octets + AROUND
        look.came((ssrc, False), now - media_ms)
        if (ahead := self._ahead.get(ssrc)) is not None:
            look.came((ssrc, True), now - media_ms - ahead)

    def reported(self, ssrc: int, media_ms: float, wall_ms: float) -> None:
        """A sender's report: it was `wall_ms` by its wall clock at `media_ms` of the stream's own time."""
        self._ahead[ssrc] = wall_ms - media_ms

    def video_kbps(self, cap_kbps: float) -> int:
        """What the pictures of this connection may take from now on, `cap_kbps` at most; taken as told."""
        self._allowed = self._told = min(self._allowed, cap_kbps)
        return round(self._told)

    def look(self, now: float, lost: int, cap_kbps: float) -> bool:
        """Look at the line when it is time: whether it, or the cap, takes clearly less than was told, which
        the sender is to hear at once. `lost`: packets of all streams that did not come in turn, ever."""
        seen = self._look
        if seen is None or now - seen.since < LOOK_MS:
            return False
        self._look = _Look(now)
        fresh, self._lost = max(0, lost - self._lost), lost
        self._judge(seen, now - seen.since, fresh)
        return min(self._allowed, cap_kbps) < _CLEARLY * self._told

    def _judge(self, seen: _Look, span: float, lost: int) -> None:
        self._losses.append((lost, seen.packets + lost))
        wait = self._wait(seen)
        if wait is not None and wait > STANDING_MS and self._is_still(wait):
            self._bases.clear()
            self._allowed, wait = self._before, 0.0
        for clock, late in seen.soonest.items():
            self._bases.setdefault(clock, deque(maxlen=_BASE_LOOKS)).append(late)
        if wait is None:
            return
        if wait > STANDING_MS or self._is_flooded:
            self._give_way(seen.octets, span, wait)
        else:
            self._grow(seen, span)

    def _wait(self, seen: _Look) -> float | None:
        """How long every packet waited, on every stream and by every clock: one may jump alone, when a device
        is changed or a sender is short of time. None when nothing came that tells."""
        waits = (
            late - min(self._bases[clock]) for clock, late in seen.soonest.items() if clock in self._bases
        )
        return min(waits, default=None)

    def _is_still(self, wait: float) -> bool:
        """A queue that overflows for ever keeps its length, too: at a line with losses, or one that gets the
        least already, nothing is seen by that."""
        if self._is_lossy or self._allowed <= LEAST_KBPS:
            self._waits.clear()
        self._waits.append(wait)
        return len(self._waits) == STILL_LOOKS and max(self._waits) - min(self._waits) <= STILL_MS

    def _give_way(self, octets: int, span: float, wait: float) -> None:
        if not self.is_full:
            self.is_full, self._before = True, self._allowed
            self._full_looks = 0
            self._came.clear()
        self._full_looks += 1
        self._came.append((octets, span))
        if len(self._came) >= _SURE_LOOKS:
            left = DRAIN - max(0.0, min(MOST_DRAINED, wait / 1000))
            self._allowed = max(LEAST_KBPS, min(self._before, left * self._brought - self._voice))

    def _grow(self, seen: _Look, span: float) -> None:
        self.is_full = False
        self._waits.clear()
        self._voices.append((seen.octets - seen.video_octets) * 8 / span)
        seconds = span / 1000
        if not self._is_lossy:
            self._allowed = self._allowed * GROWTH**seconds + GROWTH_KBPS * seconds

    @property
    def _is_lossy(self) -> bool:
        return sum(lost for lost, _ in self._losses) > LOSSY * sum(sent for _, sent in self._losses)

    @property
    def _is_flooded(self) -> bool:
        """Whether something on the way throws away what is too much. An outage is one look's loss."""
        newest = list(self._losses)[-FLOODED_LOOKS:]
        shown = [sent >= _FEW_PACKETS and lost > FLOODED * sent for lost, sent in newest]
        return len(shown) == FLOODED_LOOKS and all(shown)

    @property
    def _brought(self) -> float:
        """Of a line with a queue, what it can bring, kbit/s."""
        return sum(octets for octets, _ in self._came) * 8 / sum(span for _, span in self._came)

    @property
    def _voice(self) -> float:
        return sum(self._voices) / len(self._voices) if self._voices else 0.0
