"""Vacating a seat on a supervisor's word: a conflict found after the draw, a recusal, the venue.

Only for grounds that the log can show or that the supervisor answers for in a note; the operator cannot
vacate anything. When the list of bidders changed after the draw, everybody who sits is judged anew by the
same rules, and whoever is in conflict now is replaced; so is whoever sits in another evaluation at the hours
to which a start was put off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, NotFoundError
from app.store.repositories.invitations import Invitation
from app.store.repositories.projects import Project
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites
from app.usecases.delivery.work import WorkContext
from app.usecases.draw_requests import find_draw
from app.usecases.frozen_draws import FrozenDraw, load_frozen
from app.usecases.invitations import affected, elsewhere, standing, vacancies
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.standing import Standing
from app.usecases.invites import Holder
from app.usecases.operations import note
from app.usecases.platform import Platform
from app.usecases.projects import agency_of, case_of
from app.usecases.rounds import parameters_of
from draw import invitation
from draw.avoidance.engine import Engine
from draw.model import TEXT
from draw.schema import Faults

# Words for an operator and a supervisor; they name nobody.
REVIEW: Final = "情况有变，请复核回避 something has changed: check for conflicts"
CAUSES: Final = ("conflict", "recusal", "venue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacating:
    """A seat to be vacated, numbered from 0, and the supervisor's note (1–200 characters)."""

    seat: int = field(repr=False)
    cause: str
    note: str = field(repr=False)


async def vacate(uow: UnitOfWork, now: str, draw_id: str, wanted: Vacating, *, by: By) -> None:
    """Have a seat pass on. Asked again while that is under way: no change.

    Raises InputRefusedError ``campaign.refused`` without a note, ConflictError ``campaign.state``,
    ``campaign.seat``, ``campaign.no-ground`` where the log shows none for this cause.
    """
    await find_draw(uow, by.principal, draw_id)
    _require_note(wanted.note)
    found = await standing.load(uow, draw_id)
    one = _seated(found, wanted.seat)
    if one.pending == wanted.cause:
        return
    if one.pending is not None:
        raise ConflictError("campaign.seat")
    await _require_ground(uow, found, one, wanted.cause)
    await note(uow, by.actor, f"campaign.vacate.{wanted.cause}", draw_id, now=now)
    await _vacated(uow, one, wanted.cause, wanted.note, now=now)


async def recheck(context: WorkContext, draw_id: str, words: str, *, by: By) -> int:
    """Judge everybody who sits anew, by the project's bidders as they are now and by who sits in another
    evaluation at the hours that hold now (K14); how many seats pass on.

    Raises InputRefusedError ``campaign.refused`` without a note, ConflictError ``campaign.state``.
    """
    platform = context.platform
    _require_note(words)
    async with platform.database.read() as uow:
        row = await find_draw(uow, by.principal, draw_id)
        engine = await _engine(uow, platform, draw_id)
    held = [one for one in await invites.holders(platform, row) if one is not None]
    busy = {one.seat for one in await elsewhere.clashing(platform, row)}
    clashing = [one for one in held if one.seat in busy or _clashes(engine, one)]

    async def work(uow: UnitOfWork) -> int:
        now = platform.now()
        found = await standing.load(uow, draw_id)
        await note(uow, by.actor, "campaign.recheck", draw_id, now=now)
        chosen = list(_still(found, clashing))
        for one in chosen:
            await _vacated(uow, one, "conflict", words, now=now)
        return len(chosen)

    return await platform.database.transact(work)


async def bidders_changed(uow: UnitOfWork, project: Project, *, now: str) -> None:
    """Tell supervisor and operator of every running campaign of a section that its bidders have changed: it
    is the supervisor's to have whoever sits judged anew."""
    for row in await uow.draws.of_section(project.id, project.section):
        campaign = await uow.campaigns.of_draw(row.id)
        if campaign is not None and campaign.state in invitation.RUNNING:
            change = f"bidders/{campaign.id}/{project.version}"
            await affected.alert(uow, campaign, change=change, what=REVIEW, now=now)


def _still(found: Standing, clashing: Iterable[Holder]) -> Iterable[Invitation]:
    """The newest invitations of those holders who still hold their seats and are not leaving them."""
    for holder in clashing:
        one = _seated(found, holder.seat)
        if one.invited.tenure == holder.tenure and one.pending is None:
            yield one


async def _engine(uow: UnitOfWork, platform: Platform, draw_id: str) -> Engine:
    row = await uow.draws.get(draw_id)
    project = None if row is None else await uow.projects.get(row.project_id, row.section)
    if row is None or project is None:
        raise NotFoundError("draw.unknown")
    if row.appointed:
        case = case_of(project, await agency_of(uow, project))
        return Engine(case, (await standing.pack_of(uow, platform, row)).rules, parameters_of(row))
    frozen: FrozenDraw | None = await load_frozen(uow, row)
    if frozen is None:
        raise NotFoundError("draw.unknown")
    # What the project says may have changed; hours that have moved since the seal are `elsewhere`'s.
    engagements: Any = frozen.case.to_json()
    case = case_of(project, await agency_of(uow, project), engagements["engagements"])
    return Engine(case, frozen.rules, frozen.parameters)


def _clashes(engine: Engine, holder: Holder) -> bool:
    return any(reason.startswith("K") for reason in engine.reasons(holder.record))


def _seated(found: Standing, seat: int) -> Invitation:
    """The newest invitation of whoever sits there. Raises ConflictError."""
    if found.campaign.state not in invitation.RUNNING:
        raise ConflictError("campaign.state", state=found.campaign.state)
    one = found.newest.get(seat)
    if one is None or one.state == invitation.REPLACED:
        raise ConflictError("campaign.seat")
    return one


async def _require_ground(uow: UnitOfWork, found: Standing, one: Invitation, cause: str) -> None:
    """What check 25 will ask of the log, asked before anything is put down."""
    if cause == "conflict":
        return
    own = [one] if cause == "recusal" else found.of_holder(one)
    agreed = False
    for other in own:
        answers = await uow.invitations.answers(other.id)
        last = answers[-1:] if cause == "recusal" else answers
        agreed = agreed or any(a.answer == "accept" and a.at <= other.reply_by for a in last)
    if cause not in CAUSES or not agreed:
        raise ConflictError("campaign.no-ground", cause=cause)


async def _vacated(uow: UnitOfWork, one: Invitation, cause: str, words: str, *, now: str) -> None:
    recused = cause == "recusal" and invitation.RECUSED in invitation.INVITATION[one.state]
    state = invitation.RECUSED if recused else one.state
    await vacancies.vacate(uow, one, state=state, cause=cause, reason=words, now=now)


def _require_note(words: str) -> None:
    found = Faults()
    TEXT.check(words, "/note", found)
    if found.found or not words.strip():
        raise InputRefusedError("campaign.refused", [Fault(code="campaign.text", pointer="/note")])
