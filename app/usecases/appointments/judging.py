"""Whether an appointment may be: does the rule pack know such a case, is it the section's turn, do the seats
fit, and does anything stand against one of the people (回避, stage 1).

The same judgement is made when it is proposed and again when it is approved. What stands against a person is
told to the supervisor by its code; to whoever entered the person only that something does: reasons are the
person's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.errors import Fault
from app.store.repositories.draws import DrawRow
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases import top_ups
from app.usecases.campaign_seats import load_all
from app.usecases.draw_faults import Section, legal_faults
from app.usecases.draw_parties import party_keys
from app.usecases.engagements import Bound, avoiding, bound_between
from app.usecases.platform import Platform
from app.usecases.projects import agency_of, case_of
from app.usecases.readings import Reading
from app.usecases.rounds import committees
from draw.appointment import DIRECT, SELF_SELECTED, SHORT_POOL, Appointed, seats_of
from draw.avoidance.engine import Engine, beijing_date, employer_for_cap
from draw.avoidance.layers import RulePack
from draw.invitation import RUNNING
from draw.lifecycle import HOLDING
from draw.model import Case, DrawParameters, Interval

LADDER = "invitation.ladder"
ALLOWED = "appointment.direct"
_STEP = "self_selection"
_BOUND = "K14"
_QUALIFICATION = frozenset({"S1", "S2", "Q1", "Q2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A section as an appointment finds it: `rounds` are those whose vacant seats it would fill."""

    project: Project
    agency: Agency
    pack: RulePack
    case: Case
    earlier: tuple[DrawRow, ...]
    rounds: tuple[DrawRow, ...]
    missing: tuple[str, ...]

    def hours(self, way: str) -> Interval:
        """When its people evaluate: with those whose seats they fill, who may have been moved; else as the
        project says."""
        first = self.rounds[0] if way == SELF_SELECTED and self.rounds else None
        if first is None or first.evaluation_from is None or first.evaluation_to is None:
            return self.case.evaluation
        return Interval(since=first.evaluation_from, until=first.evaluation_to)


async def place_of(uow: UnitOfWork, platform: Platform, project: Project) -> Place:
    """The section with everything that a judgement looks at."""
    agency = await agency_of(uow, project)
    earlier = await uow.draws.of_section(project.id, project.section)
    pack = project.document["pack"]
    _, missing = await party_keys(uow, platform, agency.party)
    return Place(
        project=project,
        agency=agency,
        pack=platform.packs.resolve(pack["base"], pack["overlays"]),
        case=case_of(project, agency),
        earlier=tuple(earlier),
        rounds=tuple((committees(earlier) or [[]])[-1]),
        missing=missing,
    )


def rule_faults(pack: RulePack, way: str, reason: str) -> Iterator[Fault]:
    """What the pack says against this way or this reason, the parameter named."""
    name = LADDER if way == SELF_SELECTED else ALLOWED
    parameter = pack.parameters.get(name)
    codes: Iterable[str] = () if parameter is None else parameter.value
    if way == SELF_SELECTED:
        codes = (SHORT_POOL,) if _STEP in codes else ()
    figures: dict[str, object] = {"pack": pack.rules.id, "parameter": name}
    basis = pack.rules.id if parameter is None else pack.citation(name)
    if not codes:
        yield Fault(code="appointment.not-allowed", pointer="/way", figures=figures, basis=basis)
    elif reason not in codes:
        known = ", ".join(codes)
        figures = {**figures, "known": known}
        yield Fault(code="appointment.reason", pointer="/reason/code", figures=figures, basis=basis)


async def vacancy(uow: UnitOfWork, place: Place) -> DrawParameters | None:
    """The seats that an approved self-selection may fill now: after that step of the ladder, once."""
    rounds = place.rounds
    found = await load_all(uow, rounds)
    if not rounds or len(found) != len(rounds) or any(one.campaign.state not in RUNNING for one in found):
        return None
    steps = [step for one in found for step in await uow.campaigns.steps(one.campaign.id)]
    newest = max(steps, key=lambda step: step.log_index, default=None)
    if newest is None or newest.step != _STEP:
        return None
    return top_ups.missing(found, {step.step for step in steps})


