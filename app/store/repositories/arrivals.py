"""Arrivals, wrong tries and attestations. An arrival moves by compare-and-swap on `version`.

Who somebody is stands nowhere here: an arrival is a letter's id and keyed tags.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import WriteConflictError
from app.store.desk_tables import arrival_attestations, arrival_tries, arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One person's presence at a site on a Beijing day; `state` is one of `remote_eval.arrival`."""

    id: str
    letter: str
    draw_id: str
    site: str
    day: str
    presence_tag: str
    present: bool
    pass_tag: str | None = None
    code: str
    state: str
    arrived_at: str
    minutes_late: int
    verdict: str
    released_at: str | None = None
    released_by: str | None = None
    version: int = 0
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong tries under one tag; `released_at` is when a supervisor last began the count anew."""

    tag: str
    id: str
    site: str
    tries: int
    last_at: str
    released_at: str | None = None
    released_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A supervisor's word for one person without an identity card."""

    id: str
    site: str
    given_by: str
    given_at: str
    expires_at: str
    used_at: str | None = None


_ARRIVAL: Final = tuple(arrivals.c[one.name] for one in fields(Arrival))
_TRIES: Final = tuple(arrival_tries.c[one.name] for one in fields(Tries))


class ArrivalRepository:
    """Access to arrivals inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Bound to one transaction."""
        self._connection = connection

    async def add(self, arrival: Arrival) -> None:
        """Raises WriteConflictError when the person is present already: look again."""
        values = {one.name: getattr(arrival, one.name) for one in fields(Arrival)}
        try:
            await self._connection.execute(arrivals.insert().values(**values))
        except IntegrityError as error:
            raise WriteConflictError("arrival.present") from error

    async def get(self, arrival_id: str) -> Arrival | None:
        """One arrival."""
        return await self._one(arrivals.c.id == arrival_id)

    async def of_letter(self, letter: str) -> Arrival | None:
        """The arrival that an invitation led to."""
        return await self._one(arrivals.c.letter == letter)

    async def present(self, presence_tag: str) -> Arrival | None:
        """Where a person is present, at whatever site."""
        return await self._one((arrivals.c.presence_tag == presence_tag) & arrivals.c.present)

    async def of_pass(self, pass_tag: str) -> Arrival | None:
        """Whose printed pass this is."""
        return await self._one(arrivals.c.pass_tag == pass_tag)

    async def at_site(self, site: str, day: str) -> list[Arrival]:
        """Everybody who came to a site on a day."""
        query = select(*_ARRIVAL).where(arrivals.c.site == site, arrivals.c.day == day)
        rows = await self._connection.execute(query.order_by(arrivals.c.arrived_at, arrivals.c.id))
        return [Arrival(**row._mapping) for row in rows]

    async def present_at(self, site: str) -> list[Arrival]:
        """Everybody who is present at a site, whatever day they came on."""
        query = select(*_ARRIVAL).where(arrivals.c.site == site, arrivals.c.present)
        return [
            Arrival(**row._mapping) for row in await self._connection.execute(query.order_by(arrivals.c.id))
        ]

    async def of_draw(self, draw_id: str) -> list[Arrival]:
        """Everybody who came for a draw, at every site."""
        query = select(*_ARRIVAL).where(arrivals.c.draw_id == draw_id).order_by(arrivals.c.id)
        return [Arrival(**row._mapping) for row in await self._connection.execute(query)]

    async def move(self, arrival: Arrival, *, now: str, **changes: Any) -> Arrival:
        """The arrival with `changes`. Raises WriteConflictError when another writer moved it first."""
        fresh = {**changes, "version": arrival.version + 1, "updated_at": now}
        done = await self._connection.execute(
            update(arrivals)
            .where(arrivals.c.id == arrival.id, arrivals.c.version == arrival.version)
            .values(**fresh)
        )
        if done.rowcount != 1:
            raise WriteConflictError("arrival.moved")
        return Arrival(**{one.name: getattr(arrival, one.name) for one in fields(Arrival)} | fresh)

    async def tries(self, tag: str) -> Tries | None:
        """Wrong tries under a tag."""
        query = select(*_TRIES).where(arrival_tries.c.tag == tag)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Tries(**row._mapping)

    async def tries_by_id(self, lock_id: str) -> Tries | None:
        """The same by their public handle."""
        query = select(*_TRIES).where(arrival_tries.c.id == lock_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Tries(**row._mapping)

    async def locks(self, site: str, *, tries: int) -> list[Tries]:
        """Counts at a site that have reached `tries`, newest first."""
        query = select(*_TRIES).where(arrival_tries.c.site == site, arrival_tries.c.tries >= tries)
        rows = await self._connection.execute(
            query.order_by(arrival_tries.c.last_at.desc(), arrival_tries.c.id)
        )
        return [Tries(**row._mapping) for row in rows]

    async def put_tries(self, before: Tries | None, after: Tries) -> None:
        """Count one more, or begin anew. Raises WriteConflictError when another writer counted first."""
        values = {one.name: getattr(after, one.name) for one in fields(Tries)}
        if before is None:
            try:
                await self._connection.execute(arrival_tries.insert().values(**values))
            except IntegrityError as error:
                raise WriteConflictError("arrival.tries-moved") from error
            return
        same = (arrival_tries.c.tag == before.tag) & (arrival_tries.c.tries == before.tries)
        done = await self._connection.execute(update(arrival_tries).where(same).values(**values))
        if done.rowcount != 1:
            raise WriteConflictError("arrival.tries-moved")

    async def add_attestation(self, attestation: Attestation) -> None:
        """Store a supervisor's word."""
        values = {one.name: getattr(attestation, one.name) for one in fields(Attestation)}
        await self._connection.execute(arrival_attestations.insert().values(**values))

    async def attestation(self, attestation_id: str) -> Attestation | None:
        """One attestation, also a used or expired one."""
        columns = tuple(arrival_attestations.c[one.name] for one in fields(Attestation))
        query = select(*columns).where(arrival_attestations.c.id == attestation_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Attestation(**row._mapping)

    async def use_attestation(self, attestation_id: str, *, site: str, now: str) -> bool:
        """Use up a word given for this site; false when there is none left to use."""
        table = arrival_attestations
        unused = (table.c.id == attestation_id) & (table.c.site == site) & table.c.used_at.is_(None)
        done = await self._connection.execute(
            update(table).where(unused, table.c.expires_at > now).values(used_at=now)
        )
        return done.rowcount == 1

    async def _one(self, condition: Any) -> Arrival | None:
        row = (await self._connection.execute(select(*_ARRIVAL).where(condition))).one_or_none()
        return None if row is None else Arrival(**row._mapping)
