"""Hand a section over to another responsible person 服务责任人, with the reason on record (R74).

The present one stands in the section; every hand-over is kept beside it, with who made it. A draw under way
goes on: its pages name whoever is responsible now, and nothing that was logged or signed changes.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.projects import HandOver, Project
from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import Actor, note
from app.usecases.principals import Principal
from app.usecases.projects import find

MAX_TEXT_CHARS: Final = 200


async def hand_over(
    uow: UnitOfWork,
    principal: Principal,
    order: HandOver,
    *,
    expected: int | None,
    actor: Actor,
) -> Project:
    """Make `order.owner` responsible for a section at version `expected` (None: whatever it is).

    Of `order` the version and the former owner are found here. Raises InputRefusedError with every fault,
    NotFoundError, and WriteConflictError or ConflictError ``project.version-moved``.
    """
    project = await find(uow, principal, order.project_id, order.section)
    if expected is not None and project.version != expected:
        raise ConflictError("project.version-moved")
    faults = [*owner_faults(order.owner, order.reason), *_same(project, order)]
    if faults:
        raise InputRefusedError("project.refused", faults)
    changed = replace(project, owner=order.owner, version=project.version + 1, updated_at=order.at)
    await uow.projects.replace(changed, expected=project.version)
    await uow.projects.add_hand_over(replace(order, version=changed.version, former=project.owner))
    await note(uow, actor, "project.owner", f"{project.id}/{project.section}", now=order.at)
    return changed


def owner_faults(owner: object, reason: object) -> list[Fault]:
    """What is wrong with the two texts of a hand-over that are texts."""
    faults: list[Fault] = []
    for name, value in (("owner", owner), ("reason", reason)):
        if isinstance(value, str) and not 0 < len(value.strip()) <= len(value) <= MAX_TEXT_CHARS:
            faults.append(Fault(code=f"project.{name}", pointer=f"/{name}"))
    return faults


def _same(project: Project, order: HandOver) -> Iterable[Fault]:
    if order.owner == project.owner:
        yield Fault(code="project.owner-same", pointer="/owner")
