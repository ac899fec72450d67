"""The platform at a hub: database, party nodes, API, sockets and room processes of a `HubWorld`.

Runs inside a namespace by `tests.support.networks_inside`, so that it can be killed like any process; a
second one over the same folder finds what the first has left. Its clock runs on from the world's.
"""

import asyncio
import os
import signal
import time
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
import uvicorn

from app.composition import compose
from app.gateways.janus_engines import JanusEngines, OwnJanus
from app.gateways.room_engines import RECORDINGS, RoomProcesses, _listener
from app.main import STATIC, create_app
from app.parties import keys
from app.parties.book import Book
from app.parties.node import Node
from app.parties.server import create_node_app
from app.parties.trust import Trust
from app.room_composition import make_hall
from app.serving import listen, server_config
from app.settings import Settings
from app.store.engine import make_engine
from app.store.repositories.rooms import CallToken
from app.store.unit_of_work import Database
from app.usecases.platform import Platform
from app.usecases.room.hall import Hall
from remote_eval.commands import NameChair
from remote_eval.media.engine import RoomId
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.gaps import list_gaps
from remote_eval.room_events import time_text
from tests.support.guests import GATEWAY
from tests.support.hub_world import CIPHER, DATABASE, PARTIES, person_key
from tests.support.stage import ORIGIN, ROLES, Wire
from tests.support.waiting import within

_ANY: Final = "0.0.0.0"  # noqa: S104  # one address on each link; walls decide who reaches it
PATIENCE_SECONDS: Final = 40.0
# More than a room's process takes to come to Janus on a loaded machine.
_LINGER_SECONDS: Final = 20.0


