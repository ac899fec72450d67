"""Events over a control channel: how many a reader that sleeps is owed, and how it learns of the end."""

import asyncio
import gc
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.control.client import MAX_WAITING_EVENTS, RemoteEngine
from remote_eval.media.engine import EngineEvent, RoomId
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

ROOM = RoomId("room")
HELLO = {"hello": "lite", "capabilities": [], "fingerprint": None, "rooms": [ROOM]}


class Scripted:
    """The other end of a channel: gives the frames that it was given, then its end."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def tell(self, *numbers: int) -> None:
        for number in numbers:
            event = {"kind": "speaking", "at": float(number), "data": {"level": number}}
            self._frames.put_nowait({"room": ROOM, "event": event})

    def end(self) -> None:
        self._frames.put_nowait(None)

    async def send(self, frame: dict[str, Any]) -> None:
        raise AssertionError(frame)

    async def receive(self) -> dict[str, Any] | None:
        return await self._frames.get()

    async def aclose(self) -> None:
        self.end()


async def told(count: int) -> tuple[list[EngineEvent], list[EngineEvent]]:
    """What a reader that sleeps, and one that does not, get of so many events and the channel's end."""
    far = Scripted()
    engine = RemoteEngine(far, HELLO)
    slow, quick = engine.events(ROOM), engine.events(ROOM)
    seen = []
    for number in range(count):
        far.tell(number)
        seen.append(await within(5, anext(quick)))
    far.end()
    seen += [one async for one in quick]
    await engine.aclose()
    return [one async for one in slow], seen


class Torn(Scripted):
    """Its other end goes away while something is sent."""

    gone: asyncio.Event

    async def send(self, frame: dict[str, Any]) -> None:
        assert frame["call"] == "stats"
        self.end()
        await self.gone.wait()
        raise ConnectionError("gone")


async def test_a_call_whose_channel_ends_while_it_is_sent_fails_once_and_leaves_no_failure_behind() -> None:
    unheard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    far = Torn()
    engine = RemoteEngine(far, HELLO)
    far.gone = engine.lost
    with pytest.raises(MediaError, match=r"media\.unavailable"):
        await engine.stats(ROOM)
    await engine.aclose()
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert unheard == []


@pytest.mark.parametrize("more", [1, 2, 500])
async def test_a_reader_too_slow_gets_the_first_ten_thousand_and_then_its_end(more: int) -> None:
    slow, quick = await told(MAX_WAITING_EVENTS + more)
    assert [one.at for one in slow] == [float(number) for number in range(MAX_WAITING_EVENTS)]
    assert len(quick) == MAX_WAITING_EVENTS + more + 1


async def test_a_reader_that_is_just_quick_enough_hears_of_the_lost_channel_too() -> None:
    slow, quick = await told(MAX_WAITING_EVENTS - 1)
    assert slow == quick
    assert (slow[-1].kind, slow[-1].data) == ("engine", {"state": "lost"})


async def test_a_reader_with_ten_thousand_unread_is_ended_by_the_lost_channel() -> None:
    slow, quick = await told(MAX_WAITING_EVENTS)
    assert slow == quick[:-1]
