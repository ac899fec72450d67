"""Cases (立案): what opening freezes, and what of it no longer holds when somebody lays hands on it.

A room with its recorder runs, a detector has sounded, the witness has put an exception down; the case is
opened by HTTP. The attacks are those of somebody who has the database, or the disk.
"""

import asyncio
import json
import logging
from typing import Any

import pytest

from app.cli.main import run
from app.private_files import write_private
from app.store.room_tables import room_events, rooms
from app.store.unit_of_work import UnitOfWork
from app.usecases.room.keeping import read
from crypto.canonical import canonical
from draw.letters import record_digest
from remote_eval.media.recording.archive import check
from remote_eval.room_ledger import RoomHead, follow, head_of
from tests.integration.test_secrecy_store import everything_stored
from tests.support.arriving import CITY, Arriving
from tests.support.arriving_world import World
from tests.support.cases_opened import NODE, broken, checked, draw, found, get, opened, post
from tests.support.onlookers import holders_of, needles_of, set_watch
from tests.support.recorded_media import Wire
from tests.support.recording_worlds import Recording, Seat, plan_in
from tests.support.rooms_served import Room
from tests.support.troubles import expect, refusal

pytestmark = pytest.mark.anyio
# As the store of these tests seals.
CIPHER_KEY, CIPHER_TAGS = bytes(range(32)), bytes(range(1, 33))
SEAT = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=4)


async def changed(room: Room, statement: str) -> None:
    """Somebody with the database's password changes it; nobody leads the room meanwhile."""
    await room.server.hall.aclose()
    async with room.arriving.platform.database.write() as uow:
        done = await uow.rooms._connection.exec_driver_sql(statement)
        assert done.rowcount > 0


async def ended(room: Room) -> None:
    """A witness closes the room, and its recorder writes its manifest."""
    await (await room.account("wendy")).client.ask("phase", to="closed")
    await room.over()


async def nobody_reads_who_sits_there(room: Room, case: str) -> None:
    """Everybody reads all that hangs on this room and this case: places and members, never a name."""
    arriving = room.arriving
    watch = set_watch(arriving)
    watch.ids |= {"room_id": [room.id], "case_id": [case], "booking_id": [await booking_of(arriving)]}
    given = await watch.walk("room_id", "case_id", "booking_id")
    assert [route for route, answers in given.items() if not answers] == []
    assert len(given) >= 10
    holders = await holders_of(arriving)
    assert watch.leaks(needles_of(arriving, holders)) == set()
    # The search can fail: a name that was told is seen.
    name = await arriving.name(arriving.calling.letters()[0])
    watch.heard.append(("sven", f"GET /v1/rooms/{room.id}/events", name.encode()))
    assert {one.kind for one in watch.leaks(needles_of(arriving, holders))} == {"name"}


async def booking_of(arriving: Arriving) -> str:
    (booking,) = expect(await arriving.get("olga", "/bookings"), 200)["items"]
    return str(booking["id"])


# -- freezing


async def test_a_case_freezes_what_there_is_and_it_holds_to_the_end_of_the_room(room: Room) -> None:
    asked = await found(room)
    made = expect(await post(room, "sven", f"/draws/{draw(room)}/cases", asked), 201)
    whole = await get(room, f"/cases/{made['case']}")
    frozen = whole["document"]["evidence"]
    # The document is what the log holds the digest of: whoever has it computes the same.
    assert record_digest(canonical(whole["document"])).hex() == whole["digest"] == made["digest"]
    _, course = await room.arriving.stage.one.ceremony.shown(room.arriving.row)
    logged = {index: entry.body["digest"] for index, entry in course.all("record", topic="case")}
    assert logged == {made["log_index"]: made["digest"]}
    (one,) = frozen["rooms"]
    files = {file["file"] for file in one["recordings"]}
    assert (one["room"], len(files) >= 2) == (room.id, True)
    assert (frozen["alert"]["id"], frozen["node"]["node"]) == (asked["alert"], NODE)
    told = await get(room, f"/cases/{made['case']}/check")
    assert {(item["item"], item["ok"]) for item in told["items"]} == {
        (kind, True) for kind in ("step", "words", "room-ledger", "recording", "alert", "site-ledger", "node")
    }
    # Everything goes on: the alert is closed, the room is led on and ended, the recorder writes its manifest.
    path, why = f"/desk/alerts/{asked['alert']}/closure", {"reason": "手机已收存"}
    expect(await post(room, "dana", path, why), 200)
    await ended(room)
    assert await broken(room, made["case"]) == set()
    assert len((await get(room, f"/rooms/{room.id}/events"))["items"]) > one["seq"]
    await nobody_reads_who_sits_there(room, made["case"])
    # A case is no matter of the room's time: another one is opened once it is closed.
    late = await opened(room, reason="tampering", node=NODE)
    assert await broken(room, late) == set()


async def test_before_there_is_a_room_a_case_stands_on_the_alert_alone(room: Room) -> None:
    await room.arriving.event(f"detector {CITY}", "alarm")
    (alert,) = [one for one in await room.arriving.alerts(CITY) if one["kind"] == "detector-alarm"]
    case = await opened(room, alert=alert["alert"])
    assert (await get(room, f"/cases/{case}"))["document"]["evidence"]["rooms"] == []
    assert await broken(room, case) == set()


