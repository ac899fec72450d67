"""Contacts of a pool: how its experts are reached. Read from a file, or made for synthetic pools.

The file is CSV in UTF-8 with the columns ``expert,phone,email,channels`` (channels joined by ``+``, in
order). Every row with a fault is told by its number; a value never stands in a fault.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.errors import Fault, InputRefusedError, NotFoundError
from app.store.repositories.contacts import CHANNELS, Contact
from app.store.unit_of_work import UnitOfWork
from app.synthetic import NOBODY
from app.usecases.operations import Actor, note
from app.usecases.pools import load_snapshot

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 1_000_000
MAX_FAULTS: Final = 200
COLUMNS: Final = ("expert", "phone", "email", "channels")
_PHONE: Final = re.compile(r"\+?[0-9]{5,15}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,189}")


def read_contacts(data: bytes) -> dict[str, Contact]:
    """Contacts by expert id. Raises InputRefusedError ``contacts.refused`` with every fault."""
    if len(data) > MAX_BYTES:
        raise InputRefusedError("contacts.refused", [Fault(code="contacts.size")])
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputRefusedError("contacts.refused", [Fault(code="contacts.syntax")]) from error
    faults = list(_faults(reader.fieldnames, rows))[:MAX_FAULTS]
    if faults:
        raise InputRefusedError("contacts.refused", faults)
    return {row["expert"]: _contact(row) for row in rows}


async def store(
    uow: UnitOfWork,
    pool_id: str,
    found: Mapping[str, Contact],
    *,
    actor: Actor,
    now: str,
) -> int:
    """Store contacts of experts of the pool's newest version; how many.

    Raises NotFoundError ``pool.unknown``, InputRefusedError ``contacts.refused`` for experts that are not in
    it.
    """
    pool = await uow.pools.get(pool_id)
    if pool is None:
        raise NotFoundError("pool.unknown")
    snapshot = await load_snapshot(uow, pool.id, pool.version)
    known = {record.id for record in snapshot.records}
    strangers = [
        Fault(code="contacts.expert", pointer=f"/{number}")
        for number, one in enumerate(found)
        if one not in known
    ]
    if strangers:
        raise InputRefusedError("contacts.refused", strangers[:MAX_FAULTS])
    await uow.contacts.put_all(pool_id, found, now=now)
    await note(uow, actor, "contacts.write", pool_id, now=now)
    return len(found)


async def contacts_of_nobody(uow: UnitOfWork, pool_id: str) -> dict[str, Contact]:
    """Contacts for a synthetic pool. Raises NotFoundError ``pool.unknown``, InputRefusedError
    ``contacts.refused`` for a pool with a name that could be somebody's."""
    pool = await uow.pools.get(pool_id)
    if pool is None:
        raise NotFoundError("pool.unknown")
    records = (await load_snapshot(uow, pool.id, pool.version)).records
    if not all(record.name.startswith(NOBODY) for record in records):
        raise InputRefusedError("contacts.refused", [Fault(code="contacts.real")])
    return synthetic_contacts(record.id for record in records)


def synthetic_contacts(experts: Iterable[str]) -> dict[str, Contact]:
    """Contacts of nobody: phone numbers begin with 000, which no exchange routes."""
    return {
        expert: Contact(phone=f"000{number:08d}", email=None, channels=("sms", "voice"))
        for number, expert in enumerate(experts)
    }


def ways(contact: Contact) -> list[tuple[str, str]]:
    """Channels and addresses by which a person is reached, in writing first."""
    found = (("sms", contact.phone), ("email", contact.email), ("voice", contact.phone))
    return [(channel, to) for channel, to in found if channel in contact.channels and to]


def told_by(contact: Contact) -> list[tuple[str, str]]:
    """Every way in writing; a call only where there is none."""
    found = ways(contact)
    return [one for one in found if one[0] != "voice"] or found


def _faults(columns: Sequence[str] | None, rows: list[dict[str, str]]) -> Iterable[Fault]:
    if tuple(columns or ()) != COLUMNS or not 0 < len(rows) <= MAX_ROWS:
        yield Fault(code="contacts.columns")
        return
    seen: set[str] = set()
    for number, row in enumerate(rows):
        at = f"/{number}"
        if None in row or None in row.values() or not row["expert"] or row["expert"] in seen:
            yield Fault(code="contacts.row", pointer=at)
            continue
        seen.add(row["expert"])
        yield from (Fault(code="contacts.value", pointer=f"{at}/{name}") for name in _bad(row))


def _bad(row: Mapping[str, str]) -> Iterable[str]:
    channels = _channels(row)
    phoned = bool({"sms", "voice"} & set(channels))
    if (row["phone"] or phoned) and not _PHONE.fullmatch(row["phone"]):
        yield "phone"
    if (row["email"] or "email" in channels) and not _EMAIL.fullmatch(row["email"]):
        yield "email"
    if not channels or len(set(channels)) < len(channels) or not set(channels) <= set(CHANNELS):
        yield "channels"


def _contact(row: Mapping[str, str]) -> Contact:
    return Contact(phone=row["phone"] or None, email=row["email"] or None, channels=_channels(row))


def _channels(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(one for one in row["channels"].split("+") if one)
