"""Register projects and their sections, keep their bidders current, and turn them into the case of a draw.

A project's document holds what the rules need: tenderee, authorities, bidders with every consortium member,
groups, units to avoid, who prepared the documents, the time of evaluation and the rule pack. Everything wrong
with it is told at once (R73); a project without a responsible person does not exist (R74). Eligibility and
drawing are elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.gateways.ocds import Notice
from app.gateways.rule_packs import RulePacks
from app.store.repositories.draws import DrawRow
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases.faults import together
from app.usecases.principals import Principal, require_own
from app.usecases.rounds import invites_here
from crypto.canonical import JsonValue
from draw.avoidance.parameters import CIRCUMSTANCES
from draw.avoidance.texts import TEXTS
from draw.errors import RulesError
from draw.identifiers import org_fault
from draw.lifecycle import HOLDING
from draw.model import CASE_SHAPE, ID, ORG, TEXT, Case
from draw.schema import Boolean, Faults, Integer, ListOf, Nullable, ObjectOf, Shape, is_time, one_of

MAX_NAMES: Final = 2_000
MAX_OVERLAYS: Final = 15
_MAX_BUDGET: Final = 10**15
_CASE: Final = ("tenderee", "authorities", "bidders", "groups", "avoid_units", "prepared_by", "evaluation")
BIDDERS_SHAPE: Final[Shape] = CASE_SHAPE.members["bidders"]
_PACK_SHAPE: Final = ObjectOf({"base": ID, "overlays": ListOf(ID, MAX_OVERLAYS, unique=True)})
DOCUMENT_SHAPE: Final = ObjectOf(
    {
        "title": TEXT,
        **{name: CASE_SHAPE.members[name] for name in _CASE},
        "names": ListOf(ObjectOf({"org": ORG, "name": TEXT}), MAX_NAMES),
        "pack": _PACK_SHAPE,
        "remote": Boolean(),
        "budget_yuan": Nullable(Integer(0, _MAX_BUDGET)),
        "circumstances": ListOf(one_of(*CIRCUMSTANCES), len(CIRCUMSTANCES), unique=True),
        "source": Nullable(ObjectOf({"format": one_of("ocds-1.1"), "ocid": TEXT})),
    }
)
_HEADER_SHAPE: Final = ObjectOf({"project": ID, "section": ID, "owner": TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOrder:
    """A project section as asked for: not yet checked in any way."""

    project: object
    section: object
    owner: object
    document: object


async def register(
    uow: UnitOfWork, principal: Principal, order: ProjectOrder, packs: RulePacks, *, now: str
) -> Project:
    """Store a new section of a project.

    Raises InputRefusedError with every fault, ConflictError ``project.exists``.
    """
    faults = order_faults(order, packs)
    if faults:
        raise InputRefusedError("project.refused", faults)
    project = Project(
        id=str(order.project),
        section=str(order.section),
        agency_id=_agency_id(principal),
        owner=str(order.owner),
        mode=principal.mode,
        document=order.document,  # type: ignore[arg-type]  # an object: document_faults found nothing
        version=1,
        created_at=now,
        updated_at=now,
    )
    await uow.projects.add(project)
    return project


async def find(uow: UnitOfWork, principal: Principal, project_id: str, section: str) -> Project:
    """One section that this caller may know of. Raises NotFoundError ``project.unknown``."""
    project = await uow.projects.get(project_id, section)
    if project is None:
        raise NotFoundError("project.unknown")
    require_own(principal, agency_id=project.agency_id, mode=project.mode, missing="project.unknown")
    return project


async def replace_bidders(
    uow: UnitOfWork,
    principal: Principal,
    *,
    project_id: str,
    section: str,
    bidders: object,
    expected: int | None,
    now: str,
) -> Project:
    """Replace the list of bidders of a section at version `expected` (None: whatever it is).

    A bidder that withdrew stays in the list, marked; leaving one out that was there before is refused,
    because it would lift avoidance (domain §2.3). While a draw of the section is between its seal and its
    result, or drawn without logged invitations, nothing changes; afterwards the supervisor has whoever sits
    judged anew. Raises InputRefusedError, WriteConflictError ``project.version-moved``, and ConflictError
    ``project.draw-sealed``.
    """
    project = await find(uow, principal, project_id, section)
    if expected is not None and project.version != expected:
        raise ConflictError("project.version-moved")
    faults = bidder_faults(bidders, project.document["bidders"])
    if faults:
        raise InputRefusedError("project.refused", faults)
    for draw in await uow.draws.of_section(project_id, section):
        if draw.live and draw.sdr is not None and not _invites(draw):
            raise ConflictError("project.draw-sealed", draw=draw.id)
    document = {**project.document, "bidders": bidders}
    changed = replace(project, document=document, version=project.version + 1, updated_at=now)
    await uow.projects.replace(changed, expected=project.version)
    return changed


def order_faults(order: ProjectOrder, packs: RulePacks) -> list[Fault]:
    """Everything wrong with an order: ids, responsible person, document."""
    return [*_header_faults(order), *document_faults(order.document, packs)]


def document_faults(document: object, packs: RulePacks) -> list[Fault]:
    """Everything wrong with a document: its shape, check characters, doubles, and a rule pack that is not
    there. A malformed part hides nothing of the rest.
    """
    shape = _shape_faults(DOCUMENT_SHAPE, document, "")
    if not isinstance(document, dict):
        return shape
    rest = (*_org_faults(document), *_double_faults(document), *_pack_faults(document.get("pack"), packs))
    return together(shape, rest)


def document_of_notice(notice: Notice, rest: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The document of an OCDS notice; `rest` gives what a notice does not tell (evaluation, pack …)."""
    bidders: list[JsonValue] = [
        {"id": f"b{number}", "withdrawn": False, "orgs": [one.org]}
        for number, one in enumerate(notice.bidders, 1)
    ]
    named = {one.org: one.name for one in (notice.buyer, *notice.bidders)}
    defaults: dict[str, JsonValue] = {
        "authorities": [],
        "groups": [],
        "avoid_units": [],
        "prepared_by": [],
        "remote": False,
        "budget_yuan": None,
        "circumstances": [],
    }
    return {
        **defaults,
        **rest,
        "title": notice.title,
        "tenderee": notice.buyer.org,
        "bidders": bidders,
        "names": [{"org": org, "name": name} for org, name in named.items()],
        "source": {"format": "ocds-1.1", "ocid": notice.ocid},
    }


