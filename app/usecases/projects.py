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
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases.principals import Principal, require_own
from crypto.canonical import JsonValue
from draw.avoidance.parameters import CIRCUMSTANCES
from draw.avoidance.texts import TEXTS
from draw.errors import RulesError
from draw.identifiers import org_fault
from draw.model import CASE_SHAPE, ID, ORG, TEXT, Case
from draw.schema import Boolean, Faults, Integer, ListOf, Nullable, ObjectOf, Shape, one_of

MAX_NAMES: Final = 2_000
MAX_OVERLAYS: Final = 15
_MAX_BUDGET: Final = 10**15
_CASE: Final = ("tenderee", "authorities", "bidders", "groups", "avoid_units", "prepared_by", "evaluation")
BIDDERS_SHAPE: Final[Shape] = CASE_SHAPE.members["bidders"]
DOCUMENT_SHAPE: Final = ObjectOf(
    {
        "title": TEXT,
        **{name: CASE_SHAPE.members[name] for name in _CASE},
        "names": ListOf(ObjectOf({"org": ORG, "name": TEXT}), MAX_NAMES),
        "pack": ObjectOf({"base": ID, "overlays": ListOf(ID, MAX_OVERLAYS, unique=True)}),
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
    faults = [*_header_faults(order), *document_faults(order.document, packs)]
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
    because it would lift avoidance (domain §2.3). Raises InputRefusedError, WriteConflictError
    ``project.version-moved``, and ConflictError ``project.draw-sealed`` once a draw of the section is sealed.
    """
    project = await find(uow, principal, project_id, section)
    if expected is not None and project.version != expected:
        raise ConflictError("project.version-moved")
    faults = list(_bidder_faults(bidders, project.document["bidders"]))
    if faults:
        raise InputRefusedError("project.refused", faults)
    for draw in await uow.draws.of_section(project_id, section):
        if draw.live and draw.sdr is not None:
            raise ConflictError("project.draw-sealed", draw=draw.id)
    document = {**project.document, "bidders": bidders}
    changed = replace(project, document=document, version=project.version + 1, updated_at=now)
    await uow.projects.replace(changed, expected=project.version)
    return changed


def document_faults(document: object, packs: RulePacks) -> list[Fault]:
    """Everything wrong with a document: its shape, check characters, doubles, and a rule pack that is not
    there.
    """
    found = Faults()
    DOCUMENT_SHAPE.check(document, "", found)
    if found.found or not isinstance(document, dict):
        return [Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in found.found]
    return [
        *_org_faults(document),
        *_double_faults(document),
        *_pack_faults(document["pack"], packs),
    ]


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


def _agency_id(principal: Principal) -> str:
    if principal.agency_id is None:
        raise NotFoundError("agency.unknown")
    return principal.agency_id


def _header_faults(order: ProjectOrder) -> Iterable[Fault]:
    found = Faults()
    _HEADER_SHAPE.check({"project": order.project, "section": order.section, "owner": order.owner}, "", found)
    for one in found.found:
        missing = one.pointer == "/owner"
        yield Fault(code="project.owner" if missing else f"schema.{one.code}", pointer=one.pointer)
    if isinstance(order.owner, str) and order.owner and not order.owner.strip():
        yield Fault(code="project.owner", pointer="/owner")


def _bidder_faults(bidders: object, before: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    found = Faults()
    BIDDERS_SHAPE.check(bidders, "/bidders", found)
    if found.found or not isinstance(bidders, list):
        yield from (Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in found.found)
        return
    yield from _org_faults({"bidders": bidders})
    yield from _double_faults({"bidders": bidders})
    if {one["id"] for one in before} - {one["id"] for one in bidders}:
        yield Fault(code="bidders.left-out", pointer="/bidders")


def _org_faults(document: Mapping[str, Any]) -> Iterable[Fault]:
    for pointer, org in _organisations(document):
        kind = org_fault(org)
        if kind is not None:
            text = TEXTS[f"org.{kind}"]
            yield Fault(code=f"org.{kind}", pointer=pointer, zh=text.zh, en=text.en, basis=text.basis)


def _organisations(document: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if "tenderee" in document:
        yield "/tenderee", document["tenderee"]
    for i, org in enumerate(document.get("authorities", ())):
        yield f"/authorities/{i}", org
    for i, bidder in enumerate(document["bidders"]):
        for n, org in enumerate(bidder["orgs"]):
            yield f"/bidders/{i}/orgs/{n}", org
    for i, group in enumerate(document.get("groups", ())):
        for n, org in enumerate(group):
            yield f"/groups/{i}/{n}", org
    for i, unit in enumerate(document.get("avoid_units", ())):
        yield f"/avoid_units/{i}/org", unit["org"]


def _double_faults(document: Mapping[str, Any]) -> Iterable[Fault]:
    seen: set[str] = set()
    for index, bidder in enumerate(document["bidders"]):
        if bidder["id"] in seen:
            yield _text_fault("bidder.duplicate", f"/bidders/{index}/id")
        if not bidder["orgs"]:
            yield _text_fault("bidder.empty", f"/bidders/{index}/orgs")
        seen.add(bidder["id"])
    span = document.get("evaluation")
    if span is not None and span["to"] < span["from"]:
        yield _text_fault("evaluation.order", "/evaluation/to")


def _text_fault(code: str, pointer: str) -> Fault:
    text = TEXTS[code]
    return Fault(code=code, pointer=pointer, zh=text.zh, en=text.en, basis=text.basis)


def _pack_faults(pack: Mapping[str, Any], packs: RulePacks) -> Iterable[Fault]:
    try:
        packs.resolve(pack["base"], pack["overlays"])
    except NotFoundError:
        yield Fault(code="pack.unknown", pointer="/pack")
    except RulesError:
        yield Fault(code="pack.clash", pointer="/pack")
