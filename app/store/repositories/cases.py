"""Cases and their steps; a step is appended by compare-and-swap on the number of steps, and never changed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import CipherError, WriteConflictError
from app.store.case_tables import case_steps, cases
from app.store.field_cipher import FieldCipher

_STEPS: Final = "case_steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case; `seat` counts from 1, `outcome` is None until it is decided, `steps` so far."""

    id: str
    draw_id: str
    reason: str
    seat: int | None
    state: str
    outcome: str | None
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """A step with the document whose digest stands in the log, and its words: a salt, then their bytes.

    The words are sealed in the store.
    """

    case_id: str
    number: int
    state: str
    at: str
    actor: str
    document: str
    words: bytes = field(repr=False)
    log_index: int


_CASE: Final = tuple(cases.c[name] for name in CaseRow.__slots__)
_PLAIN: Final = tuple(name for name in CaseStep.__slots__ if name != "words")


class CaseRepository:
    """Access to cases inside one transaction."""

    def __init__(self, connection: AsyncConnection, cipher: FieldCipher) -> None:
        """Bound to one transaction."""
        self._connection = connection
        self._cipher = cipher

    async def add(self, case: CaseRow) -> None:
        """A new case; its first step is put down beside."""
        values = {name: getattr(case, name) for name in CaseRow.__slots__}
        await self._connection.execute(cases.insert().values(**values))

    async def get(self, case_id: str) -> CaseRow | None:
        """A case by its id."""
        row = (await self._connection.execute(select(*_CASE).where(cases.c.id == case_id))).one_or_none()
        return None if row is None else CaseRow(**row._mapping)

    async def of_draw(self, draw_id: str) -> list[CaseRow]:
        """The cases of a draw, in the order in which they were opened."""
        first = case_steps.c.case_id == cases.c.id
        query = select(*_CASE).join(case_steps, first & (case_steps.c.number == 1))
        found = await self._connection.execute(
            query.where(cases.c.draw_id == draw_id).order_by(case_steps.c.log_index)
        )
        return [CaseRow(**row._mapping) for row in found]

    async def count(self, draw_id: str) -> int:
        """How many cases a draw has."""
        query = select(func.count()).select_from(cases).where(cases.c.draw_id == draw_id)
        return int((await self._connection.execute(query)).scalar_one())

    async def move(self, case: CaseRow, *, state: str, outcome: str | None) -> None:
        """The next state. Raises WriteConflictError when another step was first."""
        same = (cases.c.id == case.id) & (cases.c.steps == case.steps) & (cases.c.state == case.state)
        fresh = {"state": state, "outcome": outcome, "steps": case.steps + 1}
        if (await self._connection.execute(update(cases).where(same).values(**fresh))).rowcount != 1:
            raise WriteConflictError("case.moved")

    async def add_step(self, step: CaseStep) -> None:
        """Put a step down, its words sealed."""
        values = {name: getattr(step, name) for name in _PLAIN}
        row = f"{step.case_id}|{step.number}"
        sealed = self._cipher.seal(step.words, table=_STEPS, column="sealed_words", row=row)
        await self._connection.execute(case_steps.insert().values(**values, sealed_words=sealed))

    async def steps(self, case_ids: Collection[str]) -> list[CaseStep]:
        """Every step of these cases, by case and number; words that do not open are empty."""
        table = case_steps
        query = select(table).where(table.c.case_id.in_(case_ids)).order_by(table.c.case_id, table.c.number)
        found = []
        for row in await self._connection.execute(query):
            words = self._opened(row.sealed_words, f"{row.case_id}|{row.number}")
            found.append(CaseStep(**{name: row._mapping[name] for name in _PLAIN}, words=words))
        return found

    def _opened(self, sealed: bytes, row: str) -> bytes:
        try:
            return self._cipher.open(sealed, table=_STEPS, column="sealed_words", row=row)
        except CipherError:
            return b""
