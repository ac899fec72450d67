"""A light client that flashes and beeps on each full second of a moment that all clients agree on.

Its sender reports say the time of a clock that may be wrong by any amount, as a seat's is; what tells the hub
how far away it is, is the echo of the hub's own reference time (RFC 3611 §4.4 and §4.5).
"""

import asyncio
import struct
import time
from collections.abc import Iterator
from functools import lru_cache

from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket

from remote_eval.media.engine import CAMERA, MICROPHONE
from tests.support.media_offers import OPUS, VP8
from tests.support.media_publisher import Outgoing, Publisher
from tests.support.recorded_media import pictures, sounds

_PIECE = 1000
_RATES = {CAMERA: 90, MICROPHONE: 48}
_REPORT_MS = 200.0
_EXTENDED, _REFERENCE, _ECHO = 207, 4, 5
# From 1900 to 1970 (RFC 3550 §4).
_NTP_SECONDS = 2_208_988_800


class SignalPublisher(Publisher):
    """`off_ms`: how far this client's clock is ahead of the true one."""

    off_ms = 0.0
    _begin = 0.0

    async def signal(self, begin: float, seconds: int) -> None:
        """Play so many seconds from `begin` on, a moment of the machine's clock; the first has no signal."""
        self._begin = begin
        for one in self.streams.values():
            one.timestamp = 0xFFFF_0000
        reported = -_REPORT_MS
        for at, source, data in media(seconds):
            await asyncio.sleep(max(0.0, begin + at / 1000 - time.time()))
            if at >= reported + _REPORT_MS:
                self._report()
                reported = at
            self._play_one(self.streams[source], at, data)

    def _play_one(self, one: Outgoing, at: float, data: bytes) -> None:
        one.timestamp = 0xFFFF_0000 + round(at * _RATES[one.source])
        if one.source == MICROPHONE:
            self._send(one, OPUS, data, marker=False, level=30)
            return
        pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
        for number, piece in enumerate(pieces):
            payload = (b"\x00" if number else b"\x10") + piece
            self._send(one, VP8, payload, marker=number == len(pieces) - 1)

    def _report(self) -> None:
        """A sender report of each source: this client's time, and the media's place at it."""
        now = time.time()
        ntp = int((now + self.off_ms / 1000 + _NTP_SECONDS) * 2**32)
        for one in self.streams.values():
            place = 0xFFFF_0000 + round((now - self._begin) * 1000 * _RATES[one.source])
            info = RtcpSenderInfo(
                ntp_timestamp=ntp, rtp_timestamp=place & 0xFFFF_FFFF, packet_count=1, octet_count=1
            )
            self.link.send_rtcp(bytes(RtcpSrPacket(ssrc=one.ssrc, sender_info=info)))

    def hear_rtcp(self, data: bytes, now: float) -> None:
        """Give the hub's reference times back; the rest as every publisher."""
        super().hear_rtcp(data, now)
        own = next(iter(self.streams.values())).ssrc
        for asker, ntp in _references(data):
            block = struct.pack("!BBHIII", _ECHO, 0, 3, asker, ntp >> 16 & 0xFFFF_FFFF, 0)
            self.link.send_rtcp(struct.pack("!BBHI", 0x80, _EXTENDED, 5, own) + block)


@lru_cache
def media(seconds: int) -> list[tuple[float, str, bytes]]:
    """When what is sent, in milliseconds, in order. Coding takes a while: ask before it is due."""
    seen = [(one.at, CAMERA, one.data) for one in pictures(seconds)]
    heard = [(one.at, MICROPHONE, one.data) for one in sounds(seconds)]
    return sorted(seen + heard)


def _references(data: bytes) -> Iterator[tuple[int, int]]:
    """Who asks, and the reference time of the hub, in a compound packet."""
    while len(data) >= 8:
        size = 4 + 4 * int.from_bytes(data[2:4], "big")
        if data[1] == _EXTENDED and size >= 20 and data[8] == _REFERENCE:
            yield struct.unpack_from("!I", data, 4)[0], struct.unpack_from("!Q", data, 12)[0]
        data = data[size:]
