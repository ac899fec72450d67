"""The failure table, rows of answers and lines: what experts say, do not say, or say too late, and what
carriers and servers do to it.

Every response is held to what the table prescribes: class and mode of the event in the log, the states, what
agency and operator see, and a proof that both verifiers accept where the draw is opened. `…_draw` has the
rows before the campaign and of a pool that runs short, `…_venue` those of the day itself, `…_room` those of
the evaluation room.
"""

import asyncio
from dataclasses import replace

import pytest

from app.gateways.messages import Outgoing
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import invites
from app.usecases.delivery import reports
from app.usecases.openings import pending
from draw.invitation_terms import leave_state
from tests.support.arriving import Arriving
from tests.support.calling import VOICE, Letter, later
from tests.support.troubles import (
    accept,
    accepted_by_both,
    act,
    beside,
    classes,
    events,
    everybody_accepts,
    expect,
    moment,
    newcomers,
    proved,
    refusal,
    run_off,
    seen,
    states,
    told_agency,
)

pytestmark = pytest.mark.anyio


async def called(case: Arriving, letter: Letter) -> Outgoing:
    """The call that rang for whoever has a letter."""
    n = (await case.calling.of(letter)).n
    return next(one for one in case.calling.calls() if one.reference and one.reference[1] == n)


async def everything_logged(case: Arriving) -> bytes:
    """The proof as anybody may have it now."""
    return (await case.get("sven", f"/draws/{case.row.id}/proof")).content


async def test_a_decline_calls_the_next_rank_and_nobody_learns_who_or_why(asked: Arriving) -> None:
    first, *others = asked.calling.fresh()
    seat = (await asked.calling.of(first)).invited.seat
    terms = [(await asked.calling.of(one)).reply_by for one in others]
    await asked.calling.say(first, "decline", reason="time_clash")
    await asked.calling.work()
    assert await classes(asked) == ["decline"]
    declined = await asked.calling.of(first)
    assert (declined.state, declined.reason) == ("replaced", "time_clash")
    # Whoever was asked before keeps the own term, to the second.
    assert [(await asked.calling.of(one)).reply_by for one in others] == terms
    (successor,) = asked.calling.fresh()
    assert (await asked.calling.of(successor)).invited.seat == seat
    agency, console = await told_agency(asked), await seen(asked)
    assert (agency["accepted"], agency["needed"], agency["state"]) == (0, 5, "inviting")
    assert not {"seats", "invited", "plan", "ladder", "proposed_by"} & set(agency)
    assert (console["seats"][seat]["round"], console["seats"][seat]["state"]) == (2, "sent")
    assert "time_clash" not in str(console)
    assert b"time_clash" not in await everything_logged(asked)
    await everybody_accepts(asked, *others, successor)
    await proved(asked)


async def test_no_answer_ends_with_the_term_and_calls_the_next_rank(asked: Arriving) -> None:
    silent, *others = asked.calling.fresh()
    for letter in others:
        await asked.calling.say(letter, "accept")
    ends = (await asked.calling.of(silent)).reply_by
    await asked.calling.until(ends)
    assert await classes(asked) == []
    await asked.calling.wait(seconds=61)
    assert await events(asked) == [("timeout", "supervisor")]
    assert (await asked.calling.of(silent)).reason == "no_answer"
    assert (await told_agency(asked))["accepted"] == 4
    await everybody_accepts(asked)
    await proved(asked)


async def test_a_dead_line_is_shown_and_ends_nobodys_term(asked: Arriving) -> None:
    first, *_ = asked.calling.fresh()
    page, code = await asked.calling.open(first), await asked.calling.code(first)
    for name in ("sms", "voice"):
        asked.calling.lines[name].dead |= {f"000{number:08d}" for number in range(300)}
    await asked.calling.give(first, asked.calling.signed(first, page, "decline"), code)
    await asked.calling.work()
    seat = (await asked.calling.of(first)).invited.seat
    newest = (await asked.calling.standing(asked.row)).newest[seat]
    assert newest.state == "invalid_number"
    assert (await seen(asked))["seats"][seat]["state"] == "invalid_number"
    assert await classes(asked) == ["decline"]
    for name in ("sms", "voice"):
        asked.calling.lines[name].dead.clear()
    await asked.calling.until(later(newest.reply_by, seconds=61))
    assert await classes(asked) == ["decline", *["timeout"] * 5]


