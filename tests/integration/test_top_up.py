"""A pool runs short: the ladder, then a top-up 补抽 of the missing seats only, and what is tried with it."""

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import invites
from app.usecases.frozen_draws import load_frozen
from app.usecases.invitations import arrivals
from app.usecases.openings import bundle, opened
from app.usecases.openings import open_draw as open_one
from app.usecases.roster import openings
from draw import invitation
from draw.avoidance.engine import beijing_date, employer_for_cap
from draw.disclosure import ever_on_panel
from draw.verify.verifier import verify
from tests.support.calling import Calling, Refused, acts, later, set_calling
from tests.support.forgery import Evidence
from tests.support.second_verifier import verdicts
from tests.support.stage import set_stage
from tests.support.two_rounds import EXPERTS, ask, climb, drawn, invited, offered, short

pytestmark = pytest.mark.anyio


@pytest.fixture
async def calling(database: Database, tmp_path: Path) -> Calling:
    return await set_calling(await set_stage(database, tmp_path, experts=EXPERTS))


async def test_two_rounds_fill_one_committee_and_both_prove_it(calling: Calling) -> None:
    first = await short(calling)
    assert await offered(calling, first) is None
    await climb(calling, first)
    order = await offered(calling, first)
    parameters = order["parameters"]
    assert parameters["committee"] == {"experts": 1, "seated": 4, "owners": 2}
    assert [(one["id"], one["seats"]) for one in parameters["strata"]] == [("goods", 1)]
    assert [(one["regions"], one["min"], one["max"]) for one in parameters["sites"]] == [(["35"], 1, 1)]
    second = await drawn(calling, order)
    await invited(calling, second)
    assert (await calling.standing(first)).campaign.state == "short"
    filled = await calling.fill(second)
    assert filled.campaign.state == "sealed"
    # The first round lacks nobody any more: its roster is sealed on its own.
    assert (await calling.standing(first)).campaign.state == "sealed"
    await calling.until(later(filled.campaign.begins, seconds=1))
    platform, evidence = calling.context.platform, []
    for row in (first, second):
        await open_one(calling.context.ceremony, row.id)
        data = await bundle(platform, await calling.context.ceremony.row(row.id))
        report = verify(data, trust=calling.stage.trust)
        assert report.stage == "opened"
        assert ("top-up" in {note.code for note in report.notes}) == (row is second)
        evidence.append(Evidence(bundle=data, trust=calling.stage.trust))
    assert verdicts(evidence) == [None, None]


async def there(calling: Calling, row: DrawRow) -> None:
    """Everybody of one round has checked in."""
    platform = calling.context.platform

    async def work(uow: UnitOfWork) -> None:
        for one in await uow.invitations.of_draw(row.id):
            if one.state == invitation.ACCEPTED:
                await arrivals.arrived(uow, platform, one, at=platform.now(), now=platform.now())

    await platform.database.transact(work)


async def names_open(calling: Calling, row: DrawRow) -> None:
    """The supervisor has the roster of one round opened for the room."""
    ceremony, by = calling.context.ceremony, acts("sven", "supervisor")
    await openings.open_roster(ceremony, by.principal, row.id, tier=2, reason="开评", actor=by.actor)


async def test_names_of_a_committee_open_once_everybody_of_both_rounds_is_there(calling: Calling) -> None:
    """While a topped-up expert is missing, nobody learns with whom they will sit."""
    first = await short(calling)
    await climb(calling, first)
    second = await drawn(calling, await offered(calling, first))
    await invited(calling, second)
    filled = await calling.fill(second)
    await calling.until(filled.campaign.begins)
    await there(calling, first)
    assert (await calling.standing(first)).campaign.state == "checked_in"
    assert (await Refused.of(names_open(calling, first))).code == "roster.not-checked-in"
    await there(calling, second)
    for row in (first, second):
        await names_open(calling, row)
        assert (await calling.standing(row)).campaign.state == "opened"


