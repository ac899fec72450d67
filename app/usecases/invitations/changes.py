"""Moving and calling off: what everybody had agreed to no longer holds.

A move asks everybody anew, by new letters to the same holders; the old letters are superseded and their
answers count no longer. The venues of the plan are booked anew in the same transaction: either everything
moved or nothing. A committee of several rounds moves as one, as its seats are booked as one. Whoever sits
in another evaluation at the new hours (K14) is counted for the operator, who then says whether it is to be so
anyway. Everybody affected, centres that are left too, is told of each change exactly once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.errors import ConflictError, Fault, InputRefusedError
from app.store.repositories.campaigns import CampaignRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases import invites
from app.usecases.delivery.work import WorkContext
from app.usecases.draw_requests import find_draw
from app.usecases.invitations import affected, asking, elsewhere, plans, standing
from app.usecases.invitations.affected import Occasion
from app.usecases.invitations.asking import Asking
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.standing import Standing
from app.usecases.invites import Holder
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.rounds import booking_of, rounds_of
from app.usecases.venues.moves import rebook
from app.usecases.venues.orders import Act, withdraw
from draw import invitation
from draw.model import TEXT, DrawParameters
from draw.schema import Faults, is_time

_ASKED = invitation.OPEN | {invitation.ACCEPTED, invitation.ARRIVED, invitation.LATE, invitation.SEATED}
# What else a move means for those who are there already; in the same transaction, before they are asked anew.
Dismiss = Callable[[UnitOfWork, Sequence[str], str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Another begin, other places or both (`sites` None: the same), and why, in words for everybody; `bound`:
    also where somebody sits in another evaluation then, whom a supervisor is to have judged anew."""

    begins: str
    reason: str
    sites: Sequence[Mapping[str, str]] | None = field(default=None)
    bound: bool = False


async def move(
    context: WorkContext, draw_id: str, wanted: Move, *, by: By, dismiss: Dismiss | None = None
) -> CampaignRow:
    """Move a running campaign and ask everybody anew, whoever is there already too.

    Raises InputRefusedError ``campaign.refused``, ConflictError ``campaign.state`` (not running, or a seat is
    passing on just now), ``campaign.begun`` once names are open, ``campaign.unmoved``, as `dismiss`, and as
    `app.usecases.venues.moves.rebook`: then nothing has moved.
    """
    platform = context.platform
    async with platform.database.read() as uow:
        await find_draw(uow, by.principal, draw_id)
        known = await _rounds(uow, draw_id)
    held = {one.row.id: await invites.holders(platform, one.row) for one in known}
    # Rosters are recomputed, which takes a while: not within the change.
    bound = {one.row.id: await _bound(platform, one, wanted) for one in known}

    async def work(uow: UnitOfWork) -> CampaignRow:
        now = platform.now()
        rounds = await _rounds(uow, draw_id)
        if {one.row.id for one in rounds} != held.keys():
            raise ConflictError("campaign.state", state=rounds[0].campaign.state)
        moved = await _all_moved(uow, rounds, wanted, now=now)
        _require_free(wanted, sum(bound.values()))
        act = Act(actor=by.actor, at=platform.clock(), reason=wanted.reason)
        await _rebook(uow, moved, act=act)
        if dismiss is not None:
            await dismiss(uow, [one.row.id for one, _ in moved], now)
        for found, campaign in moved:
            await note(uow, by.actor, "campaign.move", found.row.id, now=now)
            terms = await standing.terms_of(uow, platform, found.row)
            wanted_of = Asking(
                context=context, campaign=campaign, row=found.row, terms=terms, now=now, change=wanted.reason
            )
            await _ask_anew(uow, wanted_of, found, held[found.row.id])
            await _tell(uow, found.campaign, campaign, wanted.reason, now=now)
            if bound[found.row.id]:
                change = f"bound-move/{campaign.id}/{campaign.moves}"
                await affected.alert(uow, campaign, change=change, what=elsewhere.REVIEW, now=now)
        return await standing.follow(uow, draw_id, now=now)

    moved = await platform.database.transact(work)
    async with platform.database.read() as uow:
        size = (await uow.log.head()).size
    await platform.publisher.covering(size, now=platform.clock)
    return moved


