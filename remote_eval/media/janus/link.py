"""One session with a Janus over its WebSocket API (subprotocol ``janus-protocol``): calls, events, return.

A call is one transaction with a deadline; what Janus refuses raises JanusRefusal with its number alone, for
its texts name members. When the connection breaks, all calls under way fail with ``media.unavailable``, and
the link comes back by itself: with the old session where Janus kept it (`claim`), else with a new one, which
knows none of the old handles. The link enforces nothing and knows no rooms.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from remote_eval.errors import MediaError

API: Final = Subprotocol("janus-protocol")
ADMIN: Final = Subprotocol("janus-admin-protocol")
PLUGIN: Final = "janus.plugin.videoroom"
MAX_FRAME: Final = 4_194_304
Json = dict[str, Any]
OnEvent = Callable[[Json], None]


class JanusRefusal(MediaError):  # noqa: N818
    """Janus answered a call with an error; `number` is its own, of the core or of the plugin."""

    def __init__(self, number: int) -> None:
        super().__init__("media.janus-refused", number=number)
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Address and secret of one API, and the seconds that a call, a quiet spell and a new try may take."""

    url: str
    secret: str = field(repr=False)
    call_s: float = 5.0
    keepalive_s: float = 10.0
    ping_s: float = 2.0
    first_retry_s: float = 0.1
    last_retry_s: float = 5.0


