"""Light clients of a media engine: publish synthetic VP8 and Opus, view, and count what arrives.

No codec runs: payloads carry a true VP8 descriptor and frame header or an Opus table of contents, filler, and
a trailer of packet number and time of sending, so that loss and delay show at the viewer.
"""

import asyncio
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)
from aiortc.sdp import SessionDescription

from remote_eval.media.engine import (
    CAMERA,
    ENGINE_OFFERS,
    KIND_OF,
    MICROPHONE,
    Answered,
    MediaEngine,
    MemberId,
    Offered,
    RoomId,
    TrackId,
)
from tests.support.media_link import Link

WAIT_SECONDS = 8.0
TRAILER = struct.Struct("!4sId")
MAGIC = b"pkt:"
OPUS, RED, VP8, RTX = 111, 63, 96, 97
LEVEL_ID, MID_ID = 1, 4
NACK_SECONDS = 0.06


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


@dataclass(slots=True)
class Outgoing:
    """One source of a publisher: its stream as it stands."""

    mid: str
    source: str
    ssrc: int
    repair_ssrc: int
    sequence: int
    timestamp: int
    index: int = 0
    wants_keyframe: bool = True
    repair_sequence: int = 1000
    kept: dict[int, bytes] = field(default_factory=dict)
    requests: int = 0
    nacked: int = 0
    remb: int = 0


