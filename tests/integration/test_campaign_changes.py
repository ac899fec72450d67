"""What changes after the start: moves, calling off, new bidders, a pool that runs short, no supervisor."""

from pathlib import Path
from typing import Any

import pytest

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import invites
from app.usecases.delivery.notices import receipts
from app.usecases.engagements import bound_elsewhere
from app.usecases.invitations import campaigns, changes, conflicts, ladder
from app.usecases.invitations.changes import Move
from app.usecases.invitations.conflicts import Vacating
from app.usecases.invitations.ladder import Taken
from app.usecases.openings import bundle, open_draw
from app.usecases.projects import replace_bidders
from draw import invitation
from draw.letters import record_digest
from draw.verify.verifier import verify
from tests.support.calling import Calling, Refused, acts, later, set_calling
from tests.support.stage import person, set_stage

pytestmark = pytest.mark.anyio


async def classes(calling: Calling, row: DrawRow) -> list[str]:
    _, course = await calling.context.ceremony.shown(row)
    return [entry.body["class"] for _, entry in course.all("event")]


async def moved(calling: Calling, row: DrawRow, **span: float) -> str:
    """The campaign moved by a span; its new begin."""
    begins = later((await calling.standing(row)).campaign.begins, **span)
    wanted = Move(begins=begins, reason="场地停电")
    await changes.move(calling.context, row.id, wanted, by=acts("olga", "operator"))
    await calling.work()
    return begins


async def opened(calling: Calling, row: DrawRow) -> None:
    found = await calling.standing(row)
    await calling.until(later(found.campaign.begins, seconds=1))
    await open_draw(calling.context.ceremony, row.id)
    data = await bundle(calling.context.platform, await calling.context.ceremony.row(row.id))
    assert verify(data, trust=calling.stage.trust).stage == "opened"


async def test_moved_two_hours_everybody_who_accepted_is_asked_again(calling: Calling) -> None:
    row = await calling.started()
    old = calling.fresh()
    for letter in old[:3]:
        await calling.say(letter, "accept")
    begins = await moved(calling, row, hours=2)
    found = await calling.standing(row)
    assert (found.campaign.state, found.campaign.moves) == ("inviting", 1)
    assert [one.state for one in found.invitations[:5]] == ["superseded"] * 5
    assert {one.begins for one in found.invitations[5:]} == {begins}
    assert (await Refused.of(calling.say(old[4], "accept"))).code == "invitation.state"
    found = await calling.fill(row)
    assert found.states() == ["accepted"] * 5
    assert await classes(calling, row) == []
    await opened(calling, row)


