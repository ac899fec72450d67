"""The platform's server as a process: pages and API over an installation, and the draws that a crash
interrupted.
"""

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from app.composition import Installation, installation
from app.errors import AppError
from app.gateways.beacons import BeaconUnavailableError
from app.gateways.devices import HttpDeviceCommands
from app.gateways.gateway_file import Gateways, load_gateways
from app.gateways.room_engines import recordings_in
from app.logs import configure
from app.main import create_app
from app.settings import Settings
from app.usecases.delivery.work import WorkContext
from app.waiting import run_patiently
from app.worker import HANDLERS, LONG_HANDLERS, REPORT_HANDLERS, Wiring, Worker, quiet_hours
from crypto.errors import CryptoError
from draw.errors import DrawError
from draw.lifecycle import APPOINTED, DRAWN, REQUESTED

LOG: Final = structlog.get_logger("qiantong.serving")
# How long a pass under way may take after the process was told to stop.
GRACE_SECONDS: Final = 20.0
_BACKLOG: Final = 2048
# A frame of a room's socket that is larger ends it; what the protocol takes is less, and refused by a code.
_MAX_SOCKET_FRAME: Final = 256 * 1024


def serve_platform(
    settings: Settings, *, host: str, port: int, announce: Callable[[str], None] = lambda _address: None
) -> None:
    """Serve until stopped; `announce` hears the address once the socket listens."""
    configure()

    async def whole() -> None:
        async with installation(settings) as one:
            await serve_installation(one, host=host, port=port, announce=announce)

    asyncio.run(whole())


async def serve_installation(
    one: Installation, *, host: str, port: int, announce: Callable[[str], None]
) -> None:
    """Serve an installation until stopped, going on with interrupted draws beside it."""
    listener = listen(host, port)
    app, worker = _assembled(one)
    server = uvicorn.Server(server_config(app))
    announce(address_of(listener))
    resumed = asyncio.create_task(resume(one))
    rooms = asyncio.create_task(app.state.hall.keep())
    working = asyncio.create_task(worker.run()) if one.settings.worker else None
    if threading.current_thread() is threading.main_thread():
        # The server raises the signal again when it has ended: then the pass under way ends as well, and not
        # in the middle.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        resumed.cancel()
        rooms.cancel()
        worker.stop()
        await app.state.hall.aclose()
        await _ended(*filter(None, (resumed, rooms, working)))


@asynccontextmanager
async def served(one: Installation, listener: socket.socket) -> AsyncIterator[None]:
    """An installation served on a socket, with its worker, while the block runs. Signals stay the block's."""
    app, worker = _assembled(one)
    server = _Beside(server_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    working = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        server.should_exit = True
        worker.stop()
        await app.state.hall.aclose()
        await _ended(serving, working)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any that is free. Raises OSError."""
    return socket.create_server((host, port), backlog=_BACKLOG)


def address_of(listener: socket.socket) -> str:
    """Where a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


async def _ended(*told: asyncio.Task[None]) -> None:
    """Wait for tasks that were told to stop; cancel what goes on after the grace, or once whoever waits is
    cancelled. All have ended when this returns or raises.

    A pass of the worker may wait for parties that do not answer, one after another: minutes. Its leases run
    out by themselves, and what it sent has an id that makes sending it again harmless.
    """
    try:
        await asyncio.wait(told, timeout=GRACE_SECONDS)
    finally:
        late = [one for one in told if not one.done()]
        if late:
            LOG.warning("serving.cut-off", tasks=len(late))
        for one in late:
            one.cancel()
        await asyncio.gather(*told, return_exceptions=True)


class _Beside(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _assembled(one: Installation) -> tuple[FastAPI, Worker]:
    """The application and the worker that it wakes."""
    gateways = load_gateways(
        one.settings.gateways, data=one.settings.data, client=one.client, clock=one.platform.clock
    )
    worker = make_worker(one, gateways)
    app = create_app(
        one.platform,
        one.ceremony,
        one.settings,
        reporters=gateways.registered,
        wake=worker.wake,
        commands=device_commands(one),
    )
    return app, worker


def server_config(app: FastAPI) -> uvicorn.Config:
    """How an application is served."""
    # Connections that a browser keeps open must not keep the server.
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        ws="websockets-sansio",
        ws_max_size=_MAX_SOCKET_FRAME,
        # Frames are short and come again; a compressor for each socket would cost more than it saves.
        ws_per_message_deflate=False,
    )


def device_commands(one: Installation) -> HttpDeviceCommands:
    """How an installation tells gates and lockers what to do."""
    platform = one.platform
    return HttpDeviceCommands(
        key=platform.log.key, client=one.client, clock=platform.clock, random=platform.random
    )


def make_worker(one: Installation, gateways: Gateways) -> Worker:
    """The worker of an installation, not running yet."""
    context = WorkContext(
        platform=one.platform,
        ceremony=one.ceremony,
        public_url=one.settings.public_url.rstrip("/"),
        recordings=recordings_in(one.settings.rooms),
    )
    wiring = Wiring(
        gateways=gateways.by_channel,
        handlers=HANDLERS,
        report_handlers=REPORT_HANDLERS,
        long_handlers=LONG_HANDLERS,
        quiet=quiet_hours(one.settings.quiet_hours),
        seconds=one.settings.worker_seconds,
    )
    return Worker(context, wiring)


def work_platform(settings: Settings) -> None:
    """Work the timers and the outbox of an installation without serving it, until interrupted."""
    configure()

    async def whole() -> None:
        async with installation(settings) as one:
            gateways = load_gateways(
                settings.gateways, data=settings.data, client=one.client, clock=one.platform.clock
            )
            worker = make_worker(one, gateways)
            for ending in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(ending, worker.stop)
            await worker.run()

    asyncio.run(whole())


async def resume(one: Installation) -> None:
    """Go on with every draw that an operator has started and that has no result yet.

    One after another; those that only wait for their beacon wait together afterwards. What stops one draw
    stops no other.
    """
    async with one.platform.database.read() as uow:
        live = [row for row in await uow.draws.live() if row.state not in (DRAWN, APPOINTED)]
        # What two persons began at a terminal counts as started before the first holder has answered.
        started = [
            row.id
            for row in live
            if row.state != REQUESTED or await uow.draw_terminals.begun(row.id) is not None
        ]
    waiting = [draw_id for draw_id in started if await _not_due(one, draw_id)]
    await asyncio.gather(*(_go_on(one, draw_id) for draw_id in waiting))


async def _not_due(one: Installation, draw_id: str) -> bool:
    """Run the draw as far as it goes now; whether nothing but its beacon is missing."""
    try:
        await one.ceremony.run(draw_id, until=DRAWN)
    except BeaconUnavailableError as error:
        if error.code == "beacon.not-due":
            return True
        _tell(draw_id, error)
    except Exception as error:  # noqa: BLE001 - the last fence: the other draws go on
        _tell(draw_id, error)
    return False


async def _go_on(one: Installation, draw_id: str) -> None:
    try:
        await run_patiently(one.ceremony, draw_id, until=DRAWN, waits=lambda _seconds: None)
    except Exception as error:  # noqa: BLE001 - the last fence: the other draws go on
        _tell(draw_id, error)


def _tell(draw_id: str, error: Exception) -> None:
    known = isinstance(error, AppError | DrawError | CryptoError)
    LOG.warning("draw.not-resumed", draw=draw_id, code=str(error) if known else type(error).__name__)