async def test_a_late_answer_told_after_the_seat_passed_on_is_on_record_and_counts_for_nothing(
    asked: Arriving,
) -> None:
    silent, *others = asked.calling.fresh()
    call, pressed = await called(asked, silent), asked.platform.now()
    await accept(asked, *others)
    await asked.calling.until(later((await asked.calling.of(silent)).reply_by, seconds=61))
    before = await invites.holders(asked.platform, await asked.stage.one.ceremony.row(asked.row.id))
    await asked.calling.press(call, "accept", at=pressed)
    after = await invites.holders(asked.platform, await asked.stage.one.ceremony.row(asked.row.id))
    assert [one and one.record.id for one in before] == [one and one.record.id for one in after]
    _, course = await asked.stage.one.ceremony.shown(await asked.stage.one.ceremony.row(asked.row.id))
    n = (await asked.calling.of(silent)).n
    assert [entry.body["answer"] for _, entry in course.all("reply", n=n)] == ["accept"]
    assert (await asked.calling.of(silent)).state == "replaced"
    await newcomers(asked)
    report = await proved(asked)
    assert "late-answers" in {note.code for note in report.notes}


@pytest.mark.parametrize("late", [False, True])
async def test_leave_before_and_after_the_cut_off(asked: Arriving, late: bool) -> None:
    leaving, *others = asked.calling.fresh()
    await everybody_accepts(asked, leaving, *others)
    cut_off = (await asked.calling.of(leaving)).cut_off
    if late:
        await asked.calling.until(later(cut_off, seconds=1))
    await asked.calling.say(leaving, "leave", reason="health")
    await asked.calling.work()
    assert await classes(asked) == ["leave"]
    assert (await told_agency(asked))["accepted"] == 4
    # What a discipline score is made from is kept: when they left, and what they had been told.
    async with asked.platform.database.read() as uow:
        answers = await uow.invitations.answers(leaving.keys.id)
    kind = leave_state(at=answers[-1].at, cut_off=cut_off)
    assert kind == ("on_leave_late" if late else "on_leave_early")
    assert len(await newcomers(asked)) == 1
    assert (await told_agency(asked))["state"] == "sealed"
    await proved(asked)


async def test_leave_an_hour_before_the_begin_is_refilled_and_its_successor_may_come_later(
    asked: Arriving,
) -> None:
    leaving, *others = asked.calling.fresh()
    await everybody_accepts(asked, leaving, *others)
    await asked.calling.until(moment(asked, hours=-1))
    await asked.calling.say(leaving, "leave")
    await asked.calling.work()
    (successor,) = await newcomers(asked)
    found = await asked.calling.of(successor)
    assert found.arrive_by >= (await asked.calling.of(others[0])).arrive_by
    assert (await told_agency(asked))["state"] == "sealed"
    await proved(asked)


async def test_every_gateway_down_for_an_hour_costs_nobody_the_seat(asked: Arriving) -> None:
    first, *others = asked.calling.fresh()
    await accept(asked, *others)
    page, code = await asked.calling.open(first), await asked.calling.code(first)
    for line in asked.calling.lines.values():
        line.down = True
    await asked.calling.give(first, asked.calling.signed(first, page, "decline"), code)
    for _minutes in range(6):
        await asked.calling.wait(minutes=10)
    assert asked.calling.fresh() == []
    assert await classes(asked) == ["decline"]
    for line in asked.calling.lines.values():
        line.down = False
    await asked.calling.wait(minutes=10)
    assert len(await newcomers(asked)) == 1
    assert await classes(asked) == ["decline"]
    await proved(asked)


