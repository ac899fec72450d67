"""The platform's server as a process: pages and API over an installation, and the draws that a crash
interrupted.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn

from app.composition import Installation, installation
from app.errors import AppError
from app.gateways.beacons import BeaconUnavailableError
from app.logs import configure
from app.main import create_app
from app.settings import Settings
from app.waiting import run_patiently
from crypto.errors import CryptoError
from draw.errors import DrawError
from draw.lifecycle import DRAWN, REQUESTED

LOG: Final = structlog.get_logger("qiantong.serving")
_BACKLOG: Final = 2048


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
    listener = socket.create_server((host, port), backlog=_BACKLOG)
    app = create_app(one.platform, one.ceremony, one.settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    announce(f"http://{host}:{listener.getsockname()[1]}")
    resumed = asyncio.create_task(resume(one))
    try:
        await server.serve(sockets=[listener])
    finally:
        resumed.cancel()
        await asyncio.gather(resumed, return_exceptions=True)


async def resume(one: Installation) -> None:
    """Go on with every draw that an operator has started and that has no result yet.

    One after another; those that only wait for their beacon wait together afterwards. What stops one draw
    stops no other.
    """
    async with one.platform.database.read() as uow:
        started = [row.id for row in await uow.draws.live() if row.state not in (REQUESTED, DRAWN)]
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
