"""Invitations and the answers to them. Who is invited, to which seat, and why somebody declined is sealed.

State moves by compare-and-swap on `state_version`. An invitation whose seat is to pass on carries the class
of the event in `pending` until that is done: whoever restarts reads there what is left to do.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.invitation_tables import campaigns, invitation_replies, invitations
from app.store.repositories.contacts import Contact
from app.store.tables import draws

_TABLE: Final = "invitations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Who is invited: seat from 0, how many events the seat had had, ids of the request's stratum and site,
    the expert's id in the pool, the keyed hash of their identity number, and how to reach them."""

    seat: int = field(repr=False)
    tenure: int = field(repr=False)
    stratum: str
    site: str
    expert: str = field(repr=False)
    person: str = field(repr=False)
    contact: Contact = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One letter. `letter` opens with the letter's own key only; `content` is what it says, for calls.

    `auth_hash` is SHA-256 of what the page proves itself with, `reply_key` the public half of the key that
    signs answers (both hex32). `pending`: class of the event that its seat still waits for.
    """

    id: str
    campaign_id: str
    draw_id: str
    n: int
    invited: Invited = field(repr=False)
    content: Mapping[str, str] = field(repr=False)
    letter: bytes = field(repr=False)
    auth_hash: str = field(repr=False)
    reply_key: str
    arrival_tag: str = field(repr=False)
    arrival_code_tag: str = field(repr=False)
    venue_site: str
    state: str
    state_version: int = 0
    begins: str
    reply_by: str
    cut_off: str
    arrive_by: str
    log_index: int
    pending: str | None = None
    reason: str | None = field(default=None, repr=False)
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer in the log; `record` are the bytes of the gateway's record of a keypad answer."""

    answer: str
    at: str
    log_index: int
    record: bytes | None = field(default=None, repr=False)


_CLEAR: Final = tuple(name for name in Invitation.__slots__ if name not in ("invited", "content", "reason"))
_HOURS: Final = frozenset({"begins", "cut_off", "arrive_by"})
_MOVES: Final = frozenset({"state", "pending", "reason", "content", "updated_at"}) | _HOURS
_SEALED: Final = ("reason", "content")


