"""A recorded room over a test network, to which each site sends signals of one and the same moment.

`RecordedRoom` runs at the hub and `Signaller` at a site, both by `tests.support.networks_inside`; offers
travel by the test, media over the wires.
"""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

from remote_eval.media.engine import CAMERA, MICROPHONE, Grants, MediaEngine, MemberId, RoomId, RoomSpec
from remote_eval.media.lite.engine import LiteEngine
from remote_eval.media.lite.identity import make_identity
from remote_eval.media.recording.recorder import recorder_for
from tests.support.engines import MADE_AT
from tests.support.media_link import Link, home, reached
from tests.support.recording_worlds import plan_in
from tests.support.signal_publisher import SignalPublisher, media

ROOM = RoomId("room_1")
BOTH = (CAMERA, MICROPHONE)


class RecordedRoom:
    """One room of the embedded engine with its recorder."""

    def __init__(self, port: int, addresses: list[str], folder: str) -> None:
        self._plan = plan_in(Path(folder))
        self._engine = LiteEngine(
            identity=make_identity(MADE_AT),
            host="0.0.0.0",  # noqa: S104 - one address on each link; walls decide who reaches it
            port=port,
            addresses=addresses,
            make_sink=recorder_for,
        )

    async def open(self, members: list[str]) -> None:
        """Open the room; these may publish, and nobody sees anybody."""
        await self._engine.start()
        await self._engine.open_room(ROOM, RoomSpec(opened_at=time.time() * 1000, record=self._plan))
        for member in members:
            await self._engine.admit(ROOM, MemberId(member), Grants(publish=frozenset(BOTH)))

    async def publish(self, member: str, offer: str, sources: dict[str, str]) -> str:
        """The engine's answer."""
        return (await self._engine.publish(ROOM, MemberId(member), offer, sources)).sdp

    async def end(self) -> None:
        """Close the room: its recording is whole on disk."""
        await self._engine.close_room(ROOM)
        await self._engine.aclose()


class Signaller:
    """A member at a site: `address` is its own, `hub` where it reaches the hub, `off_ms` how far its clock is
    ahead."""

    def __init__(self, member: str, address: str, hub: str, off_ms: float) -> None:
        home[0] = address
        reached[:] = [hub]
        self._member, self._off_ms = MemberId(member), off_ms
        self._playing: asyncio.Task[None] | None = None

    async def offer(self, seconds: int) -> list[Any]:
        """An offer to publish so many seconds, which are coded now, and its sources by mid."""
        media(seconds)
        nobody = cast("MediaEngine", None)  # offers go by the test
        self._publisher = SignalPublisher(nobody, ROOM, self._member, await Link.open(), BOTH)
        self._publisher.off_ms = self._off_ms
        return [self._publisher.offer(), self._publisher.sources]

    async def take(self, answer: str) -> None:
        """Connect by the engine's answer."""
        self._publisher.link.take(answer)
        await self._publisher.connected()

    async def signal(self, begin: float, seconds: int) -> None:
        """Play from a moment of the machine's clock on, to the end."""
        await self._publisher.signal(begin, seconds)

    async def close(self) -> None:
        """Go away."""
        await self._publisher.close(silently=True)
