"""Members of a committee who were not drawn: a self-selection when the pool is empty, and an appointment
without any draw. What is tried with it: a friend who is to pass for drawn, a proposer who approves, a kin of
a bidder.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from app.api.appointment_schemas import BesideOut, BesidesOut
from app.errors import AppError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database
from app.usecases.appointments.telling import besides
from app.usecases.log import verify_log
from app.usecases.openings import bundle, open_draw
from app.usecases.roster.openings import open_roster
from draw.model import DrawParameters
from tests.support.appointing import SPECIAL, Appointing, bidder, outside, seated
from tests.support.calling import Refused, acts, later, plan_of, set_calling
from tests.support.onlookers import kept_in, written
from tests.support.stage import PARAMETERS, set_stage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def case(database: Database, tmp_path: Path) -> Appointing:
    made = Appointing(calling=await set_calling(await set_stage(database, tmp_path, experts=90)))
    await made.register()
    return made


async def logged(case: Appointing, index: int | None) -> dict[str, Any]:
    """The log's entry."""
    async with case.calling.context.platform.database.read() as uow:
        (entry,) = await uow.log.entries_at([index or 0])
    value: dict[str, Any] = json.loads(entry.entry)
    return value


async def told_in_public(case: Appointing, row: DrawRow) -> list[BesideOut]:
    """What stands beside the proof of a draw, read as the public reads it."""
    code = (await case.calling.context.ceremony.row(row.id)).code or ""
    draw, items = await besides(case.calling.context.platform, code)
    return BesidesOut.model_validate({"draw": draw, "items": items}).items


async def published(case: Appointing, row: DrawRow) -> None:
    """The roster of a draw, or of an appointment, opened with the result."""
    by = acts("sven", "supervisor")
    await open_roster(
        case.calling.context.ceremony, by.principal, row.id, tier=3, reason="结果公布", actor=by.actor
    )


async def invited(case: Appointing, row: DrawRow) -> None:
    wanted = {site["id"] for site in row.request["parameters"]["sites"]}
    sites = [site for site in plan_of(case.calling, row)["sites"] if site["site"] in wanted]
    await case.calling.propose(row, sites=sites)
    await case.calling.approve(row)
    await case.calling.work()


async def test_a_self_selected_expert_is_invited_and_seated_and_never_called_drawn(case: Appointing) -> None:
    calling = case.calling
    platform, ceremony = calling.context.platform, calling.context.ceremony
    first = await case.short()
    assert await case.wanted(first) is None
    await case.climb(first)
    seats = await case.wanted(first)
    assert seats is not None
    assert (seats.seats, seats.committee.seated) == (1, 4)
    (friend,) = await case.friends(seats, besides=first)
    asked = await case.propose(case.proposal(seated(seats, [friend])))
    # The supervisor's own node has not heard of it yet: the platform alone logs nothing.
    assert await Refused.all(case.approve(asked)) == {"party.refused"}
    case.agree(asked)
    done = await case.approve(asked)
    assert (done.state, done.decided_by) == ("approved", "sven")
    entry = await logged(case, done.log_index)
    assert entry["type"] == "appointment"
    assert [one["role"] for one in entry["signatures"]] == ["platform", "supervisor"]
    told = entry["body"]
    assert (told["way"], told["fills"], told["seats"], told["outside"]) == ("self_selected", first.k, 1, 0)
    # Sealed like the drawn: neither log nor database tells who it is.
    for told_of in (friend.name, friend.id, friend.person):
        forms = written(told_of)
        kept = await kept_in(platform.database)
        assert not [place for place, data in kept.items() if any(form in data for form in forms)]
    # Whoever reads the draw's proof is told, in the interface's own shape, that one seat is none of it.
    beside = await told_in_public(case, first)
    assert [(one.way, one.seats, one.log_index, one.names) for one in beside] == [
        ("self_selected", 1, done.log_index, None)
    ]
    row = await case.carried(done)
    assert (row.state, row.code, row.round) == ("appointed", None, -1)
    assert await Refused.all(bundle(platform, row)) == {"appointment.no-proof"}
    assert await Refused.all(ceremony.run(row.id)) == {"draw.state"}
    await invited(case, row)
    assert (await calling.standing(first)).campaign.state == "short"
    filled = await calling.fill(row)
    assert [one.invited.expert for one in filled.invitations] == [friend.id]
    assert filled.campaign.state == "sealed"
    assert (await calling.standing(first)).campaign.state == "sealed"
    await calling.until(later(filled.campaign.begins, seconds=1))
    for one in (first, row):
        assert (await open_draw(ceremony, one.id)).state == "opened"
    assert await verify_log(platform.database, platform.log, platform.cosigners) > (done.log_index or 0)
    # The drawn may be named in public now; whoever was chosen only where their own roster was opened so.
    await published(case, first)
    assert [one.names for one in await told_in_public(case, first)] == [None]
    await published(case, row)
    (told_now,) = await told_in_public(case, first)
    assert [one.name for one in told_now.names or ()] == [friend.name]