class InvitationRepository:
    """Access to invitations inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, invitation: Invitation) -> None:
        """Raises WriteConflictError ``invitation.exists`` when the id or the number is taken."""
        values = {name: getattr(invitation, name) for name in _CLEAR}
        sealed = {
            "sealed_holder": self._seal(invitation.id, "sealed_holder", asdict(invitation.invited)),
            "sealed_content": self._seal(invitation.id, "sealed_content", dict(invitation.content)),
        }
        try:
            await self._connection.execute(invitations.insert().values(**values, **sealed))
        except IntegrityError as error:
            raise WriteConflictError("invitation.exists") from error

    async def get(self, invitation_id: str) -> Invitation | None:
        """One invitation."""
        found = await self._listed(invitations.c.id == invitation_id)
        return found[0] if found else None

    async def auth_hash(self, invitation_id: str) -> str | None:
        """The hash that a letter's page has to prove; opens nothing."""
        query = select(invitations.c.auth_hash).where(invitations.c.id == invitation_id)
        found: str | None = (await self._connection.execute(query)).scalar_one_or_none()
        return found

    async def of_draw(self, draw_id: str) -> list[Invitation]:
        """A draw's invitations, ascending by their number."""
        return await self._listed(invitations.c.draw_id == draw_id)

    async def numbered(self, draw_id: str, n: int) -> Invitation | None:
        """The invitation with this number in the draw's log."""
        found = await self._listed((invitations.c.draw_id == draw_id) & (invitations.c.n == n))
        return found[0] if found else None

    async def referred(self, k: int, n: int) -> Invitation | None:
        """The invitation n of the draw with number k."""
        draw = select(draws.c.id).where(draws.c.k == k)
        found = await self._listed(invitations.c.draw_id.in_(draw) & (invitations.c.n == n))
        return found[0] if found else None

    async def expected(self, *, arrival_tag: str) -> list[Invitation]:
        """Invitations that a keyed hash of place, day and person finds, of campaigns not cancelled."""
        live = select(campaigns.c.id).where(campaigns.c.state != "cancelled")
        return await self._listed(
            (invitations.c.arrival_tag == arrival_tag) & invitations.c.campaign_id.in_(live)
        )

    async def at_site(self, venue_site: str, *states: str) -> list[Invitation]:
        """Invitations to one venue site in one of these states."""
        return await self._listed((invitations.c.venue_site == venue_site) & invitations.c.state.in_(states))

    async def advance(self, invitation: Invitation, **changes: Any) -> Invitation:
        """Apply `changes` (state, pending, reason, hours, content, updated_at) to the invitation as read.

        Raises WriteConflictError when another writer was first.
        """
        if not changes.keys() <= _MOVES:
            raise TypeError("not a column that moves")
        values = {name: value for name, value in changes.items() if name not in _SEALED}
        for name in _SEALED:
            if changes.get(name) is not None:
                values[f"sealed_{name}"] = self._seal(invitation.id, f"sealed_{name}", changes[name])
        swap = (
            update(invitations)
            .where(
                invitations.c.id == invitation.id,
                invitations.c.state_version == invitation.state_version,
            )
            .values(**values, state_version=invitation.state_version + 1)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("invitation.state-moved")
        found = await self.get(invitation.id)
        return found or invitation

    async def add_answer(self, invitation_id: str, answer: Answer) -> None:
        """Raises WriteConflictError ``invitation.answered`` when this answer stands already."""
        record = answer.record
        sealed = None if record is None else self._sealed_record(invitation_id, answer.answer, record)
        try:
            await self._connection.execute(
                invitation_replies.insert().values(
                    invitation_id=invitation_id,
                    answer=answer.answer,
                    at=answer.at,
                    log_index=answer.log_index,
                    sealed_record=sealed,
                )
            )
        except IntegrityError as error:
            raise WriteConflictError("invitation.answered") from error

    async def answers(self, invitation_id: str) -> list[Answer]:
        """The answers to an invitation in their order in the log."""
        query = select(invitation_replies).where(invitation_replies.c.invitation_id == invitation_id)
        rows = await self._connection.execute(query.order_by(invitation_replies.c.log_index))
        return [
            Answer(
                answer=row["answer"],
                at=row["at"],
                log_index=row["log_index"],
                record=self._opened_record(invitation_id, row),
            )
            for row in rows.mappings()
        ]

    async def _listed(self, wanted: Any) -> list[Invitation]:
        query = select(invitations).where(wanted).order_by(invitations.c.draw_id, invitations.c.n)
        return [self._invitation(row) for row in (await self._connection.execute(query)).mappings()]

    def _invitation(self, row: RowMapping) -> Invitation:
        holder = self._open(row["id"], "sealed_holder", row["sealed_holder"])
        reason = row["sealed_reason"]
        return Invitation(
            **{name: row[name] for name in _CLEAR},
            invited=Invited(**{**holder, "contact": Contact.from_json(holder["contact"])}),
            content=self._open(row["id"], "sealed_content", row["sealed_content"]),
            reason=None if reason is None else self._open(row["id"], "sealed_reason", reason),
        )

    def _seal(self, row: str, column: str, value: Any) -> bytes:
        plain = json.dumps(value, ensure_ascii=False).encode("utf-8")
        return self._cipher.seal(plain, table=_TABLE, column=column, row=row)

    def _open(self, row: str, column: str, sealed: bytes) -> Any:
        return json.loads(self._cipher.open(sealed, table=_TABLE, column=column, row=row))

    def _sealed_record(self, invitation_id: str, answer: str, record: bytes) -> bytes:
        return self._cipher.seal(
            record, table="invitation_replies", column="sealed_record", row=f"{invitation_id}/{answer}"
        )

    def _opened_record(self, invitation_id: str, row: RowMapping) -> bytes | None:
        if row["sealed_record"] is None:
            return None
        return self._cipher.open(
            row["sealed_record"],
            table="invitation_replies",
            column="sealed_record",
            row=f"{invitation_id}/{row['answer']}",
        )