ATTACKS = [
    ("UPDATE room_events SET kind = 'hand' WHERE seq = 1", ("room-ledger", "ledger.hash")),
    ("UPDATE room_events SET detail = previous WHERE seq = 2", ("room-ledger", "ledger.hash")),
    ("UPDATE room_events SET sealed_body = detail WHERE seq = 2", ("room-ledger", "ledger.detail")),
    ("DELETE FROM room_events WHERE seq = 1", ("room-ledger", "ledger.number")),
    ("UPDATE site_alerts SET level = 'yellow', kind = 'left-while-seated'", ("alert", "alert.altered")),
    ("UPDATE site_alerts SET opened_at = '2026-01-01T00:00:00Z'", ("alert", "alert.altered")),
    ("DELETE FROM site_alerts", ("alert", "alert.missing")),
    ("UPDATE site_ledger SET actor = 'nobody' WHERE number = 1", ("site-ledger", "ledger.hash")),
    ("UPDATE case_steps SET document = replace(document, 'found', 'lost')", ("step", "case.log")),
    ("UPDATE case_steps SET actor = 'sofia'", ("step", "case.document")),
    ("UPDATE case_steps SET log_index = log_index - 1", ("step", "case.log")),
    (
        "UPDATE case_steps SET sealed_words = (SELECT sealed_body FROM room_events WHERE seq = 1)",
        ("words", "case.words"),
    ),
    ("UPDATE cases SET state = 'closed', outcome = 'stays'", ("step", "case.steps")),
]


@pytest.mark.parametrize(("statement", "code"), ATTACKS)
async def test_exactly_what_was_changed_in_the_database_is_told(
    room: Room, statement: str, code: tuple[str, str]
) -> None:
    case = await opened(room, **await found(room))
    assert await broken(room, case) == set()
    await changed(room, statement)
    assert await broken(room, case) == {code}


async def test_a_document_that_is_none_any_more_is_told_and_not_shown(room: Room) -> None:
    case = await opened(room, **await found(room))
    await changed(room, "UPDATE case_steps SET document = 'no document'")
    assert await broken(room, case) == {("step", "case.log"), ("words", "case.words")}
    assert refusal(await room.arriving.get("sven", f"/cases/{case}")) == (409, "case.broken")


async def test_the_witnesss_entry_is_told_beside_the_ledger_it_stands_in(room: Room) -> None:
    case = await opened(room, **await found(room))
    await changed(room, "UPDATE room_events SET at = '2026-01-01T00:00:00.000Z' WHERE kind = 'node'")
    assert await broken(room, case) == {("room-ledger", "ledger.hash"), ("node", "node.altered")}


async def test_a_ledger_written_anew_from_its_first_event_does_not_come_to_the_frozen_head(
    room: Room,
) -> None:
    """Who has the database can compute every hash; what was frozen is out of reach."""
    case = await opened(room, reason="tampering", node=(await found(room))["node"])
    await room.server.hall.aclose()
    async with room.arriving.platform.database.write() as uow:
        await _written_anew(uow, room.id)
        assert (await read(uow, room.id)).fault is None
    assert ("room-ledger", "ledger.head") in await broken(room, case)


async def _written_anew(uow: UnitOfWork, room: str) -> None:
    head, connection = RoomHead(room=room), uow.rooms._connection
    for entry, _ in await uow.rooms.events(room):
        member = "mem_other" if entry.seq == 2 else entry.member
        fresh = follow(head, at=entry.at, kind=entry.kind, member=member, detail=entry.detail)
        head = head_of(fresh)
        mine = (room_events.c.room_id == room) & (room_events.c.seq == entry.seq)
        values = {"member": member, "previous": fresh.previous, "hash": fresh.hash}
        await connection.execute(room_events.update().where(mine).values(**values))
    await connection.execute(rooms.update().where(rooms.c.id == room).values(head=head.hash))


async def test_a_file_of_the_recording_that_is_replaced_is_named(room: Room) -> None:
    """Bytes of a frame, the file cut short, the file taken away: each is that file's alone."""
    case = await opened(room, **await found(room))
    # Nothing writes there any more.
    await ended(room)
    folder = room.engines.folder(room.id) / "recordings"
    mine = next(one["file"] for one in await _files(room, case) if one["file"].endswith(".qtr"))
    whole = (folder / mine).read_bytes()
    at = len(whole) // 2
    for fresh in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at], None):
        if fresh is None:
            (folder / mine).unlink()
        else:
            (folder / mine).write_bytes(fresh)
        told = (await get(room, f"/cases/{case}/check"))["items"]
        bad = [one for one in told if not one["ok"]]
        assert [(one["item"], one["of"]) for one in bad] == [("recording", f"{room.id}/{mine}")]
    (folder / mine).write_bytes(whole)
    assert await broken(room, case) == set()