def media_lines(kind: str, mid: str, direction: str, *, red: bool = False) -> list[str]:
    """An m-line as browsers write it, without transport."""
    if kind == "audio":
        formats = f"{RED} {OPUS}" if red else f"{OPUS}"
        lines = [f"m=audio 9 UDP/TLS/RTP/SAVPF {formats}", f"a=rtpmap:{OPUS} opus/48000/2"]
        lines += [f"a=fmtp:{OPUS} minptime=10;useinbandfec=1"]
        lines += [f"a=rtpmap:{RED} red/48000/2", f"a=fmtp:{RED} {OPUS}/{OPUS}"] if red else []
        lines += [f"a=extmap:{LEVEL_ID} urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
    else:
        lines = [f"m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}", f"a=rtpmap:{VP8} VP8/90000"]
        lines += [f"a=rtcp-fb:{VP8} {what}" for what in ("nack", "nack pli", "ccm fir", "goog-remb")]
        lines += [f"a=rtpmap:{RTX} rtx/90000", f"a=fmtp:{RTX} apt={VP8}"]
    lines[1:1] = ["c=IN IP4 0.0.0.0", "a=rtcp-mux", f"a=mid:{mid}", f"a={direction}"]
    return [*lines, f"a=extmap:{MID_ID} urn:ietf:params:rtp-hdrext:sdes:mid"]


def offer_text(link: Link, sections: Sequence[list[str]], mids: Sequence[str], setup: str = "actpass") -> str:
    """A whole offer (or answer) of one bundle."""
    link.version += 1
    head = ["v=0", f"o=- {link.session} {link.version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    head += ["a=group:BUNDLE " + " ".join(mids)]
    transport = [f"a=ice-ufrag:{link.ufrag}", f"a=ice-pwd:{link.password}"]
    transport += [f"a=fingerprint:sha-256 {link.fingerprint}", f"a=setup:{setup}"]
    lines = head + [line for section in sections for line in section + transport]
    return "\r\n".join(lines) + "\r\n"


class Client:
    """What both clients share."""

    def __init__(self, engine: MediaEngine, room: RoomId, member: MemberId, link: Link) -> None:
        self.engine = engine
        self.room = room
        self.member = member
        self.link = link
        link.hear_rtcp = self.hear_rtcp

    def hear_rtcp(self, data: bytes, _now: float) -> None:
        """A compound packet from the engine."""

    async def connected(self) -> Self:
        """Wait for DTLS."""
        await asyncio.wait_for(self.link.connected.wait(), WAIT_SECONDS)
        return self

    async def close(self, *, silently: bool = False) -> None:
        """Go away."""
        await self.link.close(silently=silently)


class Publisher(Client):
    """Sends sources of a member; `play` sends in real time until it is cancelled, `send_*` at once."""

    def __init__(
        self,
        engine: MediaEngine,
        room: RoomId,
        member: MemberId,
        link: Link,
        sources: Sequence[str] = (CAMERA, MICROPHONE),
        *,
        red: bool = False,
    ) -> None:
        super().__init__(engine, room, member, link)
        self.red = red
        self.level = 127
        self.streams = {
            source: Outgoing(
                mid=str(number),
                source=source,
                ssrc=0x1000 + 16 * number + link.session % 0xFFF * 0x1000,
                repair_ssrc=0x1001 + 16 * number + link.session % 0xFFF * 0x1000,
                sequence=65_500,
                timestamp=0xFFFF0000,
            )
            for number, source in enumerate(sources)
        }
        self.answered: Answered | None = None
        self._playing: asyncio.Task[None] | None = None

    @classmethod
    async def join(
        cls,
        engine: MediaEngine,
        room: RoomId,
        member: MemberId,
        sources: Sequence[str] = (CAMERA, MICROPHONE),
        *,
        red: bool = False,
        link: Link | None = None,
    ) -> "Publisher":
        """Negotiate and connect."""
        client = cls(engine, room, member, link or await Link.open(), sources, red=red)
        await client.negotiate()
        return await client.connected()

    def offer(self) -> str:
        """An offer to send."""
        sections = []
        for one in self.streams.values():
            kind = KIND_OF[one.source]
            lines = media_lines(kind, one.mid, "sendonly", red=self.red)
            if kind == "video":
                lines.append(f"a=ssrc-group:FID {one.ssrc} {one.repair_ssrc}")
                lines.append(f"a=ssrc:{one.repair_ssrc} cname:client")
            sections.append([*lines, f"a=ssrc:{one.ssrc} cname:client"])
        return offer_text(self.link, sections, [one.mid for one in self.streams.values()])

    @property
    def sources(self) -> dict[str, str]:
        """Sources by mid."""
        return {one.mid: one.source for one in self.streams.values()}

    async def negotiate(self) -> Answered:
        """Offer, and take the answer."""
        self.answered = await self.engine.publish(self.room, self.member, self.offer(), self.sources)
        self.link.take(self.answered.sdp)
        return self.answered

    async def restart(self) -> Answered:
        """An ICE restart."""
        self.link.refresh_ice()
        answered = await self.engine.restart(self.room, self.member, "publish", self.offer())
        self.link.take(answered.sdp)
        await asyncio.wait_for(self.link.checked.wait(), WAIT_SECONDS)
        return answered

    # Sending.

    def play(self) -> None:
        """Send pictures and voice in real time from now on."""
        self._playing = asyncio.create_task(self._play())

    async def stop(self) -> None:
        """Send no more."""
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait([self._playing])
            self._playing = None

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        count = 0
        while True:
            for one in self.streams.values():
                if KIND_OF[one.source] == "audio":
                    self.send_voice(one.source)
                elif count % 2 == 0:
                    self.send_frame(one.source)
            if count % 10 == 0:
                self.send_reports()
            count += 1
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    def send_voice(self, source: str = MICROPHONE) -> int:
        """One packet of 20 ms; gives its number."""
        one = self.streams[source]
        one.timestamp += 960
        body = b"\xf8" + bytes(60) + self._trailer(one)
        payload_type = OPUS
        if self.red:
            # One block of redundancy (the same length, empty) before the new one.
            block = struct.pack("!I", 1 << 31 | OPUS << 24 | 960 << 10 | 20) + bytes((OPUS,))
            payload_type, body = RED, block + bytes(20) + body
        self._send(one, payload_type, body, marker=False, level=self.level)
        return one.index

    def send_frame(self, source: str = CAMERA, *, key: bool = False, packets: int = 3) -> int:
        """One picture in so many packets, a keyframe when asked; gives the number of its last packet."""
        one = self.streams[source]
        one.timestamp += 3600
        is_key = key or one.wants_keyframe
        one.wants_keyframe = False
        for number in range(packets):
            first = number == 0
            descriptor = b"\x10" if first else b"\x00"
            frame = (
                (b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01" if is_key else b"\x11\x02\x00") if first else b""
            )
            payload = descriptor + frame + bytes(900) + self._trailer(one)
            self._send(one, VP8, payload, marker=number == packets - 1)
        return one.index

    def _trailer(self, one: Outgoing) -> bytes:
        one.index += 1
        return TRAILER.pack(MAGIC, one.index, asyncio.get_running_loop().time())

    def _send(
        self, one: Outgoing, payload_type: int, payload: bytes, *, marker: bool, level: int | None = None
    ) -> None:
        one.sequence = (one.sequence + 1) & 0xFFFF
        extension = struct.pack("!BB", MID_ID << 4 | len(one.mid) - 1, ord(one.mid))
        if level is not None:
            extension += struct.pack("!BB", LEVEL_ID << 4, level)
        extension += bytes(-len(extension) % 4)
        head = struct.pack(
            "!BBHII",
            0x90,
            payload_type | (0x80 if marker else 0),
            one.sequence,
            one.timestamp & 0xFFFFFFFF,
            one.ssrc,
        )
        packet = head + struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension + payload
        one.kept[one.sequence] = head[:1].replace(b"\x90", b"\x80") + head[1:] + payload
        self.link.send_rtp(packet)

    def send_reports(self, ntp: int | None = None) -> None:
        """A sender report for each source; NTP is the loop's clock unless given."""
        for one in self.streams.values():
            clock = int(asyncio.get_running_loop().time() * (1 << 32)) if ntp is None else ntp
            info = RtcpSenderInfo(
                ntp_timestamp=clock,
                rtp_timestamp=one.timestamp & 0xFFFFFFFF,
                packet_count=one.index,
                octet_count=one.index * 100,
            )
            self.link.send_rtcp(bytes(RtcpSrPacket(ssrc=one.ssrc, sender_info=info)))

    def hear_rtcp(self, data: bytes, _now: float) -> None:
        """NACK, PLI, REMB from the engine."""
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
                self._resend(packet.media_ssrc, packet.lost)
            elif isinstance(packet, RtcpPsfbPacket):
                for one in self.streams.values():
                    if packet.fmt == RTCP_PSFB_PLI and packet.media_ssrc == one.ssrc:
                        one.wants_keyframe = True
                        one.requests += 1
                    elif packet.fmt == 15 and one.ssrc.to_bytes(4, "big") in packet.fci:
                        one.remb = int.from_bytes(packet.fci[6:8], "big") + ((packet.fci[5] & 3) << 16)
                        one.remb <<= packet.fci[5] >> 2

    def _resend(self, ssrc: int, lost: list[int]) -> None:
        one = next(one for one in self.streams.values() if one.ssrc == ssrc)
        for sequence in lost:
            packet = one.kept.get(sequence)
            if packet is None:
                continue
            one.nacked += 1
            one.repair_sequence += 1
            head = struct.pack("!BBH", 0x80, RTX | packet[1] & 0x80, one.repair_sequence) + packet[4:8]
            self.link.send_rtp(head + struct.pack("!IH", one.repair_ssrc, sequence) + packet[12:])


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
        answered = await self.engine.view(self.room, self.member, self.offer(), self.wants)
        self.learn(self.link.take(answered.sdp), self.wants)
        self.refused = {self.wants[mid]: code for mid, code in answered.refused.items()}
        return self.refused

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
        await asyncio.wait_for(self.link.checked.wait(), WAIT_SECONDS)

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
        """A receiver report; `fraction_lost` of 256."""
        info = RtcpReceiverInfo(
            ssrc=self.ssrc(track),
            fraction_lost=fraction_lost,
            packets_lost=0,
            highest_sequence=0,
            jitter=0,
            lsr=last,
            dlsr=delay,
        )
        self.link.send_rtcp(bytes(RtcpRrPacket(ssrc=1, reports=[info])))

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
        await asyncio.wait_for(self._changed.wait(), WAIT_SECONDS)

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
