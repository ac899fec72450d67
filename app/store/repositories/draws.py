"""Draws, their log entries and their replacement events. State moves by compare-and-swap on `state_version`.

`secrets` (cell key, tag key, case salt, engagements) and an event's content are sealed; the outcome of a draw
is not here: it is recomputed at the opening.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import ConflictError, WriteConflictError
from app.store.field_cipher import FieldCipher
from app.store.tables import draw_duties, draw_entries, draw_events, draws


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRow:
    """A draw as stored. `k` is the log index of its request entry; `live` is false once it ended or was
    aborted. A row below round 0 is an appointment: nobody in it was drawn, `sdr` is the body of its entry.
    """

    id: str
    k: int | None
    project_id: str
    section: str
    round: int
    previous: int | None
    agency_id: str
    requested_by: str
    mode: str
    state: str
    live: bool
    request: Mapping[str, Any]
    sdr: Mapping[str, Any] | None = None
    sdr_hash: str | None = None
    code: str | None = None
    abort_reason: str | None = None
    evaluation_from: str | None = None
    evaluation_to: str | None = None
    state_version: int = 0
    created_at: str
    updated_at: str

    @property
    def appointed(self) -> bool:
        """Whether the people of this row were chosen, not drawn."""
        return self.round < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawEntry:
    """One log entry that belongs to a draw."""

    log_index: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawEvent:
    """One replacement event; `content` is canonical JSON bytes that only the producer reads."""

    t: int
    content: bytes = field(repr=False)
    event_index: int
    answer_index: int | None
    created_at: str


_COLUMNS: Final = tuple(column.name for column in fields(DrawRow))
_SELECT: Final = tuple(draws.c[name] for name in _COLUMNS)
# Statements of every step are built once: building one costs more than SQLite takes to answer it.
_ROW: Final = select(*_SELECT).where(draws.c.id == bindparam("draw"))
_VERSION: Final = select(draws.c.state_version).where(draws.c.id == bindparam("draw"))
_SECRETS: Final = select(draws.c.sealed_secrets).where(draws.c.id == bindparam("draw"))
_ENTRIES: Final = (
    select(draw_entries.c.log_index, draw_entries.c.type)
    .where(draw_entries.c.draw_id == bindparam("draw"))
    .order_by(draw_entries.c.log_index)
)
_FIXED: Final = frozenset(
    {"id", "project_id", "section", "round", "agency_id", "mode", "state_version", "created_at"}
)


class DrawRepository:
    """Access to draws inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, draw: DrawRow) -> None:
        """Raises ConflictError ``draw.exists`` when the section has a live draw or the round is taken."""
        try:
            await self._connection.execute(draws.insert().values(**{n: getattr(draw, n) for n in _COLUMNS}))
        except IntegrityError as error:
            raise ConflictError("draw.exists") from error

    async def get(self, draw_id: str) -> DrawRow | None:
        """One draw."""
        row = (await self._connection.execute(_ROW, {"draw": draw_id})).one_or_none()
        return None if row is None else DrawRow(**row._mapping)

    async def version(self, draw_id: str) -> int | None:
        """The state_version that the draw is at."""
        found: int | None = await self._connection.scalar(_VERSION, {"draw": draw_id})
        return found

    async def by_code(self, code: str) -> DrawRow | None:
        """The draw with this 核验码."""
        return await self._one(draws.c.code == code)

    async def of_section(self, project_id: str, section: str) -> list[DrawRow]:
        """Every draw and every appointment of a section, ascending by number."""
        query = select(*_SELECT).where(draws.c.project_id == project_id, draws.c.section == section)
        return [
            DrawRow(**row._mapping)
            for row in await self._connection.execute(query.order_by(draws.c.k, draws.c.round))
        ]

    async def page(
        self, *, mode: str, agency_id: str | None, after: tuple[str, str] | None, limit: int
    ) -> list[DrawRow]:
        """Up to `limit` draws, newest first by (created_at, id), after the given one; None: all agencies."""
        query = select(*_SELECT).where(draws.c.mode == mode)
        if agency_id is not None:
            query = query.where(draws.c.agency_id == agency_id)
        if after is not None:
            at, draw_id = after
            query = query.where(
                (draws.c.created_at < at) | ((draws.c.created_at == at) & (draws.c.id < draw_id))
            )
        rows = await self._connection.execute(
            query.order_by(draws.c.created_at.desc(), draws.c.id.desc()).limit(limit)
        )
        return [DrawRow(**row._mapping) for row in rows]

    async def meeting(
        self, *, mode: str, states: Collection[str], since: str, until: str, besides: str
    ) -> list[DrawRow]:
        """Draws in one of `states` whose evaluation meets [since, until], but for draw `besides`."""
        query = select(*_SELECT).where(
            draws.c.mode == mode,
            draws.c.state.in_(states),
            draws.c.evaluation_from <= until,
            draws.c.evaluation_to >= since,
            draws.c.id != besides,
        )
        return [DrawRow(**row._mapping) for row in await self._connection.execute(query.order_by(draws.c.id))]

    async def live(self) -> list[DrawRow]:
        """Every draw under way, oldest first: what a restarted server resumes."""
        query = select(*_SELECT).where(draws.c.live).order_by(draws.c.created_at, draws.c.id)
        return [DrawRow(**row._mapping) for row in await self._connection.execute(query)]

    async def count_by_state(self, *, mode: str) -> dict[str, int]:
        """How many draws of a mode stand in each state."""
        query = (
            select(draws.c.state, func.count().label("draws"))
            .where(draws.c.mode == mode, draws.c.round > 0)
            .group_by(draws.c.state)
        )
        return {one.state: one.draws for one in await self._connection.execute(query)}

    async def advance(self, draw_id: str, *, expected: int, **changes: Any) -> int:
        """Apply `changes` to the draw at state_version `expected`; returns the new version.

        `changes` are column names of DrawRow that may move. Exactly one row must change, else
        WriteConflictError: the caller looks again and finds what the other writer did.
        """
        if not changes.keys() <= set(_COLUMNS) - _FIXED:
            raise TypeError("not a column that moves")
        swap = (
            update(draws)
            .where(draws.c.id == draw_id, draws.c.state_version == expected)
            .values(**changes, state_version=expected + 1)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("draw.state-moved")
        return expected + 1

    async def store_secrets(self, draw_id: str, secrets: bytes) -> None:
        """Seal and store the draw's secrets, once. Raises WriteConflictError ``draw.secrets-fixed`` when it
        has some: another writer was first, and its secrets stand.
        """
        sealed = self._cipher.seal(secrets, table="draws", column="sealed_secrets", row=draw_id)
        swap = (
            update(draws)
            .where(draws.c.id == draw_id, draws.c.sealed_secrets.is_(None))
            .values(sealed_secrets=sealed)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("draw.secrets-fixed")

    async def load_secrets(self, draw_id: str) -> bytes | None:
        """The draw's secrets, or None before they are made."""
        sealed = await self._connection.scalar(_SECRETS, {"draw": draw_id})
        if sealed is None:
            return None
        return self._cipher.open(sealed, table="draws", column="sealed_secrets", row=draw_id)

    async def add_entry(self, draw_id: str, *, log_index: int, entry_type: str) -> None:
        """Note that the log entry at `log_index` belongs to this draw."""
        await self.add_entries(draw_id, [DrawEntry(log_index=log_index, type=entry_type)])

    async def add_entries(self, draw_id: str, entries: Sequence[DrawEntry]) -> None:
        """`add_entry` for several."""
        rows = [{"draw_id": draw_id, "log_index": one.log_index, "type": one.type} for one in entries]
        await self._connection.execute(draw_entries.insert(), rows)

    async def entries(self, draw_id: str) -> Sequence[DrawEntry]:
        """The draw's log entries, ascending."""
        rows = await self._connection.execute(_ENTRIES, {"draw": draw_id})
        return [DrawEntry(log_index=row.log_index, type=row.type) for row in rows]

    async def take_duty(self, draw_id: str, *, person: str, duty: str, at: str) -> None:
        """Give a person a duty in this draw; taking the same one again changes nothing.

        Raises ConflictError ``draw.duties-clash`` when the person already has another duty in it.
        """
        held = (await self.duties(draw_id)).get(person)
        if held is not None and held != duty:
            raise ConflictError("draw.duties-clash", held=held, asked=duty)
        if held is None:
            try:
                await self._connection.execute(
                    draw_duties.insert().values(draw_id=draw_id, person=person, duty=duty, at=at)
                )
            except IntegrityError as error:
                raise WriteConflictError("draw.duty-taken") from error

    async def duties(self, draw_id: str) -> dict[str, str]:
        """Duty by person."""
        query = select(draw_duties.c.person, draw_duties.c.duty).where(draw_duties.c.draw_id == draw_id)
        return {row.person: row.duty for row in await self._connection.execute(query)}

    async def add_event(self, draw_id: str, event: DrawEvent) -> None:
        """Store a replacement event. Raises WriteConflictError when its number is taken."""
        sealed = self._cipher.seal(
            event.content, table="draw_events", column="sealed", row=f"{draw_id}/{event.t}"
        )
        try:
            await self._connection.execute(
                draw_events.insert().values(
                    draw_id=draw_id,
                    t=event.t,
                    sealed=sealed,
                    event_index=event.event_index,
                    answer_index=event.answer_index,
                    created_at=event.created_at,
                )
            )
        except IntegrityError as error:
            raise WriteConflictError("draw.event-exists") from error

    async def answer_event(self, draw_id: str, t: int, *, answer_index: int) -> None:
        """Note the log index of the supervisor's answer, once. Raises WriteConflictError."""
        swap = (
            update(draw_events)
            .where(
                draw_events.c.draw_id == draw_id, draw_events.c.t == t, draw_events.c.answer_index.is_(None)
            )
            .values(answer_index=answer_index)
        )
        if (await self._connection.execute(swap)).rowcount != 1:
            raise WriteConflictError("draw.event-answered")

    async def events(self, draw_id: str) -> list[DrawEvent]:
        """The draw's replacement events, ascending by t."""
        query = select(draw_events).where(draw_events.c.draw_id == draw_id).order_by(draw_events.c.t)
        return [
            DrawEvent(
                t=row["t"],
                content=self._cipher.open(
                    row["sealed"], table="draw_events", column="sealed", row=f"{draw_id}/{row['t']}"
                ),
                event_index=row["event_index"],
                answer_index=row["answer_index"],
                created_at=row["created_at"],
            )
            for row in (await self._connection.execute(query)).mappings()
        ]

    async def _one(self, condition: Any) -> DrawRow | None:
        row = (await self._connection.execute(select(*_SELECT).where(condition))).one_or_none()
        return None if row is None else DrawRow(**row._mapping)
