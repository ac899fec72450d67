"""A site on the day: the API and the pages at a real address, people who come, staff with accounts.

Database, devices, letters and clock are those of `tests.support.arriving`; whoever drives a browser stays
synchronous and asks for work inside with `do`.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import uvicorn

from app.main import STATIC, create_app
from app.settings import Settings
from app.store.engine import make_engine
from app.store.unit_of_work import Database
from migrations.upgrade import upgrade
from tests.integration.conftest import CIPHER
from tests.support import people
from tests.support.arriving import CITY, Arriving, set_arriving
from tests.support.people import Person
from tests.support.service import Service
from tests.support.stage import set_stage

T = TypeVar("T")
PATIENCE_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class Day:
    """`address` has no slash at its end; `staff` are enrolled people by login."""

    address: str
    arriving: Arriving
    loop: asyncio.AbstractEventLoop
    staff: dict[str, Person] = field(default_factory=dict)

    def do(self, work: Callable[[Arriving], Awaitable[T]]) -> T:
        """Run `work` in the server's loop and wait for it."""

        async def whole() -> T:
            return await work(self.arriving)

        return asyncio.run_coroutine_threadsafe(whole(), self.loop).result(PATIENCE_SECONDS)

    def employ(self, login: str, role: str = "site", site: str | None = CITY) -> Person:
        """Somebody with an account."""

        async def work(arriving: Arriving) -> Person:
            return await people.person(_as_service(arriving), login, role, site=site)

        self.staff[login] = self.do(work)
        return self.staff[login]

    def code(self, who: Person) -> str:
        """What the authenticator app shows, half a minute later; the devices are heard of meanwhile."""

        async def work(arriving: Arriving) -> str:
            shown = people.next_code(_as_service(arriving), who)
            await arriving.heartbeats()
            return shown

        return self.do(work)


@contextmanager
def day(folder: Path) -> Iterator[Day]:
    """The server, up at the begin of the block and gone at its end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="day")
    thread.start()
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        arriving, database, server = _wait(loop, _start(folder, address))
        running = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listener]), loop)
        yield Day(address=address, arriving=arriving, loop=loop)
        server.should_exit = True
        running.result(PATIENCE_SECONDS)
        _wait(loop, arriving.client.aclose())
        _wait(loop, arriving.stage.one.client.aclose())
        _wait(loop, database.dispose())
    finally:
        listener.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def _start(folder: Path, address: str) -> tuple[Arriving, Database, uvicorn.Server]:
    engine = make_engine(f"sqlite:///{folder / 'qiantong.sqlite'}")
    await upgrade(engine)
    database = Database(engine, CIPHER)
    arriving = await set_arriving(await set_stage(database, folder / "stage"))
    app = create_app(
        arriving.platform,
        arriving.stage.one.ceremony,
        Settings(data=folder, public_url=address, caller_rate="100000/minute"),
        static=STATIC,
        commands=arriving.app.state.desk.commands,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    # Connections that a browser keeps open must not keep the server.
    config.timeout_graceful_shutdown = 1
    return arriving, database, uvicorn.Server(config)


def _as_service(arriving: Arriving) -> Service:
    """What `tests.support.people` asks of a service: platform, application and a clock that moves."""
    scene = SimpleNamespace(clock=arriving.stage.clock)
    return cast("Service", SimpleNamespace(platform=arriving.platform, app=arriving.app, scene=scene))


def _wait(loop: asyncio.AbstractEventLoop, work: Awaitable[Any]) -> Any:
    async def whole() -> Any:
        return await work

    return asyncio.run_coroutine_threadsafe(whole(), loop).result(PATIENCE_SECONDS)
