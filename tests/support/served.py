"""The API and the pages at a real address: uvicorn on a loopback port, in a thread with a loop of its own.

Database, party nodes and clock are those of `tests.support.service`; whoever drives a browser stays
synchronous and asks for work inside with `do`.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvicorn

from app.main import STATIC, create_app
from app.settings import Settings
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from migrations.upgrade import upgrade
from tests.integration.conftest import CIPHER
from tests.support.service import Service, service

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Served:
    """`address` has no slash at its end."""

    address: str
    api: Service
    loop: asyncio.AbstractEventLoop

    def do(self, work: Callable[[Service], Awaitable[T]]) -> T:
        """Run `work` in the server's loop and wait for it."""

        async def whole() -> T:
            return await work(self.api)

        return asyncio.run_coroutine_threadsafe(whole(), self.loop).result(PATIENCE_SECONDS)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The server, up at the begin of the block and gone at its end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="served")
    thread.start()
    try:
        api, database, server, listener = _wait(loop, _start(folder))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listener]), loop)
        yield Served(address=address, api=api, loop=loop)
        server.should_exit = True
        running.result(PATIENCE_SECONDS)
        _wait(loop, api.client.aclose())
        _wait(loop, database.dispose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def _start(folder: Path) -> tuple[Service, Database, uvicorn.Server, socket.socket]:
    engine = make_engine(f"sqlite:///{folder / 'qiantong.sqlite'}")
    await upgrade(engine)
    database = Database(engine, CIPHER)
    api = await service(database, folder / "parties", experts=600)
    listener = socket.create_server(("127.0.0.1", 0))
    # Passkeys belong to a name, not to a number.
    settings = Settings(data=folder, public_url=f"http://localhost:{listener.getsockname()[1]}")
    app = create_app(api.platform, api.ceremony, settings, static=STATIC)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    # Connections that a browser keeps open must not keep the server.
    config.timeout_graceful_shutdown = 1
    return api, database, uvicorn.Server(config), listener


def _wait(loop: asyncio.AbstractEventLoop, work: Awaitable[T]) -> T:
    async def whole() -> T:
        return await work

    return asyncio.run_coroutine_threadsafe(whole(), loop).result(PATIENCE_SECONDS)
