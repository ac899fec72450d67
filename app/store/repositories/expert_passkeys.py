"""Passkeys of experts, the challenges their letters gave out, and who has shown at a letter that it is they.

A passkey belongs to a keyed hash of its person: neither its row nor its use tells of a letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.invitation_tables import expert_passkeys, letter_challenges, letter_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertPasskey:
    """One credential (base64url), its public key in COSE form; dates are days in Beijing."""

    id: str
    owner_tag: str = field(repr=False)
    credential: str = field(repr=False)
    handle: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    created_on: str
    used_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterChallenge:
    """A challenge that a letter gave out. `digest` is its SHA-256 (hex); `handle` for a registration only."""

    invitation_id: str
    purpose: str
    digest: str
    handle: bytes | None = field(default=None, repr=False)
    expires_at: str


class ExpertPasskeyRepository:
    """Access inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, passkey: ExpertPasskey) -> None:
        """Store a new passkey. Raises ConflictError ``passkey.taken``."""
        values = {name: getattr(passkey, name) for name in ExpertPasskey.__slots__}
        try:
            await self._connection.execute(expert_passkeys.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("passkey.taken") from error

    async def of(self, owner_tag: str) -> list[ExpertPasskey]:
        """The passkeys of one person, oldest first."""
        table = expert_passkeys
        query = select(table).where(table.c.owner_tag == owner_tag).order_by(table.c.created_on, table.c.id)
        return [ExpertPasskey(**row._mapping) for row in await self._connection.execute(query)]

    async def used(self, passkey: ExpertPasskey, *, sign_count: int, on: str) -> bool:
        """Move the counter on; False when another use was first, or the passkey is gone."""
        table = expert_passkeys
        done = await self._connection.execute(
            update(table)
            .where(table.c.id == passkey.id, table.c.sign_count == passkey.sign_count)
            .values(sign_count=sign_count, used_on=on)
        )
        return done.rowcount == 1

    async def remove(self, owner_tag: str, passkey_id: str) -> bool:
        """Remove one passkey of a person; False when there is none."""
        table = expert_passkeys
        done = await self._connection.execute(
            delete(table).where(table.c.owner_tag == owner_tag, table.c.id == passkey_id)
        )
        return done.rowcount == 1

    async def give(self, challenge: LetterChallenge, *, now: str) -> None:
        """Store a letter's challenge in place of its older one; those past their end are forgotten.

        Raises WriteConflictError when another was given at once."""
        table = letter_challenges
        own = (table.c.invitation_id == challenge.invitation_id) & (table.c.purpose == challenge.purpose)
        await self._connection.execute(delete(table).where(own | (table.c.expires_at <= now)))
        values = {name: getattr(challenge, name) for name in LetterChallenge.__slots__}
        try:
            await self._connection.execute(table.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def take(self, letter_id: str, purpose: str, digest: str, *, now: str) -> LetterChallenge | None:
        """Take a letter's challenge away, so that no second answer finds it; None when there is none."""
        table = letter_challenges
        own = (table.c.invitation_id == letter_id) & (table.c.purpose == purpose) & (table.c.digest == digest)
        row = (await self._connection.execute(select(table).where(own))).one_or_none()
        gone = await self._connection.execute(delete(table).where(own))
        if row is None or gone.rowcount != 1 or row.expires_at <= now:
            return None
        return LetterChallenge(**row._mapping)

    async def open_session(self, session_id: str, letter_id: str, *, expires_at: str, now: str) -> None:
        """Keep that whoever has this token showed who they are. Raises ConflictError ``letter.session``."""
        table = letter_sessions
        await self._connection.execute(delete(table).where(table.c.expires_at <= now))
        row = {"id": session_id, "invitation_id": letter_id, "expires_at": expires_at}
        try:
            await self._connection.execute(table.insert().values(**row))
        except IntegrityError as error:
            raise ConflictError("letter.session") from error

    async def session_among(self, session_ids: Sequence[str], letter_id: str, *, now: str) -> str | None:
        """Which of these was opened at this letter and has not ended."""
        table = letter_sessions
        query = select(table.c.id).where(
            table.c.id.in_(session_ids), table.c.invitation_id == letter_id, table.c.expires_at > now
        )
        return (await self._connection.execute(query.order_by(table.c.expires_at.desc()))).scalars().first()

    async def end_sessions(self, letter_id: str, *, own: str) -> str:
        """End whatever was opened at a letter; until when the own one would have stood."""
        table = letter_sessions
        ends = await self._connection.execute(select(table.c.expires_at).where(table.c.id == own))
        await self._connection.execute(delete(table).where(table.c.invitation_id == letter_id))
        return str(ends.scalar_one())
