"""What is done to a room and read of it over HTTP: calls, chair, report, ledger, recordings, limits."""

import asyncio
import json
from typing import Any

import pytest

from app.store import room_tables as tables
from crypto.hashing import sha256
from remote_eval.media.engine import TrackId
from remote_eval.media.turn import credentials
from tests.integration.test_room_admission import refused
from tests.support.arriving import CITY, PNG
from tests.support.rooms_served import Everybody, Room
from tests.support.signalling_client import Client, Media, fingerprint_of

pytestmark = pytest.mark.anyio


async def asked(room: Room, who: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """A POST to the room, with what came of it."""
    answer = await room.arriving.post(who, f"/rooms/{room.id}{path}", body)
    return answer.status_code, answer.json() if answer.content else {}


async def read(room: Room, who: str, path: str) -> dict[str, Any]:
    """A GET of the room."""
    answer = await room.arriving.get(who, f"/rooms/{room.id}{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def with_chair(room: Room) -> Everybody:
    """An evaluation whose chair the witness has named."""
    every = await room.evaluating()
    chair = every.experts[0].client
    # The committee's witness has an account; the room knows her by it, whatever she comes with.
    assert (await asked(room, "wanda", "/chair", {"member": chair.member}))[0] == 204
    await chair.event("member", id=chair.member, change="chair")
    return every


async def bidder(room: Room, token: str) -> Media:
    """A bidder comes by its link."""
    certificate = room.certificate()
    client = await room.socket()
    await client.hello({"call": token}, fingerprint=fingerprint_of(certificate))
    client.beat()
    return Media(client, certificate)


async def test_a_bidder_comes_by_its_link_and_hears_one_changed_voice(room: Room) -> None:
    await room.open()
    every = await with_chair(room)
    chair, witness = every.experts[0], every.witness.client
    await chair.client.ask("clarify", bidder="B-07", question="请说明工期")
    call = (await witness.event("clarification", state="asked"))["body"]["call"]
    assert (await asked(room, "wanda", f"/calls/{call}/token"))[1]["code"] == "room.call-state"
    assert (await asked(room, "wanda", "/calls/call_none/token"))[1]["code"] == "room.unknown-call"
    await witness.ask("call-release", call=call)
    status, first = await asked(room, "olga", f"/calls/{call}/token")
    assert status == 201
    status, link = await asked(room, "wanda", f"/calls/{call}/token")
    assert link["link"] == f"{room.place.origin}/clarify#{room.id}/{link['token']}"
    # A newer link takes the place of the one before.
    assert await refused(await room.socket(), {"credential": {"call": first["token"]}}) == (
        "signal.refused",
        4003,
    )
    guest = await bidder(room, link["token"])
    snapshot = guest.client.snapshot
    assert (snapshot["members"], snapshot["sites"], snapshot["chat"], snapshot["tracks"]) == ([], [], [], [])
    assert snapshot["calls"] == [{"id": call, "question": "请说明工期", "state": "released"}]
    assert (await guest.client.refused("chat", text="你好")).code == "signal.not-allowed"
    await chair.client.ask("call-start", call=call)
    await guest.client.event("clarification", call=call, state="live")
    masked = (await guest.client.event("clarification", call=call, state="masked"))["body"]["track"]
    await room.publish(guest)
    await chair.client.ask("speak", on=True)
    hearing = await room.view(guest, masked)
    async with asyncio.timeout(10):
        while len(hearing.arrived[TrackId(masked)]) < 20:
            await hearing.changed()
    face = f"{guest.client.member}/camera"
    await witness.event("track", id=face, up=True)
    await (await room.view(chair, face)).until(TrackId(face), 5)
    # No voice or face of the committee has a leg to the bidder.
    for track in (f"{chair.client.member}/microphone", f"{chair.client.member}/camera"):
        assert await guest.asked_to_view(track) == {"0": "not-granted"}
    heard = json.dumps(guest.client.events)
    assert not [one.client.member for one in every.all if one.client.member in heard]
    await chair.client.ask("call-end", call=call)
    assert await guest.client.ended() == 4003
    assert await refused(await room.socket(), {"credential": {"call": link["token"]}}) == (
        "signal.refused",
        4003,
    )


async def test_only_a_member_of_the_committee_can_be_its_chair(room: Room) -> None:
    await room.open()
    witness = await room.account("wanda")
    for member in (witness.client.member, "mem_none"):
        status, told = await asked(room, "wanda", "/chair", {"member": member})
        assert (status, told["code"]) == (404, "room.unknown-member")
    assert (await asked(room, "olga", "/chair", {"member": "mem_none"}))[1]["code"] == "access.role"


async def test_the_report_waits_for_every_node_and_is_signed_once(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    witness = every.witness.client
    for one in every.experts[:2]:
        await one.client.ask("time-ask", on=True, minutes=30, reason="标书较多")
    await witness.ask("extend", minutes=30, reason="评审时间不足")
    await witness.ask("phase", to="signing")
    signed = {"words": "评审过程如实见证", "signature": PNG}
    nodes = [one["id"] for one in witness.snapshot["nodes"]]
    answer = await room.cookie_post("wanda", "/report", signed)
    assert (answer.status_code, answer.json()["code"]) == (409, "room.report-open")
    assert sorted(one["figures"]["node"] for one in answer.json()["errors"]) == sorted(nodes)
    for node in nodes:
        await witness.ask("node", node=node, state="ok", text=None)
    # An account that is not in the room signs nothing of it.
    assert (await asked(room, "wanda", "/report", signed))[1]["code"] == "room.not-in"
    answer = await room.cookie_post("wanda", "/report", signed)
    assert answer.status_code == 201, answer.text
    event = await witness.event("report")
    assert event["body"]["digest"] == answer.json()["digest"]
    again = await room.cookie_post("wanda", "/report", signed)
    assert (again.status_code, again.json()["code"]) == (409, "room.report-signed")
    (kept,) = (await read(room, "sven", "/reports"))["items"]
    assert kept["digest"] == answer.json()["digest"]
    assert kept["document"]["words"] == signed["words"]
    (more,) = kept["document"]["extensions"]
    assert (more["minutes"], more["asking"], more["reason"]) == (30, 2, "评审时间不足")
    async with room.arriving.platform.database.read() as uow:
        (stored,) = await uow.rooms.reports(room.id)
    assert sha256(stored.document).hex() == kept["digest"]


async def test_the_ledger_is_read_with_its_chain_and_page_by_page(room: Room) -> None:
    await room.open()
    await room.evaluating()
    whole = await read(room, "sven", "/events")
    assert (whole["intact"], whole["fault"]) == (True, None)
    assert [one["seq"] for one in whole["items"]] == list(range(1, whole["events"] + 1))
    assert whole["anchors"]
    some = await read(room, "sven", "/events?after=3&limit=2")
    assert ([one["seq"] for one in some["items"]], some["more"]) == ([4, 5], True)
    assert (await room.arriving.get("dana", f"/rooms/{room.id}/events")).status_code == 403


async def words(room: Room, who: str) -> list[str | None]:
    """What the ledger tells an account of the chat."""
    told = (await room.cookie_get(who, "/events")).json()["items"]
    return [one["body"]["text"] for one in told if one["kind"] == "chat"]


async def closing(witness: Client) -> None:
    """A witness brings the room to its end."""
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")


async def watched(room: Room, supervisor: Client, witness: Client, minutes: int = 5) -> str:
    """A supervisor's watch that the witness has given."""
    await supervisor.ask("watch-ask", minutes=minutes, reason="抽查")
    watch = str((await witness.event("watch", state="asked"))["body"]["watch"])
    await witness.ask("watch-decide", watch=watch, allow=True, reason="同意")
    return watch


async def test_the_words_of_the_chat_are_a_supervisors_by_its_own_watch_or_when_the_room_is_over(
    room: Room,
) -> None:
    await room.open()
    every = await room.evaluating()
    witness = every.witness.client
    await every.experts[0].client.ask("chat", text="我方意见")
    # Not as somebody with an account, and not as a member without a watch, asked for or not.
    assert await words(room, "sven") == [None]
    supervisor = (await room.account("sven")).client
    assert await words(room, "sven") == [None]
    await supervisor.ask("watch-ask", minutes=5, reason="抽查")
    assert await words(room, "sven") == [None]
    watch = (await witness.event("watch", state="asked"))["body"]["watch"]
    await witness.ask("watch-decide", watch=watch, allow=True, reason="同意")
    assert await words(room, "sven") == ["我方意见"]
    for who in ("olga", "wanda"):
        assert await words(room, who) == [None]
    # Another supervisor's watch is not one's own.
    other = (await read(room, "sven", "/events"))["items"]
    assert [one["body"]["text"] for one in other if one["kind"] == "chat"] == [None]
    await witness.ask("watch-decide", watch=watch, allow=False, reason="结束")
    assert await words(room, "sven") == [None]
    await closing(witness)
    await room.over()
    assert await words(room, "sven") == ["我方意见"]
    for who in ("olga", "wanda"):
        assert await words(room, who) == [None]


async def test_the_words_end_with_the_time_of_the_watch_though_nobody_leads_the_room(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    await every.experts[0].client.ask("chat", text="我方意见")
    await watched(room, (await room.account("sven")).client, every.witness.client)
    assert await words(room, "sven") == ["我方意见"]
    await room.server.hall.aclose()
    room.arriving.stage.clock.advance(minutes=5)
    assert await words(room, "sven") == [None]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE room_events SET kind = 'hand' WHERE seq = 3", "ledger.hash"),
        ("UPDATE room_anchors SET document = replace(document, 'preparing', 'closed')", "ledger.anchor"),
        ("DELETE FROM room_anchors", "ledger.anchor"),
    ],
)
async def test_a_ledger_that_was_changed_does_not_read_as_whole(room: Room, change: str, fault: str) -> None:
    await room.open()
    await room.account("wanda")
    await room.anchored()
    assert (await read(room, "sven", "/events"))["intact"]
    await room.server.hall.aclose()
    async with room.arriving.platform.database.write() as uow:
        await uow.rooms._connection.exec_driver_sql(change)
    told = await read(room, "sven", "/events")
    assert (told["intact"], told["fault"]) == (False, fault)


async def test_presence_adds_up_and_outages_have_their_rule(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    clock = room.arriving.stage.clock
    clock.advance(seconds=30)
    told = await read(room, "wanda", "/presence")
    assert told["evaluation_ms"] == 30_000
    assert {sum(one["spent_ms"].values()) - one["session_ms"] for one in told["members"]} == {0}
    assert len(told["members"]) == len(every.all)
    assert (await read(room, "wanda", "/outages"))["items"] == []
    await room.lose(every, CITY)
    (outage,) = (await read(room, "sven", "/outages"))["items"]
    assert (outage["site"], outage["rule"], outage["state"]) == (CITY, "during", "open")


async def test_limits_that_nobody_checked_are_not_told_as_law(room: Room) -> None:
    await room.open()
    told = await read(room, "dana", "/pack")
    assert told["in_force"]
    by_name = {one["name"]: one for one in told["parameters"]}
    outage = by_name["outage.during_minutes"]
    assert (outage["value"], outage["status"], outage["source"]) == (240, "unchecked", None)
    assert "待核对" in outage["zh"]
    assert "not checked" in outage["en"]


async def test_a_look_at_a_recording_has_a_reason_and_is_taken_once(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    await every.witness.client.ask("phase", to="signing")
    await every.witness.client.ask("phase", to="closed")
    await room.over()
    told = await read(room, "sven", "/recordings")
    (part,) = told["parts"]
    assert (part["part"], part["ended"]) == (1, True)
    assert len(part["recordings"]) == 2 * len(every.experts) + 2
    kept = {one["track"]: one["kept"] for one in part["tracks"]}
    for one in part["recordings"]:
        assert (kept[one["track"]][0]["from"], kept[one["track"]][-1]["to"]) == (one["from"], one["to"])
        assert part["from"] <= one["from"] <= one["to"] <= part["to"]
    assert (await read(room, "wanda", "/recordings/check"))["ok"]
    wanted = {"part": 1, "track": part["recordings"][0]["track"], "reason": "投诉调查"}
    for bad in ({"track": "mem_none/camera"}, {"part": 7}):
        assert (await asked(room, "sven", "/recordings/views", wanted | bad))[1][
            "code"
        ] == "recording.unknown"
    for who in ("olga", "wanda"):
        assert (await asked(room, who, "/recordings/views", wanted))[1]["code"] == "access.role"
    status, permit = await asked(room, "sven", "/recordings/views", wanted)
    assert status == 201
    shown = await room.arriving.get("sven", f"/recordings/{permit['view']}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "video/x-matroska")
    assert shown.content.startswith(b"\x1a\x45\xdf\xa3")
    assert len(shown.content) > 1_000
    again = await room.arriving.get("sven", f"/recordings/{permit['view']}")
    assert (again.status_code, again.json()["code"]) == (404, "recording.view-over")
    room.arriving.stage.clock.advance(seconds=1)
    _, late = await asked(room, "sven", "/recordings/views", wanted)
    room.arriving.stage.clock.advance(seconds=61)
    assert (await room.arriving.get("sven", f"/recordings/{late['view']}")).status_code == 404
    views = (await read(room, "wanda", "/recordings"))["views"]
    assert [(one["reason"], one["opened_at"] is None) for one in views] == [
        ("投诉调查", False),
        ("投诉调查", True),
    ]


async def test_no_recording_is_looked_at_before_the_room_is_closed_watch_or_not(room: Room) -> None:
    await room.open()
    every = await room.whole()
    await room.recorded()
    wanted = {"part": 1, "track": f"{every.experts[0].client.member}/microphone", "reason": "抽查"}

    async def refused_() -> None:
        status, told = await asked(room, "sven", "/recordings/views", wanted)
        assert (status, told["code"]) == (409, "recording.running")

    await refused_()  # the lobby
    assert (await read(room, "sven", "/recordings"))["closed_at"] is None
    await room.begin(every)
    await refused_()
    await watched(room, (await room.account("sven")).client, every.witness.client)
    await refused_()  # a watch is for the room, and ends with its time
    await every.witness.client.ask("phase", to="signing")
    await refused_()
    await every.witness.client.ask("phase", to="closed")
    await room.over()
    assert (await room.cookie_post("sven", "/recordings/views", wanted)).status_code == 201
    told = await read(room, "wanda", "/recordings")
    assert told["closed_at"] is not None
    assert [(one["who"], one["reason"]) for one in told["views"]] == [("sven", "抽查")]


async def test_a_look_that_was_given_before_opens_nothing_of_a_room_that_is_not_closed(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    await closing(every.witness.client)
    await room.over()
    wanted = {"part": 1, "track": f"{every.experts[0].client.member}/microphone", "reason": "抽查"}
    _, permit = await asked(room, "sven", "/recordings/views", wanted)

    async def closed_at(moment: str | None) -> None:
        async with room.arriving.platform.database.write() as uow:
            await uow.rooms._connection.execute(tables.rooms.update().values(closed_at=moment))

    closed = (await read(room, "sven", ""))["closed_at"]
    await closed_at(None)
    shown = await room.arriving.get("sven", f"/recordings/{permit['view']}")
    assert (shown.status_code, shown.json()["code"]) == (409, "recording.running")
    # What was refused was not used up.
    await closed_at(closed)
    assert (await room.arriving.get("sven", f"/recordings/{permit['view']}")).status_code == 200


async def test_a_changed_byte_of_a_recording_is_named(room: Room) -> None:
    await room.open()
    every = await room.evaluating()
    await room.recorded()
    await every.witness.client.ask("phase", to="signing")
    await every.witness.client.ask("phase", to="closed")
    await room.over()
    path = next((room.engines.folder(room.id) / "recordings").glob("*.qtr"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    told = await read(room, "sven", "/recordings/check")
    assert not told["ok"]
    assert {one["file"] for one in told["faults"]} == {path.name}


async def test_what_a_seats_browser_finds_is_a_report_for_its_site(room: Room) -> None:
    seated = room.cast.seated[0]
    found = {"parts": {"camera": "ok", "microphone": "faulty"}}
    path, headers = "/v1/seats/current/equipment", {"Authorization": f"Seat {seated.browser.token}"}
    answer = await room.arriving.client.post(path, json=found, headers=headers)
    assert (answer.status_code, answer.json()["seat"]) == (201, seated.browser.seat)
    reports = (await room.arriving.get("dana", f"/venues/{CITY}/reports")).json()["items"]
    own = {one["part"]: one["condition"] for one in reports if one["seat"] == seated.browser.seat}
    assert own == {"camera": "ok", "microphone": "faulty"}
    wrong: list[dict[str, Any]] = [{"parts": {}}, {"parts": {"roof": "ok"}}, {"parts": {"camera": "fine"}}]
    for body in wrong:
        assert (await room.arriving.client.post(path, json=body, headers=headers)).status_code in {400, 422}
    assert (await room.arriving.client.post(path, json=found)).status_code == 401


async def test_the_relay_of_a_site_is_told_to_whoever_sits_there_and_to_nobody_else(room: Room) -> None:
    await room.open()
    secret = "relay-secret-0123456789-0123456789-abcdef"
    room.relay(secret, {CITY: "turn:10.9.0.1:3478"})
    expert, elsewhere = await room.expert(0), await room.expert(len(room.cast.seated) - 1)
    (relay,) = expert.client.welcome["ice"]
    made = credentials(secret, expert.client.member, int(room.arriving.stage.clock().timestamp()), 43_200)
    assert relay == {"urls": ["turn:10.9.0.1:3478"], "username": made.username, "credential": made.password}
    assert expert.client.welcome["relay_only"] is True
    assert (elsewhere.client.welcome["ice"], elsewhere.client.welcome["relay_only"]) == ([], False)
