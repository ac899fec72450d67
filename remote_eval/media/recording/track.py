"""One track from RTP packets to timed blocks: order, whole frames, room time, gaps (recording.md §6).

No bytes are decoded or changed. What was lost is told as a gap with its cause; video goes on at the next
keyframe only. Each block says under which class it may be written: nothing that arrived while the track was
raw ever goes as ``room``. Time is an argument; nothing here writes.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from remote_eval.errors import RecordingError
from remote_eval.media.engine import RAW_CLASS, ROOM_CLASS, Kind
from remote_eval.media.recording import opus, vp8
from remote_eval.media.recording.clock import MemberClock, TrackClock
from remote_eval.media.recording.limits import Limits
from remote_eval.media.recording.matroska import Block
from remote_eval.media.recording.red import unwrap
from remote_eval.media.recording.reorder import Released, Reorder
from remote_eval.media.recording.rtp import Packet, SenderReport, original_of, parse_packet

CODECS: Final[Mapping[Kind, str]] = {"audio": "opus", "video": "vp8"}
_RATES: Final[Mapping[Kind, int]] = {"audio": opus.CLOCK_RATE, "video": vp8.CLOCK_RATE}
# A frame of video stands until the next one: what one is taken to last when none follows.
_FRAME_MS: Final = 40.0


class Gap(NamedTuple):
    """Nothing was recorded from `since` to `until`, milliseconds of the room."""

    since: int
    until: int
    cause: str


class Counts:
    """What happened to packets since it was last read."""

    def __init__(self) -> None:
        self.lost = 0
        self.filled = 0
        self.refused = 0

    def taken(self) -> dict[str, int]:
        """Those that are not zero; they are zero afterwards."""
        found = {"lost": self.lost, "filled": self.filled, "refused": self.refused}
        self.lost = self.filled = self.refused = 0
        return {name: count for name, count in found.items() if count}


class Track:
    """The way of one track's packets. `blocks` and `gaps` are taken by the writer."""

    def __init__(
        self, name: str, kind: Kind, payload_types: Mapping[int, str], clock: MemberClock, limits: Limits
    ) -> None:
        """Raises RecordingError ``recording.codec`` when no payload type can be recorded."""
        if CODECS[kind] not in payload_types.values():
            raise RecordingError("recording.codec")
        self.name, self.kind = name, kind
        self.blocks: list[Block] = []
        self.gaps: list[Gap] = []
        self.counts = Counts()
        # Where the next block should begin, and why it does not if it does not.
        self.end: float | None = None
        self.cause: str | None = None
        self.newest_key: float | None = None
        self.asked = float("-inf")
        # The class of what arrives now, and that of the newest block.
        self._arrives = self._goes = ROOM_CLASS
        # Sound that was lost while the track was raw may still come as a copy in a later packet.
        self._raw_copies = False
        self._limits = limits
        self._member = clock
        self._last = -1
        self.begin(payload_types)

    def begin(self, payload_types: Mapping[int, str]) -> None:
        """The track is published, or published anew: numbers and ticks start over, times do not."""
        self._names = dict(payload_types)
        self._main = next(one for one, name in payload_types.items() if name == CODECS[self.kind])
        self._ssrc: int | None = None
        self._reorder = Reorder(self._limits.hold_ms)
        self._frames = vp8.Frames()
        self._ticks: int | None = None
        self.clock: TrackClock = self._member.open_track(
            self.name, _RATES[self.kind], sound=self.kind == "audio"
        )

    @property
    def codec(self) -> str:
        """What is recorded as it came."""
        return CODECS[self.kind]

    @property
    def waiting(self) -> bool:
        """Video that can go on only at a keyframe."""
        return self.kind == "video" and self._frames.waiting

    def packet(self, data: bytes, arrived: float) -> None:
        """Take one packet as it came."""
        packet = parse_packet(data)
        if packet is None:
            self.counts.refused += 1
            return
        name = self._names.get(packet.payload_type)
        if name == "rtx":
            self._retransmitted(packet, arrived)
        elif name == CODECS[self.kind] or (name == "red" and self.kind == "audio"):
            self._own(packet, arrived)
        else:
            self.counts.refused += 1

    def seal(self, klass: str) -> None:
        """What arrives from now on is of this class."""
        self._raw_copies = self._raw_copies or (self._arrives, klass) == (RAW_CLASS, ROOM_CLASS)
        self._arrives = klass

    def report(self, report: SenderReport) -> None:
        """Take a sender report of this track's source."""
        if report.ssrc == self._ssrc:
            self._member.take_report(self.name, report)

    def tick(self, now: float) -> None:
        """Give up on packets that others have waited for too long."""
        self._take(self._reorder.expire(now))

    def interrupt(self, cause: str) -> None:
        """Something was lost here, not on the way: whatever hole follows has this cause."""
        self.cause = cause
        if self.kind == "video":
            self._frames.restart()

    def trail(self, now: float) -> None:
        """The track is closed: what did not come since its newest block is a gap as well."""
        listed = len(self.gaps)
        self._hole(round(now))
        if len(self.gaps) > listed:
            self.end = now

    def finish(self) -> None:
        """Let go what waits; the track is closed, and its source forgotten."""
        self._take(self._reorder.flush())
        self._member.close_track(self.name)

    def _retransmitted(self, packet: Packet, arrived: float) -> None:
        if self._ssrc is None:
            return
        original = original_of(packet, self._main, self._ssrc)
        if original is not None:
            self._take(self._reorder.add(original, arrived, self._arrives))

    def _own(self, packet: Packet, arrived: float) -> None:
        if self._ssrc is None:
            self._ssrc = packet.ssrc
        elif packet.ssrc != self._ssrc:
            self._take(self._reorder.flush())
            self.begin(self._names)
            self._ssrc = packet.ssrc
            self.interrupt("source")
        self.clock.arrival(packet.timestamp, arrived)
        self._take(self._reorder.add(packet, arrived, self._arrives))

    def _take(self, released: list[Released]) -> None:
        for place, one in enumerate(released):
            self._goes = self._class_of(one, released[place + 1 :])
            if one.anew:
                self._ticks = None
            if one.lost:
                self.counts.lost += one.lost
            if self.kind == "video":
                self._video(one)
            elif self._audio(one) and place + 1 == len(released) and not self._reorder.waits:
                self._raw_copies = self._raw_copies and self._goes == RAW_CLASS

    def _class_of(self, one: Released, later: Sequence[Released]) -> str:
        """Once raw, a track stays so until its last raw packet is out: what fills a hole before it is raw
        too."""
        if one.klass == RAW_CLASS or self._goes != RAW_CLASS:
            return one.klass
        behind = any(other.klass == RAW_CLASS for other in later) or self._reorder.holds(RAW_CLASS)
        return RAW_CLASS if behind or self._arrives == RAW_CLASS else ROOM_CLASS

    def _video(self, one: Released) -> None:
        if one.lost:
            self._frames.restart()
            self.cause = self.cause or "loss"
        packet = one.packet
        ticks = self.clock.ticks(packet.timestamp)
        before = self._frames.waiting
        for frame in self._frames.feed(packet.payload, ticks, marker=packet.marker):
            if frame.key:
                self.newest_key = one.arrived
            self._place(frame.timestamp, one.arrived, Block(0, 0.0, frame.data, frame.key))
        if self._frames.waiting and not before:
            self.cause = self.cause or "malformed"

    def _audio(self, one: Released) -> bool:
        """Place a packet and what it repeats of lost ones; gives whether it could be placed itself."""
        packet = one.packet
        ticks = self.clock.ticks(packet.timestamp)
        missing = one.lost
        payload: bytes | None = packet.payload
        if self._names.get(packet.payload_type) == "red":
            blocks = unwrap(packet.payload)
            payload = None
            for block in blocks or ():
                if self._names.get(block.payload_type) != "opus":
                    continue
                if not block.back:
                    payload = block.payload
                elif missing and self._ticks is not None and ticks - block.back > self._ticks:
                    copied = RAW_CLASS if self._raw_copies else self._goes
                    missing -= self._sound(ticks - block.back, one.arrived, block.payload, copied)
                    self.counts.filled += 1
        if missing > 0:
            self.cause = self.cause or "loss"
        if payload and (self._ticks is None or ticks > self._ticks):
            return self._sound(ticks, one.arrived, payload, self._goes)
        return False

    def _sound(self, ticks: int, arrived: float, payload: bytes, klass: str) -> bool:
        length = opus.ticks(payload)
        if length is None:
            self.counts.refused += 1
            return False
        self._ticks = ticks
        lasts = length * 1000 / opus.CLOCK_RATE
        self._place(ticks, arrived, Block(0, lasts, payload, key=True, klass=klass))
        return True

    def _place(self, ticks: int, arrived: float, block: Block) -> None:
        at = max(round(self._member.room_ms(self.name, ticks, arrived)), self._last + 1, 0)
        if self.end is not None:
            self._hole(at)
        self.cause = None
        lasts = block.lasts or _FRAME_MS
        self._last, self.end = at, at + lasts
        self.blocks.append(Block(at, lasts, block.data, block.key, block.klass))

    def _hole(self, at: int) -> None:
        end = self.end or 0.0
        missing = at - end
        if self.cause is None:
            if missing >= self._limits.stall_ms:
                self.gaps.append(Gap(round(end), at, "stalled"))
        elif missing >= self._limits.gap_ms:
            self.gaps.append(Gap(round(end), at, self.cause))