async def test_whoever_was_chosen_and_declines_is_followed_by_nobody(case: Appointing) -> None:
    calling = case.calling
    first = await case.short()
    await case.climb(first)
    seats = await case.wanted(first)
    assert seats is not None
    friends = await case.friends(seats, besides=first)
    asked = await case.propose(case.proposal(seated(seats, friends)), name="requester", role="agency")
    case.agree(asked)
    row = await case.carried(await case.approve(asked))
    await invited(case, row)
    (letter,) = calling.fresh()
    await calling.say(letter, "decline")
    await calling.work()
    found = await calling.standing(row)
    assert (found.campaign.state, found.states()) == ("short", [None])
    # Another one may be chosen, by two persons again, and the same one may not.
    again = await case.wanted(first)
    assert again == seats
    assert await Refused.all(case.propose(case.proposal(seated(seats, friends)))) == {
        "appointment.conflicted"
    }
    stranger = [outside("goods", again.sites[0].id)]
    second = await case.propose(case.proposal(stranger))
    case.agree(second)
    done = await case.approve(second)
    assert (done.outside, (await case.carried(done)).round) == (1, -2)
    await invited(case, await case.carried(done))
    filled = await calling.fill(await case.carried(done))
    assert filled.campaign.state == "sealed"
    assert (await calling.standing(first)).campaign.state == "sealed"


async def test_who_proposes_never_approves_and_an_agency_never_does(case: Appointing) -> None:
    first = await case.short()
    await case.climb(first)
    seats = await case.wanted(first)
    assert seats is not None
    people = seated(seats, await case.friends(seats, besides=first))
    asked = await case.propose(case.proposal(people), name="sven", role="operator")
    case.agree(asked)
    assert await Refused.all(case.approve(asked)) == {"appointment.two-persons"}
    assert await Refused.all(case.propose(case.proposal(people))) == {"appointment.pending"}
    assert await Refused.all(case.approve(asked, name="sue", digest="00" * 32)) == {"appointment.other"}
    # Whoever supervises the draw has proposed nothing in it, whichever account is used.
    assert await Refused.all(case.approve(asked, name="olga")) == {"draw.duties-clash"}


async def test_the_conflicted_are_refused_and_only_the_supervisor_hears_why(case: Appointing) -> None:
    first = await case.short()
    await case.climb(first)
    seats = await case.wanted(first)
    assert seats is not None
    foes = await case.friends(seats, clean=False, besides=first)
    with pytest.raises(AppError) as refused:
        await case.propose(case.proposal(seated(seats, foes)))
    told = refused.value.faults  # type: ignore[attr-defined]
    assert {one.code for one in told} <= {"appointment.conflicted", "appointment.unqualified"}
    assert [one.figures for one in told] == [{}]
    site = seats.sites[0].id
    kin = outside("goods", site, interests=[{"org": bidder(), "kind": "kin", "from": None, "to": None}])
    assert await Refused.all(case.propose(case.proposal([kin]))) == {"appointment.conflicted"}
    # Trying people out leaves a trace.
    async with case.calling.context.platform.database.read() as uow:
        noted = [one.action for one in await uow.operations.newest(1000)]
    assert noted.count("appointment.propose.refused") == 2


async def test_no_self_selection_in_tendering_and_no_direct_appointment_in_procurement(
    case: Appointing,
) -> None:
    section = {"section": "s1"}
    people = [outside("goods", "city")]
    assert await Refused.all(case.propose(case.proposal(people, **section))) == {
        "appointment.not-allowed",
        "appointment.no-vacancy",
    }
    direct = {"way": "direct", "reason": SPECIAL, "parameters": PARAMETERS}
    found = await Refused.all(case.propose(case.proposal(people, **direct)))
    assert "appointment.not-allowed" in found


async def test_a_direct_appointment_has_no_draw_and_no_proof_and_blocks_one(case: Appointing) -> None:
    calling = case.calling
    platform = calling.context.platform
    parameters = DrawParameters.from_json(PARAMETERS)
    people = seated(parameters, await case.friends(parameters, section="s1"))
    direct = {"way": "direct", "reason": SPECIAL, "parameters": PARAMETERS, "section": "s1"}
    asked = await case.propose(case.proposal(people, **direct), name="requester", role="agency")
    case.agree(asked)
    done = await case.approve(asked)
    entry = await logged(case, done.log_index)
    assert (entry["body"]["way"], entry["body"]["fills"], entry["body"]["seats"]) == ("direct", None, 5)
    row = await case.carried(done)
    assert await Refused.all(bundle(platform, row)) == {"appointment.no-proof"}
    assert await Refused.all(calling.stage.request("s1")) == {"draw.live-exists"}
    await invited(case, row)
    filled = await calling.fill(row)
    assert (filled.campaign.state, len(filled.invitations)) == ("sealed", 5)
