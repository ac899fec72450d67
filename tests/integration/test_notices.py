"""Notices of a change: everybody concerned once, however often and by how many it is told (R40)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.errors import AppError
from app.store.unit_of_work import Database
from app.usecases.delivery.notices import Change, Receipt, Recipient, fan_out, receipts
from app.usecases.delivery.outbox import run_due
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from tests.support.cosigner import InMemoryCosigner
from tests.support.delivery import NOON, SMS, Carrier, bring_reports, make_platform, provider
from tests.support.parties import Clock

pytestmark = pytest.mark.anyio
CHANGE = Change(id="cmp_1:moved:1", draw_id="drw_1", expires_at="2026-11-24T05:00:00Z")
FIELDS = {
    "what_changed": "改到下午",
    "date": "2026-11-24",
    "start": "14:00",
    "site": "一号评标室",
    "arrive_by": "2026-11-24T05:40:00Z",
    "contact": "0591-12345678",
}


@pytest.fixture
def clock() -> Clock:
    return Clock(now=NOON)


@pytest.fixture
def sender(
    database: Database, log_identity: LogIdentity, cosigners: list[InMemoryCosigner], clock: Clock
) -> Platform:
    return make_platform(database, log_identity, cosigners, clock=clock)


def people(number: int) -> list[Recipient]:
    return [
        Recipient(key=f"person-{one}", audience="expert", channel="sms", to=f"138{one:08d}")
        for one in range(number)
    ]


async def tell(
    platform: Platform, recipients: Sequence[Recipient], change: Change = CHANGE, **fields: str
) -> int:
    async def work(uow: Any) -> int:
        return await fan_out(
            uow,
            change=change,
            recipients=recipients,
            template="moved",
            fields=FIELDS | fields,
            now=platform.now(),
        )

    return await platform.database.transact(work)


async def listed(platform: Platform) -> list[Receipt]:
    async with platform.database.read() as uow:
        return await receipts(uow, "drw_1")


async def test_everybody_gets_one_message_and_those_who_join_later_too(
    sender: Platform, clock: Clock
) -> None:
    books = provider()
    assert await tell(sender, people(5)) == 5
    assert await tell(sender, people(7)) == 2
    assert await tell(sender, people(7)) == 0
    await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now())
    assert sorted(one.order.to for one in books.taken.values()) == [one.to for one in people(7)]


async def test_a_person_named_twice_is_told_once(sender: Platform) -> None:
    assert await tell(sender, [*people(2), *people(2)]) == 2


async def test_two_servers_telling_the_same_change_tell_everybody_once(
    sender: Platform,
    second_server: Database,
    log_identity: LogIdentity,
    cosigners: list[InMemoryCosigner],
    clock: Clock,
) -> None:
    other = make_platform(second_server, log_identity, cosigners, clock=clock, name="other")
    told = await asyncio.gather(tell(sender, people(12)), tell(other, people(12)))
    assert sum(told) == 12
    assert len(await listed(sender)) == 12


async def test_the_next_change_is_told_anew(sender: Platform) -> None:
    later = Change(id="cmp_1:moved:2", draw_id="drw_1", expires_at=CHANGE.expires_at)
    assert await tell(sender, people(3)) == await tell(sender, people(3), later) == 3


async def test_each_notice_has_its_receipt_and_names_nobody(sender: Platform, clock: Clock) -> None:
    books = provider()
    await tell(sender, people(2))
    assert [one.state for one in await listed(sender)] == ["queued", "queued"]
    await run_due(sender, {"sms": Carrier(SMS.name, books, clock)}, sender.now())
    await bring_reports(books, sender)
    told = await listed(sender)
    assert [(one.audience, one.channel, one.state, one.kind) for one in told] == [
        ("expert", "sms", "delivered", "delivered")
    ] * 2
    assert not [one.to for one in people(2) if one.to in repr(told)]
    assert "person-" not in repr(told)


async def test_a_notice_that_may_not_be_sent_is_no_notice(sender: Platform) -> None:
    with pytest.raises(AppError) as caught:
        await tell(sender, people(3), what_changed="投标人甲提出异议")
    assert caught.value.code == "message.value"
    assert await listed(sender) == []
