"""Where media engines run: a room process of its own for each room, started and found again (room.md §9).

A room process outlives the web process: whoever leads the room next finds it by its folder and goes on. The
folder is the room's own, `rooms/<room>` in the data folder; recordings lie beside the socket.
"""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from remote_eval.errors import MediaError
from remote_eval.media.control.client import RemoteEngine
from remote_eval.media.control.wire import MAX_FRAME_BYTES, StreamChannel
from remote_eval.media.engine import MediaEngine, RoomId
from remote_eval.media.places import READY, socket_path
from remote_eval.media.recording.manifest import manifest_bytes

RECORDINGS: Final = "recordings"
START_SECONDS: Final = 20.0
# A process that takes a channel and says nothing is stuck; one that was told to end closes its files first.
HELLO_SECONDS: Final = 5.0
END_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05
_PEER: Final = struct.Struct("3i")


def recordings_in(rooms: Path) -> Callable[[str], Path]:
    """Where a room's recordings are, given the folder of all rooms."""
    return lambda room: rooms / room / RECORDINGS


class ReachedEngine(MediaEngine, Protocol):
    """An engine at the other end of a channel: `aclose` ends the channel, and the engine goes on."""

    fingerprint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A room's engine; `fresh`: it was just started, so the room is to be opened in it."""

    engine: ReachedEngine
    fresh: bool


class RoomEngines(Protocol):
    """Engines by room. `attach` finds the running engine of a room or starts one; raises MediaError
    ``media.unavailable``. `release` ends the engine of a closed room. Both may be repeated.
    """

    name: str

    async def attach(self, room: str) -> Attached:
        """The engine of a room."""

    async def close(self, room: str) -> None:
        """Close a room where its engine runs: legs end, and the recorder has everything on disk."""

    async def release(self, room: str) -> None:
        """End a room's engine and wait for it; rooms that are open are closed, their recordings ended."""

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
        self._children: dict[Path, subprocess.Popen[bytes]] = {}

    def folder(self, room: str) -> Path:
        """See `RoomEngines`."""
        return self._base / room

    async def attach(self, room: str) -> Attached:
        """See `RoomEngines`."""
        folder = self.folder(room)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        running = await self._found(folder)
        if running is not None:
            return Attached(engine=running, fresh=room not in running.rooms)
        for port in self._ports:
            engine = await self._started(folder, port)
            if engine is not None:
                return Attached(engine=engine, fresh=True)
        raise MediaError("media.unavailable")

    async def close(self, room: str) -> None:
        """See `RoomEngines`."""
        engine = await self._found(self.folder(room))
        if engine is not None:
            try:
                await engine.close_room(RoomId(room))
            finally:
                await engine.aclose()

    async def release(self, room: str) -> None:
        """See `RoomEngines`."""
        folder = self.folder(room)
        await self._end(folder, signal.SIGTERM)
        child = self._children.pop(folder, None)
        if child is not None:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(child.wait, END_SECONDS)

    async def _end(self, folder: Path, how: signal.Signals) -> None:
        """Signal the process that listens on the room's socket, whatever a file says, until it is gone."""
        process = _listener(folder)
        if process is None:
            return
        os.kill(process, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                while _listener(folder) == process:  # noqa: ASYNC110 - a process of its own
                    await asyncio.sleep(_LOOK_SECONDS)

    async def manifest(self, room: str, part: int) -> bytes:
        """See `RoomEngines`."""
        return await asyncio.to_thread(manifest_bytes, self.folder(room) / RECORDINGS, part)

    async def _found(self, folder: Path) -> RemoteEngine | None:
        """The engine that runs in a folder. One that does not answer is ended."""
        try:
            return await _connected(folder)
        except TimeoutError:
            await self._end(folder, signal.SIGKILL)
            return None

    async def _started(self, folder: Path, port: int) -> RemoteEngine | None:
        """A process of its own session: what ends the web process does not end it."""
        (folder / READY).unlink(missing_ok=True)
        with (folder / "process.log").open("ab") as log:
            command = [sys.executable, "-m", "remote_eval.media.process", f"--folder={folder}"]
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - it outlives this loop; our own program
                [*command, *self._words(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        before = self._children.get(folder)
        if before is not None:
            before.poll()
        self._children[folder] = process
        return await self._answering(folder, process)

    def _words(self, port: int) -> list[str]:
        """What a room process is told beside its folder."""
        words = [f"--address={one}" for one in self._addresses]
        return [f"--bind={self._bind}", f"--port={port}", *words]

    async def _answering(self, folder: Path, process: subprocess.Popen[bytes]) -> RemoteEngine | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while process.poll() is None:
                    if _told(folder) is not None and (engine := await _connected(folder)) is not None:
                        return engine
                    await asyncio.sleep(_LOOK_SECONDS)
        return None


async def _connected(folder: Path) -> RemoteEngine | None:
    """The engine at a folder's socket; None when nobody listens. Raises TimeoutError."""
    with suppress(ConnectionError, FileNotFoundError, MediaError):
        async with asyncio.timeout(HELLO_SECONDS):
            with socket_path(folder) as path:
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_FRAME_BYTES)
            return await _greeted(StreamChannel(reader, writer))
    return None


async def _greeted(channel: StreamChannel) -> RemoteEngine:
    """The engine at the other end; a channel on which none says its hello is closed."""
    engine = None
    try:
        engine = await RemoteEngine.connect(channel)
    finally:
        if engine is None:
            await channel.aclose()
    return engine


def _listener(folder: Path) -> int | None:
    """The process that listens on a folder's socket, as the kernel knows it."""
    with suppress(OSError), socket_path(folder) as path, socket.socket(socket.AF_UNIX) as end:
        end.settimeout(HELLO_SECONDS)
        end.connect(path)
        process: int = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[0]
        return process
    return None


def _told(folder: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((folder / READY).read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
