"""How to reach the experts of a pool: phone, email, channels, sealed under a keyed hash of pool and expert.

A pool's frozen versions never hold a phone number: contacts change without moving a draw's ground.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.field_cipher import FieldCipher
from app.store.invitation_tables import contacts

BATCH: Final = 1_000
CHANNELS: Final = ("sms", "voice", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Phone digits, email address or None, and the channels to use."""

    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    channels: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Contact":
        """From its stored form."""
        return cls(phone=value["phone"], email=value["email"], channels=tuple(value["channels"]))


class ContactRepository:
    """Access to contacts inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def put(self, pool_id: str, expert: str, contact: Contact, *, now: str) -> None:
        """Store or replace one expert's contact."""
        tag = self._tag(pool_id, expert)
        sealed = self._sealed(pool_id, tag, contact)
        known = update(contacts).where(contacts.c.pool_id == pool_id, contacts.c.expert_tag == tag)
        if (await self._connection.execute(known.values(sealed=sealed, changed_at=now))).rowcount:
            return
        await self._connection.execute(
            contacts.insert().values(pool_id=pool_id, expert_tag=tag, sealed=sealed, changed_at=now)
        )

    async def put_all(self, pool_id: str, found: Mapping[str, Contact], *, now: str) -> None:
        """Store or replace the contacts of many experts; the new ones by a few large statements."""
        query = select(contacts.c.expert_tag).where(contacts.c.pool_id == pool_id)
        known = set((await self._connection.execute(query)).scalars())
        tags = {expert: self._tag(pool_id, expert) for expert in found}
        for expert, tag in tags.items():
            if tag in known:
                await self.put(pool_id, expert, found[expert], now=now)
        fresh = [expert for expert, tag in tags.items() if tag not in known]
        for start in range(0, len(fresh), BATCH):
            rows = [
                {
                    "pool_id": pool_id,
                    "expert_tag": tags[expert],
                    "sealed": self._sealed(pool_id, tags[expert], found[expert]),
                    "changed_at": now,
                }
                for expert in fresh[start : start + BATCH]
            ]
            await self._connection.execute(contacts.insert(), rows)

    async def get(self, pool_id: str, expert: str) -> Contact | None:
        """One expert's contact."""
        tag = self._tag(pool_id, expert)
        query = select(contacts.c.sealed).where(contacts.c.pool_id == pool_id, contacts.c.expert_tag == tag)
        sealed = (await self._connection.execute(query)).scalar_one_or_none()
        if sealed is None:
            return None
        return Contact.from_json(json.loads(self._cipher.open(sealed, **_place(pool_id, tag))))

    async def count(self, pool_id: str) -> int:
        """How many experts of a pool can be reached."""
        query = select(func.count()).select_from(contacts).where(contacts.c.pool_id == pool_id)
        return int((await self._connection.execute(query)).scalar_one())

    def _sealed(self, pool_id: str, tag: str, contact: Contact) -> bytes:
        plain = json.dumps(asdict(contact), ensure_ascii=False).encode("utf-8")
        return self._cipher.seal(plain, **_place(pool_id, tag))

    def _tag(self, pool_id: str, expert: str) -> str:
        return self._cipher.tag("contact", f"{pool_id}|{expert}")


def _place(pool_id: str, tag: str) -> dict[str, str]:
    return {"table": "contacts", "column": "sealed", "row": f"{pool_id}/{tag}"}
