"""Sessions of signed-in browsers, and the guard against guessing at sign-in. Ended rows are removed."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.people_tables import sign_in_guards, user_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session. `id` is SHA-256 (hex) of the token in the cookie; `expires_at` its absolute end."""

    id: str
    user_id: str
    method: str
    created_at: str
    seen_at: str
    expires_at: str


class SessionRepository:
    """Access to sessions and guards inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, session: Session) -> None:
        """Store a new session; sessions past their end are forgotten."""
        await self._connection.execute(
            delete(user_sessions).where(user_sessions.c.expires_at <= session.created_at)
        )
        values = {name: getattr(session, name) for name in Session.__slots__}
        await self._connection.execute(user_sessions.insert().values(**values))

    async def get(self, session_id: str) -> Session | None:
        """One session, also past its end: the caller checks."""
        query = select(user_sessions).where(user_sessions.c.id == session_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Session(**row._mapping)

    async def seen(self, session_id: str, *, at: str) -> None:
        """Note when it was last used."""
        await self._connection.execute(
            update(user_sessions).where(user_sessions.c.id == session_id).values(seen_at=at)
        )

    async def end(self, session_id: str) -> None:
        """End one session."""
        await self._connection.execute(delete(user_sessions).where(user_sessions.c.id == session_id))

    async def end_all(self, user_id: str) -> None:
        """End every session of an account."""
        await self._connection.execute(delete(user_sessions).where(user_sessions.c.user_id == user_id))

    async def count_try(self, login_tag: str, *, limit: int, until: str, now: str) -> bool:
        """Count a try under this name; each one moves the end of the window. False once there were `limit`.

        Raises WriteConflictError when raced.
        """
        guard = sign_in_guards.c
        await self._connection.execute(delete(sign_in_guards).where(guard.until <= now))
        counted = await self._connection.execute(
            update(sign_in_guards)
            .where(guard.login_tag == login_tag, guard.failures < limit)
            .values(failures=guard.failures + 1, until=until)
        )
        if counted.rowcount == 1:
            return True
        if (await self._connection.execute(select(guard.until).where(guard.login_tag == login_tag))).first():
            return False
        try:
            await self._connection.execute(
                sign_in_guards.insert().values(login_tag=login_tag, failures=1, until=until)
            )
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error
        return True

    async def forgive(self, login_tag: str) -> None:
        """Forget the tries under a name: the last one was right."""
        await self._connection.execute(delete(sign_in_guards).where(sign_in_guards.c.login_tag == login_tag))
