"""The simulated provider as a process."""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvicorn

from app.errors import AppError
from app.logs import configure
from app.private_files import create_private
from app.simulator.people import load_town
from app.simulator.provider import Provider
from app.simulator.service import Sender, create_provider_app
from crypto.errors import CryptoError
from crypto.signing import SEED_BYTES, SigningKey


def serve_simulator(
    *,
    people: Path,
    key: Path,
    reports: str,
    host: str,
    port: int,
    speed: float,
    announce: Callable[[str], None],
) -> None:
    """Serve until stopped; `announce` hears one line of JSON: the address and the key to register."""
    configure(logging.WARNING)
    provider = Provider(load_town(people), _signing_key(key), speed=speed)

    async def whole() -> None:
        listener = socket.create_server((host, port))
        app = create_provider_app(provider, _now)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        address = f"http://{host}:{listener.getsockname()[1]}"
        announce(json.dumps({"address": address, "report_key": provider.key.public.hex()}))
        async with httpx.AsyncClient(trust_env=False) as client:
            sender = asyncio.create_task(Sender(provider, url=reports, client=client, clock=_now).run())
            await server.serve(sockets=[listener])
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    asyncio.run(whole())


def _now() -> datetime:
    return datetime.now(UTC)


def _signing_key(path: Path) -> SigningKey:
    """The key whose seed (hex) a file holds; made when there is none. Raises AppError ``people.file``."""
    with suppress(FileExistsError):
        if not path.exists():
            create_private(path, os.urandom(SEED_BYTES).hex().encode("ascii"))
    try:
        return SigningKey.from_seed(bytes.fromhex(path.read_text("ascii").strip()))
    except (ValueError, CryptoError) as error:
        raise AppError("people.file") from error
