"""Messages on their way out. Written in the business transaction, sent later, erased once that is over.

The payload (recipient, language, fields) is sealed. A message's id goes with every attempt, so that a gateway
delivers it once however often it is handed over. What may be said is decided in
`app.usecases.delivery.templates`; here only the names of the fields are held to the allow-list.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import AppError, WriteConflictError
from app.store.delivery_tables import outbox
from app.store.field_cipher import FieldCipher
from app.store.repositories.leases import Claim, claim, end

CHANNELS: Final = ("sms", "voice", "email", "letter")
FIELDS: Final = frozenset(
    {
        "date",
        "start",
        "hours",
        "overnight",
        "area",
        "site",
        "bring",
        "contact",
        "link",
        "code",
        "reply_by",
        "arrive_by",
        "what_changed",
    }
)
QUEUED: Final = "queued"
SENDING: Final = "sending"
SENT: Final = "sent"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
EXPIRED: Final = "expired"
_LIVE: Final = (QUEUED, SENDING, SENT)
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The invitation that a call's keypad answer is about: draw k, log index n."""

    draw: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `to` is a phone number, an address or a name of a folder; `fields` fill the template.

    `dedupe` names the occasion: a second message of the same occasion is not stored. `log_size`: nothing
    leaves before a published checkpoint covers the log up to there. An `urgent` one leaves in quiet hours
    too. Raises AppError ``message.field`` for a field outside of `FIELDS`.
    """

    id: str
    channel: str
    template: str
    to: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    dedupe: str
    not_before: str
    expires_at: str
    log_size: int | None = None
    urgent: bool = False
    language: str = "zh"
    reference: Reference | None = None

    def __post_init__(self) -> None:
        """No other field can even be put down."""
        if not self.fields.keys() <= FIELDS:
            raise AppError("message.field", count=len(self.fields.keys() - FIELDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that a worker holds; `attempts` counts this one."""

    message: Message
    attempts: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What may be known of a message without opening it. `kind` and `at` are the newest report's."""

    id: str
    channel: str
    template: str
    state: str
    attempts: int
    failure: str | None
    kind: str | None
    at: str | None
    not_before: str
    reference: Reference | None


def message_id(random: Callable[[int], bytes]) -> str:
    """A fresh id."""
    return f"msg_{random(_ID_BYTES).hex()}"


