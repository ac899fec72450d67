"""A committee that was topped up has one booking, its seats and one room: whoever came by the second round
sits with those of the first, counts and votes with them, and loses the own seat alone.
"""

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.store.repositories.draws import DrawRow
from app.store.tables import draws
from app.store.unit_of_work import Database
from app.times import from_text
from app.usecases.day.moving_on import move_on
from app.usecases.invitations.changes import Move
from app.usecases.openings import bundle, open_draw
from app.usecases.room.standing import check_standing
from draw.verify.verifier import verify
from remote_eval.room_state import HERE
from tests.support.arriving import Arriving, be_there
from tests.support.calling import Refused, acts, later
from tests.support.forgery import Evidence
from tests.support.rooms_served import Room, Seated, seat_everybody, served
from tests.support.second_verifier import verdicts
from tests.support.signalling_client import Media
from tests.support.signalling_client import Refused as NotDone
from tests.support.stage import Stage, set_stage
from tests.support.troubles import expect, refusal
from tests.support.two_rounds import (
    EXPERTS,
    TwoRounds,
    booked_anew,
    invited,
    people_by_place,
    second_drawn,
    set_two_rounds,
)

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@pytest.fixture
async def stage(database: Database, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Stage]:
    """A stage whose pool can run dry."""
    one = await set_stage(database, tmp_path / "parties", experts=EXPERTS)
    yield one
    await one.one.client.aclose()


async def booking_of(arriving: Arriving, row: DrawRow) -> dict[str, Any]:
    """The one booking that a round is shown."""
    (found,) = expect(await arriving.get("olga", f"/bookings?draw={row.id}"), 200)["items"]
    return dict(found)


async def seatings_of(two: TwoRounds, row: DrawRow) -> list[dict[str, Any]]:
    """What was put down for each seat that a round's people were given."""
    found = []
    async with two.arriving.platform.database.read() as uow:
        for site in {one.site for one in await uow.arrivals.of_draw(row.id)}:
            found += [json.loads(one.document) for one in await uow.seat_access.seatings(row.id, site)]
    return found


async def topped_up(room: Room, two: TwoRounds) -> Seated:
    """Whoever came by the second round."""
    async with two.arriving.platform.database.read() as uow:
        (arrival,) = await uow.arrivals.of_draw(two.second.id)
    return next(one for one in room.cast.seated if one.arrival == arrival.id)


async def room_of(room: Room, one: Seated) -> Any:
    """The room that a seat is told of."""
    headers = {"Authorization": f"Seat {one.browser.token}"}
    answer = await room.arriving.client.get("/v1/seats/current/room", headers=headers)
    return expect(answer, 200)["room"]


async def test_a_topped_up_expert_sits_counts_and_is_replaced_in_the_room_of_the_first_round(
    stage: Stage, tmp_path: Path
) -> None:
    two = await set_two_rounds(stage)
    cast = await seat_everybody(two.arriving)
    async with served(two.arriving, cast, tmp_path) as room:
        await room.open()
        await one_room(room, two)
        await whoever_was_drawn_anew_stays_outside(room, two)
        mine = await everybody_counts(room, two)
        await the_own_seat_is_vacated(room, two, mine)


async def one_room(room: Room, two: TwoRounds) -> None:
    """Neither round has a room of its own, and no seat is given twice."""
    again = await room.arriving.post("olga", "/rooms", {"draw": two.second.id})
    assert refusal(again) == (409, "room.exists")
    for row in (two.first, two.second):
        (told,) = expect(await room.arriving.get("olga", f"/rooms?draw={row.id}"), 200)["items"]
        assert (told["id"], told["draw"]) == (room.id, two.first.id)
    assert {await room_of(room, one) for one in room.cast.seated} == {room.id}
    seats = [one.browser.seat for one in room.cast.seated]
    booked = {seat for one in (await booking_of(two.arriving, two.first))["centres"] for seat in one["seats"]}
    assert (len(seats), set(seats)) == (5, booked)
    (own,), others = await seatings_of(two, two.second), await seatings_of(two, two.first)
    # Each round counts its own people by its own chance; the seats of the other are in use.
    assert own["position"] == 1
    given = [one for one in others if one["site"] == own["site"]]
    told = {own["seat"]: set(own["occupied"])} | {one["seat"]: set(one["occupied"]) for one in given}
    assert all((own["seat"] in told[one["seat"]]) != (one["seat"] in told[own["seat"]]) for one in given)


async def whoever_was_drawn_anew_stays_outside(room: Room, two: TwoRounds) -> None:
    """A round that counts on nobody forms a committee of its own: no seat of it opens this room."""
    one = await topped_up(room, two)
    await counts_on(two, seated=0)
    assert await room_of(room, one) is None
    with pytest.raises(NotDone):
        await room.expert(room.cast.seated.index(one))
    await counts_on(two, seated=4)
    assert await room_of(room, one) == room.id


async def counts_on(two: TwoRounds, *, seated: int) -> None:
    """The second round's request says so."""
    asked = copy.deepcopy(two.second.request)
    asked["parameters"]["committee"]["seated"] = seated
    async with two.arriving.platform.database.engine.begin() as connection:
        await connection.execute(update(draws).where(draws.c.id == two.second.id).values(request=asked))


