"""A hub that gateways dial by WebSocket, and a wire between two engines that counts and can be cut."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from crypto.signing import SigningKey
from remote_eval.errors import MediaError
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.configuration import GatewayConfiguration
from remote_eval.media.gateway.edge import EdgeEngine
from remote_eval.media.gateway.greeting import greet
from remote_eval.media.gateway.hello import Greeted
from remote_eval.media.gateway.process import SUBPROTOCOL, Gateway
from remote_eval.media.gateway.sealed import MAX_MESSAGE_BYTES
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.port import Port
from remote_eval.media.lite.stun import Address
from tests.support.gateways import Edge
from tests.support.waiting import within

WAIT_SECONDS = 10.0
HUB_KEY = SigningKey.from_seed(bytes([7]) * 32)
SITE_KEY = SigningKey.from_seed(bytes([9]) * 32)
SITE = "site-a"


class ServerMessages:
    """A server's WebSocket as messages; `heard` keeps what came."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self.heard: list[str | bytes] = []

    async def receive(self) -> str | bytes | None:
        try:
            message = await self._socket.recv()
        except ConnectionClosed:
            return None
        self.heard.append(message)
        return message

    async def send(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise ConnectionResetError from error

    async def aclose(self) -> None:
        await self._socket.close()


class Hub:
    """A hub's engine with gateways of one site; `devices` are the keys it knows."""

    def __init__(self, engine: LiteEngine, cascade: CascadeEngine) -> None:
        self.engine = engine
        self.cascade = cascade
        self.devices: dict[str, bytes] = {"dev_1": SITE_KEY.public}
        self.key = HUB_KEY
        self.arrived: asyncio.Queue[MediaError | None] = asyncio.Queue()
        self.hellos: list[str | bytes] = []
        self.sockets: list[ServerConnection] = []
        self.lets_in = asyncio.Event()
        self.lets_in.set()
        self._server: Server | None = None

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Wait for gateways, on a port of loopback unless told otherwise."""
        self._server = await serve(
            self._take,
            host,
            port,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            max_size=MAX_MESSAGE_BYTES,
        )

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def _take(self, socket: ServerConnection) -> None:
        await self.lets_in.wait()
        self.sockets.append(socket)
        messages = ServerMessages(socket)
        try:
            gateway = await greet(
                messages, SITE, key=self.key, key_of=self._key_of, random=secrets.token_bytes
            )
            await self.cascade.attach(SITE, gateway)
        except MediaError as error:
            self.arrived.put_nowait(error)
            return
        finally:
            self.hellos += messages.heard[:1]
        self.arrived.put_nowait(None)
        await gateway.lost.wait()

    async def _key_of(self, greeted: Greeted) -> bytes | None:
        return self.devices.get(greeted.device)

    async def next_arrival(self) -> MediaError | None:
        """How the next gateway fares."""
        return await within(WAIT_SECONDS, self.arrived.get())

    async def cut(self) -> None:
        """Control channels end, and nobody gets in before `lets_in` is set."""
        self.lets_in.clear()
        for socket in self.sockets:
            socket.transport.abort()
        self.sockets.clear()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


def configuration(hub: str, **changes: object) -> GatewayConfiguration:
    """What a gateway of the site knows."""
    known: dict[str, object] = {
        "site": SITE,
        "device": "dev_1",
        "hub": hub,
        "hub_key": HUB_KEY.public,
        "bind": "127.0.0.1",
        "port": 0,
        "addresses": ("127.0.0.1",),
    }
    return GatewayConfiguration(**(known | changes))  # type: ignore[arg-type]


class Wire:
    """What a gateway's engine and the hub's send each other, datagram by datagram."""

    def __init__(self, hub: LiteEngine, edge: EdgeEngine) -> None:
        self.is_cut = False
        self.up = self.down = 0
        self._links: set[int] = set()
        self._make = edge.make_port
        edge.make_port = self._made  # type: ignore[method-assign]
        self._between(hub._port, is_up=False)

    def _made(self) -> Port:
        port = self._make()
        self._links.add(port.number)
        self._between(port, is_up=True)
        return port

    def _between(self, port: Port, *, is_up: bool) -> None:
        send = port.send

        def counting(data: bytes, address: Address) -> None:
            if not is_up and address[1] not in self._links:
                send(data, address)
            elif not self.is_cut:
                # Media only: what protects it and checks it is beside the point.
                is_media = 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
                if is_up:
                    self.up += is_media
                else:
                    self.down += is_media
                send(data, address)

        port.send = counting  # type: ignore[method-assign]


@asynccontextmanager
async def running_gateway(edge: Edge, known: GatewayConfiguration) -> AsyncIterator[Gateway]:
    """The gateway's dialling, in this process."""
    gateway = Gateway(known, SITE_KEY, edge.engine)
    running = asyncio.create_task(gateway.run())
    try:
        yield gateway
    finally:
        running.cancel()
        await asyncio.wait([running])


def folder_of(base: Path, name: str) -> Path:
    """A folder that is there."""
    (base / name).mkdir(exist_ok=True)
    return base / name
