"""Starting a campaign by two persons: an operator proposes, a supervisor approves, and every seat is asked at
once.

All initial invitations leave in parallel, in one transaction: whoever answers first gains nothing by it. Only
draws whose sealed record says that invitations are logged are invited here. What follows an answer is
`replies` and `vacancies`; moving and calling off is `changes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import ConflictError, Fault, InputRefusedError, WriteConflictError
from app.store.repositories.campaigns import CampaignRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites
from app.usecases.delivery.work import WorkContext
from app.usecases.draw_requests import find_draw, take_duty
from app.usecases.invitations import asking, plans, standing
from app.usecases.invitations.asking import Asking
from app.usecases.invitations.booked import require_booked, require_waivable
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.principals import Principal
from app.usecases.rounds import invites_here
from draw import invitation, lifecycle
from draw.errors import RulesError
from draw.model import TEXT, DrawParameters
from draw.schema import Faults

ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A campaign as proposed: who answers for the service (服务责任人), and the plan, not yet checked."""

    owner: object
    plan: object = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts: the principal that the rights are held against, and the line in the operation log."""

    principal: Principal
    actor: Actor


async def propose(uow: UnitOfWork, platform: Platform, draw_id: str, order: Order, *, by: By) -> CampaignRow:
    """Propose a campaign, or another one while the first is not approved.

    Raises InputRefusedError ``campaign.refused`` with every fault, ConflictError ``campaign.not-drawn``,
    ``campaign.elsewhere``, ``campaign.no-contacts``, ``campaign.started``, ``draw.duties-clash``.
    """
    now = platform.now()
    row = await find_draw(uow, by.principal, draw_id)
    _require_drawn(row)
    plan = await _checked(uow, platform, row, order, now=now)
    await require_waivable(uow, draw_id, plan)
    if not await uow.contacts.count(str(row.request["pool"]["id"])):
        raise ConflictError("campaign.no-contacts")
    await take_duty(uow, row, by.principal, "campaign.propose", now=now)
    await _note(uow, by, "campaign.propose", plan, row.id, now=now)
    known = await uow.campaigns.of_draw(row.id)
    if known is None:
        return await _add(uow, platform, row, str(order.owner), plan, by=by, now=now)
    if known.state != invitation.PROPOSED:
        raise ConflictError("campaign.started")
    await uow.campaigns.advance(
        known.id,
        expected=known.state_version,
        plan=plan,
        owner=str(order.owner),
        begins=plan["begins"],
        proposed_by=by.principal.person,
        updated_at=now,
    )
    return await uow.campaigns.of_draw(row.id) or known


async def approve(context: WorkContext, draw_id: str, *, by: By, seen: Order | None = None) -> CampaignRow:
    """Approve a campaign: every seat is asked at once. Approved again by the same person: no change.

    `seen` is the proposal that the approving person looked at; without it whatever is proposed now is
    approved. Raises ConflictError ``campaign.two-persons`` for whoever proposed it, ``campaign.started``,
    ``campaign.other-proposal``, ``campaign.not-drawn``, ``campaign.past``, InputRefusedError
    ``campaign.refused`` where seats are lacking (`booked`), NotFoundError ``campaign.unknown``;
    QuorumMissingError when the log cannot be published: then it stands and nothing is sent until it is.
    """
    platform = context.platform
    async with platform.database.read() as uow:
        row = await find_draw(uow, by.principal, draw_id)
        known = (await standing.load(uow, draw_id)).campaign
    if known.approved_by == by.principal.person and known.state != invitation.PROPOSED:
        return known
    _require_drawn(row)
    held = await invites.holders(platform, row)

    async def work(uow: UnitOfWork) -> CampaignRow:
        now = platform.now()
        found = await standing.load(uow, draw_id)
        _require_seen(found.campaign, seen)
        campaign = await _approved(uow, found.campaign, by=by, now=now)
        await require_booked(uow, found.row, campaign.plan, held)
        await take_duty(uow, found.row, by.principal, "campaign.approve", now=now)
        await _note(uow, by, "campaign.approve", campaign.plan, draw_id, now=now)
        terms = await standing.terms_of(uow, platform, found.row)
        wanted = Asking(context=context, campaign=campaign, row=found.row, terms=terms, now=now)
        for holder in held:
            if holder is not None:
                await asking.ask(uow, wanted, holder)
        return await standing.follow(uow, draw_id, now=now)

    started = await platform.database.transact(work)
    async with platform.database.read() as uow:
        size = (await uow.log.head()).size
    await platform.publisher.covering(size, now=platform.clock)
    return started


async def say_unreachable(
    uow: UnitOfWork, platform: Platform, draw_id: str, reason: str | None, *, by: By
) -> CampaignRow:
    """Put on record that the supervisor cannot be reached, or (None) can be again.

    Until then vacated seats pass on in the panel's own order, and every one of these events says so in the
    log. An event that waits for its answer already goes on waiting. Raises InputRefusedError
    ``campaign.refused``.
    """
    now = platform.now()
    await find_draw(uow, by.principal, draw_id)
    if reason is not None:
        _require_text(reason, "/reason")
    campaign = (await standing.load(uow, draw_id)).campaign
    await note(uow, by.actor, "campaign.own-order", draw_id, now=now)
    await uow.campaigns.advance(
        campaign.id, expected=campaign.state_version, own_order_reason=reason, updated_at=now
    )
    return await uow.campaigns.get(campaign.id) or campaign


async def _checked(
    uow: UnitOfWork, platform: Platform, row: DrawRow, order: Order, *, now: str
) -> dict[str, Any]:
    _require_text(order.owner, "/owner")
    project = await uow.projects.get(row.project_id, row.section)
    if project is None:
        raise ConflictError("campaign.not-drawn")
    parameters = DrawParameters.from_json(row.request["parameters"])
    plan = plans.require_plan(order.plan, project, parameters, now=now)
    plans.require_sayable(plan, now=now)
    # Whoever is bound elsewhere was left out for these hours, not for others (K14).
    if not (row.evaluation_from or "") <= plan["begins"] <= (row.evaluation_to or ""):
        raise InputRefusedError("campaign.refused", [Fault(code="campaign.hours", pointer="/plan/begins")])
    try:
        await standing.terms_of(uow, platform, row)
    except RulesError as error:
        raise ConflictError("campaign.pack-silent") from error
    return dict(plan)


async def _add(
    uow: UnitOfWork, platform: Platform, row: DrawRow, owner: str, plan: dict[str, Any], *, by: By, now: str
) -> CampaignRow:
    made = CampaignRow(
        id=f"cmp_{platform.random(ID_BYTES).hex()}",
        draw_id=row.id,
        mode=row.mode,
        agency_id=row.agency_id,
        plan=plan,
        owner=owner,
        begins=plan["begins"],
        state=invitation.PROPOSED,
        proposed_by=by.principal.person,
        created_at=now,
        updated_at=now,
    )
    await uow.campaigns.add(made)
    return made


async def _note(
    uow: UnitOfWork, by: By, action: str, plan: Mapping[str, Any], draw_id: str, *, now: str
) -> None:
    """The operation log has a line of its own from each person who lets people go where nothing is booked."""
    await note(uow, by.actor, action, draw_id, now=now)
    if plans.unbooked(plan) is not None:
        await note(uow, by.actor, f"{action}-unbooked", draw_id, now=now)


def _require_seen(campaign: CampaignRow, seen: Order | None) -> None:
    """What was proposed anew behind the second person's back is not what that person approves."""
    if campaign.state != invitation.PROPOSED or seen is None:
        return
    if (seen.owner, seen.plan) != (campaign.owner, campaign.plan):
        raise ConflictError("campaign.other-proposal")