async def everybody_counts(room: Room, two: TwoRounds) -> Media:
    """Quorum is there with the topped-up expert and not before, who stays whenever the room looks round."""
    last = room.cast.seated.index(await topped_up(room, two))
    every = await room.whole(but=last)
    state = room.led.live.state
    assert (state.committee, state.quorum) == (5, 5)
    await room.checked_in(every)
    with pytest.raises(NotDone) as early:
        await every.witness.client.ask("phase", to="evaluating")
    assert early.value.code == "room.not-ready"
    assert {"code": "quorum", "have": 4, "need": 5} in early.value.detail["reasons"]
    mine = await room.expert(last)
    await room.publish(mine)
    await room.begun_by(every.witness)
    await check_standing(room.led.live)
    assert room.led.live.state.members[mine.client.member].presence == HERE
    return mine


async def the_own_seat_is_vacated(room: Room, two: TwoRounds, mine: Media) -> None:
    """A case about the topped-up member is one of the second round, and so is the seat that passes on."""
    arriving = two.arriving
    asked = {"reason": "phone-found-inside", "text": "席位发现手机", "member": mine.client.member}
    made = expect(await arriving.post("sven", f"/draws/{two.first.id}/cases", asked), 201)
    case = expect(await arriving.get("sven", f"/cases/{made['case']}"), 200)
    assert (case["draw"], case["seat"]) == (two.second.id, 1)
    for row in (two.first, two.second):
        (listed,) = expect(await arriving.get("sven", f"/draws/{row.id}/cases"), 200)["items"]
        assert listed["case"] == made["case"]
    assert case["document"]["evidence"]["rooms"][0]["room"] == room.id
    assert expect(await arriving.get("sven", f"/cases/{made['case']}/check"), 200)["ok"]
    decision = {"outcome": "vacated", "cause": "recusal", "reason": "违规携带通讯设备"}
    expect(await arriving.post("sven", f"/cases/{made['case']}/decision", decision), 200)
    left = (await arriving.calling.standing(two.second)).newest[0]
    assert made["case"] in (left.reason or "")
    assert not (await arriving.calling.standing(two.first)).pending
    await arriving.calling.work()
    assert await mine.client.ended() == 4003


# -- one booking


async def test_the_seats_of_a_top_up_are_those_of_the_first_rounds_booking(stage: Stage) -> None:
    two = await second_drawn(stage)
    arriving, calling = two.arriving, two.arriving.calling
    held = await booking_of(arriving, two.first)
    assert await booking_of(arriving, two.second) == held
    order = {name: held[name] for name in ("from", "to", "experts", "mixed")}
    centres = [
        {name: one[name] for name in ("site", "place", "main", "experts", "seats")} for one in held["centres"]
    ]
    answer = await arriving.post("olga", "/bookings", {"draw": two.second.id, **order, "centres": centres})
    assert refusal(answer) == (409, "booking.of-first-round")
    numbers = await people_by_place(two)
    if any(len(one["seats"]) < numbers[one["place"]] for one in held["centres"]):
        lacking = await Refused.all(invited(calling, two.second, unbooked=None))
        assert lacking == {"campaign.venue-seats"}
    await booked_anew(two)
    await invited(calling, two.second, unbooked=None)
    assert (await calling.fill(two.second)).campaign.state == "sealed"
    await both_prove_it(two)


async def both_prove_it(two: TwoRounds) -> None:
    """Everybody sits, and each round's bundle holds with its seats, to either verifier."""
    arriving, calling = two.arriving, two.arriving.calling
    await be_there(arriving)
    await seat_everybody(arriving)
    await calling.until(later((await calling.standing(two.first)).campaign.begins, seconds=1))
    evidence = []
    for row in (two.first, two.second):
        await open_draw(calling.context.ceremony, row.id)
        data = await bundle(arriving.platform, await calling.context.ceremony.row(row.id))
        assert verify(data, trust=two.arriving.stage.trust).stage == "opened"
        evidence.append(Evidence(bundle=data, trust=two.arriving.stage.trust))
    assert verdicts(evidence) == [None, None]


async def test_a_committee_of_two_rounds_moves_as_one_and_gives_its_seats_back_with_the_last(
    stage: Stage,
) -> None:
    two = await second_drawn(stage)
    arriving, calling = two.arriving, two.arriving.calling
    await booked_anew(two)
    await invited(calling, two.second, unbooked=None)
    await calling.fill(two.second)
    before = await booking_of(arriving, two.first)
    begins = (await calling.standing(two.first)).campaign.begins
    to = later(begins, hours=2)
    await move_on(calling.context, two.second.id, Move(begins=to, reason="停电"), by=acts("olga", "operator"))
    for row in (two.first, two.second):
        moved = await calling.standing(row)
        assert (moved.campaign.begins, moved.campaign.moves) == (to, 1)
        assert "accepted" not in moved.states(), "everybody is asked anew"
    after = await booking_of(arriving, two.first)
    assert from_text(after["from"]) - from_text(before["from"]) == from_text(to) - from_text(begins)
    assert after["revision"] == before["revision"] + 1
    for row, state in ((two.second, "pending"), (two.first, "cancelled")):
        expect(await arriving.post("olga", f"/draws/{row.id}/campaign/cancel", {"reason": "项目取消"}), 200)
        assert (await booking_of(arriving, two.first))["state"] == state
