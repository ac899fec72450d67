"""From the drawn draw to people who have accepted: the ordinary ways, each to a bundle that verifies."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases.delivery import reports
from app.usecases.invitations import arrivals, deadlines, keypad, letters, plans
from app.usecases.openings import bundle, open_draw
from app.usecases.roster.custody import stale
from draw.invitation_terms import beijing_day
from draw.verify.verifier import verify
from tests.support.calling import VOICE, Calling, Refused, later, set_calling
from tests.support.stage import set_stage

pytestmark = pytest.mark.anyio


async def opened(calling: Calling, row: DrawRow) -> bytes:
    """The draw opened at its time, its bundle verified."""
    await calling.until(later(row.evaluation_from or "", seconds=1))
    await open_draw(calling.context.ceremony, row.id)
    data = await bundle(calling.context.platform, await calling.context.ceremony.row(row.id))
    assert verify(data, trust=calling.stage.trust).stage == "opened"
    return data


async def classes(calling: Calling, row: DrawRow) -> list[str]:
    """The classes of the draw's events, in order."""
    _, course = await calling.context.ceremony.shown(row)
    return [entry.body["class"] for _, entry in course.all("event")]


async def test_everybody_is_asked_at_once_and_accepts(calling: Calling) -> None:
    row = await calling.started()
    assert len(calling.letters()) == len(calling.calls()) == 5
    found = await calling.fill(row)
    assert found.states() == ["accepted"] * 5
    assert found.campaign.state == "sealed"
    async with calling.context.platform.database.read() as uow:
        roster = await uow.rosters.newest(row.id)
    assert roster is not None
    assert not await stale(calling.context.platform, roster)
    await opened(calling, row)


async def test_the_letter_says_when_and_where_and_nothing_else(calling: Calling) -> None:
    row = await calling.started()
    letter = calling.fresh()[0]
    page = await calling.open(letter)
    content = letters.unseal(letter.keys, page.letter)
    assert set(content) == {
        *("date", "start", "hours", "overnight", "area", "site", "bring", "contact"),
        *("reply_by", "cut_off", "arrive_by"),
    }
    assert (content["date"], content["start"]) == ("2026-11-23", "11:00")
    assert page.may == ("accept", "decline")
    assert (await calling.of(letter)).state == "heard"
    assert "works" not in str(content)
    assert plans.venues((await calling.standing(row)).campaign.plan)["city"] == "ste_city"


async def test_a_decline_passes_the_seat_on(calling: Calling) -> None:
    row = await calling.started()
    first, *others = calling.fresh()
    page = await calling.say(first, "decline", reason="time_clash")
    assert page.state == "declined"
    await calling.work()
    (successor,) = calling.fresh()
    assert (await calling.of(first)).state == "replaced"
    for letter in (*others, successor):
        await calling.say(letter, "accept")
    await calling.work()
    assert (await calling.standing(row)).campaign.state == "sealed"
    assert await classes(calling, row) == ["decline"]
    await opened(calling, row)


async def test_silence_ends_with_the_term_and_not_a_second_before(calling: Calling) -> None:
    row = await calling.started()
    silent = (await calling.of(calling.fresh()[0])).reply_by
    await calling.until(silent)
    assert await classes(calling, row) == []
    await calling.wait(seconds=61)
    assert await classes(calling, row) == ["timeout"] * 5
    found = await calling.standing(row)
    assert [one.state for one in found.invitations] == ["replaced"] * 5 + ["sent"] * 5
    assert [one.invited.seat for one in found.invitations[5:]] == [0, 1, 2, 3, 4]


async def test_nobody_is_woken_and_no_night_counts(database: Database, tmp_path: Path) -> None:
    """Started at half past ten in the evening: letters leave at seven, the term ends at half past."""
    late = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    calling = await set_calling(await set_stage(database, tmp_path, start=late))
    row = await calling.started_at("night", "2026-11-24T03:00:00Z")
    assert calling.letters() == []
    assert {one.reply_by for one in (await calling.standing(row)).invitations} == {"2026-11-23T23:30:00Z"}
    await calling.until("2026-11-23T22:59:59Z")
    assert calling.letters() == []
    assert calling.calls() == []
    await calling.until("2026-11-23T23:00:00Z")
    assert len(calling.letters()) == len(calling.calls()) == 5


