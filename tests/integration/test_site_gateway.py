"""A site behind its gateway: one copy over the uplink, who gets in, and what an uplink's cut leaves whole."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from crypto.hashing import sha256
from crypto.sealing import x25519_public
from crypto.signing import SigningKey
from remote_eval.errors import RecordingError
from remote_eval.media.engine import CAMERA, Grants, MemberId, RecordPlan, RoomSpec
from remote_eval.media.gateway.calls import Kept, Piece
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.configuration import make_key, write_configuration
from remote_eval.media.gateway.handover import hand_over, site_folder, write_covers
from remote_eval.media.gateway.process import SUBPROTOCOL
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.recording.archive import check
from tests.support.gateway_hub import (
    HUB_KEY,
    SITE,
    WAIT_SECONDS,
    Hub,
    Wire,
    configuration,
    folder_of,
    running_gateway,
)
from tests.support.gateways import Edge
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_link import Link
from tests.support.media_room import ANNA, BEN, BOTH, CARA, FACE, ROOM, SEEN, VOICE, event
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

DORA, EMIL = MemberId("mem_dora"), MemberId("mem_emil")
AT_SITE = {ANNA, BEN, CARA, DORA}
SECRETS = {"room": bytes([1]) * 32, "raw": bytes([2]) * 32}


class World:
    """A hub and one gateway on loopback."""

    def __init__(self, hub: Hub, edge: Edge, folder: Path) -> None:
        self.hub, self.edge, self.folder = hub, edge, folder
        self.cascade = hub.cascade
        self.wire = Wire(hub.engine, edge.engine)

    def spec(self) -> RoomSpec:
        plan = RecordPlan(
            folder=self.folder / "recordings",
            room=ROOM,
            part=1,
            keys={name: x25519_public(one) for name, one in SECRETS.items()},
            seed=bytes(range(32)),
        )
        return RoomSpec(opened_at=1_772_323_200_000.0, record=plan)

    async def open(self, spec: RoomSpec) -> None:
        await self.cascade.open_room(ROOM, spec)
        await self.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
        for member in (BEN, CARA, DORA, EMIL):
            await self.cascade.admit(ROOM, member, Grants(receive=SEEN))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "recordings").mkdir()
    engine = await lite_engine(folder_of(tmp_path, "hub"), bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    at_site = set(AT_SITE)
    cascade = CascadeEngine(engine, site_of=lambda _room, member: SITE if member in at_site else None)
    hub = Hub(engine, cascade)
    await hub.listen()
    edge = await Edge.start(tmp_path / "site")
    yield World(hub, edge, tmp_path)
    await hub.close()
    await cascade.aclose()
    await edge.close()


async def go(*clients: Publisher | Viewer) -> None:
    for client in clients:
        if isinstance(client, Publisher):
            await client.stop()
        await client.close()


async def test_one_copy_comes_down_and_three_see_it(world: World) -> None:
    async with running_gateway(world.edge, configuration(world.hub.address)):
        assert await world.hub.next_arrival() is None
        await world.open(RoomSpec(opened_at=0.0, record=None))
        await world.cascade.assign(ROOM, ANNA, None)
        anna = await Publisher.join(world.cascade, ROOM, ANNA)
        viewers = [await Viewer.join(world.cascade, ROOM, one, [FACE]) for one in (BEN, CARA, DORA)]
        anna.play()
        for viewer in viewers:
            await viewer.until(FACE, 10)
        before, first = world.wire.down, anna.streams[CAMERA].index
        for viewer in viewers:
            await viewer.until(FACE, first + 150)
        sent = anna.streams[CAMERA].index - first
        assert 140 <= world.wire.down - before <= sent + 20
        assert world.wire.up == 0
        await go(anna, *viewers)


async def test_one_copy_goes_up_and_what_the_site_sees_of_itself_does_not(world: World) -> None:
    async with running_gateway(world.edge, configuration(world.hub.address)):
        assert await world.hub.next_arrival() is None
        await world.open(RoomSpec(opened_at=0.0, record=None))
        anna = await Publisher.join(world.cascade, ROOM, ANNA, [CAMERA])
        here = [await Viewer.join(world.cascade, ROOM, one, [FACE]) for one in (BEN, CARA, DORA)]
        anna.play()
        for viewer in here:
            await viewer.until(FACE, 30)
        # Nobody elsewhere looks and nothing is recorded: not a packet on the uplink.
        assert (world.wire.up, world.wire.down) == (0, 0)
        emil = await Viewer.join(world.cascade, ROOM, EMIL, [FACE])
        await emil.until(FACE, anna.streams[CAMERA].index + 10)
        before, first = world.wire.up, anna.streams[CAMERA].index
        await emil.until(FACE, first + 150)
        assert 140 <= world.wire.up - before <= anna.streams[CAMERA].index - first + 20
        assert world.wire.down == 0
        # The last one elsewhere may no longer see her: the uplink is silent again.
        events = world.cascade.events(ROOM)
        await world.cascade.set_grants(ROOM, EMIL, Grants())
        await event(events, "leg", member=EMIL, on=False)
        async with asyncio.timeout(WAIT_SECONDS):
            while world.cascade._rooms[ROOM].sites[SITE].up[ANNA]:
                await here[0].changed()
        before = world.wire.up
        await here[0].until(FACE, anna.streams[CAMERA].index + 60)
        assert world.wire.up - before < 5
        await go(anna, emil, *here)


async def test_a_gateway_that_nobody_made_known_is_refused(world: World) -> None:
    world.hub.devices.clear()
    async with running_gateway(world.edge, configuration(world.hub.address)):
        refusal = await world.hub.next_arrival()
    assert refusal is not None
    assert refusal.code == "gateway.refused"


async def test_another_key_under_a_known_name_is_refused(world: World) -> None:
    world.hub.devices["dev_1"] = SigningKey.from_seed(bytes([3]) * 32).public
    async with running_gateway(world.edge, configuration(world.hub.address)):
        refusal = await world.hub.next_arrival()
    assert refusal is not None
    assert refusal.code == "gateway.refused"


async def test_a_hello_that_was_heard_once_does_not_open_a_second_channel(world: World) -> None:
    async with running_gateway(world.edge, configuration(world.hub.address)):
        assert await world.hub.next_arrival() is None
    heard = world.hub.hellos[0]
    address = configuration(world.hub.address).channel
    async with connect(address, subprotocols=[SUBPROTOCOL], proxy=None) as socket:  # type: ignore[list-item]
        await socket.recv()
        await socket.send(heard)
        refusal = await world.hub.next_arrival()
    assert refusal is not None
    assert refusal.code == "gateway.refused"


async def test_a_hub_with_another_key_drives_nothing(world: World) -> None:
    stranger = SigningKey.from_seed(bytes([5]) * 32)
    world.hub.key = stranger
    async with running_gateway(world.edge, configuration(world.hub.address)) as gateway:
        refusal = await world.hub.next_arrival()
        assert refusal is not None
        assert not gateway.reached.is_set()
    assert not world.edge.engine._rooms


async def test_a_link_to_another_certificate_is_not_made(world: World) -> None:
    async with running_gateway(world.edge, configuration(world.hub.address)):
        assert await world.hub.next_arrival() is None
        await world.open(RoomSpec(opened_at=0.0, record=None))
        other = "AA:" + world.hub.engine.fingerprint[3:]
        world.cascade._rooms[ROOM]._pin = other
        anna = await Publisher.join(world.cascade, ROOM, ANNA, [CAMERA])
        anna.play()
        emil = Viewer(world.cascade, ROOM, EMIL, await Link.open())
        assert await emil.want([FACE]) == {FACE: "no-track"}
        assert world.cascade._rooms[ROOM].sites[SITE].up == {}
        assert (world.wire.up, world.wire.down) == (0, 0)
        await go(anna, emil)


class Faulty:
    """A gateway's recordings with one byte changed, on the way or on its disk."""

    def __init__(self, edge: Edge, *, on_disk: bool) -> None:
        self._edge, self._on_disk = edge, on_disk

    async def kept(self, _room: str) -> list[Kept]:
        return await self._edge.engine.kept(ROOM)

    async def piece(self, _room: str, name: str, offset: int, length: int) -> Piece:
        piece = await self._edge.engine.piece(ROOM, name, offset, length)
        if not name.endswith(".qtr"):
            return piece
        changed = bytearray(piece.data)
        changed[len(changed) // 2] ^= 1
        return Piece(data=bytes(changed), digest=sha256(bytes(changed)) if self._on_disk else piece.digest)


async def test_five_seconds_without_an_uplink_are_recorded_at_the_site_and_handed_over(world: World) -> None:
    async with running_gateway(world.edge, configuration(world.hub.address)) as gateway:
        assert await world.hub.next_arrival() is None
        spec = world.spec()
        await world.open(spec)
        events = world.cascade.events(ROOM)
        anna = await Publisher.join(world.cascade, ROOM, ANNA)
        ben = await Viewer.join(world.cascade, ROOM, BEN, [FACE, VOICE])
        emil = await Viewer.join(world.cascade, ROOM, EMIL, [FACE])
        anna.play()
        await ben.until(FACE, 60)
        await emil.until(FACE, 60)

        world.wire.is_cut = True
        await world.hub.cut()
        await event(events, "track-down", track=FACE, cause="gateway")
        began = anna.streams[CAMERA].index
        async with asyncio.timeout(12):
            while anna.streams[CAMERA].index < began + 375:
                await ben.changed()
        # Five seconds of pictures, all of them seen at the site.
        await ben.until(FACE, began + 370)
        assert set(range(began, began + 370)) <= ben.indices(FACE)
        assert max(emil.indices(FACE)) < began + 75

        world.wire.is_cut = False
        world.hub.lets_in.set()
        assert await world.hub.next_arrival() is None
        await within(WAIT_SECONDS, gateway.reached.wait())
        again = await Viewer.join(world.cascade, ROOM, EMIL, [FACE])
        await again.until(FACE, anna.streams[CAMERA].index)
        await again.until(FACE, anna.streams[CAMERA].index + 150)
        await go(anna, ben, emil, again)
        await world.cascade.close_room(ROOM)

        folder = site_folder(world.folder, SITE)
        for on_disk, code in ((False, "recording.piece"), (True, "recording.handed-over")):
            with pytest.raises(RecordingError) as refused:
                await hand_over(Faulty(world.edge, on_disk=on_disk), ROOM, folder)
            assert refused.value.code == code
        first = await hand_over(world.edge.engine, ROOM, folder)
        second = await hand_over(world.edge.engine, ROOM, folder)
        assert first.copied > 100_000
        assert second.copied == 0
        assert check(folder).ok
        assert check(world.folder / "recordings").ok
        covers = write_covers(world.folder, world.folder / "recordings", [SITE])
        longest = max((one for one in covers if one.gap.track == FACE), key=lambda one: one.until - one.since)
        assert longest.until - longest.since >= 4_500
        document = json.loads((world.folder / "from" / "covered.json").read_text())
        assert any(one["site"] == SITE and one["track"] == FACE for one in document["covers"])


async def _started(folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "remote_eval.media.gateway.process", f"--folder={folder}", stdout=-3, stderr=-3
    )


async def test_a_gateway_that_was_killed_comes_back_and_its_seats_are_seen_again(world: World) -> None:
    folder = folder_of(world.folder, "process")
    make_key(folder, bytes([9]) * 32)
    known = {
        "site": SITE,
        "device": "dev_1",
        "hub": world.hub.address,
        "hub_key": HUB_KEY.public.hex(),
        "bind": "127.0.0.1",
        "port": 0,
        "addresses": ["127.0.0.1"],
    }
    write_configuration(folder, known)
    async with AsyncExitStack() as stack:
        process = await _started(folder)
        assert await world.hub.next_arrival() is None
        await world.open(RoomSpec(opened_at=0.0, record=None))
        events = world.cascade.events(ROOM)
        anna = await Publisher.join(world.cascade, ROOM, ANNA)
        emil = await Viewer.join(world.cascade, ROOM, EMIL, [FACE])
        anna.play()
        await emil.until(FACE, 30)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        await event(events, "track-down", track=FACE, cause="gateway")
        await go(anna, emil)
        process = await _started(folder)
        stack.push_async_callback(process.wait)
        stack.callback(process.terminate)
        assert await world.hub.next_arrival() is None
        anna = await Publisher.join(world.cascade, ROOM, ANNA)
        emil = await Viewer.join(world.cascade, ROOM, EMIL, [FACE])
        anna.play()
        await emil.until(FACE, 30)
        await go(anna, emil)
