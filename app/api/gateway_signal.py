"""The gateways' socket: an upgrade, then `app.usecases.room.gateways` (docs/spec/site-gateway.md §2).

No cookie and no origin count here: whoever comes signs for what it is, and nothing is told before that.
"""

from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from app.usecases.room.gateways import GatewayDesk
from remote_eval.errors import MediaError

SUBPROTOCOL: Final = "qiantong.gateway.1"
MAX_STRANGERS: Final = 20
REFUSED: Final = 4401
router = APIRouter(prefix="/v1")


@router.websocket("/gateways/{site}/media")
async def media(socket: WebSocket, site: str) -> None:
    """A gateway's channel to the hub."""
    desk: GatewayDesk | None = socket.app.state.hall.gateways
    if (
        desk is None
        or desk.strangers >= MAX_STRANGERS
        or SUBPROTOCOL not in socket.scope.get("subprotocols", [])
    ):
        await socket.close()
        return
    messages = SocketMessages(socket)
    try:
        await desk.serve(site[:64], messages, accept=lambda: socket.accept(subprotocol=SUBPROTOCOL))
    except MediaError as error:
        await messages.refuse(error.code)
    finally:
        await messages.aclose()


class SocketMessages:
    """A WebSocket of the server as the channel's messages."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | None:
        """The next message; None once the other end is gone."""
        try:
            message = await self._socket.receive()
        except RuntimeError:
            return None
        if message["type"] != "websocket.receive":
            return None
        text = message.get("text")
        return text if text is not None else message.get("bytes")

    async def send(self, message: str | bytes) -> None:
        """Send a message. Raises ConnectionError."""
        try:
            if isinstance(message, str):
                await self._socket.send_text(message)
            else:
                await self._socket.send_bytes(message)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionResetError from error

    async def refuse(self, code: str) -> None:
        """Close with a reason that tells nothing but that it is refused."""
        await self._close(REFUSED, code)

    async def aclose(self) -> None:
        """Close, if it is still open."""
        await self._close(1000, "")

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self._socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError):
            return