async def cancel(uow: UnitOfWork, platform: Platform, draw_id: str, reason: str, *, by: By) -> CampaignRow:
    """Call a campaign off: seats given back, everybody told. Called off again: no change.

    Raises InputRefusedError ``campaign.refused``, ConflictError ``campaign.state``.
    """
    await find_draw(uow, by.principal, draw_id)
    _require_words(reason, "/reason")
    return await call_off(uow, platform, draw_id, reason, actor=by.actor)


async def call_off(
    uow: UnitOfWork, platform: Platform, draw_id: str, reason: str, *, actor: Actor
) -> CampaignRow:
    """The same, on behalf of whoever may: also when the draw itself was given up."""
    now = platform.now()
    found = await standing.load(uow, draw_id)
    campaign = found.campaign
    if campaign.state == invitation.CANCELLED:
        return campaign
    if invitation.CANCELLED not in invitation.CAMPAIGN[campaign.state]:
        raise ConflictError("campaign.state", state=campaign.state)
    await uow.campaigns.advance(
        campaign.id, expected=campaign.state_version, state=invitation.CANCELLED, updated_at=now
    )
    await note(uow, actor, "campaign.cancel", draw_id, now=now)
    await _give_back(uow, draw_id, Act(actor=actor, at=platform.clock(), reason=reason))
    for one in found.invitations:
        await asking.stop(uow, one)
    occasion = Occasion(
        id=f"cancel/{campaign.id}",
        experts="cancelled",
        staff="staff-cancelled",
        what=reason,
        until=max(plans.ends(campaign.plan), now),
        urgent=affected.is_pressing(campaign.begins, now),
    )
    told = [one for one in found.newest.values() if one.pending is None]
    await affected.tell(uow, occasion, campaign, told if campaign.approved_by else (), now=now)
    return await uow.campaigns.get(campaign.id) or campaign


async def _rounds(uow: UnitOfWork, draw_id: str) -> list[Standing]:
    """The campaign, and the running ones of the other rounds of its committee."""
    own = await standing.load(uow, draw_id)
    beside = [one for one in await rounds_of(uow, draw_id) if one.id != draw_id]
    others = await standing.load_all(uow, beside)
    return [own, *(one for one in others if one.campaign.state in invitation.RUNNING)]


async def _all_moved(
    uow: UnitOfWork, rounds: Sequence[Standing], wanted: Move, *, now: str
) -> list[tuple[Standing, CampaignRow]]:
    """Each round with its campaign as it is after the move; a round that stays as it is, is left out."""
    for one in rounds:
        _require_movable(one)
    own, others = rounds[0], rounds[1:]
    moved = [(own, await _moved(uow, own, wanted, now=now))]
    for one in others:
        same = _same_move(one, wanted)
        if _changed(one, same) != one.campaign.plan:
            moved.append((one, await _moved(uow, one, same, now=now)))
    return moved


def _same_move(found: Standing, wanted: Move) -> Move:
    """The move as another round's plan takes it: each place that it knows goes where the move says."""
    if wanted.sites is None:
        return wanted
    known = {one["site"]: one for one in wanted.sites}
    return replace(wanted, sites=[known.get(one["site"], one) for one in found.campaign.plan["sites"]])


def _changed(found: Standing, wanted: Move) -> dict[str, Any]:
    plan = {**found.campaign.plan, "begins": wanted.begins}
    return plan if wanted.sites is None else {**plan, "sites": [dict(one) for one in wanted.sites]}


async def _bound(platform: Platform, found: Standing, wanted: Move) -> int:
    """How many who sit do so in another evaluation at hours that are new (K14)."""
    if wanted.begins == found.campaign.begins or not is_time(wanted.begins):
        return 0
    until = plans.ends({**found.campaign.plan, "begins": wanted.begins})
    return len(await elsewhere.clashing(platform, found.row, since=wanted.begins, until=until))


def _require_free(wanted: Move, bound: int) -> None:
    if bound and not wanted.bound:
        fault = Fault(code="campaign.put-off-bound", pointer="/begins", figures={"count": bound})
        raise InputRefusedError("campaign.refused", [fault])


