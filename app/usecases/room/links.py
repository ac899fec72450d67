"""One socket of a room: what goes out waits in a queue of its own, so that a slow client delays nobody.

A link joins a socket, the protocol's connection and, after hello, the session of a member. Who reads too
slowly is cut off and comes back with a snapshot.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

from remote_eval.protocol.session import Close, Connection, Output, Send, Session

MAX_WAITING: Final = 1_000
TOO_SLOW: Final = 1013


class Socket(Protocol):
    """The two directions of a WebSocket. `receive` gives None once the other end is gone; `send` and `close`
    raise nothing then.
    """

    async def receive(self) -> str | bytes | None:
        """The next frame."""

    async def send(self, text: str) -> None:
        """Send a frame."""

    async def close(self, code: int, reason: str) -> None:
        """Close the socket."""


class Link:
    """A socket with its connection; `address` is the peer's, `nonce` this socket's own, `member` is set by
    the welcome.
    """

    def __init__(self, socket: Socket, *, address: str, nonce: str, now_ms: int) -> None:
        self.connection = Connection(now_ms=now_ms)
        self.address = address
        self.nonce = nonce
        self.member: str | None = None
        # Of the certificate that the hello named; None before it, when nothing is negotiated.
        self.fingerprint: str | None = None
        # What keeps the member admitted: the seat session's or account session's id.
        self.standing: str | None = None
        self._socket = socket
        self._waiting: asyncio.Queue[Output] = asyncio.Queue(MAX_WAITING)

    @property
    def session(self) -> Session | None:
        """The member's session, once welcomed."""
        return self.connection.session

    def put(self, outputs: Iterable[Output]) -> None:
        """Queue what is to go out. A link whose queue is full ends."""
        for one in outputs:
            if self._waiting.full():
                self._waiting = asyncio.Queue(1)
                self._waiting.put_nowait(self.connection.end(TOO_SLOW, "too-slow"))
                return
            self._waiting.put_nowait(one)

    def send(self, text: str | None) -> None:
        """Queue a frame; None is none, and an ended connection takes none."""
        if text is not None and not self.connection.ended:
            self.put([Send(text=text)])

    def end(self, code: int, reason: str) -> None:
        """Queue the end of the socket."""
        if not self.connection.ended:
            self.put([self.connection.end(code, reason)])

    async def receive(self) -> str | bytes | None:
        """The next frame of the client."""
        return await self._socket.receive()

    async def write(self) -> None:
        """Send what waits, until the end of the socket was sent."""
        while True:
            waiting = self._waiting
            output = await waiting.get()
            if isinstance(output, Send):
                await self._socket.send(output.text)
            elif isinstance(output, Close):
                await self._socket.close(output.code, output.reason)
                return
