"""A server of a storm as a process of its own: the API, its worker and its connections, as `qiantong serve`
makes them. Once it has used up as much of the processor as it was given, it is gone by SIGKILL, in the middle
of whatever it does.

Its clock is a number in shared memory that the test moves. The worker passes when it is told to, so that the
test knows when nothing is due any more; a line over `orders` says how much work there was. The socket it
listens on is the test's: what arrives while nobody lives waits for the successor.
"""

import asyncio
import logging
import os
import signal
import socket
from ctypes import c_double
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import uvicorn

from app.composition import Installation, compose
from app.gateways.gateway_file import load_gateways
from app.logs import configure
from app.main import create_app
from app.serving import make_worker, server_config
from app.settings import Settings
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from app.worker import Worker
from tests.integration.conftest import CIPHER

PASSES = 8


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a server is started with. The present is `seconds` since 1970; `life` are seconds of processor, or
    0 for no end.
    """

    url: str
    settings: Settings
    seconds: c_double
    listener: socket.socket
    orders: socket.socket
    life: float

    def clock(self) -> datetime:
        """The present time as the test has it."""
        return datetime.fromtimestamp(round(self.seconds.value), UTC)


def serve(post: Post) -> None:
    """Body of the process."""
    configure(logging.ERROR)
    asyncio.run(_serve(post))


async def _serve(post: Post) -> None:
    database = Database(make_engine(post.url), CIPHER)
    async with httpx.AsyncClient(trust_env=False) as client:
        async with database.read() as uow:
            parties = await uow.parties.all()
        one = compose(post.settings, database, client, parties, clock=post.clock)
        worker, server = _assembled(one)
        serving = asyncio.create_task(server.serve(sockets=[post.listener]))
        _doom(post.life)
        await _obey(post.orders, worker)
        server.should_exit = True
        await serving
    await database.dispose()


def _doom(life: float) -> None:
    """Have this process end after so many seconds of processor."""
    signal.signal(signal.SIGPROF, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    signal.setitimer(signal.ITIMER_PROF, life)


def _assembled(one: Installation) -> tuple[Worker, uvicorn.Server]:
    settings, clock = one.settings, one.platform.clock
    gateways = load_gateways(settings.gateways, data=settings.data, client=one.client, clock=clock)
    worker = make_worker(one, gateways)
    app = create_app(one.platform, one.ceremony, settings, static=None, reporters=gateways.registered)
    return worker, uvicorn.Server(server_config(app))


async def _obey(orders: socket.socket, worker: Worker) -> None:
    """Passes for every line, until whoever gives orders has gone."""
    reader, writer = await asyncio.open_connection(sock=orders)
    while await reader.readline():
        done = 0
        for _pass in range(PASSES):
            now = await worker.run_once()
            done += now
            if not now:
                break
        writer.write(b"%d\n" % done)
    writer.close()
