"""Cases (立案): what opening freezes, what of it no longer holds when somebody lays hands on it, who decides.

A room with its recorder runs, a detector has sounded, the witness has put an exception down; the case is
opened, decided and handed over by HTTP. The attacks are those of somebody who has the database, or the disk.
"""

import asyncio
import json
import logging
from typing import Any, get_args

import pytest

from app.api.case_schemas import Outcome, Reason
from app.cli.main import run
from app.private_files import write_private
from app.store.room_tables import room_events, rooms
from app.store.unit_of_work import UnitOfWork
from app.usecases.room.cases import MAX_CASES
from app.usecases.room.keeping import read
from crypto.canonical import canonical
from draw.letters import record_digest
from remote_eval.case_file import OUTCOMES, REASONS
from remote_eval.media.recording.archive import check
from remote_eval.room_ledger import RoomHead, follow, head_of
from tests.integration.test_secrecy_store import everything_stored
from tests.support.arriving import CITY, COUNTY
from tests.support.arriving_world import World
from tests.support.recorded_media import Wire
from tests.support.recording_worlds import Recording, Seat, plan_in
from tests.support.room_troubles import vacating
from tests.support.rooms_served import Room
from tests.support.troubles import accepted_by_both, expect, refusal

pytestmark = pytest.mark.anyio
NODE = f"{CITY}/conduct"
# As the store of these tests seals.
CIPHER_KEY, CIPHER_TAGS = bytes(range(32)), bytes(range(1, 33))
WORDS = "席位发现手机，已当场收存"
SEAT = Seat(member="mem_a", wire=Wire(seed=1, jitter=10), seconds=4)


async def found(room: Room) -> dict[str, Any]:
    """A room that records, an alarm at the city's detector, the witness's exception: what a case names."""
    await room.open()
    witness = (await room.account("wanda")).client
    await room.publish(await room.account("dana", camera="north"), "camera")
    await room.recorded()
    await room.arriving.event(f"detector {CITY}", "alarm")
    await witness.ask("node", node=NODE, state="exception", text=WORDS)
    (alert,) = [one for one in await room.arriving.alerts(CITY) if one["kind"] == "detector-alarm"]
    return {"reason": "phone-found-inside", "text": WORDS, "alert": alert["alert"], "node": NODE}


async def opened(room: Room, **asked: Any) -> str:
    """A case; its id."""
    body = {"reason": "phone-found-inside", "text": WORDS} | asked
    return str(expect(await post(room, "sven", f"/draws/{draw(room)}/cases", body), 201)["case"])


async def post(room: Room, who: str, path: str, body: object) -> Any:
    return await room.arriving.post(who, path, body)


async def get(room: Room, path: str, who: str = "sven") -> dict[str, Any]:
    return dict(expect(await room.arriving.get(who, path), 200))


def draw(room: Room) -> str:
    return room.arriving.row.id


async def checked(room: Room, case: str) -> dict[str, Any]:
    return await get(room, f"/cases/{case}/check")


async def broken(room: Room, case: str) -> set[tuple[str, str]]:
    """Kind and code of what no longer holds of a case."""
    told = await checked(room, case)
    assert told["ok"] == all(one["ok"] for one in told["items"])
    return {(one["item"], one["code"]) for one in told["items"] if not one["ok"]}


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


# -- who decides, and what follows