async def test_who_cannot_come_at_the_new_hour_is_replaced(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    await moved(calling, row, hours=2)
    first, *others = calling.fresh()
    await calling.say(first, "decline", reason="time_clash")
    for letter in others:
        await calling.say(letter, "accept")
    await calling.work()
    found = await calling.fill(row)
    assert found.campaign.state == "sealed"
    assert await classes(calling, row) == ["decline"]
    await opened(calling, row)


def told_not_to_come(calling: Calling) -> list[str]:
    """To whom it was said that they need not come."""
    return [one.to for line in calling.lines.values() for one in line.taken if "无须到场" in one.text]


async def over(calling: Calling, row: DrawRow) -> None:
    """The time to answer passes, for whoever still has some."""
    waiting = [one for one in (await calling.standing(row)).invitations if one.state in invitation.OPEN]
    await calling.until(max(one.reply_by for one in waiting))
    await calling.wait(seconds=61)


async def test_who_agreed_and_does_not_answer_a_move_is_told_not_to_come(calling: Calling) -> None:
    """Whoever was silent from the start expects nothing, and hears nothing."""
    row = await calling.started()
    _, *others = calling.fresh()
    for letter in others:
        await calling.say(letter, "accept")
    await over(calling, row)
    assert await classes(calling, row) == ["timeout"]
    assert told_not_to_come(calling) == []
    await calling.fill(row)
    await moved(calling, row, hours=24)
    waiting, *again = calling.fresh()
    for letter in again:
        await calling.say(letter, "accept")
    await over(calling, row)
    assert await classes(calling, row) == ["timeout", "timeout"]
    assert told_not_to_come(calling) == [waiting.to]


async def test_a_call_to_whoever_is_asked_again_says_that_something_changed(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    before = len(calling.lines["voice"].taken)
    assert before > 0
    assert not [one.text for one in calling.lines["voice"].taken if "有变" in one.text]
    await moved(calling, row, hours=2)
    await calling.work()
    again = calling.lines["voice"].taken[before:]
    assert again
    assert [one.text for one in again if "有变，请重新答复" not in one.text] == []


async def test_a_moved_draw_binds_its_experts_at_the_new_hour(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    begins = await moved(calling, row, hours=48)
    platform = calling.context.platform
    async with platform.database.read() as uow:
        other = await uow.draws.get(row.id)
        assert other is not None
        stranger = type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"id": "drw_two"})
        then = await bound_elsewhere(uow, platform, stranger, since=begins, until=later(begins, hours=1))
        now = row.evaluation_from or ""
        before = await bound_elsewhere(uow, platform, stranger, since=now, until=later(now, hours=1))
    assert len(then.engagements) == 5
    assert before.engagements == ()


async def test_a_move_to_nowhere_is_refused(calling: Calling) -> None:
    row = await calling.started()
    assert (await Refused.of(moved(calling, row, hours=0))).code == "campaign.unmoved"
    assert (await Refused.of(moved(calling, row, hours=-3))).code == "campaign.past"
    assert (await calling.standing(row)).campaign.moves == 0


async def test_called_off_everybody_is_told_once(calling: Calling) -> None:
    row = await calling.started()
    letter, *_ = calling.fresh()
    await calling.say(letter, "accept")
    platform, by = calling.context.platform, acts("sven", "supervisor")
    for _ in range(2):
        await platform.database.transact(lambda uow: changes.cancel(uow, platform, row.id, "项目取消", by=by))
    await calling.work()
    told = [one for one in calling.lines["sms"].taken if "已取消" in one.text]
    assert len({one.to for one in told}) == len(told) == 5
    async with platform.database.read() as uow:
        found = await receipts(uow, row.id)
    audiences = [one.audience for one in found]
    assert sorted(audiences) == ["agency", *["expert"] * 5, "operator", "site", "site", "supervisor"]
    assert {one.state for one in found} <= {"delivered", "sent"}
    await calling.wait(hours=3)
    assert await classes(calling, row) == []
    assert (await Refused.of(calling.say(letter, "leave"))).code == "invitation.state"


async def test_bidders_that_join_later_cost_their_people_the_seat(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    platform, by = calling.context.platform, acts("sven", "supervisor")
    assert await conflicts.recheck(calling.context, row.id, "投标人复核", by=by) == 0
    employer = await _employer_of_the_seated(calling, row)
    project = await _project(calling)
    bidders = [*project["bidders"], {"id": "late", "withdrawn": False, "orgs": [employer]}]

    async def join(uow: UnitOfWork) -> None:
        await replace_bidders(
            uow,
            person("requester", "agency"),
            project_id="works-1",
            section="s1",
            bidders=bidders,
            expected=None,
            now=platform.now(),
        )

    await platform.database.transact(join)
    assert await conflicts.recheck(calling.context, row.id, "新增投标人", by=by) == 1
    assert await conflicts.recheck(calling.context, row.id, "新增投标人", by=by) == 0
    await calling.work()
    assert await classes(calling, row) == ["conflict"]
    await calling.fill(row)
    await opened(calling, row)


async def _employer_of_the_seated(calling: Calling, row: DrawRow) -> str:
    """An organisation for which one of those who sit works, and to which no other of them is tied."""
    found = await calling.standing(row)
    seated = {one.invited.expert for one in found.newest.values()}
    records = [one for one in calling.stage.pool.records if one.id in seated]
    ties = [{*(job.org for job in one.employers), *(tie.org for tie in one.interests)} for one in records]
    return next(
        job.org
        for one in records
        for job in one.employers
        if job.until is None and sum(job.org in orgs for orgs in ties) == 1
    )


async def _project(calling: Calling) -> Any:
    async with calling.context.platform.database.read() as uow:
        project = await uow.projects.get("works-1", "s1")
    assert project is not None
    return project.document


async def test_a_supervisor_vacates_by_a_note_and_once(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    platform, by = calling.context.platform, acts("sven", "supervisor")
    wanted = Vacating(seat=2, cause="venue", note="场地容量不足")
    for _ in range(2):
        await platform.database.transact(
            lambda uow: conflicts.vacate(uow, platform.now(), row.id, wanted, by=by)
        )
    await calling.work()
    assert await classes(calling, row) == ["venue"]
    released = [one for one in calling.lines["sms"].taken if "无须到场" in one.text]
    assert [one.to for one in released] == [calling.letters()[2].to]
    await calling.fill(row)
    await opened(calling, row)


async def exhausted(calling: Calling) -> DrawRow:
    """A draw in which everybody of one seat's cell has declined."""
    row = await calling.started()
    found = await calling.standing(row)
    seat = next(one.invited.seat for one in found.newest.values() if one.invited.stratum == "goods")
    waiting = calling.fresh()
    for _round in range(200):
        found = await calling.standing(row)
        newest = found.newest[seat]
        if newest.state == "replaced":
            break
        for letter in waiting:
            mine = letter.keys.id == newest.id
            await calling.say(letter, "decline" if mine else "accept")
        await calling.work()
        waiting = calling.fresh()
    return row


async def test_nobody_left_is_short_and_climbs_the_ladder_in_order(
    database: Database, tmp_path: Path
) -> None:
    calling = await set_calling(await set_stage(database, tmp_path, experts=90))
    row = await exhausted(calling)
    found = await calling.standing(row)
    assert found.campaign.state == "short"
    assert found.states().count(None) == 1
    platform, by = calling.context.platform, acts("olga", "operator")

    async def take(step: str, zh: str = "人数不足") -> int:
        taken = Taken(step=step, reason_zh=zh, reason_en="too few")
        return (
            await platform.database.transact(lambda uow: ladder.take(uow, platform, row.id, taken, by=by))
        ).log_index

    assert (await Refused.of(take("postpone"))).code == "campaign.ladder-order"
    assert (await Refused.of(take("self_selection"))).code == "campaign.ladder-unknown"
    assert (await Refused.of(take("widen_region", zh=" "))).code == "campaign.text"
    await take("widen_region")
    assert (await Refused.of(take("widen_region"))).code == "campaign.ladder-order"
    await take("sibling_specialty")
    async with platform.database.read() as uow:
        steps = await uow.campaigns.steps(found.campaign.id)
        released = await uow.draws.get(row.id)
        entries = await uow.log.entries_at([one.log_index for one in steps])
    assert released is not None
    assert not released.live
    for step, entry in zip(steps, entries, strict=True):
        digest = record_digest(ladder.document(row.k or 0, step)).hex()
        assert digest.encode() in entry.entry
    # A further round of the section may now be asked for; whoever sits here is bound there.
    further = await calling.stage.request("s1", invitations="logged", redraw_reason="人数不足")
    drawn = await calling.stage.one.ceremony.run(further.id)
    again = {one.record.id for one in await invites.holders(platform, drawn) if one is not None}
    seated = {one.record.id for one in await invites.holders(platform, row) if one is not None}
    assert len(seated) == 4
    assert not again & seated
    await opened(calling, row)


async def test_without_the_supervisor_seats_pass_on_only_when_an_operator_says_so(calling: Calling) -> None:
    row = await calling.started()
    calling.stage.wire.silent.add("supervisor.example")
    calling.stage.wire.broken.add(("supervisor.example", "/answers/1"))
    calling.stage.wire.silent.clear()
    platform, by = calling.context.platform, acts("olga", "operator")
    letter, *_ = calling.fresh()
    await calling.say(letter, "decline")
    await calling.work()
    assert (await calling.standing(row)).newest[0].pending == "decline"
    calling.stage.wire.broken.clear()
    await calling.wait(seconds=60)
    assert (await calling.standing(row)).newest[0].state == "sent"
    await platform.database.transact(
        lambda uow: campaigns.say_unreachable(uow, platform, row.id, "监督人失联", by=by)
    )
    (successor,) = calling.fresh()
    calling.stage.wire.broken |= {("supervisor.example", f"/answers/{t}") for t in range(9)}
    await calling.say(successor, "decline")
    await calling.work()
    _, course = await calling.context.ceremony.shown(row)
    assert [entry.body["mode"] for _, entry in course.all("event")] == ["supervisor", "own-order"]
