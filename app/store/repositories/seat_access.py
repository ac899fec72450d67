"""Seats by chance, keys of seat browsers, their challenges and sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.desk_tables import seat_challenges, seat_keys, seat_sessions, seatings
from app.store.field_cipher import FieldCipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Which seat chance gave to an arrival. `closed_at`: the seat was closed to that person."""

    draw_id: str
    site: str
    position: int
    seat: str
    arrival_id: str
    document: bytes
    log_index: int
    code_tag: str | None
    tries: int = 0
    assigned_at: str
    closed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatKey:
    """The public key of a seat's browser: proposed by one person, approved by another."""

    id: str
    site: str
    seat: str
    thumbprint: str
    jwk: Mapping[str, str]
    proposed_by: str
    proposed_at: str
    approved_by: str | None = None
    approved_at: str | None = None
    revoked_at: str | None = None
    revoked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChallenge:
    """32 random bytes that a seat's browser signs once before `expires_at`."""

    id: str
    key_id: str
    challenge: bytes = field(repr=False)
    origin: str
    expires_at: str
    used_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSessionRow:
    """A person at a seat; `hash` is SHA-256 of the token."""

    id: str
    hash: bytes = field(repr=False)
    site: str
    seat: str
    key_id: str
    arrival_id: str
    began_at: str
    expires_at: str
    ended_at: str | None = None
    end_reason: str | None = None


_SEATING: Final = tuple(seatings.c[name] for name in Seating.__slots__)
_KEY: Final = tuple(seat_keys.c[name] for name in SeatKey.__slots__)
_CHALLENGE: Final = tuple(seat_challenges.c[name] for name in SeatChallenge.__slots__)
_SESSION: Final = tuple(seat_sessions.c[name] for name in SeatSessionRow.__slots__)


