"""Putting a start off where it concerns others: who sits in another evaluation at the new hours (K14), the
other rounds of a topped-up committee, and the night.
"""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from app.errors import InputRefusedError
from app.settings import Settings
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import invites
from app.usecases.day.putting_off import PutOff, put_start_off
from app.usecases.delivery.notices import receipts
from app.usecases.engagements import bound_elsewhere
from app.usecases.invitations import changes, conflicts
from app.usecases.invitations.changes import Move
from app.usecases.openings import bundle, open_draw
from app.usecases.platform import Platform
from app.worker import HANDLERS, REPORT_HANDLERS, Wiring, Worker, quiet_hours
from draw import invitation
from draw.verify.verifier import verify
from tests.support.calling import Calling, Refused, acts, later, set_calling
from tests.support.stage import set_stage
from tests.support.two_rounds import climb, drawn, invited, offered, short

pytestmark = pytest.mark.anyio
# Hours of Beijing in UTC.
TEN_IN_THE_EVENING = "14"
NINE_IN_THE_MORNING = "01"


@pytest.fixture
async def calling(database: Database, tmp_path: Path) -> Calling:
    return await set_calling(await set_stage(database, tmp_path, experts=90))


async def put_off(calling: Calling, row: DrawRow, begins: str, *, bound: bool = False) -> None:
    wanted = PutOff(begins=begins, reason="venue", bound=bound)
    await put_start_off(calling.context, row.id, wanted, by=acts("olga", "operator"))
    await calling.work()


def resting(calling: Calling) -> Worker:
    """A worker that keeps the night's quiet as an installation does unless it is told otherwise."""
    quiet = quiet_hours(str(Settings.model_fields["quiet_hours"].default))
    wiring = Wiring(gateways=calling.lines, handlers=HANDLERS, report_handlers=REPORT_HANDLERS, quiet=quiet)
    return Worker(calling.context, wiring)


async def called_off(platform: Platform, draw: str, uow: UnitOfWork) -> None:
    await changes.cancel(uow, platform, draw, "项目取消", by=acts("olga", "operator"))


async def people(calling: Calling, row: DrawRow) -> set[str]:
    """Who sits."""
    held = await invites.holders(calling.context.platform, await calling.stage.one.ceremony.row(row.id))
    return {one.record.person for one in held if one is not None}


async def told(calling: Calling, row: DrawRow) -> Counter[tuple[str, str]]:
    """Audience and text of every notice."""
    async with calling.context.platform.database.read() as uow:
        return Counter((one.audience, one.template) for one in await receipts(uow, row.id))


async def bound(calling: Calling, row: DrawRow, begins: str) -> set[str]:
    """Who would be bound elsewhere in a draw that were sealed for those hours now."""
    platform = calling.context.platform
    async with platform.database.read() as uow:
        found = await bound_elsewhere(uow, platform, row, since=begins, until=later(begins, hours=1))
    return set(found.persons)


async def bound_later(calling: Calling, row: DrawRow) -> tuple[set[str], str]:
    """Another evaluation of that evening shares people with this one: who they are, and an hour at which the
    two meet. One that shares nobody is called off, and its people can be drawn once more."""
    platform = calling.context.platform
    mine = await people(calling, row)
    evening = later((await calling.standing(row)).campaign.begins, hours=6)
    for number in range(2, 9):
        other = await calling.started_at(f"s{number}", evening)
        if both := mine & await people(calling, other):
            return both, later(evening, minutes=-30)
        await platform.database.transact(partial(called_off, platform, other.id))
        await calling.work()
        calling.fresh()
    raise AssertionError("nobody was drawn twice")


