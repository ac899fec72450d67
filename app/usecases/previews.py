"""A draw request looked at before anything happens: every fault at once, pool size after each filter, the
anonymity gate.

Counts only, no randomness, nothing stored. The same look decides whether a request is accepted
(`app.usecases.draw_requests`), so a preview never promises what the request then refuses, but for what
changed in between.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import Fault, InputRefusedError, NotFoundError
from app.store.repositories.pools import PoolVersion
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.principals import Principal
from app.usecases.projects import agency_of, case_of, find
from crypto.canonical import canonical
from crypto.hashing import sha256
from draw.avoidance.engine import Engine
from draw.avoidance.layers import RulePack
from draw.avoidance.requests import Demand, request_faults
from draw.errors import RulesError, SelectionError
from draw.model import ID, TEXT, TIME, Case, DrawParameters
from draw.preview import Preview, preview
from draw.schema import Faults, Nullable, ObjectOf, one_of
from draw.snapshot import Snapshot

CHAINS: Final = ("quicknet", "default")
KEPT_COUNTS: Final = 256
# Counts by question (`_question`): a function of frozen inputs, so an entry never goes stale.
_COUNTED: Final[OrderedDict[bytes, Preview | None]] = OrderedDict()
ORDER_SHAPE: Final = ObjectOf(
    {
        "project": ID,
        "section": ID,
        "pool": ID,
        "beacon": Nullable(one_of(*CHAINS)),
        "override": Nullable(TEXT),
        "opens_at": Nullable(TIME),
        "redraw_reason": Nullable(TEXT),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawOrder:
    """A draw as asked for; `parameters` is the JSON of draw-proof §5, everything else plain values.

    `override`: the reason, to be approved by the supervisor, for going on below the anonymity gate.
    `opens_at`: not before this time, if later than the evaluation's start. `redraw_reason`: why the section
    is drawn again.
    """

    project: Any
    section: Any
    pool: Any
    parameters: Any
    beacon: Any = None
    override: Any = None
    opens_at: Any = None
    redraw_reason: Any = None

    def header(self) -> dict[str, Any]:
        """All but the parameters, as `ORDER_SHAPE` describes them."""
        return {name: getattr(self, name) for name in ORDER_SHAPE.members}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an order rests on, once it can be read at all."""

    project: Project
    agency: Agency
    pool: PoolVersion
    pack: RulePack
    case: Case
    parameters: DrawParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`faults` stop the request, `alarms` do not. `preview` is None when the parameters break a limit."""

    ground: Ground
    faults: tuple[Fault, ...]
    alarms: tuple[Fault, ...]
    preview: Preview | None


async def look(platform: Platform, principal: Principal, order: DrawOrder) -> Look:
    """Look at an order. Raises InputRefusedError for one that cannot be read, NotFoundError for a project or
    pool unknown to the caller.
    """
    async with platform.database.read() as uow:
        ground = await read_ground(uow, platform, principal, order)
        snapshot = await load_snapshot(uow, ground.pool.id, ground.pool.version)
    counts = await _counts(ground, snapshot)
    found = [
        *_request_faults(platform, ground),
        *_opening_faults(ground, order),
        *(() if counts is None else _count_faults(counts, ground, order)),
    ]
    return Look(
        ground=ground,
        faults=tuple(one for one in found if not one.alarm),
        alarms=tuple(one for one in found if one.alarm),
        preview=counts,
    )


async def read_ground(uow: UnitOfWork, platform: Platform, principal: Principal, order: DrawOrder) -> Ground:
    """Project, pool, pack, case and parameters of an order. Raises as `look`."""
    parameters = _read_order(order)
    project = await find(uow, principal, order.project, order.section)
    agency = await agency_of(uow, project)
    pool = await uow.pools.get(order.pool)
    if pool is None or pool.mode != principal.mode:
        raise NotFoundError("pool.unknown")
    pack = project.document["pack"]
    return Ground(
        project=project,
        agency=agency,
        pool=pool,
        pack=platform.packs.resolve(pack["base"], pack["overlays"]),
        case=case_of(project, agency),
        parameters=parameters,
    )


def opens_at(case: Case, asked: str | None) -> str:
    """The first lawful opening: the start of the evaluation, or later when asked for."""
    return case.evaluation.since if asked is None else max(asked, case.evaluation.since)


def _read_order(order: DrawOrder) -> DrawParameters:
    found = Faults()
    ORDER_SHAPE.check(order.header(), "", found)
    faults = [Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in found.found]
    parameters = None
    try:
        parameters = DrawParameters.from_json(order.parameters)
    except RulesError as error:
        faults += _parameter_faults(error)
    if faults or parameters is None:
        raise InputRefusedError("draw.refused", faults)
    return parameters


def _parameter_faults(error: RulesError) -> list[Fault]:
    found: Any = error.details.get("faults", ())
    if not found:
        return [Fault(code="schema.range", pointer="/parameters/strata")]
    return [Fault(code=f"schema.{one.code}", pointer=f"/parameters{one.pointer}") for one in found]


async def _counts(ground: Ground, snapshot: Snapshot) -> Preview | None:
    """The counts, from memory when the very same question was asked lately: a request follows its preview."""
    key = _question(ground, snapshot)
    if key not in _COUNTED:
        _COUNTED[key] = await asyncio.to_thread(_counted, ground, snapshot)
        while len(_COUNTED) > KEPT_COUNTS:
            _COUNTED.popitem(last=False)
    return _COUNTED[key]


def _question(ground: Ground, snapshot: Snapshot) -> bytes:
    """Everything the counts depend on; project and section are names only."""
    case = {**ground.case.to_json(), "project": None, "section": None}
    parts = (case, ground.parameters.to_json(), ground.pack.rules.to_json())
    return snapshot.root + sha256(*(canonical(part) for part in parts))


def _counted(ground: Ground, snapshot: Snapshot) -> Preview | None:
    engine = Engine(ground.case, ground.pack.rules, ground.parameters)
    try:
        return preview(snapshot.records, engine, ground.parameters, ground.pack.rules)
    except SelectionError:
        # A limit is broken; request_faults names it.
        return None


def _request_faults(platform: Platform, ground: Ground) -> Iterator[Fault]:
    document = ground.project.document
    demand = Demand(
        responsible=ground.project.owner,
        case=ground.case,
        parameters=ground.parameters,
        remote=document["remote"],
        budget_yuan=document["budget_yuan"],
        circumstances=frozenset(document["circumstances"]),
    )
    packs = platform.packs
    for one in request_faults(demand, ground.pack, packs.calendar, packs.specialties, now=platform.now()):
        yield Fault(
            code=one.code, pointer=one.pointer, zh=one.zh, en=one.en, basis=one.basis, alarm=one.alarm
        )


def _opening_faults(ground: Ground, order: DrawOrder) -> Iterable[Fault]:
    earliest = ground.case.evaluation.since
    if order.opens_at is not None and order.opens_at < earliest:
        yield Fault(code="draw.opens-too-early", pointer="/opens_at", figures={"earliest": earliest})


def _count_faults(counts: Preview, ground: Ground, order: DrawOrder) -> Iterator[Fault]:
    strata, sites = ground.parameters.strata, ground.parameters.sites
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
    factor = ground.pack.rules.anonymity.factor
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
            yield gate if order.override is None else replace(gate, code="anonymity.override", alarm=True)
        elif stratum.verdict == "yellow":
            yield replace(gate, code="anonymity.yellow", alarm=True)
    if order.override is not None and all(stratum.met for stratum in counts.strata):
        yield Fault(code="anonymity.no-override-needed", pointer="/override")
