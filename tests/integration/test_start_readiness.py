"""How ready all sites of a room are before the start: counts for all at work there, people for nobody."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.times import from_text
from remote_eval.room_events import moment_of
from tests.support.arriving import CITY, COUNTY
from tests.support.calling import later
from tests.support.rooms_served import DESKS, Room
from tests.support.signalling_client import Media
from tests.support.troubles import expect

pytestmark = pytest.mark.anyio

DEVICES = {"camera": "ok", "microphone": "ok", "speaker": "ok"}
FIGURES = {
    "pc": {"cores": 4, "memory_mb": 8192},
    "network": {"answered": 10, "lost": 0, "rtt_ms": 24, "worst_ms": 61},
}


async def outlook(room: Room, who: str) -> dict[str, Any]:
    """The room's readiness as somebody sees it."""
    answer = await room.arriving.get(who, f"/rooms/{room.id}/readiness")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def checking_in(room: Room) -> Media:
    """A witness at the check-in of a room that records, in which nobody else is yet."""
    await room.open()
    witness = await room.account("wanda")
    for site in DESKS:
        await witness.client.event("site", site=site, recording="ok")
    await witness.client.ask("phase", to="check-in")
    return witness


async def checks(room: Room, number: int, **parts: str) -> None:
    """A seat checks itself."""
    seated = room.cast.seated[number]
    headers = {"Authorization": f"Seat {seated.browser.token}"}
    found = FIGURES | {"parts": DEVICES | parts}
    answer = await room.arriving.client.post("/v1/seats/current/equipment", json=found, headers=headers)
    assert answer.status_code == 201, answer.text


def of(found: dict[str, Any], site: str) -> dict[str, Any]:
    """One site of a readiness."""
    return dict(next(one for one in found["sites"] if one["id"] == site))


async def test_each_site_sees_the_seats_of_the_other_in_counts(room: Room) -> None:
    await room.open()
    before = of(await outlook(room, "carlo"), CITY)["seats"]
    assert (before["ready"], before["faulty"], before["unchecked"]) == (0, 0, before["booked"])
    await checks(room, 0)
    await checks(room, 1, camera="faulty")
    for who in ("carlo", "dana", "wanda", "olga"):
        seats = of(await outlook(room, who), CITY)["seats"]
        assert seats == {
            "booked": before["booked"],
            "ready": 1,
            "faulty": 1,
            "unchecked": before["booked"] - 2,
        }, who
        assert of(await outlook(room, who), COUNTY)["seats"]["ready"] == 0


async def test_every_reason_that_would_refuse_the_start_is_told_and_is_the_one_that_refuses(
    room: Room,
) -> None:
    witness = await checking_in(room)
    found = await outlook(room, "wanda")
    assert (found["phase"], found["holds"]) == ("check-in", [])
    refused = (await witness.client.refused("phase", to="evaluating")).detail["reasons"]
    assert found["reasons"] == refused
    codes = {one["code"] for one in found["reasons"]}
    assert {"view", "quorum"} <= codes


async def test_a_start_that_was_put_off_begins_no_earlier_and_the_rooms_limits_follow(room: Room) -> None:
    """Whoever sits there hears of it; neither the room's witness nor a site that never came is before its
    time."""
    witness = await checking_in(room)
    before = witness.client.snapshot["room"]
    draw, begins = room.arriving.row.id, later(room.arriving.platform.now(), minutes=90)
    wanted = {"begins": begins, "reason": "late"}
    expect(await room.arriving.post("olga", f"/draws/{draw}/campaign/put-off", wanted), 200)
    told = (await witness.client.event("put-off"))["body"]
    assert from_text(begins) == moment_of(told["begins_at"]) > moment_of(before["begins_at"])
    reasons = (await witness.client.refused("phase", to="evaluating")).detail["reasons"]
    assert reasons[-1] == {"code": "put-off", "begins_at": told["begins_at"]}
    assert (await outlook(room, "wanda"))["reasons"] == reasons
    room.arriving.stage.clock.advance(minutes=91)
    reasons = (await witness.client.refused("phase", to="evaluating")).detail["reasons"]
    assert "put-off" not in {one["code"] for one in reasons}


async def test_a_room_that_waits_hears_of_the_hour_to_which_everybody_was_moved(room: Room) -> None:
    """Its limits count from the hour that holds, or a site would be late for a start that was given up."""
    witness = await checking_in(room)
    before = moment_of(witness.client.snapshot["room"]["begins_at"])
    path = f"/draws/{room.arriving.row.id}/campaign"
    plan = expect(await room.arriving.get("olga", path), 200)["plan"]
    wanted = {"begins": later(plan["begins"], minutes=120), "reason": "停电", "sites": plan["sites"]}
    expect(await room.arriving.post("olga", f"{path}/move", wanted), 200)
    told = (await witness.client.event("put-off"))["body"]
    assert moment_of(told["begins_at"]) - before == timedelta(minutes=120)


async def test_staff_of_a_site_learn_of_no_person_and_of_no_arrival_elsewhere(room: Room) -> None:
    await checking_in(room)
    alone = await outlook(room, "carlo")
    expert = await room.expert(0)
    seat = room.cast.seated[0].browser.seat
    seen = await outlook(room, "carlo")
    # Somebody came in at the city without camera and microphone, and no site's staff can tell who.
    for who in ("carlo", "wanda", "olga"):
        told = json.dumps(await outlook(room, who))
        assert expert.client.member not in told
        assert seat not in told
    quorum = [one for one in seen["reasons"] if one["code"] == "quorum"]
    assert quorum == [{"code": "quorum"}]
    assert [one for one in alone["reasons"] if one["code"] == "quorum"] == quorum
    assert {tuple(sorted(one)) for one in seen["reasons"] if one["code"] == "camera"} <= {("code",)}


async def test_once_it_has_begun_nothing_stands_against_the_start(room: Room) -> None:
    await room.open()
    await room.evaluating()
    found = await outlook(room, "dana")
    assert (found["phase"], found["reasons"], found["holds"]) == ("evaluating", [], [])
    assert of(found, COUNTY)["recording"] == "ok"


async def test_a_room_that_is_not_there_and_a_caller_without_a_key_tell_nothing(room: Room) -> None:
    await room.open()
    path = f"/rooms/{room.id}/readiness"
    assert (await room.arriving.get("carlo", "/rooms/room_none/readiness")).json()["code"] == "room.unknown"
    assert (await room.arriving.client.get(f"/v1{path}")).status_code == 401