async def test_callbacks_that_never_come_cost_no_answer_and_nobody_is_told_twice(asked: Arriving) -> None:
    """The carrier takes messages and reports nothing: whoever has the letter answers all the same."""
    sms = asked.calling.lines["sms"]
    sms.outcome = "accepted"
    first, *others = asked.calling.fresh()
    await asked.calling.say(first, "decline")
    await asked.calling.work()
    (successor,) = asked.calling.fresh()
    await asked.calling.wait(minutes=5)
    sent = [one.id for one in sms.taken if one.to == successor.to]
    assert len(sent) == len(set(sent)) == 1
    await everybody_accepts(asked, *others, successor)
    assert (await told_agency(asked))["accepted"] == 5
    await proved(asked)


async def test_a_callback_told_twice_to_two_servers_is_one_answer(
    asked: Arriving, beside_asked: Database
) -> None:
    letter, *others = asked.calling.fresh()
    call = await called(asked, letter)
    body = asked.calling.recorded(call, "accept")
    second = replace(asked.platform, database=beside_asked)
    worker = await beside(asked, beside_asked)
    for _ in range(2):
        await asyncio.gather(
            reports.receive(asked.platform, VOICE, body),
            reports.receive(second, VOICE, body),
            return_exceptions=True,
        )
        await asyncio.gather(asked.calling.work(), run_off(worker))
    _, course = await asked.stage.one.ceremony.shown(await asked.stage.one.ceremony.row(asked.row.id))
    assert len(course.all("reply")) == 1
    assert (await asked.calling.of(letter)).state == "accepted"
    await everybody_accepts(asked, *others)
    await proved(asked)


async def test_one_phone_of_two_experts_answers_for_each_by_its_own_letter(asked: Arriving) -> None:
    first, second, *others = asked.calling.fresh()
    shared = "00099999999"

    async def one_phone(uow: UnitOfWork) -> None:
        for record in asked.stage.pool.records:
            contact = await uow.contacts.get("city", record.id)
            assert contact is not None
            fitted = replace(contact, phone=shared)
            await uow.contacts.put("city", record.id, fitted, now=asked.platform.now())

    await asked.platform.database.transact(one_phone)
    for letter in (first, second):
        await asked.calling.say(letter, "decline")
    await asked.calling.work()
    one, other = asked.calling.fresh()
    assert one.to == other.to == shared
    assert one.keys.id != other.keys.id
    await asked.calling.press(await called(asked, one), "accept")
    assert (await asked.calling.of(one)).state == "accepted"
    assert (await asked.calling.of(other)).state == "sent"
    await everybody_accepts(asked, other, *others)
    await proved(asked)


async def test_the_server_dies_during_a_replacement_and_another_one_ends_it_with_the_same_result(
    asked: Arriving, beside_asked: Database
) -> None:
    first, *others = asked.calling.fresh()
    wire = asked.stage.wire
    wire.broken.add(("supervisor.example", "/answers/1"))
    await asked.calling.say(first, "decline")
    await asked.calling.work()
    # The event stands, its answer does not: here the first server is gone.
    ceremony = asked.stage.one.ceremony
    _, course = await ceremony.shown(await ceremony.row(asked.row.id))
    assert pending(course) == 1
    wire.broken.clear()
    asked.stage.clock.advance(minutes=3)
    worker = await beside(asked, beside_asked)
    await run_off(worker)
    assert await events(asked) == [("decline", "supervisor")]
    (successor,) = asked.calling.fresh()
    mine = await invites.holders(asked.platform, await ceremony.row(asked.row.id))
    theirs = await invites.holders(
        replace(asked.platform, database=beside_asked), await ceremony.row(asked.row.id)
    )
    assert mine == theirs
    # The first comes back and finds nothing to do; both at once ask nobody twice.
    await asyncio.gather(asked.calling.work(), run_off(worker))
    assert len((await asked.calling.standing(asked.row)).invitations) == 6
    await everybody_accepts(asked, successor, *others)
    await proved(asked)