async def test_whoever_sits_elsewhere_at_the_new_hour_is_counted_and_judged_anew(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    both, begins = await bound_later(calling, row)
    before = (await calling.standing(row)).campaign
    with pytest.raises(InputRefusedError) as refused:
        await put_off(calling, row, begins)
    (fault,) = refused.value.faults
    assert (fault.code, fault.pointer) == ("campaign.put-off-bound", "/begins")
    # How many, and nothing of who.
    assert fault.figures == {"count": len(both)}
    assert (await calling.standing(row)).campaign == before
    # Hours to which nothing can be put off tell nothing of who sits elsewhere then.
    with pytest.raises(InputRefusedError) as refused:
        await put_off(calling, row, later(begins, days=1))
    assert [one.code for one in refused.value.faults] == ["campaign.put-off-day"]
    await put_off(calling, row, begins, bound=True)
    assert (await calling.standing(row)).campaign.begins == begins
    assert {one: n for one, n in (await told(calling, row)).items() if one[1] == "staff-alert"} == {
        ("operator", "staff-alert"): 1,
        ("supervisor", "staff-alert"): 1,
    }
    # The supervisor's to decide: each of them is replaced as for any conflict, by the committed order.
    by = acts("sven", "supervisor")
    assert await conflicts.recheck(calling.context, row.id, "推迟后时间冲突", by=by) == len(both)
    assert await conflicts.recheck(calling.context, row.id, "推迟后时间冲突", by=by) == 0
    await calling.work()
    _, course = await calling.context.ceremony.shown(row)
    assert [entry.body["class"] for _, entry in course.all("event")] == ["conflict"] * len(both)
    assert not both & await people(calling, row)
    found = await calling.fill(row)
    await calling.until(later(found.campaign.begins, seconds=1))
    await open_draw(calling.context.ceremony, row.id)
    data = await bundle(calling.context.platform, await calling.stage.one.ceremony.row(row.id))
    assert verify(data, trust=calling.stage.trust).stage == "opened"


async def test_a_move_to_such_an_hour_is_counted_and_judged_anew_as_well(calling: Calling) -> None:
    row = await calling.started()
    await calling.fill(row)
    both, begins = await bound_later(calling, row)
    before, by = (await calling.standing(row)).campaign, acts("olga", "operator")
    with pytest.raises(InputRefusedError) as refused:
        await changes.move(calling.context, row.id, Move(begins=begins, reason="停电"), by=by)
    (fault,) = refused.value.faults
    assert (fault.code, fault.figures) == ("campaign.put-off-bound", {"count": len(both)})
    assert (await calling.standing(row)).campaign == before
    wanted = Move(begins=begins, reason="停电", bound=True)
    await changes.move(calling.context, row.id, wanted, by=by)
    assert (await calling.standing(row)).campaign.begins == begins
    alerted = {one: n for one, n in (await told(calling, row)).items() if one[1] == "staff-alert"}
    assert alerted == {("operator", "staff-alert"): 1, ("supervisor", "staff-alert"): 1}


async def test_an_evaluation_that_was_called_off_binds_nobody(calling: Calling) -> None:
    row = await calling.started()
    both, begins = await bound_later(calling, row)
    assert both <= await bound(calling, row, begins)
    platform = calling.context.platform
    async with platform.database.read() as uow:
        others = [one for n in range(2, 9) for one in await uow.draws.of_section("works-1", f"s{n}")]
    for other in others:
        await platform.database.transact(partial(called_off, platform, other.id))
    assert await bound(calling, row, begins) == set()
    await put_off(calling, row, begins)
    assert (await calling.standing(row)).campaign.begins == begins


async def test_one_act_puts_every_round_of_a_committee_off_and_everybody_hears_once(calling: Calling) -> None:
    first = await short(calling)
    await climb(calling, first)
    second = await drawn(calling, await offered(calling, first))
    await invited(calling, second)
    await calling.fill(second)
    begins = later((await calling.standing(first)).campaign.begins, minutes=45)
    await put_off(calling, second, begins)
    for row in (first, second):
        found = await calling.standing(row)
        assert found.campaign.begins == begins
        assert {one.begins for one in found.newest.values() if one.state == "accepted"} == {begins}
        async with calling.context.platform.database.read() as uow:
            (made,) = await uow.campaigns.delays(found.campaign.id)
            (entry,) = await uow.log.entries_at([made.log_index])
            stored = await uow.draws.get(row.id)
        assert f'"draw":{row.k}'.encode() in entry.entry.replace(b" ", b"")
        assert stored is not None
        assert stored.evaluation_from == begins
    all_told = await told(calling, first) + await told(calling, second)
    staff = {who: n for (who, text), n in all_told.items() if text == "staff-put-off"}
    assert staff == {"agency": 1, "operator": 1, "supervisor": 1, "site": 2}
    assert all_told[("expert", "put-off")] == 5
    assert len([one for one in calling.lines["sms"].taken if "推迟" in one.text]) == 5


async def test_a_round_whose_committee_has_begun_is_not_put_off(calling: Calling) -> None:
    first = await short(calling)
    await climb(calling, first)
    second = await drawn(calling, await offered(calling, first))
    await invited(calling, second)
    begun = (await calling.standing(first)).campaign
    platform = calling.context.platform
    await platform.database.transact(
        lambda uow: uow.campaigns.advance(
            begun.id, expected=begun.state_version, state=invitation.OPENED, updated_at=platform.now()
        )
    )
    before = (await calling.standing(second)).campaign
    refused = await Refused.of(put_off(calling, second, later(before.begins, minutes=45)))
    assert refused.code == "campaign.begun"
    assert (await calling.standing(second)).campaign == before


@pytest.mark.parametrize("act", ["put-off", "cancel"])
async def test_who_would_set_out_before_the_night_is_over_is_told_in_the_night(
    calling: Calling, act: str
) -> None:
    begins = f"{later(calling.context.platform.now(), days=2)[:11]}{NINE_IN_THE_MORNING}:00:00Z"
    row = await calling.started_at("s2", begins)
    await calling.fill(row)
    night = f"{later(begins, days=-1)[:11]}{TEN_IN_THE_EVENING}:00:00Z"
    await calling.until(night)
    assert calling.context.platform.now() == night
    calling.worker = resting(calling)
    platform, by = calling.context.platform, acts("olga", "operator")
    if act == "put-off":
        await put_off(calling, row, later(begins, minutes=60))
    else:
        await platform.database.transact(lambda uow: changes.cancel(uow, platform, row.id, "场地停电", by=by))
        await calling.work()
    words = "推迟" if act == "put-off" else "已取消"
    told = [one.to for one in calling.lines["sms"].taken if words in one.text]
    assert len(told) == len(set(told)) == 5
