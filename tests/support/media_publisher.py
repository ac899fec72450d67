"""A light client that publishes synthetic VP8 and Opus, in real time or packet by packet."""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)

from remote_eval.media.engine import CAMERA, KIND_OF, MICROPHONE, Answered, MediaEngine, MemberId, RoomId
from tests.support.media_link import Link
from tests.support.media_offers import (
    LEVEL_ID,
    MAGIC,
    MID_ID,
    OPUS,
    RED,
    RTX,
    TRAILER,
    VP8,
    WAIT_SECONDS,
    Client,
    media_lines,
    offer_text,
)
from tests.support.waiting import within

# Ticks a second of a kind's media time.
RATES = {"audio": 48_000, "video": 90_000}


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
        await within(WAIT_SECONDS, self.link.checked.wait())
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
                self.send_reports(late=loop.time() - due)
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

    def send_reports(self, ntp: int | None = None, late: float = 0.0) -> None:
        """A sender report for each source; NTP is the loop's clock unless given.

        Its two times are of one moment (RFC 3550 §6.4.1): `late` is how many seconds ago the newest packet
        was due, since a busy machine sends behind the media's own time.
        """
        for one in self.streams.values():
            clock = int(asyncio.get_running_loop().time() * (1 << 32)) if ntp is None else ntp
            place = one.timestamp + round(late * RATES[KIND_OF[one.source]])
            info = RtcpSenderInfo(
                ntp_timestamp=clock,
                rtp_timestamp=place & 0xFFFFFFFF,
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