async def test_nobody_of_the_first_round_and_none_of_their_employers_is_drawn_again(calling: Calling) -> None:
    first = await short(calling)
    await climb(calling, first)
    second = await drawn(calling, await offered(calling, first))
    platform = calling.context.platform
    before, after = await opened(platform, first), await opened(platform, second)
    used = {one.id for one in ever_on_panel(before.outcome, before.cells)}
    assert len(used) > 5
    cells = after.cells
    eligible = {cells.snapshot.records[row].id for row in cells.eligible_rows()}
    # Not only was nobody drawn: nobody of them stands in a list at all, whatever the seed.
    assert not used & eligible
    t0 = beijing_date(after.frozen.case.evaluation.since)
    seated = [one.record for one in await invites.holders(platform, first) if one is not None]
    joined = [one.record for one in await invites.holders(platform, second) if one is not None]
    employers = Counter(employer_for_cap(one, t0) for one in (*seated, *joined))
    assert (len(seated), len(joined), max(employers.values())) == (4, 1, 1)
    theirs = {employer_for_cap(one, t0) for one in seated}
    assert not theirs & {employer_for_cap(cells.snapshot.records[row], t0) for row in cells.eligible_rows()}
    async with platform.database.read() as uow:
        frozen = await load_frozen(uow, second)
    assert frozen is not None
    assert second.sdr is not None
    assert second.sdr["avoid_units"] == len(frozen.case.avoid_units) >= len(theirs)


async def test_no_top_up_without_a_step_and_no_second_one_for_the_same_step(calling: Calling) -> None:
    first = await short(calling)
    wanted = {
        "rule": "uniform/1",
        "committee": {"experts": 1, "seated": 4, "owners": 2},
        "strata": [{"id": "goods", "prefixes": ["B"], "seats": 1}],
        "sites": [{"id": "city", "regions": ["35"], "min": 1, "max": 1}],
        "cap": 1,
    }
    early = {"parameters": wanted, "redraw_reason": "人数不足", "invitations": "logged"}
    assert await Refused.all(ask(calling, early)) >= {"draw.live-exists", "draw.top-up-none"}
    await climb(calling, first)
    order = await offered(calling, first)
    second = await drawn(calling, order)
    assert await offered(calling, first) is None
    await invited(calling, second)
    assert await offered(calling, second) is None
    assert await Refused.all(ask(calling, order)) >= {"draw.live-exists", "draw.top-up-none"}


async def test_a_top_up_is_asked_for_as_stated_or_not_at_all(calling: Calling) -> None:
    """More seated than sit would make three a committee; narrower regions would choose who comes."""
    first = await short(calling)
    await climb(calling, first)
    order = await offered(calling, first)

    async def refused(change: Any) -> set[str]:
        other = copy.deepcopy(order)
        change(other["parameters"])
        return await Refused.all(ask(calling, other)) - {"anonymity.yellow"}

    def claim(number: int) -> Any:
        return lambda asked: asked["committee"].update(seated=number)

    assert await refused(claim(6)) == {"draw.top-up-differs"}
    assert "draw.top-up-differs" in await refused(claim(2))
    assert "draw.top-up-differs" in await refused(lambda asked: asked["sites"][0].update(regions=["350100"]))
    assert await refused(lambda asked: asked["committee"].update(owners=0)) == {"draw.top-up-differs"}
    assert (await ask(calling, order)).round == 2


async def test_the_filter_widens_step_by_step(calling: Calling) -> None:
    first = await short(calling)
    await climb(calling, first)
    await climb(calling, first, "sibling_specialty")
    await climb(calling, first, "other_province")
    order = (await offered(calling, first))["parameters"]
    (site,) = order["sites"]
    assert "35" in site["regions"]
    assert len(site["regions"]) > 30
    await climb(calling, first, "postpone")
    assert await offered(calling, first) is None


async def test_a_seat_lost_before_the_seal_stops_the_top_up(calling: Calling) -> None:
    first = await short(calling)
    await climb(calling, first)
    second = await ask(calling, await offered(calling, first))
    found = await calling.standing(first)
    accepted = [one for one in calling.letters() if (await calling.of(one)).state == "accepted"]
    lost = await calling.of(accepted[0])
    # Whoever follows on that seat declines as well, until its cell has run out.
    letter = accepted[0]
    await calling.say(letter, "leave")
    await calling.work()
    while waiting := calling.fresh():
        for letter in waiting:
            await calling.say(letter, "decline")
        await calling.work()
    now = await calling.standing(first)
    assert now.newest[lost.invited.seat].state == "replaced"
    assert now.states().count(None) == found.states().count(None) + 1
    assert (await Refused.of(calling.stage.one.ceremony.run(second.id))).code == "draw.seated-moved"
