"""Load for a media engine: publishers of VGA and voice, viewers that count every packet, in one process.

A publisher sends 25 pictures of three packets and 50 packets of voice a second, some 600 kbit/s. A viewer
reads the number of every packet; each tenth it decrypts, for the time of sending that every payload ends in.
The time of arrival is the kernel's (SO_TIMESTAMPNS): what a busy viewer does later is not the engine's delay.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCCertificate

from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    Grants,
    MediaEngine,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
    track_id,
)
from tests.support.media_clients import Outgoing, Publisher, Viewer
from tests.support.media_link import Link
from tests.support.media_offers import MAGIC, TRAILER

ROOM = RoomId("load")
BOTH = (CAMERA, MICROPHONE)
UNRECORDED = RoomSpec(opened_at=0, record=None, max_members=256)
EACH = 10
BUFFER = 8 << 20
BATCH = 200
SO_TIMESTAMPNS = 35
_HEAD = struct.Struct("!BBHII")
_TIME = struct.Struct("qq")
Hear = Callable[[bytes, float], None]


class Wire:
    """A UDP socket that reads datagrams with the kernel's time of arrival."""

    def __init__(self, host: str, hear: Callable[[bytes, tuple[str, int], float], None]) -> None:
        self._hear = hear
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - socket takes no keyword
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((host, 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)
        self._closing = False

    def _readable(self) -> None:
        for _ in range(BATCH):
            if self._closing:
                return
            try:
                data, told, _, source = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = _TIME.unpack(told[0][2])
            self._hear(data, source, seconds + nanoseconds / 1e9)

    def sendto(self, data: bytes, where: tuple[str, int]) -> None:
        """Send, or lose, a datagram."""
        try:
            self._socket.sendto(data, where)
        except BlockingIOError:
            return

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._closing

    def close(self) -> None:
        """Read no more."""
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._socket)
            self._socket.close()


class TimedLink(Link):
    """A link whose media goes to `hear` as it came, with its time of arrival in seconds since 1970."""

    hear: Hear | None = None

    async def _bind(self, host: str) -> None:
        self._socket: Any = Wire(host, self._arrived)

    def _arrived(self, data: bytes, source: tuple[str, int], at: float) -> None:
        if self.hear is not None and data[0] >= 128 and not 192 <= data[1] <= 223:
            if self.connected.is_set():
                self.hear(data, at)
        else:
            self.datagram_received(data, source)

    def plain(self, data: bytes) -> bytes:
        """Decrypt a packet."""
        opened: bytes = self._dtls._rx_srtp.unprotect(data)  # noqa: SLF001 - as `Link` does
        return opened


class Sender(Publisher):
    """A publisher whose packets end in the wall clock's time of sending."""

    def _trailer(self, one: Outgoing) -> bytes:
        one.index += 1
        return TRAILER.pack(MAGIC, one.index, time.time())


@dataclass(slots=True)
class Count:
    """One leg as it arrived; numbers are extended."""

    highest: int
    first: int
    packets: int = 1


