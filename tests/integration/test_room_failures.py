"""What fails in the middle of an evaluation: the server, the engine, the lease, the database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from app.store.engine import is_sqlite
from app.store.repositories.rooms import RoomRepository
from app.store.unit_of_work import Database
from app.usecases.room.keeping import read
from remote_eval.commands import MoveTo
from remote_eval.media.engine import TrackId
from remote_eval.media.recording.archive import check
from remote_eval.room_events import time_text
from tests.support.rooms_served import Everybody, Room, Server
from tests.support.signalling_client import PATIENCE_SECONDS
from tests.support.waiting import within

pytestmark = pytest.mark.anyio


def process_of(room: Room) -> int:
    """The room process's id."""
    told = json.loads((room.engines.folder(room.id) / "ready.json").read_bytes())
    return int(told["pid"])


async def kinds_of(room: Room) -> list[tuple[str, object]]:
    """Kind and change of each event of the room's ledger, which holds."""
    async with room.arriving.platform.database.read() as uow:
        kept = await read(uow, room.id)
    assert kept.fault is None
    return [(one.event.kind, one.event.body.get("change")) for one in kept.events]


async def moved_to(room: Room, server: Server) -> None:
    """Whoever comes from now on comes to this server."""
    room.server = server
    room.arriving.app.state.hall = server.hall


async def test_a_killed_server_stops_neither_media_nor_recording_and_is_replaced(
    room: Room, beside_room: Database
) -> None:
    await room.open()
    every = await room.evaluating()
    voice = TrackId(f"{every.experts[1].client.member}/microphone")
    hearing = await room.view(every.experts[0], voice)
    await hearing.until(voice, 5)
    process, first = process_of(room), room.hall.leader
    await room.server.kill()
    assert {await one.client.ended() for one in every.all} == {1006}
    # Nobody leads the room, and it is heard and recorded all the same.
    heard = max(hearing.indices(voice))
    await hearing.until(voice, heard + 25)
    server = await room.second(beside_room)
    # Nobody waits for the lease of a process that is known to have ended.
    server.hall.is_gone = lambda name: name == first
    await moved_to(room, server)
    keeping = asyncio.create_task(server.hall.keep())
    await room.running()
    keeping.cancel()
    await asyncio.wait((keeping,))
    back = await room.socket(cookie=room.cast.cookies["wanda"])
    welcome = await back.hello({"account": True}, resume=every.witness.client.resume())
    assert (welcome["resumed"], welcome["member"]) == (False, every.witness.client.member)
    assert welcome["snapshot"]["room"]["phase"] == "evaluating"
    tracks = {one["id"] for one in welcome["snapshot"]["tracks"]}
    assert len(tracks) == 2 * len(every.experts) + len(every.cameras)
    expert = await room.expert(0)
    assert expert.client.member == every.experts[0].client.member
    # The very connection goes on: nothing was negotiated anew.
    await hearing.until(voice, max(hearing.indices(voice)) + 25)
    assert process_of(room) == process
    counted = Counter(await kinds_of(room))
    assert counted["member", "admitted"] == len(every.all)
    assert counted["opened", None] == 1
    async with beside_room.read() as uow:
        row = await uow.rooms.get(room.id)
    assert row is not None
    assert (row.part, row.leader) == (1, server.hall.leader)


async def test_a_killed_engine_is_an_alarm_and_a_new_part_and_everybody_begins_anew(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    witness, expert = every.witness.client, every.experts[0]
    voice = f"{every.experts[1].client.member}/microphone"
    room.arriving.stage.clock.advance(seconds=20)
    os.kill(process_of(room), signal.SIGKILL)
    await witness.event("alarm", code="engine")
    await expert.client.event("alarm", code="engine")
    await witness.event("hold", kind="frozen", on=True)
    await witness.event("track", id=voice, up=False, cause="engine")
    await witness.event("clear", code="engine")
    await witness.event("hold", kind="frozen", on=False)
    before = len(witness.events)
    for one in every.experts:
        await room.publish(one)
    for one in every.cameras:
        await room.publish(one, "camera")
    await witness.until(lambda: _up(every, before))
    hearing = await room.view(expert, voice)
    await hearing.until(TrackId(voice), 5)
    await room.recorded()
    await _close(room, every)
    async with room.arriving.platform.database.read() as uow:
        whole = {
            one.part: json.loads(one.document)
            for one in await uow.rooms.recording_anchors(room.id)
            if one.final
        }
    assert sorted(whole) == [1, 2]
    assert whole[1]["recorders"][0]["closed"] is False
    assert whole[2]["recorders"][0]["closed"] is True
    # The cut is to be seen: the second part begins later than the first one ends.
    first, second = (whole[part]["recorders"][0] for part in (1, 2))
    assert first["opened_at"] + first["to"] < second["opened_at"]
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.whole) == (True, False)


def _up(every: Everybody, since: int) -> bool:
    events = every.witness.client.events[since:]
    up = {one["body"]["id"] for one in events if one["kind"] == "track" and one["body"]["up"]}
    return len(up) == 2 * len(every.experts) + len(every.cameras)


async def _close(room: Room, every: Everybody) -> None:
    await every.witness.client.ask("phase", to="signing")
    await every.witness.client.ask("phase", to="closed")
    await room.over()


