"""The ledger of a site's day in the database: whoever alters, removes, reorders or rebuilds it is found out.

The attacker of these tests has the database and writes what they like; what they have not is the key of the
sealed fields and the logs of the draws.
"""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.store.desk_tables import site_ledger, site_ledger_anchors, site_ledger_heads
from app.store.engine import make_engine
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases.arrival.ledger import Act, record
from app.usecases.operations import Actor
from crypto.hashing import tagged
from draw.verify.verifier import verify
from remote_eval.ledger import LedgerEntry, LedgerHead, follow, head_of
from tests.integration.conftest import CIPHER
from tests.support.arriving import CITY, Arriving
from tests.support.arriving_world import World

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def a_handful_of_lines(arriving: Arriving) -> None:
    """Somebody has come and put their things away."""
    await arriving.deposit(await arriving.arrived(arriving.letters[CITY][0]))


async def close(arriving: Arriving) -> dict[str, Any]:
    answer = await arriving.post("dana", "/desk/closures", {"draw": arriving.row.id})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def run(arriving: Arriving, statement: Any) -> None:
    async with arriving.platform.database.write() as uow:
        await uow.arrivals._connection.execute(statement)


async def fault(arriving: Arriving) -> str | None:
    found = await arriving.ledger()
    assert found["intact"] == (found["fault"] is None)
    return None if found["fault"] is None else str(found["fault"])


def line(number: int) -> Any:
    return (site_ledger.c.site == CITY) & (site_ledger.c.number == number)


async def test_an_honest_day_is_intact_and_its_head_stands_in_the_draws_log(arriving: Arriving) -> None:
    closed = await close(arriving)
    found = await arriving.ledger()
    assert (found["intact"], found["number"], found["hash"]) == (True, closed["number"], closed["hash"])
    async with arriving.platform.database.read() as uow:
        (anchor,) = await uow.site_ledger.anchors(arriving.row.id)
        (entry,) = await uow.log.entries(anchor.log_index, anchor.log_index + 1)
    assert tagged("qt/1 record", anchor.document.encode()).hex().encode() in entry.entry
    assert closed["log_index"] == anchor.log_index


async def test_the_draws_proof_still_verifies_with_ledger_and_seats_in_its_log(arriving: Arriving) -> None:
    await close(arriving)
    from tests.integration.test_campaign import opened  # noqa: PLC0415 - the same opening, tried there

    data = await opened(arriving.calling, arriving.row)
    assert verify(data, trust=arriving.stage.trust).stage == "opened"


@pytest.mark.parametrize(
    "change",
    [{"kind": "came-in"}, {"actor": "nobody"}, {"time": "2026-11-23T00:00:00Z"}, {"hash": bytes(32)}],
)
async def test_an_altered_line_is_found(arriving: Arriving, change: dict[str, Any]) -> None:
    await run(arriving, site_ledger.update().where(line(3)).values(**change))
    assert await fault(arriving) == "ledger.hash"


async def test_an_altered_detail_is_found(arriving: Arriving) -> None:
    async with arriving.platform.database.read() as uow:
        rows = await uow.arrivals._connection.execute(select(site_ledger.c.sealed_detail).where(line(2)))
        foreign = rows.scalar_one()
    await run(arriving, site_ledger.update().where(line(3)).values(sealed_detail=foreign))
    assert await fault(arriving) == "ledger.detail"


async def test_a_removed_line_is_found(arriving: Arriving) -> None:
    await run(arriving, site_ledger.delete().where(line(3)))
    assert await fault(arriving) == "ledger.number"


async def test_a_removed_end_is_found(arriving: Arriving) -> None:
    await run(arriving, site_ledger.delete().where(line((await arriving.ledger())["number"])))
    assert await fault(arriving) == "ledger.head"


async def test_reordered_lines_are_found(arriving: Arriving) -> None:
    for number, other in ((3, 1003), (4, 3), (1003, 4)):
        await run(arriving, site_ledger.update().where(line(number)).values(number=other))
    assert await fault(arriving) in ("ledger.previous", "ledger.hash")


async def rebuilt(arriving: Arriving, leave_out: int) -> None:
    """Every line after the missing one numbered and chained anew, and the head with them: the whole day holds
    in itself.
    """
    async with arriving.platform.database.write() as uow:
        day = await arriving_day(uow)
        stored = await uow.site_ledger.entries(CITY, day)
        head = LedgerHead(site=CITY, day=day)
        connection = uow.arrivals._connection
        await connection.execute(site_ledger.delete().where(site_ledger.c.site == CITY))
        for entry, sealed in stored:
            if entry.number != leave_out:
                salt, detail = uow.site_ledger.opened(entry, sealed)
                head = await _again(uow, head, entry, salt, detail)
        await connection.execute(
            site_ledger_heads.update()
            .where(site_ledger_heads.c.site == CITY)
            .values(number=head.number, hash=head.hash)
        )