class Counter(Viewer):
    """A viewer that counts. `first_frame` is set by the first packet of a keyframe."""

    def begin(self) -> None:
        """Count from now on."""
        self.counts: dict[int, Count] = {}
        self.delays_ms_seen: list[float] = []
        self.first_frame = asyncio.Event()
        assert isinstance(self.link, TimedLink)
        self._timed = self.link
        self._timed.hear = self._heard

    async def pictured(self) -> None:
        """Wait for a keyframe; who sees none for half a second asks again, as browsers do."""
        async with asyncio.timeout(8):
            while not self.first_frame.is_set():
                try:
                    async with asyncio.timeout(0.5):
                        await self.first_frame.wait()
                except TimeoutError:
                    for track in self.wants.values():
                        if track.endswith(CAMERA):
                            self.ask_keyframe(track)

    def reset(self) -> None:
        """Forget what was counted."""
        for count in self.counts.values():
            count.first, count.packets = count.highest, 1
        self.delays_ms_seen.clear()

    def _heard(self, data: bytes, at: float) -> None:
        _, second, sequence, _, ssrc = _HEAD.unpack_from(data)
        count = self.counts.get(ssrc)
        if count is None:
            self.counts[ssrc] = Count(sequence, sequence)
        else:
            ahead = (sequence - count.highest) & 0xFFFF
            if ahead < 0x8000:
                count.highest += ahead
            count.packets += 1
        # The first of each stream as well: SRTP counts the turns of its numbers from there.
        if count is not None and count.packets % EACH and self.first_frame.is_set():
            return
        plain = self._timed.plain(data)
        if second & 0x7F != 111 and not self.first_frame.is_set() and b"\x9d\x01\x2a" in plain[:48]:
            self.first_frame.set()
        magic, _, sent = TRAILER.unpack_from(plain, len(plain) - TRAILER.size)
        if magic == MAGIC:
            self.delays_ms_seen.append((at - sent) * 1000)

    def figures(self) -> tuple[int, int]:
        """Packets that should have come, and packets that came. Raises RuntimeError for a leg that carried
        nothing since the last reset: nothing of it would be counted as lost.
        """
        run = sum(one.packets > 1 for one in self.counts.values())
        if not run == len(self.counts) == len(self.wants):
            raise RuntimeError(f"{self.member}: {run} of {len(self.wants)} legs ran")
        expected = sum(one.highest - one.first + 1 for one in self.counts.values())
        return expected, sum(one.packets for one in self.counts.values())


@dataclass(slots=True)
class Load:
    """A room with senders and viewers; each viewer sees and hears every sender."""

    engine: MediaEngine
    senders: list[Sender] = field(default_factory=list)
    viewers: list[Counter] = field(default_factory=list)
    certificate: RTCCertificate = field(default_factory=RTCCertificate.generateCertificate)

    async def begin(self, senders: int, viewers: int, spec: RoomSpec = UNRECORDED) -> None:
        """Open the room and let everybody in."""
        await self.engine.open_room(ROOM, spec)
        for number in range(senders):
            await self._send(MemberId(f"mem_s{number}"))
        for number in range(viewers):
            self.viewers.append(await self.view(MemberId(f"mem_v{number}"), self.tracks))

    @property
    def tracks(self) -> list[TrackId]:
        """All that is published."""
        return [track_id(one.member, source) for one in self.senders for source in BOTH]

    async def _send(self, member: MemberId) -> None:
        await self.engine.admit(ROOM, member, Grants(publish=frozenset(BOTH)))
        sender = Sender(self.engine, ROOM, member, await TimedLink.open(certificate=self.certificate))
        for stream in sender.streams.values():
            # As browsers do (RFC 3711 §3.3.1): who joins meanwhile could not know the turns of the numbers.
            stream.sequence = 1000
        await sender.negotiate()
        await sender.connected()
        # Their pictures do not all come at the same moment.
        await asyncio.sleep(0.003)
        sender.play()
        self.senders.append(sender)

    async def view(self, member: MemberId, tracks: Sequence[TrackId]) -> Counter:
        """A viewer of these tracks."""
        await self.engine.admit(ROOM, member, Grants(receive=frozenset(tracks)))
        viewer = Counter(self.engine, ROOM, member, await TimedLink.open(certificate=self.certificate))
        viewer.begin()
        await viewer.want(tracks)
        await viewer.connected()
        return viewer

    async def end(self) -> None:
        """Everybody leaves."""
        for sender in self.senders:
            await sender.stop()
        for client in (*self.senders, *self.viewers):
            await client.close()
        await self.engine.close_room(ROOM)


def totals(viewers: Sequence[Counter]) -> tuple[float, list[float], int]:
    """Share lost, delays in milliseconds in order, packets that came."""
    figures = [one.figures() for one in viewers]
    expected, came = (sum(column) for column in zip(*figures, strict=True))
    delays = sorted(delay for one in viewers for delay in one.delays_ms_seen)
    return max(0.0, 1 - came / max(1, expected)), delays, came


def percentile(ordered: Sequence[float], share: float) -> float:
    """A percentile of what is in order."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
