"""A light client that views: what arrived, gaps asked for again, loss and delay by the trailers."""

import asyncio
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)
from aiortc.sdp import SessionDescription

from remote_eval.media.engine import ENGINE_OFFERS, KIND_OF, MediaEngine, MemberId, Offered, RoomId, TrackId
from tests.support.media_link import Link
from tests.support.media_offers import (
    MAGIC,
    NACK_SECONDS,
    TRAILER,
    WAIT_SECONDS,
    Client,
    media_lines,
    offer_text,
)
from tests.support.waiting import within


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One packet at a viewer; `index` and `sent` are the publisher's."""

    payload_type: int
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    extension: bytes
    index: int
    sent: float
    arrived: float
    is_repair: bool


class Viewer(Client):
    """Receives tracks of a member; what arrived is in `arrived` by track."""

    def __init__(self, engine: MediaEngine, room: RoomId, member: MemberId, link: Link) -> None:
        super().__init__(engine, room, member, link)
        link.hear_rtp = self.hear_rtp
        self.arrived: dict[TrackId, list[Arrived]] = defaultdict(list)
        self.reports: dict[TrackId, list[RtcpSrPacket]] = defaultdict(list)
        self.unknown = 0
        self.wants: dict[str, TrackId] = {}
        self.refused: Mapping[TrackId, str] = {}
        self.red = False
        self.repairs = True
        self._sections: dict[str, list[str]] = {}
        self._by_ssrc: dict[int, tuple[TrackId, bool]] = {}
        self._seen: dict[int, int] = {}
        self._missing: dict[int, set[int]] = defaultdict(set)
        self._changed = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    @classmethod
    async def join(
        cls,
        engine: MediaEngine,
        room: RoomId,
        member: MemberId,
        wants: Sequence[TrackId],
        *,
        red: bool = False,
        link: Link | None = None,
    ) -> "Viewer":
        """Negotiate and connect, whoever offers."""
        client = cls(engine, room, member, link or await Link.open())
        client.red = red
        await client.want(wants)
        return await client.connected()

    async def want(self, tracks: Sequence[TrackId]) -> Mapping[TrackId, str]:
        """View these tracks from now on, others not; gives refusals by track."""
        if ENGINE_OFFERS in self.engine.capabilities:
            return await self._want_offered(tracks)
        answered = await self.engine.view(self.room, self.member, self.offer_for(tracks), self.wants)
        self.learn(self.link.take(answered.sdp), self.wants)
        self.refused = {self.wants[mid]: code for mid, code in answered.refused.items()}
        return self.refused

    def offer_for(self, tracks: Sequence[TrackId]) -> str:
        """An offer to receive these tracks and no others; `wants` tells them by mid."""
        for track in tracks:
            if track not in self.wants.values():
                kind = KIND_OF[track.rpartition("/")[2]]
                mid = str(len(self._sections))
                self._sections[mid] = media_lines(kind, mid, "recvonly", red=self.red)
                self.wants[mid] = track
        for mid, track in self.wants.items():
            state = "recvonly" if track in tracks else "inactive"
            kind = KIND_OF[track.rpartition("/")[2]]
            self._sections[mid] = media_lines(kind, mid, state, red=self.red)
        return self.offer()

    def offer(self) -> str:
        """An offer to receive."""
        return offer_text(self.link, list(self._sections.values()), list(self._sections))

    async def _want_offered(self, tracks: Sequence[TrackId]) -> Mapping[TrackId, str]:
        offered = await self.engine.offer_view(self.room, self.member, tracks)
        await self._answer(offered)
        self.refused = dict(offered.refused)
        return self.refused

    async def _answer(self, offered: Offered) -> None:
        if not offered.sdp:
            return
        read = self.link.take(offered.sdp)
        self.wants = dict(offered.mids)
        self.learn(read, offered.mids)
        sections = [
            media_lines(
                one.kind,
                one.rtp.muxId,
                "recvonly" if one.direction == "sendonly" else "inactive",
                red=self.red,
            )
            for one in read.media
        ]
        # Who offers may choose to begin the DTLS handshake (RFC 5763 §5).
        setup = "passive" if "a=setup:active" in offered.sdp else "active"
        text = offer_text(self.link, sections, [one.rtp.muxId for one in read.media], setup)
        await self.engine.answer_view(self.room, self.member, text)

    async def restart(self) -> None:
        """An ICE restart, whoever offers."""
        self.link.refresh_ice()
        if ENGINE_OFFERS in self.engine.capabilities:
            tracks = list(self.wants.values())
            await self._answer(await self.engine.offer_view(self.room, self.member, tracks, restart=True))
        else:
            answered = await self.engine.restart(self.room, self.member, "view", self.offer())
            self.link.take(answered.sdp)
        await within(WAIT_SECONDS, self.link.checked.wait())

    def learn(self, read: SessionDescription, mids: Mapping[str, TrackId]) -> None:
        """Which SSRC is whose, from the engine's description."""
        for one in read.media:
            track = mids.get(one.rtp.muxId)
            repairs = {
                ssrc for group in one.ssrc_group if group.semantic == "FID" for ssrc in group.items[1:]
            }
            for described in one.ssrc:
                if track is not None:
                    self._by_ssrc[described.ssrc] = (track, described.ssrc in repairs)

    def hear_rtp(self, data: bytes, now: float) -> None:
        """A packet from the engine."""
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        found = self._by_ssrc.get(ssrc)
        if found is None:
            self.unknown += 1
            return
        track, is_repair = found
        at = 12
        if first & 0x10:
            at += 4 + 4 * int.from_bytes(data[14:16], "big")
        extension, payload = data[16:at], data[at:]
        if is_repair:
            sequence, payload = int.from_bytes(payload[:2], "big"), payload[2:]
        main = next(one for one, (name, repair) in self._by_ssrc.items() if name == track and not repair)
        self._look_for_gaps(main, sequence)
        magic, index, sent = (
            TRAILER.unpack_from(payload, len(payload) - TRAILER.size)
            if len(payload) >= TRAILER.size
            else (b"", 0, now)
        )
        self.arrived[track].append(
            Arrived(
                payload_type=second & 0x7F,
                sequence=sequence,
                timestamp=timestamp,
                marker=second > 127,
                payload=payload,
                extension=extension,
                index=index if magic == MAGIC else 0,
                sent=sent if magic == MAGIC else now,
                arrived=now,
                is_repair=is_repair,
            )
        )
        self._changed.set()

    def _look_for_gaps(self, ssrc: int, sequence: int) -> None:
        before = self._seen.get(ssrc)
        self._missing[ssrc].discard(sequence)
        ahead = 1 if before is None else (sequence - before) & 0xFFFF
        if ahead >= 0x8000:
            return
        self._seen[ssrc] = sequence
        if 1 < ahead < 100 and self.repairs:
            self._missing[ssrc] |= {(sequence - back) & 0xFFFF for back in range(1, ahead)}
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        for _ in range(20):
            if not any(self._missing.values()):
                return
            for ssrc, missing in self._missing.items():
                if missing:
                    self.nack(ssrc, sorted(missing))
            await asyncio.sleep(NACK_SECONDS)

    def nack(self, ssrc: int, sequences: list[int]) -> None:
        """Say what is missing."""
        packet = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=ssrc, lost=sequences)
        self.link.send_rtcp(bytes(packet))

    def ask_keyframe(self, track: TrackId) -> None:
        """A picture loss indication."""
        packet = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=self.ssrc(track))
        self.link.send_rtcp(bytes(packet))

    def report(self, track: TrackId, *, fraction_lost: int, last: int = 0, delay: int = 0) -> None:
        """A receiver report; `fraction_lost` of 256 is also that of all packets since the first."""
        arrived = self.arrived[track]
        passed = arrived[-1].index - arrived[0].index if arrived else 0
        info = RtcpReceiverInfo(
            ssrc=self.ssrc(track),
            fraction_lost=fraction_lost,
            packets_lost=passed * fraction_lost // 256,
            highest_sequence=arrived[0].sequence + passed if arrived else 0,
            jitter=0,
            lsr=last,
            dlsr=delay,
        )
        self.link.send_rtcp(bytes(RtcpRrPacket(ssrc=1, reports=[info])))

    async def report_distance(self, track: TrackId) -> None:
        """Answer a sender report two packets late, as a viewer 20 ms or more away would at once: there are
        engines that keep nothing for a repair before they know how far away a viewer is."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.reports[track]:
                await self.changed()
            sent = self.reports[track][-1].sender_info.ntp_timestamp
            due = len(self.arrived[track]) + 4
            while len(self.arrived[track]) < due:
                await self.changed()
        self.report(track, fraction_lost=0, last=sent >> 16 & 0xFFFFFFFF)

    def ssrc(self, track: TrackId) -> int:
        """The engine's SSRC for a track."""
        return next(one for one, (name, repair) in self._by_ssrc.items() if name == track and not repair)

    def hear_rtcp(self, data: bytes, _now: float) -> None:
        """Sender reports from the engine."""
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpSrPacket) and packet.ssrc in self._by_ssrc:
                self.reports[self._by_ssrc[packet.ssrc][0]].append(packet)
                self._changed.set()

    async def until(self, track: TrackId, index: int) -> Arrived:
        """Wait for a packet with this number of its publisher or a later one."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = next((one for one in reversed(self.arrived[track]) if one.index >= index), None)
                if found is not None:
                    return found
                await self.changed()

    async def changed(self) -> None:
        """Wait for anything to arrive."""
        self._changed.clear()
        await within(WAIT_SECONDS, self._changed.wait())

    def indices(self, track: TrackId) -> set[int]:
        """Numbers that arrived."""
        return {one.index for one in self.arrived[track]}

    def delays_ms(self, track: TrackId) -> list[float]:
        """From sending to arrival, for packets that were not repaired."""
        return [(one.arrived - one.sent) * 1000 for one in self.arrived[track] if not one.is_repair]

    async def close(self, *, silently: bool = False) -> None:
        """Go away."""
        if self._asking is not None:
            self._asking.cancel()
        await super().close(silently=silently)
