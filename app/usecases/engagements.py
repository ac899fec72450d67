"""Who is bound to another evaluation at the same time (K14), known from the platform's own draws.

The panels of drawn draws are recomputed, never stored. What comes of it stays inside the sealed case: a
preview does not look here, or an agency could feel out with narrow questions who was drawn elsewhere. For the
same reason the pool file of a draw, which shows the case, waits until every draw that bound somebody is open
(`app.usecases.disclosures`). Two draws sealed at the same moment do not see each other: that clash is a
replacement event of class `conflict`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import appointed
from app.usecases.openings import opened
from app.usecases.platform import Platform
from crypto.canonical import JsonValue
from draw.avoidance.engine import beijing_date, employer_for_cap
from draw.disclosure import ever_on_panel, roster
from draw.invitation import CANCELLED
from draw.lifecycle import APPOINTED, DRAWN, OPENED
from draw.model import AvoidUnit, Case, ExpertRecord

NO_EMPLOYER: Final = "person:"
SAME_EMPLOYER: Final = "同一单位已有专家在席（补抽） / an expert of this employer sits already (top-up)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`engagements` as the case has them (draw-proof §4), and the draws they come from; `employers` of those
    whom a top-up counts on. `persons` are the same people as human beings: an outside person has a new id
    each time, and one person may stand in two pools."""

    engagements: tuple[JsonValue, ...]
    draws: tuple[str, ...]
    employers: tuple[str, ...] = ()
    persons: frozenset[str] = frozenset()


async def bound_elsewhere(
    uow: UnitOfWork,
    platform: Platform,
    row: DrawRow,
    *,
    since: str,
    until: str,
    counted_on: Sequence[DrawRow] = (),
) -> Bound:
    """The seated experts of every other draw whose evaluation meets [since, until], times of the format, and
    was not called off.

    Of the rounds that a top-up counts on everybody who is or was on the panel is bound, so that nobody is
    drawn twice: neither who sits nor who declined, left or had to stand back.
    """
    return await bound_between(
        uow, platform, mode=row.mode, besides=row.id, since=since, until=until, counted_on=counted_on
    )


async def bound_between(
    uow: UnitOfWork,
    platform: Platform,
    *,
    mode: str,
    besides: str,
    since: str,
    until: str,
    counted_on: Sequence[DrawRow] = (),
) -> Bound:
    """`bound_elsewhere` for what is not a draw yet, or is none; `besides` is a draw that is left out."""
    own = {one.id for one in counted_on}
    others = await _meeting(uow, mode=mode, since=since, until=until, besides=besides)
    engagements: list[JsonValue] = []
    employers: list[str] = []
    persons: set[str] = set()
    for other in counted_on:
        people, ever = await _people(uow, platform, other)
        persons |= {expert.person for expert in ever}
        ids = sorted(expert.id for expert in ever)
        engagements += [{"expert": expert, "from": since, "to": until} for expert in ids]
        t0 = beijing_date(since)
        employers += [employer_for_cap(expert, t0) for expert in people]
    for other in (one for one in others if one.id not in own):
        people, _ = await _people(uow, platform, other)
        persons |= {expert.person for expert in people}
        # The hours that hold now: a campaign may have moved them since the seal.
        span = {"from": other.evaluation_from, "to": other.evaluation_to}
        engagements += [{"expert": expert.id, **span} for expert in people]
    return Bound(
        engagements=tuple(engagements),
        draws=tuple(dict.fromkeys(other.id for other in (*counted_on, *others))),
        # Who has no employer stands for themselves alone, and is bound already.
        employers=tuple(sorted({one for one in employers if not one.startswith(NO_EMPLOYER)})),
        persons=frozenset(persons),
    )


async def busy(uow: UnitOfWork, platform: Platform, row: DrawRow, *, since: str, until: str) -> set[str]:
    """The persons who sit in another evaluation that meets [since, until]: as a case would find them bound
    (K14), were it sealed for these hours now."""
    found: set[str] = set()
    for other in await _meeting(uow, mode=row.mode, since=since, until=until, besides=row.id):
        people, _ = await _people(uow, platform, other)
        found |= {one.person for one in people}
    return found


async def _meeting(uow: UnitOfWork, *, mode: str, since: str, until: str, besides: str) -> list[DrawRow]:
    """Every other draw whose evaluation meets [since, until]; one that was called off binds nobody."""
    others = await uow.draws.meeting(
        mode=mode, states=(DRAWN, APPOINTED, OPENED), since=since, until=until, besides=besides
    )
    found = []
    for other in others:
        campaign = await uow.campaigns.of_draw(other.id)
        if campaign is None or campaign.state != CANCELLED:
            found.append(other)
    return found


async def _people(
    uow: UnitOfWork, platform: Platform, row: DrawRow
) -> tuple[list[ExpertRecord], list[ExpertRecord]]:
    """Who sits, by seat, and who ever did."""
    if row.appointed:
        sitting = [one.record for one in await appointed.holding(uow, row) if one is not None]
        return sitting, [one.record for one in (await appointed.chosen(uow, row)).people]
    found = await opened(platform, row)
    sitting = [expert for _, expert in roster(found.outcome, found.cells)]
    return sitting, list(ever_on_panel(found.outcome, found.cells))


def avoiding(case: Case, employers: Sequence[str]) -> Case:
    """The case with these among its units to avoid, so that a top-up brings in nobody else of them: stricter
    than the cap, which counts one round only."""
    known = {unit.org for unit in case.avoid_units}
    added = (AvoidUnit(org=org, reason=SAME_EMPLOYER) for org in employers if org not in known)
    return replace(case, avoid_units=(*case.avoid_units, *added))
