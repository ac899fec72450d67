"""A whole evaluation room whose city site has a gateway: let in by its key, its seats' media by its port."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from app.api.gateway_signal import MAX_STRANGERS
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.operations import Actor
from app.usecases.room.gateway_keys import approve, propose, revoke
from app.usecases.room.gateways import GatewayDesk
from crypto.signing import SigningKey
from remote_eval.media.engine import RoomId, TrackId
from remote_eval.media.gateway.configuration import GatewayConfiguration
from remote_eval.media.gateway.edge import EdgeEngine
from remote_eval.media.gateway.process import SUBPROTOCOL, Gateway, edge_engine
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.contents import indexes
from remote_eval.media.recording.manifest import manifest_bytes
from tests.support.arriving import CITY, COUNTY
from tests.support.media_clients import Publisher
from tests.support.room_troubles import recorded_on
from tests.support.rooms_served import Room
from tests.support.signalling_client import Media
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

KEY = SigningKey.from_seed(bytes([4]) * 32)
OLGA = Actor(person="olga", address="local", source="cli")
OTTO = Actor(person="otto", address="local", source="cli")
WAIT_SECONDS = 15.0


async def _enrolled(room: Room) -> str:
    async def store(uow: UnitOfWork) -> str:
        platform = room.arriving.platform
        public = KEY.public.hex()
        made = await propose(uow, platform, site=CITY, name="北门", public=public, actor=OLGA)
        await approve(uow, platform, made.id, public, actor=OTTO)
        return made.id

    return await room.arriving.platform.database.transact(store)


def _known(room: Room, gateway: str) -> GatewayConfiguration:
    return GatewayConfiguration(
        site=CITY,
        device=gateway,
        hub=room.server.address,
        hub_key=room.arriving.platform.log.key.public,
        bind="127.0.0.1",
        port=0,
        addresses=("127.0.0.1",),
    )


class Site:
    """The city's gateway in this process, with a folder of its own."""

    def __init__(self, room: Room, known: GatewayConfiguration, edge: EdgeEngine) -> None:
        self.known, self.edge = known, edge
        self._room = room
        self.tried, self.dials = asyncio.Event(), asyncio.Event()
        self.dials.set()
        self.gateway = Gateway(known, KEY, edge, pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.tried.set()
        await asyncio.sleep(seconds)
        await self.dials.wait()

    @property
    def desk(self) -> GatewayDesk:
        """The hub's end."""
        assert self._room.hall.gateways is not None
        return self._room.hall.gateways

    @property
    def fingerprint(self) -> str:
        """As a welcome tells it."""
        return f"sha-256 {self.edge.fingerprint}"

    async def here(self) -> None:
        """Wait until the hub knows it: the gateway itself has its welcome a moment before."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.desk.at(CITY) is None:  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.01)

    def leaves(self) -> None:
        """Its line is cut, and it does not dial again before `dials` is set."""
        away = self.desk.at(CITY)
        assert away is not None
        self.dials.clear()
        away.abandon()

    def finds(self, address: str) -> None:
        """The hub's name leads to another machine, and the gateway dials again."""
        self.gateway._configuration = replace(self.known, hub=address)
        self.dials.set()

    async def recording(self) -> None:
        """Wait until the gateway has the room, and records it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (found := self.edge._rooms.get(RoomId(self._room.id))) is None or found.sink is None:  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def served(room: Room, folder: Path, gateway: str | None = None) -> AsyncIterator[Site]:
    """The city's gateway, dialling for as long as the block runs."""
    known = _known(room, gateway or await _enrolled(room))
    site = Site(room, known, await edge_engine(folder, known))
    running = asyncio.create_task(site.gateway.run())
    try:
        yield site
    finally:
        running.cancel()
        await asyncio.wait([running])
        await site.edge.aclose()


async def test_experts_of_a_site_meet_their_gateway_and_are_seen_and_recorded_at_the_hub(
    room: Room, tmp_path: Path
) -> None:
    async with served(room, tmp_path) as site:
        await site.here()
        edge, room_id = site.edge, RoomId(await room.open())
        every = await room.whole()
        await room.begin(every)
        here = {track.partition("/")[0] for track in edge._rooms[room_id].tracks}
        local = [one for one in every.experts if one.client.member in here]
        other = next(one for one in every.experts if one not in local)
        await other.client.event("phase", to="evaluating")
        voice = TrackId(f"{local[0].client.member}/microphone")
        watching = await room.view(other, voice)
        assert (await watching.until(voice, 10)).index >= 10
        await room.recorded()
        await every.witness.client.ask("phase", to="signing")
        await every.witness.client.ask("phase", to="closed")
        await room.over()
        report = check(room.engines.folder(room_id) / "recordings")
        assert (report.ok, report.faults) == (True, [])
        manifest = json.loads(manifest_bytes(room.engines.folder(room_id) / "recordings", 1))
        assert voice in {one["track"] for one in manifest["recordings"] if one["frames"] > 0}
        assert room_id not in edge._rooms
        assert check(edge.recordings(room_id)).ok


async def test_a_gateway_revoked_while_media_run_is_out_and_its_seats_go_on_by_the_hub(
    room: Room, tmp_path: Path
) -> None:
    """Another process revokes it: whoever holds the channel finds out by looking."""
    async with served(room, tmp_path) as site:
        await site.here()
        await room.open()
        expert, witness = await room.expert(0), await room.account("wendy")
        assert expert.client.welcome["engine"]["fingerprint"] == site.fingerprint
        await room.publish(expert)
        face = TrackId(f"{expert.client.member}/camera")
        await witness.client.event("track", id=face, up=True)
        seen = await room.view(witness, face)
        await seen.until(face, 10)
        site.tried.clear()
        platform = room.arriving.platform
        async with platform.database.write() as uow:
            await revoke(uow, platform, site.known.device, actor=OTTO)
        lost = await witness.client.event("track", id=face, up=False)
        assert lost["body"]["cause"] == "gateway"
        assert await expert.client.ended() == 1012
        # The hub shows the gateway the door, and it comes in no more.
        await within(WAIT_SECONDS, site.tried.wait())
        site.tried.clear()
        await within(WAIT_SECONDS, site.tried.wait())
        assert not site.gateway.reached.is_set()
        # The seat comes back, meets the hub, and is seen again.
        back = await room.expert(0)
        # The session goes on, and the ids of its frames with it.
        back.client._numbers = count(100)
        assert back.client.member == expert.client.member
        hub = back.client.welcome["engine"]["fingerprint"]
        assert hub == witness.client.welcome["engine"]["fingerprint"] != site.fingerprint
        await room.publish(back)
        again = await room.view(witness, face)
        await again.until(face, 10)
        assert room.hall.state_of(room.id) is not None


async def test_a_gateway_that_comes_to_the_next_server_records_the_room_that_runs(
    room: Room, beside_room: Database, tmp_path: Path
) -> None:
    """The room was opened by a server that is gone: the next one tells a fresh gateway how it is recorded."""
    await room.open()
    await room.account("wanda")
    await room.server.stop()
    room.server = await room.second(beside_room)
    room.arriving.app.state.hall = room.hall
    await room.account("wanda")
    async with served(room, tmp_path) as site:
        await site.recording()
        expert = await room.expert(0)
        assert expert.client.welcome["engine"]["fingerprint"] == site.fingerprint
        await room.publish(expert)
        await room.recorded()
        folder = site.edge.recordings(RoomId(room.id))
    assert check(folder).ok
    (index,) = indexes(folder)
    assert {one.track for one in index.files.values()} == {
        f"{expert.client.member}/{source}" for source in ("camera", "microphone")
    }


async def test_seats_of_a_gateway_that_finds_the_next_server_late_are_its_own_again(
    room: Room, beside_room: Database, tmp_path: Path
) -> None:
    """A server that does not know the gateway yet lets its seats in at the hub; then it comes."""
    async with served(room, tmp_path) as site:
        await site.here()
        await room.open()
        expert = await room.expert(0)
        await room.publish(expert)
        await room.recorded()
        site.leaves()
        await room.server.stop()
        room.server = await room.second(beside_room)
        room.arriving.app.state.hall = room.hall
        again = await room.expert(0)
        assert again.client.member == expert.client.member
        assert again.client.welcome["engine"]["fingerprint"] != site.fingerprint
        site.finds(room.server.address)
        assert await again.client.ended() == 1012
        home, witness = await room.expert(0), await room.account("wanda")
        # The session goes on, and the ids of its frames with it.
        home.client._numbers = count(100)
        assert home.client.welcome["engine"]["fingerprint"] == site.fingerprint
        await room.publish(home)
        face = TrackId(f"{home.client.member}/camera")
        seen = await room.view(witness, face)
        await seen.until(face, 10)
        assert face in site.edge._rooms[RoomId(room.id)].tracks


async def test_a_room_that_was_closed_while_its_gateway_was_away_ends_there_and_is_handed_over(
    room: Room, tmp_path: Path
) -> None:
    async with served(room, tmp_path) as site:
        await site.here()
        await room.open()
        witness, expert = await room.account("wanda"), await room.expert(0)
        sent = await room.publish(expert)
        await room.recorded()
        face = f"{expert.client.member}/camera"
        site.leaves()
        await witness.client.event("track", id=face, up=False)
        # The seat goes on sending to its gateway, which goes on recording.
        await _sent(sent, 75)
        site.dials.set()
        await witness.client.until(lambda: _turns(witness, face, up=True) == 2 or None)
        await recorded_on(room, expert)
        # Away again, and now the room is closed. What it may have handed over in its short visit is lost.
        site.leaves()
        await witness.client.until(lambda: _turns(witness, face, up=False) == 2 or None)
        await _sent(sent, 50)
        await witness.client.ask("phase", to="closed")
        await room.over()
        handed = room.engines.folder(room.id) / "from"
        shutil.rmtree(handed, ignore_errors=True)
        covers = handed / "covered.json"
        assert list(site.edge._rooms) == [room.id]
        site.dials.set()
        # What is between its visits, and what is after the last one up to the room's end.
        between, after = await _covered(covers, face)
        assert min(between, after) >= 500
        assert not site.edge._rooms
    assert check(site.edge.recordings(RoomId(room.id))).ok


async def _sent(sent: Publisher, pictures: int) -> None:
    """Wait until so many more pictures were sent."""
    at = sent.streams["camera"].index
    async with asyncio.timeout(WAIT_SECONDS):
        while sent.streams["camera"].index < at + pictures:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.05)


