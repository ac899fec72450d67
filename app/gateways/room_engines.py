"""Where media engines run: a room process of its own for each room, started and found again (room.md §9).

A room process outlives the web process: whoever leads the room next finds it by its folder and goes on. The
folder is the room's own, `rooms/<room>` in the data folder; recordings lie beside the socket.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from remote_eval.errors import MediaError
from remote_eval.media.control.client import RemoteEngine
from remote_eval.media.control.wire import MAX_FRAME_BYTES, StreamChannel
from remote_eval.media.places import READY, socket_path
from remote_eval.media.recording.manifest import manifest_bytes

RECORDINGS: Final = "recordings"
START_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A room's engine; `fresh`: it was just started, so the room is to be opened in it."""

    engine: RemoteEngine
    fresh: bool


class RoomEngines(Protocol):
    """Engines by room. `attach` finds the running engine of a room or starts one; raises MediaError
    ``media.unavailable``. `release` ends the engine of a closed room. Both may be repeated.
    """

    name: str

    async def attach(self, room: str) -> Attached:
        """The engine of a room."""

    async def release(self, room: str) -> None:
        """End a room's engine, whose rooms are closed."""

    def folder(self, room: str) -> Path:
        """The folder of a room; its recordings are in `recordings`."""

    async def manifest(self, room: str, part: int) -> bytes:
        """What was recorded in a part that has ended, docs/spec/recording.md §9."""


class RoomProcesses:
    """Engines as processes on this machine. `addresses` are told to clients; `bind` and `ports` are where
    media comes in, port 0: any that is free.
    """

    name = "lite"

    def __init__(
        self, base: Path, *, bind: str, addresses: Sequence[str], ports: Sequence[int] = (0,)
    ) -> None:
        self._base = base
        self._bind = bind
        self._addresses = tuple(addresses)
        self._ports = tuple(ports)

    def folder(self, room: str) -> Path:
        """See `RoomEngines`."""
        return self._base / room

    async def attach(self, room: str) -> Attached:
        """See `RoomEngines`."""
        folder = self.folder(room)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        running = await self._connected(folder)
        if running is not None:
            return Attached(engine=running, fresh=room not in running.rooms)
        for port in self._ports:
            engine = await self._started(folder, port)
            if engine is not None:
                return Attached(engine=engine, fresh=True)
        raise MediaError("media.unavailable")

    async def release(self, room: str) -> None:
        """See `RoomEngines`."""
        told = _told(self.folder(room))
        if told is not None:
            with suppress(ProcessLookupError):
                os.kill(int(told["pid"]), signal.SIGTERM)

    async def manifest(self, room: str, part: int) -> bytes:
        """See `RoomEngines`."""
        return await asyncio.to_thread(manifest_bytes, self.folder(room) / RECORDINGS, part)

    async def _connected(self, folder: Path) -> RemoteEngine | None:
        with suppress(OSError, MediaError):
            with socket_path(folder) as path:
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_FRAME_BYTES)
            return await RemoteEngine.connect(StreamChannel(reader, writer))
        return None

    async def _started(self, folder: Path, port: int) -> RemoteEngine | None:
        """A process of its own session: what ends the web process does not end it."""
        (folder / READY).unlink(missing_ok=True)
        words = [f"--address={one}" for one in self._addresses]
        with (folder / "process.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "remote_eval.media.process",
                f"--folder={folder}",
                f"--bind={self._bind}",
                f"--port={port}",
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return await self._answering(folder, process)

    async def _answering(self, folder: Path, process: asyncio.subprocess.Process) -> RemoteEngine | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    if _told(folder) is not None and (engine := await self._connected(folder)) is not None:
                        return engine
                    await asyncio.sleep(_LOOK_SECONDS)
        return None


def _told(folder: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((folder / READY).read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
