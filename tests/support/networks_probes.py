"""Both sides of a test of isolation: `Listener` answers all and sees every frame, `Prober` tries.

They run inside namespaces by `tests.support.networks_inside`. A prober is an attacker with root at its site:
it forges frames and addresses. Every probe carries a mark, so a listener can tell a probe that came by any
way.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from ipaddress import IPv4Address
from typing import Any, Final

_ALL: Final = 0x0003
_ARP: Final = 0x0806
_IPV4: Final = 0x0800
_ANY: Final = "0.0.0.0"  # noqa: S104  # every address of the namespace, so that only walls protect it


class _Echo(asyncio.DatagramProtocol):
    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._heard.append(addr[0])
        self._transport.sendto(data, addr)


class Listener:
    """Echoes on UDP and TCP ports of every address here, and keeps what came over the wire."""

    def __init__(self, devices: list[str]) -> None:
        self._heard: list[str] = []
        self._frames: list[bytes] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._open: list[asyncio.BaseTransport | asyncio.Server] = []
        self._taps = [_tap(device) for device in devices]

    async def listen(self, udp: list[int], tcp: list[int]) -> None:
        loop = asyncio.get_running_loop()
        for port in udp:
            made, _ = await loop.create_datagram_endpoint(lambda: _Echo(self._heard), local_addr=(_ANY, port))
            self._open.append(made)
        for port in tcp:
            self._open.append(await asyncio.start_server(self._greet, _ANY, port))
        self._tasks = [asyncio.create_task(self._watch(tap)) for tap in self._taps]

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._heard.append(writer.get_extra_info("peername")[0])
        first = await reader.read(1024)
        if first.strip(b"\0"):
            writer.write(first)
        else:
            writer.write(str(len(first) + len(await reader.read())).encode())
        writer.close()

    async def _watch(self, tap: socket.socket) -> None:
        while True:
            self._frames.append(await asyncio.get_running_loop().sock_recv(tap, 65_536))

    def heard(self) -> list[str]:
        """Addresses of all who reached a port since the last question, as they showed themselves."""
        told, self._heard[:] = list(self._heard), []
        return told

    def marked(self, mark: str) -> int:
        """How many frames with this mark came over the wire, to whatever address."""
        return sum(mark.encode() in frame for frame in self._frames)

    def talkers(self) -> list[str]:
        """All IPv4 addresses in whose name frames were on the wire."""
        packets = (frame[14:] for frame in self._frames if frame[12:14] == struct.pack("!H", _IPV4))
        return sorted({str(IPv4Address(packet[12:16])) for packet in packets})

    def hardware(self, device: str) -> str:
        """The hardware address of a device here."""
        return _hardware(device).hex(":")

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for one in self._open:
            one.close()
        for tap in self._taps:
            tap.close()


class Prober:
    """Tries one way after another to reach something, and says what came back within `patience` seconds.

    A probe that ought to fail needs little patience; one that ought to succeed gets much, it ends at once.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()

    async def tcp(self, host: str, port: int, patience: float) -> bool:
        """Whether a connection opens and carries the mark there and back."""
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(self._mark)
                echoed = await reader.read(1024)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return echoed == self._mark

    async def bulk(self, host: str, port: int, size: int) -> int:
        """Send so many bytes over one connection; how many the other side says it took."""
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(bytes(size))
        writer.write_eof()
        taken = int(await reader.read())
        writer.close()
        return taken

    async def udp(self, host: str, port: int, patience: float) -> bool:
        """Whether a datagram is echoed."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(0)
            loop = asyncio.get_running_loop()
            try:
                await loop.sock_sendto(one, self._mark, (host, port))
                async with asyncio.timeout(patience):
                    return await loop.sock_recv(one, 1024) == self._mark
            except (OSError, TimeoutError):
                return False

    async def icmp(self, host: str, patience: float) -> bool:
        """Whether an echo request is answered."""
        ping = ["ping", "-n", "-c", "1", "-W", str(patience), "-p", self._mark.hex()[:32], host]
        done = await asyncio.create_subprocess_exec(*ping, stdout=-3, stderr=-3)
        return await done.wait() == 0

    async def arp(self, device: str, asked: str, patience: float) -> str | None:
        """The hardware address that answers for an address on this link."""
        mine = _hardware(device)
        body = struct.pack("!HHBBH6s4s6s4s", 1, _IPV4, 6, 4, 1, mine, _own(device), b"", _packed(asked))
        with _tap(device) as tap:
            await _send(tap, b"\xff" * 6, mine, _ARP, body + self._mark)
            async for frame in _frames(tap, patience):
                is_reply = frame[12:14] == struct.pack("!H", _ARP) and frame[20:22] == b"\0\2"
                if is_reply and frame[28:32] == _packed(asked):
                    return frame[22:28].hex(":")
        return None

    async def neighbours(self, device: str, patience: float) -> list[str]:
        """IPv6 link-local addresses that answer a call to all nodes of the link, our own left out."""
        ping = ["ping", "-6", "-n", "-L", "-c", "1", "-W", str(patience), f"ff02::1%{device}"]
        done = await asyncio.create_subprocess_exec(*ping, stdout=-1, stderr=-3)
        told, _ = await done.communicate()
        answers = (line.split(" from ")[1] for line in told.decode().splitlines() if " from " in line)
        return sorted({line.partition("%")[0] for line in answers} - {_link_local(device)})

    async def forge(self, device: str, hardware: str, source: str, target: str, port: int) -> None:
        """Put a frame on the wire to `hardware`, as if `source` had sent a datagram to `target`."""
        udp = struct.pack("!HHHH", 5555, port, 8 + len(self._mark), 0) + self._mark
        head = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, _packed(source), _packed(target)
        )
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        with _tap(device) as tap:
            target_hardware = bytes.fromhex(hardware.replace(":", ""))
            await _send(tap, target_hardware, _hardware(device), _IPV4, head + udp)


def checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _tap(device: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    made.bind((device, 0))
    made.settimeout(0)
    return made


async def _send(tap: socket.socket, target: bytes, source: bytes, kind: int, body: bytes) -> None:
    frame = target + source + struct.pack("!H", kind) + body
    await asyncio.get_running_loop().sock_sendall(tap, frame.ljust(60, b"\0"))


async def _frames(tap: socket.socket, patience: float) -> AsyncIterator[bytes]:
    """Frames of the next `patience` seconds."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience
    while True:
        try:
            async with asyncio.timeout_at(ends):
                yield await loop.sock_recv(tap, 65_536)
        except TimeoutError:
            return


def _packed(address: str) -> bytes:
    return IPv4Address(address).packed


def _hardware(device: str) -> bytes:
    with _tap(device) as tap:
        address: bytes = tap.getsockname()[4]
        return address


def _own(device: str) -> bytes:
    """The IPv4 address of a device, by the route that leads out of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        one.connect(("192.0.2.1", 9))
        return socket.inet_aton(one.getsockname()[0])


def _link_local(device: str) -> str:
    with open("/proc/net/if_inet6", encoding="ascii") as table:  # noqa: PTH123  # short and local
        rows: Iterable[list[str]] = (line.split() for line in table)
        found = next((row[0] for row in rows if row[5] == device and row[3] == "20"), "")
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(found)) if found else ""
