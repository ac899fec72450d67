"""A committee of two rounds: one seat's cell ran dry, the ladder was climbed, and a top-up 补抽 fills it.

`short` to `invited` are its steps upon a `Calling`; `set_two_rounds` goes all the way to the morning on which
both rounds' people arrive, with one booking for all of them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.store.repositories.draws import DrawRow
from app.usecases.invitations import ladder, views
from app.usecases.invitations.ladder import Taken
from app.usecases.invites import holders
from tests.support import venues
from tests.support.arriving import CITY, COUNTY, Arriving, assembled, be_there, book, confirm, hired
from tests.support.calling import Calling, acts, plan_of, set_calling
from tests.support.stage import Stage
from tests.support.troubles import expect

# A pool that is large enough for the committee, and small enough to run dry.
EXPERTS = 90
DESKS = {CITY: "dana", COUNTY: "carlo"}


async def short(calling: Calling) -> DrawRow:
    """A draw in which everybody of one seat's cell has declined, and all others have accepted."""
    row = await calling.started()
    await run_dry(calling, row)
    return row


async def run_dry(calling: Calling, row: DrawRow) -> None:
    """Everybody of one seat's cell declines, all others accept."""
    found = await calling.standing(row)
    seat = next(one.invited.seat for one in found.newest.values() if one.invited.stratum == "goods")
    while waiting := calling.fresh():
        found = await calling.standing(row)
        for letter in waiting:
            mine = letter.keys.id == found.newest[seat].id
            await calling.say(letter, "decline" if mine else "accept")
        await calling.work()
    found = await calling.standing(row)
    assert (found.campaign.state, found.states().count(None)) == ("short", 1)


async def climb(calling: Calling, row: DrawRow, step: str = "widen_region") -> None:
    """A step of the ladder, as the operator takes it."""
    platform, by = calling.context.platform, acts("olga", "operator")
    taken = Taken(step=step, reason_zh="人数不足", reason_en="too few")
    await platform.database.transact(lambda uow: ladder.take(uow, platform, row.id, taken, by=by))


async def offered(calling: Calling, row: DrawRow) -> Any:
    """The order of a top-up as the agency is given it."""
    async with calling.context.platform.database.read() as uow:
        return (await views.counts(uow, row.id))["top_up"]


async def ask(calling: Calling, order: dict[str, Any]) -> DrawRow:
    """The agency asks for it as it stands."""
    members = {name: value for name, value in order.items() if name not in ("project", "section", "pool")}
    return await calling.stage.request("s1", **members)


async def drawn(calling: Calling, order: dict[str, Any]) -> DrawRow:
    """The top-up, drawn."""
    return await calling.stage.one.ceremony.run((await ask(calling, order)).id)


async def invited(calling: Calling, row: DrawRow, **changes: Any) -> None:
    """The top-up's own campaign, started."""
    await calling.propose(row, sites=sites_of(calling, row), **changes)
    await calling.approve(row)
    await calling.work()


def sites_of(calling: Calling, row: DrawRow) -> list[dict[str, Any]]:
    """The places of a plan that the draw knows."""
    wanted = {site["id"] for site in row.request["parameters"]["sites"]}
    return [site for site in plan_of(calling, row)["sites"] if site["site"] in wanted]


@dataclass(frozen=True, kw_only=True)
class TwoRounds:
    """Both rounds' people about to arrive; `arriving.row` is the first round."""

    arriving: Arriving
    second: DrawRow

    @property
    def first(self) -> DrawRow:
        """The round under which booking and room are kept."""
        return self.arriving.row


async def set_two_rounds(stage: Stage) -> TwoRounds:
    """The morning of the evaluation; `stage` has a pool of `EXPERTS`."""
    two = await second_drawn(stage)
    await booked_anew(two)
    calling = two.arriving.calling
    await invited(calling, two.second, unbooked=None)
    filled = await calling.fill(two.second)
    assert filled.campaign.state == "sealed"
    await be_there(two.arriving)
    return two


async def second_drawn(stage: Stage) -> TwoRounds:
    """The top-up is drawn and nobody of it asked yet; the seats are those that the first round booked."""
    calling = await set_calling(stage)
    row = await calling.drawn()
    arriving = assembled(calling, row)
    arriving.tokens = await stage.one.platform.database.transact(lambda uow: hired(uow, stage))
    await book(arriving)
    await calling.invite(row, unbooked=None)
    await run_dry(calling, row)
    await climb(calling, row)
    return TwoRounds(arriving=arriving, second=await drawn(calling, await offered(calling, row)))


async def booked_anew(two: TwoRounds) -> None:
    """The operator moves the vacant seat to where the topped-up expert comes, and both centres confirm."""
    arriving = two.arriving
    (booking,) = expect(await arriving.get("olga", f"/bookings?draw={two.second.id}"), 200)["items"]
    numbers = await people_by_place(two)
    centres = [
        venues.centre(
            one["site"],
            one["place"],
            *venues.seats(one["site"], "e1", *range(1, numbers[one["place"]] + 1)),
            main=one["main"],
        )
        for one in booking["centres"]
    ]
    order = {name: booking[name] for name in ("from", "to", "experts", "mixed")}
    body = order | {"reason": "补抽专家在另一场地", "centres": centres}
    changed = expect(await arriving.post("olga", f"/bookings/{booking['id']}:change", body), 200)
    waiting = [one["site"] for one in changed["centres"] if one["state"] == "pending"]
    await confirm(arriving, changed, *(DESKS[site] for site in waiting))


async def people_by_place(two: TwoRounds) -> Counter[str]:
    """How many of both rounds come to each place of the request."""
    arriving = two.arriving
    standing = await arriving.calling.standing(two.first)
    coming = [one.invited.site for one in standing.newest.values() if one.state == "accepted"]
    held = await holders(arriving.platform, two.second)
    return Counter([*coming, *(one.site for one in held if one is not None)])
