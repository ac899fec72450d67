"""Gateways come, go, and are sent away while a room runs and people come to it: nobody is left between.

Real engines and channels in one process, without the hub's sockets; most stories need no packet of media.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crypto.sealing import x25519_public
from remote_eval.errors import MediaError
from remote_eval.media.engine import (
    EngineEvent,
    Grants,
    MaskProfile,
    MediaEngine,
    MemberId,
    RecordPlan,
    RoomId,
    RoomSpec,
    RoomStats,
)
from remote_eval.media.gateway.cascade import CascadeEngine
from remote_eval.media.gateway.reaching import RemoteGateway
from remote_eval.media.lite.factory import lite_engine
from remote_eval.media.recording.contents import indexes
from tests.support.gateway_hub import folder_of
from tests.support.gateways import Edge
from tests.support.media_clients import Publisher, Viewer
from tests.support.media_room import ANNA, BEN, BOTH, CARA, FACE, ROOM, SEEN, VOICE, event
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

WAIT_SECONDS = 10.0
NORTH, SOUTH = "site-north", "site-south"
BARE = RoomSpec(opened_at=0.0, record=None)
AT = {ANNA: NORTH, BEN: NORTH}


class World:
    """A hub on loopback; the members of `AT` are of the north site."""

    def __init__(self, folder: Path, hub: MediaEngine) -> None:
        self.folder, self.hub = folder, hub
        self.cascades: list[CascadeEngine] = []
        self.edges: list[Edge] = []
        self.cascade = self.led()

    def led(self, running: RoomSpec | None = None) -> CascadeEngine:
        """A cascade as whoever leads next makes it, over a room that runs already if one is given."""
        self.cascade = CascadeEngine(
            self.hub,
            site_of=lambda _room, member: AT.get(member),
            rooms={} if running is None else {ROOM: running},
        )
        self.cascades.append(self.cascade)
        return self.cascade

    async def edge(self, name: str) -> Edge:
        """A gateway that is not attached yet."""
        self.edges.append(await Edge.start(folder_of(self.folder, name)))
        return self.edges[-1]

    def spec(self) -> RoomSpec:
        """A room that is recorded."""
        plan = RecordPlan(
            folder=folder_of(self.folder, "recordings"),
            room=ROOM,
            part=1,
            keys={name: x25519_public(bytes([one]) * 32) for one, name in enumerate(("room", "raw"), 1)},
            seed=bytes(range(32)),
        )
        return RoomSpec(opened_at=1_772_323_200_000.0, record=plan)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    hub = await lite_engine(folder_of(tmp_path, "hub"), bind="127.0.0.1", port=0, addresses=["127.0.0.1"])
    made = World(tmp_path, hub)
    yield made
    for cascade in made.cascades:
        await cascade.aclose()
    for edge in made.edges:
        await edge.close()


class Held:
    """A gateway one of whose calls has to wait: `began` is set when it is made, `go` lets it on."""

    def __init__(self, gateway: RemoteGateway, call: str) -> None:
        self.gateway = gateway
        self.began, self.go = asyncio.Event(), asyncio.Event()
        self._work: Callable[..., Any] = getattr(gateway, call)
        setattr(gateway, call, self._held)

    async def _held(self, *words: Any) -> Any:
        self.began.set()
        await self.go.wait()
        return await self._work(*words)


@asynccontextmanager
async def coming(cascade: CascadeEngine, site: str, held: Held) -> AsyncIterator[None]:
    """While the block runs, a gateway is on its way; after it, it is there."""
    attaching = asyncio.create_task(cascade.attach(site, held.gateway))
    await within(WAIT_SECONDS, held.began.wait())
    try:
        yield
    finally:
        held.go.set()
        await within(WAIT_SECONDS, attaching)


async def away(world: World, edge: Edge, events: AsyncIterator[EngineEvent]) -> None:
    """The channel to a gateway is cut, and the hub has noticed."""
    await edge.cut()
    await event(events, "gateway", site=NORTH, state="lost")


def there(edge: Edge) -> dict[MemberId, Grants]:
    """Members at a gateway, with what they are granted."""
    return {name: one.grants for name, one in edge.engine._rooms[ROOM].members.items()}


async def test_whoever_comes_while_a_gateway_does_is_carried_at_once_by_the_hub(world: World) -> None:
    edge = await world.edge("north")
    await world.cascade.open_room(ROOM, BARE)
    async with coming(world.cascade, NORTH, Held(await edge.reach(), "stats")):
        await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
        assert world.cascade.fingerprint_of(ROOM, ANNA) == world.cascade.fingerprint
        anna = await Publisher.join(world.cascade, ROOM, ANNA)
    # She stays where she is; who comes from now on meets the gateway.
    await world.cascade.admit(ROOM, BEN, Grants(receive=SEEN))
    assert world.cascade.fingerprint_of(ROOM, BEN) == edge.engine.fingerprint
    assert set(there(edge)) == {BEN}
    anna.play()
    ben = await Viewer.join(world.cascade, ROOM, BEN, [FACE])
    await ben.until(FACE, 5)
    await anna.stop()
    await anna.close()
    await ben.close()


async def test_two_gateways_that_come_while_a_room_opens_are_both_in_it(world: World) -> None:
    north, south = await world.edge("north"), await world.edge("south")
    first, second = await north.reach(), await south.reach()
    await world.cascade.attach(NORTH, first)
    held = Held(first, "open_room")
    opening = asyncio.create_task(world.cascade.open_room(ROOM, BARE))
    await within(WAIT_SECONDS, held.began.wait())
    await world.cascade.attach(SOUTH, second)
    again = asyncio.create_task(world.cascade.attach(NORTH, first))
    held.go.set()
    await within(WAIT_SECONDS, asyncio.gather(opening, again))
    assert set(world.cascade._rooms[ROOM].sites) == {NORTH, SOUTH}
    assert [list(one.engine._rooms) for one in (north, south)] == [[ROOM], [ROOM]]
    # Told of once more, a gateway that is there stays as it is.
    hearing = world.cascade._rooms[ROOM].sites[NORTH].hearing
    await world.cascade.attach(NORTH, first)
    assert world.cascade._rooms[ROOM].sites[NORTH].hearing is hearing


async def test_a_gateway_that_cannot_open_a_room_keeps_nobody_out_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = await world.edge("north")
    gateway = await edge.reach()

    async def full(*_words: object) -> None:
        raise MediaError("media.full")

    monkeypatch.setattr(gateway, "open_room", full)
    await world.cascade.attach(NORTH, gateway)
    await world.cascade.open_room(ROOM, BARE)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    assert world.cascade.fingerprint_of(ROOM, ANNA) == world.cascade.fingerprint
    anna = await Publisher.join(world.cascade, ROOM, ANNA)
    await anna.close()


async def test_a_room_whose_hub_was_started_again_takes_back_the_gateway_that_went_on(world: World) -> None:
    """The channel of the gateway is the same, and it has the room: opening it once more would be refused."""
    edge = await world.edge("north")
    gateway = await edge.reach()
    await world.cascade.attach(NORTH, gateway)
    await world.cascade.open_room(ROOM, BARE)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    await world.cascade.aclose()
    world.hub = await lite_engine(
        folder_of(world.folder, "hub"), bind="127.0.0.1", port=0, addresses=["127.0.0.1"]
    )
    cascade = world.led()
    await cascade.attach(NORTH, gateway)
    await cascade.open_room(ROOM, BARE)
    # Whoever was there is nobody until the room has let it in again.
    assert there(edge) == {}
    await cascade.admit(ROOM, BEN, Grants(receive=SEEN))
    assert there(edge) == {BEN: Grants(receive=SEEN)}
    assert cascade.fingerprint_of(ROOM, BEN) == edge.engine.fingerprint


async def test_whoever_was_expelled_while_the_gateway_was_away_is_out_at_its_return(world: World) -> None:
    edge = await world.edge("north")
    await world.cascade.attach(NORTH, await edge.reach())
    await world.cascade.open_room(ROOM, BARE)
    events = world.cascade.events(ROOM)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    await world.cascade.admit(ROOM, BEN, Grants(receive=SEEN))
    await away(world, edge, events)
    await world.cascade.expel(ROOM, BEN)
    assert BEN in there(edge)
    await world.cascade.attach(NORTH, await edge.reach())
    assert there(edge) == {ANNA: Grants(publish=BOTH)}


@pytest.mark.parametrize("call", ["drop_all", "admit"])
async def test_what_is_taken_away_while_a_gateway_comes_back_is_not_given_there(
    world: World, call: str
) -> None:
    edge = await world.edge("north")
    await world.cascade.attach(NORTH, await edge.reach())
    await world.cascade.open_room(ROOM, BARE)
    events = world.cascade.events(ROOM)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    await world.cascade.admit(ROOM, BEN, Grants(receive=SEEN))
    await away(world, edge, events)
    async with coming(world.cascade, NORTH, Held(await edge.reach(), call)):
        await world.cascade.set_grants(ROOM, ANNA, Grants())
        await world.cascade.expel(ROOM, BEN)
    assert there(edge) == {ANNA: Grants()}


async def test_a_voice_that_is_masked_while_its_gateway_comes_back_is_raw_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = await world.edge("north")
    await world.cascade.attach(NORTH, await edge.reach())
    await world.cascade.open_room(ROOM, world.spec())
    events = world.cascade.events(ROOM)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    await away(world, edge, events)
    told: list[tuple[object, ...]] = []
    gateway = await edge.reach()
    saying = gateway.raw_voices

    async def say(*words: Any) -> None:
        told.append(words)
        await saying(*words)

    monkeypatch.setattr(gateway, "raw_voices", say)
    async with coming(world.cascade, NORTH, Held(gateway, "admit")):
        mask = await world.cascade.start_mask(ROOM, frozenset({VOICE}), MaskProfile(secret=bytes(32)))
    assert (ROOM, mask, frozenset({VOICE})) in told


async def test_the_end_of_an_older_channel_does_not_end_the_newer(world: World) -> None:
    edge = await world.edge("north")
    older = await edge.reach()
    await world.cascade.attach(NORTH, older)
    await world.cascade.open_room(ROOM, BARE)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    newer = await edge.reach()
    await world.cascade.attach(NORTH, newer)
    hearing = world.cascade._rooms[ROOM].sites[NORTH].hearing
    await older.aclose()
    anna = await Publisher.join(world.cascade, ROOM, ANNA)
    assert world.cascade._rooms[ROOM].sites[NORTH].gateway is newer
    assert hearing is not None
    assert not hearing.done()
    await anna.close()


async def test_members_of_a_dismissed_gateway_are_named_and_carried_by_the_hub(world: World) -> None:
    edge = await world.edge("north")
    gateway = await edge.reach()
    await world.cascade.attach(NORTH, gateway)
    await world.cascade.open_room(ROOM, BARE)
    events = world.cascade.events(ROOM)
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    await world.cascade.admit(ROOM, CARA, Grants(receive=SEEN))
    before = await Publisher.join(world.cascade, ROOM, ANNA)
    cara = await Viewer.join(world.cascade, ROOM, CARA, [FACE])
    before.play()
    await cara.until(FACE, 5)
    gateway.abandon()
    await world.cascade.detach(NORTH)
    gone = await event(events, "gateway", site=NORTH, state="gone")
    assert gone.data["members"] == [ANNA]
    assert world.cascade.fingerprint_of(ROOM, ANNA) == world.cascade.fingerprint
    after = await Publisher.join(world.cascade, ROOM, ANNA)
    after.play()
    again = await Viewer.join(world.cascade, ROOM, CARA, [FACE])
    await again.until(FACE, 5)
    # And so is who comes after it.
    await world.cascade.admit(ROOM, BEN, Grants(receive=SEEN))
    assert world.cascade.fingerprint_of(ROOM, BEN) == world.cascade.fingerprint
    for one in (before, after):
        await one.stop()
    for client in (before, after, cara, again):
        await client.close()


async def test_a_dismissal_while_the_gateway_is_on_its_way_leaves_no_site_behind(world: World) -> None:
    edge = await world.edge("north")
    await world.cascade.open_room(ROOM, BARE)
    held = Held(await edge.reach(), "stats")
    attaching = asyncio.create_task(world.cascade.attach(NORTH, held.gateway))
    await within(WAIT_SECONDS, held.began.wait())
    leaving = asyncio.create_task(world.cascade.detach(NORTH))
    await asyncio.sleep(0)
    held.go.set()
    await within(WAIT_SECONDS, asyncio.gather(attaching, leaving))
    assert world.cascade._rooms[ROOM].sites == {}
    await world.cascade.admit(ROOM, ANNA, Grants(publish=BOTH))
    assert world.cascade.fingerprint_of(ROOM, ANNA) == world.cascade.fingerprint


async def test_a_gateway_that_comes_to_a_room_which_runs_already_records_it(world: World) -> None:
    """Whoever leads next did not open the room itself, and knows how it is recorded all the same."""
    spec = world.spec()
    await world.cascade.open_room(ROOM, spec)
    cascade = world.led(spec)
    edge = await world.edge("north")
    await cascade.attach(NORTH, await edge.reach())
    await cascade.close_room(ROOM)
    (index,) = indexes(edge.engine.recordings(ROOM))
    assert index.begin is not None
    clock = int(index.begin["opened_at"]) - spec.opened_at
    assert 0 <= clock < 60_000


async def test_an_engine_that_refuses_while_a_cascade_is_closed_keeps_nobody_waiting(world: World) -> None:
    """The refusal of the hub comes at the very moment of the cancellation, while a site still looks."""
    edge = await world.edge("north")
    await world.cascade.open_room(ROOM, BARE)
    gateway = await edge.reach()
    await world.cascade.attach(NORTH, gateway)
    linked, settling = world.cascade._rooms[ROOM], world.cascade._work[ROOM][1]
    refused: asyncio.Future[RoomStats] = asyncio.get_running_loop().create_future()

    async def refusing(room: RoomId) -> RoomStats:
        return await refused

    hub, held = linked.hub.stats, Held(gateway, "stats")
    linked.hub.stats = refusing  # type: ignore[method-assign]
    linked.dirty.set()
    await within(WAIT_SECONDS, held.began.wait())
    refused.set_exception(MediaError("media.unknown"))
    await asyncio.sleep(0)
    settling.cancel()
    await within(WAIT_SECONDS, asyncio.wait([settling]))
    assert settling.cancelled()
    linked.hub.stats = hub  # type: ignore[method-assign]
    held.go.set()