class SeatAccessRepository:
    """Access to seatings, seat keys and seat sessions inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add_seating(self, seating: Seating) -> None:
        """Raises WriteConflictError when the seat or the position was given meanwhile: choose again."""
        try:
            await self._insert(seatings, seating, Seating)
        except IntegrityError as error:
            raise WriteConflictError("seat.given") from error

    async def seating_of(self, arrival_id: str) -> Seating | None:
        """The seat of an arrival."""
        query = select(*_SEATING).where(seatings.c.arrival_id == arrival_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Seating(**row._mapping)

    async def seatings(self, draw_id: str, site: str) -> list[Seating]:
        """Every seat given for a draw at a site, in the order of arrival."""
        query = select(*_SEATING).where(seatings.c.draw_id == draw_id, seatings.c.site == site)
        rows = await self._connection.execute(query.order_by(seatings.c.position))
        return [Seating(**row._mapping) for row in rows]

    async def open_at(self, site: str, seat: str) -> list[Seating]:
        """Seatings at a seat that are not closed, newest first."""
        query = select(*_SEATING).where(
            seatings.c.site == site, seatings.c.seat == seat, seatings.c.closed_at.is_(None)
        )
        rows = await self._connection.execute(query.order_by(seatings.c.assigned_at.desc()))
        return [Seating(**row._mapping) for row in rows]

    async def change_seating(self, arrival_id: str, **changes: Any) -> None:
        """Change slip, tries or closing of a seating."""
        await self._connection.execute(
            update(seatings).where(seatings.c.arrival_id == arrival_id).values(**changes)
        )

    async def count_wrong_code(self, seating: Seating, *, void: bool) -> None:
        """Count one more wrong code, and void the slip. Raises WriteConflictError when another was counted
        first: guesses that come at once count one by one."""
        same = (seatings.c.arrival_id == seating.arrival_id) & (seatings.c.tries == seating.tries)
        changes = {"tries": seating.tries + 1} | ({"code_tag": None} if void else {})
        done = await self._connection.execute(update(seatings).where(same).values(**changes))
        if done.rowcount != 1:
            raise WriteConflictError("seat.tries-moved")

    async def close_seating(self, arrival_id: str, statement: bytes, signature: bytes, *, now: str) -> None:
        """Close a seat to its person, with what they declared and signed (64 bytes)."""
        sealed = self._cipher.seal(
            signature + statement, table="seatings", column="sealed_declaration", row=arrival_id
        )
        await self.change_seating(arrival_id, closed_at=now, code_tag=None, sealed_declaration=sealed)

    async def use_slip(self, arrival_id: str, code_tag: str) -> bool:
        """Use up the one-time code; false when it was used, replaced or is another."""
        done = await self._connection.execute(
            update(seatings)
            .where(seatings.c.arrival_id == arrival_id, seatings.c.code_tag == code_tag)
            .values(code_tag=None, tries=0)
        )
        return done.rowcount == 1

    async def add_key(self, key: SeatKey) -> None:
        """Raises ConflictError ``seat.key-known`` when this key was proposed before, for whatever seat."""
        try:
            await self._insert(seat_keys, key, SeatKey)
        except IntegrityError as error:
            raise ConflictError("seat.key-known") from error

    async def key(self, thumbprint: str) -> SeatKey | None:
        """A key by its thumbprint."""
        return await self._key(seat_keys.c.thumbprint == thumbprint)

    async def key_by_id(self, key_id: str) -> SeatKey | None:
        """A key by its id."""
        return await self._key(seat_keys.c.id == key_id)

    async def keys_of(self, site: str) -> list[SeatKey]:
        """The keys of a site that are not revoked."""
        query = select(*_KEY).where(seat_keys.c.site == site, seat_keys.c.revoked_at.is_(None))
        rows = await self._connection.execute(query.order_by(seat_keys.c.seat, seat_keys.c.proposed_at))
        return [SeatKey(**row._mapping) for row in rows]

    async def approve_key(self, key_id: str, *, by: str, now: str) -> None:
        """Raises ConflictError ``seat.key-live`` when the seat has a live key, ``seat.key-settled`` when this
        one was approved or revoked before.
        """
        waiting = (seat_keys.c.id == key_id) & seat_keys.c.approved_at.is_(None)
        try:
            done = await self._connection.execute(
                update(seat_keys)
                .where(waiting, seat_keys.c.revoked_at.is_(None))
                .values(approved_by=by, approved_at=now)
            )
        except IntegrityError as error:
            raise ConflictError("seat.key-live") from error
        if done.rowcount != 1:
            raise ConflictError("seat.key-settled")

    async def revoke_key(self, key_id: str, *, by: str, now: str) -> bool:
        """Make a key useless; false when it was already."""
        done = await self._connection.execute(
            update(seat_keys)
            .where(seat_keys.c.id == key_id, seat_keys.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=by)
        )
        return done.rowcount == 1

    async def add_challenge(self, challenge: SeatChallenge, *, now: str) -> None:
        """Store a challenge; forget those that have expired."""
        await self._connection.execute(delete(seat_challenges).where(seat_challenges.c.expires_at < now))
        await self._insert(seat_challenges, challenge, SeatChallenge)

    async def challenges_waiting(self, key_id: str, *, now: str) -> int:
        """How many challenges of a key can still be used."""
        query = select(func.count()).where(
            seat_challenges.c.key_id == key_id,
            seat_challenges.c.used_at.is_(None),
            seat_challenges.c.expires_at > now,
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def spend_challenge(self, challenge_id: str, *, now: str) -> SeatChallenge | None:
        """Use up a challenge; None when it is unknown, used or too old."""
        table = seat_challenges
        unused = (table.c.id == challenge_id) & table.c.used_at.is_(None) & (table.c.expires_at > now)
        done = await self._connection.execute(update(table).where(unused).values(used_at=now))
        if done.rowcount != 1:
            return None
        row = (await self._connection.execute(select(*_CHALLENGE).where(table.c.id == challenge_id))).one()
        return SeatChallenge(**row._mapping)

    async def knows_challenge(self, challenge_id: str) -> bool:
        """Whether such a challenge was given lately, used or not."""
        query = select(seat_challenges.c.id).where(seat_challenges.c.id == challenge_id)
        return (await self._connection.execute(query)).one_or_none() is not None

    async def add_session(self, session: SeatSessionRow) -> None:
        """Raises ConflictError ``seat.occupied`` when the seat or the arrival has a live session."""
        try:
            await self._insert(seat_sessions, session, SeatSessionRow)
        except IntegrityError as error:
            raise ConflictError("seat.occupied") from error

    async def session_of_token(self, token_hash: bytes) -> SeatSessionRow | None:
        """The session of a token, also an ended one."""
        query = select(*_SESSION).where(seat_sessions.c.hash == token_hash)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else SeatSessionRow(**row._mapping)

    async def live_sessions(self, site: str) -> list[SeatSessionRow]:
        """The sessions of a site that have not ended."""
        query = select(*_SESSION).where(seat_sessions.c.site == site, seat_sessions.c.ended_at.is_(None))
        return [SeatSessionRow(**row._mapping) for row in await self._connection.execute(query)]

    async def end_sessions(self, *, reason: str, now: str, **where: str) -> int:
        """End every live session that has all of `where` (seat, site, arrival_id, key_id, id); how many."""
        query = update(seat_sessions).where(seat_sessions.c.ended_at.is_(None))
        for name, value in where.items():
            query = query.where(seat_sessions.c[name] == value)
        done = await self._connection.execute(query.values(ended_at=now, end_reason=reason))
        return done.rowcount

    async def _insert(self, table: Any, value: object, kind: Any) -> None:
        values = {name: getattr(value, name) for name in kind.__slots__}
        await self._connection.execute(table.insert().values(**values))

    async def _key(self, condition: Any) -> SeatKey | None:
        row = (await self._connection.execute(select(*_KEY).where(condition))).one_or_none()
        return None if row is None else SeatKey(**row._mapping)
