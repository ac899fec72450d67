"""Rooms on a Janus gateway: a room process is the adapter, recorder and masker beside it (docs/janus.md).

Janus is one for the installation: an existing one, or one of its own that the first room starts and that ends
when no room needs it. Room processes are as with the embedded engine and outlive the web process.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from app.gateways.room_engines import Attached, RoomProcesses
from remote_eval.errors import MediaError
from remote_eval.media.janus.keeper import keep_seed
from remote_eval.media.places import READY

START_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterJanus:
    """A Janus that somebody else runs: its two addresses and the file with its seed."""

    url: str
    admin_url: str
    secret_file: Path

    @property
    def fingerprint(self) -> str | None:
        """Not known before it speaks."""
        return None

    async def ensure(self) -> None:
        """Somebody else sees to it."""


class OwnJanus:
    """A Janus of the installation's own in `folder`; media on `interfaces` (names or addresses) and
    `media_ports`. It ends when nobody had a session for `linger` seconds.

    Raises MediaError ``media.janus-interface`` for 127.0.0.1 and ::1: Janus sends no media there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        interfaces: Sequence[str],
        media_ports: tuple[int, int],
        port: int = 8188,
        admin_port: int = 7188,
        linger: float = 60,
    ) -> None:
        if {"127.0.0.1", "::1"} & set(interfaces):
            raise MediaError("media.janus-interface")
        self._folder = folder
        self._words = [f"--interface={one}" for one in interfaces]
        self._words += [f"--port={port}", f"--admin-port={admin_port}", f"--linger={linger}"]
        self._words += ["--media-ports", *map(str, media_ports)]
        self._port = port
        self.url = f"ws://127.0.0.1:{port}"
        self.admin_url = f"ws://127.0.0.1:{admin_port}"
        self._child: subprocess.Popen[bytes] | None = None
        self._order = asyncio.Lock()

    @property
    def secret_file(self) -> Path:
        """The seed of its secrets."""
        return keep_seed(self._folder)

    @property
    def fingerprint(self) -> str | None:
        """The certificate of its connections, as its keeper told it."""
        return self._told().get("fingerprint")

    def _told(self) -> Mapping[str, Any]:
        with suppress(OSError, ValueError):
            return dict(json.loads((self._folder / READY).read_bytes()))
        return {}

    async def ensure(self) -> None:
        """Start it unless it answers. Raises MediaError ``media.unavailable``."""
        async with self._order:
            if self._told() and await self._answers():
                return
            child = self._start()
            with suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    # A second keeper that lost the race ends at once; the first one's Janus is as good.
                    while not (self._told() and await self._answers()):
                        if child.poll() is not None and not self._told():
                            break
                        await asyncio.sleep(_LOOK_SECONDS)
                    else:
                        return
        raise MediaError("media.unavailable")

    async def ended(self, seconds: float) -> int | None:
        """Wait for it to end, as it does when nobody needs it: its exit code, or None if it was not started
        here. Raises TimeoutError."""
        if self._child is None:
            return None
        try:
            return await asyncio.to_thread(self._child.wait, seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def _start(self) -> subprocess.Popen[bytes]:
        """A process of its own session, which ends when nobody needs it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._child is not None:
            self._child.poll()
        command = [sys.executable, "-m", "remote_eval.media.janus.keeper", f"--folder={self._folder}"]
        with (self._folder / "keeper.log").open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own program
                [*command, *self._words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._child

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True


class JanusEngines(RoomProcesses):
    """Engines as processes on this machine that drive one Janus. `attach` sees to Janus first."""

    name = "janus"

    def __init__(self, base: Path, janus: OuterJanus | OwnJanus) -> None:
        super().__init__(base, bind="127.0.0.1", addresses=())
        self._janus = janus

    async def attach(self, room: str) -> Attached:
        """See `RoomEngines`."""
        await self._janus.ensure()
        return await super().attach(room)

    def _words(self, port: int) -> list[str]:  # noqa: ARG002 - media has no port here
        janus = self._janus
        words = ["--engine=janus", f"--janus-url={janus.url}", f"--janus-admin-url={janus.admin_url}"]
        words.append(f"--janus-secret-file={janus.secret_file.absolute()}")
        if janus.fingerprint is not None:
            words.append(f"--janus-fingerprint={janus.fingerprint}")
        return words


def outer_janus(url: str, admin_url: str, secret_file: Path | None) -> OuterJanus:
    """A Janus by its addresses. Raises MediaError ``media.janus-address`` unless both are loopback's,
    ``media.janus-secret`` without a file."""
    for one in (url, admin_url):
        if not _is_loopback(one):
            raise MediaError("media.janus-address")
    if secret_file is None:
        raise MediaError("media.janus-secret")
    return OuterJanus(url=url, admin_url=admin_url, secret_file=secret_file)


def _is_loopback(url: str) -> bool:
    found = urlsplit(url)
    try:
        return found.scheme == "ws" and ip_address(found.hostname or "").is_loopback
    except ValueError:
        return found.scheme == "ws" and found.hostname == "localhost"
