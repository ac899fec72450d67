"""Contacts of a pool in the store: a later file replaces what it names and leaves the rest."""

from collections.abc import Mapping

import pytest

from app.store.repositories.contacts import BATCH, Contact
from app.store.unit_of_work import Database, UnitOfWork
from tests.support.service import NOW

pytestmark = pytest.mark.anyio
AT = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


def by_phone(*phones: str) -> Mapping[str, Contact]:
    return {
        f"e{number}": Contact(phone=phone, email=None, channels=("sms",))
        for number, phone in enumerate(phones)
    }


async def stored(database: Database, pool: str, found: Mapping[str, Contact]) -> None:
    async def work(uow: UnitOfWork) -> None:
        await uow.contacts.put_all(pool, found, now=AT)

    await database.transact(work)


async def test_a_later_file_replaces_what_it_names(database: Database) -> None:
    await stored(database, "city", by_phone("00010001", "00010002"))
    await stored(database, "county", by_phone("00020001"))
    await stored(database, "city", by_phone("00010009"))
    async with database.read() as uow:
        numbers = [await uow.contacts.get(pool, expert) for pool, expert in (("city", "e0"), ("city", "e1"))]
        assert [one and one.phone for one in numbers] == ["00010009", "00010002"]
        assert (await uow.contacts.count("city"), await uow.contacts.count("county")) == (2, 1)
        assert await uow.contacts.get("county", "e1") is None


async def test_more_than_one_statement_holds_is_stored_whole(database: Database) -> None:
    phones = [f"000{number:08d}" for number in range(BATCH + 1)]
    await stored(database, "city", by_phone(*phones))
    async with database.read() as uow:
        assert await uow.contacts.count("city") == BATCH + 1
        last = await uow.contacts.get("city", f"e{BATCH}")
    assert last is not None
    assert last.phone == phones[-1]