def _require_movable(found: Standing) -> None:
    if found.campaign.state not in invitation.RUNNING or found.pending:
        raise ConflictError("campaign.state", state=found.campaign.state)
    if found.campaign.state == invitation.OPENED:
        raise ConflictError("campaign.begun")


async def _moved(uow: UnitOfWork, found: Standing, wanted: Move, *, now: str) -> CampaignRow:
    campaign, row = found.campaign, found.row
    plan = await _new_plan(uow, found, wanted, now=now)
    if plan == campaign.plan:
        raise ConflictError("campaign.unmoved")
    await uow.campaigns.advance(
        campaign.id,
        expected=campaign.state_version,
        plan=plan,
        begins=plan["begins"],
        moves=campaign.moves + 1,
        updated_at=now,
    )
    # Other draws look here for whom these hours bind (K14).
    await uow.draws.advance(
        row.id,
        expected=row.state_version,
        evaluation_from=plan["begins"],
        evaluation_to=plans.ends(plan),
        updated_at=now,
    )
    return await uow.campaigns.get(campaign.id) or campaign


async def _new_plan(uow: UnitOfWork, found: Standing, wanted: Move, *, now: str) -> dict[str, Any]:
    _require_words(wanted.reason, "/reason")
    plan = _changed(found, wanted)
    project = await uow.projects.get(found.row.project_id, found.row.section)
    if project is None:
        raise ConflictError("campaign.state", state=found.campaign.state)
    parameters = DrawParameters.from_json(found.row.request["parameters"])
    known = await uow.venues.sites(mode=found.row.mode) if wanted.sites is not None else None
    plans.require_plan(plan, project, parameters, now=now, known=known)
    plans.require_sayable(plan, now=now)
    return plan


async def _ask_anew(uow: UnitOfWork, wanted: Asking, found: Standing, held: Sequence[Holder | None]) -> None:
    for seat, one in sorted(found.newest.items()):
        holder = held[seat]
        if one.state not in _ASKED or holder is None:
            continue
        await asking.stop(uow, one)
        step = invitation.advance(invitation.INVITATION, one.state, invitation.SUPERSEDED, now=wanted.now)
        await uow.invitations.advance(one, state=step.target, updated_at=wanted.now)
        await asking.ask(uow, wanted, holder)


async def _rebook(uow: UnitOfWork, moved: Sequence[tuple[Standing, CampaignRow]], *, act: Act) -> None:
    """The booking goes with the round that was named; other rounds may know of further places."""
    found, now = moved[0]
    shift = from_text(now.begins) - from_text(found.campaign.begins)
    venues = {place: venue for _, one in reversed(moved) for place, venue in plans.venues(one.plan).items()}
    await rebook(uow, found.row.id, shift=shift, venues=venues, act=act)


async def _tell(
    uow: UnitOfWork, before: CampaignRow, campaign: CampaignRow, reason: str, *, now: str
) -> None:
    """Everybody of the plan as it is now hears of the change; a centre that was left, that nobody comes."""
    change = f"move/{campaign.id}/{campaign.moves}"
    ends = max(plans.ends(before.plan), plans.ends(campaign.plan))
    moved = Occasion(id=change, experts=None, staff="staff-change", what=reason, until=ends)
    await affected.tell(uow, moved, campaign, (), now=now)
    left = Occasion(id=change, experts=None, staff="staff-cancelled", what=reason, until=ends)
    await affected.tell_left(uow, left, before, plans.venues(campaign.plan).values(), now=now)


async def _give_back(uow: UnitOfWork, draw_id: str, act: Act) -> None:
    """The committee's seats, once no round of it needs them any more."""
    booking = await booking_of(uow, draw_id)
    others = [one for one in await rounds_of(uow, draw_id) if one.id != draw_id]
    kept = any(one.campaign.state in invitation.RUNNING for one in await standing.load_all(uow, others))
    if booking is not None and booking.state != "cancelled" and not kept:
        await withdraw(uow, booking, act=act)


def _require_words(value: str, pointer: str) -> None:
    found = Faults()
    TEXT.check(value, pointer, found)
    if found.found or not value.strip():
        raise InputRefusedError("campaign.refused", [Fault(code="campaign.text", pointer=pointer)])
