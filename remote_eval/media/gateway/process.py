"""The gateway process: an engine for a site's seats, and a channel to the hub, dialled again and again.

    python -m remote_eval.media.gateway.process --folder DIR

While the hub is not reached, media between the site's own seats and the recording of what they send go on;
grants stay as the hub said them last. The process ends on SIGTERM, with everything recorded on disk.
`ready.json` in `DIR` says process id, port and certificate fingerprint.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from crypto.signing import SigningKey
from remote_eval.errors import MediaError
from remote_eval.media.control.server import EngineServer
from remote_eval.media.control.wire import Channel
from remote_eval.media.gateway.calls import GATEWAY_CALLS
from remote_eval.media.gateway.configuration import GatewayConfiguration, read_configuration, read_key
from remote_eval.media.gateway.edge import EdgeEngine
from remote_eval.media.gateway.hello import SHARE_BYTES, hello_text, read_challenge, share_of, welcomed
from remote_eval.media.gateway.sealed import MAX_MESSAGE_BYTES, Messages, SealedChannel
from remote_eval.media.lite.factory import IDENTITY
from remote_eval.media.lite.identity import keep_identity
from remote_eval.media.places import READY

_log = logging.getLogger(__name__)
RECORDINGS: Final = "recordings"
SUBPROTOCOL: Final = "qiantong.gateway.1"
GREETING_SECONDS: Final = 10.0
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 15.0
# A hub that says nothing for so long is taken to be unreachable.
PING_SECONDS: Final = 3.0


class SocketMessages:
    """A client's WebSocket as `Messages`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | None:
        """See `Messages`."""
        try:
            return await self._socket.recv()
        except ConnectionClosed:
            return None

    async def send(self, message: str | bytes) -> None:
        """See `Messages`."""
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise ConnectionResetError from error

    async def aclose(self) -> None:
        """See `Messages`."""
        await self._socket.close()


class Gateway:
    """An engine, and whoever drives it from the hub. `secret` gives fresh X25519 private keys."""

    def __init__(
        self,
        configuration: GatewayConfiguration,
        key: SigningKey,
        engine: EdgeEngine,
        *,
        secret: Callable[[int], bytes] = secrets.token_bytes,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._configuration = configuration
        self._key = key
        self._engine = engine
        self._secret = secret
        self._pause = pause
        self._server = EngineServer(engine, GATEWAY_CALLS)
        self.reached = asyncio.Event()

    async def run(self) -> None:
        """Dial the hub until cancelled; pauses double up to 15 s and begin anew after each welcome."""
        wait = FIRST_PAUSE
        while True:
            try:
                async with connect(
                    self._configuration.channel,
                    subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
                    max_size=MAX_MESSAGE_BYTES,
                    compression=None,
                    ping_interval=PING_SECONDS,
                    ping_timeout=PING_SECONDS,
                    proxy=None,
                ) as socket:
                    channel = await self._greeted(SocketMessages(socket))
                    wait = FIRST_PAUSE
                    await self._serve(channel)
            except (OSError, TimeoutError, WebSocketException) as error:
                _log.info("the hub is not reached: %s", type(error).__name__)
            except MediaError as error:
                _log.warning("the hub is not reached: %s", error.code)
            await self._pause(wait)
            wait = min(2 * wait, LONGEST_PAUSE)

    async def _greeted(self, messages: Messages) -> Channel:
        """The channel after hello and welcome. Raises MediaError ``gateway.hub``."""
        async with asyncio.timeout(GREETING_SECONDS):
            nonce = read_challenge(await _next(messages))
            secret = self._secret(SHARE_BYTES)
            hello = hello_text(
                self._key,
                site=self._configuration.site,
                device=self._configuration.device,
                nonce=nonce,
                share=share_of(secret),
                fingerprint=self._engine.fingerprint,
            )
            await messages.send(hello)
            keys = welcomed(await _next(messages), hello, hub=self._configuration.hub_key, secret=secret)
        return SealedChannel(messages, sending=keys.up, receiving=keys.down)

    async def _serve(self, channel: Channel) -> None:
        self.reached.set()
        try:
            await self._server.serve(channel)
        except* (MediaError, ConnectionError) as failed:
            _log.warning("the channel ended: %s", failed.exceptions[0])
        finally:
            self.reached.clear()


async def _next(messages: Messages) -> str | bytes:
    message = await messages.receive()
    if message is None:
        raise MediaError("gateway.refused")
    return message


async def edge_engine(folder: Path, configuration: GatewayConfiguration) -> EdgeEngine:
    """A started engine with its certificate and its recordings in `folder`. Raises OSError, MediaError."""
    engine = EdgeEngine(
        identity=keep_identity(folder / IDENTITY, dt.datetime.now(dt.UTC)),
        host=configuration.bind,
        port=configuration.port,
        addresses=configuration.addresses,
        folder=folder / RECORDINGS,
    )
    await engine.start()
    return engine


async def serve(folder: Path) -> None:
    """Be the gateway of this folder until SIGTERM or SIGINT. Raises OSError, MediaError."""
    configuration, key = read_configuration(folder), read_key(folder)
    engine = await edge_engine(folder, configuration)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    running = asyncio.create_task(Gateway(configuration, key, engine).run(), name="gateway")
    _tell(folder, {"pid": os.getpid(), "port": engine.port, "fingerprint": engine.fingerprint})
    try:
        await stopped.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
        await engine.aclose()
        (folder / READY).unlink(missing_ok=True)


def _tell(folder: Path, told: dict[str, object]) -> None:
    fresh = folder / f"{READY}.new"
    fresh.write_text(json.dumps(told), encoding="ascii")
    fresh.rename(folder / READY)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="The gateway of a site: its seats' media engine.")
    parser.add_argument("--folder", type=Path, required=True)
    words = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(words.folder))


if __name__ == "__main__":
    main()
