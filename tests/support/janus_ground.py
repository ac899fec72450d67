"""A real Janus for tests: a cable of its own for the media, free ports, and a proxy that cuts its API's line.

Janus gathers no candidates on the loopback interface, but on a veth it takes any address, also one of 127/8:
so its media stays on this machine, which the tests' guard sees to. A veth needs root.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from remote_eval.media.janus.configuration import JanusConfiguration, JanusSecrets
from remote_eval.media.janus.engine import JanusEngine
from remote_eval.media.janus.factory import own_janus_engine
from remote_eval.media.janus.link import LinkSettings
from remote_eval.media.recording.recorder import recorder_for
from tests.support.media_link import home

HOW_TO = "as root on Linux: apt install janus iproute2"
MEDIA_PORTS = 400


def obstacle() -> str | None:
    """Why there can be no Janus here, None when there can."""
    if missing := [name for name in ("janus", "ip") if shutil.which(name) is None]:
        return f"NO {' AND NO '.join(missing).upper()}: the tests on Janus are LEFT OUT; {HOW_TO}"
    if os.geteuid() != 0:
        return f"NO ROOT: the tests on Janus are LEFT OUT, it needs an interface of its own; {HOW_TO}"
    return None


def require_janus() -> None:
    """Skip the test loudly where there can be no Janus; on a CI machine that is a failure."""
    if (why := obstacle()) is None:
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def cable() -> Iterator[str]:
    """An interface that is up, with an address of 127/8 for this process alone; gives its name.

    Clients are at home on that address meanwhile: Janus answers no check that comes from 127.0.0.1.
    """
    number = os.getpid() % 0xFFFF
    near, far = f"qj{number:x}a", f"qj{number:x}b"
    _ip("link", "add", near, "type", "veth", "peer", "name", far)
    try:
        address = f"127.77.{number >> 8}.{number & 0xFF}"
        _ip("addr", "add", f"{address}/32", "dev", near)
        for name in (near, far):
            _ip("link", "set", name, "up")
        home[0] = address
        yield near
    finally:
        home[0] = "127.0.0.1"
        _ip("link", "del", near)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def media_ports() -> tuple[int, int]:
    """A range of UDP ports for this process alone."""
    low = 20_000 + MEDIA_PORTS * (os.getpid() % 25)
    return low, low + MEDIA_PORTS - 1


def settings_on(interface: str, **others: Any) -> JanusConfiguration:
    """A configuration with fresh secrets and free ports."""
    return JanusConfiguration(
        **{
            "secrets": JanusSecrets.derive(secrets.token_bytes(32)),
            "interfaces": (interface,),
            "port": free_port(),
            "admin_port": free_port(),
            "media_ports": media_ports(),
            **others,
        }
    )


@asynccontextmanager
async def running_janus(folder: Path, **others: Any) -> AsyncIterator[JanusEngine]:
    """The engine with a Janus of its own."""
    require_janus()
    with cable() as interface:
        plugs = {"make_sink": recorder_for, **others}
        engine = await own_janus_engine(folder / "janus", settings_on(interface), **plugs)
        try:
            yield engine
        finally:
            await engine.aclose()


def engine_over(settings: JanusConfiguration, *, url: str = "", **others: Any) -> JanusEngine:
    """An engine, not started, over a Janus that somebody else runs; `url` leads there."""
    return JanusEngine(
        **{
            "api": LinkSettings(url=url or settings.url, secret=settings.secrets.api, last_retry_s=0.2),
            "admin": LinkSettings(url=settings.admin_url, secret=settings.secrets.admin),
            "rooms_key": settings.secrets.rooms,
            **others,
        }
    )


class Line:
    """A TCP line to a port, which a test cuts and mends; nothing of what was sent before is lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._own = 0
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where to speak to."""
        return f"ws://127.0.0.1:{self._own}"

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", self._own)
        self._own = int(self._server.sockets[0].getsockname()[1])

    async def cut(self) -> None:
        """End all connections and take no more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, far_writer))
                both.create_task(_pump(far_reader, writer))
        finally:
            self._open -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A line that is whole at first."""
    line = Line(port)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
