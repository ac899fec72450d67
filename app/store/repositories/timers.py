"""Timers: what is to happen when, once per kind and subject. What happens is `app.worker`'s table."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.delivery_tables import timers
from app.store.repositories.leases import Claim, claim, end, keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer that is set. `subject` is an id of ours, never a person's."""

    kind: str
    subject: str
    due_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTimer:
    """A due timer that a worker holds; `attempts` counts this one."""

    timer: Timer
    attempts: int
    version: int
    token: str


class TimerRepository:
    """Access to timers inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def set(self, kind: str, subject: str, due_at: str) -> None:
        """Set a timer, or move it. Raises WriteConflictError when another sets the same one right now."""
        moved = update(timers).where(timers.c.kind == kind, timers.c.subject == subject)
        moved = moved.values(
            due_at=due_at,
            next_at=due_at,
            attempts=0,
            version=timers.c.version + 1,
            lease_until=None,
            leased_by=None,
        )
        if (await self._connection.execute(moved)).rowcount:
            return
        fresh = timers.insert().values(
            kind=kind, subject=subject, due_at=due_at, next_at=due_at, attempts=0, version=1
        )
        try:
            await self._connection.execute(fresh)
        except IntegrityError as error:
            raise WriteConflictError("timer.exists") from error

    async def cancel(self, kind: str, subject: str) -> None:
        """Remove a timer; one that is not there stays so."""
        await self._connection.execute(
            delete(timers).where(timers.c.kind == kind, timers.c.subject == subject)
        )

    async def get(self, kind: str, subject: str) -> Timer | None:
        """One timer."""
        query = select(timers.c.due_at).where(timers.c.kind == kind, timers.c.subject == subject)
        due_at = (await self._connection.execute(query)).scalar_one_or_none()
        return None if due_at is None else Timer(kind=kind, subject=subject, due_at=due_at)

    async def claim(self, asked: Claim, kinds: Collection[str]) -> list[ClaimedTimer]:
        """Lease due timers of these kinds."""
        return [
            ClaimedTimer(
                timer=Timer(kind=row["kind"], subject=row["subject"], due_at=row["due_at"]),
                attempts=row["attempts"],
                version=row["version"],
                token=asked.token,
            )
            for row in await claim(self._connection, timers, timers.c.kind.in_(sorted(kinds)), asked)
        ]

    async def done(self, claimed: ClaimedTimer) -> bool:
        """Remove a timer whose work is done, unless it was set again meanwhile."""
        one = claimed.timer
        gone = delete(timers).where(
            timers.c.kind == one.kind,
            timers.c.subject == one.subject,
            timers.c.version == claimed.version,
            timers.c.leased_by == claimed.token,
        )
        return (await self._connection.execute(gone)).rowcount == 1

    async def put_off(self, claimed: ClaimedTimer, *, next_at: str) -> bool:
        """Try again later."""
        one = claimed.timer
        held = (timers.c.kind == one.kind) & (timers.c.subject == one.subject)
        return await end(self._connection, timers, held, claimed.token, next_at=next_at)

    async def keep(self, claimed: ClaimedTimer, *, now: str) -> bool:
        """Hold a timer whose work goes on for as long again; False when it is held no more."""
        one = claimed.timer
        held = (timers.c.kind == one.kind) & (timers.c.subject == one.subject)
        return await keep(self._connection, timers, held, claimed.token, now=now)

    async def oldest_due(self, now: str, *, besides: Collection[str] = ()) -> str | None:
        """Since when the longest waiting timer is due, of other kinds than those `besides`."""
        waiting = (timers.c.due_at <= now) & timers.c.kind.not_in(sorted(besides))
        query = select(func.min(timers.c.due_at)).where(waiting)
        oldest: str | None = (await self._connection.execute(query)).scalar_one_or_none()
        return oldest
