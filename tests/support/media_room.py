"""A room with Anna, who shows and speaks, and Ben, who sees and hears her: ground of the contract."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    EngineEvent,
    MediaEngine,
    MemberId,
    RoomId,
    RoomSpec,
    TrackId,
    track_id,
)
from tests.support.media_clients import Publisher, Viewer

ROOM = RoomId("room_1")
ANNA, BEN, CARA = MemberId("mem_anna"), MemberId("mem_ben"), MemberId("mem_cara")
FACE, VOICE = track_id(ANNA, CAMERA), track_id(ANNA, MICROPHONE)
SPEC = RoomSpec(opened_at=1_772_323_200_000.0, record=None, max_members=4)
BOTH = frozenset({CAMERA, MICROPHONE})
SEEN = frozenset({FACE, VOICE})
PATIENCE = 8.0


class Clients:
    """Clients that go away when the test is over."""

    def __init__(self, engine: MediaEngine) -> None:
        self._engine = engine
        self._open: list[Publisher | Viewer] = []

    async def publish(self, member: MemberId = ANNA, *sources: str, **options: Any) -> Publisher:
        wanted = sources or (CAMERA, MICROPHONE)
        client = await Publisher.join(self._engine, ROOM, member, wanted, **options)
        self._open.append(client)
        return client

    async def view(self, member: MemberId = BEN, *tracks: TrackId, **options: Any) -> Viewer:
        wanted = tracks or (FACE, VOICE)
        client = await Viewer.join(self._engine, ROOM, member, wanted, **options)
        self._open.append(client)
        return client

    async def close(self) -> None:
        for client in self._open:
            if isinstance(client, Publisher):
                await client.stop()
            await client.close()


async def refused(work: Coroutine[Any, Any, object]) -> str:
    with pytest.raises(MediaError) as caught:
        await work
    return caught.value.code


async def event(events: AsyncIterator[EngineEvent], kind: str, **data: object) -> EngineEvent:
    """The next event of this kind with these data."""
    async with asyncio.timeout(PATIENCE):
        async for one in events:
            if one.kind == kind and data.items() <= one.data.items():
                return one
    raise AssertionError(f"the events ended before {kind} {data}")


async def steady(publisher: Publisher, viewer: Viewer, *tracks: TrackId) -> None:
    """Wait until fresh packets of these tracks arrive."""
    for track in tracks:
        source = track.rpartition("/")[2]
        await viewer.until(track, publisher.streams[source].index + 1)