class HubServer:
    """One server process. `origin` is what the platform takes for its own address."""

    def __init__(
        self,
        *,
        folder: str,
        trust: dict[str, list[str]],
        began: str,
        epoch: float,
        origin: str,
        port: int,
        media: tuple[int, int],
        addresses: list[str],
        engine: str = "lite",
        lost_ms: int | None = None,
    ) -> None:
        """`began` is the world's time when the machine's was `epoch`, in seconds since 1970; `media` are the
        first and the last UDP port, of which `lite` takes one; `lost_ms` is how long a site may be silent,
        the rules' own figure unless given.
        """
        self._lost_ms = lost_ms
        self._folder = Path(folder)
        self._trust = Trust(origin=ORIGIN, keys={role: tuple(found) for role, found in trust.items()})
        self._began, self._epoch = datetime.fromisoformat(began), epoch
        self._origin, self._port = origin, port
        rooms = self._folder / "rooms"
        self._janus = _janus(self._folder, addresses, media) if engine == "janus" else None
        self._engines: RoomProcesses = (
            RoomProcesses(rooms, bind=_ANY, addresses=addresses, ports=media[:1])
            if self._janus is None
            else JanusEngines(rooms, self._janus)
        )
        self._tasks: list[asyncio.Task[Any]] = []

    def clock(self) -> datetime:
        """The world's time."""
        return self._began + timedelta(seconds=time.time() - self._epoch)

    async def serve(self) -> None:
        """Serve from now on, and lead whatever rooms are open."""
        structlog.configure(logger_factory=structlog.PrintLoggerFactory())
        settings = Settings(
            data=self._folder / PARTIES / "platform",
            origin=ORIGIN,
            public_url=self._origin,
            relays=(),
            caller_rate="100000/minute",
            public_rate="100000/minute",
        )
        database = Database(make_engine(f"sqlite:///{self._folder / DATABASE}"), CIPHER)
        async with database.read() as uow:
            parties = await uow.parties.all()
        client = httpx.AsyncClient(transport=self._wire(), trust_env=False)
        one = compose(settings, database, client, parties, clock=self.clock)
        self.platform: Platform = replace(one.platform, person_key=person_key())
        self.hall: Hall = make_hall(self.platform, settings, engines=self._engines)
        if self._lost_ms is not None:
            limit = self._lost_ms
            quick = replace(
                self.hall.pack.thresholds, lost_ms=limit, degraded_ms=limit // 2, steady_ms=limit // 4
            )
            self.hall.pack = replace(self.hall.pack, thresholds=quick)
        self.app = create_app(self.platform, one.ceremony, settings, static=STATIC, hall=self.hall)
        self._server = uvicorn.Server(server_config(self.app))
        listener = listen(_ANY, self._port)
        self._tasks = [
            asyncio.create_task(self._server._serve([listener])),
            asyncio.create_task(self.hall.resume()),
        ]

    def _wire(self) -> Wire:
        wire = Wire()
        for role in ROLES:
            node = Node(
                keys=keys.load(self._folder / PARTIES / role),
                book=Book(self._folder / PARTIES / role / "node.sqlite"),
                trust=self._trust,
                clock=self.clock,
                random=os.urandom,
                gateways=frozenset({GATEWAY.public.hex()} if role == "supervisor" else ()),
            )
            wire.hosts[f"{role}.example"] = httpx.ASGITransport(create_node_app(node))
        return wire

    async def post(self, token: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """A call of the interface by somebody with a key."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=self._origin) as client:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"k-{time.time_ns()}"}
            answer = await client.post(f"/v1{path}", json=body, headers=headers)
        return {"status": answer.status_code, "body": answer.json()}

    async def call_token(self, room: str, call: str, token: str) -> None:
        """The secret with which a bidder joins a released call."""
        now = self.clock()
        row = CallToken(
            token_hash=sha256(token.encode()).hexdigest(),
            room_id=room,
            call_id=call,
            bidder="B-07",
            issued_at=time_text(now),
            expires_at=time_text(now + timedelta(hours=1)),
        )
        await self.platform.database.transact(lambda uow: uow.rooms.add_call_token(row))

    async def name_chair(self, room: str, member: str) -> None:
        """The committee has chosen who leads it."""
        led = await self.hall.led(room)
        await led.live.fact(NameChair(member=member))

    def engine(self, room: str) -> dict[str, Any]:
        """Which engine carries a room, and what it says that it can do beyond the contract."""
        led = self.hall._led[room]
        engine = led.live.carrier.engine
        assert engine is not None
        return {"name": self._engines.name, "capabilities": sorted(engine.capabilities)}

    async def stats(self, room: str) -> dict[str, Any] | None:
        """The engine's own figures; None while there is no engine."""
        led = self.hall._led.get(room)
        engine = None if led is None else led.live.carrier.engine
        return None if engine is None else asdict(await engine.stats(RoomId(room)))

    def engine_process(self, room: str) -> int | None:
        """The process that carries a room's media."""
        return _listener(self._engines.folder(room))

    def kill_engine(self, room: str) -> int | None:
        """SIGKILL for it; gives its number."""
        process = self.engine_process(room)
        if process is not None:
            os.kill(process, signal.SIGKILL)
        return process

    async def leads(self, room: str) -> str | None:
        """Who leads a room, by the database."""
        async with self.platform.database.read() as uow:
            row = await uow.rooms.get(room)
        return None if row is None else row.leader

    async def ledger(self, room: str) -> list[dict[str, Any]]:
        """All events of a room, as they are kept."""
        async with self.platform.database.read() as uow:
            rows = await uow.rooms.events(room)
        return [{"seq": one.seq, "kind": one.kind, "at": one.at} for one, _ in rows]

    async def over(self, room: str) -> None:
        """Wait until a closed room's recordings stand in the log."""
        led = self.hall._led.get(room)
        if led is not None and led.running is not None:
            await within(PATIENCE_SECONDS, led.running)

    def archive(self, room: str) -> dict[str, Any]:
        """The verdict on a room's recordings and their gaps, made without a key."""
        folder = self._engines.folder(room) / RECORDINGS
        report = check(folder)
        return {
            "folder": str(folder),
            "ok": report.ok,
            "whole": report.whole,
            "faults": [asdict(one) for one in report.faults],
            "checked": [asdict(one) for one in report.checked],
            "gaps": [asdict(one) for one in list_gaps(folder)],
        }

    async def close(self) -> None:
        """Give rooms back and end the engines that run."""
        if not self._tasks:
            return
        await self.hall.aclose()
        self._server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        rooms = self._folder / "rooms"
        for room in sorted(rooms.iterdir()) if rooms.exists() else ():
            await self._engines.release(room.name)
        if self._janus is not None and (keeper := self._janus._child) is not None:
            keeper.terminate()
            await self._janus.ended(PATIENCE_SECONDS)


def _janus(folder: Path, addresses: list[str], ports: tuple[int, int]) -> OwnJanus:
    """As an installation's settings make it; it ends some seconds after its last room."""
    first, last = ports
    return OwnJanus(folder / "janus", interfaces=addresses, media_ports=(first, last), linger=_LINGER_SECONDS)
