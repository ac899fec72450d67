"""One track on its way to one member: own SSRC, numbers and times, repair from the track's ring.

A leg that is off forwards nothing at all. Video begins, also after a switch or a pause, with a keyframe.
Sans-I/O: `send_rtp` takes plain packets.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from remote_eval.media.engine import LegStats, MemberId
from remote_eval.media.lite import rtcp as wire
from remote_eval.media.lite.ring import Kept
from remote_eval.media.lite.rtp import red_primary, red_with_type, unwrap, write_header, write_level_header
from remote_eval.media.lite.track import Track

# Retransmissions that one leg may cause: a second's video at once, then this many a second.
_BURST: Final = 300.0
_PER_MS: Final = 0.3
_MAX_REPORTS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What a member's m-line takes: payload types by encoding, SSRCs, id of ssrc-audio-level or None."""

    mid: str
    ssrc: int
    repair_ssrc: int | None
    types: dict[str, int]
    repair_type: int | None
    level_id: int | None


class Leg:
    """See the module. `sequence` is where the numbers begin, a random 15-bit figure."""

    def __init__(
        self,
        track: Track,
        member: MemberId,
        outlet: Outlet,
        *,
        sequence: int,
        send_rtp: Callable[[bytes], None],
        send_rtcp: Callable[[bytes], None],
        is_open: Callable[[], bool] = lambda: True,
    ) -> None:
        self.track = track
        self.member = member
        self.outlet = outlet
        self.is_on = False
        self.packets = 0
        self.octets = 0
        self.retransmitted = 0
        self.fraction_lost = 0.0
        self._send_rtp = send_rtp
        self._send_rtcp = send_rtcp
        # Whether the member can be sent to: before, a keyframe that was asked for would come too early.
        self._is_open = is_open
        self._runs = False
        self._offset = 0
        self._first = 0
        self._highest = -1
        self._sent = sequence - 1
        self._shift = 0
        self._is_switched = False
        self._last: tuple[int, float] | None = None
        self._repair_sequence = sequence
        self._tokens = _BURST
        self._tokens_at = 0.0
        self._reports: OrderedDict[int, float] = OrderedDict()

    def turn(self, *, on: bool) -> None:
        """Let it carry or not."""
        self.is_on = on
        self._runs = False
        self.wake()

    def wake(self) -> None:
        """Ask for a keyframe, if the member can be sent one."""
        if self.is_on and self.track.kind == "video" and self._is_open():
            self.track.keyframe.want()

    def switch(self, track: Track) -> None:
        """Carry another track of the same kind from its next keyframe or packet on; numbers go on."""
        self.track.legs.remove(self)
        self.track = track
        track.legs.append(self)
        self._is_switched = self._last is not None
        self.turn(on=self.is_on)

    def forward(self, kept: Kept, now: float) -> None:
        """Send a packet on, if the leg is on."""
        if not self.is_on:
            return
        if not self._runs:
            if not self._is_open():
                return
            if self.track.kind == "video" and not kept.is_keyframe:
                self.track.keyframe.want() if not self.track.keyframe.is_wanted else None
                return
            self._begin(kept, now)
        if kept.number < self._first:
            return
        packet = self._write(kept)
        if packet is None:
            return
        if kept.number > self._highest:
            self._highest = kept.number
            self._sent = kept.number + self._offset
            self._last = (kept.timestamp + self._shift, now)
        self.packets += 1
        self.octets += len(kept.payload)
        self._send_rtp(packet)

    def _begin(self, kept: Kept, now: float) -> None:
        self._runs = True
        self._first = kept.number
        self._highest = kept.number - 1
        self._offset = self._sent + 1 - kept.number
        if self._is_switched and self._last is not None:
            timestamp, at = self._last
            passed = max(1, int((now - at) * self.track.clock / 1000))
            self._shift = timestamp + passed - kept.timestamp
        self._is_switched = False

    def _write(self, kept: Kept) -> bytes | None:
        """The packet as this leg sends it, or None for what the member cannot take."""
        outlet, payload, codec = self.outlet, kept.payload, kept.codec
        if codec == "red":
            opus = outlet.types.get("opus")
            if "red" not in outlet.types:
                payload, codec = red_primary(payload) or b"", "opus"
            elif opus is not None and opus != self.track.opus_type:
                payload = red_with_type(payload, opus)
        payload_type = outlet.types.get(codec)
        if payload_type is None:
            return None
        number, timestamp = kept.number + self._offset, kept.timestamp + self._shift
        if outlet.level_id is None or kept.level is None:
            return write_header(payload_type, kept.marker, number, timestamp, outlet.ssrc) + payload
        head = write_level_header(
            payload_type,
            kept.marker,
            number,
            timestamp,
            outlet.ssrc,
            name=outlet.level_id,
            level=kept.level,
        )
        return head + payload

    def resend(self, sequences: tuple[int, ...], now: float) -> None:
        """Answer a NACK from the ring, as RTX where negotiated (RFC 4588), within the leg's allowance."""
        if not (self.is_on and self._runs):
            return
        self._tokens = min(_BURST, self._tokens + (now - self._tokens_at) * _PER_MS)
        self._tokens_at = now
        for sequence in sequences:
            number = unwrap(sequence, self._highest + self._offset, 16) - self._offset
            kept = self.track.ring.get(number) if self._first <= number <= self._highest else None
            if kept is None or self._tokens < 1:
                continue
            self._tokens -= 1
            self._resend(kept)

    def _resend(self, kept: Kept) -> None:
        packet = self._write(kept)
        if packet is None:
            return
        repair_ssrc, repair_type = self.outlet.repair_ssrc, self.outlet.repair_type
        if repair_ssrc is not None and repair_type is not None:
            head = write_header(
                repair_type,
                kept.marker,
                self._repair_sequence,
                kept.timestamp + self._shift,
                repair_ssrc,
            )
            self._repair_sequence += 1
            packet = head + packet[2:4] + packet[12:]
        self.retransmitted += 1
        self._send_rtp(packet)

    def report(self, report: wire.SenderReport, name: str, now: float) -> None:
        """Pass a sender report on: the sender's wall clock stays, RTP time is the leg's."""
        if not (self.is_on and self._runs):
            return
        ssrc = self.outlet.ssrc
        timestamp = self.track.from_source(report.timestamp) + self._shift
        written = wire.write_sender_report(ssrc, report.ntp, timestamp, self.packets, self.octets)
        self._reports[report.ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._reports) > _MAX_REPORTS:
            self._reports.popitem(last=False)
        self._send_rtcp(written + wire.write_cname(ssrc, name))

    def heard(self, block: wire.Block, now: float) -> float | None:
        """Take the member's report block; gives the round-trip time in milliseconds when it tells one."""
        self.fraction_lost = block.lost
        sent = self._reports.get(block.last_report)
        if sent is None:
            return None
        return max(0.0, now - sent - block.delay * 1000 / 65536)

    def stats(self) -> LegStats:
        """Counters and the member's last report."""
        return LegStats(
            track=self.track.name,
            member=self.member,
            packets=self.packets,
            fraction_lost=self.fraction_lost,
            retransmitted=self.retransmitted,
        )