async def test_a_process_whose_lease_passed_decides_nothing_more(room: Room, beside_room: Database) -> None:
    await room.open()
    witness = await room.account("wanda")
    first = room.server
    led = room.led
    server = await room.second(beside_room)
    # While the lease holds the other one leads nothing.
    await server.hall.resume()
    assert room.id not in server.hall._led
    room.arriving.stage.clock.advance(seconds=31)
    await server.hall.resume()
    assert room.id in server.hall._led
    # What the first one is asked now, it cannot store: nobody is told that it was done.
    with pytest.raises(ConnectionError):
        await witness.client.answer("problem", {"part": "pc", "text": None})
    assert await witness.client.ended() == 1012
    await within(PATIENCE_SECONDS, led.live.lost.wait())
    assert ("problem", None) not in await kinds_of(room)
    await first.stop()
    await moved_to(room, server)
    back = await room.account("wanda")
    assert back.client.member == witness.client.member
    await back.client.ask("problem", part="pc", text=None)
    assert Counter(await kinds_of(room))["problem", None] == 1


async def test_what_is_stored_in_the_very_moment_of_taking_over_is_not_missed(
    room: Room, beside_room: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers of SQLite exclude each other: there the last word comes just before."""
    await room.open()
    witness = await room.account("wanda")
    first, server = room.server, await room.second(beside_room)
    room.arriving.stage.clock.advance(seconds=31)
    lease = RoomRepository.lease

    async def last_word() -> None:
        await witness.client.ask("problem", part="pc", text=None)

    async def late(self: RoomRepository, room_id: str, **words: str) -> bool:
        if words["leader"] == server.hall.leader and not is_sqlite(beside_room.engine):
            await last_word()
        return await lease(self, room_id, **words)

    if is_sqlite(beside_room.engine):
        await last_word()
    monkeypatch.setattr(RoomRepository, "lease", late)
    await server.hall.resume()
    monkeypatch.undo()
    taken = server.hall._led[room.id].live
    assert Counter(await kinds_of(room))["problem", None] == 1
    assert any(one.kind == "problem" for one in taken.state.requests.values())
    await first.stop()
    await moved_to(room, server)


async def test_who_is_known_to_be_gone_is_not_waited_for(room: Room, beside_room: Database) -> None:
    await room.open()
    witness = await room.account("wanda")
    await room.server.stop()
    program = "from app.gateways.process_names import own_name; print(own_name(b'gone'))"
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    gone = (await ended.communicate())[0].decode().strip()
    now = room.arriving.stage.clock()
    async with beside_room.write() as uow:
        until = time_text(now + timedelta(seconds=30))
        assert await uow.rooms.lease(room.id, leader=gone, now=time_text(now), until=until)
    server = await room.second(beside_room)
    await server.hall.resume()
    assert room.id in server.hall._led
    await moved_to(room, server)
    assert (await room.account("wanda")).client.member == witness.client.member


async def test_a_server_that_ends_in_order_hands_its_rooms_on_at_once(
    room: Room, beside_room: Database
) -> None:
    await room.open()
    witness = await room.account("wanda")
    process = process_of(room)
    await room.server.stop()
    assert await witness.client.ended() == 1012
    await moved_to(room, await room.second(beside_room))
    back = await room.account("wanda")
    assert back.client.member == witness.client.member
    assert process_of(room) == process


async def test_a_busy_database_delays_an_answer_and_loses_none(room: Room, beside_room: Database) -> None:
    await room.open()
    witness = await room.account("wanda")
    async with beside_room.write() as uow:
        await uow.rooms.lease("nothing", leader="x", now="0", until="0")
        asked = asyncio.create_task(witness.client.ask("problem", part="pc", text=None))
        await asyncio.sleep(0)
    await asked
    await witness.client.event("problem", part="pc")
    assert Counter(await kinds_of(room))["problem", None] == 1


async def test_an_act_whose_socket_closes_meanwhile_is_done_once_and_answered_to_the_next_socket(
    room: Room, beside_room: Database
) -> None:
    await room.open()
    first = (await room.account("wanda")).client
    act = {"part": "pc", "text": None}
    async with beside_room.write() as uow:
        await uow.rooms.lease("nothing", leader="x", now="0", until="0")
        await first.send("problem", act, frame="once")
        session = room.led.live.sessions[first.member]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not session.seen_before("once")[0]:  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0)
        room.led.live.links[first.member].end(4008, "rate")
        assert await first.ended() == 4008
    back = await room.socket(cookie=room.cast.cookies["wanda"])
    await back.hello({"account": True}, resume=first.resume())
    assert (await back.answer("problem", act, frame="once"))["type"] == "ok"
    assert Counter(await kinds_of(room))["problem", None] == 1


async def test_a_room_whose_ledger_was_changed_is_led_no_further(room: Room, beside_room: Database) -> None:
    await room.open()
    await room.account("wanda")
    await room.server.stop()
    async with beside_room.write() as uow:
        await uow.rooms._connection.exec_driver_sql("UPDATE room_events SET kind = 'closed' WHERE seq = 2")
    server = await room.second(beside_room)
    await moved_to(room, server)
    client = await room.socket(cookie=room.cast.cookies["wanda"])
    assert await client.ended() == 1012


async def test_a_room_that_was_closed_while_its_server_died_is_sealed_by_the_next(
    room: Room, beside_room: Database
) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    await every.witness.client.ask("phase", to="signing")

    live = room.led.live
    await live.decide(live.state.members[every.witness.client.member], MoveTo(to="closed"))
    await room.server.kill()
    async with beside_room.read() as uow:
        assert [one.id for one in await uow.rooms.unsealed()] == [room.id]
    room.arriving.stage.clock.advance(seconds=31)
    server = await room.second(beside_room)
    await moved_to(room, server)
    await server.hall.resume()
    async with beside_room.read() as uow:
        assert [one.final for one in await uow.rooms.recording_anchors(room.id)][-1] == 1
        assert await uow.rooms.unsealed() == []
    stats = check(room.engines.folder(room.id) / "recordings")
    assert (stats.ok, stats.whole) == (True, True)