async def test_a_case_is_decided_and_handed_over_each_step_in_the_log(room: Room) -> None:
    await room.open()
    expert = (await room.expert(0)).client
    wanted = await vacating(room, 0, "-")
    case = await opened(room, member=expert.member)
    assert (await get(room, f"/cases/{case}"))["seat"] == wanted["seat"]
    decision = {"outcome": "vacated", "cause": "recusal", "reason": "违规携带通讯设备"}
    early = await post(room, "sven", f"/cases/{case}/closure", {"reason": "不成立"})
    assert refusal(early) == (409, "case.state")
    assert not expert.closed.is_set()
    decided = expect(await post(room, "sven", f"/cases/{case}/decision", decision), 200)
    assert (decided["state"], decided["outcome"]) == ("decided", "vacated")
    # The seat passes on by the campaign's own way, and the note there names the case.
    note = (await room.arriving.calling.standing(room.arriving.row)).newest[wanted["seat"] - 1].reason
    assert note is not None
    assert case in note
    await room.arriving.calling.work()
    assert await expert.ended() == 4003
    again = await post(room, "sven", f"/cases/{case}/decision", decision)
    assert refusal(again) == (409, "case.state")
    to = {"to": "某市住房和城乡建设局", "reason": "涉嫌违纪"}
    expect(await post(room, "sven", f"/cases/{case}/transfer", to), 200)
    (told,) = (await get(room, f"/draws/{draw(room)}/cases"))["items"]
    assert [(one["state"], one["by"], one["words"], one["to"]) for one in told["steps"]] == [
        ("opened", "sven", WORDS, None),
        ("decided", "sven", "违规携带通讯设备", None),
        ("transferred", "sven", "涉嫌违纪", "某市住房和城乡建设局"),
    ]
    _, course = await room.arriving.stage.one.ceremony.shown(room.arriving.row)
    logged = [(index, entry.body["digest"]) for index, entry in course.all("record", topic="case")]
    assert logged == [(one["log_index"], one["digest"]) for one in told["steps"]]
    assert await broken(room, case) == set()
    # What else stands in the log of a draw with cases is no worse for it, to either verifier.
    await accepted_by_both(room.arriving, "revealed")


async def test_a_case_without_ground_is_closed_with_the_reason_and_nobody_leaves(room: Room) -> None:
    case = await opened(room, seat=1)
    before = await room.arriving.calling.standing(room.arriving.row)
    stays = {"outcome": "stays", "reason": "经核查为场地工作手机"}
    expect(await post(room, "sven", f"/cases/{case}/decision", stays), 200)
    expect(await post(room, "sven", f"/cases/{case}/closure", {"reason": "未开机，不成立"}), 200)
    assert (await room.arriving.calling.standing(room.arriving.row)).states() == before.states()
    told = await get(room, f"/cases/{case}")
    assert (told["state"], told["outcome"], len(told["steps"])) == ("closed", "stays", 3)
    for path, body in (("decision", stays), ("closure", {"reason": "再次"})):
        assert refusal(await post(room, "sven", f"/cases/{case}/{path}", body)) == (409, "case.state")


async def test_a_replacement_that_cannot_be_leaves_the_case_undecided(room: Room) -> None:
    """Case and seat move in one transaction: neither goes without the other."""
    nobody, somebody = await opened(room), await opened(room, seat=1)
    vacated = {"outcome": "vacated", "cause": "recusal", "reason": "更换"}
    answer = await post(room, "sven", f"/cases/{nobody}/decision", vacated)
    assert [one["code"] for one in answer.json()["errors"]] == ["case.no-seat"]
    answer = await post(room, "sven", f"/cases/{nobody}/decision", vacated | {"cause": None})
    assert [one["code"] for one in answer.json()["errors"]] == ["case.no-seat", "case.cause"]
    answer = await post(room, "sven", f"/cases/{somebody}/decision", vacated | {"cause": None})
    assert [one["code"] for one in answer.json()["errors"]] == ["case.cause"]
    expect(await post(room, "olga", f"/draws/{draw(room)}/campaign/cancel", {"reason": "项目取消"}), 200)
    assert refusal(await post(room, "sven", f"/cases/{somebody}/decision", vacated)) == (
        409,
        "campaign.state",
    )
    for case in (nobody, somebody):
        told = await get(room, f"/cases/{case}")
        assert (told["state"], len(told["steps"])) == ("opened", 1)


async def test_of_two_decisions_at_once_one_stands(room: Room) -> None:
    case = await opened(room, seat=1)
    stays = [{"outcome": "stays", "reason": reason} for reason in ("查无实据", "未开机")]
    answers = await asyncio.gather(*(post(room, "sven", f"/cases/{case}/decision", one) for one in stays))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert len((await get(room, f"/cases/{case}"))["steps"]) == 2
    assert await broken(room, case) == set()