class OutboxRepository:
    """Access to the outbox inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, message: Message) -> str:
        """Store a message; its id, or that of the one already stored for the same occasion.

        Raises WriteConflictError when somebody else stores that occasion right now.
        """
        known = select(outbox.c.id).where(outbox.c.dedupe == message.dedupe)
        found = (await self._connection.execute(known)).scalar_one_or_none()
        if found is not None:
            return str(found)
        try:
            await self._connection.execute(outbox.insert().values(**self._row(message)))
        except IntegrityError as error:
            raise WriteConflictError("message.exists") from error
        return message.id

    async def get(self, message_id: str) -> Delivery | None:
        """What is known of one message."""
        row = (await self._connection.execute(select(outbox).where(outbox.c.id == message_id))).mappings()
        found = row.one_or_none()
        return None if found is None else _delivery(found)

    async def of_ids(self, ids: Collection[str]) -> dict[str, Delivery]:
        """What is known of these messages, by id."""
        rows = await self._connection.execute(select(outbox).where(outbox.c.id.in_(list(ids))))
        return {one["id"]: _delivery(one) for one in rows.mappings()}

    async def of_invitation(self, reference: Reference) -> list[Delivery]:
        """Every message about one invitation, by the time it might leave."""
        about = (outbox.c.draw_k == reference.draw) & (outbox.c.invitation_n == reference.n)
        rows = await self._connection.execute(
            select(outbox).where(about).order_by(outbox.c.not_before, outbox.c.id)
        )
        return [_delivery(one) for one in rows.mappings()]

    async def cancel(self, dedupe: str) -> bool:
        """Expire a message that has not left yet and erase it; False when there is none, or it has left."""
        swap = update(outbox).where(outbox.c.dedupe == dedupe, outbox.c.state == QUEUED)
        swap = swap.values(state=EXPIRED, sealed_payload=None)
        return (await self._connection.execute(swap)).rowcount == 1

    async def claim(self, asked: Claim, *, published: int, quiet: Collection[str]) -> list[Claimed]:
        """Lease due messages: covered by the log, not expired, and no `quiet` channel unless urgent."""
        wanted = and_(
            outbox.c.state.in_(_LIVE),
            outbox.c.sealed_payload.is_not(None),
            outbox.c.expires_at > asked.now,
            or_(outbox.c.log_size.is_(None), outbox.c.log_size <= published),
            or_(outbox.c.urgent, outbox.c.channel.not_in(list(quiet))),
        )
        rows = await claim(self._connection, outbox, wanted, asked, state=SENDING)
        return [
            Claimed(message=self._message(row), attempts=row["attempts"], token=asked.token) for row in rows
        ]

    async def settle(self, claimed: Claimed, *, state: str, next_at: str, **changes: Any) -> bool:
        """End an attempt; False when the claim was lost or a report came first: then that stands."""
        held = (outbox.c.id == claimed.message.id) & (outbox.c.state == SENDING)
        return await end(
            self._connection, outbox, held, claimed.token, state=state, next_at=next_at, **changes
        )

    async def report(self, message_id: str, *, state: str | None, kind: str, at: str) -> None:
        """Note a report and, with `state`, let it move the message and erase its payload.

        ``delivered`` is final; nothing else replaces it.
        """
        known = update(outbox).where(outbox.c.id == message_id)
        await self._connection.execute(known.values(last_kind=kind, last_at=at))
        if state is not None:
            moved = known.where(outbox.c.state != DELIVERED)
            await self._connection.execute(
                moved.values(state=state, sealed_payload=None, leased_by=None, lease_until=None)
            )

    async def expire(self, now: str, limit: int) -> list[str]:
        """Expire what ran out of time and that nobody is sending; the ids."""
        over = and_(
            outbox.c.sealed_payload.is_not(None),
            outbox.c.expires_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
        )
        chosen = select(outbox.c.id).where(over).order_by(outbox.c.id).limit(limit)
        ids = list((await self._connection.execute(chosen)).scalars())
        gone: list[str] = []
        for one in ids:
            swap = update(outbox).where(outbox.c.id == one, over)
            swap = swap.values(state=EXPIRED, sealed_payload=None, leased_by=None, lease_until=None)
            if (await self._connection.execute(swap)).rowcount == 1:
                gone.append(one)
        return gone

    async def uncovered(self, now: str, *, published: int) -> int | None:
        """The largest log size that a due message waits for, or None."""
        query = select(func.max(outbox.c.log_size)).where(
            outbox.c.state == QUEUED, outbox.c.next_at <= now, outbox.c.log_size > published
        )
        largest: int | None = (await self._connection.execute(query)).scalar_one_or_none()
        return largest

    async def figures(self, now: str, *, quiet: Collection[str] = ()) -> tuple[dict[str, int], str | None]:
        """How many messages stand in each state, and since when the oldest due one waits; `quiet` channels
        rest.
        """
        counted = select(outbox.c.state, func.count().label("messages")).group_by(outbox.c.state)
        states = {row.state: row.messages for row in await self._connection.execute(counted)}
        awake = or_(outbox.c.urgent, outbox.c.channel.not_in(list(quiet)))
        waits = select(func.min(outbox.c.next_at)).where(_is_open(), outbox.c.next_at <= now, awake)
        return states, (await self._connection.execute(waits)).scalar_one_or_none()

    def _row(self, message: Message) -> dict[str, Any]:
        payload = {"to": message.to, "language": message.language, "fields": dict(message.fields)}
        sealed = self._cipher.seal(json.dumps(payload).encode(), **_place(message.id))
        about = message.reference
        return {
            "id": message.id,
            "channel": message.channel,
            "template": message.template,
            "state": QUEUED,
            "urgent": message.urgent,
            "sealed_payload": sealed,
            "dedupe": message.dedupe,
            "draw_k": None if about is None else about.draw,
            "invitation_n": None if about is None else about.n,
            "not_before": message.not_before,
            "expires_at": message.expires_at,
            "next_at": message.not_before,
            "attempts": 0,
            "log_size": message.log_size,
        }

    def _message(self, row: RowMapping) -> Message:
        payload = json.loads(self._cipher.open(row["sealed_payload"], **_place(row["id"])))
        same = ("id", "channel", "template", "dedupe", "not_before", "expires_at", "log_size", "urgent")
        return Message(**{name: row[name] for name in same}, **payload, reference=_reference(row))


def _is_open() -> ColumnElement[bool]:
    return outbox.c.state.in_((QUEUED, SENDING))


def _place(message_id: str) -> dict[str, str]:
    return {"table": "outbox", "column": "sealed_payload", "row": message_id}


def _reference(row: RowMapping) -> Reference | None:
    return None if row["draw_k"] is None else Reference(draw=row["draw_k"], n=row["invitation_n"])


def _delivery(row: RowMapping) -> Delivery:
    same = ("id", "channel", "template", "state", "attempts", "failure", "not_before")
    return Delivery(
        **{name: row[name] for name in same},
        kind=row["last_kind"],
        at=row["last_at"],
        reference=_reference(row),
    )
