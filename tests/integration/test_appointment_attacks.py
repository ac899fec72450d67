"""Ways to get somebody into a committee beside the rules of appointment: one person in two seats under new
numbers, another pool that does not know them, a committee that sits already, and what changes while the
supervisor's node signs.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import InputRefusedError
from app.gateways.pool_files import person_hash
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.appointments import deciding
from app.usecases.appointments.people import Entered
from app.usecases.pools import import_pool
from draw.model import DrawParameters
from tests.support.appointing import SPECIAL, Appointing, bidder, outside, seated
from tests.support.calling import Refused, acts, later, plan_of, set_calling
from tests.support.stage import PARAMETERS, set_stage

pytestmark = pytest.mark.anyio
DIRECT: dict[str, Any] = {"way": "direct", "reason": SPECIAL, "parameters": PARAMETERS, "section": "s1"}


@pytest.fixture
async def case(database: Database, tmp_path: Path) -> Appointing:
    made = Appointing(calling=await set_calling(await set_stage(database, tmp_path, experts=90)))
    await made.register()
    return made


@dataclass
class Meanwhile(httpx.AsyncBaseTransport):
    """A node's host, at which something else happens once before it answers."""

    behind: httpx.AsyncBaseTransport
    act: Callable[[], Awaitable[Any]] | None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.act is not None and request.url.path.endswith("/appointments"):
            act, self.act = self.act, None
            await act()
        return await self.behind.handle_async_request(request)


async def short(case: Appointing) -> tuple[DrawRow, DrawParameters]:
    """A draw that lacks one seat, which may be filled by self-selection now."""
    first = await case.short()
    await case.climb(first)
    seats = await case.wanted(first)
    assert seats is not None
    return first, seats


async def whole(case: Appointing, *more: Entered, besides: DrawRow | None = None) -> list[Entered]:
    """Five people for a direct appointment, the last of them replaced by `more`."""
    parameters = DrawParameters.from_json(PARAMETERS)
    people = seated(parameters, await case.friends(parameters, section="s1", besides=besides))
    return [*people[: len(people) - len(more)], *(replace(one, site=people[-1].site) for one in more)]


async def moved(case: Appointing, row: DrawRow, hours: float) -> None:
    """The evaluation of a draw is at another time now, as a move of its campaign leaves it."""

    async def work(uow: UnitOfWork) -> None:
        now = case.calling.context.platform.now()
        current = await uow.draws.get(row.id)
        assert current is not None
        await uow.draws.advance(
            row.id,
            expected=current.state_version,
            evaluation_from=later(current.evaluation_from or "", hours=hours),
            evaluation_to=later(current.evaluation_to or "", hours=hours),
            updated_at=now,
        )

    await case.calling.context.platform.database.transact(work)


async def test_an_outside_person_is_one_person_however_often_entered(case: Appointing) -> None:
    first, seats = await short(case)
    stranger = outside("goods", seats.sites[0].id)
    asked = await case.propose(case.proposal([stranger]))
    case.agree(asked)
    row = await case.carried(await case.approve(asked))
    # The same hours, another section: nobody evaluates in two places.
    people = await whole(case, replace(stranger))
    assert await Refused.all(case.propose(case.proposal(people, **DIRECT))) == {"appointment.conflicted"}
    # The same section, after having declined.
    sites = [site for site in plan_of(case.calling, row)["sites"] if site["site"] == stranger.site]
    await case.calling.invite(row, sites=sites)
    (letter,) = case.calling.fresh()
    await case.calling.say(letter, "decline")
    await case.calling.work()
    assert await case.wanted(first) == seats
    assert await Refused.all(case.propose(case.proposal([stranger]))) == {"appointment.conflicted"}