async def test_the_supervisor_cannot_be_reached_and_the_log_says_that_look_ahead_was_possible(
    asked: Arriving,
) -> None:
    first, *others = asked.calling.fresh()
    path = f"/draws/{asked.row.id}/campaign/own-order"
    assert refusal(await asked.post("sven", path, {"reason": "监督人失联"})) == (403, "access.role")
    shown = await act(asked, "olga", "own-order", {"reason": "监督人失联"})
    assert shown["own_order"] == "监督人失联"
    asked.stage.wire.broken |= {("supervisor.example", f"/answers/{t}") for t in range(9)}
    await asked.calling.say(first, "decline")
    await asked.calling.work()
    assert await events(asked) == [("decline", "own-order")]
    (successor,) = asked.calling.fresh()
    asked.stage.wire.broken.clear()
    assert (await act(asked, "olga", "own-order", {"reason": None}))["own_order"] is None
    await asked.calling.say(successor, "decline")
    await asked.calling.work()
    assert await events(asked) == [("decline", "own-order"), ("decline", "supervisor")]
    await everybody_accepts(asked, *others)
    report = await proved(asked)
    assert "own-order" in {note.code for note in report.notes}


async def test_a_shift_change_leaves_the_campaign_where_it_is_and_says_who_did_what(asked: Arriving) -> None:
    letters = asked.calling.fresh()
    await everybody_accepts(asked, *letters)
    # oscar follows olga and sofia follows sven; whoever requests takes neither side.
    await act(asked, "sofia", "vacate", {"cause": "venue", "seat": 1, "note": "场地容量不足"})
    await newcomers(asked)
    await act(asked, "oscar", "move", {"begins": moment(asked, hours=1), "reason": "推迟一小时"})
    assert refusal(
        await asked.post(
            "oscar",
            f"/draws/{asked.row.id}/campaign/vacate",
            {
                "cause": "venue",
                "seat": 1,
                "note": "x",
            },
        )
    ) == (403, "access.role")
    async with asked.platform.database.read() as uow:
        acts = [(one.operator, one.action) for one in await uow.operations.newest(30)]
    assert ("sofia", "campaign.vacate.venue") in acts
    assert ("oscar", "campaign.move") in acts
    shown = await seen(asked)
    assert (shown["proposed_by"], shown["approved_by"], shown["moves"]) == ("olga", "sven", 1)
    await newcomers(asked)
    assert await states(asked) == ["accepted"] * 5
    await proved(asked)


async def test_the_agency_calls_off_after_an_outcome_and_that_is_seen_told_and_counted(
    asked: Arriving,
) -> None:
    letters = asked.calling.fresh()
    await accept(asked, *letters[:3])
    path = f"/draws/{asked.row.id}:abort"
    done = expect(await asked.post("alice", path, {"reason": "project_cancelled"}), 200)
    assert (done["state"], done["abort_reason"]) == ("aborted", "project_cancelled")
    await asked.calling.work()
    assert (await told_agency(asked))["state"] == "cancelled"
    told = [one.to for one in asked.calling.lines["sms"].taken if "已取消" in one.text]
    assert sorted(told) == sorted(one.to for one in letters)
    expect(await asked.post("alice", path, {"reason": "project_cancelled"}), 200)
    await asked.calling.wait(minutes=45)
    assert len([one for one in asked.calling.lines["sms"].taken if "已取消" in one.text]) == 5
    assert await classes(asked) == []
    report = await accepted_by_both(asked, "aborted")
    assert report.stage == "aborted"
    again = {
        "project": "works-1",
        "section": "s1",
        "pool": "city",
        "invitations": "logged",
        "parameters": asked.row.request["parameters"],
    }
    assert (await asked.post("alice", "/draws", again)).status_code == 422
    made = expect(await asked.post("alice", "/draws", again | {"redraw_reason": "误取消"}), 201)
    following = await asked.stage.one.ceremony.row(made["id"])
    assert (made["round"], following.previous) == (2, asked.row.k)
