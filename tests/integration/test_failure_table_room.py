"""The failure table, rows of the room: a site cut off, a night with somebody ill, more time wanted, a
phone found inside, a full disk, a clock that is wrong, an order to stop while results are signed, a member
who walks out.

Everybody is in a served room over real sockets, with real media and a real recorder; what is looked at is
what members are told, what the ledger says over HTTP, and the archive. Papers and scores are no part of the
room: that nobody works is seen at texts and legs. A killed server or engine is `test_room_failures`, a seat
session that ends for other causes `test_room_admission`.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.store.repositories.bookings import SeatHold
from app.store.tables import draws
from app.times import from_text
from remote_eval.media.recording.archive import check
from remote_eval.room_events import moment_of, time_text
from remote_eval.slots import slots_of
from tests.integration.test_room_admission import refused
from tests.support.arriving import CITY, COUNTY, PNG
from tests.support.room_troubles import (
    SILENT_MS,
    back,
    begun,
    full_disk,
    goes_on,
    ids,
    ledger,
    pass_time,
    pulled_disk,
    recorded_on,
    stands_still,
    succeeded,
    told,
    vacating,
    voice_of,
)
from tests.support.rooms_served import Room
from tests.support.troubles import expect, refusal

pytestmark = pytest.mark.anyio


# -- network cut, one site


@pytest.mark.parametrize("minutes", [10, 239])
async def test_a_sub_site_back_within_four_hours_goes_on_once_its_people_are_identified(
    room: Room, minutes: int
) -> None:
    every, witness, sven = await begun(room)
    here, voice = every.experts[0], voice_of(every, 1)
    await room.lose(every, COUNTY, after_ms=SILENT_MS)
    await here.client.event("hold", kind="frozen", on=True, cause=f"site:{COUNTY}")
    await stands_still(here, voice)
    assert (await witness.refused("phase", to="signing")).reasons == ["frozen"]
    # What happens at the other site is recorded, held or not.
    await recorded_on(room, here)
    await pass_time(room, minutes=minutes)
    assert (await sven.refused("reform", reason="另行组建")).reasons == ["limit"]
    returned = await back(room, COUNTY)
    await witness.event("outage", site=COUNTY, state="returned")
    assert [one["kind"] for one in returned[0].client.snapshot["room"]["holds"]] == ["frozen"]
    await stands_still(returned[0], voice)
    short = await witness.refused("resume-site", site=COUNTY, confirmed=ids(returned[1:]))
    assert (short.code, short.reasons) == ("room.quorum", ["quorum"])
    await witness.ask("resume-site", site=COUNTY, confirmed=ids(returned))
    await here.client.event("hold", kind="frozen", on=False)
    await goes_on(room, here, returned[0])
    (outage,) = (await told(room, "wanda", "/outages"))["items"]
    lasted = moment_of(outage["returned_at"]) - moment_of(outage["since"])
    assert (outage["rule"], outage["state"], lasted) == ("during", "over", timedelta(minutes=minutes))
    assert [one["state"] for one in await ledger(room, "outage")] == ["open", "returned", "over"]


async def test_a_sub_site_back_after_four_hours_stays_out_and_the_room_is_sealed_for_a_new_committee(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    await room.recorded()
    await room.lose(every, COUNTY, after_ms=SILENT_MS)
    await pass_time(room, minutes=241)
    await witness.event("outage", site=COUNTY, state="due")
    heard = len(witness.events)
    returned = await back(room, COUNTY)
    await witness.until(lambda: _linked(witness.events[heard:]))
    late = await witness.refused("resume-site", site=COUNTY, confirmed=ids(returned))
    assert (late.code, late.reasons) == ("room.state", ["limit"])
    # Whether a new committee is formed is no witness's decision.
    assert (await witness.refused("reform", reason="超过四小时")).code == "signal.not-allowed"
    await sven.ask("reform", reason="副场网络中断超过四小时，重新组建评标委员会")
    assert {await one.client.ended() for one in (every.witness, every.experts[0], *returned)} == {4010}
    await room.over()
    (closed,) = await ledger(room, "closed")
    assert (closed["cause"], closed["from"]) == ("reform", "evaluating")
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.whole, report.faults) == (True, True, [])
    sealed = room.id
    assert await room.open() != sealed


def _linked(events: list[dict[str, Any]]) -> bool:
    return any(one["kind"] == "site" and one["body"]["link"] == "up" for one in events)


# -- overnight; a member ill


async def test_a_night_stops_every_leg_and_whoever_fell_ill_is_replaced_before_it_goes_on(room: Room) -> None:
    every, witness, _ = await begun(room)
    here, voice, ill = every.experts[0], voice_of(every, 1), len(room.cast.seated) - 1
    night = await witness.answer("break", {"on": True, "kind": "night", "minutes": 540})
    assert night["type"] == "ok"
    await here.client.event("hold", kind="break", on=True, cause="night")
    await stands_still(here, voice)
    assert await every.witness.asked_to_view(voice) == {"0": "not-granted"}
    for one in every.experts:
        await one.client.ask("bye")
        await one.client.close()
    await pass_time(room, hours=8, minutes=50)
    assert (await witness.refused("phase", to="signing")).reasons == ["break"]
    called = {"node": f"{COUNTY}/identity", "state": "exception", "text": "早点名缺一人：突发疾病，已送医"}
    await witness.ask("node", **called)
    await witness.ask("break", on=False)
    await witness.event("hold", kind="frozen", on=True, cause=f"identify:{CITY}")
    city, county = await back(room, CITY), await back(room, COUNTY, but=ill)
    await stands_still(city[0], voice)
    await witness.ask("resume-site", site=CITY, confirmed=ids(city))
    short = await witness.refused("resume-site", site=COUNTY, confirmed=ids(county))
    assert short.detail["reasons"] == [{"code": "quorum", "have": 4, "need": 5}]
    successor = await succeeded(room, ill, "突发疾病，已送医")
    assert successor.client.member not in ids(every.experts)
    await room.publish(successor)
    await witness.ask("resume-site", site=COUNTY, confirmed=ids(county))
    await city[0].client.event("hold", kind="frozen", on=False)
    await goes_on(room, city[0], successor)
    assert [one["causes"] for one in await ledger(room, "hold") if one["on"]] == [
        ["night"],
        [f"identify:{CITY}", f"identify:{COUNTY}"],
        [f"identify:{COUNTY}"],
    ]


# -- more than a third want more time


async def test_what_more_than_a_third_ask_for_is_given_with_the_seats_and_told_to_everybody(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    first, last = every.experts[0].client, every.experts[-1].client
    before, ends = await booked(room), witness.snapshot["room"]["ends_at"]
    await first.ask("time-ask", on=True, minutes=60, reason="投标文件篇幅过大")
    early = await witness.refused("extend", minutes=90, reason="评审时间不足")
    assert early.detail["reasons"] == [{"code": "third", "have": 1, "need": 2}]
    await last.ask("time-ask", on=True, minutes=120, reason="投标文件篇幅过大")
    for one in (first, witness, sven):
        asked = await one.event("more-time", due=True)
        assert (asked["from"], asked["body"]["asking"], asked["body"]["of"]) == (last.member, 2, 5)
    for nobody in (sven, first):
        refusal_ = await nobody.refused("extend", minutes=90, reason="评审时间不足")
        assert refusal_.code == "signal.not-allowed"
    await witness.ask("extend", minutes=90, reason="三分之一以上成员认为时间不够")
    extended = (await last.event("extended"))["body"]
    assert extended["ends_at"] == time_text(moment_of(ends) + timedelta(minutes=90))
    after = await booked(room)
    assert from_text(after["to"]) == from_text(before["to"]) + timedelta(minutes=90)
    assert (after["revision"], after["state"]) == (before["revision"] + 1, "confirmed")
    staff = (await room.account("dana")).client
    assert staff.snapshot["room"]["ends_at"] == extended["ends_at"]
    # It was answered: the next extension needs asks of its own.
    assert (await witness.refused("extend", minutes=90, reason="再延")).reasons == ["third"]
    assert [one["reason"] for one in await ledger(room, "extended")] == ["三分之一以上成员认为时间不够"]


async def test_where_others_have_the_seats_by_then_it_is_told_and_nothing_moves(room: Room) -> None:
    every, witness, _ = await begun(room)
    before = await booked(room)
    seat = before["centres"][0]["seats"][0]
    free_for = timedelta(hours=1)
    await taken_by_others(room, seat, since=from_text(before["to"]) + free_for)
    for one in every.experts[:2]:
        await one.client.ask("time-ask", on=True, minutes=90, reason="投标文件篇幅过大")
    taken = await witness.refused("extend", minutes=90, reason="评审时间不足")
    assert taken.code == "room.state"
    assert {"code": "seat-booked", "site": before["centres"][0]["site"], "seat": seat} in taken.detail[
        "reasons"
    ]
    assert await booked(room) == before
    assert await ledger(room, "extended") == []
    # The asks stand, and what can be given is given.
    await witness.ask("extend", minutes=60, reason="先延一小时")
    assert from_text((await booked(room))["to"]) == from_text(before["to"]) + free_for


async def test_seats_are_booked_for_a_week_at_most_however_often_time_is_asked_for(room: Room) -> None:
    every, witness, _ = await begun(room)
    day: dict[str, Any] = {"minutes": 1_440, "reason": "评审时间不足"}

    async def asked() -> None:
        for one in every.experts[:2]:
            await one.client.ask("time-ask", on=True, minutes=1_440, reason="投标文件篇幅过大")

    for _ in range(6):
        await asked()
        await witness.ask("extend", **day)
    await asked()
    before = await booked(room)
    assert (await witness.refused("extend", **day)).reasons == ["too-long"]
    assert await booked(room) == before
    assert len(await ledger(room, "extended")) == 6


async def booked(room: Room) -> dict[str, Any]:
    """The booking of the room's draw, as its operator reads it."""
    path = f"/bookings?draw={room.arriving.row.id}"
    (booking,) = expect(await room.arriving.get("olga", path), 200)["items"]
    return dict(booking)


