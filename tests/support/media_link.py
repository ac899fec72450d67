"""A light client's connection: a UDP socket, ICE by aioice, DTLS by aiortc, SRTP by libsrtp, no codecs.

It shares no line with the engines. Packets come out in plain as (data, arrival in seconds of the loop).
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any, cast

from aioice import stun
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceTransport,
)
from aiortc.sdp import SessionDescription
from pylibsrtp import Error as SrtpError

CHECK_SECONDS = 0.1
CONSENT_SECONDS = 2.0
Hear = Callable[[bytes, float], None]


def letters(count: int) -> str:
    """Random characters that ICE allows."""
    return os.urandom(count).hex()[:count]


# Where clients are at home: an engine's test ground may put another loopback address in its place.
home = ["127.0.0.1"]
# Which of an engine's addresses such a place can reach; all, when none is named.
reached: list[str] = []


class Link(asyncio.DatagramProtocol):
    """See the module. `session`, `ufrag` and `fingerprint` go into descriptions."""

    role = "controlling"

    def __init__(self, certificate: RTCCertificate) -> None:
        self.session = int.from_bytes(os.urandom(7), "big")
        self.version = 0
        self.ufrag, self.password = letters(8), letters(24)
        self.certificate = certificate
        self.fingerprint = next(
            one.value for one in certificate.getFingerprints() if one.algorithm == "sha-256"
        )
        self.connected = asyncio.Event()
        self.checked = asyncio.Event()
        self.closed = asyncio.Event()
        self.hear_rtp: Hear = lambda *_: None
        self.hear_rtcp: Hear = lambda *_: None
        self.drops_in: Callable[[bytes], bool] = lambda _: False
        self.drops_out: Callable[[bytes], bool] = lambda _: False
        self.remote: tuple[str, int] | None = None
        self.answers = 0
        self.replayed = 0
        self._remote_ice = ("", "")
        self._dtls: Any = None
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[Any]] = []
        self._pending: set[bytes] = set()

    @classmethod
    async def open(cls, host: str | None = None, certificate: RTCCertificate | None = None) -> "Link":
        """A link bound to a free port of `host`, or of the address where clients are at home."""
        link = cls(certificate or RTCCertificate.generateCertificate())
        await link._bind(host or home[0])
        return link

    async def _bind(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))

    async def move(self, host: str = "127.0.0.1") -> None:
        """Go on from another port, as after a change of network; the next check tells the engine."""
        old = self._socket
        await self._bind(host)
        old.close()
        self.check()

    @property
    def begun(self) -> bool:
        """Whether the engine was heard: one that offers says nothing while there is nothing to view."""
        return self._dtls is not None

    def refresh_ice(self) -> None:
        """New credentials, for the offer of an ICE restart."""
        self.ufrag, self.password = letters(8), letters(24)
        self.checked.clear()

    def take(self, description: str) -> SessionDescription:
        """Take the engine's description: begin checks, and DTLS unless it runs already; the engine says who
        begins it, and where it leaves the choice this side does."""
        read = SessionDescription.parse(description)
        media = next(one for one in read.media if one.port)
        ice = media.ice
        assert ice is not None
        self._remote_ice = (str(ice.usernameFragment), str(ice.password))
        every = [one for part in read.media for one in part.ice_candidates]
        candidate = next((one for one in every if not reached or one.ip in reached), None)
        if candidate is not None and candidate.protocol.lower() == "udp":
            self.remote = (candidate.ip, candidate.port)
        if self._dtls is None:
            assert media.dtls is not None
            found = [one for one in media.dtls.fingerprints if one.algorithm == "sha-256"]
            self._start("server" if media.dtls.role == "client" else "client", found)
        self.check()
        return read

    def _start(self, role: str, fingerprints: list[RTCDtlsFingerprint]) -> None:
        dtls = self._dtls = RTCDtlsTransport(cast("RTCIceTransport", self), [self.certificate])
        dtls._set_role(role)
        dtls.add_listener("statechange", self._told)
        self._tasks += [
            asyncio.create_task(self._keep_checking()),
            asyncio.create_task(self._shake(fingerprints)),
        ]

    async def _shake(self, fingerprints: list[RTCDtlsFingerprint]) -> None:
        await self.checked.wait()
        await self._dtls.start(RTCDtlsParameters(fingerprints=fingerprints))
        if self._dtls.state == "connected":
            self.connected.set()

    def _told(self) -> None:
        if self._dtls.state in {"closed", "failed"}:
            self.closed.set()

    async def _keep_checking(self) -> None:
        while True:
            self.check()
            await asyncio.sleep(CONSENT_SECONDS if self.checked.is_set() else CHECK_SECONDS)

    def check(self) -> None:
        """Send a connectivity check that nominates."""
        if self.remote is None:
            return
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote_ice[0]}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1845501695
        request.attributes["ICE-CONTROLLING"] = 7
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote_ice[1].encode())
        self._pending.add(request.transaction_id)
        self._socket.sendto(bytes(request), self.remote)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Tell datagrams apart (RFC 7983)."""
        if data[0] < 4:
            self._stun(data, addr)
        elif data[0] < 64:
            self._inbox.put_nowait(data)
        elif self.connected.is_set() and not self.drops_in(data):
            self._media(data)

    def _media(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        is_rtcp = 192 <= data[1] <= 223
        session = self._dtls._rx_srtp
        try:
            plain = session.unprotect_rtcp(data) if is_rtcp else session.unprotect(data)
        except SrtpError:
            # A packet that was asked for twice comes twice.
            self.replayed += 1
            return
        (self.hear_rtcp if is_rtcp else self.hear_rtp)(plain, now)

    def _stun(self, data: bytes, source: tuple[str, int]) -> None:
        message = stun.parse_message(data)
        if message.message_class == stun.Class.REQUEST:
            assert message.check_message_integrity(self.password.encode())
            answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
            answer.attributes["XOR-MAPPED-ADDRESS"] = source
            answer.add_message_integrity(self.password.encode())
            self._socket.sendto(bytes(answer), source)
        elif message.transaction_id in self._pending:
            self.answers += 1
            if message.check_message_integrity(self._remote_ice[1].encode()):
                self.checked.set()

    # What aiortc's DTLS asks of its transport.

    async def _recv(self) -> bytes:
        return await self._inbox.get()

    async def _send(self, data: bytes) -> None:
        if self.remote is not None and not self._socket.is_closing():
            self._socket.sendto(data, self.remote)

    # Media.

    def send_rtp(self, plain: bytes) -> None:
        """Protect and send, unless it is to be lost."""
        if not self.drops_out(plain):
            self.send_raw(self._dtls._tx_srtp.protect(plain))

    def send_rtcp(self, plain: bytes) -> None:
        """Protect and send."""
        self.send_raw(self._dtls._tx_srtp.protect_rtcp(plain))

    def send_raw(self, data: bytes) -> None:
        """Send as it is."""
        if self.remote is not None and not self._socket.is_closing():
            self._socket.sendto(data, self.remote)

    async def close(self, *, silently: bool = False) -> None:
        """Go away, with goodbye or without."""
        if self._dtls is not None and not silently:
            await self._dtls.stop()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._dtls is not None and silently and self._dtls._task is not None:
            self._dtls._task.cancel()
        self._socket.close()