async def test_an_hour_without_gateways_passes_nobody_over(calling: Calling) -> None:
    """Whoever could not be reached at all is asked anew; whoever heard one ring and said nothing is not."""
    for line in calling.lines.values():
        line.down = True
    row = await calling.started_at("down", later(calling.context.platform.now(), hours=8))
    for _minutes in range(0, 61, 10):
        await calling.wait(minutes=10)
    assert await classes(calling, row) == []
    found = await calling.standing(row)
    assert {one.state for one in found.invitations[:5]} == {"superseded"}
    assert len({one.invited.expert for one in found.invitations}) == 5
    for line in calling.lines.values():
        line.down = False
    await calling.wait(minutes=30)
    assert await classes(calling, row) == []
    found = await calling.fill(row)
    assert found.states() == ["accepted"] * 5
    await opened(calling, row)


async def test_a_reminder_comes_before_the_begin(calling: Calling) -> None:
    row = await calling.started_at("long", later(calling.context.platform.now(), hours=8))
    await calling.fill(row)
    before = len(calling.lines["sms"].taken)
    await calling.wait(hours=5)
    reminded = [one for one in calling.lines["sms"].taken[before:] if "提醒" in one.text]
    assert len(reminded) == 5


async def test_other_hours_than_those_of_the_draw_are_refused(calling: Calling) -> None:
    stage = calling.stage
    row = await stage.one.ceremony.run((await stage.request(invitations="logged")).id)
    for begins in (later(row.evaluation_from or "", seconds=-1), later(row.evaluation_to or "", seconds=1)):
        assert (await Refused.of(calling.propose(row, begins=begins))).code == "campaign.hours"


async def test_whoever_does_not_answer_is_called_before_the_term_ends(calling: Calling) -> None:
    await calling.started()
    calls = len(calling.calls())
    await calling.wait(minutes=20)
    assert len(calling.calls()) == calls + 5


async def test_two_keys_in_a_call_are_an_answer(calling: Calling) -> None:
    row = await calling.started()
    for call in calling.calls():
        await calling.press(call, "accept")
    found = await calling.standing(row)
    assert found.states() == ["accepted"] * 5
    await opened(calling, row)


async def test_a_keyed_refusal_is_evidence_for_the_supervisor(calling: Calling) -> None:
    row = await calling.started()
    await calling.press(calling.calls()[0], "decline")
    assert await classes(calling, row) == ["decline"]


async def test_a_key_pressed_in_time_counts_though_its_gateway_tells_it_late(calling: Calling) -> None:
    row = await calling.started()
    call = calling.calls()[0]
    pressed = calling.context.platform.now()
    calling.stage.wire.broken.add(("supervisor.example", "/answers/1"))
    await calling.wait(minutes=32)
    assert (await calling.standing(row)).newest[0].pending == "timeout"
    calling.stage.wire.broken.clear()
    before = await classes(calling, row)
    await calling.press(call, "accept", at=pressed)
    # The event of its seat stood in the log before the record came: the answer is on record and no more.
    assert (await classes(calling, row))[: len(before)] == before
    bundle_ = await bundle(calling.context.platform, await calling.context.ceremony.row(row.id))
    assert verify(bundle_).stage == "revealed"


async def test_before_its_seat_has_passed_on_such_a_key_keeps_the_seat(calling: Calling) -> None:
    row = await calling.started()
    call, letter = calling.calls()[0], calling.fresh()[0]
    pressed = calling.context.platform.now()
    calling.stage.clock.advance(minutes=32)
    await deadlines.reply_by(calling.context, letter.keys.id, "")
    assert (await calling.of(letter)).state == "timeout"
    body = calling.recorded(call, "accept", at=pressed)
    await reports.receive(calling.context.platform, VOICE, body)
    async with calling.context.platform.database.read() as uow:
        (report,) = [one for one in await uow.reports.of_message(call.id) if one.record]
    await keypad.answered(calling.context, report)
    assert (await calling.of(letter)).state == "accepted"
    await calling.work()
    assert await classes(calling, row) == ["timeout"] * 4


async def test_leave_before_and_after_the_cut_off(calling: Calling) -> None:
    row = await calling.started()
    early, late, *_ = calling.fresh()
    for letter in (early, late):
        await calling.say(letter, "accept")
    await calling.say(early, "leave", reason="health")
    cut_off = (await calling.of(late)).cut_off
    await calling.until(later(cut_off, seconds=1))
    await calling.say(late, "leave")
    await calling.work()
    assert (await classes(calling, row)).count("leave") == 2
    states = [one.state for one in (await calling.standing(row)).invitations]
    assert states.count("replaced") >= 2