async def taken_by_others(room: Room, seat_id: str, *, since: datetime) -> None:
    """Another draw has a seat of this one for the half hour from then on."""
    async with room.arriving.platform.database.write() as uow:
        connection, own = uow.bookings._connection, await uow.bookings.of_draw(room.arriving.row.id)
        assert own is not None
        query = select(draws).where(draws.c.id == room.arriving.row.id)
        row = dict((await connection.execute(query)).mappings().one())
        fresh = {"id": "drw_other", "k": None, "code": None, "sdr_hash": None, "round": 9, "live": False}
        await connection.execute(draws.insert().values(**row | fresh))
        await uow.bookings.add(replace(own, id="bkg_other", draw_id="drw_other"))
        seat = await uow.venues.seat(seat_id)
        assert seat is not None
        held = SeatHold(site_id=seat.site_id, room_id=seat.room_id, seat_id=seat.id, shared=False)
        await uow.bookings.take("bkg_other", [held], slots_of(since, since + timedelta(minutes=30)))


# -- a phone found inside


async def test_a_phone_found_inside_is_answered_at_once_and_its_bearer_is_out_by_authority_alone(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    case, bearer, other = room.arriving, every.experts[0], every.experts[1]
    await case.event(f"detector {CITY}", "alarm")
    (alert,) = [one for one in await case.alerts(CITY) if one["kind"] == "detector-alarm"]
    await witness.event("alarm", code="detector", site=CITY)
    await sven.event("alarm", code="detector", site=CITY)
    # The witness speaks to that seat and to no other.
    meant = {"member": bearer.client.member}
    await witness.ask("intercom", on=True, reason="conduct", to=meant)
    await bearer.client.event("intercom", on=True, reason="conduct")
    await sven.event("intercom", on=True, to_member=bearer.client.member)
    await other.client.ask("ping", seq=0, stats=None)
    assert "intercom" not in other.client.kinds()
    await witness.ask("intercom", on=False)
    node = {"node": f"{CITY}/conduct", "state": "exception"}
    assert (await witness.refused("node", **node, text=None)).reasons == ["text-missing"]
    await witness.ask("node", **node, text="席位发现手机，已当场收存")
    await sven.ask("directive", order="pause", reason="核查违规携带通讯设备")
    await stands_still(other, voice_of(every, 2))
    # Nothing of the evidence ends with the pause.
    await recorded_on(room, bearer)
    path, wanted = f"/draws/{case.row.id}/campaign/vacate", await vacating(room, 0, "违规携带通讯设备")
    assert refusal(await case.post("olga", path, wanted)) == (403, "access.role")
    named = {"member": bearer.client.member, "alert": alert["alert"], "node": node["node"]}
    file = await _opened(room, {"reason": "phone-found-inside", "text": "席位发现手机，已当场收存", **named})
    decision = {"outcome": "vacated", "cause": "recusal", "reason": "违规携带通讯设备"}
    assert refusal(await case.post("olga", f"{file}/decision", decision)) == (403, "access.role")
    assert not bearer.client.closed.is_set()
    expect(await case.post("sven", f"{file}/decision", decision), 200)
    await case.calling.work()
    assert await bearer.client.ended() == 4003
    await witness.event("member", id=bearer.client.member, change="expelled")
    client = await room.socket()
    shown = room.shown(room.cast.seated[0], room.certificate(), await client.nonce())
    assert await refused(client, shown) == ("signal.refused", 4003)
    closure, why = f"/desk/alerts/{alert['alert']}/closure", {"reason": "手机已收存"}
    expect(await case.post("dana", closure, why), 200)
    await witness.event("clear", code="detector", site=CITY)
    await sven.ask("directive", order="resume", reason="已收存，案件另行移送")
    assert (await witness.refused("phase", to="signing")).reasons == ["quorum"]
    exceptions = [one for one in await ledger(room, "node") if one["state"] == "exception"]
    assert [one["text"] for one in exceptions] == ["席位发现手机，已当场收存"]
    assert (await ledger(room, "directive"))[0]["reason"] == "核查违规携带通讯设备"
    await _handed_over(room, file)


async def _opened(room: Room, opening: dict[str, Any]) -> str:
    """The authority's case, which freezes what there is; nobody else opens one."""
    path = f"/draws/{room.arriving.row.id}/cases"
    assert refusal(await room.arriving.post("olga", path, opening)) == (403, "access.role")
    file = expect(await room.arriving.post("sven", path, opening), 201)
    assert (file["state"], file["seat"]) == ("opened", (await vacating(room, 0, "-"))["seat"])
    return f"/cases/{file['case']}"


async def _handed_over(room: Room, file: str) -> None:
    """Alarm closed, somebody expelled, the room led on: what the case froze is what it was."""
    over = {"to": "招标投标行政监督部门", "reason": "移送处理"}
    expect(await room.arriving.post("sven", f"{file}/transfer", over), 200)
    items = expect(await room.arriving.get("sven", f"{file}/check"), 200)["items"]
    assert [one for one in items if not one["ok"]] == []
    kinds = {"step", "words", "room-ledger", "recording", "alert", "site-ledger", "node"}
    assert {one["item"] for one in items} == kinds
    assert [one["of"] for one in items if one["item"] == "step"] == ["1", "2", "3"]


# -- recorder full or clock off


async def test_a_full_disk_blocks_the_start_and_is_told_when_it_comes_later(room: Room) -> None:
    await room.open()
    every = await room.whole()
    witness, sven = every.witness.client, (await room.account("sven")).client
    await room.checked_in(every)
    with full_disk(room):
        await witness.event("alarm", code="disk")
        blocked = await witness.refused("phase", to="evaluating")
        assert blocked.code == "room.not-ready"
        assert {"code": "alarm", "alarm": "disk", "site": None} in blocked.detail["reasons"]
    await witness.event("clear", code="disk")
    await room.recorded()
    await witness.ask("phase", to="evaluating")
    heard = len(sven.events)
    with full_disk(room):
        await sven.until(lambda: "alarm" in [one["kind"] for one in sven.events[heard:]])
        # Nobody is held: whether to stop is for those who were told.
        await every.experts[0].client.ask("chat", text="继续评审")
    await sven.until(lambda: "clear" in [one["kind"] for one in sven.events[heard:]])
    await recorded_on(room, every.experts[0])
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    await room.over()
    # What the disk refused is a gap with its cause, and the rest holds together.
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.faults) == (True, [])
    assert "disk" in await _gaps(room)