async def test_whoever_stands_in_any_pool_is_no_outside_person(case: Appointing) -> None:
    _, seats = await short(case)
    stranger = outside("goods", seats.sites[0].id)
    platform = case.calling.context.platform
    number = str((stranger.outside or {})["id_number"])
    # Suspended there: as an outside person nobody would see it.
    known = replace(
        case.calling.stage.pool.records[0],
        id="elsewhere-1",
        person=person_hash(platform.person_key, number),
        status="suspended",
    )
    spare = await import_pool(platform, pool_id="spare", basis="another", records=[known])
    await platform.publisher.covering(spare.pool.entry_index + 1, now=platform.clock)
    assert await Refused.all(case.propose(case.proposal([stranger]))) == {"appointment.in-pool"}


async def test_a_self_selection_names_experts_of_the_pool_of_its_draw(case: Appointing) -> None:
    first, seats = await short(case)
    platform = case.calling.context.platform
    records = case.calling.stage.pool.records
    twins = [replace(one, id=f"twin-{one.id}") for one in records]
    spare = await import_pool(platform, pool_id="spare", basis="another", records=twins)
    await platform.publisher.covering(spare.pool.entry_index + 1, now=platform.clock)
    (friend,) = await case.friends(seats, besides=first)
    people = [replace(one, expert=f"twin-{one.expert}") for one in seated(seats, [friend])]
    asked = case.proposal(people, pool="spare")
    assert await Refused.all(case.propose(asked)) == {"appointment.pool"}
    # Nor is somebody who sits already another one under that pool's number.
    letters = (await case.calling.standing(first)).invitations
    held = [one.invited for one in letters if one.state == "accepted"]
    sitting = next(one.expert for one in held if one.stratum == "goods")
    direct = {**DIRECT, "pool": "spare"}
    rest = [replace(one, expert=f"twin-{one.expert}") for one in await whole(case, besides=first)]
    swapped = [*rest[:-1], replace(rest[-1], expert=f"twin-{sitting}")]
    assert rest[-1].stratum == "goods"
    assert await Refused.all(case.propose(case.proposal(swapped, **direct))) == {"appointment.conflicted"}
    assert (await case.propose(case.proposal(rest, **direct))).state == "proposed"


async def test_no_direct_appointment_beside_people_who_sit(case: Appointing) -> None:
    calling = case.calling
    row = await calling.started("s1")
    people = await whole(case, besides=row)
    assert await Refused.all(case.propose(case.proposal(people, **DIRECT))) == {"draw.live-exists"}
    # A step of the ladder lets the section have a further round, no committee of its own choosing.
    seat = next(one.invited.seat for one in (await calling.standing(row)).newest.values())
    while waiting := calling.fresh():
        found = await calling.standing(row)
        for letter in waiting:
            mine = letter.keys.id == found.newest[seat].id
            await calling.say(letter, "decline" if mine else "accept")
        await calling.work()
    await case.climb(row, "widen_region")
    assert not (await calling.context.ceremony.row(row.id)).live
    assert await Refused.all(case.propose(case.proposal(people, **DIRECT))) == {"draw.live-exists"}


async def test_what_changes_while_the_node_signs_is_judged_again(case: Appointing) -> None:
    first, seats = await short(case)
    (friend,) = await case.friends(seats, besides=first)
    asked = await case.propose(case.proposal(seated(seats, [friend])))
    case.agree(asked)
    wire, ceremony = case.calling.stage.wire, case.calling.context.ceremony
    host = next(name for name in wire.hosts if "supervisor" in name)
    wire.hosts[host] = Meanwhile(  # type: ignore[assignment]
        behind=wire.hosts[host], act=lambda: ceremony.abort(first.id, "project_cancelled")
    )
    assert "appointment.no-vacancy" in await Refused.all(case.approve(asked))
    async with ceremony.platform.database.read() as uow:
        kept = await uow.appointments.get(asked.id)
        rows = await uow.draws.of_section("works-1", "g1")
    assert kept is not None
    assert (kept.state, [one.appointed for one in rows]) == ("proposed", [False])