async def test_whoever_accepted_leaves_by_calling_back(calling: Calling) -> None:
    row = await calling.started()
    call = calling.calls()[0]
    await calling.press(call, "accept")
    await calling.wait(minutes=1)
    await calling.press(call, "leave")
    assert await classes(calling, row) == ["leave"]
    for other in calling.calls()[1:]:
        await calling.press(other, "accept")
    await opened(calling, row)


async def test_nobody_leaves_by_key_who_has_not_accepted(calling: Calling) -> None:
    row = await calling.started()
    await calling.press(calling.calls()[0], "leave")
    assert await classes(calling, row) == []
    assert (await calling.standing(row)).states() == ["sent"] * 5


async def test_leave_an_hour_before_the_begin_finds_a_successor_in_time(calling: Calling) -> None:
    row = await calling.started()
    leaving, *_ = calling.fresh()
    await calling.say(leaving, "accept")
    for letter in calling.letters()[1:]:
        await calling.say(letter, "accept")
    await calling.until(later(row.evaluation_from or "", hours=-1))
    await calling.say(leaving, "leave")
    await calling.work()
    found = await calling.fill(row)
    assert found.campaign.state == "sealed"
    await opened(calling, row)


async def test_whoever_is_not_there_at_the_begin_is_called(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    before = len(calling.lines["sms"].taken)
    await calling.until(later(row.evaluation_from or "", minutes=5))
    urging = [one for one in calling.lines["sms"].taken[before:] if "请尽快到场" in one.text]
    assert len(urging) == 5


async def arrive(calling: Calling, letter_index: int, **late: float) -> str:
    """A person shows a document at the desk, so long after the begin; the state of the invitation."""
    one = await calling.of(calling.letters()[letter_index])
    platform = calling.context.platform
    async with platform.database.write() as uow:
        found = await arrivals.find(
            uow, venue_site=one.venue_site, day=beijing_day(one.begins), person=one.invited.person
        )
        assert found is not None
        at = later(one.begins, **late)
        return (await arrivals.arrived(uow, platform, found, at=at, now=platform.now())).state


async def test_sixteen_minutes_late_is_let_in_and_thirty_one_is_replaced(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    begins = row.evaluation_from or ""
    await calling.until(later(begins, minutes=16))
    assert await arrive(calling, 0, minutes=-5) == "arrived"
    assert await arrive(calling, 1, minutes=16) == "late"
    await calling.until(later(begins, minutes=30))
    assert await classes(calling, row) == []
    calling.stage.clock.advance(seconds=1)
    refused = await Refused.of(arrive(calling, 2, minutes=31))
    assert refused.code == "arrival.too-late"
    await calling.work()
    assert await classes(calling, row) == ["no_show"] * 3
    found = await calling.fill(row)
    assert found.campaign.state == "sealed"
    successor = found.newest[2]
    assert successor.arrive_by > later(begins, minutes=30)


async def test_the_desk_finds_nobody_on_another_day_or_at_another_place(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    one = await calling.of(calling.letters()[0])
    day, person = beijing_day(one.begins), one.invited.person
    async with calling.context.platform.database.read() as uow:
        for site, when, who in (
            ("ste_other", day, person),
            (one.venue_site, "2026-11-24", person),
            (one.venue_site, day, "0" * 64),
        ):
            assert await arrivals.find(uow, venue_site=site, day=when, person=who) is None


async def test_a_name_is_told_for_that_person_and_not_before_they_came(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    platform = calling.context.platform
    assert await arrivals.name_of(platform, await calling.of(calling.letters()[0])) is None
    assert await arrive(calling, 0, minutes=-1) == "arrived"
    name = await arrivals.name_of(platform, await calling.of(calling.letters()[0]))
    assert name in {record.name for record in calling.stage.pool.records}


async def test_everybody_there_and_seated(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    for number in range(5):
        await arrive(calling, number, minutes=-10)
    assert (await calling.standing(row)).campaign.state == "checked_in"
    platform = calling.context.platform
    one = await calling.of(calling.letters()[0])

    async with platform.database.write() as uow:
        sitting = await arrivals.seated(uow, one, now=platform.now())
        await arrivals.recused_at_venue(uow, sitting, note="近亲属关系", now=platform.now())
    await calling.work()
    assert await classes(calling, row) == ["recusal"]
    assert (await calling.standing(row)).campaign.state == "inviting"
