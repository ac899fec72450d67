"""Late, gone, not there: on record once, with the points of the local scale, and nobody's name before the
roster is open. On both engines, over the API.
"""

from typing import Any

import pytest
from sqlalchemy import select, text

from app.errors import WriteConflictError
from app.store.invitation_tables import conduct_records
from app.store.tables import projects
from app.usecases.invitations import deadlines
from tests.support.arriving import Arriving
from tests.support.calling import Letter, later
from tests.support.troubles import (
    DESKS,
    come,
    everyone,
    expect,
    moment,
    newcomers,
    open_room,
    refusal,
    staff_office,
)

pytestmark = pytest.mark.anyio
SCALE = "guizhou-sunshine"


@pytest.fixture
async def day(arriving: Arriving) -> Arriving:
    """A day whose project stands under the example scale."""
    async with arriving.platform.database.engine.begin() as connection:
        (document,) = (await connection.execute(select(projects.c.document))).scalars()
        document["pack"]["overlays"] = [SCALE]
        await connection.execute(projects.update().values(document=document))
    return await staff_office(arriving)


@pytest.fixture
async def unscaled(arriving: Arriving) -> Arriving:
    """A day under the base alone."""
    return await staff_office(arriving)


async def told(day: Arriving, who: str = "sven") -> dict[str, Any]:
    return dict(expect(await day.get(who, f"/draws/{day.row.id}/conduct"), 200))


async def counts(day: Arriving) -> dict[str, int]:
    return {one["act"]: one["count"] for one in (await told(day))["counts"] if one["count"]}


async def stored(day: Arriving) -> list[tuple[str, int, int | None, str | None]]:
    async with day.platform.database.read() as uow:
        found = await uow.conduct.of_draw(day.row.id)
    return [(one.act, one.minutes, one.points, one.layer) for one in found]


async def late_by(day: Arriving, letter: Letter, minutes: int) -> None:
    await day.calling.until(moment(day, minutes=minutes))
    await day.heartbeats()
    await come(day, letter, 8)


async def test_sixteen_minutes_late_and_a_no_show_and_who_it_was_after_the_opening(day: Arriving) -> None:
    late, absent, *others = everyone(day)
    for number, letter in enumerate(others, 1):
        await come(day, letter, number)
    await late_by(day, late, 16)
    assert await stored(day) == [("late", 16, 10, SCALE)]
    await day.calling.until(moment(day, minutes=31))
    assert await stored(day) == [("late", 16, 10, SCALE), ("no_show", 30, 30, SCALE)]
    before = await day.get("sven", f"/draws/{day.row.id}/conduct")
    assert before.json()["records"] is None
    assert await counts(day) == {"late": 1, "no_show": 1}
    people = [await day.calling.of(one) for one in (late, absent)]
    for letter, one in zip((late, absent), people, strict=True):
        assert await day.name(letter) not in before.text
        assert one.invited.expert not in before.text
    (successor,) = await newcomers(day)
    await day.heartbeats()
    await come(day, successor, 9)
    expect(await open_room(day), 200)
    found = {one["act"]: one for one in (await told(day))["records"]}
    assert (found["late"]["name"], found["late"]["points"]) == (await day.name(late), 10)
    assert found["late"]["source"].endswith("[excerpt]")
    # Whoever lost the seat is not on the roster.
    assert found["no_show"]["name"] is None
    assert [found[act]["expert"] for act in ("late", "no_show")] == [one.invited.expert for one in people]
    async with day.platform.database.read() as uow:
        read = await uow.operations.newest(5)
    assert ("sven", "conduct.read") in {(one.operator, one.action) for one in read}


async def test_leave_after_the_cut_off_is_on_record_without_points_of_a_silent_scale(day: Arriving) -> None:
    leaving = everyone(day)[0]
    await day.calling.say(leaving, "leave", reason="health")
    ((act, minutes, points, layer),) = await stored(day)
    assert (act, points, layer) == ("leave_late", None, None)
    # The cut-off lay 90 minutes before the begin; leave is taken 35 before it.
    assert (await day.calling.of(leaving)).cut_off == moment(day, minutes=-90)
    assert minutes == 55


async def test_without_a_scale_everything_is_on_record_without_points(unscaled: Arriving) -> None:
    late, absent, *others = everyone(unscaled)
    for number, letter in enumerate(others, 1):
        await come(unscaled, letter, number)
    await late_by(unscaled, late, 16)
    await unscaled.calling.until(moment(unscaled, minutes=31))
    assert (await unscaled.calling.of(absent)).state == "replaced"
    assert await stored(unscaled) == [("late", 16, None, None), ("no_show", 30, None, None)]


async def test_leave_before_the_cut_off_costs_nothing(asked: Arriving) -> None:
    async with asked.platform.database.engine.begin() as connection:
        (document,) = (await connection.execute(select(projects.c.document))).scalars()
        document["pack"]["overlays"] = [SCALE]
        await connection.execute(projects.update().values(document=document))
    leaving = asked.calling.fresh()[0]
    await asked.calling.say(leaving, "accept")
    await asked.calling.say(leaving, "leave", reason="health")
    assert await stored(asked) == [("leave_early", 0, 0, SCALE)]


async def test_what_is_told_twice_counts_once(day: Arriving) -> None:
    late, absent, *others = everyone(day)
    for number, letter in enumerate(others, 1):
        await come(day, letter, number)
    await late_by(day, late, 16)
    site = (await day.calling.of(late)).venue_site
    await day.check_in(late, DESKS[site])
    gone = await day.calling.of(absent)
    day.stage.clock.advance(minutes=15)
    for _ in range(2):
        await deadlines.arrive_by(day.calling.context, gone.id, gone.arrive_by)
    assert [act for act, *_ in await stored(day)] == ["late", "no_show"]
    async with day.platform.database.read() as uow:
        stands = (await uow.conduct.of_draw(day.row.id))[0]
    # Two servers that note one act at once: the second one's transaction is given up whole.
    with pytest.raises(WriteConflictError, match=r"conduct\.recorded"):
        async with day.platform.database.write() as uow:
            await uow.conduct.add(stands)
    assert later(gone.arrive_by, seconds=1) <= day.platform.now()


async def test_only_the_supervisor_of_this_draw_reads(day: Arriving) -> None:
    path = f"/draws/{day.row.id}/conduct"
    assert refusal(await day.get("sofia", path)) == (403, "access.duty")
    for who in ("olga", "alice", "dana"):
        assert refusal(await day.get(who, path)) == (403, "access.role")
    assert refusal(await day.get("sven", "/draws/drw_none/conduct")) == (404, "draw.unknown")


async def test_the_table_names_nobody(day: Arriving) -> None:
    leaving = everyone(day)[0]
    await day.calling.say(leaving, "leave", reason="health")
    invited = (await day.calling.of(leaving)).invited
    async with day.platform.database.engine.connect() as connection:
        (row,) = (await connection.execute(select(conduct_records))).all()
        (tag,) = (await connection.execute(text("SELECT person_tag FROM conduct_records"))).scalars()
    shown = repr(tuple(row))
    for secret in (invited.expert, invited.person, await day.name(leaving)):
        assert secret not in shown
    assert tag == day.platform.database.cipher.tag("conduct", invited.person)
