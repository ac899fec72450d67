"""Reading what was put on record about invited experts: the supervisor of the draw, names after the opening.

Before the supervisor may read the roster there are counts only. Names come from the opened roster: whoever
lost the seat is not on it and is told by the pool id alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import NotFoundError
from app.store.repositories.conduct import ConductRecord
from app.usecases.draw_requests import find_draw
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal, require_held
from app.usecases.roster.readings import read_roster

_ACTION = "conduct.read"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Conduct:
    """Acts of a draw by kind; `records` is None until the roster is open, `names` are by pool id."""

    draw: str
    counts: Mapping[str, int]
    records: Sequence[ConductRecord] | None
    names: Mapping[str, str]


async def read_conduct(platform: Platform, principal: Principal, draw_id: str, *, actor: Actor) -> Conduct:
    """What is on record of a draw, the reading put on record too. Raises NotFoundError ``draw.unknown``,
    AccessRefusedError ``access.duty``."""
    async with platform.database.read() as uow:
        row = await find_draw(uow, principal, draw_id)
        require_held(_ACTION, (await uow.draws.duties(row.id)).get(principal.person))
        found = await uow.conduct.of_draw(row.id)
    names = await _names(platform, principal, row.id, actor=actor)
    now = platform.now()
    await platform.database.transact(lambda uow: note(uow, actor, _ACTION, row.id, now=now))
    return Conduct(
        draw=row.id,
        counts=Counter(one.act for one in found),
        records=None if names is None else found,
        names=names or {},
    )


async def _names(
    platform: Platform, principal: Principal, draw_id: str, *, actor: Actor
) -> Mapping[str, str] | None:
    try:
        opened = await read_roster(platform, principal, draw_id, actor=actor)
    except NotFoundError:
        return None
    return {seat.expert: seat.name for seat in opened.seats}
