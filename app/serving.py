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
    """Go on with every draw that an operator has started and that has no result yet, one after another."""
    async with one.platform.database.read() as uow:
        waiting = [row for row in await uow.draws.live() if row.state not in (REQUESTED, DRAWN)]
    for row in waiting:
        try:
            await run_patiently(one.ceremony, row.id, until=DRAWN, waits=lambda _seconds: None)
        except (AppError, DrawError, CryptoError) as error:
            LOG.warning("draw.not-resumed", draw=row.id, code=str(error))
