"""Datagrams that measure a line: a sender numbers and times them, a receiver returns each at once.

One machine has one monotonic clock, whatever the namespace, so times of both ends compare.
"""

import asyncio
import socket
import struct
import time
from typing import Any, Final

_HEAD: Final = struct.Struct("!Id")


class _Returning(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.taken += 1
        number, sent = _HEAD.unpack_from(data)
        # Back goes a short answer, so that the way back adds little to what is measured.
        self._transport.sendto(_HEAD.pack(number, sent) + struct.pack("!d", time.monotonic()), addr)


class Receiver:
    """Sits at the hub."""

    async def bind(self, host: str, port: int) -> None:
        self._transport, self._protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            _Returning, local_addr=(host, port)
        )

    def taken(self) -> int:
        """Datagrams since the last question."""
        told, self._protocol.taken = self._protocol.taken, 0
        return told

    def close(self) -> None:
        self._transport.close()


class Sender:
    """Sits at a site."""

    def aim(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.settimeout(0)
        self._socket.connect((host, port))

    async def echoes(self, count: int, size: int, gap_ms: float, quiet_ms: float) -> list[dict[str, Any]]:
        """Send `count` datagrams of `size` bytes, `gap_ms` apart; give the answers that came before a
        silence of `quiet_ms`: `number`, `came_ms` at the receiver since the first was sent, `trip_ms`."""
        while self._drain():
            pass
        began = time.monotonic()
        sending = asyncio.create_task(self._send(count, size, gap_ms / 1000))
        answers: list[dict[str, Any]] = []
        while len(answers) < count:
            try:
                async with asyncio.timeout(quiet_ms / 1000):
                    data = await asyncio.get_running_loop().sock_recv(self._socket, 2048)
            except TimeoutError:
                if sending.done():
                    break
                continue
            answers.append(_read(data, began))
        await sending
        return answers

    async def _send(self, count: int, size: int, gap: float) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(count):
            data = _HEAD.pack(number, time.monotonic()).ljust(size, b"\0")
            await loop.sock_sendall(self._socket, data)
            await asyncio.sleep(start + (number + 1) * gap - loop.time())

    def _drain(self) -> bool:
        try:
            return bool(self._socket.recv(2048))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self._socket.close()


def _read(data: bytes, began: float) -> dict[str, Any]:
    number, sent = _HEAD.unpack_from(data)
    (came,) = struct.unpack_from("!d", data, _HEAD.size)
    trip = time.monotonic() - sent
    return {"number": number, "came_ms": (came - began) * 1000, "trip_ms": trip * 1000}
