"""The top-up 补抽 of a committee whose pool ran short: which seats are missing, and where they may be filled
from.

A step of the ladder that looks further gives exactly one order, and only that one is accepted: the missing
seats by stratum and site, the filter widened by the steps taken, `seated` those who go on. A request uses the
step up; another top-up needs another step. Who sits stays untold, here are numbers only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import Fault
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.campaign_seats import Standing, load_all
from app.usecases.rounds import committee_of, committees, parameters_of
from draw.entry_bodies import LOGGED
from draw.identifiers import PROVINCES
from draw.invitation import RUNNING
from draw.lifecycle import DRAWN
from draw.model import MAX_LIST, Committee, DrawParameters, SiteQuota, Stratum

WIDEN_REGION: Final = "widen_region"
SIBLING: Final = "sibling_specialty"
OTHER_PROVINCE: Final = "other_province"
WIDENING: Final = frozenset({WIDEN_REGION, SIBLING, OTHER_PROVINCE})
_PROVINCE_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """The one order that a step of the ladder allows."""

    project: str
    section: str
    pool: str
    parameters: DrawParameters
    beacon: str | None
    opens_at: str | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The order as `POST /v1/draws` takes it."""
        return {
            "project": self.project,
            "section": self.section,
            "pool": self.pool,
            "parameters": self.parameters.to_json(),
            "beacon": self.beacon,
            "override": None,
            "opens_at": self.opens_at,
            "redraw_reason": self.reason,
            "invitations": LOGGED,
        }


async def of_draw(uow: UnitOfWork, row: DrawRow) -> TopUp | None:
    """The top-up that may be asked for now of the committee that this draw fills."""
    rows = await uow.draws.of_section(row.project_id, row.section)
    last = committees(rows)[-1:]
    return await of_section(uow, rows) if last == [committee_of(rows, row.id)] else None


async def of_section(uow: UnitOfWork, rows: Sequence[DrawRow]) -> TopUp | None:
    """The top-up that may be asked for now, given a section's draws by round; None without a step of the
    ladder that nobody has used."""
    rounds = (committees(rows) or [[]])[-1]
    if not rounds or any(row.live or row.state != DRAWN for row in rounds):
        return None
    found = await load_all(uow, rounds)
    if len(found) != len(rounds) or any(one.campaign.state not in RUNNING for one in found):
        return None
    steps = [step for one in found for step in await uow.campaigns.steps(one.campaign.id)]
    newest = max(steps, key=lambda step: step.log_index, default=None)
    if newest is None or newest.step not in WIDENING or newest.log_index < (rounds[-1].k or 0):
        return None
    parameters = missing(found, {step.step for step in steps})
    if parameters is None:
        return None
    first = rounds[0]
    return TopUp(
        project=first.project_id,
        section=first.section,
        pool=first.request["pool"]["id"],
        parameters=parameters,
        beacon=first.request["beacon"],
        opens_at=first.request["opens_at"],
        reason=newest.reason_zh,
    )


async def seated(uow: UnitOfWork, rounds: Sequence[DrawRow]) -> int:
    """How many seats of these rounds are held now."""
    return sum(_held(one) for one in await load_all(uow, rounds))


def faults(parameters: DrawParameters, pool: object, allowed: TopUp | None) -> Iterator[Fault]:
    """What an order that counts on seated experts has against it; nothing for any other order."""
    if not parameters.committee.seated:
        return
    if allowed is None:
        yield Fault(code="draw.top-up-none", pointer="/parameters/committee/seated")
        return
    if parameters != allowed.parameters:
        yield Fault(code="draw.top-up-differs", pointer="/parameters")
    # Who sits is bound by an id of that pool.
    if pool != allowed.pool:
        yield Fault(code="draw.top-up-differs", pointer="/pool")


def missing(found: Sequence[Standing], steps: Iterable[str]) -> DrawParameters | None:
    """Parameters of the seats that a committee lacks, widened by `steps`; None when it lacks none, or
    nobody goes on."""
    whole, taken = parameters_of(found[0].row), frozenset(steps)
    by_stratum, by_site = _lacking(found)
    held = sum(_held(one) for one in found)
    strata = tuple(
        _widened(stratum, by_stratum[stratum.id], taken)
        for stratum in whole.strata
        if by_stratum[stratum.id] > 0
    )
    lacking = whole.seats - held
    if not held or not strata or sum(stratum.seats for stratum in strata) != lacking:
        return None
    return replace(
        whole,
        committee=Committee(experts=lacking, seated=held, owners=whole.committee.owners),
        strata=strata,
        sites=_sites(whole, by_site, lacking, taken),
    )


def _lacking(found: Sequence[Standing]) -> tuple[Counter[str], Counter[str]]:
    """Vacant seats by stratum and by site, less those that a later round was drawn for."""
    strata: Counter[str] = Counter()
    sites: Counter[str] = Counter()
    for number, one in enumerate(found):
        vacant = [one.newest[seat].invited for seat, state in enumerate(one.states()) if state is None]
        strata.update(invited.stratum for invited in vacant)
        sites.update(invited.site for invited in vacant)
        if number:
            asked = parameters_of(one.row)
            strata.subtract({stratum.id: stratum.seats for stratum in asked.strata})
            sites.subtract({site.id: site.minimum for site in asked.sites})
    return strata, sites


def _held(one: Standing) -> int:
    return sum(state is not None for state in one.states())


def _widened(stratum: Stratum, seats: int, taken: frozenset[str]) -> Stratum:
    prefixes = stratum.prefixes
    if SIBLING in taken:
        above = (code[:-2] if len(code) > 1 else code for code in prefixes)
        prefixes = tuple(dict.fromkeys((*above, *prefixes)))[:MAX_LIST]
    return replace(stratum, prefixes=prefixes, seats=seats)


def _sites(
    whole: DrawParameters, lacking: Counter[str], total: int, taken: frozenset[str]
) -> tuple[SiteQuota, ...]:
    """Each lacking site with exactly its seats. One that an earlier one's wider regions cover is joined to
    it."""
    exact = all(lacking[site.id] >= 0 for site in whole.sites)
    sites: list[SiteQuota] = []
    for site in whole.sites:
        if lacking[site.id] <= 0:
            continue
        low, high = (lacking[site.id], lacking[site.id]) if exact else (0, total)
        wide = replace(site, regions=_regions(site.regions, taken), minimum=low, maximum=high)
        if sites and all(region.startswith(sites[0].regions) for region in wide.regions):
            sites[0] = replace(sites[0], minimum=sites[0].minimum + low, maximum=sites[0].maximum + high)
        else:
            sites.append(wide)
    return tuple(sites)


def _regions(regions: tuple[str, ...], taken: frozenset[str]) -> tuple[str, ...]:
    if OTHER_PROVINCE in taken:
        return tuple(PROVINCES)
    if WIDEN_REGION in taken:
        return tuple(dict.fromkeys(region[:_PROVINCE_DIGITS] for region in regions))
    return regions