async def test_a_recording_made_anew_with_its_indexes_does_not_come_to_the_frozen_heads(room: Room) -> None:
    """Who has the disk has every chain; another archive that holds in itself is still another one."""
    case = await opened(room, **await found(room))
    await ended(room)
    folder = room.engines.folder(room.id) / "recordings"
    folder.rename(folder.with_name("elsewhere"))
    other = Recording(plan_in(folder))
    other.open([SEAT])
    other.play(SEAT.arrivals())
    other.close()
    assert check(folder).ok
    gone = {
        one["of"]: one["code"] for one in (await get(room, f"/cases/{case}/check"))["items"] if not one["ok"]
    }
    assert set(gone) == {f"{room.id}/{one['file']}" for one in await _files(room, case)}
    assert "recording.anchor" in gone.values()


async def test_recordings_that_are_gone_are_missing_file_by_file(room: Room) -> None:
    case = await opened(room, **await found(room))
    await ended(room)
    folder = room.engines.folder(room.id) / "recordings"
    folder.rename(folder.with_name("elsewhere"))
    assert {item for item, _ in await broken(room, case)} == {"recording"}
    gone = [one for one in (await get(room, f"/cases/{case}/check"))["items"] if not one["ok"]]
    assert {one["code"] for one in gone} == {"recording.missing"}


async def _files(room: Room, case: str) -> list[dict[str, Any]]:
    (one,) = (await get(room, f"/cases/{case}"))["document"]["evidence"]["rooms"]
    return list(one["recordings"])


async def test_a_case_that_was_taken_out_of_the_database_is_missed(room: Room) -> None:
    kept, gone = await opened(room), await opened(room, reason="tampering")
    async with room.arriving.platform.database.write() as uow:
        for table, column in (("case_steps", "case_id"), ("cases", "id")):
            await uow.rooms._connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} = '{gone}'")  # noqa: S608 - own ids
    assert await broken(room, kept) == {("step", "case.missing")}


async def test_a_case_whose_steps_are_gone_is_led_no_further(room: Room) -> None:
    case = await opened(room, seat=1)
    async with room.arriving.platform.database.write() as uow:
        await uow.rooms._connection.exec_driver_sql("DELETE FROM case_steps")
    assert ("step", "case.steps") in await broken(room, case)
    stays = {"outcome": "stays", "reason": "-"}
    assert refusal(await post(room, "sven", f"/cases/{case}/decision", stays)) == (409, "case.broken")
    assert refusal(await room.arriving.get("sven", f"/cases/{case}")) == (409, "case.broken")


async def test_a_terminal_beside_the_database_tells_the_same_and_says_so_by_its_exit_code(
    room: Room, seated_url: tuple[World, str], capfd: pytest.CaptureFixture[str]
) -> None:
    case = await opened(room, **await found(room))
    data = room.arriving.stage.one.settings.data
    (data / "rooms").symlink_to(room.engines.folder("."))
    keys = {"current": "k1", "keys": {"k1": CIPHER_KEY.hex()}, "tags": CIPHER_TAGS.hex()}
    write_private(data / "keys" / "fields.json", json.dumps(keys).encode())
    words = ["--data", str(data), "--database", seated_url[1], "case", "check"]

    async def asked(of: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = await asyncio.to_thread(run, [*words, of])
        return (code, *capfd.readouterr())

    code, out, _ = await asked(case)
    assert (code, out.count("✓"), "all" in out) == (0, len((await checked(room, case))["items"]), True)
    await changed(room, "UPDATE site_alerts SET kind = 'passback'")
    code, out, err = await asked(case)
    assert (code, err.count("✗"), "alert.altered" in err, "all" in out) == (1, 1, True, False)
    assert (await asked("cas_none"))[0] == 1
    # Where the recordings are not, nothing is taken for granted.
    (data / "rooms").unlink()
    assert "recording.missing" in (await asked(case))[2]


# -- who is named


async def test_a_name_in_the_words_is_read_by_supervision_and_stands_nowhere_else(
    room: Room, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = await found(room)
    name = room.arriving.stage.pool.records[0].name
    case = await opened(room, **asked | {"text": f"{name} 携带手机"})
    stays = {"outcome": "stays", "reason": f"{name} 已说明"}
    done = [
        await post(room, "sven", f"/cases/{case}/decision", stays),
        await post(room, "sven", f"/cases/{case}/transfer", {"to": f"{name} 所在单位", "reason": name}),
        await post(room, "sven", f"/cases/{case}/closure", {"reason": name}),
        await room.arriving.get("sven", f"/cases/{case}/check"),
    ]
    assert [one.status_code for one in done] == [200, 200, 409, 200]
    told = await room.arriving.get("sven", f"/cases/{case}")
    assert told.text.count(name) == 4
    assert told.headers["cache-control"] == "no-store"
    assert name not in str(told.json()["document"])
    places = {
        "tables": await everything_stored(room.arriving.platform.database),
        "logs": "\n".join(lines).encode() + caplog.text.encode(),
        "answers": b"\n".join(one.content for one in done),
    }
    assert lines
    assert not [where for where, haystack in places.items() if name.encode() in haystack]