async def test_a_lost_recorder_freezes_the_room_until_another_one_records(room: Room) -> None:
    every, witness, _ = await begun(room)
    here, voice = every.experts[0], voice_of(every, 1)
    await room.recorded()
    with pulled_disk(room):
        await witness.event("alarm", code="recorder")
        await here.client.event("hold", kind="frozen", on=True, cause="recorder")
        await stands_still(here, voice)
    await witness.event("clear", code="recorder")
    await here.client.event("hold", kind="frozen", on=False)
    await goes_on(room, here, every.experts[1])
    await recorded_on(room, here)
    await witness.ask("phase", to="signing")
    await witness.ask("phase", to="closed")
    await room.over()
    report = check(room.engines.folder(room.id) / "recordings")
    assert (report.ok, report.faults) == (True, [])
    assert "recorder" in await _gaps(room)


async def _gaps(room: Room) -> set[str]:
    """Causes of the gaps in the room's recordings."""
    parts = (await told(room, "sven", "/recordings"))["parts"]
    return {gap["cause"] for part in parts for gap in part["gaps"]}


@pytest.mark.parametrize("ahead", [90, -90])
async def test_a_sites_clock_ninety_seconds_off_blocks_the_start_and_stands_in_the_evidence(
    room: Room, ahead: int
) -> None:
    await room.open()
    every = await room.whole()
    witness = every.witness.client
    await room.checked_in(every)
    await _heartbeat(room, ahead)
    alarm = await witness.event("alarm", code="clock", site=COUNTY, track=None)
    assert alarm["body"]["value"] == ahead * 1_000
    blocked = await witness.refused("phase", to="evaluating")
    assert blocked.detail["reasons"] == [{"code": "clock", "site": COUNTY, "ms": ahead * 1_000}]
    await _heartbeat(room, 0)
    await witness.event("clear", code="clock", site=COUNTY, track=None)
    await witness.ask("phase", to="evaluating")
    offsets = [one["clock_ms"] for one in await ledger(room, "site") if one["site"] == COUNTY]
    assert (ahead * 1_000 in offsets, offsets[-1]) == (True, 0)


