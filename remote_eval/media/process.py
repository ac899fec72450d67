"""The room process: one media engine behind a Unix socket, alive for as long as a room needs it.

    python -m remote_eval.media.process --folder DIR --bind 10.0.0.1 --port 40000 --address 10.0.0.1

The web process starts it, speaks to it by `control.sock` in `DIR` (owner only), and may die and come back
meanwhile: media and recording go on. The process ends when it is told to (SIGTERM), having closed its rooms,
or when `--linger` seconds passed without a channel and without a room; an open room that nobody leads any
more is recorded for a day. `ready.json` in `DIR` says process id, port and certificate fingerprint once the
socket is open.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import uvloop

from remote_eval.media.control.server import EngineServer
from remote_eval.media.control.wire import MAX_FRAME_BYTES, StreamChannel
from remote_eval.media.engine import MediaEngine
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.places import READY, SOCKET, socket_path
from remote_eval.media.recording.recorder import recorder_for

LONGEST_ALONE_SECONDS: Final = 24 * 3600.0
# How long a thread that computes (masker, recorder) may keep the loop from going on. The loop gives way at
# each packet that it sends: at Python's 5 ms a voice being masked stops all media of a busy machine.
SWITCH_SECONDS: Final = 0.0005


class RoomProcess:
    """An engine that is served on a socket until somebody says stop."""

    def __init__(self, engine: MediaEngine, folder: Path, *, linger: float) -> None:
        """`folder` exists and is the owner's alone; `linger` in seconds."""
        self._engine = engine
        self._folder = folder
        self._linger = linger
        self._alone_seconds = 0.0
        self._server = EngineServer(engine)
        self._channels: set[StreamChannel] = set()
        self._served: set[asyncio.Task[None]] = set()
        self._alone: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until stopped, then close the engine with everything recorded on disk."""
        (self._folder / SOCKET).unlink(missing_ok=True)
        previous = os.umask(0o177)
        try:
            with socket_path(self._folder) as path:
                listening = await asyncio.start_unix_server(self._serve, path, limit=MAX_FRAME_BYTES)
        finally:
            os.umask(previous)
        self._wait_for_somebody()
        ready()
        try:
            await self._stopped.wait()
        finally:
            listening.close()
            await self._engine.aclose()
            for channel in list(self._channels):
                await channel.aclose()
            await asyncio.gather(*self._served)
            (self._folder / SOCKET).unlink(missing_ok=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a channel in a task of our own, which is waited for at the end."""
        task = asyncio.create_task(self._serve_channel(StreamChannel(reader, writer)))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def _serve_channel(self, channel: StreamChannel) -> None:
        self._channels.add(channel)
        self._alone_seconds = 0.0
        if self._alone is not None:
            self._alone.cancel()
        try:
            await self._server.serve(channel)
        finally:
            self._channels.discard(channel)
            self._wait_for_somebody()
            await channel.aclose()

    def _wait_for_somebody(self) -> None:
        if not self._channels:
            self._alone = asyncio.get_running_loop().call_later(self._linger, self._leave)

    def _leave(self) -> None:
        """Nobody came back. A room that is open is recorded on: its seats may still be connected."""
        if self._channels:
            return
        self._alone_seconds += self._linger
        if self._server.has_rooms and self._alone_seconds < LONGEST_ALONE_SECONDS:
            self._wait_for_somebody()
        else:
            self.stop()


async def serve(
    make_engine: Callable[[], Awaitable[MediaEngine]],
    folder: Path,
    *,
    linger: float,
    about: dict[str, object],
) -> None:
    """Run a room process in this one until SIGTERM or SIGINT; `about` stands in `ready.json`."""
    engine = await make_engine()
    _spare_the_collector()
    process = RoomProcess(engine, folder, linger=linger)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    told = about | {
        "pid": os.getpid(),
        "port": getattr(engine, "port", None),
        "fingerprint": getattr(engine, "fingerprint", None),
    }
    try:
        await process.run(lambda: _tell(folder, told))
    finally:
        (folder / READY).unlink(missing_ok=True)


def _spare_the_collector() -> None:
    """What is loaded stays, and packets die by their count: a full collection among the thousands that are
    kept for repair would hold all media up for tens of milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def _tell(folder: Path, told: dict[str, object]) -> None:
    fresh = folder / f"{READY}.new"
    fresh.write_text(json.dumps(told), encoding="ascii")
    fresh.rename(folder / READY)


async def _over_janus(words: argparse.Namespace) -> MediaEngine:
    from remote_eval.media.janus.factory import janus_engine  # noqa: PLC0415 - the other engine's code

    return await janus_engine(
        words.janus_url,
        words.janus_admin_url,
        words.janus_secret_file,
        make_sink=recorder_for,
        fingerprint=words.janus_fingerprint,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A room's media engine behind a Unix socket.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bind", default="0.0.0.0")  # noqa: S104 - media comes from the sites' networks
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", action="append", default=[], help="told to clients; may be repeated")
    parser.add_argument("--engine", choices=("lite", "janus"), default="lite")
    parser.add_argument("--janus-url", default="")
    parser.add_argument("--janus-admin-url", default="")
    parser.add_argument("--janus-secret-file", type=Path)
    parser.add_argument("--janus-fingerprint")
    parser.add_argument("--linger", type=float, default=60.0)
    words = parser.parse_args()

    if words.engine == "lite" and not words.address:
        parser.error("--address is missing")
    if words.engine == "janus" and words.janus_secret_file is None:
        parser.error("--janus-secret-file is missing")

    async def make() -> MediaEngine:
        if words.engine == "janus":
            return await _over_janus(words)
        return await lite_engine(words.folder, bind=words.bind, port=words.port, addresses=words.address)

    sys.setswitchinterval(SWITCH_SECONDS)
    run = serve(make, words.folder, linger=words.linger, about={"addresses": words.address})
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(run)


if __name__ == "__main__":
    main()