async def _approved(uow: UnitOfWork, campaign: CampaignRow, *, by: By, now: str) -> CampaignRow:
    """The campaign, moved to `inviting`. One person never does both halves."""
    person = by.principal.person
    if campaign.state != invitation.PROPOSED:
        raise ConflictError("campaign.started")
    if campaign.proposed_by == person:
        raise ConflictError("campaign.two-persons")
    if campaign.begins <= now:
        raise ConflictError("campaign.past")
    invitation.advance(invitation.CAMPAIGN, campaign.state, invitation.INVITING, now=now)
    await uow.campaigns.advance(
        campaign.id,
        expected=campaign.state_version,
        state=invitation.INVITING,
        approved_by=person,
        updated_at=now,
    )
    moved = await uow.campaigns.get(campaign.id)
    if moved is None:
        raise WriteConflictError("campaign.state-moved")
    return moved


def _require_drawn(row: DrawRow) -> None:
    if row.state not in lifecycle.HOLDING:
        raise ConflictError("campaign.not-drawn")
    if not invites_here(row):
        raise ConflictError("campaign.elsewhere")


def _require_text(value: object, pointer: str) -> None:
    found = Faults()
    TEXT.check(value, pointer, found)
    blank = isinstance(value, str) and not value.strip()
    if found.found or blank:
        raise InputRefusedError("campaign.refused", [Fault(code="campaign.text", pointer=pointer)])
