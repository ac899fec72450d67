"""One-time codes: stored as keyed tags, a few per subject, forgotten once they can decide nothing."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.people_tables import one_time_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """One issued code. `subject_tag` and `code_tag` are keyed tags; `number` counts the subject's codes."""

    id: str
    subject_tag: str
    number: int
    code_tag: str
    issued_at: str
    expires_at: str
    tries: int = 0
    used_at: str | None = None


class OneTimeCodeRepository:
    """Access to one-time codes inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, code: OneTimeCode) -> None:
        """Store a new code. Raises WriteConflictError when another of this number was first."""
        values = {name: getattr(code, name) for name in OneTimeCode.__slots__}
        try:
            await self._connection.execute(one_time_codes.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("store.write-conflict") from error

    async def newest(self, subject_tag: str) -> OneTimeCode | None:
        """The newest code of a subject, whatever has become of it; an older one counts no more."""
        query = (
            select(one_time_codes)
            .where(one_time_codes.c.subject_tag == subject_tag)
            .order_by(one_time_codes.c.number.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else OneTimeCode(**row._mapping)

    async def issued_since(self, subject_tag: str, since: str) -> int:
        """How many codes this subject was given after `since`."""
        query = select(func.count()).where(
            one_time_codes.c.subject_tag == subject_tag, one_time_codes.c.issued_at > since
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def forget(self, before: str) -> None:
        """Remove every code issued before that moment, of all subjects."""
        await self._connection.execute(delete(one_time_codes).where(one_time_codes.c.issued_at < before))

    async def count_try(self, code_id: str, *, limit: int, now: str) -> bool:
        """Spend one of the tries of a code that can still be used; False when it cannot."""
        done = await self._connection.execute(
            update(one_time_codes)
            .where(
                one_time_codes.c.id == code_id,
                one_time_codes.c.tries < limit,
                one_time_codes.c.used_at.is_(None),
                one_time_codes.c.expires_at > now,
            )
            .values(tries=one_time_codes.c.tries + 1)
        )
        return done.rowcount == 1

    async def use(self, code_id: str, *, at: str) -> bool:
        """Mark a code as used; False when it was used before or is gone."""
        done = await self._connection.execute(
            update(one_time_codes)
            .where(
                one_time_codes.c.id == code_id,
                one_time_codes.c.used_at.is_(None),
                one_time_codes.c.expires_at > at,
            )
            .values(used_at=at)
        )
        return done.rowcount == 1