def case_of(project: Project, agency: Agency, engagements: Sequence[JsonValue] = ()) -> Case:
    """The case of a draw (draw-proof §4). `engagements` are other evaluations that experts are bound to.

    Raises SnapshotError when the stored document does not have the shape of a case.
    """
    document = project.document
    return Case.from_json(
        {
            "project": project.id,
            "section": project.section,
            "agency": agency.org,
            "engagements": list(engagements),
            **{name: document[name] for name in _CASE},
        }
    )


async def agency_of(uow: UnitOfWork, project: Project) -> Agency:
    """The agency of a project. Raises NotFoundError ``agency.unknown``."""
    agency = await uow.projects.agency(project.agency_id)
    if agency is None:
        raise NotFoundError("agency.unknown")
    return agency


def _invites(draw: DrawRow) -> bool:
    """Whether the drawn are being invited, so that a conflict found now can still be replaced."""
    return draw.state in HOLDING and invites_here(draw)


def _agency_id(principal: Principal) -> str:
    if principal.agency_id is None:
        raise NotFoundError("agency.unknown")
    return principal.agency_id


def _shape_faults(shape: Shape, value: object, at: str) -> list[Fault]:
    found = Faults()
    shape.check(value, at, found)
    return [Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in found.found]


def _header_faults(order: ProjectOrder) -> Iterable[Fault]:
    header = {"project": order.project, "section": order.section, "owner": order.owner}
    for one in _shape_faults(_HEADER_SHAPE, header, ""):
        yield replace(one, code="project.owner") if one.pointer == "/owner" else one
    if isinstance(order.owner, str) and order.owner and not order.owner.strip():
        yield Fault(code="project.owner", pointer="/owner")


def bidder_faults(bidders: object, before: Sequence[Mapping[str, Any]] = ()) -> list[Fault]:
    """Everything wrong with a list of bidders that takes the place of `before`."""
    shape = _shape_faults(BIDDERS_SHAPE, bidders, "/bidders")
    listed = {"bidders": bidders}
    rest = [*_org_faults(listed), *_double_faults(listed)]
    kept = {one.get("id") for one in _objects(bidders) if isinstance(one.get("id"), str)}
    if not shape and {one["id"] for one in before} - kept:
        rest.append(Fault(code="bidders.left-out", pointer="/bidders"))
    return together(shape, rest)


def _org_faults(document: Mapping[str, object]) -> Iterable[Fault]:
    for pointer, org in _organisations(document):
        kind = org_fault(org) if isinstance(org, str) else None
        if kind is not None:
            yield _text_fault(f"org.{kind}", pointer)


def _organisations(document: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """(pointer, value) of every place for an organisation, whatever stands there."""
    yield "/tenderee", document.get("tenderee")
    for i, org in enumerate(_listed(document.get("authorities"))):
        yield f"/authorities/{i}", org
    for i, bidder in enumerate(_objects(document.get("bidders"))):
        for n, org in enumerate(_listed(bidder.get("orgs"))):
            yield f"/bidders/{i}/orgs/{n}", org
    for i, group in enumerate(_listed(document.get("groups"))):
        for n, org in enumerate(_listed(group)):
            yield f"/groups/{i}/{n}", org
    for i, unit in enumerate(_objects(document.get("avoid_units"))):
        yield f"/avoid_units/{i}/org", unit.get("org")


def _double_faults(document: Mapping[str, object]) -> Iterable[Fault]:
    seen: set[str] = set()
    for index, bidder in enumerate(_objects(document.get("bidders"))):
        name = bidder.get("id")
        if isinstance(name, str) and name in seen:
            yield _text_fault("bidder.duplicate", f"/bidders/{index}/id")
        if bidder.get("orgs") == []:
            yield _text_fault("bidder.empty", f"/bidders/{index}/orgs")
        if isinstance(name, str):
            seen.add(name)
    span = _object(document.get("evaluation"))
    since, until = span.get("from"), span.get("to")
    timed = isinstance(since, str) and isinstance(until, str) and is_time(since) and is_time(until)
    if timed and str(until) < str(since):
        yield _text_fault("evaluation.order", "/evaluation/to")


def _text_fault(code: str, pointer: str) -> Fault:
    text = TEXTS[code]
    return Fault(code=code, pointer=pointer, zh=text.zh, en=text.en, basis=text.basis)


def _pack_faults(pack: object, packs: RulePacks) -> Iterable[Fault]:
    if _shape_faults(_PACK_SHAPE, pack, ""):
        return
    named = _object(pack)
    try:
        packs.resolve(named["base"], named["overlays"])
    except NotFoundError:
        yield Fault(code="pack.unknown", pointer="/pack")
    except RulesError:
        yield Fault(code="pack.clash", pointer="/pack")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _objects(value: object) -> list[Mapping[str, Any]]:
    """One object for every row of a list, empty where the row is none, so that indices stay."""
    return [_object(one) for one in _listed(value)]
