"""Who is bound to another evaluation at the same time (K14), known from the platform's own draws.

The panels of drawn draws are recomputed, never stored. What comes of it stays inside the sealed case: a
preview does not look here, or an agency could feel out with narrow questions who was drawn elsewhere. For the
same reason the pool file of a draw, which shows the case, waits until every draw that bound somebody is open
(`app.usecases.disclosures`). Two draws sealed at the same moment do not see each other: that clash is a
replacement event of class `conflict`.
"""

from dataclasses import dataclass

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.openings import opened
from app.usecases.platform import Platform
from crypto.canonical import JsonValue
from draw.disclosure import roster
from draw.lifecycle import DRAWN, OPENED


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`engagements` as the case has them (draw-proof §4), and the draws they come from."""

    engagements: tuple[JsonValue, ...]
    draws: tuple[str, ...]


async def bound_elsewhere(
    uow: UnitOfWork, platform: Platform, row: DrawRow, *, since: str, until: str
) -> Bound:
    """The seated experts of every other draw whose evaluation meets [since, until], times of the format."""
    others = await uow.draws.meeting(
        mode=row.mode, states=(DRAWN, OPENED), since=since, until=until, besides=row.id
    )
    engagements: list[JsonValue] = []
    for other in others:
        found = await opened(platform, other)
        # The hours that hold now: a campaign may have moved them since the seal.
        span = {"from": other.evaluation_from, "to": other.evaluation_to}
        people = roster(found.outcome, found.cells)
        engagements += [{"expert": expert.id, **span} for _, expert in people]
    return Bound(engagements=tuple(engagements), draws=tuple(other.id for other in others))
