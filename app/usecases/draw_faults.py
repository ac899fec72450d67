"""What is wrong with a draw that was asked for: by law, by the draws before in its section, by the counts.

Pointers lead into the order; what lies in the registered project is told at ``/project``, with its place
there. The single checks by law are `draw.avoidance.requests`; who looks, and in which order, is
`app.usecases.previews`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.errors import Fault
from app.store.repositories.draws import DrawRow
from app.store.repositories.pools import PoolVersion
from app.store.repositories.projects import Agency, Project
from app.times import from_text, to_text
from app.usecases.platform import Platform
from app.usecases.readings import Reading
from app.usecases.top_ups import TopUp
from draw.avoidance.layers import RulePack
from draw.avoidance.requests import Demand, request_faults
from draw.model import Case, DrawParameters, Interval
from draw.preview import Preview

# Without a section to ask, parameters are judged under both regimes for a case that nothing is wrong with.
_REGIMES: Final = ("tender.cn", "govproc.cn")
_NO_CASE: Final = Case(
    project="?",
    section="?",
    tenderee="?",
    agency="?",
    authorities=(),
    bidders=(),
    groups=(),
    avoid_units=(),
    prepared_by=(),
    engagements=(),
    evaluation=Interval(since="", until=""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A registered section with what a draw of it meets: draws before it, and party keys not registered."""

    project: Project
    agency: Agency
    pack: RulePack
    case: Case
    earlier: tuple[DrawRow, ...]
    missing: tuple[str, ...]
    top_up: TopUp | None


def legal_faults(platform: Platform, section: Section | None, reading: Reading) -> Iterator[list[Fault]]:
    """The legal faults under each filling; without a section what holds under the packs of every regime."""
    for parameters in reading.fillings:
        if section is not None:
            yield list(_request_faults(platform, _demand(section, parameters), section.pack))
            continue
        for base in _REGIMES:
            demand = Demand(responsible="?", case=_NO_CASE, parameters=parameters, remote=False)
            told = _request_faults(platform, demand, platform.packs.resolve(base, ()))
            yield [one for one in told if not one.within]


def round_faults(earlier: Sequence[DrawRow], redraw_reason: object) -> Iterator[Fault]:
    """What the section's draws before this one have against it: one under way, a reason too many or none."""
    live = [one for one in earlier if one.live]
    if live:
        yield Fault(code="draw.live-exists", pointer="/section", figures={"draw": live[-1].id})
    elif all(one.appointed for one in earlier):
        if redraw_reason is not None:
            yield Fault(code="draw.no-redraw", pointer="/redraw_reason")
    elif redraw_reason is None:
        yield Fault(code="draw.redraw-reason", pointer="/redraw_reason")


def parties_fault(missing: Sequence[str]) -> Fault:
    """The fault of a draw that lacks registered keys of these roles."""
    return Fault(code="draw.parties-missing", figures={"roles": ", ".join(missing)})


def age_fault(platform: Platform, pool: PoolVersion) -> Iterator[Fault]:
    """A draw asked for now could never be sealed: its request would stand too near to the pool in the log."""
    earliest = from_text(pool.frozen_at) + platform.pool_age
    if platform.clock() < earliest:
        figures: dict[str, object] = {"earliest": to_text(earliest)}
        yield Fault(code="draw.pool-young", pointer="/pool", figures=figures)


def _demand(section: Section, parameters: DrawParameters) -> Demand:
    document = section.project.document
    return Demand(
        responsible=section.project.owner,
        case=section.case,
        parameters=parameters,
        remote=document["remote"],
        budget_yuan=document["budget_yuan"],
        circumstances=frozenset(document["circumstances"]),
    )


def _request_faults(platform: Platform, demand: Demand, pack: RulePack) -> Iterator[Fault]:
    packs = platform.packs
    for one in request_faults(demand, pack, packs.calendar, packs.specialties, now=platform.now()):
        within = _place_in_project(one.pointer)
        yield Fault(
            code=one.code,
            pointer="/project" if within else one.pointer,
            within=within,
            figures=dict(one.figures),
            zh=one.zh,
            en=one.en,
            basis=one.basis,
            alarm=one.alarm,
        )


def _place_in_project(pointer: str) -> str:
    """Where in the registered project a fault lies; empty for one of the order itself."""
    if pointer.startswith("/parameters"):
        return ""
    if pointer == "/responsible":
        return "/owner"
    return "/document" + pointer.removeprefix("/case")


def section_faults(section: Section, *, redraw_reason: object, opens_at: str | None) -> Iterator[Fault]:
    """What the section and the draws before have against an order; `opens_at` is the time asked for."""
    yield from round_faults(section.earlier, redraw_reason)
    if section.missing:
        yield parties_fault(section.missing)
    earliest = section.case.evaluation.since
    if opens_at is not None and opens_at < earliest:
        yield Fault(code="draw.opens-too-early", pointer="/opens_at", figures={"earliest": earliest})


def count_faults(
    counts: Preview, parameters: DrawParameters, pack: RulePack, *, override: str | None
) -> Iterator[Fault]:
    """Why no panel can be drawn, and the anonymity gate."""
    strata, sites = parameters.strata, parameters.sites
    for short in counts.shortfalls:
        pointer = "/parameters"
        figures: dict[str, object] = {"needed": short.needed, "available": short.available}
        if short.stratum is not None:
            pointer += f"/strata/{short.stratum}"
            figures["stratum"] = strata[short.stratum].id
        if short.site is not None:
            pointer += f"/sites/{short.site}"
            figures["site"] = sites[short.site].id
        yield Fault(code=f"feasibility.{short.code}", pointer=pointer, figures=figures)
    factor = pack.rules.anonymity.factor
    for index, stratum in enumerate(counts.strata):
        figures = {
            "stratum": strata[index].id,
            "experts": stratum.experts,
            "seats": stratum.seats,
            "factor": factor,
        }
        gate = Fault(code="anonymity.stop", pointer=f"/parameters/strata/{index}", figures=figures)
        if stratum.verdict == "stop":
            # The supervisor's node has to approve exactly this reason before it signs the seal.
            yield gate if override is None else replace(gate, code="anonymity.override", alarm=True)
        elif stratum.verdict == "yellow":
            yield replace(gate, code="anonymity.yellow", alarm=True)
    if override is not None and all(stratum.met for stratum in counts.strata):
        yield Fault(code="anonymity.no-override-needed", pointer="/override")
