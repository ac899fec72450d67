"""The caller's end of a control channel: a media engine whose work is done in another process.

When the channel ends, every call under way and every later one raises MediaError ``media.unavailable``, and
each reader of events gets ``engine`` with state ``lost`` as its last event.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Self

from remote_eval.errors import MediaError
from remote_eval.media.control.calls import CALLS, Call
from remote_eval.media.control.forms import read_event
from remote_eval.media.control.wire import Channel
from remote_eval.media.engine import (
    Answered,
    EngineEvent,
    Grants,
    MaskProfile,
    MemberId,
    Offered,
    Purpose,
    RoomId,
    RoomSpec,
    RoomStats,
    TrackId,
)

CALL_SECONDS: Final = 15.0
MAX_WAITING_EVENTS: Final = 10_000


class RemoteEngine:
    """An engine behind a channel; `connect` makes one, `rooms` are those that it held already."""

    calls: ClassVar[Mapping[str, Call]] = CALLS

    def __init__(self, channel: Channel, hello: Mapping[str, Any]) -> None:
        """`hello` is the first frame of the other end."""
        self.name = str(hello["hello"])
        self.capabilities = frozenset(hello["capabilities"])
        self.fingerprint: str | None = hello["fingerprint"]
        self.rooms = tuple(RoomId(one) for one in hello["rooms"])
        self._channel = channel
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._readers: dict[RoomId, list[asyncio.Queue[EngineEvent | None]]] = {}
        self._open = set(self.rooms)
        self._early: dict[RoomId, asyncio.Queue[EngineEvent | None]] = {}
        self._number = 0
        self.lost = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name="engine-channel")

    @classmethod
    async def connect(cls, channel: Channel) -> Self:
        """The engine at the other end. Raises MediaError ``media.unavailable``."""
        hello = await channel.receive()
        if hello is None or "hello" not in hello:
            raise MediaError("media.unavailable")
        try:
            return cls(channel, hello)
        except _MALFORMED as error:
            raise MediaError("media.control") from error

    def holds(self, room: RoomId) -> bool:
        """Whether the engine has a room: it had it from before, or it was opened by this channel."""
        return room in self._open

    async def open_room(self, room: RoomId, spec: RoomSpec) -> None:
        """See `MediaEngine`; the first reader of events gets them from here on."""
        early: asyncio.Queue[EngineEvent | None] = asyncio.Queue(MAX_WAITING_EVENTS + 1)
        self._readers.setdefault(room, []).append(early)
        try:
            await self._call("open_room", room, spec)
        except MediaError:
            self._readers[room].remove(early)
            raise
        self._open.add(room)
        self._early[room] = early

    async def close_room(self, room: RoomId) -> None:
        """See `MediaEngine`."""
        await self._call("close_room", room)
        self._open.discard(room)
        self._early.pop(room, None)
        for reader in self._readers.pop(room, []):
            _finish(reader)

    async def admit(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine`."""
        await self._call("admit", room, member, grants)

    async def set_grants(self, room: RoomId, member: MemberId, grants: Grants) -> None:
        """See `MediaEngine`."""
        await self._call("set_grants", room, member, grants)

    async def expel(self, room: RoomId, member: MemberId) -> None:
        """See `MediaEngine`."""
        await self._call("expel", room, member)

    async def publish(
        self, room: RoomId, member: MemberId, offer: str, sources: Mapping[str, str]
    ) -> Answered:
        """See `MediaEngine`."""
        answered: Answered = await self._call("publish", room, member, offer, sources)
        return answered

    async def view(
        self, room: RoomId, member: MemberId, offer: str, wants: Mapping[str, TrackId]
    ) -> Answered:
        """See `MediaEngine`."""
        answered: Answered = await self._call("view", room, member, offer, wants)
        return answered

    async def offer_view(
        self, room: RoomId, member: MemberId, wants: Sequence[TrackId], *, restart: bool = False
    ) -> Offered:
        """See `MediaEngine`."""
        offered: Offered = await self._call("offer_view", room, member, wants, restart=restart)
        return offered

    async def answer_view(self, room: RoomId, member: MemberId, answer: str) -> None:
        """See `MediaEngine`."""
        await self._call("answer_view", room, member, answer)

    async def restart(self, room: RoomId, member: MemberId, purpose: Purpose, offer: str) -> Answered:
        """See `MediaEngine`."""
        answered: Answered = await self._call("restart", room, member, purpose, offer)
        return answered

    async def start_mask(self, room: RoomId, voices: frozenset[TrackId], profile: MaskProfile) -> TrackId:
        """See `MediaEngine`."""
        return TrackId(await self._call("start_mask", room, voices, profile))

    async def set_voices(self, room: RoomId, track: TrackId, voices: frozenset[TrackId]) -> None:
        """See `MediaEngine`."""
        await self._call("set_voices", room, track, voices)

    async def stop_mask(self, room: RoomId, track: TrackId) -> None:
        """See `MediaEngine`."""
        await self._call("stop_mask", room, track)

    async def stats(self, room: RoomId) -> RoomStats:
        """See `MediaEngine`."""
        stats: RoomStats = await self._call("stats", room)
        return stats

    def events(self, room: RoomId) -> AsyncIterator[EngineEvent]:
        """See `MediaEngine`; ``engine`` with state ``lost`` is the last when the channel ends."""
        early = self._early.pop(room, None)
        if early is not None:
            return _until_none(early)
        reader: asyncio.Queue[EngineEvent | None] = asyncio.Queue(MAX_WAITING_EVENTS + 1)
        if self.lost.is_set():
            reader.put_nowait(_LOST)
            _finish(reader)
        elif room not in self._open:
            raise MediaError("media.unknown")
        else:
            self._readers.setdefault(room, []).append(reader)
        return _until_none(reader)

    def abandon(self) -> None:
        """Believe nothing more of what comes, at once: the engine is lost. `aclose` ends the channel."""
        self._reading.cancel()
        self._end()

    async def aclose(self) -> None:
        """End the channel; the engine at the other end, and its rooms, go on."""
        await self._channel.aclose()
        await asyncio.wait((self._reading,))

    async def _call(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        if self.lost.is_set():
            raise MediaError("media.unavailable")
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        answer.add_done_callback(_noticed)
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._channel.send(
                    {"id": number, "call": name, "arguments": _form(self.calls[name], arguments, keywords)}
                )
                return _result(self.calls[name], await answer)
        except (TimeoutError, ConnectionError) as error:
            raise MediaError("media.unavailable") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            while (frame := await self._channel.receive()) is not None:
                self._take(frame)
        except (MediaError, ConnectionError, *_MALFORMED):
            await self._channel.aclose()
        finally:
            self._end()

    def _take(self, frame: Mapping[str, Any]) -> None:
        if "event" in frame:
            self._deliver(RoomId(frame["room"]), read_event(frame["event"]))
            return
        answer = self._waiting.get(frame.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in frame:
            answer.set_exception(MediaError(frame["error"], **frame["details"]))
        else:
            answer.set_result(frame["result"])

    def _deliver(self, room: RoomId, event: EngineEvent) -> None:
        for reader in list(self._readers.get(room, [])):
            if reader.qsize() >= MAX_WAITING_EVENTS:
                self._readers[room].remove(reader)
                _finish(reader)
            else:
                reader.put_nowait(event)

    def _end(self) -> None:
        self.lost.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(MediaError("media.unavailable"))
        for room in list(self._readers):
            self._deliver(room, _LOST)
            for reader in self._readers.pop(room):
                _finish(reader)


# What reading a frame raises that is none.
_MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
_LOST: Final = EngineEvent(kind="engine", at=0.0, data={"state": "lost"})


def _noticed(answer: asyncio.Future[Any]) -> None:
    """A failure nobody looks at, because its call was given up before it was sent, is none to warn of."""
    if not answer.cancelled():
        answer.exception()


def _finish(reader: asyncio.Queue[EngineEvent | None]) -> None:
    """The end of a reader's events, for which its queue has room."""
    if not reader.full():
        reader.put_nowait(None)


async def _until_none(reader: asyncio.Queue[EngineEvent | None]) -> AsyncIterator[EngineEvent]:
    while (event := await reader.get()) is not None:
        yield event


def _result(call: Call, form: Any) -> Any:
    try:
        return call.result.read(form)
    except _MALFORMED as error:
        raise MediaError("media.control") from error


def _form(call: Call, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    given = zip(call.arguments.items(), arguments, strict=True)
    form = {key: way.write(value) for (key, way), value in given}
    return form | {key: call.keywords[key].write(value) for key, value in keywords.items()}
