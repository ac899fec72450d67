"""Passkeys (WebAuthn credentials) and the challenges they answer, each of which is taken once."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError
from app.store.people_tables import passkey_challenges, passkeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One credential. `id` in base64url, `public_key` in COSE form."""

    id: str
    user_id: str
    public_key: bytes
    sign_count: int
    label: str
    created_at: str
    used_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge that was given out. `id` is its SHA-256 (hex); `user_id` for a registration only."""

    id: str
    purpose: str
    user_id: str | None
    expires_at: str


class PasskeyRepository:
    """Access to passkeys and challenges inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, passkey: Passkey) -> None:
        """Store a new passkey. Raises ConflictError ``passkey.taken``."""
        values = {name: getattr(passkey, name) for name in Passkey.__slots__}
        try:
            await self._connection.execute(passkeys.insert().values(**values))
        except IntegrityError as error:
            raise ConflictError("passkey.taken") from error

    async def get(self, passkey_id: str) -> Passkey | None:
        """One passkey."""
        row = (
            await self._connection.execute(select(passkeys).where(passkeys.c.id == passkey_id))
        ).one_or_none()
        return None if row is None else Passkey(**row._mapping)

    async def of(self, user_id: str) -> list[Passkey]:
        """The passkeys of an account, oldest first."""
        query = (
            select(passkeys)
            .where(passkeys.c.user_id == user_id)
            .order_by(passkeys.c.created_at, passkeys.c.id)
        )
        return [Passkey(**row._mapping) for row in await self._connection.execute(query)]

    async def used(self, passkey: Passkey, *, sign_count: int, at: str) -> bool:
        """Move the counter on; False when another use was first."""
        done = await self._connection.execute(
            update(passkeys)
            .where(passkeys.c.id == passkey.id, passkeys.c.sign_count == passkey.sign_count)
            .values(sign_count=sign_count, used_at=at)
        )
        return done.rowcount == 1

    async def remove(self, user_id: str, passkey_id: str) -> bool:
        """Remove one passkey of an account; False when there is none."""
        done = await self._connection.execute(
            delete(passkeys).where(passkeys.c.user_id == user_id, passkeys.c.id == passkey_id)
        )
        return done.rowcount == 1

    async def remove_all(self, user_id: str) -> None:
        """Remove every passkey of an account."""
        await self._connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id))

    async def give(self, challenge: Challenge, *, now: str) -> None:
        """Store a challenge; those past their end are forgotten."""
        await self._connection.execute(
            delete(passkey_challenges).where(passkey_challenges.c.expires_at <= now)
        )
        values = {name: getattr(challenge, name) for name in Challenge.__slots__}
        await self._connection.execute(passkey_challenges.insert().values(**values))

    async def open_challenges(self) -> int:
        """How many challenges are kept."""
        query = select(func.count()).select_from(passkey_challenges)
        return int((await self._connection.execute(query)).scalar_one())

    async def take(self, challenge_id: str, *, purpose: str, now: str) -> Challenge | None:
        """Take a challenge away, so that no second answer finds it; None when there is none to take."""
        query = select(passkey_challenges).where(
            passkey_challenges.c.id == challenge_id,
            passkey_challenges.c.purpose == purpose,
            passkey_challenges.c.expires_at > now,
        )
        row = (await self._connection.execute(query)).one_or_none()
        gone = await self._connection.execute(
            delete(passkey_challenges).where(passkey_challenges.c.id == challenge_id)
        )
        return Challenge(**row._mapping) if row is not None and gone.rowcount == 1 else None
