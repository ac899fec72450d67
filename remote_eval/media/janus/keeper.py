"""A Janus for all rooms of an installation: started once, started again when it dies, ended when unused.

    python -m remote_eval.media.janus.keeper --folder DIR --interface 10.0.0.1 --media-ports 20000 29999

Whoever needs it first starts it, in a session of its own; room processes come and go as its clients. `seed`
in `DIR` holds 64 hexadecimal digits from which the three secrets are derived, `ready.json` process id and
certificate fingerprint while Janus answers. It ends on SIGTERM, and when nobody had a session for `--linger`
seconds.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import time
from pathlib import Path
from typing import Final

from remote_eval.errors import MediaError
from remote_eval.media.janus.configuration import SEED_BYTES, JanusConfiguration, JanusSecrets
from remote_eval.media.janus.link import LinkSettings, ask_admin
from remote_eval.media.janus.process import JanusProcess
from remote_eval.media.places import READY

SEED: Final = "seed"
LOOK_S: Final = 2.0
_AGAIN_S: Final = (0.2, 5.0)


def keep_seed(folder: Path) -> Path:
    """The file with the folder's seed, made for its owner alone if there was none."""
    file = folder / SEED
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as fresh:
            fresh.write(secrets.token_hex(SEED_BYTES))
    return file


class Keeper:
    """See the module."""

    def __init__(self, folder: Path, settings: JanusConfiguration, *, linger: float) -> None:
        """`linger` in seconds."""
        self._folder = folder
        self._settings = settings
        self._linger = linger
        self._process = JanusProcess(folder, settings)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    async def run(self) -> None:
        """Keep a Janus until stopped. Raises ``media.janus-start``, ``media.janus-missing``."""
        await self._process.start()
        self._tell()
        watching = asyncio.create_task(self._watch())
        try:
            await self._stopped.wait()
        finally:
            watching.cancel()
            (self._folder / READY).unlink(missing_ok=True)
            await self._process.stop()

    def _tell(self) -> None:
        told = {"pid": os.getpid(), "fingerprint": self._process.fingerprint}
        fresh = self._folder / f"{READY}.new"
        fresh.write_text(json.dumps(told), encoding="ascii")
        fresh.rename(self._folder / READY)

    async def _watch(self) -> None:
        used_at = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._process.died.wait()
                await self._again()
                used_at = time.monotonic()
            if await self._is_used():
                used_at = time.monotonic()
            elif time.monotonic() - used_at > self._linger:
                self.stop()
                return

    async def _again(self) -> None:
        """Start Janus again, later and later."""
        wait, longest = _AGAIN_S
        while True:
            with contextlib.suppress(MediaError, OSError):
                await self._process.stop()
                await self._process.start()
                return
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    async def _is_used(self) -> bool:
        admin = LinkSettings(url=self._settings.admin_url, secret=self._settings.secrets.admin)
        try:
            (told,) = await ask_admin(admin, [{"janus": "list_sessions"}], secrets.token_bytes)
        except MediaError:
            # It cannot say: it is about to be started again.
            return True
        return bool(told.get("sessions"))


async def keep(folder: Path, settings: JanusConfiguration, *, linger: float) -> None:
    """Run a keeper in this process until SIGTERM or SIGINT."""
    keeper = Keeper(folder, settings, linger=linger)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    await keeper.run()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A Janus for the rooms of an installation.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument(
        "--interface", action="append", required=True, help="name or address; may be repeated"
    )
    parser.add_argument("--port", type=int, default=8188)
    parser.add_argument("--admin-port", type=int, default=7188)
    parser.add_argument("--media-ports", type=int, nargs=2, default=(20_000, 29_999))
    parser.add_argument("--linger", type=float, default=60.0)
    words = parser.parse_args()
    low, high = words.media_ports
    settings = JanusConfiguration(
        secrets=JanusSecrets.read(keep_seed(words.folder)),
        interfaces=tuple(words.interface),
        port=words.port,
        admin_port=words.admin_port,
        media_ports=(low, high),
    )
    asyncio.run(keep(words.folder, settings, linger=words.linger))


if __name__ == "__main__":
    main()