class JanusLink:
    """The session; `on_lost` and `on_back(kept)` tell of a broken connection and of its return."""

    def __init__(self, settings: LinkSettings, fresh: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._fresh = fresh
        self._socket: ClientConnection | None = None
        self._session = 0
        self._calls: dict[str, tuple[asyncio.Future[Json], bool]] = {}
        self._handles: dict[int, OnEvent] = {}
        # Ended here while Janus was out of reach.
        self._doomed: set[int] = set()
        self._running: asyncio.Task[None] | None = None
        self.on_lost: Callable[[], None] = lambda: None
        self.on_back: Callable[[bool], None] = lambda _kept: None

    @property
    def up(self) -> bool:
        """Whether calls can be made now."""
        return self._socket is not None and self._session != 0

    @property
    def session(self) -> int:
        """Janus' number of the session."""
        return self._session

    async def open(self) -> None:
        """Connect and begin a session. Raises ``media.unavailable``, or JanusRefusal for a wrong secret."""
        socket = await self._connect()
        reader = asyncio.create_task(self._read(socket))
        try:
            await self._begin()
        except BaseException:
            await socket.close()
            await reader
            self._socket = None
            raise
        self._running = asyncio.create_task(self._live(reader))

    async def close(self) -> None:
        """End the session, and with it all its handles."""
        running, self._running = self._running, None
        if running is None:
            return
        with contextlib.suppress(MediaError):
            if self.up:
                await self._call({"janus": "destroy", "session_id": self._session})
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await self._drop()
        self._session = 0

    async def attach(self, on_event: OnEvent) -> int:
        """A new handle of the VideoRoom; its events go to `on_event`, in order."""
        answer = await self._call({"janus": "attach", "session_id": self._session, "plugin": PLUGIN})
        handle = int(answer["data"]["id"])
        self._handles[handle] = on_event
        return handle

    async def detach(self, handle: int) -> None:
        """End a handle and its peer connection. Idempotent. Out of reach: ``media.unavailable``, and Janus is
        told as soon as it is back."""
        if self._handles.pop(handle, None) is None:
            return
        try:
            await self._detach(handle)
        except MediaError:
            self._doomed.add(handle)
            raise

    async def _detach(self, handle: int) -> None:
        with contextlib.suppress(JanusRefusal):
            await self._call({"janus": "detach", "session_id": self._session, "handle_id": handle})

    async def message(
        self, handle: int, body: Mapping[str, object], jsep: Mapping[str, object] | None = None
    ) -> tuple[Json, Json | None]:
        """Send the plugin a request; gives its data and the SDP that came with it (`type`, `sdp`)."""
        call: Json = {
            "janus": "message",
            "session_id": self._session,
            "handle_id": handle,
            "body": dict(body),
        }
        if jsep is not None:
            call["jsep"] = dict(jsep)
        answer = await self._call(call)
        data = answer.get("plugindata", {}).get("data", {})
        if "error_code" in data:
            raise JanusRefusal(int(data["error_code"]))
        return data, answer.get("jsep")

    async def _call(self, call: Json, *, ack_is_answer: bool = False) -> Json:
        socket = self._socket
        if socket is None:
            raise MediaError("media.unavailable")
        name = self._fresh(12).hex()
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._calls[name] = (future, ack_is_answer)
        try:
            async with asyncio.timeout(self._settings.call_s):
                await socket.send(
                    json.dumps({**call, "transaction": name, "apisecret": self._settings.secret})
                )
                answer = await future
        except (TimeoutError, OSError, WebSocketException) as fault:
            raise MediaError("media.unavailable") from fault
        finally:
            self._calls.pop(name, None)
        if answer.get("janus") == "error":
            raise JanusRefusal(int(answer.get("error", {}).get("code", 0)))
        return answer

    async def _connect(self) -> ClientConnection:
        try:
            self._socket = await connect(
                self._settings.url,
                subprotocols=[API],
                max_size=MAX_FRAME,
                open_timeout=self._settings.call_s,
                ping_interval=self._settings.ping_s,
                ping_timeout=self._settings.ping_s,
                close_timeout=self._settings.ping_s,
                proxy=None,
            )
        except (OSError, TimeoutError, WebSocketException) as fault:
            raise MediaError("media.unavailable") from fault
        return self._socket

    async def _begin(self) -> bool:
        """Take the old session up again or begin a new one; tells whether it is the old one."""
        if self._session:
            with contextlib.suppress(JanusRefusal):
                await self._call({"janus": "claim", "session_id": self._session})
                for handle in list(self._doomed):
                    await self._detach(handle)
                    self._doomed.discard(handle)
                return True
        self._session = 0
        self._handles.clear()
        self._doomed.clear()
        answer = await self._call({"janus": "create"})
        self._session = int(answer["data"]["id"])
        return False

    async def _live(self, reader: asyncio.Task[None]) -> None:
        while True:
            keeping = asyncio.create_task(self._keep_alive())
            try:
                await reader
            finally:
                keeping.cancel()
                reader.cancel()
            await self._drop()
            self.on_lost()
            reader, kept = await self._come_back()
            self.on_back(kept)

    async def _come_back(self) -> tuple[asyncio.Task[None], bool]:
        wait = self._settings.first_retry_s
        while True:
            with contextlib.suppress(MediaError):
                socket = await self._connect()
                reader = asyncio.create_task(self._read(socket))
                try:
                    return reader, await self._begin()
                except BaseException:
                    reader.cancel()
                    await self._drop()
                    raise
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._settings.last_retry_s)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._settings.keepalive_s)
            with contextlib.suppress(MediaError):
                await self._call({"janus": "keepalive", "session_id": self._session}, ack_is_answer=True)

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(WebSocketException, OSError):
            async for frame in socket:
                self._take(frame)
        for future, _ in self._calls.values():
            if not future.done():
                future.set_exception(MediaError("media.unavailable"))

    def _take(self, frame: str | bytes) -> None:
        try:
            said = json.loads(frame)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        future, ack_is_answer = self._calls.get(str(said.get("transaction", "")), (None, False))
        kind = said.get("janus")
        if future is not None:
            if not future.done() and (kind != "ack" or ack_is_answer):
                future.set_result(said)
        elif kind == "timeout" and self._socket is not None:
            self._session = 0
            self._socket.transport.close()
        elif (on_event := self._handles.get(int(said.get("sender", 0)))) is not None:
            on_event(said)

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


async def ask_admin(settings: LinkSettings, calls: list[Json], fresh: Callable[[int], bytes]) -> list[Json]:
    """Make these calls of the admin API over one short connection; an answer for each, errors included."""
    answers: dict[str, Json] = {}
    names = [fresh(12).hex() for _ in calls]
    try:
        async with (
            asyncio.timeout(settings.call_s),
            connect(settings.url, subprotocols=[ADMIN], max_size=MAX_FRAME, proxy=None) as socket,
        ):
            for name, call in zip(names, calls, strict=True):
                await socket.send(json.dumps({**call, "transaction": name, "admin_secret": settings.secret}))
            while len(answers) < len(calls):
                said = json.loads(await socket.recv())
                answers[str(said.get("transaction"))] = said
    except (TimeoutError, OSError, WebSocketException, ValueError) as fault:
        raise MediaError("media.unavailable") from fault
    return [answers[name] for name in names]
