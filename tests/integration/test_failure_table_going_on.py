"""The failure table, rows of who must be there: fewer than required and nobody left, a recorder lost for
hours, a site that is not back two hours past the start, an evaluation that no witness watches.

In a served room over real sockets, as `test_failure_table_room`; the rules one by one are `test_going_on`.
"""

from datetime import timedelta
from typing import Any

import pytest

from remote_eval.room_events import moment_of
from tests.support.arriving import CITY, COUNTY
from tests.support.room_troubles import (
    SILENT_MS,
    back,
    begun,
    goes_on,
    ids,
    ledger,
    pass_time,
    pulled_disk,
    stands_still,
    told,
    voice_of,
)
from tests.support.rooms_served import DESKS, Room

pytestmark = pytest.mark.anyio


# -- fewer than required, nobody left


async def test_below_the_quorum_nobody_goes_on_and_with_nobody_to_succeed_the_room_is_sealed(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    case, left = room.arriving, every.experts[1:]
    assert (await sven.refused("reform", reason="另行组建")).reasons == ["limit"]
    passage = (await case.gate(room.cast.seated[0].arrival, "out"))["passage"]
    await case.event(f"gate {CITY}", "passed", passage=passage, direction="out")
    assert await every.experts[0].client.ended() == 4003
    for one in (witness, sven):
        alarm = await one.event("alarm", code="quorum")
        assert alarm["body"]["value"] == 4
    await left[0].client.event("hold", kind="frozen", on=True, cause="quorum")
    await stands_still(left[0], voice_of(every, 2))
    short = await witness.refused("phase", to="signing")
    assert short.detail["reasons"] == [{"code": "quorum", "have": 4, "need": 5}]
    # Nobody but the authority, and not without a reason.
    assert (await witness.refused("reform", reason="人数不足")).code == "signal.not-allowed"
    assert (await sven.refused("reform", reason=" ")).code == "signal.body"
    await sven.ask("reform", reason="成员离场，无人递补")
    assert {await one.client.ended() for one in (every.witness, *left)} == {4010}
    await room.over()
    (closed,) = await ledger(room, "closed")
    assert (closed["cause"], closed["from"], closed["reason"]) == (
        "reform",
        "evaluating",
        "成员离场，无人递补",
    )
    sealed = room.id
    assert await room.open() != sealed


# -- a recorder lost for long


async def test_a_recorder_back_within_four_hours_goes_on_once_everybody_is_identified(room: Room) -> None:
    every, witness, sven = await begun(room)
    here, voice = every.experts[0], voice_of(every, 1)
    await room.recorded()
    with pulled_disk(room):
        await witness.event("alarm", code="recorder")
        await pass_time(room, minutes=10)
        began = await sven.event("outage", scope="recorder", state="open")
        assert (began["body"]["site"], began["body"]["rule"]) == (None, "during")
        assert (await sven.refused("reform", reason="另行组建")).reasons == ["limit"]
    await witness.event("clear", code="recorder")
    await here.client.event("hold", kind="frozen", on=True, cause=f"identify:{CITY}")
    await stands_still(here, voice)
    for site in (CITY, COUNTY):
        people = [one for one in every.experts if one.client.snapshot["you"]["site"] == site]
        await witness.ask("resume-site", site=site, confirmed=ids(people))
    await here.client.event("hold", kind="frozen", on=False)
    await goes_on(room, here, every.experts[1])
    (outage,) = (await told(room, "wanda", "/outages"))["items"]
    assert (outage["scope"], outage["site"], outage["state"]) == ("recorder", None, "over")


async def test_a_recorder_back_after_four_hours_opens_nothing_but_the_way_to_a_new_committee(
    room: Room,
) -> None:
    every, witness, sven = await begun(room)
    await room.recorded()
    with pulled_disk(room):
        await witness.event("alarm", code="recorder")
        await pass_time(room, minutes=241)
        await witness.event("outage", scope="recorder", state="due")
    await witness.event("clear", code="recorder")
    await stands_still(every.experts[0], voice_of(every, 1))
    assert (await witness.refused("phase", to="signing")).reasons == ["frozen"]
    await sven.ask("reform", reason="录制中断超过四小时")
    assert await every.experts[0].client.ended() == 4010


# -- a fault before the start


async def test_two_hours_past_the_start_nobody_begins_before_somebody_has_decided(room: Room) -> None:
    await room.open()
    every = await room.whole()
    witness, sven = every.witness.client, (await room.account("sven")).client
    await room.checked_in(every)
    await room.lose(every, COUNTY, after_ms=SILENT_MS)
    begins = moment_of(witness.snapshot["room"]["begins_at"])
    late = begins + timedelta(minutes=121) - room.arriving.stage.clock()
    await pass_time(room, seconds=late.total_seconds())
    due = await sven.event("outage", site=COUNTY, state="due")
    heard = len(witness.events)
    returned = await back(room, COUNTY)
    camera = await room.account(DESKS[COUNTY], camera="north")
    await room.publish(camera, "camera")
    await witness.until(lambda: _linked(witness.events[heard:]))
    resume: dict[str, Any] = {"site": COUNTY, "confirmed": ids(returned)}
    assert (await witness.refused("resume-site", **resume)).reasons == ["undecided"]
    assert (await witness.refused("phase", to="evaluating")).reasons == ["frozen"]
    decision = {"outage": due["body"]["outage"], "reason": "招标人决定继续等待"}
    assert (await witness.refused("go-on", **decision)).code == "signal.not-allowed"
    await sven.ask("go-on", **decision)
    assert (await sven.refused("go-on", **decision)).reasons == ["decided"]
    decided = await witness.event("outage", state="decided")
    assert (decided["from"], decided["body"]["reason"]) == (sven.member, "招标人决定继续等待")
    await witness.ask("resume-site", **resume)
    await witness.event("track", id=f"{camera.client.member}/camera", up=True)
    await room.begun_by(every.witness)
    (outage,) = (await told(room, "wanda", "/outages"))["items"]
    assert (outage["rule"], outage["state"]) == ("before", "over")
    assert (outage["decided"]["member"], outage["decided"]["reason"]) == (sven.member, "招标人决定继续等待")


def _linked(events: list[dict[str, Any]]) -> bool:
    return any(one["kind"] == "site" and one["body"]["link"] == "up" for one in events)


# -- nobody watches


async def test_an_evaluation_that_no_witness_watches_is_told_to_seats_and_supervisors(room: Room) -> None:
    every, witness, sven = await begun(room)
    seat, staff = every.experts[0].client, (await room.account("dana")).client
    for one in (witness, every.second.client):
        await one.ask("bye")
        await one.close()
    await pass_time(room, seconds=61)
    for told_ in (seat, sven):
        await told_.event("alarm", code="witness")
    # It stops nobody, and whoever comes now is told of it as well.
    await seat.ask("chat", text="见证人不在")
    late = (await room.account("sven")).client
    assert "witness" in [one["code"] for one in late.snapshot["alarms"]]
    await room.account("wanda")
    for told_ in (seat, late):
        await told_.event("clear", code="witness")
    await staff.ask("ping", seq=0, stats=None)
    assert "alarm" not in staff.kinds()
    assert [one["code"] for one in await ledger(room, "clear")] == ["witness"]
