"""Where Janus forwards what it receives: one UDP socket and one key per published track.

The packets come as SRTP (RFC 3711, AES-128-CM with SHA-1-80) under a key that only this process and Janus
know, so whoever else can send to the port feeds neither recorder nor masker. Janus forwards no sender
reports: a recording of a Janus room rests on the time of arrival. The tap counts and never blocks.
"""

import asyncio
import base64
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from pylibsrtp import Error, Policy, Session

KEY_BYTES: Final = 30
SUITE: Final = 80
RECEIVE_BUFFER: Final = 1_048_576
# Packets that a retransmission may come behind its place.
REPLAY_WINDOW: Final = 1024
MAX_PACKET: Final = 1_500
_SECOND_MS: Final = 1000.0


class Tap(asyncio.DatagramProtocol):
    """Opens one track's packets and hands them to `take(data, arrived)`."""

    def __init__(self, key: bytes, clock: Callable[[], float], take: Callable[[bytes, float], None]) -> None:
        self._key = key
        self._clock = clock
        self._take = take
        self._session = Session(_policy(key))
        self._transport: asyncio.DatagramTransport | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self.muted = False
        self.packets = 0
        self.refused = 0
        self.newest: float | None = None

    async def open(self, host: str) -> int:
        """Listen on a free port of `host`; gives the port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        opened: socket.socket = self._transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        return int(opened.getsockname()[1])

    @property
    def crypto(self) -> str:
        """The key as Janus takes it."""
        return base64.b64encode(self._key).decode("ascii")

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:  # noqa: ARG002 - asyncio's
        """One packet of Janus, or of somebody who is not."""
        try:
            packet = self._session.unprotect(data) if len(data) <= MAX_PACKET else b""
        except (Error, ValueError):
            packet = b""
        if not packet:
            self.refused += 1
            return
        if self.muted:
            return
        now = self._clock()
        self.packets += 1
        self.newest = now
        self._recent.append((now, len(packet)))
        self._forget(now)
        self._take(packet, now)

    def kbps(self, now: float) -> float:
        """Rate over the last second."""
        self._forget(now)
        return sum(size for _, size in self._recent) * 8 / _SECOND_MS

    def close(self) -> None:
        """Listen no more. Idempotent."""
        if self._transport is not None:
            self._transport.close()

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - _SECOND_MS:
            self._recent.popleft()


def _policy(key: bytes) -> Policy:
    policy = Policy(
        key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    )
    policy.window_size = REPLAY_WINDOW
    return policy
