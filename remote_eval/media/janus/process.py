"""A Janus that this process starts, watches and ends; by its own process id, never by name.

`start` returns when the API answers. `died` is set when the process is gone without `stop`. Where `setpriv`
exists, the kernel ends Janus together with the process that started it.
"""

import asyncio
import contextlib
import datetime as dt
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.janus.configuration import IDENTITY, JanusConfiguration, write_configuration
from remote_eval.media.lite.identity import keep_identity

PROGRAM: Final = "janus"
START_S: Final = 10.0
STOP_S: Final = 5.0
_RETRY_S: Final = 0.05


class JanusProcess:
    """One running Janus with its own folder of configuration."""

    def __init__(self, folder: Path, settings: JanusConfiguration) -> None:
        self._folder = folder
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self.fingerprint: str | None = None
        self.died = asyncio.Event()
        self.on_death: Callable[[int], None] = lambda _code: None

    @property
    def pid(self) -> int:
        """The process id; 0 when none was started."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Write the configuration, start Janus, wait until it answers. Its certificate is kept in the folder.

        Raises ``media.janus-missing``, ``media.janus-start``, ``media.identity``.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            raise MediaError("media.janus-missing")
        await self._require_free()
        write_configuration(self._folder, self._settings)
        self.fingerprint = keep_identity(self._folder / IDENTITY, dt.datetime.now(dt.UTC)).fingerprint
        self._stopping = False
        self.died.clear()
        self._process = await asyncio.create_subprocess_exec(
            *_tied_to_us(),
            program,
            "-F",
            str(self._folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._watch = asyncio.create_task(self._watch_it(self._process))
        try:
            async with asyncio.timeout(START_S):
                await self._answers()
        except TimeoutError:
            await self.stop()
            raise MediaError("media.janus-start", reason="silent") from None

    async def stop(self) -> None:
        """End the process, gently first. Idempotent."""
        self._stopping = True
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._watch is not None:
            await self._watch
            self._watch = None

    async def _require_free(self) -> None:
        """A second Janus on the same port would start deaf and its callers would speak to the first."""
        for port in (self._settings.port, self._settings.admin_port):
            if await self._listens(port):
                raise MediaError("media.janus-start", reason="port", port=port)

    async def _answers(self) -> None:
        for port in (self._settings.port, self._settings.admin_port):
            while not await self._listens(port):
                if not self.running:
                    raise MediaError("media.janus-start", reason="ended")
                await asyncio.sleep(_RETRY_S)

    async def _listens(self, port: int) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._settings.address, port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _watch_it(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if not self._stopping:
            self.died.set()
            self.on_death(code)


def _tied_to_us() -> tuple[str, ...]:
    program = shutil.which("setpriv")
    return (program, "--pdeathsig", "TERM", "--") if program else ()