def _turns(one: Media, track: str, *, up: bool) -> int:
    """How often somebody was told that a track begins, or ends."""
    told = [heard["body"] for heard in one.client.events if heard["kind"] == "track"]
    return len([body for body in told if (body["id"], body["up"]) == (track, up)])


async def _covered(file: Path, track: str) -> list[int]:
    """Milliseconds of each gap of this track that a gateway's file fills, once it was handed over."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not file.exists():  # noqa: ASYNC110, ASYNC240 - nobody tells it; a moment's look
            await asyncio.sleep(0.05)
    document = json.loads(file.read_text())  # noqa: ASYNC240 - some lines
    covers = [one for one in document["covers"] if one["track"] == track]
    return [int(one["wall_to"]) - int(one["wall_from"]) for one in covers]


@pytest.mark.parametrize("standing", ["proposed", "revoked", "another site's"])
async def test_a_gateway_is_believed_between_the_second_persons_word_and_its_end(
    room: Room, tmp_path: Path, standing: str
) -> None:
    platform, public = room.arriving.platform, KEY.public.hex()
    async with platform.database.write() as uow:
        at = COUNTY if standing == "another site's" else CITY
        made = await propose(uow, platform, site=at, name="北门", public=public, actor=OLGA)
        if standing != "proposed":
            await approve(uow, platform, made.id, public, actor=OTTO)
        if standing == "revoked":
            await revoke(uow, platform, made.id, actor=OLGA)
    async with served(room, tmp_path, made.id) as site:
        await within(WAIT_SECONDS, site.tried.wait())
        assert not site.gateway.reached.is_set()
        assert site.desk.at(CITY) is None


async def test_too_many_who_do_not_say_who_they_are_are_turned_away(room: Room) -> None:
    desk = room.hall.gateways
    assert desk is not None
    address = f"{room.server.address.replace('http', 'ws')}/v1/gateways/{CITY}/media"
    async with AsyncExitStack() as stack:
        for _ in range(MAX_STRANGERS):
            socket = await stack.enter_async_context(
                connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None)
            )
            assert json.loads(await socket.recv())["kind"] == "gateway-challenge"
        with pytest.raises(InvalidStatus):
            await stack.enter_async_context(
                connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None)
            )
    # Whoever hangs up makes room for the next.
    async with asyncio.timeout(WAIT_SECONDS):
        while desk.strangers:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)
