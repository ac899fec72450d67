"""The web of a test network: one page at the hub, and an edge that hands connections over to it.

Both run inside namespaces by `tests.support.networks_inside`. The hand-over stands for an operator's reverse
proxy: it carries bytes of one TCP port to one address, in both directions.
"""

import asyncio
from typing import Final

PAGE: Final = b"<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>hub</title>"
_ANY: Final = "0.0.0.0"  # noqa: S104  # walls decide who reaches it


class Pages:
    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None

    async def serve(self) -> None:
        """Answer every request on the port with the one page."""
        self._server = await asyncio.start_server(_answer, _ANY, self._port)

    async def hand_over(self, host: str, to: int) -> None:
        """Carry every connection on the port to another machine's."""

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await asyncio.open_connection(host, to)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

        self._server = await asyncio.start_server(carry, _ANY, self._port)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (await reader.readline()).strip():
        pass
    fields = (
        "HTTP/1.1 200 OK",
        "Content-Type: text/html",
        f"Content-Length: {len(PAGE)}",
        "Connection: close",
    )
    writer.write("\r\n".join((*fields, "", "")).encode() + PAGE)
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # either side may go whenever it likes
    writer.close()