def turn_faults(place: Place, way: str, seats: DrawParameters | None) -> Iterator[Fault]:
    """What the section's draws have against it."""
    if place.missing:
        figures: dict[str, object] = {"roles": ", ".join(place.missing)}
        yield Fault(code="draw.parties-missing", figures=figures)
    if way == SELF_SELECTED and seats is None:
        yield Fault(code="appointment.no-vacancy", pointer="/fills")
    # Who sits keeps sitting, also where a step of the ladder let the section have a further round.
    held = [one for one in place.earlier if one.live or one.state in HOLDING]
    if way == DIRECT and held:
        yield Fault(code="draw.live-exists", pointer="/section", figures={"draw": held[-1].id})


def pool_faults(place: Place, way: str, pool: str) -> Iterator[Fault]:
    """Who sits is bound by an id of the pool that was drawn from: a self-selection names experts of no
    other."""
    if way == SELF_SELECTED and any(one.request["pool"]["id"] != pool for one in place.rounds):
        yield Fault(code="appointment.pool", pointer="/pool")


def seat_faults(
    platform: Platform, place: Place, way: str, parameters: DrawParameters, people: Sequence[Appointed]
) -> Iterator[Fault]:
    """The committee by law, and whether the people fill exactly its seats."""
    section = Section(
        project=place.project,
        agency=place.agency,
        pack=place.pack,
        case=replace(place.case, evaluation=place.hours(way)),
        earlier=place.earlier,
        missing=place.missing,
        top_up=None,
    )
    reading = Reading(whole=parameters, faults=(), fillings=(parameters,))
    for found in legal_faults(platform, section, reading):
        yield from (one for one in found if not one.alarm)
    for wrong in seats_of(parameters, people):
        yield Fault(code=f"appointment.{wrong}", pointer="/people")
    prefixes = {stratum.id: stratum.prefixes for stratum in parameters.strata}
    for number, one in enumerate(people):
        if not any(code.startswith(prefixes.get(one.stratum, ())) for code in one.record.specialties):
            yield Fault(code="appointment.specialty", pointer=f"/people/{number}")


async def person_faults(
    uow: UnitOfWork,
    platform: Platform,
    place: Place,
    parameters: DrawParameters,
    people: Sequence[Appointed],
    *,
    way: str,
    told: bool,
) -> list[Fault]:
    """What stands against each of the people; `told`: with the codes of the reasons."""
    span = place.hours(way)
    bound = await bound_between(
        uow,
        platform,
        mode=platform.mode,
        besides="",
        since=span.since,
        until=span.until,
        counted_on=place.rounds if parameters.committee.seated else (),
    )
    case = replace(case_of(place.project, place.agency, bound.engagements), evaluation=span)
    engine = Engine(avoiding(case, bound.employers), place.pack.rules, parameters)
    faults = []
    for number, one in enumerate(people):
        reasons = _reasons(engine, bound, one)
        faults += list(_told(f"/people/{number}", reasons, told=told))
    return [*faults, *_capped(people, parameters.cap, beijing_date(span.since))]


def _reasons(engine: Engine, bound: Bound, one: Appointed) -> list[str]:
    """What the rules say; and nobody sits twice, whichever id the person was entered under."""
    reasons = list(engine.reasons(one.record))
    if one.record.person in bound.persons and _BOUND not in reasons:
        reasons.append(_BOUND)
    return reasons


def _told(pointer: str, reasons: Sequence[str], *, told: bool) -> Iterator[Fault]:
    if told:
        for code in reasons:
            yield Fault(code="appointment.against", pointer=pointer, figures={"reason": code})
    elif any(code not in _QUALIFICATION for code in reasons):
        yield Fault(code="appointment.conflicted", pointer=pointer)
    elif reasons:
        yield Fault(code="appointment.unqualified", pointer=pointer)


def _capped(people: Sequence[Appointed], cap: int, day: str) -> Iterator[Fault]:
    """Later ones of an employer that sends more than the cap allows."""
    seen: Counter[str] = Counter()
    for number, one in enumerate(people):
        employer = employer_for_cap(one.record, day)
        seen[employer] += 1
        if seen[employer] > cap:
            yield Fault(code="appointment.cap", pointer=f"/people/{number}", figures={"cap": cap})
