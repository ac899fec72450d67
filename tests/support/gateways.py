"""A hub and gateways at sites on loopback, each gateway behind a control channel of its own."""

import asyncio
import datetime as dt
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from remote_eval.media.control.client import RemoteEngine
from remote_eval.media.control.server import EngineServer
from remote_eval.media.control.wire import MAX_FRAME_BYTES, StreamChannel
from remote_eval.media.engine import MediaEngine, MemberId
from remote_eval.media.gateway.calls import GATEWAY_CALLS
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.edge import EdgeEngine
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.lite.identity import make_identity

# Nobody looks at the dates of a certificate that is known by its fingerprint.
MADE_AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


async def channels() -> tuple[StreamChannel, StreamChannel]:
    """Both ends of a control channel."""
    ends = []
    for one in socket.socketpair():
        one.settimeout(0)
        ends.append(StreamChannel(*await asyncio.open_unix_connection(sock=one, limit=MAX_FRAME_BYTES)))
    return ends[0], ends[1]


class Edge:
    """A gateway in this process; `reach` gives a new channel to it, `cut` ends the newest."""

    def __init__(self, engine: EdgeEngine) -> None:
        self.engine = engine
        self._server = EngineServer(engine, GATEWAY_CALLS)
        self._reached: list[Served] = []

    @classmethod
    async def start(cls, folder: Path) -> "Edge":
        """A running gateway that keeps its recordings in `folder`."""
        engine = EdgeEngine(
            identity=make_identity(MADE_AT), host="127.0.0.1", port=0, addresses=["127.0.0.1"], folder=folder
        )
        await engine.start()
        return cls(engine)

    async def reach(self) -> RemoteGateway:
        """The gateway by a new channel."""
        served = await Served.begin(self._server)
        self._reached.append(served)
        return await RemoteGateway.connect(served.far)

    async def cut(self) -> None:
        """The newest channel ends."""
        await self._reached.pop().close()

    async def close(self) -> None:
        """End it all."""
        while self._reached:
            await self.cut()
        await self.engine.aclose()


@dataclass(slots=True)
class Served:
    """A channel to a server in this process."""

    far: StreamChannel
    near: StreamChannel
    serving: asyncio.Task[None]

    @classmethod
    async def begin(cls, server: EngineServer) -> "Served":
        """Serve a new channel."""
        far, near = await channels()
        return cls(far, near, asyncio.create_task(server.serve(near)))

    async def close(self) -> None:
        """Both ends are closed when this returns."""
        await self.far.aclose()
        await self.serving
        await self.near.aclose()


@asynccontextmanager
async def running_cascade(
    folder: Path, homes: Mapping[MemberId, str]
) -> AsyncIterator[tuple[CascadeEngine, MediaEngine, dict[str, Edge]]]:
    """A cascade whose members live where `homes` says, the hub's engine, the gateways by site."""
    hub = await lite_engine(folder, bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    cascade = CascadeEngine(hub, site_of=lambda _room, member: homes.get(member))
    edges: dict[str, Edge] = {}
    try:
        for site in sorted(set(homes.values())):
            edges[site] = await Edge.start(folder / site)
            await cascade.attach(site, await edges[site].reach())
        yield cascade, hub, edges
    finally:
        await cascade.aclose()
        for edge in edges.values():
            await edge.close()


@asynccontextmanager
async def running_behind_channel(engine: MediaEngine) -> AsyncIterator[RemoteEngine]:
    """An engine as the web process has it: at the other end of a channel."""
    served = await Served.begin(EngineServer(engine))
    remote = await RemoteEngine.connect(served.far)
    try:
        yield remote
    finally:
        await remote.aclose()
        await served.close()
