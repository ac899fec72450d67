"""A served room with real media: somebody comes in by consent, a stranger at the gate, a camera that is off
by approval, a committee that goes to dine. What the core forbids: tests/unit/remote_eval/test_room_visits.py.
"""

import asyncio
import json

import pytest

from tests.support.arriving import CITY, COUNTY
from tests.support.room_troubles import begun, ledger, told
from tests.support.rooms_served import Room
from tests.support.signalling_client import PATIENCE_SECONDS, Client
from tests.support.troubles import expect

pytestmark = pytest.mark.anyio


async def consented(request: str, *deciders: Client) -> None:
    for one in deciders:
        await one.ask("consent", request=request, reason="同意")


async def test_who_comes_in_what_is_off_the_record_and_where_a_break_goes_stand_in_one_ledger(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    dana, carlo = (await room.account("dana")).client, (await room.account("carlo")).client
    await _comes_in(room, dana, witness, sven)
    await _stranger(room, witness)
    await _off_the_record(room, every.cameras[0].client, dana, witness, sven)
    await _dines(room, witness, dana, carlo)
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    await room.over()
    await _recorded_as_approved(room, every.cameras[0].client.member)


async def _comes_in(room: Room, dana: Client, witness: Client, sven: Client) -> None:
    """By consent of both, once, and out again; nobody of the other site is told."""
    await dana.ask("entry-ask", whom="staff", zone="evaluation", reason="更换麦克风", minutes=20)
    request = (await witness.event("entry"))["body"]["request"]
    assert (await dana.refused("visit-in", request=request)).reasons == ["no-consent"]
    await consented(request, witness, sven)
    await dana.ask("visit-in", request=request)
    visit = (await sven.event("visit", state="in"))["body"]
    assert (visit["whom"], visit["zone"], visit["site"]) == ("staff", "evaluation", CITY)
    await dana.ask("visit-out", visit=visit["visit"])
    await witness.event("visit", state="out")
    assert [one["state"] for one in await ledger(room, "visit")] == ["in", "out"]


async def _stranger(room: Room, witness: Client) -> None:
    """A badge that nobody knows rings in the room until the desk has closed it."""
    await room.arriving.event(f"gate {CITY}", "badge", badge="00000000", direction="in")
    await witness.event("alarm", code="stranger", site=CITY)
    (alert,) = [one for one in await room.arriving.alerts(CITY) if one["kind"] == "unknown-badge"]
    path = f"/desk/alerts/{alert['alert']}/closure"
    expect(await room.arriving.post("dana", path, {"reason": "已劝离"}), 200)
    await witness.event("clear", code="stranger", site=CITY)


async def _off_the_record(room: Room, camera: Client, dana: Client, witness: Client, sven: Client) -> None:
    """The engine takes nothing of a camera that is off, and it comes back without a word of its own."""
    face = f"{camera.member}/camera"
    await dana.ask("unrecorded-ask", camera=camera.member, minutes=30, reason="涉密环节")
    request = (await sven.event("unrecorded"))["body"]["request"]
    await consented(request, sven)
    await witness.event("track", id=face, up=False, cause="unrecorded")
    assert face not in await _carried(room)
    room.arriving.stage.clock.advance(seconds=5)
    await sven.ask("deny", request=request, reason="涉密环节结束")
    # Its browser is sent back, for what it offered meanwhile was refused; what runs is recorded at once.
    assert await camera.ended() == 1012
    async with asyncio.timeout(PATIENCE_SECONDS):
        while face not in await _carried(room):  # noqa: ASYNC110 - the engine is asked
            await asyncio.sleep(0.05)


async def _carried(room: Room) -> set[str]:
    """Tracks that the engine takes now."""
    engine = room.led.live.carrier.engine
    assert engine is not None
    return {str(one.track) for one in (await engine.stats(room.led.live.carrier.room)).tracks}


async def _dines(room: Room, witness: Client, dana: Client, carlo: Client) -> None:
    """Each site's people go with somebody; who is seen elsewhere rings, and it is no break."""
    going = {"on": True, "kind": "meal", "minutes": 40, "zone": "dining"}
    alone = await witness.answer("break", {**going, "escorts": [dana.member]})
    assert alone["detail"]["reasons"] == [{"code": "escort", "site": COUNTY}]
    gone = await witness.answer("break", {**going, "escorts": [dana.member, carlo.member]})
    assert gone["type"] == "ok"
    held = (await carlo.event("hold", cause="meal", on=True))["body"]
    assert (held["zone"], held["escorts"]) == ("dining", [dana.member, carlo.member])
    strayed = room.led.live.state.members
    expert = next(one.id for one in strayed.values() if one.role == "expert" and one.site == COUNTY)
    await carlo.ask("astray", member=expert, zone="outside")
    await witness.event("alarm", code="astray", site=COUNTY)
    room.arriving.stage.clock.advance(seconds=60)
    await carlo.ask("astray", member=expert, zone="dining")
    await witness.event("clear", code="astray", site=COUNTY)
    await witness.ask("break", on=False)
    (member,) = [
        one for one in (await told(room, "wanda", "/presence"))["members"] if one["member"] == expert
    ]
    assert member["spent_ms"]["astray"] >= 60_000
    assert sum(member["spent_ms"].values()) == member["session_ms"]


async def _recorded_as_approved(room: Room, camera: str) -> None:
    """The recorder's own index says why there is a hole, and the list who approved it."""
    found = await told(room, "sven", "/recordings")
    (approved,) = found["unrecorded"]
    assert (approved["camera"], approved["reason"], approved["site"]) == (camera, "涉密环节", CITY)
    assert approved["to"] > approved["from"]
    (track,) = [one for one in found["parts"][0]["tracks"] if one["track"] == f"{camera}/camera"]
    first, again = track["opened"][:2]
    assert (first["cause"], first["to"] <= again["from"]) == ("unrecorded", True)
    gaps = [one for one in found["parts"][0]["gaps"] if one["track"] == f"{camera}/camera"]
    assert {one["cause"] for one in gaps} <= {"unrecorded"}, json.dumps(gaps)