async def _heartbeat(room: Room, ahead: int) -> None:
    """The county's gate says that it is there, by a clock of its own."""
    case = room.arriving
    device, now = case.devices[f"gate {COUNTY}"], case.stage.clock()
    case.stage.clock.advance(seconds=ahead)
    body = case.house.devices[device].event("heartbeat", case.stage.clock())
    case.stage.clock.now = now
    sent = await case.send(device, body, case.house.devices[device].key)
    assert sent.json()["clock_offset"] == ahead


# -- an order to stop, while results are signed


async def test_while_a_directive_pauses_the_signing_nobody_signs_and_nobody_closes(room: Room) -> None:
    every, witness, sven = await begun(room)
    await witness.ask("phase", to="signing")
    for node in witness.snapshot["nodes"]:
        await witness.ask("node", node=node["id"], state="ok", text=None)
    await sven.ask("directive", order="pause", reason="收到投诉，暂停签字")
    for one in every.experts:
        directive = await one.client.event("directive", order="pause")
        assert directive["body"]["reason"] == "收到投诉，暂停签字"
    signed = {"words": "评审过程如实见证", "signature": PNG}
    stopped = await room.cookie_post("wanda", "/report", signed)
    assert (stopped.status_code, stopped.json()["code"]) == (409, "room.cannot")
    assert [one["figures"]["reason"] for one in stopped.json()["errors"]] == ["paused"]
    for phase in ("closed", "evaluating"):
        held = await witness.refused("phase", to=phase)
        assert (held.code, held.reasons) == ("room.held", ["paused"])
    assert (await witness.refused("directive", order="resume", reason="继续")).code == "signal.not-allowed"
    await sven.ask("directive", order="resume", reason="核查完毕")
    await every.experts[0].client.event("hold", kind="paused", on=False)
    assert (await room.cookie_post("wanda", "/report", signed)).status_code == 201
    await witness.ask("phase", to="closed")
    assert await every.experts[0].client.ended() == 4010
    await room.over()
    assert len(await ledger(room, "report")) == 1


# -- a member walks out


async def test_whoever_walks_out_through_the_gate_is_out_of_the_room_at_once(room: Room) -> None:
    """Other ends of a seat session are `test_room_admission`, the gate's own books `test_seat_access`."""
    every, witness, _ = await begun(room)
    case, gone = room.arriving, every.experts[0]
    passage = (await case.gate(room.cast.seated[0].arrival, "out"))["passage"]
    await case.event(f"gate {CITY}", "passed", passage=passage, direction="out")
    assert await gone.client.ended() == 4003
    await witness.event("member", id=gone.client.member, change="expelled")
    assert {"left-before-release", "left-while-seated"} <= set(await case.open_alerts(CITY))
    assert (await witness.refused("phase", to="signing")).reasons == ["quorum"]
    client = await room.socket()
    shown = room.shown(room.cast.seated[0], room.certificate(), await client.nonce())
    assert await refused(client, shown) == ("signal.refused", 4003)
