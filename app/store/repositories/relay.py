"""The relay box: keys of staff browsers, items with their content until it is taken, and two signatures each.

Names and contents are sealed. An item is never deleted; only its content goes when it was taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.venue_tables import relay_items, relay_signatures, staff_keys

_TABLE: Final = "relay_items"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffKey:
    """The public key of one person's browser at one site; `id` is its thumbprint."""

    id: str
    site_id: str
    person: str
    public: Mapping[str, str]
    created_at: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayItem:
    """A file that passes a relay zone; `content` is None once it was taken."""

    id: str
    site_id: str
    zone_id: str
    booking_id: str
    direction: str
    size: int
    digest: str
    name: str = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySignature:
    """Who put an item in (``put``) or took it out (``take``), and why."""

    item_id: str
    act: str
    reason: str
    person: str
    key_id: str
    signature: bytes
    signed_at: str


_KEY: Final = tuple(column.name for column in fields(StaffKey))
_SIGNATURE: Final = tuple(column.name for column in fields(RelaySignature))
_ITEM: Final = ("id", "site_id", "zone_id", "booking_id", "direction", "size", "digest")


class RelayRepository:
    """Access to the relay box inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add_key(self, key: StaffKey) -> None:
        """Raises ConflictError ``relay.key-exists``."""
        try:
            await self._connection.execute(staff_keys.insert().values(**{n: getattr(key, n) for n in _KEY}))
        except IntegrityError as error:
            raise ConflictError("relay.key-exists") from error

    async def key(self, key_id: str) -> StaffKey | None:
        """One key."""
        row = (
            await self._connection.execute(select(staff_keys).where(staff_keys.c.id == key_id))
        ).one_or_none()
        return None if row is None else StaffKey(**row._mapping)

    async def add(self, item: RelayItem) -> None:
        """Store an item with its content."""
        sealed = {
            "sealed_name": self._seal(item.id, "sealed_name", item.name.encode("utf-8")),
            "sealed_content": self._seal(item.id, "sealed_content", item.content or b""),
        }
        values = {name: getattr(item, name) for name in _ITEM}
        await self._connection.execute(relay_items.insert().values(**values, **sealed))

    async def item(self, item_id: str, *, site_id: str) -> RelayItem | None:
        """One item of a site, with its content while it is there."""
        query = select(relay_items).where(relay_items.c.id == item_id, relay_items.c.site_id == site_id)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        content = row.sealed_content
        opened = None if content is None else self._open(item_id, "sealed_content", content)
        return RelayItem(
            **{name: getattr(row, name) for name in _ITEM},
            name=self._open(item_id, "sealed_name", row.sealed_name).decode("utf-8"),
            content=opened,
        )

    async def items(self, site_id: str, *, limit: int) -> list[RelayItem]:
        """The newest items of a site, without contents."""
        columns = (*(relay_items.c[name] for name in _ITEM), relay_items.c.sealed_name)
        put = relay_signatures.c.act == "put"
        query = (
            select(*columns)
            .join(relay_signatures, relay_signatures.c.item_id == relay_items.c.id)
            .where(relay_items.c.site_id == site_id, put)
            .order_by(relay_signatures.c.signed_at.desc(), relay_items.c.id)
        )
        return [
            RelayItem(
                **{name: getattr(row, name) for name in _ITEM},
                name=self._open(row.id, "sealed_name", row.sealed_name).decode("utf-8"),
            )
            for row in await self._connection.execute(query.limit(limit))
        ]

    async def sign(self, signature: RelaySignature) -> None:
        """Raises WriteConflictError when the act was signed meanwhile."""
        values = {name: getattr(signature, name) for name in _SIGNATURE}
        try:
            await self._connection.execute(relay_signatures.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def signatures(self, item_ids: list[str]) -> dict[str, dict[str, RelaySignature]]:
        """By item and act."""
        found: dict[str, dict[str, RelaySignature]] = {one: {} for one in item_ids}
        query = select(relay_signatures).where(relay_signatures.c.item_id.in_(item_ids))
        for row in await self._connection.execute(query):
            found[row.item_id][row.act] = RelaySignature(**row._mapping)
        return found

    async def erase(self, item_id: str) -> None:
        """Let the content go."""
        await self._connection.execute(
            update(relay_items).where(relay_items.c.id == item_id).values(sealed_content=None)
        )

    def _seal(self, row: str, column: str, value: bytes) -> bytes:
        return self._cipher.seal(value, table=_TABLE, column=column, row=row)

    def _open(self, row: str, column: str, value: bytes) -> bytes:
        return self._cipher.open(value, table=_TABLE, column=column, row=row)
