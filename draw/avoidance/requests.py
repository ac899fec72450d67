"""Is a draw request lawful and possible as it stands? All faults at once 一次性告知, in Chinese and English.

Everything here is known before any expert is looked at: the case, the public parameters, the rule pack, the
calendar and the time. Pointers lead into `{"responsible", "case", "parameters", "pack"}`. Whether enough
experts are left is `draw.preview`'s question. An alarm does not stop a request, a fault does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from draw.avoidance.engine import beijing_date
from draw.avoidance.layers import RulePack
from draw.avoidance.texts import TEXTS
from draw.calendar import Calendar, earliest_draw
from draw.errors import RulesError
from draw.identifiers import org_fault, region_prefix_fault
from draw.model import MAX_LIST, MAX_SEATS, MAX_SITES, MAX_STRATA, Case, DrawParameters, SiteQuota, Stratum
from draw.schema import is_text, is_time
from draw.specialties import Specialties

MIN_REASON: Final = 4  # characters of a reason for a unit to avoid: two words in Chinese


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A draw as asked for: not yet checked in any way.

    `responsible`: the person in charge of the project 服务责任人. `remote`: an evaluation across places.
    `circumstances`: `complex`, `social_impact`.
    """

    responsible: str | None
    case: Case
    parameters: DrawParameters
    remote: bool
    budget_yuan: int | None = None
    circumstances: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to tell: where (JSON pointer), what, and by which source; an `alarm` does not stop.

    `figures` are the numbers, times and ids that the texts name.
    """

    code: str
    pointer: str
    zh: str
    en: str
    basis: str
    alarm: bool = False
    figures: Mapping[str, object] = field(default_factory=dict)


def request_faults(
    demand: Demand, pack: RulePack, calendar: Calendar, specialties: Specialties, *, now: str
) -> list[Fault]:
    """Every fault of the request at time `now`; an empty list lets it pass."""
    checks = (
        _project(demand),
        _times(demand, pack, calendar, now),
        _pack(demand, pack, now),
        _committee(demand.parameters, pack),
        _strata(demand.parameters, specialties),
        _sites(demand.parameters),
        _cap(demand.parameters, pack),
        _organisations(demand.case),
        _bidders(demand.case),
        _avoid_units(demand.case, pack),
    )
    return list(chain.from_iterable(checks))


def _fault(code: str, pointer: str, basis: str | None = None, **figures: object) -> Fault:
    text = TEXTS[code]
    return Fault(
        code=code,
        pointer=pointer,
        zh=text.zh.format(**figures),
        en=text.en.format(**figures),
        basis=text.basis if basis is None else basis,
        alarm=text.alarm,
        figures=figures,
    )


def _project(demand: Demand) -> Iterator[Fault]:
    if demand.responsible is None or not demand.responsible.strip() or not is_text(demand.responsible):
        yield _fault("responsible.missing", "/responsible")


def _times(demand: Demand, pack: RulePack, calendar: Calendar, now: str) -> Iterator[Fault]:
    span, at = demand.case.evaluation, "/case/evaluation"
    bad = [name for name, time in (("from", span.since), ("to", span.until)) if not is_time(time)]
    if bad:
        yield from (_fault("evaluation.time", f"{at}/{name}") for name in bad)
        return
    if span.until < span.since:
        yield _fault("evaluation.order", f"{at}/to")
    if span.since <= now:
        yield _fault("evaluation.past", f"{at}/from")
        return
    try:
        earliest = earliest_draw(span.since, pack.window, calendar, remote=demand.remote)
    except RulesError as error:
        yield _fault("calendar.unknown", f"{at}/from", year=error.details.get("year"))
        return
    if earliest is not None and now < earliest:
        yield _fault("draw.too_early", f"{at}/from", pack.citation("draw_window"), earliest=earliest)


def _pack(demand: Demand, pack: RulePack, now: str) -> Iterator[Fault]:
    rules = pack.rules
    days = {beijing_date(time) for time in (now, demand.case.evaluation.since) if is_time(time)}
    for day in sorted(days):
        if day < rules.effective_from or (rules.effective_to is not None and day > rules.effective_to):
            yield _fault("pack.not_effective", "/pack", day=day, pack=rules.id)
    layers = {layer.id for layer in rules.layers}
    for needed in pack.overlays_required:
        large = demand.budget_yuan is not None and demand.budget_yuan >= needed.budget_yuan
        special = not demand.circumstances.isdisjoint(needed.circumstances)
        if needed.overlay not in layers and (large or special):
            basis = pack.citation("overlays_required")
            yield _fault("pack.overlay_required", "/pack", basis, overlay=needed.overlay)


def _committee(parameters: DrawParameters, pack: RulePack) -> Iterator[Fault]:
    committee, rule, at = parameters.committee, pack.rules.committee, "/parameters/committee"
    experts, seated, owners, members = (
        committee.experts,
        committee.seated,
        committee.owners,
        committee.members,
    )
    num, den = rule.expert_share
    if experts < 1 or seated < 0 or owners < 0:
        yield _fault("committee.numbers", at)
        return
    if rule.odd and members % 2 == 0:
        yield _fault("committee.even", at, pack.citation("committee.odd"), members=members)
    if members < rule.minimum:
        basis = pack.citation("committee.min")
        yield _fault("committee.too_small", at, basis, members=members, minimum=rule.minimum)
    if (experts + seated) * den < members * num:
        least = -(-members * num // den) - seated
        basis = pack.citation("committee.expert_share")
        yield _fault("committee.expert_share", f"{at}/experts", basis, experts=experts, least=least)
    if pack.rules.owners_max is not None and owners > pack.rules.owners_max:
        basis = pack.citation("owners_max")
        yield _fault("committee.owners", f"{at}/owners", basis, owners=owners, most=pack.rules.owners_max)
    if parameters.seats != experts:
        yield _fault("seats.differ", "/parameters/strata", seats=parameters.seats, experts=experts)
    if parameters.seats > MAX_SEATS:
        yield _fault("seats.too_many", "/parameters/strata", seats=parameters.seats, most=MAX_SEATS)


def _strata(parameters: DrawParameters, specialties: Specialties) -> Iterator[Fault]:
    at, strata = "/parameters/strata", parameters.strata
    if not 1 <= len(strata) <= MAX_STRATA:
        yield _fault("strata.number", at, most=MAX_STRATA)
    for index, stratum in enumerate(strata):
        here = f"{at}/{index}"
        if any(stratum.id == other.id for other in strata[:index]):
            yield _fault("stratum.duplicate_id", f"{here}/id")
        if any(set(stratum.prefixes) == set(other.prefixes) for other in strata[:index]):
            yield _fault("stratum.duplicate", f"{here}/prefixes")
        if stratum.seats < 1:
            yield _fault("stratum.seats", f"{here}/seats")
        yield from _prefixes(stratum, f"{here}/prefixes", specialties)


def _prefixes(stratum: Stratum, at: str, specialties: Specialties) -> Iterator[Fault]:
    if not 1 <= len(stratum.prefixes) <= MAX_LIST:
        yield _fault("stratum.empty", at, most=MAX_LIST)
    for index, code in enumerate(stratum.prefixes):
        standing = specialties.standing(code)
        if standing in ("malformed", "unknown"):
            yield _fault(f"specialty.{standing}", f"{at}/{index}")
        if code in stratum.prefixes[:index]:
            yield _fault("specialty.duplicate", f"{at}/{index}")


def _sites(parameters: DrawParameters) -> Iterator[Fault]:
    at, sites = "/parameters/sites", parameters.sites
    if not 1 <= len(sites) <= MAX_SITES:
        yield _fault("sites.number", at, most=MAX_SITES)
    for index, site in enumerate(sites):
        here, earlier = f"{at}/{index}", sites[:index]
        if any(site.id == other.id for other in earlier):
            yield _fault("site.duplicate_id", f"{here}/id")
        if not 0 <= site.minimum <= site.maximum:
            yield _fault("site.range", here)
        yield from _regions(site, f"{here}/regions")
        taken = tuple(prefix for other in earlier for prefix in other.regions)
        if taken and site.regions and all(region.startswith(taken) for region in site.regions):
            yield _fault("site.shadowed", f"{here}/regions")
    low, high = sum(site.minimum for site in sites), sum(site.maximum for site in sites)
    experts = parameters.committee.experts
    if sites and low > experts:
        yield _fault("sites.minimum", at, low=low, experts=experts)
    if sites and high < experts:
        yield _fault("sites.maximum", at, high=high, experts=experts)


def _regions(site: SiteQuota, at: str) -> Iterator[Fault]:
    if not 1 <= len(site.regions) <= MAX_LIST:
        yield _fault("site.empty", at, most=MAX_LIST)
    for index, region in enumerate(site.regions):
        kind = region_prefix_fault(region)
        if kind is not None:
            yield _fault(f"region.{kind}", f"{at}/{index}")
        if region in site.regions[:index]:
            yield _fault("region.duplicate", f"{at}/{index}")


def _cap(parameters: DrawParameters, pack: RulePack) -> Iterator[Fault]:
    if parameters.rule != "uniform/1":
        yield _fault("rule.unknown", "/parameters/rule")
    if not 1 <= parameters.cap <= pack.rules.employer_cap:
        basis, most = pack.citation("employer_cap"), pack.rules.employer_cap
        yield _fault("cap.range", "/parameters/cap", basis, cap=parameters.cap, most=most)


def _organisations(case: Case) -> Iterator[Fault]:
    for pointer, org in _named_organisations(case):
        kind = org_fault(org)
        if kind is not None:
            yield _fault(f"org.{kind}", pointer)


def _named_organisations(case: Case) -> Iterable[tuple[str, str]]:
    yield "/case/tenderee", case.tenderee
    yield "/case/agency", case.agency
    for i, org in enumerate(case.authorities):
        yield f"/case/authorities/{i}", org
    for i, bidder in enumerate(case.bidders):
        for n, org in enumerate(bidder.orgs):
            yield f"/case/bidders/{i}/orgs/{n}", org
    for i, group in enumerate(case.groups):
        for n, org in enumerate(group):
            yield f"/case/groups/{i}/{n}", org
    for i, unit in enumerate(case.avoid_units):
        yield f"/case/avoid_units/{i}/org", unit.org


def _bidders(case: Case) -> Iterator[Fault]:
    if not case.bidders:
        yield _fault("bidders.none", "/case/bidders")
    for index, bidder in enumerate(case.bidders):
        if any(bidder.id == other.id for other in case.bidders[:index]):
            yield _fault("bidder.duplicate", f"/case/bidders/{index}/id")
        if not bidder.orgs:
            yield _fault("bidder.empty", f"/case/bidders/{index}/orgs")


def _avoid_units(case: Case, pack: RulePack) -> Iterator[Fault]:
    units = case.avoid_units
    for index, unit in enumerate(units):
        at = f"/case/avoid_units/{index}"
        if len(unit.reason.strip()) < MIN_REASON or not is_text(unit.reason):
            yield _fault("avoid_unit.reason", f"{at}/reason", least=MIN_REASON)
        if any(unit.org == other.org for other in units[:index]):
            yield _fault("avoid_unit.duplicate", f"{at}/org")
    if len(units) >= pack.avoid_units_alarm:
        basis = pack.citation("avoid_units_alarm")
        yield _fault("avoid_units.many", "/case/avoid_units", basis, units=len(units))
