"""A member's sending connection: which packet belongs to which track, and what its sender is told.

Packets are known by SSRC as the offer declared it, or by MID (RFC 8843 §9.2) from their first packet on.
Reports, NACK, PLI and the bandwidth cap go back from here; nothing is decoded.
"""

from typing import Final

from remote_eval.media.engine import MemberId
from remote_eval.media.lite import rtcp as wire
from remote_eval.media.lite.codecs import MID
from remote_eval.media.lite.hall import Hall, owner_of
from remote_eval.media.lite.inlet import Inlet
from remote_eval.media.lite.ntp import from_ntp, middle, to_ntp
from remote_eval.media.lite.peer import Peer
from remote_eval.media.lite.rtp import Packet, read_packet, restore, unwrap
from remote_eval.media.lite.sdp import Section
from remote_eval.media.lite.track import Track
from remote_eval.media.lite.uplink import LOOK_MS, Uplink

REPORT_MS: Final = 1000.0
_MAX_ECHOES: Final = 8
_MAX_SSRCS_BY_MID: Final = 16


class Publisher:
    """See the module. `ssrc` is what the engine's own reports come from."""

    def __init__(
        self, room: Hall, member: MemberId, party: tuple[str, str], *, session: int, ssrc: int
    ) -> None:
        self.room = room
        self.member = member
        self.party = party
        # Session id and version of the answers (RFC 8866 §5.2).
        self.session = session
        self.version = 0
        self.ssrc = ssrc
        self.peer: Peer
        self.inlets: dict[str, Inlet] = {}
        self.uplink = Uplink()
        self.rtt_ms: float | None = None
        self.echoes_work = False
        self._by_ssrc: dict[int, tuple[Inlet, bool]] = {}
        self._by_mid_only = 0
        self._mid_id: int | None = None
        self._echoes: dict[int, float] = {}
        self._reported_at = float("-inf")

    def read_sections(self, inlets: dict[str, Inlet], sections: tuple[Section, ...]) -> None:
        """Put these inlets in place; known ones keep their counters."""
        self.inlets = inlets
        self._by_ssrc = {}
        self._by_mid_only = 0
        for section in sections:
            inlet = inlets.get(section.mid)
            if inlet is None:
                continue
            self._mid_id = inlet.choice.extensions.get(MID, self._mid_id)
            repairs = set(section.repairs.values())
            for ssrc in section.ssrcs:
                self._by_ssrc[ssrc] = (inlet, ssrc in repairs)
                if ssrc not in repairs:
                    inlet.ssrc = inlet.ssrc if inlet.ssrc in section.ssrcs else ssrc

    # Packets.

    def rtp(self, data: bytes, now: float) -> None:
        """A plain packet of the connection."""
        packet = read_packet(data)
        if packet is None:
            self.room.refused += 1
            return
        found = self._by_ssrc.get(packet.ssrc) or self._by_mid(packet)
        if found is None:
            self.room.refused += 1
            return
        inlet, is_repair = found
        if is_repair or packet.payload_type == inlet.choice.repair_type:
            self._repaired(inlet, packet, now)
        else:
            self._original(inlet, packet, data, now)

    def _by_mid(self, packet: Packet) -> tuple[Inlet, bool] | None:
        """Learn an SSRC that the offer did not declare, a few of them."""
        mid = packet.extensions.get(self._mid_id or 0, b"").decode("ascii", "replace")
        inlet = self.inlets.get(mid)
        if inlet is None or self._by_mid_only >= _MAX_SSRCS_BY_MID:
            return None
        self._by_mid_only += 1
        found = inlet, packet.payload_type == inlet.choice.repair_type
        self._by_ssrc[packet.ssrc] = found
        return found

    def _original(self, inlet: Inlet, packet: Packet, data: bytes, now: float) -> None:
        codec = inlet.names.get(packet.payload_type)
        if codec is None:
            self.room.refused += 1
            return
        if packet.ssrc != inlet.ssrc:
            inlet.ssrc = packet.ssrc
            if inlet.track is not None:
                inlet.track.renew()
        if inlet.track is not None:
            inlet.ticks = unwrap(packet.timestamp, inlet.ticks, 32)
            media_ms = inlet.ticks * 1000 / inlet.track.clock
            video = inlet.track.kind == "video"
            self.uplink.heard(packet.ssrc, len(data), media_ms, now, video=video)
        level = packet.extensions.get(inlet.level_id)
        self._take(inlet, packet, codec, data, level=level[0] if level else None, now=now)

    def _repaired(self, inlet: Inlet, packet: Packet, now: float) -> None:
        if inlet.ssrc is None or not inlet.choice.codecs:
            return
        codec = inlet.choice.codecs[0]
        found = restore(packet, inlet.ssrc, codec.payload_type)
        # Nothing inside: the sender probes for bandwidth.
        if found is not None:
            original, data = found
            self._take(inlet, original, codec.name, data, level=None, now=now)

    def _take(
        self, inlet: Inlet, packet: Packet, codec: str, data: bytes, *, level: int | None, now: float
    ) -> None:
        track = inlet.track
        if track is None:
            return
        inlet.received += 1
        kept, asked = track.take(packet, codec, level, now)
        if kept is not None:
            for leg in track.legs:
                leg.forward(kept, now)
        self.room.sinks.packet(track, data, self.room.now(now))
        if asked and not self.uplink.is_spared and inlet.choice.has_feedback("nack"):
            self._nack(inlet, track, asked)
        if level is not None:
            told = inlet.speaking.hear(level & 0x7F, now)
            if told is not None:
                self.room.emit("speaking", {"member": owner_of(track.name), "level": told})

    # Reports.

    def rtcp(self, data: bytes, now: float) -> None:
        """A plain compound packet of the connection."""
        for item in wire.read_compound(data):
            if isinstance(item, wire.SenderReport):
                self._sender_report(item, now)
            elif isinstance(item, wire.Echo):
                self._echo(item, now)

    def _sender_report(self, report: wire.SenderReport, now: float) -> None:
        inlet, is_repair = self._by_ssrc.get(report.ssrc, (None, True))
        if inlet is None or is_repair:
            return
        inlet.last_report, inlet.reported_at = middle(report.ntp), now
        track = inlet.track
        if track is not None and track.packets:
            ticks = unwrap(report.timestamp, inlet.ticks, 32)
            self.uplink.reported(report.ssrc, ticks * 1000 / track.clock, from_ntp(report.ntp))
            self.room.sinks.report(track, report.raw, self.room.now(now))
            for leg in track.legs:
                leg.report(report, owner_of(track.name), now)

    def _echo(self, echo: wire.Echo, now: float) -> None:
        sent = self._echoes.pop(echo.last, None)
        if sent is not None:
            self.echoes_work = True
            self.heard_round_trip(max(0.0, now - sent - echo.delay * 1000 / 65536))

    def heard_round_trip(self, rtt_ms: float) -> None:
        """The newest round trip to this member."""
        self.rtt_ms = rtt_ms
        for inlet in self.inlets.values():
            if inlet.track is not None:
                inlet.track.rtt_ms = rtt_ms
                self.room.sinks.round_trip(inlet.track, rtt_ms)

    # Time.

    def tick(self, now: float) -> None:
        """Ask again for what is missing, unless the line is full; report once a second."""
        sending = [inlet for inlet in self.inlets.values() if inlet.track is not None]
        lost = sum(one.track.skipped for one in sending if one.track is not None)
        less = self.uplink.look(now, lost, self._cap_kbps(sending, now))
        for inlet in sending:
            self._mend(inlet, now)
        if now - self._reported_at >= REPORT_MS:
            self._reported_at = now
            self._report(sending, now)
        elif less and (cap := self._cap(sending, now)):
            self._send(cap)

    def _mend(self, inlet: Inlet, now: float) -> None:
        track, is_spared = inlet.track, self.uplink.is_spared
        if track is None:
            return
        again, is_lost = track.missing.due(now, self.rtt_ms, held=is_spared)
        if again and inlet.choice.has_feedback("nack"):
            self._nack(inlet, track, again)
        if is_lost and track.kind == "video":
            track.keyframe.want()
        if is_spared:
            track.keyframe.hold(now + LOOK_MS)

    def ask_keyframe(self, track: Track) -> bool:
        """Send a PLI for a track of this connection; False when it is not of this connection."""
        for inlet in self.inlets.values():
            if inlet.track is track:
                if inlet.ssrc is not None:
                    self._send(wire.write_pli(self.ssrc, inlet.ssrc))
                return True
        return False

    def _nack(self, inlet: Inlet, track: Track, numbers: list[int]) -> None:
        if inlet.ssrc is not None:
            asked = [track.to_source(number) for number in numbers]
            self._send(wire.write_nack(self.ssrc, inlet.ssrc, asked))

    def _report(self, sending: list[Inlet], now: float) -> None:
        blocks = [self._block(inlet, now) for inlet in sending if inlet.ssrc is not None and inlet.received]
        ntp = to_ntp(self.room.wall(now))
        self._echoes[middle(ntp)] = now
        if len(self._echoes) > _MAX_ECHOES:
            self._echoes.pop(next(iter(self._echoes)))
        self.peer.send_rtcp(
            wire.write_receiver_report(self.ssrc, blocks)
            + wire.write_cname(self.ssrc, "engine")
            + wire.write_reference_time(self.ssrc, ntp)
            + self._cap(sending, now)
        )

    def _cap(self, sending: list[Inlet], now: float) -> bytes:
        capped = [one.ssrc for one in _capped(sending) if one.ssrc is not None]
        if not capped:
            return b""
        # Browsers take all of it for the pictures: they do not count voices against it.
        kbps = self.uplink.video_kbps(self._cap_kbps(sending, now))
        return wire.write_remb(self.ssrc, kbps * 1000, capped)

    def _cap_kbps(self, sending: list[Inlet], now: float) -> float:
        """The room's cap of each picture, or what a line further on takes of it."""
        tracks = [one.track for one in _capped(sending) if one.track is not None]
        return sum(min(self.room.spec.video_kbps, track.limit_kbps(now)) for track in tracks)

    def _block(self, inlet: Inlet, now: float) -> bytes:
        track = inlet.track
        expected = 0 if track is None else track.expected - inlet.expected_before
        received = inlet.received - inlet.received_before
        share = max(0.0, (expected - received) / expected) if expected > 0 else 0.0
        if track is not None:
            inlet.expected_before = track.expected
        inlet.received_before = inlet.received
        delay = int((now - inlet.reported_at) * 65.536) if inlet.last_report else 0
        return wire.write_block(
            inlet.ssrc or 0,
            lost=share,
            total_lost=0 if track is None else track.expected - track.packets,
            highest=0 if track is None else track.to_source(track.highest),
            jitter=0,
            last=inlet.last_report,
            delay=delay,
        )

    def _send(self, packet: bytes) -> None:
        """Feedback travels behind a report (RFC 3550 §6.1)."""
        self.peer.send_rtcp(wire.write_receiver_report(self.ssrc, ()) + packet)


def _capped(sending: list[Inlet]) -> list[Inlet]:
    return [one for one in sending if one.ssrc is not None and one.choice.has_feedback("goog-remb")]
