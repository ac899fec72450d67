"""The engine's end of a control channel: answers calls, tells events (docs/spec/media-control.md).

Calls run side by side and are answered as they end; order within a room is the caller's affair. The engine
lives longer than a channel: a room goes on when whoever asked for it is gone, and its next channel asks
`rooms` and goes on from there. A channel that is too slow for a room's events is ended: it must not go on as
if it had heard them all.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remote_eval.errors import EvaluationError, MediaError
from remote_eval.media.control.calls import CALLS, Call
from remote_eval.media.control.forms import event_form
from remote_eval.media.control.wire import Channel
from remote_eval.media.engine import MediaEngine, RoomId

_FAULT: Final = "media.fault"


@dataclass(slots=True)
class _Rooms:
    """Rooms that are open; those of them that are being closed, whose events end for that reason."""

    open: set[RoomId] = field(default_factory=set)
    closing: set[RoomId] = field(default_factory=set)


class EngineServer:
    """One engine, served to one channel after another or to several."""

    def __init__(self, engine: MediaEngine, calls: Mapping[str, Call] = CALLS) -> None:
        """`engine` is closed by whoever made it; `calls` are what it may be asked for."""
        self._engine = engine
        self._calls = calls
        self._rooms = _Rooms()

    @property
    def has_rooms(self) -> bool:
        """Whether a room is open."""
        return bool(self._rooms.open)

    async def serve(self, channel: Channel) -> None:
        """Answer a channel until it ends."""
        async with asyncio.TaskGroup() as group:
            served = _Served(self._engine, self._calls, self._rooms, channel, group)
            await channel.send(
                {
                    "hello": self._engine.name,
                    "capabilities": sorted(self._engine.capabilities),
                    "fingerprint": getattr(self._engine, "fingerprint", None),
                    "rooms": sorted(self._rooms.open),
                }
            )
            served.watch(self._rooms.open)
            await served.run()


class _Served:
    """What one channel has under way."""

    def __init__(
        self,
        engine: MediaEngine,
        calls: Mapping[str, Call],
        rooms: _Rooms,
        channel: Channel,
        group: asyncio.TaskGroup,
    ) -> None:
        self._engine = engine
        self._calls = calls
        self._rooms = rooms
        self._channel = channel
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling: dict[RoomId, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Take frames until there are no more, then end what is under way."""
        try:
            while (frame := await self._channel.receive()) is not None:
                self._start(self._answer(frame))
        finally:
            for task in self._tasks:
                task.cancel()

    def watch(self, rooms: Iterable[RoomId]) -> None:
        """Tell the events of these rooms from now on."""
        for room in rooms:
            self._telling[room] = self._start(self._tell(room))

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answer(self, frame: dict[str, Any]) -> None:
        number = frame.get("id")
        try:
            result = await self._call(str(frame.get("call")), frame.get("arguments"))
        except EvaluationError as refusal:
            await self._send({"id": number, "error": refusal.code, "details": dict(refusal.details)})
        except Exception:  # noqa: BLE001 - whatever failed here, the caller is told and the engine goes on
            await self._send({"id": number, "error": _FAULT, "details": {}})
        else:
            await self._send({"id": number, "result": result})

    async def _call(self, name: str, given: Any) -> Any:
        call = self._calls.get(name)
        if call is None:
            raise MediaError("media.control")
        arguments, keywords = _read(call, given)
        if name == "close_room":
            self._rooms.closing.add(arguments[0])
        try:
            result = call.result.write(await getattr(self._engine, name)(*arguments, **keywords))
            await self._note(name, arguments)
        finally:
            if name == "close_room":
                self._rooms.closing.discard(arguments[0])
        return result

    async def _note(self, name: str, arguments: list[Any]) -> None:
        if name == "open_room":
            self._rooms.open.add(arguments[0])
            self.watch([arguments[0]])
        elif name == "close_room":
            self._rooms.open.discard(arguments[0])
            # Its last events go out before the answer, behind which nobody listens to them.
            telling = self._telling.pop(arguments[0], None)
            if telling is not None:
                await asyncio.wait([telling])

    async def _tell(self, room: RoomId) -> None:
        async for event in self._engine.events(room):
            await self._send({"room": room, "event": event_form(event)})
        if room in self._rooms.open and room not in self._rooms.closing:
            await self._channel.aclose()

    async def _send(self, frame: dict[str, Any]) -> None:
        async with self._sending:
            try:
                await self._channel.send(frame)
            except ConnectionError:
                return


def _read(call: Call, given: Any) -> tuple[list[Any], dict[str, Any]]:
    try:
        arguments = [way.read(given[name]) for name, way in call.arguments.items()]
        keywords = {name: way.read(given[name]) for name, way in call.keywords.items() if name in given}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MediaError("media.control") from error
    return arguments, keywords