async def arriving_day(uow: UnitOfWork) -> str:
    rows = await uow.arrivals._connection.execute(
        select(site_ledger_heads.c.day).where(site_ledger_heads.c.site == CITY)
    )
    return str(rows.scalar_one())


async def _again(
    uow: UnitOfWork, head: LedgerHead, entry: LedgerEntry, salt: bytes, detail: bytes
) -> LedgerHead:
    fresh = follow(head, time=entry.time, kind=entry.kind, actor=entry.actor, detail=entry.detail)
    values = {name: getattr(fresh, name) for name in LedgerEntry.__slots__}
    row = f"{CITY}|{fresh.day}|{fresh.number}"
    sealed = uow.cipher.seal(salt + detail, table="site_ledger", column="sealed_detail", row=row)
    await uow.arrivals._connection.execute(site_ledger.insert().values(**values, sealed_detail=sealed))
    return head_of(fresh)


async def test_a_day_rebuilt_by_whoever_has_even_the_key_does_not_meet_the_log(arriving: Arriving) -> None:
    closed = await close(arriving)
    await rebuilt(arriving, leave_out=6)
    assert await fault(arriving) == "ledger.anchor"
    assert (await arriving.ledger())["number"] == closed["number"] - 1


async def test_a_rebuilt_day_whose_anchor_is_removed_or_rewritten_does_not_meet_the_log_either(
    arriving: Arriving,
) -> None:
    await close(arriving)
    await rebuilt(arriving, leave_out=6)
    found = await arriving.ledger()
    document = f'{{"day":"{found["day"]}","format":"qt/1 ledger-head","hash":"{found["hash"]}","number":1}}'
    await run(arriving, site_ledger_anchors.update().values(document=document))
    assert await fault(arriving) == "ledger.anchor"
    await run(arriving, site_ledger_anchors.delete())
    assert await fault(arriving) == "ledger.anchor"


async def test_before_the_closing_a_rebuilt_day_is_not_found_and_that_is_why_arrival_is_closed(
    arriving: Arriving,
) -> None:
    """What the chain alone cannot show, written down: it takes the key of the sealed fields to get there."""
    await rebuilt(arriving, leave_out=6)
    assert await fault(arriving) is None


async def test_two_writers_of_one_day_follow_one_another(
    arriving: Arriving, world_url: tuple[World, str]
) -> None:
    """The slower one swaps nothing, looks again and writes the next number."""
    platform = arriving.platform
    other = replace(platform, database=Database(make_engine(world_url[1]), CIPHER))
    before = (await arriving.ledger())["number"]

    async def write(one: Any, number: int) -> None:
        act = Act(
            platform=one,
            site=CITY,
            actor=Actor(person=f"w{number}", address="-", source="test"),
            now=platform.now(),
        )
        await one.database.transact(lambda uow: act.enter(uow, "test", number=number))

    for number in range(6):
        await write((platform, other)[number % 2], number)
    await other.database.dispose()
    found = await arriving.ledger()
    assert (found["number"], found["intact"]) == (before + 6, True)


async def test_a_stale_head_swaps_nothing(arriving: Arriving) -> None:
    database = arriving.platform.database
    async with database.read() as uow:
        day = await arriving_day(uow)
        stale = await uow.site_ledger.head(CITY, day)
    await arriving.post("dana", "/desk/arrivals", {"document": "E12345678", "code": "00000000"})
    entry = follow(stale, time=arriving.platform.now(), kind="forged", actor="x", detail=bytes(32))
    with pytest.raises(Exception, match=r"ledger\.moved"):
        async with database.write() as uow:
            await uow.site_ledger.append(stale, entry, salt=bytes(16), detail=b"{}")
    assert (await arriving.ledger())["intact"]


async def test_only_a_draw_that_came_to_this_site_is_closed_here(arriving: Arriving) -> None:
    answer = await arriving.post("carlo", "/desk/closures", {"draw": arriving.row.id})
    assert (answer.status_code, answer.json()["code"]) == (404, "draw.unknown")


async def test_a_site_reads_its_own_ledger_only(arriving: Arriving) -> None:
    assert (await arriving.get("carlo", "/desk/ledger")).json()["entries"] != []
    answer = await arriving.get("carlo", f"/desk/ledger?site={CITY}")
    assert (answer.status_code, answer.json()["code"]) == (404, "site.unknown")
    assert (await arriving.get("wanda", "/desk/ledger")).status_code == 403


async def test_a_line_is_written_with_its_act_or_not_at_all(arriving: Arriving) -> None:
    platform, before = arriving.platform, (await arriving.ledger())["number"]

    async def fails(uow: UnitOfWork) -> None:
        about: dict[str, Any] = {"n": 1}
        await record(uow, platform, site=CITY, kind="test", actor="x", now=platform.now(), about=about)
        raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError):
        await platform.database.transact(fails)
    assert (await arriving.ledger())["number"] == before
