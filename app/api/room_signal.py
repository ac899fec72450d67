"""The room's socket: an upgrade of this site's own pages, then `app.usecases.room.attending` (signalling §1).

Here are the parts of HTTP: origin, cookie, subprotocol, how many sockets an address may hold. A refused
upgrade is an HTTP answer; whatever is refused later is a code on the socket.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from app.api.cookies import entrance_of, token_of
from app.errors import AccessRefusedError, AppError, NotFoundError
from app.store.unit_of_work import UnitOfWork
from app.usecases.people import sessions
from app.usecases.principals import Principal
from app.usecases.room.admission import Door, SeatPass, Standing, by_account, by_call, by_seat, refused
from app.usecases.room.attending import Judge
from app.usecases.room.hall import Hall, Led
from app.usecases.room.links import Link
from app.usecases.room.live import GOING_AWAY
from remote_eval.protocol.messages import Hello
from remote_eval.protocol.session import ROOM_CLOSED

SUBPROTOCOL: Final = "qiantong.room.1"
MAX_REASON_BYTES: Final = 120
NONCE_BYTES: Final = 32
router = APIRouter(prefix="/v1")


@router.websocket("/rooms/{room_id}/signal")
async def signal(socket: WebSocket, room_id: str) -> None:
    """A member's connection to a room."""
    hall: Hall = socket.app.state.hall
    address = socket.client.host[:64] if socket.client is not None else "unknown"
    if not _own_page(socket) or SUBPROTOCOL not in socket.scope.get("subprotocols", []):
        await socket.close()
        return
    led = await _led(socket, hall, room_id[:64])
    if led is None:
        return
    if not hall.admits(led, address):
        await socket.close()
        return
    principal = await _principal(socket)
    hall.came(address)
    try:
        await socket.accept(subprotocol=SUBPROTOCOL)
        nonce = hall.platform.random(NONCE_BYTES).hex()
        link = Link(FrameSocket(socket), address=address, nonce=nonce, now_ms=hall.now_ms())
        await led.attendance.serve(link, _judge(principal))
    finally:
        hall.went(address)


async def _led(socket: WebSocket, hall: Hall, room_id: str) -> Led | None:
    """The room; None when the socket was told that there is none to come to.

    What a browser is to do follows from the code of a close: of a refused upgrade it learns nothing.
    """
    try:
        return await hall.led(room_id)
    except NotFoundError:
        await socket.close()
    except (AppError, SQLAlchemyError) as error:
        code = ROOM_CLOSED if str(error) == "room.closed" else GOING_AWAY
        await socket.accept(subprotocol=SUBPROTOCOL)
        await FrameSocket(socket).close(code, "closed" if code == ROOM_CLOSED else "elsewhere")
    return None


class FrameSocket:
    """A WebSocket of the server as a room's link knows one."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | None:
        """The next frame; None once the other end is gone."""
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            return None
        text = message.get("text")
        return text if text is not None else message.get("bytes")

    async def send(self, text: str) -> None:
        """Send a frame; to nobody when the other end is gone."""
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            return

    async def close(self, code: int, reason: str) -> None:
        """Close, if it is still open."""
        try:
            await self._socket.close(code, reason[:MAX_REASON_BYTES])
        except (WebSocketDisconnect, RuntimeError):
            return


def _own_page(socket: WebSocket) -> bool:
    """Whether a page of this site opened the socket: its origin is the platform's, or that of this host."""
    origin = socket.headers.get("origin", "").lower()
    parts = urlsplit(origin)
    here = parts.scheme in ("http", "https") and parts.netloc == socket.headers.get("host", "").lower()
    return bool(origin) and (here or origin == entrance_of(socket).origin)


def _judge(principal: Principal | None) -> Judge:
    """Finds out whom a hello stands for: by its own words, or by the cookie that came with the upgrade."""

    async def judge(uow: UnitOfWork, door: Door, hello: Hello) -> Standing:
        if hello.kind == "seat":
            shown = SeatPass(token=hello.token or "", fingerprint=hello.fingerprint, binding=hello.binding)
            return await by_seat(uow, door, shown)
        if hello.kind == "call":
            return await by_call(uow, door, hello.token or "")
        if principal is None:
            raise refused("no-account")
        return await by_account(uow, door, principal, camera=hello.camera)

    return judge


async def _principal(socket: WebSocket) -> Principal | None:
    """Whose cookie came with the socket; None without one that holds."""
    token = token_of(socket)
    if token is None:
        return None
    try:
        return sessions.principal_of(await sessions.of_token(entrance_of(socket).platform, token))
    except AccessRefusedError:
        return None
