"""Frames of the control channel: one JSON object a line, at most 1 MiB (docs/spec/media-control.md §1)."""

import asyncio
import json
from typing import Any, Final, Protocol

from remote_eval.errors import MediaError

MAX_FRAME_BYTES: Final = 1 << 20


class Channel(Protocol):
    """A stream of frames in both directions, in order; `receive` gives None once the other end is gone."""

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame. Raises ConnectionError when the other end is gone."""

    async def receive(self) -> dict[str, Any] | None:
        """The next frame. Raises MediaError ``media.control`` for bytes that are none."""

    async def aclose(self) -> None:
        """End the channel. Idempotent."""


def written(frame: dict[str, Any]) -> bytes:
    """The bytes of a frame, with its line end."""
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read(line: bytes | str) -> dict[str, Any]:
    """The frame of a line. Raises MediaError ``media.control``."""
    if len(line) > MAX_FRAME_BYTES:
        raise MediaError("media.control")
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MediaError("media.control") from error
    if not isinstance(frame, dict):
        raise MediaError("media.control")
    return frame


class StreamChannel:
    """A channel over a byte stream, such as a Unix socket whose folder only the owner enters."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """`reader` must allow lines of `MAX_FRAME_BYTES`."""
        self._reader = reader
        self._writer = writer

    async def send(self, frame: dict[str, Any]) -> None:
        """Write a line and wait until the buffer has room again."""
        self._writer.write(written(frame))
        await self._writer.drain()

    async def receive(self) -> dict[str, Any] | None:
        """The next line; a torn last one is the end."""
        try:
            line = await self._reader.readline()
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        except ValueError as error:
            raise MediaError("media.control") from error
        return read(line) if line.endswith(b"\n") else None

    async def aclose(self) -> None:
        """Close the stream and wait for it."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
