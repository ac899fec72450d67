"""A whole evaluation room whose city site has a gateway: let in by its key, its seats' media by its port."""

import asyncio
import json
from pathlib import Path

import pytest

from app.errors import ConflictError, InputRefusedError, NotFoundError
from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import Actor
from app.usecases.room.gateways import register, revoke
from crypto.signing import SigningKey
from remote_eval.media.engine import RoomId, TrackId
from remote_eval.media.gateway.configuration import GatewayConfiguration
from remote_eval.media.gateway.process import Gateway, edge_engine
from remote_eval.media.recording.archive import check
from remote_eval.media.recording.manifest import manifest_bytes
from tests.support.arriving import CITY
from tests.support.rooms_served import Room
from tests.support.waiting import within

pytestmark = pytest.mark.anyio

KEY = SigningKey.from_seed(bytes([4]) * 32)
OLGA = Actor(person="olga", address="local", source="cli")
WAIT_SECONDS = 15.0


async def _enrolled(room: Room) -> str:
    async def store(uow: UnitOfWork) -> str:
        platform = room.arriving.platform
        made = await register(uow, platform, site=CITY, name="北门", public=KEY.public.hex(), actor=OLGA)
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


async def test_experts_of_a_site_meet_their_gateway_and_are_seen_and_recorded_at_the_hub(
    room: Room, tmp_path: Path
) -> None:
    known = _known(room, await _enrolled(room))
    edge = await edge_engine(tmp_path, known)
    gateway = Gateway(known, KEY, edge)
    running = asyncio.create_task(gateway.run())
    try:
        await within(WAIT_SECONDS, gateway.reached.wait())
        room_id = RoomId(await room.open())
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
    finally:
        running.cancel()
        await asyncio.wait([running])
        await edge.aclose()


async def test_a_gateway_is_believed_until_it_is_revoked(room: Room, tmp_path: Path) -> None:
    platform = room.arriving.platform
    known = _known(room, await _enrolled(room))
    async with platform.database.write() as uow:
        await revoke(uow, platform, known.device, actor=OLGA)
    with pytest.raises(ConflictError, match=r"gateway\.revoked"):
        async with platform.database.write() as uow:
            await revoke(uow, platform, known.device, actor=OLGA)
    edge = await edge_engine(tmp_path, known)
    tried = asyncio.Event()

    async def pause(_seconds: float) -> None:
        tried.set()
        await asyncio.Event().wait()

    gateway = Gateway(known, KEY, edge, pause=pause)
    running = asyncio.create_task(gateway.run())
    await within(WAIT_SECONDS, tried.wait())
    assert not gateway.reached.is_set()
    running.cancel()
    await asyncio.wait([running])
    await edge.aclose()


async def test_what_is_no_key_of_no_site_or_known_already_is_not_enrolled(room: Room) -> None:
    await _enrolled(room)
    platform = room.arriving.platform
    for site, public, error in (
        ("nowhere", KEY.public.hex(), NotFoundError),
        (CITY, "00" * 32, InputRefusedError),
        (CITY, KEY.public.hex(), ConflictError),
    ):
        with pytest.raises(error):
            async with platform.database.write() as uow:
                await register(uow, platform, site=site, name="-", public=public, actor=OLGA)
