"""`qiantong simulate devices`: the simulated devices of a site as a process.

The file lists them: ``{"platform": URL, "platform_key": hex32, "devices": [{"name", "kind", "id", "seed",
"offset"}]}``. A device without a seed gets one, and the file, owner-only, is written back; one without an id
is not registered yet: its public key is shown, and its id is put into the file by hand. Every device gives a
sign of life each `BEAT_SECONDS`.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn

from app.errors import AppError
from app.logs import quiet_server
from app.private_files import write_private
from app.simulator.devices import House, SimulatedDevice, UnheardError, create_house_app
from crypto.signing import SigningKey

BEAT_SECONDS: Final = 30.0
MAX_FILE_BYTES: Final = 1024 * 1024
SEED_BYTES: Final = 32


def load_house(path: Path) -> tuple[House, list[tuple[str, str]]]:
    """The devices of a file that have an id, and (name, public key) of those that have none.

    Raises AppError ``devices.file`` for a file that is none of the above.
    """
    try:
        value: Any = json.loads(path.read_bytes()[: MAX_FILE_BYTES + 1])
        listed = value["devices"]
        fresh = [one for one in listed if not one.get("seed")]
        for one in fresh:
            one["seed"] = os.urandom(SEED_BYTES).hex()
        if fresh:
            write_private(path, json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8"))
        house = House(
            origin=str(value["platform"]).rstrip("/"),
            public=bytes.fromhex(value["platform_key"]),
            clock=lambda: datetime.now(UTC),
        )
        made = [_device(one) for one in listed]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AppError("devices.file") from error
    for device in made:
        if device.id:
            house.add(device)
    return house, [(one.name, one.key.public.hex()) for one in made if not one.id]


def serve_devices(
    path: Path,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    listener: socket.socket | None = None,
) -> None:
    """Serve until stopped; `announce` hears the address and the keys that wait for their registration.

    A `listener` that is given stands for host and port.
    """
    quiet_server()
    house, waiting = load_house(path)
    listening = listener or socket.create_server((host, port))
    where, at = listening.getsockname()[:2]

    async def whole() -> None:
        announce(f"http://{where}:{at}")
        for name, public in waiting:
            announce(f"{name} {public}")
        async with httpx.AsyncClient(trust_env=False) as client:
            house.client = client
            config = uvicorn.Config(
                create_house_app(house), log_level="warning", access_log=False, lifespan="off"
            )
            beats = asyncio.create_task(_beat(house))
            try:
                await uvicorn.Server(config).serve(sockets=[listening])
            finally:
                beats.cancel()

    asyncio.run(whole())


async def _beat(house: House) -> None:
    while True:
        for device in list(house.devices.values()):
            try:
                await house.report(device, "heartbeat")
            except UnheardError:
                # The platform notices by itself that it hears nothing.
                continue
        await asyncio.sleep(BEAT_SECONDS)


def _device(one: Any) -> SimulatedDevice:
    return SimulatedDevice(
        id=str(one.get("id") or ""),
        kind=str(one["kind"]),
        name=str(one["name"]),
        key=SigningKey.from_seed(bytes.fromhex(one["seed"])),
        offset=timedelta(seconds=int(one.get("offset", 0))),
    )