async def test_only_supervision_opens_decides_and_reads(room: Room) -> None:
    case = await opened(room, seat=1)
    asked = {"reason": "phone-found-inside", "text": WORDS}
    # An agency's key is tried at every door by `test_rights_walk`.
    for who in ("olga", "dana", "wanda"):
        for path, body in (
            (f"/draws/{draw(room)}/cases", asked),
            (f"/cases/{case}/decision", {"outcome": "stays", "reason": "-"}),
            (f"/cases/{case}/transfer", {"to": "某局", "reason": "-"}),
            (f"/cases/{case}/closure", {"reason": "-"}),
        ):
            assert refusal(await post(room, who, path, body)) == (403, "access.role"), (who, path)
        for path in (f"/draws/{draw(room)}/cases", f"/cases/{case}", f"/cases/{case}/check"):
            assert refusal(await room.arriving.get(who, path)) == (403, "access.role"), (who, path)
    for path in ("/cases/cas_none", "/cases/cas_none/check"):
        assert refusal(await room.arriving.get("sven", path)) == (404, "case.unknown")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"seat": 99}, "case.seat"),
        ({"member": "mem_none"}, "case.member"),
        ({"member": "mem_none", "seat": 1}, "case.member"),
        ({"alert": "alr_none"}, "case.alert"),
        ({"node": NODE}, "case.node"),
        ({"node": f"{COUNTY}/conduct"}, "case.node"),
    ],
)
async def test_what_a_case_names_has_to_be_of_this_draw(room: Room, asked: dict[str, Any], code: str) -> None:
    await room.open()
    answer = await post(
        room, "sven", f"/draws/{draw(room)}/cases", {"reason": "tampering", "text": "-"} | asked
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "case.refused")
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert (await get(room, f"/draws/{draw(room)}/cases"))["items"] == []


async def test_everything_that_is_wrong_with_a_case_is_told_at_once(room: Room) -> None:
    await room.open()
    wrong = {"seat": 99, "alert": "alr_none", "node": NODE}
    asked = {"reason": "tampering", "text": "-"} | wrong
    answer = await post(room, "sven", f"/draws/{draw(room)}/cases", asked)
    assert [one["code"] for one in answer.json()["errors"]] == ["case.seat", "case.alert", "case.node"]


async def test_what_is_too_long_unlisted_or_blank_is_refused(room: Room) -> None:
    whole = {"reason": "tampering", "text": "-"}
    for wrong in (
        {"reason": "dislike"},
        {"text": ""},
        {"text": "长" * 1_001},
        {"seat": 0},
        {"node": "conduct"},
        {"name": "某人"},
    ):
        answer = await post(room, "sven", f"/draws/{draw(room)}/cases", whole | wrong)
        assert refusal(answer) == (400, "request.invalid"), wrong
    longest = await opened(room, text="长" * 1_000)
    for wrong in ({"reason": "长" * 151}, {"outcome": "promoted"}, {"reason": ""}):
        body = {"outcome": "stays", "reason": "-"} | wrong
        assert refusal(await post(room, "sven", f"/cases/{longest}/decision", body))[0] == 400


async def test_every_listed_reason_and_outcome_is_taken_and_no_more_cases_than_the_limit(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_CASES == 100
    monkeypatch.setattr("app.usecases.room.cases.MAX_CASES", len(REASONS))
    for reason in REASONS:
        await opened(room, reason=reason)
    more = await post(room, "sven", f"/draws/{draw(room)}/cases", {"reason": REASONS[0], "text": "-"})
    assert refusal(more) == (409, "case.too-many")
    told = (await get(room, f"/draws/{draw(room)}/cases"))["items"]
    assert [one["reason"] for one in told] == list(REASONS)
    # What the form of a request lists is what the core knows.
    assert (get_args(Reason), get_args(Outcome)) == (REASONS, OUTCOMES)


async def test_the_same_key_opens_one_case_however_often_it_is_sent(room: Room) -> None:
    client, tokens = room.arriving.client, room.arriving.tokens
    headers = {"Authorization": f"Bearer {tokens['sven']}", "Idempotency-Key": "case-once"}
    asked, path = {"reason": "tampering", "text": WORDS}, f"/v1/draws/{draw(room)}/cases"
    first = await client.post(path, json=asked, headers=headers)
    again = await client.post(path, json=asked, headers=headers)
    assert (first.status_code, again.json()) == (201, first.json())
    assert len((await get(room, f"/draws/{draw(room)}/cases"))["items"]) == 1


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