async def test_the_hours_that_hold_now_count(case: Appointing) -> None:
    first, seats = await short(case)
    (friend,) = await case.friends(seats, besides=first)
    asked = await case.propose(case.proposal(seated(seats, [friend])))
    case.agree(asked)
    await moved(case, first, hours=24)
    row = await case.carried(await case.approve(asked))
    first = await case.calling.context.ceremony.row(first.id)
    assert (row.evaluation_from, row.evaluation_to) == (first.evaluation_from, first.evaluation_to)
    # Nobody is named before the evaluation at its present hours.
    assert (row.sdr or {})["deadlines"]["open"] == first.evaluation_from


async def test_no_appointment_once_the_evaluation_has_begun(case: Appointing) -> None:
    first, seats = await short(case)
    (friend,) = await case.friends(seats, besides=first)
    people = seated(seats, [friend])
    asked = await case.propose(case.proposal(people))
    case.agree(asked)
    await moved(case, first, hours=-1)
    case.calling.stage.clock.advance(hours=1, minutes=30)
    assert await Refused.all(case.approve(asked)) == {"evaluation.past"}


async def test_no_text_names_anybody(case: Appointing) -> None:
    first, seats = await short(case)
    friend, *_ = await case.friends(seats, besides=first)
    sitting = (await case.calling.standing(first)).invitations[0].invited.expert
    records = {one.id: one for one in case.calling.stage.pool.records}
    stranger = outside("goods", seats.sites[0].id)
    known = stranger.outside or {}
    said = {
        "the chosen": f"特请{friend.name}参加",
        "the chosen, with marks between": "特请" + " ".join(friend.name) + "参加",
        "the chosen by number": f"特请 {friend.id.upper()} 参加",
        "somebody who sits": f"不请{records[sitting].name}",
        "an identity number": "证件号 999901 19800101 0016",
    }
    people = seated(seats, [friend])
    for what, words in said.items():
        for changed, pointer in (
            ({"reason": {"code": "short_pool", "zh": words, "en": "x"}}, "/reason/zh"),
            ({"reason": {"code": "short_pool", "zh": "无", "en": words}}, "/reason/en"),
            ({"approval": {"sha256": "ab" * 32, "size": 1, "name": f"{words}.pdf"}}, "/approval/name"),
        ):
            with pytest.raises(InputRefusedError) as refused:
                await case.propose(case.proposal(people, **changed))
            told = [(one.code, one.pointer, one.figures) for one in refused.value.faults]
            assert told == [("appointment.named", pointer, {})], what
    for words in (known["name"], known["phone"]):
        reason = {"code": "short_pool", "zh": f"请{words}", "en": "x"}
        assert await Refused.all(case.propose(case.proposal([stranger], reason=reason))) == {
            "appointment.named"
        }
    asked = await case.propose(case.proposal(people))
    platform, words = case.calling.context.platform, f"{records[sitting].name}已在席"

    async def refuse(uow: UnitOfWork) -> None:
        by = acts("sven", "supervisor")
        await deciding.refuse(uow, platform, by.principal, asked.id, words, actor=by.actor)

    assert await Refused.all(platform.database.transact(refuse)) == {"appointment.named"}


async def test_a_pool_is_not_felt_out_by_proposals(case: Appointing) -> None:
    first, seats = await short(case)
    (friend,) = await case.friends(seats, besides=first)
    kin = [{"org": bidder(), "kind": "kin", "from": None, "to": None}]
    foe = outside("goods", seats.sites[0].id, interests=kin)
    for _ in range(20):
        assert await Refused.all(case.propose(case.proposal([foe]))) == {"appointment.conflicted"}
    good = case.proposal(seated(seats, [friend]))
    assert await Refused.all(case.propose(good)) == {"appointment.tries"}
    # Another section is not held up by it.
    people = await whole(case, besides=first)
    assert (await case.propose(case.proposal(people, **DIRECT))).state == "proposed"
