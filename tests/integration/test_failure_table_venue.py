"""The failure table, rows of the day: who comes late or not, to the wrong door, with a conflict; the room
that opens, empties and opens again; what is moved and what is called off.

Everybody goes through desk, locker, gate and seat over the API, at two sites. Rows of the room (a cut
network, overnight, more time, a phone found inside, a full recorder, a pause during signing) are
`test_failure_table_room`; a start that is put off is `test_put_off`, a power cut `test_moved_on`; a gate out
with the seat still active is `test_seat_access` and, in the room, there as well, a member without a card
`test_check_in`.
"""

import asyncio

import pytest

from app.usecases.invites import holders
from draw.model import ExpertRecord
from tests.support.arriving import CITY, COUNTY, Arriving, Browser
from tests.support.calling import Letter, later
from tests.support.troubles import (
    DESKS,
    accepted_by_both,
    act,
    classes,
    come,
    declare,
    everyone,
    expect,
    moment,
    newcomers,
    notices,
    open_room,
    proved,
    refusal,
    seen,
    sit,
    staff_office,
    states,
    texts,
    told_agency,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def day(arriving: Arriving) -> Arriving:
    return await staff_office(arriving)


async def all_come(day: Arriving, letters: list[Letter]) -> dict[str, str]:
    """These come through desk, locker and gate; arrivals by letter."""
    return {letter.keys.id: await come(day, letter, number) for number, letter in enumerate(letters, 1)}


async def at_the_begin(day: Arriving) -> None:
    """The hour has come, and the devices are alive."""
    await day.calling.until(moment(day))
    await day.heartbeats()


async def roster_names(day: Arriving) -> list[str]:
    """The committee as the supervisor reads it."""
    shown = expect(await day.get("sven", f"/draws/{day.row.id}/roster"), 200)
    return [one["name"] for one in shown["seats"]]


async def seated(day: Arriving) -> list[ExpertRecord]:
    """Who holds the seats; names may be those of two people, ids are not."""
    row = await day.stage.one.ceremony.row(day.row.id)
    return [one.record for one in await holders(day.platform, row) if one is not None]


async def seated_names(day: Arriving) -> list[str]:
    """Their names, as a roster has them."""
    return [one.name for one in await seated(day)]


async def test_sixteen_minutes_late_is_let_in_and_thirty_one_is_replaced(day: Arriving) -> None:
    """The pack's grace is half an hour: within it a reminder and a note, after it the next rank."""
    in_time, late, too_late, *others = everyone(day)
    for number, letter in enumerate((in_time, *others), 1):
        await come(day, letter, number)
    await day.calling.until(moment(day, minutes=16))
    assert set(texts(day, "请尽快到场")) == {late.to, too_late.to}
    site = (await day.calling.of(late)).venue_site
    shown = expect(await day.check_in(late, DESKS[site]), 201)
    assert (shown["verdict"], (await day.calling.of(late)).state) == ("late", "late")
    ledger = (await day.ledger(site))["entries"]
    assert {one["about"].get("minutes") for one in ledger if one["kind"] == "checked-in"} >= {16}
    await day.calling.until(moment(day, minutes=30))
    assert await classes(day) == []
    day.stage.clock.advance(minutes=1)
    site = (await day.calling.of(too_late)).venue_site
    assert refusal(await day.check_in(too_late, DESKS[site])) == (409, "arrival.too-late")
    await day.calling.work()
    assert await classes(day) == ["no_show"]
    (successor,) = await newcomers(day)
    # Asked late, with time to travel: the begin is delayed for that reason.
    assert (await day.calling.of(successor)).arrive_by > moment(day, minutes=31)
    await day.heartbeats()
    await come(day, successor, 9)
    assert (await told_agency(day))["state"] == "checked_in"
    await proved(day)


async def test_whoever_does_not_come_is_replaced_when_the_grace_ends(day: Arriving) -> None:
    absent, *others = everyone(day)
    await all_come(day, others)
    await day.calling.until(moment(day, minutes=30))
    assert (await day.calling.of(absent)).state == "accepted"
    await day.calling.wait(seconds=1)
    assert await classes(day) == ["no_show"]
    assert refusal(await open_room(day)) == (409, "roster.stale")
    seat = (await day.calling.of(absent)).invited.seat
    assert (await seen(day))["seats"][seat]["round"] == 2
    (successor,) = await newcomers(day)
    await day.heartbeats()
    await come(day, successor, 9)
    # As many as were asked for: an odd number, as the law has it.
    assert await states(day) == ["arrived"] * 5
    assert expect(await open_room(day), 200)["version"] == 2
    assert await roster_names(day) == await seated_names(day)
    await proved(day)


async def test_a_conflict_declared_at_the_seat_closes_it_before_any_score(day: Arriving) -> None:
    first, *others = everyone(day)
    arrivals = await all_come(day, [first, *others])
    await at_the_begin(day)
    expect(await open_room(day), 200)
    site = (await day.calling.of(first)).venue_site
    browser, code = await sit(day, arrivals[first.keys.id], site)
    await declare(day, browser, code, site)
    assert await classes(day) == ["recusal"]
    assert (await told_agency(day))["state"] == "inviting"
    headers = {"Authorization": f"Seat {browser.token}"}
    assert (await day.client.get("/v1/seats/current", headers=headers)).status_code == 401
    # The person stays: whoever goes out before the successor's start is told of.
    assert "recused" in await day.kinds(site)
    assert (await day.gate(arrivals[first.keys.id], "out", DESKS[site]))["alerts"] == ["left-before-release"]
    await newcomers(day)
    assert (await told_agency(day))["state"] == "sealed"
    await proved(day)


async def test_a_conflict_found_by_challenge_is_the_supervisors_word_and_not_the_operators(
    day: Arriving,
) -> None:
    await all_come(day, everyone(day))
    one = (await day.calling.standing(day.row)).newest[2]
    wanted = {"cause": "conflict", "seat": 3, "note": "投标人提出回避，经核实"}
    path = f"/draws/{day.row.id}/campaign/vacate"
    assert refusal(await day.post("olga", path, wanted)) == (403, "access.role")
    await act(day, "sven", "vacate", wanted)
    assert await classes(day) == ["conflict"]
    async with day.platform.database.read() as uow:
        now = await uow.invitations.get(one.id)
    assert now is not None
    assert now.state == "replaced"
    assert len(await newcomers(day)) == 1
    await proved(day)


async def test_three_conflicts_at_one_table_are_three_next_ranks_in_the_order_of_their_seats(
    day: Arriving,
) -> None:
    # Of five seats at two sites one site has three.
    site = max(DESKS, key=lambda one: len(day.letters[one]))
    arrivals = await all_come(day, everyone(day))
    await at_the_begin(day)
    expect(await open_room(day), 200)
    before = await seated(day)
    chosen = day.letters[site][:3]
    at = [(await day.calling.of(letter)).invited.seat for letter in chosen]
    tables = [await sit(day, arrivals[letter.keys.id], site) for letter in chosen]
    for browser, code in tables:
        await declare(day, browser, code, site)
    assert await classes(day) == ["recusal"] * 3
    successors = await newcomers(day)
    assert sorted([(await day.calling.of(one)).invited.seat for one in successors]) == sorted(at)
    after = await seated(day)
    assert [n for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == sorted(at)
    assert len({one.id for one in after}) == 5
    await day.heartbeats()
    for number, letter in enumerate(successors, 20):
        arrival = await come(day, letter, number)
        browser = await sit_anew(day, arrival, [one for one, _ in tables], site)
        assert browser.seat in {one.seat for one, _ in tables}
    assert refusal(await open_room(day, tier=3)) == (409, "roster.not-result")
    opened = expect(await open_room(day), 200)
    assert opened["version"] >= 2
    assert await roster_names(day) == [one.name for one in after]
    await proved(day)


async def sit_anew(day: Arriving, arrival: str, browsers: list[Browser], site: str) -> Browser:
    """A successor sits where a seat became free, at the browser that is enrolled there."""
    given = await day.seat(arrival, DESKS[site])
    browser = next(one for one in browsers if one.seat == given["seat"])
    expect(await day.log_in(browser, given["slip"]), 201)
    return browser


async def test_the_room_opens_when_everybody_is_there_and_names_with_it(day: Arriving) -> None:
    *almost, last = everyone(day)
    await all_come(day, almost)
    assert refusal(await open_room(day)) == (409, "roster.too-early")
    await at_the_begin(day)
    assert refusal(await open_room(day)) == (409, "roster.not-checked-in")
    _, course = await day.stage.one.ceremony.shown(await day.stage.one.ceremony.row(day.row.id))
    assert course.all("record", topic="roster-open") == []
    await come(day, last, 9)
    assert (await told_agency(day))["state"] == "checked_in"
    first, again = await asyncio.gather(open_room(day), open_room(day, "sofia"))
    assert {one.status_code for one in (first, again)} == {200}
    assert (await told_agency(day))["state"] == "opened"
    assert await roster_names(day) == await seated_names(day)
    await proved(day)
    assert (await told_agency(day))["state"] == "closed"
    expect(await open_room(day, tier=3), 200)
    assert (await told_agency(day))["state"] == "published"
    assert (await day.get("olga", "/campaigns")).json()["items"] == []


async def test_a_member_falls_ill_in_the_room_another_walks_out_and_the_room_opens_again(
    day: Arriving,
) -> None:
    ill, walking, *others = everyone(day)
    await all_come(day, [ill, walking, *others])
    await at_the_begin(day)
    expect(await open_room(day), 200)
    before = await seated(day)
    seat = (await day.calling.of(ill)).invited.seat
    await act(day, "sven", "vacate", {"cause": "recusal", "seat": seat + 1, "note": "突发疾病，已送医"})
    assert (await told_agency(day))["state"] == "inviting"
    await day.calling.say(walking, "leave")
    await day.calling.work()
    assert await classes(day) == ["recusal", "leave"]
    # The names that were open are of the first version; nothing new opens before the new ones are there.
    assert refusal(await open_room(day))[1] in {"roster.stale", "roster.not-checked-in"}
    successors = await newcomers(day)
    assert (await told_agency(day))["state"] == "sealed"
    assert refusal(await open_room(day)) == (409, "roster.not-checked-in")
    await day.heartbeats()
    for number, letter in enumerate(successors, 20):
        await come(day, letter, number)
    assert (await told_agency(day))["state"] == "checked_in"
    assert expect(await open_room(day), 200)["version"] == 2
    assert (await told_agency(day))["state"] == "opened"
    assert await roster_names(day) == await seated_names(day)
    left = {one.id for one in before} - {one.id for one in await seated(day)}
    assert left == {(await day.calling.of(one)).invited.expert for one in (ill, walking)}
    await proved(day)


async def test_whoever_hands_no_phone_in_is_turned_away_by_two_and_the_seat_is_the_supervisors(
    day: Arriving,
) -> None:
    refusing, *others = day.letters[CITY]
    for number, letter in enumerate([*others, *day.letters[COUNTY]], 1):
        await come(day, letter, number)
    arrival = await day.arrived(refusing)
    path, wanted = f"/desk/arrivals/{arrival}/refusal", {"reason": "devices", "words": "拒绝寄存手机"}
    assert refusal(await day.post("carlo", path, wanted)) == (404, "arrival.unknown")
    assert refusal(await day.post("dana", path, wanted | {"words": " "})) == (422, "arrival.words")
    assert expect(await day.post("dana", path, wanted), 200)["state"] == "refused"
    ledger = [one["about"] for one in (await day.ledger())["entries"] if one["kind"] == "turned-away"]
    assert ledger == [{"arrival": arrival} | wanted]
    # No locker, no gate, no second check-in.
    assert refusal(await day.deposit(arrival, "A-30")) == (409, "arrival.transition")
    assert (await day.gate(arrival))["opens"] is False
    assert refusal(await day.check_in(refusing)) == (409, "arrival.already-in")
    # A second person has seen it: whoever turned away does not settle the alert.
    (alert,) = [one for one in await day.alerts() if one["kind"] == "turned-away"]
    closing, said = f"/desk/alerts/{alert['alert']}/closure", {"reason": "在场见证"}
    assert refusal(await day.post("dana", closing, said)) == (409, "alert.two-persons")
    expect(await day.post("wanda", closing, said), 200)
    # Nobody begins without a decision, and the decision is no operator's and no desk's.
    await day.calling.work()
    told = [one for one in await notices(day) if one["template"] == "staff-alert"]
    assert sorted(one["audience"] for one in told) == ["operator", "supervisor"]
    await at_the_begin(day)
    assert refusal(await open_room(day)) == (409, "roster.not-checked-in")
    assert await classes(day) == []
    seat = (await day.calling.of(refusing)).invited.seat
    await act(day, "sven", "vacate", {"cause": "venue", "seat": seat + 1, "note": "拒绝寄存，未能入场"})
    assert await classes(day) == ["venue"]
    (successor,) = await newcomers(day)
    await day.heartbeats()
    await come(day, successor, 20)
    expect(await open_room(day), 200)
    await proved(day)


async def test_wrong_site_wrong_day_and_wrong_person_hear_one_text(day: Arriving) -> None:
    here, elsewhere = day.letters[CITY][0], day.letters[COUNTY][0]
    wrong = [
        await day.check_in(elsewhere, "dana"),
        await day.check_in(here, "dana", code=elsewhere.keys.arrival_code),
        await day.check_in(here, "dana", document=await day.document(elsewhere)),
    ]
    day.stage.clock.advance(days=-1)
    wrong.append(await day.check_in(here, "dana"))
    day.stage.clock.advance(days=1)
    assert {refusal(one) for one in wrong} == {(403, "arrival.refused")}
    told = [one.json() for one in wrong]
    assert all(one | {"trace_id": ""} == told[0] | {"trace_id": ""} for one in told)
    assert (await day.kinds()).count("check-in-refused") == 3
    assert await states(day) == ["accepted"] * 5
    # Whoever belongs here comes in all the same.
    assert (await day.check_in(here)).status_code == 201


async def test_nobody_arrives_for_a_session_that_was_called_off_and_everybody_was_told(
    day: Arriving,
) -> None:
    letters = everyone(day)
    await act(day, "olga", "cancel", {"reason": "停电"})
    assert sorted(texts(day, "已取消")) == sorted(one.to for one in letters)
    audiences = sorted(one["audience"] for one in await notices(day))
    assert audiences == ["agency", *["expert"] * 5, "operator", "site", "site", "supervisor"]
    for letter in letters:
        site = (await day.calling.of(letter)).venue_site
        assert refusal(await day.check_in(letter, DESKS[site])) == (403, "arrival.refused")
    assert (await day.get("dana", "/desk/expected")).json()["slots"] == []
    (booking,) = (await day.get("olga", "/bookings")).json()["items"]
    assert booking["state"] == "cancelled"
    await at_the_begin(day)
    assert refusal(await open_room(day)) == (409, "roster.cancelled")


async def test_the_venue_is_moved_by_two_hours(day: Arriving) -> None:
    """Everybody is asked once more, seats move along, everybody affected is told once; whoever cannot come,
    by their own answer or by the venue's, is replaced."""
    before = {one.to for one in everyone(day)}
    (booking,) = (await day.get("olga", "/bookings")).json()["items"]
    wanted = {"begins": moment(day, hours=2), "reason": "场地停电，推迟两小时"}
    moved = await act(day, "olga", "move", wanted)
    assert (moved["moves"], moved["begins"]) == (1, moment(day, hours=2))
    asked_anew = day.calling.fresh()
    assert sorted(one.to for one in asked_anew) == sorted(before)
    (rebooked,) = (await day.get("olga", "/bookings")).json()["items"]
    assert rebooked["from"] == later(booking["from"], hours=2)
    assert {part["state"] for part in rebooked["centres"]} == {"pending"}
    told = await notices(day)
    assert sorted(one["audience"] for one in told) == ["agency", "operator", "site", "site", "supervisor"]
    assert refusal(await day.post("olga", f"/draws/{day.row.id}/campaign/move", wanted))[0] in (409, 422)
    assert len(await notices(day)) == len(told)
    cannot, unplaced, *others = asked_anew
    await day.calling.say(cannot, "decline", reason="time_clash")
    for letter in (unplaced, *others):
        await day.calling.say(letter, "accept")
    await day.calling.work()
    seat = (await day.calling.of(unplaced)).invited.seat
    vacated = {"cause": "venue", "seat": seat + 1, "note": "新场地该时段席位不足"}
    await act(day, "sven", "vacate", vacated)
    assert await classes(day) == ["decline", "venue"]
    assert texts(day, "无须到场") == [unplaced.to]
    assert len(await newcomers(day)) == 2
    assert await states(day) == ["accepted"] * 5
    await proved(day)


@pytest.mark.parametrize("ahead", [90, -90])
async def test_a_sites_clock_ninety_seconds_off_is_told_and_moves_nobodys_hour(
    day: Arriving, ahead: int
) -> None:
    """Who is late is a matter of the platform's clock: a gate that runs fast makes nobody late."""
    device = day.devices[f"gate {CITY}"]
    simulated = day.house.devices[device]
    await at_the_begin(day)
    now = day.stage.clock()
    day.stage.clock.advance(seconds=ahead)
    body = simulated.event("heartbeat", day.stage.clock())
    day.stage.clock.now = now
    answer = expect(await day.send(device, body, simulated.key), 200)
    assert answer["clock_offset"] == ahead
    assert "clock-offset" in await day.open_alerts()
    assert "clock-offset" in await day.kinds()
    shown = expect(await day.check_in(day.letters[CITY][0]), 201)
    assert shown["verdict"] == "in-time"


async def test_a_proof_opened_too_early_lets_people_in_and_tells_that_nobody_can_follow(
    day: Arriving,
) -> None:
    """Opened although nobody came yet: the campaign ends, whoever accepted is let in within the grace. A seat
    that falls vacant then cannot pass on, and those who can form a new committee are told."""
    first = everyone(day)[0]
    await proved(day)
    assert (await told_agency(day))["state"] == "closed"
    site = (await day.calling.of(first)).venue_site
    await day.heartbeats()
    arrival = await come(day, first, 1)
    assert (await day.calling.of(first)).state == "late"
    browser, code = await sit(day, arrival, site)
    await declare(day, browser, code, site)
    assert await classes(day) == []
    told = [one["audience"] for one in await notices(day) if one["template"] == "staff-alert"]
    assert sorted(told) == ["operator", "supervisor"]
    await day.calling.wait(minutes=5)
    assert len(await notices(day)) == len(told)
    await accepted_by_both(day, "opened")
