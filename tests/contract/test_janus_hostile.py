"""Hostile packets at a room on Janus, the same that `test_room_hostile` sends to the embedded engine.

Anna attacks; Cara speaks and shows, Ben looks at her. Beside each attack Ben goes on to see and hear, the
adapter has no fault that it did not handle, Janus is the same process as before, and the recording goes on
and holds at the end.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.sealing import x25519_public
from remote_eval.media.engine import (
    CAMERA,
    MICROPHONE,
    Grants,
    MemberId,
    RecordPlan,
    RoomSpec,
    TrackId,
    track_id,
)
from remote_eval.media.janus.engine import JanusEngine
from remote_eval.media.recording.archive import check
from tests.support.hostile_media import garbage_like, sent_to, speak_nonsense
from tests.support.janus_ground import running_janus
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_link import home
from tests.support.media_room import ANNA, BEN, BOTH, CARA, ROOM
from tests.support.recording_worlds import ROOM_KEY

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MALFORMED = 4_000
FROM_INSIDE = 3_000
MAX_LOST = 0.02
PATIENCE = 20.0
PICTURE, VOICE = track_id(CARA, CAMERA), track_id(CARA, MICROPHONE)


@dataclass(kw_only=True)
class Ground:
    """A recorded room in which all three are connected."""

    engine: JanusEngine
    hostile: Publisher
    good: Publisher
    viewer: Viewer

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Janus' ports of the attacker's, the speaker's and the viewer's connection, and our own taps'."""
        remotes = [one.link.remote for one in (self.hostile, self.good, self.viewer)]
        publishers = [one.publisher for one in self.engine._halls[ROOM].members.values()]
        taps = [tap for one in publishers if one is not None for tap in one.taps.values()]
        opened = [tap._transport for tap in taps if tap._transport is not None]
        return [one for one in remotes if one is not None] + [
            one.get_extra_info("sockname")[:2] for one in opened
        ]

    @asynccontextmanager
    async def unharmed(self) -> AsyncIterator[None]:
        """What Ben sees and hears goes on, the recording too, and nothing failed."""
        assert self.engine._process is not None
        process = self.engine._process.pid
        await self._fresh()
        first = self._counts()
        yield
        await self._fresh()
        for (track, sent_then, came_then), (_, sent, came) in zip(first, self._counts(), strict=True):
            lost = 1 - (came - came_then) / (sent - sent_then)
            assert lost < MAX_LOST, (track, lost)
        assert self.engine._process.pid == process
        stats = await self.engine.stats(ROOM)
        assert stats.unhandled == 0
        await self._recorded(stats.clock_ms)

    async def _fresh(self) -> None:
        for track, source in ((PICTURE, CAMERA), (VOICE, MICROPHONE)):
            await self.viewer.until(track, self.good.streams[source].index)

    def _counts(self) -> list[tuple[TrackId, int, int]]:
        return [
            (track, self.good.streams[source].index, len(self.viewer.indices(track)))
            for track, source in ((PICTURE, CAMERA), (VOICE, MICROPHONE))
        ]

    async def _recorded(self, past: float) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                stats = await self.engine.stats(ROOM)
                told = [one.recorded_ms or 0.0 for one in stats.tracks if one.track in {PICTURE, VOICE}]
                if len(told) == 2 and min(told) > past:
                    return
                await asyncio.sleep(0.05)


async def heard_of(engine: JanusEngine, member: MemberId) -> int:
    """Packets of a member's voice that came to recorder and masker."""
    tracks = (await engine.stats(ROOM)).tracks
    return next(one.packets for one in tracks if one.track == track_id(member, MICROPHONE))


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    folder = tmp_path / "rec"
    keys = {"room": x25519_public(ROOM_KEY)}
    plan = RecordPlan(folder=folder, room="room_1", part=1, keys=keys, seed=bytes(range(32)))
    async with running_janus(tmp_path) as engine:
        await engine.open_room(ROOM, RoomSpec(opened_at=1_772_323_200_000.0, record=plan))
        for member in (ANNA, CARA):
            await engine.admit(ROOM, member, Grants(publish=BOTH))
        await engine.admit(ROOM, BEN, Grants(receive=frozenset({PICTURE, VOICE})))
        hostile, good = [await Publisher.join(engine, ROOM, one) for one in (ANNA, CARA)]
        viewer = await Viewer.join(engine, ROOM, BEN, [PICTURE, VOICE])
        for one in (hostile, good):
            one.play()
        yield Ground(engine=engine, hostile=hostile, good=good, viewer=viewer)
        for one in (hostile, good):
            await one.stop()
        for client in (hostile, good, viewer):
            await client.close(silently=True)
        await engine.close_room(ROOM)
    report = check(folder)
    assert (report.ok, report.whole, report.faults) == (True, True, [])


async def test_garbage_of_every_kind_at_the_ports_of_janus_is_dropped(ground: Ground) -> None:
    make = await garbage_like(random.Random(4), ground.hostile, ground.viewer)
    ports = ground.ports
    assert len(ports) == 7
    refused = (await ground.engine.stats(ROOM)).refused_packets
    async with ground.unharmed():
        for port in ports:
            place = home[0] if port[0] == home[0] else ""
            await sent_to(port, MALFORMED // len(ports), make, rate=1500, home=place)
    # What went to our own taps has no key of Janus'.
    assert (await ground.engine.stats(ROOM)).refused_packets > refused


async def test_nonsense_under_a_members_own_keys_goes_through_janus_and_harms_nobody_else(
    ground: Ground,
) -> None:
    await ground.hostile.stop()
    before = await heard_of(ground.engine, ANNA)
    async with ground.unharmed():
        assert await speak_nonsense(ground.hostile, random.Random(5), FROM_INSIDE) > FROM_INSIDE // 2
    # Janus passes on to recorder and masker what holds together as RTP, and much of what does not.
    assert await heard_of(ground.engine, ANNA) > before + FROM_INSIDE // 4
