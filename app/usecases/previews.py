"""A draw request looked at before anything happens: every fault at once, pool size after each filter, the
anonymity gate.

Counts only, no randomness, nothing stored. The same look decides whether a request is accepted
(`app.usecases.draw_requests`), so a preview never promises what the request then refuses, but for what
changed in between.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import AppError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.pools import PoolVersion
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases import top_ups
from app.usecases.draw_faults import Section, age_fault, count_faults, legal_faults, section_faults
from app.usecases.draw_parties import party_keys
from app.usecases.faults import standing, together
from app.usecases.platform import Platform
from app.usecases.pools import load_snapshot
from app.usecases.principals import Principal
from app.usecases.projects import agency_of, case_of, find
from app.usecases.readings import read_parameters
from crypto.canonical import canonical
from crypto.hashing import sha256
from draw.avoidance.engine import Engine
from draw.avoidance.layers import RulePack
from draw.entry_bodies import ELSEWHERE, LOGGED
from draw.errors import SelectionError
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
        "invitations": one_of(LOGGED, ELSEWHERE),
    }
)

_NAMES: Final = frozenset({"/project", "/section"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawOrder:
    """A draw as asked for; `parameters` is the JSON of draw-proof §5, everything else plain values.

    `override`: the reason, to be approved by the supervisor, for going on below the anonymity gate.
    `opens_at`: not before this time, if later than the evaluation's start. `redraw_reason`: why the section
    is drawn again. `invitations`: whether they are entries of the log (``logged``), so that every replacement
    shows its ground, or made ``elsewhere``.
    """

    project: Any
    section: Any
    pool: Any
    parameters: Any
    beacon: Any = None
    override: Any = None
    opens_at: Any = None
    redraw_reason: Any = None
    invitations: Any = LOGGED

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
    """Look at an order.

    Raises InputRefusedError for one that cannot be read, with those faults and every other that can be judged
    all the same; NotFoundError when nothing else is wrong than a project or pool unknown to the caller.
    """
    header, reading = _header_faults(order), read_parameters(order.parameters)
    malformed = {one.pointer for one in header}
    async with platform.database.read() as uow:
        section = await _section(uow, platform, principal, order, malformed)
        pool = None if "/pool" in malformed else await _pool(uow, principal, order.pool)
        known = section is not None and pool is not None and reading.whole is not None
        snapshot = await load_snapshot(uow, pool.id, pool.version) if known and pool is not None else None
    ground = _ground(section, pool, reading.whole)
    counts = None if ground is None or snapshot is None else await _counts(ground, snapshot)
    found = [
        *standing(list(legal_faults(platform, section, reading))),
        *standing([list(_stated_faults(section, counts, ground, one)) for one in _orders(order, malformed)]),
        *([] if pool is None else age_fault(platform, pool)),
    ]
    shape = [*header, *reading.faults]
    if ground is None or shape:
        absent = []
        if section is None and not malformed & _NAMES:
            absent.append(Fault(code="project.unknown", pointer="/project"))
        if pool is None and "/pool" not in malformed:
            absent.append(Fault(code="pool.unknown", pointer="/pool"))
        raise _unreadable(shape, absent, found)
    return Look(
        ground=ground,
        faults=tuple(one for one in found if not one.alarm),
        alarms=tuple(one for one in found if one.alarm),
        preview=counts,
    )


def opens_at(case: Case, asked: str | None) -> str:
    """The first lawful opening: the start of the evaluation, or later when asked for."""
    return case.evaluation.since if asked is None else max(asked, case.evaluation.since)


def _stated_faults(
    section: Section | None, counts: Preview | None, ground: Ground | None, order: DrawOrder
) -> Iterator[Fault]:
    if section is not None:
        yield from section_faults(section, redraw_reason=order.redraw_reason, opens_at=order.opens_at)
    if section is not None and ground is not None:
        yield from top_ups.faults(ground.parameters, order.pool, section.top_up)
    if counts is not None and ground is not None:
        yield from count_faults(counts, ground.parameters, ground.pack, override=order.override)


def _header_faults(order: DrawOrder) -> list[Fault]:
    found = Faults()
    ORDER_SHAPE.check(order.header(), "", found)
    return [Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in found.found]


def _orders(order: DrawOrder, malformed: Collection[str]) -> list[DrawOrder]:
    """The order with each malformed optional text left out, and with something in its place."""
    doubtful = [name for name in ("override", "redraw_reason") if f"/{name}" in malformed]
    timed = replace(order, opens_at=None) if "/opens_at" in malformed else order
    return (
        [replace(timed, **dict.fromkeys(doubtful, value)) for value in (None, "?")] if doubtful else [timed]
    )


def _unreadable(shape: list[Fault], absent: list[Fault], found: list[Fault]) -> AppError:
    if not shape and len(absent) == 1 and not any(not one.alarm for one in found):
        return NotFoundError(absent[0].code)
    return InputRefusedError("draw.refused", together(shape, [*absent, *found]))


async def _section(
    uow: UnitOfWork, platform: Platform, principal: Principal, order: DrawOrder, malformed: Collection[str]
) -> Section | None:
    if not _NAMES.isdisjoint(malformed):
        return None
    try:
        project = await find(uow, principal, order.project, order.section)
    except NotFoundError:
        return None
    agency = await agency_of(uow, project)
    earlier = await uow.draws.of_section(project.id, project.section)
    pack = project.document["pack"]
    _, missing = await party_keys(uow, platform, agency.party)
    return Section(
        project=project,
        agency=agency,
        pack=platform.packs.resolve(pack["base"], pack["overlays"]),
        case=case_of(project, agency),
        earlier=tuple(earlier),
        missing=missing,
        top_up=await top_ups.of_section(uow, earlier),
    )


async def _pool(uow: UnitOfWork, principal: Principal, pool_id: str) -> PoolVersion | None:
    pool = await uow.pools.get(pool_id)
    return None if pool is None or pool.mode != principal.mode else pool


def _ground(
    section: Section | None, pool: PoolVersion | None, parameters: DrawParameters | None
) -> Ground | None:
    if section is None or pool is None or parameters is None:
        return None
    return Ground(
        project=section.project,
        agency=section.agency,
        pool=pool,
        pack=section.pack,
        case=section.case,
        parameters=parameters,
    )


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
