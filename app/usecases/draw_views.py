"""What may be told about a draw at any time: state, logged steps, the next time limit; no name, position or
size."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import NotFoundError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.appointments.telling import seats_beside, way_of
from draw.lifecycle import APPOINTED, COMMITTED, DRAWN, ESCROWED, REQUESTED, REVEALED, SEALED
from draw.model import DrawParameters

_DEADLINES: Final = {
    SEALED: "reveal",
    ESCROWED: "reveal",
    REVEALED: "result",
    DRAWN: "open",
    APPOINTED: "open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One log entry of a draw: its type, its time as signed, its log index."""

    type: str
    time: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawView:
    """What may be told about a draw. `limit` is the next one: its kind, and when; `way` how its people came
    to their seats, `not_drawn` how many seats of the committee were filled without a draw."""

    row: DrawRow
    owner: str
    title: str
    seats: int
    sites: tuple[str, ...]
    steps: tuple[Step, ...]
    limit: tuple[str, str] | None
    way: str
    not_drawn: int


async def view(uow: UnitOfWork, row: DrawRow) -> DrawView:
    """One draw. Raises NotFoundError ``project.unknown``."""
    (seen,) = await views(uow, [row])
    return seen


async def views(uow: UnitOfWork, rows: Sequence[DrawRow]) -> list[DrawView]:
    """Draws in their order, the log read once for all of them."""
    own = {row.id: [one.log_index for one in await uow.draws.entries(row.id)] for row in rows}
    wanted = [index for indexes in own.values() for index in indexes]
    logged = {one.index: _step(one.index, one.entry) for one in await uow.log.entries_at(wanted)}
    return [await _view(uow, row, tuple(logged[index] for index in own[row.id])) for row in rows]


async def _view(uow: UnitOfWork, row: DrawRow, steps: tuple[Step, ...]) -> DrawView:
    project = await uow.projects.get(row.project_id, row.section)
    if project is None:
        raise NotFoundError("project.unknown")
    parameters = DrawParameters.from_json(row.request["parameters"])
    return DrawView(
        row=row,
        owner=project.owner,
        title=project.document["title"],
        seats=parameters.seats,
        sites=tuple(site.id for site in parameters.sites),
        steps=steps,
        limit=_limit(row),
        way=way_of(row),
        not_drawn=await seats_beside(uow, row),
    )


def _step(index: int, entry: bytes) -> Step:
    value = json.loads(entry)
    return Step(type=value["type"], time=value["time"], index=index)


def _limit(row: DrawRow) -> tuple[str, str] | None:
    """The next limit of a draw under way; before the seal the first lawful opening is all that is known."""
    if not row.live:
        return None
    if row.state in (REQUESTED, COMMITTED) and row.evaluation_from is not None:
        return "open", max(row.evaluation_from, row.request["opens_at"] or row.evaluation_from)
    name = _DEADLINES.get(row.state)
    return None if name is None or row.sdr is None else (name, row.sdr["deadlines"][name])
